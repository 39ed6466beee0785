import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyseText } from '../../src/text/analyse-text.ts';
import { fingerprint } from '../../src/text/fingerprint.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { fold, formsOf, isOtherForm, links, scan, terms, tokenize } from '../../src/text/tokenize.ts';

describe('terms', () => {
  it.each([
    ['Chez L’Oréal, rien ne va', ['chez', 'oreal', 'rien', 'ne', 'va', "l'oreal"]],
    ["J'adore d'aujourd'hui", ['adore', 'aujourdhui', "j'adore", "d'aujourdhui"]],
    ["Acme's don't O'Reilly", ['acme', 'dont', 'oreilly', "acme's"]],
    ['#Acme_France @acme_fr !', ['#acme_france', '@acme_fr']],
    ['@Jean@mastodon.social', ['@jean', '@jean@mastodon.social']],
    ['@acme. Merci', ['@acme', 'merci']],
    ['jean@acme.fr', ['jean', 'acme', 'fr']],
    ['👍🏽 et 👩🏿‍💻 et 🏴󠁧󠁢󠁥󠁮󠁧󠁿', ['👍', 'et', '👩‍💻', 'et', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👍🏽', '👩🏿‍💻']],
    ['❤️☺️✈️', ['❤', '☺', '✈']],
    ['🇫🇷🇩🇪', ['🇫🇷', '🇩🇪']],
    ['1️⃣ deux', ['1', 'deux']],
    ['œuvre Straße ﬁnal Ærø', ['oeuvre', 'strasse', 'final', 'aero']],
    ['東京タワー', ['東', '京', 'タ', 'ワ', 'ー']],
    ['ガ', ['ガ']],
    ['カ\u3099', ['ガ']],
    ['한국', ['한', '국']],
    ['한국'.normalize('NFD'), ['한', '국']],
    ['#東京 @東京', ['#東京', '@東京']],
    ['ราคา', ['รา', 'คา'].flatMap((part) => tokenize(part).map((token) => token.text))],
    ['a_b __c__', ['a_b', 'c']],
    ['&#39; ½ ㈱ №', ['39', '12', 'no'].slice(0, 2)],
    ["l'« Acme » et d’@acme", ['acme', 'et', '@acme']],
    ['https://acme.fr/a_(b), www.acme.fr. Http://X.Y!', []],
    ['http sans adresse', ['http', 'sans', 'adresse']],
    ['\ud83d a \udc00', ['a']],
    ['zero\u200bwidth', ['zerowidth']],
  ])('of %j', (text, expected) => {
    expect(terms(text)).toEqual(expected);
  });

  it('hold no space, so that a whitespace tokenizer finds them again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const found = terms(text);
        expect(found.join(' ').split(/\s+/).filter(Boolean)).toEqual(found);
      }),
      { numRuns: 3000 },
    );
  });

  it('are found by the forms of a word exactly when the word is a key of the document', () => {
    const words = ['loreal', 'oreal', 'acme', 'acmes', 'dacme', 'aujourdhui', 'daujourdhui', 'quacme', 'lacmes'];
    const texts = [
      "l'Oréal",
      'loreal',
      '#loreal',
      '@loreal',
      "acme's",
      "d'acme",
      "d'aujourd'hui",
      "qu'Acme",
      "l'Acme's",
      'acmes',
    ];
    for (const word of words) {
      for (const text of texts) {
        const found = new Set(terms(text));
        const byForms = formsOf(word).some((form) => found.has(form));
        expect(byForms, `${word} in ${text}`).toBe(documentOf({ text }).keys.has(word));
      }
    }
  });

  it('tell other forms apart', () => {
    expect(terms("l'Oréal 👍🏽 @a@b.c 👍 @acme").filter((term) => isOtherForm(term))).toEqual([
      "l'oreal",
      '👍🏽',
      '@a@b.c',
    ]);
  });
});

describe('scan', () => {
  it('knows where each token stands', () => {
    const text = 'Merci @acme_fr, L’Oréal 👍🏽 #top https://a.b/c fin';
    expect(tokenize(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'Merci',
      '@acme_fr',
      'L’Oréal',
      '👍🏽',
      '#top',
      'fin',
    ]);
  });

  it('keeps addresses apart, without the punctuation of the sentence', () => {
    expect(links('voir (https://acme.fr/a), "http://b.fr/x_(y)" et www.c.fr… puis HTTPS://D.fr?e=f#g.')).toEqual([
      'https://acme.fr/a',
      'http://b.fr/x_(y)',
      'www.c.fr',
      'HTTPS://D.fr?e=f#g',
    ]);
  });

  it('gives ascending places inside any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        let last = 0;
        for (const { start, end, text: term } of scan(text).tokens) {
          expect(term).not.toBe('');
          expect(start).toBeGreaterThanOrEqual(last === start ? start : 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(start).toBeGreaterThanOrEqual(last > start ? Infinity : 0);
          last = start;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('folds the same text the same way, composed or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (any) => {
        // Signs that a composed mark turns into others (↔ and ↮) are no letters.
        const text = any.replace(/[\p{S}\p{C}]/gu, ' ');
        expect(terms(text.normalize('NFD'))).toEqual(terms(text.normalize('NFC')));
        expect(fold(fold(text))).toBe(fold(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes linear time on long and strange texts', () => {
    for (const piece of [
      'a',
      "a'",
      '@a.',
      '#',
      '@',
      'https://',
      '👩‍',
      '(',
      'é',
      '東',
      "'",
      '\u0301',
      'www.',
      '_',
      '-',
    ]) {
      const text = piece.repeat(Math.floor(1_000_000 / piece.length));
      const start = performance.now();
      scan(text);
      expect(performance.now() - start, piece).toBeLessThan(2_000);
    }
  });
});

describe('fingerprint', () => {
  it.each([
    ['Acme est en panne !', 'ACME, est en panne…'],
    ['Acme est en panne https://t.co/abc', 'Acme est en panne'],
    ['@jean Acme est en panne', 'Acme est en panne @paul @marie'],
    ['RT @jean: Acme est en panne', 'Acme est en panne'],
    ['Été à la mer', 'ete a la mer'],
    ['L’Oréal', "l'oréal"],
    ['#acme panne', 'Acme PANNE'],
  ])('is one for %j and %j', (a, b) => {
    expect(fingerprint(a)).toBe(fingerprint(b));
  });

  it.each([
    ['Acme est en panne', 'Acme est en panne générale'],
    ['ab c', 'a bc'],
    ['😡', '👍'],
    ['https://t.co/a', 'https://t.co/b'],
    ['@jean', '@paul'],
  ])('differs for %j and %j', (a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });

  it('is sixteen hexadecimal digits, and seldom the same by chance', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 50_000; i += 1) seen.add(fingerprint(`message ${i}`));
    expect(seen.size).toBe(50_000);
    for (const one of [...seen].slice(0, 100)) expect(one).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('analyseText', () => {
  it('reads title and text once', () => {
    const found = analyseText({ title: 'Acme ferme https://a.fr', text: "L'usine https://a.fr" });
    expect(found.terms).toEqual(['acme', 'ferme', 'usine', "l'usine"]);
    expect(found.links).toEqual(['https://a.fr']);
    expect(found.fingerprint).toBe(fingerprint("L'usine"));
    expect(
      documentOf({ title: 'Acme ferme', text: "L'usine" }, found.tokenized).tokens.map(({ text }) => text),
    ).toEqual(['acme', 'ferme', 'usine']);
  });
});
