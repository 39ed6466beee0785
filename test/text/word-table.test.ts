import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WordTable } from '../../src/text/query/word-table.ts';
import { hashOf, tokenize } from '../../src/text/tokenize.ts';

describe('WordTable', () => {
  it('answers as a Map does, whatever comes and goes, equal hashes included', () => {
    expect(hashOf('Aa')).toBe(hashOf('BB'));
    // Of two halves that collide every mixture collides.
    const key = fc.oneof(
      fc.array(fc.constantFrom('Aa', 'BB'), { maxLength: 4 }).map((parts) => parts.join('')),
      fc.string({ maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 300 }), (steps) => {
        const table = new WordTable<{ readonly text: string }>();
        const map = new Map<string, { readonly text: string }>();
        for (const [adds, text] of steps) {
          const known = map.get(text);
          expect(table.get(text)).toBe(known);
          if (adds && !known) {
            const word = { text };
            table.add(word);
            map.set(text, word);
          } else if (!adds && known) {
            table.delete(known);
            map.delete(text);
          }
          expect(table.size).toBe(map.size);
        }
        for (const [text, word] of map) expect(table.find(text, hashOf(text))).toBe(word);
      }),
    );
  });
});

describe('tokens', () => {
  it('carry the hash of their text, however it is written', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Acme',
        'foo_bar',
        'FOO__Bar',
        "l'Oréal",
        "Don't",
        '#Acme',
        '@acme.bsky.social',
        'ÉTÉ',
        'ﬁn',
        'ＡＣ',
        '東京',
      ),
      fc.constantFrom('👍🏽', '👩‍💻', 'd’@acme', 'İ', '한국', 'पानी', 'ac\u00adme', '_', ' '),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        for (const token of tokenize(pieces.join(''))) expect(token.hash).toBe(hashOf(token.text));
      }),
      { numRuns: 2_000 },
    );
  });
});
