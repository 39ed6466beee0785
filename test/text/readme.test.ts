/** The worked example of `src/text/README.md` is what the code does. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { documentOf } from '../../src/text/query/document.ts';
import { explain } from '../../src/text/query/explain.ts';
import { QuerySet } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { tokenize } from '../../src/text/tokenize.ts';

const readme = readFileSync(resolve(import.meta.dirname, '../../src/text/README.md'), 'utf8');

test('the worked example', () => {
  const source = /A brand asks `([^`]+)`/.exec(readme)?.[1] ?? '';
  const text = /^> (.+)$/m.exec(readme)?.[1] ?? '';
  const query = parseQuery(source).query!;
  const rows = [...readme.matchAll(/^\| (\d) +\| `(.+?)` +\| `(.+?)` +\| (?:`(.+?)`)? *\|$/gm)];
  expect(rows.map(([, position, written, token, other]) => [Number(position), written, token, other ?? ''])).toEqual(
    tokenize(text).map((token, i) => [i, text.slice(token.start, token.end), token.text, token.other]),
  );
  const set = new QuerySet();
  set.add('brand', query);
  expect(set.match(documentOf({ text }))).toEqual(['brand']);
  const places = [...readme.matchAll(/(\d+)–(\d+) \(`(.+?)`\)/g)];
  expect(places).toHaveLength(2);
  expect(
    explain(query, documentOf({ text })).places.map(({ start, end }) => [start, end, text.slice(start, end)]),
  ).toEqual(places.map(([, start, end, word]) => [Number(start), Number(end), word]));
  const missing = /it says: missing `([^`]+)`/.exec(readme)?.[1];
  expect(explain(query, documentOf({ text: 'L’appli d’Acme est lente' })).missing).toEqual([missing]);
});
