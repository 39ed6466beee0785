import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/model/types.ts';
import { parseFeedDate, parseLocalDate } from '../../src/sources/lib/dates.ts';
import { decodeText, type PostLine } from '../../src/sources/lib/lines.ts';
import { type CsvOptions } from '../../src/sources/lib/csv.ts';
import { parsePost } from '../../src/sources/lib/post.ts';
import { PostReader } from '../../src/sources/lib/post-lines.ts';

function read(document: string | Uint8Array, options: Partial<CsvOptions> = {}): PostLine[] {
  const reader = new PostReader('auto', { timezone: 'Europe/Paris', dates: 'auto', ...options });
  const bytes = typeof document === 'string' ? Buffer.from(document) : document;
  return [...reader.push(bytes), ...reader.end()];
}
const valuesOf = (lines: readonly PostLine[]) => lines.map(({ value }) => value as { readonly [key: string]: Json });

describe('CSV', () => {
  test('reads a French export: semicolons, windows-1252, decimal comma, day first, local time', () => {
    const text =
      'Réseau;Date de publication;Heure;Auteur;Pseudo;Nb abonnés;Texte;Langue;Note;Lien;J’aime;Partages;Thématique\r\n' +
      'Twitter;19/07/2024;18:03;Jeanne Noël;@jeanne;12,5 k;"Déçue ; le ""service"" après-vente…\r\nne répond pas";Français;4,5;https://example.org/1;1 234;12;SAV\r\n' +
      'Presse en ligne;03/01/2024;9h05;;;;Brève;fr;;https://example.org/2;;;\r\n';
    const bytes = Buffer.from(text.replaceAll('’', '\x92').replaceAll('…', '\x85'), 'latin1');
    const [first, second] = valuesOf(read(bytes));
    expect(first).toEqual({
      source: 'x',
      publishedAt: Date.UTC(2024, 6, 19, 16, 3),
      author: { name: 'Jeanne Noël', handle: '@jeanne', followers: 12_500 },
      text: 'Déçue ; le "service" après-vente…\nne répond pas',
      lang: 'fr',
      rating: 4.5,
      url: 'https://example.org/1',
      engagement: { likes: 1234, reposts: 12 },
      extra: { Thématique: 'SAV' },
    });
    expect(second).toEqual({
      source: 'press',
      publishedAt: Date.UTC(2024, 0, 3, 8, 5),
      text: 'Brève',
      lang: 'fr',
      url: 'https://example.org/2',
    });
  });

  test('finds the separator, and takes the names of our own format', () => {
    for (const separator of [';', ',', '\t', '|']) {
      const row = (...fields: string[]) => `${fields.join(separator)}\n`;
      const document =
        row('id', 'author.handle', 'engagement.likes', 'text', 'refs.replyTo') + row('1', 'jane', '3', 'hello', '0');
      expect(valuesOf(read(document))).toEqual([
        { id: '1', author: { handle: 'jane' }, engagement: { likes: 3 }, text: 'hello', refs: { replyTo: '0' } },
      ]);
    }
  });

  test('a row without id or address gets an id of its content, the same every time', () => {
    const document = 'stars,text,date\n5.0,"Parfait, rien à dire",06/09/2021\n1.0,Nul,06/09/2021\n';
    const ids = valuesOf(read(document)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(valuesOf(read(document)).map(({ id }) => id)).toEqual(ids);
    expect(parsePost(valuesOf(read(document))[0], { source: 'avis' })).toMatchObject({
      post: { rating: 5, publishedAt: Date.UTC(2021, 8, 5, 22) },
    });
  });

  test('takes a headline for the text where there is no other', () => {
    expect(valuesOf(read('id;titre;texte\n1;Titre seul;\n2;Titre;Texte\n'))).toEqual([
      { id: '1', text: 'Titre seul' },
      { id: '2', title: 'Titre', text: 'Texte' },
    ]);
  });

  test('tells month first from day first by a date that can only be one', () => {
    const american = 'id,text,created_at\n1,a,8/4/2016 11:52\n2,b,8/16/2016 9:55\n';
    expect(valuesOf(read(american, { timezone: 'UTC' })).map(({ publishedAt }) => publishedAt)).toEqual([
      Date.UTC(2016, 7, 4, 11, 52),
      Date.UTC(2016, 7, 16, 9, 55),
    ]);
    const french = 'id;texte;date\n1;a;8/4/2016\n2;b;16/8/2016\n3;c;8/16/2016\n';
    const lines = read(french, { timezone: 'UTC' });
    expect(valuesOf(lines.slice(0, 2)).map(({ publishedAt }) => publishedAt)).toEqual([
      Date.UTC(2016, 3, 8),
      Date.UTC(2016, 7, 16),
    ]);
    expect(lines[2]?.problem).toMatch(
      /"8\/16\/2016" is on no calendar \(read day-first; the setting "dates" makes it month-first\)/,
    );
  });

  test('names bad rows by line and reads on', () => {
    const lines = read('id;texte;note\n1;ok;3\n2;b;trois\n3;c;d;e\n"4";"x"y;2\n5;"jamais fermé;1\n6;encore;2\n');
    expect(lines.map(({ line, problem }) => [line, problem])).toEqual([
      [2, undefined],
      [3, 'note: "trois" is not a number'],
      [4, '4 fields where the header has 3'],
      [5, 'not CSV: text follows a closing quote'],
      [6, 'a quote is opened and never closed'],
      [7, undefined],
    ]);
    expect(lines[0]?.value).toMatchObject({ id: '1', rating: 3 });
    expect(lines[5]?.value).toMatchObject({ id: '6', text: 'encore' });
  });

  test('an open quote swallows no more than a thousand lines', () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `${index};texte ${index}`);
    rows[10] = '10;"ouvert';
    const reader = new PostReader('csv', { timezone: 'UTC', dates: 'auto' });
    const lines = reader.push(Buffer.from(`id;texte\n${rows.join('\n')}\n`));
    expect(lines).toHaveLength(3_000);
    expect(lines.filter(({ problem }) => problem !== undefined).map(({ line }) => line)).toEqual([12]);
  });

  test.each([
    ['4,5', 4.5],
    ['4/5', 4],
    ['8/10', 4],
    ['★★★☆☆', 3],
    ['5 étoiles', 5],
    ['3.5', 3.5],
  ])('%s is %d stars', (text, stars) => {
    expect(valuesOf(read(`id;note\n1;"${text}"\n`))[0]).toMatchObject({ rating: stars });
  });

  test.each([
    ['1 234', 1_234],
    ['1\u202f234\u00a0567', 1_234_567],
    ['1.234', 1_234],
    ['1,234', 1_234],
    ['12,5k', 12_500],
    ['3 M', 3_000_000],
    ['0', 0],
  ])('%s counts %d', (text, count) => {
    expect(valuesOf(read(`id;texte;vues\n1;a;"${text}"\n`))[0]).toMatchObject({ engagement: { views: count } });
  });
});

