/** The import directions of the tree: a folder imports only from folders to its left, those of one group never from one another. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');
const ORDER: readonly (readonly string[])[] = [
  ['model'],
  ['lib'],
  ['i18n'],
  ['text', 'demo'],
  ['sources', 'detectors', 'rules', 'notifiers', 'bus', 'store', 'desk'],
  ['pipeline', 'alerts'],
  ['config'],
  ['api'],
  ['app.ts'],
  ['cli'],
];
/** `rxjs` stays where streams are composed, so that a change of its major stays affordable. */
const RXJS = ['lib/rx', 'pipeline', 'alerts', 'bus', 'desk', 'api/live.ts', 'model/ports.ts', 'app.ts'];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
    ),
  ].map(([, a, b, c]) => (a ?? b ?? c) as string);
}

function areaOf(file: string): string {
  return file.split('/')[0] as string;
}

function levelOf(area: string): number {
  return ORDER.findIndex((group) => group.includes(area));
}

test('there are files to look at, and each is in a known folder', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => levelOf(areaOf(file)) < 0)).toEqual([]);
});

test('imports point one way', () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const wanted of importsOf(file)) {
      if (!wanted.startsWith('.')) continue;
      const target = relative(SRC, resolve(dirname(join(SRC, file)), wanted));
      if (target.startsWith('..')) continue;
      const [from, to] = [areaOf(file), areaOf(target)];
      if (from === to) continue;
      if (levelOf(to) >= levelOf(from)) wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('rxjs is imported only where streams are composed', () => {
  const wrong = files.filter(
    (file) => importsOf(file).includes('rxjs') && !RXJS.some((place) => file.startsWith(place)),
  );
  expect(wrong).toEqual([]);
});
