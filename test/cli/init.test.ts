/** `vigie init` writes what `vigie check` accepts, whatever is answered, and replaces nothing unasked. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { queryFor } from '../../src/cli/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseQuery } from '../../src/text/query/parse.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function vigie(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly said: string }> {
  const env = { ...process.env, LANG: 'fr_FR.UTF-8', LC_ALL: '' };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, said };
}

test('--yes takes every default, check passes on it, and nothing is replaced', { timeout: 30_000 }, async () => {
  expect((await vigie(['init', '--yes'])).code).toBe(0);
  const checked = await vigie(['check']);
  expect(checked.said).toMatch(/Tests des règles : \d+ réussis/);
  expect(checked.code).toBe(0);
  writeFileSync(join(folder, 'vigie.yaml'), 'mine\n');
  const again = await vigie(['init', '--yes']);
  expect(again.code).toBe(2);
  expect(again.said).toContain('vigie.yaml existe déjà');
  expect(readFileSync(join(folder, 'vigie.yaml'), 'utf8')).toBe('mine\n');
});

test('--yes keeps rules that are there and writes the rest', async () => {
  mkdirSync(join(folder, 'rules'));
  writeFileSync(join(folder, 'rules/mine.yaml'), 'rules: []\n');
  const { code, said } = await vigie(['init', '--yes']);
  expect(code, said).toBe(0);
  expect(said).toContain('rules est resté comme il était');
  expect(readdirSync(join(folder, 'rules'))).toEqual(['mine.yaml']);
  expect(existsSync(join(folder, 'vigie.yaml'))).toBe(true);
});

test('check without a configuration says so in the language of the terminal', async () => {
  const { code, said } = await vigie(['check']);
  expect(code).toBe(2);
  expect(said).toContain('Il n’y a pas de vigie.yaml ici');
});

test('writes what was answered, and asks again where it cannot read', { timeout: 30_000 }, async () => {
  const name = 'L’Oréal & Fils: "le #1"';
  const pages = ['en', name, '', 'fr zz9', 'fr de', 'maybe', 'no', 'https://example.org/rss', 'yes', 'nobody'];
  const { code, said } = await vigie(['init'], `${pages.join('\n')}\npr@example.org\n`);
  expect(said).toContain('"zz9" is not a language');
  expect(said).toContain('Answer yes or no');
  expect(said).toContain('"nobody" is not an e-mail address');
  expect(code).toBe(0);
  const config = await loadConfig({ file: join(folder, 'vigie.yaml') }, { env: {} });
  expect(config.brands[0]).toMatchObject({ name, languages: ['fr', 'de'] });
  expect(config.sources.map(({ type }) => type)).toEqual(['feed', 'webhook']);
  expect(statSync(join(folder, 'webhook.secret')).mode & 0o077).toBe(0);
  const secret = readFileSync(join(folder, 'webhook.secret'), 'utf8').trim();
  expect(secret.length).toBeGreaterThan(32);
  expect(readFileSync(join(folder, 'vigie.yaml'), 'utf8') + said).not.toContain(secret);
});

test('asks before it replaces, and writes nothing when the answers end', { timeout: 30_000 }, async () => {
  expect((await vigie(['init'], 'fr\nAcme\n')).code).toBe(2);
  expect((await vigie(['check'])).said).toContain('vigie init');
  writeFileSync(join(folder, 'vigie.yaml'), 'mine\n');
  const kept = await vigie(['init'], 'non\n');
  expect(kept.said).toContain('vigie.yaml est resté comme il était');
  expect(readFileSync(join(folder, 'vigie.yaml'), 'utf8')).toBe('mine\n');
});

test('a first query reads, whatever the name', () => {
  const names = [
    'Acme',
    'Ma Marque',
    'OR',
    'L’Oréal',
    'A & B (C) "D"',
    'C++',
    '東京',
    'Yves-Rocher',
    '3M',
    'AND NOT',
    'x*',
  ];
  for (const name of names) {
    expect({ name, problems: parseQuery(queryFor(name)).problems }).toEqual({ name, problems: [] });
  }
});
