import { describe, expect, it } from 'vitest';
import { gatherBrief } from '../../src/alerts/brief.ts';
import { wallClock } from '../../src/lib/clock.ts';
import type { MentionStore } from '../../src/model/ports.ts';
import type { Mention } from '../../src/model/types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { AT, sampleAlert } from '../notifiers/sample.ts';

const MIN = 60_000;

function mention(n: number, over: Partial<Mention> = {}): Mention {
  return {
    id: `x:${n}`,
    source: 'x',
    via: 'x-search',
    op: 'create',
    author: { id: `u${n}`, name: `User ${n}`, followers: 100 },
    text: `acme text ${n}`,
    publishedAt: AT - MIN,
    observedAt: AT - MIN,
    at: AT - MIN,
    backfill: false,
    client: 'default',
    brand: 'acme',
    own: false,
    language: 'en',
    sentiment: { label: 'negative', score: -0.5, confidence: 0.9, unsure: false, words: [] },
    terms: ['acme', 'the', 'text'],
    topics: [],
    links: [],
    fingerprint: `f${n}`,
    ...over,
  };
}

const rest = { brands: [], health: [], sleep: wallClock.sleep };

describe('the brief', () => {
  it('counts the hour before the alert, by whom, where and with which words', async () => {
    await using store = createMemoryStore();
    const loud = { id: 'loud', name: 'Loud', followers: 5_000 };
    await store.put([
      mention(1, { at: AT - 50 * MIN, text: 'acme first' }),
      ...[2, 3, 4, 5].map((n) => mention(n, { author: loud, at: AT - 10 * MIN })),
      mention(6, {
        source: 'press',
        sentiment: { label: 'positive', score: 1, confidence: 1, unsure: false, words: [] },
        at: AT,
      }),
      mention(7, { sentiment: { label: 'negative', score: -1, confidence: 0.3, unsure: true, words: [] } }),
      mention(8, { own: true }),
      mention(9, { at: AT - 90 * MIN }),
      mention(10, { brand: 'globex' }),
      mention(11, { client: 'other' }),
    ]);
    const brief = await gatherBrief([sampleAlert({ evidence: ['x:4', 'x:1', 'x:gone'] })], {
      ...rest,
      store,
      brands: [
        {
          id: 'acme',
          name: 'Acme',
          query: '',
          languages: [],
          own: {},
          competitors: [],
          role: 'own',
          client: 'default',
          group: '',
        },
      ],
      health: [
        {
          name: 'x-search',
          type: 'x',
          startedAt: 0,
          lastReadAt: AT,
          blindSince: AT - MIN,
          ended: false,
          items: 1,
          quarantined: 0,
        },
        { name: 'old-file', type: 'file', startedAt: 0, ended: true, items: 1, quarantined: 0 },
      ],
    });
    expect(brief).toMatchObject({
      brandName: 'Acme',
      mentions: 7,
      negative: 5,
      positive: 1,
      authors: 4,
      reach: 5_300,
      first: { id: 'x:1', at: AT - 50 * MIN },
      freshness: [{ source: 'x-search', blindSince: AT - MIN }],
    });
    expect(brief?.topAuthors[0]).toMatchObject({ author: { name: 'Loud' }, posts: 4 });
    expect(brief?.topThreeShare).toBeCloseTo(6 / 7);
    expect(brief?.sources).toContainEqual({ value: 'press', count: 1 });
    expect(brief?.terms.map(({ value }) => value)).toEqual(['text']);
    expect(brief?.posts.map(({ id }) => id)).toContain('x:4');
    expect(brief?.pace).toHaveLength(12);
    expect(brief?.pace?.reduce((n, { count }) => n + count, 0)).toBe(7);
    expect(brief?.partial).toBeUndefined();
  });

  it('shows one post of a story, with how often it was repeated', async () => {
    await using store = createMemoryStore();
    await store.put([
      mention(1, { at: AT - 20 * MIN }),
      ...[2, 3].map((n) => mention(n, { duplicateOf: 'x:1' })),
      mention(4, { fingerprint: 'f1' }),
      mention(5, { engagement: { likes: 900 } }),
    ]);
    const brief = await gatherBrief([sampleAlert({ evidence: ['x:3', 'x:5'] })], { ...rest, store });
    expect(brief?.posts.map(({ id, copies }) => [id, copies])).toEqual([
      ['x:1', 4],
      ['x:5', undefined],
    ]);
  });

  it('says that a flood was looked at in part', async () => {
    await using store = createMemoryStore();
    await store.put(Array.from({ length: 1_200 }, (_, n) => mention(n)));
    const brief = await gatherBrief([sampleAlert()], { ...rest, store });
    expect(brief).toMatchObject({ mentions: 1_200, authors: 500, partial: true });
  });

  it('comes to nothing, in time, when the store is slow or fails', async () => {
    const slow = new Proxy({} as MentionStore, { get: () => () => new Promise(() => {}) });
    const began = performance.now();
    expect(await gatherBrief([sampleAlert()], { ...rest, store: slow, limitMs: 50 })).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(500);
    const broken = new Proxy({} as MentionStore, {
      get: () => async () => {
        throw new Error('no');
      },
    });
    expect(await gatherBrief([sampleAlert()], { ...rest, store: broken })).toBeUndefined();
    expect(await gatherBrief([], { ...rest, store: broken })).toBeUndefined();
  });
});
