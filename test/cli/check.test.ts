/** `vigie check` holds the brands' queries to the examples that stand beside them, and says why one fails. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function check(yaml: string): Promise<{ readonly code: number | null; readonly said: string }> {
  writeFileSync(join(folder, 'vigie.yaml'), yaml);
  const child = spawn(process.execPath, [MAIN, 'check'], { cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, said };
}

const brand = (query: string, must: string, mustNot: string): string => `language: en
brands:
  - id: acme
    name: Acme
    query: ${query}
    tests:
      must:
        - ${must}
      must_not:
        - ${mustNot}
`;

test('examples that hold', { timeout: 30_000 }, async () => {
  const { code, said } = await check(
    brand("'acme NOT football lang:en'", '{ text: Acme is down, lang: en }', '"Acme wins the football cup"'),
  );
  expect(said).toContain('Tests of queries: 2 passed');
  expect(code).toBe(0);
});

test('examples that fail say where they stand, what was missing and what was found', { timeout: 30_000 }, async () => {
  const { code, said } = await check(brand("'acme AND outage'", 'Acme is down', '"an outage at #acme"'));
  expect(said).toContain('vigie.yaml:8:11: the query of acme should match “Acme is down” (missing: outage)');
  expect(said).toContain(
    'vigie.yaml:10:11: the query of acme should not match “an outage at #acme” (it finds: outage, #acme)',
  );
  expect(said).toContain('Tests of queries: 2 of 2 failed');
  expect(code).toBe(1);
});

test('advice on a query is given and fails nothing', { timeout: 30_000 }, async () => {
  const { code, said } = await check('language: fr\nbrands:\n  - { id: orange, name: Orange, query: orange }\n');
  expect(said).toContain('Conseil pour la requête de orange : « orange » est aussi un mot de tous les jours');
  expect(code).toBe(0);
});

test('an example that is none is refused with its place', { timeout: 30_000 }, async () => {
  const { code, said } = await check(brand('acme', '{ txt: Acme }', 'x'));
  expect(said).toContain('vigie.yaml:8:');
  expect(code).toBe(2);
});
