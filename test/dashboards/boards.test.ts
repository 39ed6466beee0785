import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readBoards } from '../../src/api/boards.ts';
import { parseQuery } from '../../src/text/query/parse.ts';

const BOARDS = resolve(import.meta.dirname, '../../dashboards/boards');

test('every board that comes with the program is valid, and its queries can be read', () => {
  const boards = readBoards(BOARDS);
  expect(boards.map(({ id }) => id)).toContain('overview');
  for (const { id, panels } of boards) {
    expect(new Set(panels.map((panel) => panel.id)).size, id).toBe(panels.length);
    for (const { query } of panels) if (query?.q !== undefined) expect(parseQuery(query.q).problems).toEqual([]);
  }
});

test('a board that is not one is refused by its file and its every problem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'boards-'));
  try {
    await writeFile(
      join(folder, 'wrong.yaml'),
      'id: wrong\ntitle: { fr: Faux }\npanels:\n  - { type: volume, id: v, span: 13, title: { fr: a, en: b }, colour: red }\n',
    );
    expect(() => readBoards(folder)).toThrow(/wrong\.yaml.*title\.en.*panels\.0\.span.*colour/s);
    await writeFile(
      join(folder, 'wrong.yaml'),
      'id: other\ntitle: { fr: a, en: b }\npanels: [{ type: volume, id: v, span: 1, title: { fr: a, en: b } }]\n',
    );
    expect(() => readBoards(folder)).toThrow(/its id is other/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('no folder, no boards', () => {
  expect(readBoards('/there/is/nothing/here')).toEqual([]);
});
