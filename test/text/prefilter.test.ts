/** The filter on raw bytes never loses what the matcher would find, however the JSON is written. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueryNode } from '../../src/text/query/ast.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { matches } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { createPrefilter } from '../../src/text/query/prefilter.ts';

function query(text: string): QueryNode {
  const { query: parsed, problems } = parseQuery(text);
  if (!parsed) throw new Error(JSON.stringify(problems));
  return parsed;
}

/** JSON as different servers write it. */
const writers: Readonly<Record<string, (value: unknown) => string>> = {
  plain: (value) => JSON.stringify(value),
  ascii: (value) => escaped(JSON.stringify(value), /[^\0-\x7f]/g),
  html: (value) => escaped(JSON.stringify(value), /[<>&\u2028\u2029]/g),
  everything: (value) =>
    JSON.stringify(value).replaceAll(/"((?:[^"\\]|\\.)*)"/g, (_all, inner: string) => `"${escapeAll(inner)}"`),
  slashes: (value) => JSON.stringify(value).replaceAll('/', '\\/'),
  spaced: (value) => JSON.stringify(value, undefined, 2),
  spacedInLine: (value) => JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, ' '),
};

function escaped(json: string, which: RegExp): string {
  return json.replaceAll(which, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function escapeAll(inner: string): string {
  return inner.replaceAll(/\\u[0-9a-f]{4}|\\.|[a-zA-Z]|[^\0-\x7f]/g, (piece) =>
    piece.startsWith('\\') ? piece : `\\u${piece.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
}

const pieces = [
  'Acme',
  'ACME',
  'ácmé',
  'a\u0301cme\u0301',
  'ａｃｍｅ',
  '𝐀𝐜𝐦𝐞',
  'ac\u00adme',
  'ac\u200bme',
  'a’cme',
  "l'Oréal",
  'L’ORÉAL',
  '#loreal',
  '@acme.bsky.social',
  'Acme’s',
  "d'@acme",
  'cœur',
  'CŒUR',
  'Straße',
  'STRASSE',
  'ﬁn',
  'FIN',
  '東京',
  'ﾄｳｷｮｳ',
  'トウキョウ',
  'が',
  'か\u3099',
  '한국',
  'НЕСТЛЕ',
  'нестле',
  'Σίσυφος',
  'ΣΊΣΥΦΟΣ',
  'İstanbul',
  'ıstanbul',
  '👍🏽',
  '👩‍💻',
  '❤️',
  '🇫🇷',
  '①②',
  'x²',
  'C++',
  'bug',
  'a-bug',
  'foo_bar',
  '#foo_bar',
  'acme\0',
  '\ud83d',
  '"',
  '\\',
  '\n',
  '\t',
  '/',
  '&',
  '<b>',
  '…',
  ' ',
  ' ',
  ' ',
  '!',
  'https://acme.example/bug',
  'u0061cme',
  '\\u0061cme',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 8 })
  .map((parts) => parts.join(''));
const queries = [
  'acme',
  'loreal',
  "l'oréal",
  'coeur',
  'strasse',
  'fin',
  'acm*',
  'ac?e',
  '#acme',
  '@acme',
  '"acme bug"',
  '"bug acme"~3',
  '東京',
  'トウキョウ',
  'が',
  '한국',
  'нестле',
  'σισυφος',
  'istanbul',
  '👍',
  '👍🏽',
  '👩‍💻',
  '❤️',
  '🇫🇷',
  'raw:"C++"',
  'raw:"Acme"',
  'acme NEAR/3 bug',
  'acme AND NOT bug',
  'title:acme',
  'acme AND lang:fr',
  'foo_bar',
  '#foo_bar',
  '12',
  'x2',
  '@acme.bsky.social',
  'u0061cme',
  'acme OR bug',
  'bug AND from:someone',
  'raw:"…"',
].map(query);

describe('the prefilter', () => {
  it('never loses a match, whoever wrote the JSON', () => {
    let matched = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        text,
        fc.option(text, { nil: undefined }),
        fc.constantFrom(...Object.keys(writers)),
        fc.subarray([...queries.keys()], { minLength: 1, maxLength: 3 }),
        (body, title, writer, chosen) => {
          const asked = chosen.map((index) => queries[index]!);
          const record = {
            $type: 'app.bsky.feed.post',
            embed: title === undefined ? undefined : { external: { title } },
            text: body,
          };
          const json = (writers[writer] as (value: unknown) => string)({
            did: 'did:plc:x',
            commit: { record, cid: 'bafy' },
          });
          // What a reader makes of it: lone surrogates and NUL do not survive.
          const mended = (value: string): string => value.toWellFormed().replaceAll('\0', '');
          const read = (
            JSON.parse(json) as { commit: { record: { text: string; embed?: { external: { title: string } } } } }
          ).commit.record;
          const document = documentOf({
            text: mended(read.text),
            title: read.embed && mended(read.embed.external.title),
          });
          const found = asked.some((one) => matches(one, document));
          if (found) matched += 1;
          for (const keys of [[], ['text', 'title']]) {
            const may = createPrefilter(asked, { keys })(Buffer.from(json));
            if (!may) refused += 1;
            if (found) expect({ json, may, keys }).toEqual({ json, may: true, keys });
          }
        },
      ),
      { numRuns: 4_000 },
    );
    // It would prove nothing if hardly anything matched, or if everything went through.
    expect(matched).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(1_000);
  });

  it('lets through what asks for no word, and nothing when nothing is asked', () => {
    const frame = Buffer.from('{"text":"nothing of it"}');
    for (const source of ['lang:fr', 'acme OR from:someone', 'rating:<3'])
      expect(createPrefilter([query(source)])(frame)).toBe(true);
    expect(createPrefilter([])(frame)).toBe(false);
  });

  it('reads only the named keys of compact JSON', () => {
    const may = createPrefilter([query('acme')], { keys: ['text'] });
    expect(may(Buffer.from('{"did":"acme","text":"no such","z":"acme"}'))).toBe(false);
    expect(may(Buffer.from('{"did":"acme","text":"Acmé","z":"a"}'))).toBe(true);
    expect(may(Buffer.from('{"did":"acme"}'))).toBe(true);
  });
});