describe('decoding', () => {
  test('UTF-8, windows-1252, and one stray byte in UTF-8', () => {
    expect(decodeText(Buffer.from('déjà 👍'))).toBe('déjà 👍');
    expect(decodeText(Buffer.from('d\xe9j\xe0 \x80', 'latin1'))).toBe('déjà €');
    expect(
      decodeText(
        Buffer.concat([Buffer.from('déjà '), Buffer.from([0x93]), Buffer.from('vu👍'), Buffer.from([0xe2, 0x82])]),
      ),
    ).toBe('déjà “vu👍â‚');
    expect(decodeText(Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0xaf])).isWellFormed()).toBe(true);
  });
});

describe('local dates', () => {
  const at = (text: string, timezone = 'Europe/Paris') => {
    const parsed = parseLocalDate(text, timezone, 'day-first');
    return 'at' in parsed ? new Date(parsed.at).toISOString() : parsed.problem;
  };
  test.each([
    ['19/07/2024', '2024-07-18T22:00:00.000Z'],
    ['19/07/2024 18:03', '2024-07-19T16:03:00.000Z'],
    ['19/07/2024 18:03:30', '2024-07-19T16:03:30.000Z'],
    ['19-01-24 à 18h03', '2024-01-19T17:03:00.000Z'],
    ['19.07.2024, 6:03 pm', '2024-07-19T16:03:00.000Z'],
    ['2024-07-19 18:03', '2024-07-19T16:03:00.000Z'],
    ['2024-07-19T18:03:00Z', '2024-07-19T18:03:00.000Z'],
    ['1721412180', '2024-07-19T18:03:00.000Z'],
    ['19 juil. 2024 18:03', '2024-07-19T16:03:00.000Z'],
    ['vendredi 19 juillet 2024', '2024-07-18T22:00:00.000Z'],
    ['31/03/2024 02:30', '2024-03-31T01:30:00.000Z'],
    ['27/10/2024 12:00', '2024-10-27T11:00:00.000Z'],
  ])('%s is %s', (text, expected) => expect(at(text)).toBe(expected));
  test.each(['32/01/2024', '30/02/2024', '19/07/1998', 'hier', '19/07/2024 25:00', '01/01/1970'])(
    '%s is refused',
    (text) => {
      expect(at(text)).toMatch(/is on no calendar|before the year 2000|is not a date/);
    },
  );
});

