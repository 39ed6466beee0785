/** `vigie match` and `vigie score` as processes. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const program = `
  import { Command } from 'commander';
  import { run } from ${JSON.stringify(new URL('../../src/cli/io.ts', import.meta.url).href)};
  import { matchCommand } from ${JSON.stringify(new URL('../../src/cli/match.ts', import.meta.url).href)};
  import { scoreCommand } from ${JSON.stringify(new URL('../../src/cli/score.ts', import.meta.url).href)};
  const program = new Command('vigie').addCommand(matchCommand()).addCommand(scoreCommand());
  for (const command of [program, ...program.commands]) command.exitOverride();
  process.exitCode = await run(program, process.argv.slice(1));
`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function vigie(args: readonly string[], input: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: 'en_GB.UTF-8' };
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
      env,
      cwd: new URL('../..', import.meta.url),
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

async function withQueries<T>(queries: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-match-'));
  try {
    const file = join(folder, 'queries.tsv');
    await writeFile(file, queries);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lines = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

describe('vigie match', () => {
  it('answers in order, names what it refuses, and goes on', async () => {
    const posts = [
      '{"id":"1","text":"Acme en panne"}',
      'not json',
      '{"id":"2","text":"C’est une honte","lang":"fr"}',
      '{"text":"no id"}',
      '',
      '{"id":3,"op":"delete"}',
      '{"id":"4","text":"rien"}',
    ].join('\n');
    await withQueries('acme\tacme OR #acme\n\nangry\tsentiment:negative lang:fr\n', async (file) => {
      const { code, out, err } = await vigie(['match', '--queries', file], posts);
      expect(lines(out)).toEqual([
        { id: '1', queries: expect.arrayContaining(['acme']) },
        { id: '2', queries: ['angry'] },
        { id: 3, queries: [] },
        { id: '4', queries: [] },
      ]);
      expect(err).toMatch(/line 2: not JSON/);
      expect(err).toMatch(/line 4: id: missing/);
      expect(err).toMatch(/2 lines were refused/);
      expect(code).toBe(0);
    });
  });

  it('explains', async () => {
    await withQueries('acme\tacme panne\n', async (file) => {
      const { out } = await vigie(['match', '--explain', '--queries', file], '{"id":"1","text":"Acme"}');
      expect(lines(out)[0]).toMatchObject({
        id: '1',
        queries: [],
        explain: { acme: { matched: false, missing: ['panne'] } },
      });
    });
  });

  it('lists every problem of the queries with its place', async () => {
    await withQueries('a\tfoo OU bar\nb\t"open\nno tab\na\tok\n', async (file) => {
      const { code, out, err } = await vigie(['match', '--queries', file], '');
      expect(code).toBe(2);
      expect(out).toBe('');
      const places = err
        .trim()
        .split('\n')
        .map((line) => line.replace(file, 'f').split(' ')[0]);
      expect(places).toEqual(['f:1:7:', 'f:2:3:', 'f:3:1:']);
    });
    expect((await vigie(['match', '--queries', '/nowhere/at/all'], '')).code).toBe(2);
    expect((await vigie(['match'], '')).code).toBe(2);
  });
});

describe('vigie score', () => {
  it('reads texts, one a line', async () => {
    const { code, out } = await vigie(['score'], 'Quelle honte, je suis très déçue\n\nI love it, thank you so much\n');
    expect(lines(out)).toMatchObject([
      { lang: 'fr', sentiment: { label: 'negative' } },
      { lang: 'und', sentiment: { label: 'neutral' } },
      { lang: 'en', sentiment: { label: 'positive' } },
    ]);
    expect(code).toBe(0);
  });

  it('reads NDJSON', async () => {
    const { code, out, err } = await vigie(
      ['score'],
      '{"text":"super","lang":"fr"}\n{bad\n{"text":4}\n{"text":"Acme","lang":"de"}',
    );
    expect(lines(out)).toMatchObject([{ lang: 'fr', sentiment: { label: 'positive' } }, { lang: 'de' }]);
    expect(err).toMatch(/line 2: not JSON/);
    expect(err).toMatch(/line 3: text/);
    expect(code).toBe(0);
  });
});
