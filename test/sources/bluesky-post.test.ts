/** Records of Bluesky as posts: bytes of facets, cards, quotes, empty texts, claims that are none. */
import { assert, array, integer, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, UnstampedPost } from '../../src/model/types.ts';
import { normaliseBluesky } from '../../src/sources/lib/bluesky-post.ts';

const SEEN = Date.UTC(2026, 10, 22, 12);

function post(record: { readonly [key: string]: Json }, profile?: { readonly [key: string]: Json }): UnstampedPost {
  const body = { op: 'create', did: 'did:plc:x', rkey: 'k', seenAt: SEEN, record, ...(profile ? { profile } : {}) };
  const outcome = normaliseBluesky({ nativeId: 'did:plc:x/k', body });
  if (outcome.kind !== 'keep') throw new Error(`${outcome.kind}: ${outcome.reason}`);
  return outcome.value;
}

function linkFacet(text: string, shown: string, uri: string): Json {
  const byteStart = Buffer.byteLength(text.slice(0, text.indexOf(shown)));
  const byteEnd = byteStart + Buffer.byteLength(shown);
  return { index: { byteStart, byteEnd }, features: [{ $type: 'app.bsky.richtext.facet#link', uri }] };
}

test('a shortened address is made whole where it stands, counted in bytes', () => {
  const text = 'Très déçu 😡 example.org/an-article-…, voilà';
  const uri = 'https://example.org/an-article-of-theirs?x=1';
  const made = post({ text, facets: [linkFacet(text, 'example.org/an-article-…', uri)] });
  expect(made.text).toBe(`Très déçu 😡 ${uri} , voilà`);
  expect(made.links).toEqual([uri]);
});

test('an address behind other words is listed and leaves the words', () => {
  const text = 'read this article please';
  const made = post({ text, facets: [linkFacet(text, 'this article', 'https://example.org/a')] });
  expect(made.text).toBe(text);
  expect(made.links).toEqual(['https://example.org/a']);
});

test('cards, quotes with pictures, tags and languages', () => {
  const made = post(
    {
      text: 'voilà',
      langs: ['fr', 'en'],
      tags: ['colère'],
      createdAt: '2026-11-22T11:59:00Z',
      embed: {
        $type: 'app.bsky.embed.recordWithMedia',
        record: { record: { uri: 'at://did:plc:q/app.bsky.feed.post/quoted', cid: 'c' } },
        media: { external: { uri: 'https://example.org/card', title: 'A card' } },
      },
      reply: {
        parent: { uri: 'at://did:plc:p/app.bsky.feed.post/parent', cid: 'c' },
        root: { uri: 'at://did:plc:p/app.bsky.feed.generator/none', cid: 'c' },
      },
    },
    { handle: 'a.example', followers: 12 },
  );
  expect(made).toMatchObject({
    lang: 'fr',
    title: 'A card',
    links: ['https://example.org/card'],
    refs: { quoteOf: 'bluesky:did:plc:q/quoted', replyTo: 'bluesky:did:plc:p/parent' },
    author: { id: 'did:plc:x', handle: 'a.example', followers: 12 },
    publishedAt: Date.UTC(2026, 10, 22, 11, 59),
    extra: { tags: ['colère'] },
  });
  expect(made.refs?.root).toBeUndefined();
});

test('a text that is empty is its card, or is left out by name', () => {
  expect(post({ text: '', embed: { external: { uri: 'https://example.org', title: 'Only a card' } } }).text).toBe(
    'Only a card',
  );
  const body = { op: 'create', did: 'did:plc:x', rkey: 'k', seenAt: SEEN, record: { text: ' ' } };
  expect(normaliseBluesky({ nativeId: 'x', body })).toEqual({ kind: 'drop', reason: 'no-text' });
});

test('a claim that is no date or no language is replaced by what the server saw', () => {
  const made = post({ text: 'hello', createdAt: 'yesterday', langs: ['not a language'] });
  expect(made.publishedAt).toBe(SEEN);
  expect(made.lang).toBeUndefined();
});

test('no facet breaks a text', () => {
  const facet = property(
    string({ unit: 'binary', maxLength: 30 }),
    array(integer({ min: -3, max: 60 }), { maxLength: 6 }),
    (text, edges) => {
      const facets = edges.map((byteStart, i) => ({
        index: { byteStart, byteEnd: byteStart + ((i * 7) % 11) },
        features: [{ $type: 'app.bsky.richtext.facet#link', uri: 'https://a.example/long' }],
      }));
      const body = {
        op: 'create',
        did: 'did:plc:x',
        rkey: 'k',
        seenAt: SEEN,
        record: { text: `a.example ${text}`, facets },
      };
      const outcome = normaliseBluesky({ nativeId: 'x', body });
      expect(outcome.kind).toBe('keep');
      if (outcome.kind === 'keep') expect(outcome.value.text.isWellFormed()).toBe(true);
    },
  );
  assert(facet, { numRuns: 500 });
});
