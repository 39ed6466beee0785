/** The boards for Kibana: current, whole, and on fields that the index of mentions has and can count by. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kibanaObjects } from '../../dashboards/kibana/build.ts';
import { readBoards } from '../../src/api/boards.ts';
import { mentionIndex } from '../../src/store/elasticsearch-documents.ts';

const DASHBOARDS = join(import.meta.dirname, '../../dashboards');
const boards = readBoards(join(DASHBOARDS, 'boards'));
const text = await readFile(join(DASHBOARDS, 'kibana/vigie.ndjson'), 'utf8');

interface Line {
  readonly id: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly references: readonly { readonly name: string; readonly type: string; readonly id: string }[];
}
const lines = text
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const objects = lines.slice(0, -1);
const fields = mentionIndex.mappings.properties as Readonly<Record<string, { readonly type?: string } | undefined>>;

test('the file is what the boards make (node dashboards/kibana/build.ts)', () => {
  expect(text).toBe(kibanaObjects(boards));
});

test('every object is there once, every reference leads somewhere, and the summary counts them', () => {
  const ids = objects.map(({ type, id }) => `${type} ${id}`);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { references } of objects) for (const { type, id } of references) expect(ids).toContain(`${type} ${id}`);
  expect(lines.at(-1)).toEqual({ exportedCount: objects.length, missingRefCount: 0, missingReferences: [] });
});

test('each board is there in both languages, its panels side by side without overlap', () => {
  for (const { id } of boards) {
    for (const language of ['fr', 'en']) {
      const board = objects.find((object) => object.id === `vigie-${id}-${language}`);
      const panels = JSON.parse(board?.attributes['panelsJSON'] ?? '[]') as {
        panelRefName: string;
        panelIndex: string;
        gridData: { x: number; y: number; w: number; h: number };
      }[];
      expect(panels.length).toBeGreaterThan(2);
      const cells = new Set<string>();
      for (const { panelRefName, panelIndex, gridData } of panels) {
        expect(board?.references.map(({ name }) => name)).toContain(`${panelIndex}:${panelRefName}`);
        expect(gridData.x + gridData.w).toBeLessThanOrEqual(48);
        for (let x = gridData.x; x < gridData.x + gridData.w; x++)
          for (let y = gridData.y; y < gridData.y + gridData.h; y++) {
            expect(cells.has(`${x} ${y}`)).toBe(false);
            cells.add(`${x} ${y}`);
          }
      }
    }
  }
});

test('every field is one of the index, and those that are counted by can be', () => {
  const view = objects.find(({ type }) => type === 'index-pattern');
  expect(view?.attributes).toMatchObject({ title: 'vigie-mentions', timeFieldName: 'at' });
  expect(fields['at']?.type).toBe('date');
  let counted = 0;
  for (const { type, attributes } of objects) {
    if (type === 'visualization') {
      const { aggs } = JSON.parse(attributes['visState'] ?? '') as { aggs: { params: { field?: string } }[] };
      for (const { params } of aggs) {
        if (params.field === undefined) continue;
        expect(['keyword', 'date']).toContain(fields[params.field]?.type);
        counted++;
      }
    }
    if (type === 'search')
      for (const column of attributes['columns'] ?? []) expect(Object.keys(fields)).toContain(column);
    const source = (attributes['kibanaSavedObjectMeta'] as unknown as { searchSourceJSON?: string } | undefined)
      ?.searchSourceJSON;
    if (source === undefined) continue;
    const { query } = JSON.parse(source) as { query: { query: string } };
    for (const [, field] of query.query.matchAll(/(\w+) :/g)) expect(Object.keys(fields)).toContain(field);
  }
  expect(counted).toBeGreaterThan(5);
});
