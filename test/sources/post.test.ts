import { assert, anything, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ParsedPost, parseInstant, parsePost } from '../../src/sources/lib/post.ts';

const parse = (value: unknown): ParsedPost => parsePost(value, { source: 'inbox' });
const postOf = (value: unknown) => {
  const parsed = parse(value);
  if ('problems' in parsed) throw new Error(parsed.problems.join('; '));
  return parsed.post;
};
const problemsOf = (value: unknown) => {
  const parsed = parse(value);
  return 'problems' in parsed ? parsed.problems : [];
};

describe('a post of the public format', () => {
  test('is read whole', () => {
    const given = {
      id: '123',
      source: 'X',
      text: 'Bonjour',
      lang: 'fr_FR',
      url: 'https://example.org/a',
      publishedAt: '2024-07-19T18:03:00Z',
      observedAt: '2024-07-19T20:04:00+02:00',
      author: {
        id: '9',
        handle: 'jdoe',
        name: 'J. Doe',
        followers: 1520,
        verified: false,
        url: 'www.example.org/jdoe',
      },
      engagement: { likes: 1, reposts: 0, replies: 2, quotes: 0, views: 90 },
      refs: { replyTo: '122', repostOf: null, quoteOf: null },
      rating: null,
      op: 'create',
      title: null,
      campaign: { name: 'spring' },
      extra: { kept: [1] },
    };
    expect(parse(given)).toEqual({
      post: {
        id: 'x:123',
        source: 'x',
        op: 'create',
        text: 'Bonjour',
        lang: 'fr-FR',
        url: 'https://example.org/a',
        publishedAt: Date.UTC(2024, 6, 19, 18, 3),
        observedAt: Date.UTC(2024, 6, 19, 18, 4),
        author: {
          id: '9',
          handle: 'jdoe',
          name: 'J. Doe',
          followers: 1520,
          verified: false,
          url: 'https://www.example.org/jdoe',
        },
        engagement: { likes: 1, reposts: 0, replies: 2, quotes: 0, views: 90 },
        refs: { replyTo: 'x:122' },
        extra: { campaign: { name: 'spring' }, kept: [1] },
      },
    });
  });

  test('needs an id or a url, and a text, a rating or a deletion', () => {
    expect(postOf({ id: 7, text: 'a' })).toEqual({ id: 'inbox:7', source: 'inbox', op: 'create', text: 'a' });
    expect(postOf({ url: 'https://example.org/a', text: 'a' }).id).toBe('inbox:https://example.org/a');
    expect(postOf({ id: '1', rating: 2 })).toMatchObject({ text: '', rating: 2 });
    expect(postOf({ id: '1', op: 'delete', publishedAt: 1_721_412_180, text: 'gone' })).toEqual({
      id: 'inbox:1',
      source: 'inbox',
      op: 'delete',
      text: '',
      publishedAt: 1_721_412_180_000,
    });
    expect(problemsOf({ text: 'a' })).toEqual(['id: missing, and there is no url to stand for it']);
    expect(problemsOf({ id: '', text: ' \n' })).toHaveLength(2);
    expect(problemsOf({ id: '1', title: 'only a title' })).toEqual(['text: missing or empty, and there is no rating']);
    expect(problemsOf({ op: 'delete' })).toEqual(['id: missing, and there is no url to stand for it']);
  });

  test('keeps an id that already carries its source, as an export writes it', () => {
    expect(postOf({ id: 'x:1', source: 'x', text: 'a', refs: { replyTo: 'x:0' } })).toMatchObject({
      id: 'x:1',
      refs: { replyTo: 'x:0' },
    });
  });

  test('names everything that is wrong at once', () => {
    expect(
      problemsOf({
        id: 2 ** 60,
        source: 'a:b',
        text: ['a'],
        publishedAt: 'yesterday',
        lang: 'français de France',
        url: 'javascript:alert(1)',
        rating: 7,
        op: 'remove',
        author: 'Jane',
        engagement: { likes: '3', views: -1 },
      }),
    ).toEqual([
      'id: this number loses digits: write it as text, in quotes',
      expect.stringMatching(/^source: "a:b" is not the name of a source/),
      'text: expected text, found a list',
      expect.stringMatching(/^lang: /),
      expect.stringMatching(/^url: "javascript:alert\(1\)" is not a web address/),
      expect.stringMatching(/^publishedAt: "yesterday" is not a date/),
      'op: expected create, update or delete',
      'rating: stars go from 1 to 5',
      'author: expected an object, found text',
      'engagement.likes: expected a number, found text',
      'engagement.views: a count is not negative',
    ]);
  });

  test.each([null, 1, 'text', [], true, undefined])('%j is no post', (value) => {
    expect(problemsOf(value)).toHaveLength(1);
  });

  test('mends lone surrogates and NUL, everywhere', () => {
    const post = postOf(
      JSON.parse('{"id":"1","text":"a\\ud800b\\u0000c","author":{"name":"\\udc00x"},"k\\u0000":["\\ud83d"]}'),
    );
    expect(post).toMatchObject({
      text: 'a\uFFFDbc',
      author: { id: '\uFFFDx', name: '\uFFFDx' },
      extra: { k: ['\uFFFD'] },
    });
    expect(JSON.stringify(post).isWellFormed()).toBe(true);
  });

  test('bounds what it takes', () => {
    expect(problemsOf({ id: '1', text: 'x'.repeat(100_001) })).toEqual([
      'text: 100001 characters, at most 100000 are taken',
    ]);
    expect(postOf({ id: '1', text: 'x'.repeat(100_000) }).text).toHaveLength(100_000);
    expect(problemsOf({ id: '1', text: 'a', more: 'x'.repeat(60_000) })[0]).toMatch(
      /^unknown keys: 60\d{3} characters/,
    );
    expect(problemsOf(JSON.parse(`{"id":"1","text":"a","deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`))).toEqual([
      'nested deeper than 32 levels',
    ]);
    expect(problemsOf({ id: 'x'.repeat(1_001), text: 'a' })).toHaveLength(1);
  });

  test('does not let a sender reach into prototypes', () => {
    const post = postOf(
      JSON.parse('{"id":"1","text":"a","__proto__":{"source":"evil"},"extra":{"__proto__":{"x":1},"y":2}}'),
    );
    expect(post).toMatchObject({ source: 'inbox', extra: { y: 2 } });
    expect(Object.keys(post.extra!)).toEqual(['y']);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('never throws', () => {
    assert(property(anything({ withNullPrototype: true }), (value) => void parse(value)));
    assert(
      property(
        anything(),
        anything(),
        (text, publishedAt) => void parse({ id: '1', text, publishedAt, author: { id: text } }),
      ),
    );
  });
});

describe('a point in time', () => {
  const at = (value: unknown) => {
    const parsed = parseInstant(value);
    return 'at' in parsed ? new Date(parsed.at).toISOString() : parsed.problem;
  };
  test.each([
    ['2024-07-19T18:03:00Z', '2024-07-19T18:03:00.000Z'],
    ['2024-07-19T18:03:00.1234567+02:00', '2024-07-19T16:03:00.123Z'],
    ['2024-07-19 18:03', '2024-07-19T18:03:00.000Z'],
    ['2024-07-19T18:03:00-0530', '2024-07-19T23:33:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    [1_721_412_180, '2024-07-19T18:03:00.000Z'],
    [1_721_412_180_123, '2024-07-19T18:03:00.123Z'],
    ['1721412180', '2024-07-19T18:03:00.000Z'],
    ['2099-01-01T00:00:00Z', '2099-01-01T00:00:00.000Z'],
  ])('%j is %s', (value, expected) => expect(at(value)).toBe(expected));

  test.each([
    ['1970-01-01T00:00:00Z', /before the year 2000/],
    [0, /before the year 2000/],
    ['1999-12-31T23:59:59Z', /before the year 2000/],
    ['2023-02-29', /is not a date/],
    ['2024-07-19T25:00:00Z', /is not a date/],
    ['19/07/2024', /is not a date/],
    [Number.NaN, /is not a date/],
    [1e18, /after the year 9999/],
    [{}, /is not a date/],
  ])('%j is refused', (value, reason) => expect(at(value)).toMatch(reason));
});