describe('dates of feeds', () => {
  test.each([
    ['Fri, 19 Jul 2024 18:03:00 GMT', '2024-07-19T18:03:00.000Z'],
    ['Fri, 19 Jul 24 18:03:00 +0200', '2024-07-19T16:03:00.000Z'],
    ['19 Jul 2024 18:03 EST', '2024-07-19T23:03:00.000Z'],
    ['Fri, 19 Jul 2024 18:03:00 CEST', '2024-07-19T16:03:00.000Z'],
    ['ven., 19 juil. 2024 18:03:00 +0200', '2024-07-19T16:03:00.000Z'],
    ['vendredi 19 août 2022 à 18h03', '2022-08-19T18:03:00.000Z'],
    ['Mo, 01 Okt 2018 14:25:00 +0200', '2018-10-01T12:25:00.000Z'],
    ['1er décembre 2023', '2023-12-01T00:00:00.000Z'],
    ['July 19, 2024 6:03 PM', '2024-07-19T18:03:00.000Z'],
    ['Fri Jul 19 18:03:00 2024', '2024-07-19T18:03:00.000Z'],
    ['Fri Jul 19 18:03:00 +0000 2024', '2024-07-19T18:03:00.000Z'],
    ['2024-07-19', '2024-07-19T00:00:00.000Z'],
    ['2024-07', '2024-07-01T00:00:00.000Z'],
    ['2024-07-19T18:03Z', '2024-07-19T18:03:00.000Z'],
    ['2024-07-19 18:03:00 UTC', '2024-07-19T18:03:00.000Z'],
    ['20240719T180300Z', '2024-07-19T18:03:00.000Z'],
    ['19/07/2024 - 18:03', '2024-07-19T18:03:00.000Z'],
    ['2024/07/19 18:03', '2024-07-19T18:03:00.000Z'],
    ['Fri, 19 Jul 2024 24:00:00 GMT', '2024-07-20T00:00:00.000Z'],
  ])('%s', (text, expected) => {
    const at = parseFeedDate(text);
    expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected);
  });
  test.each(['', 'soon', 'Fri, 32 Jul 2024', '12', '99:99', 'x'.repeat(200)])('%j is none', (text) =>
    expect(parseFeedDate(text)).toBeUndefined(),
  );
});
