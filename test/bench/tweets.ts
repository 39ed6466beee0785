/** Real tweets about airlines, repeated over weeks with fresh ids, half of them without their language; a hundred brands. */
import type { Brand, UnstampedPost } from '../../src/model/types.ts';
import { AIRLINES, airlineBrands, airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';

const HISTORY_MS = 9 * 86_400_000;

/**
 * `history` posts spread over nine days as they were, then `crowd` posts at ten a millisecond: the load that is measured.
 * In the order of their time; undefined (said aloud) without the data.
 */
export async function tweets(history: number, crowd: number): Promise<UnstampedPost[] | undefined> {
  const file = testData('streams/us-airlines-2015/Tweets.csv', 'benchmark on real tweets');
  if (!file) return undefined;
  const once = (await airlinePosts(file)).sort((a, b) => (a.publishedAt ?? 0) - (b.publishedAt ?? 0));
  const posts: UnstampedPost[] = [];
  const start = once[0]?.publishedAt ?? 0;
  for (let i = 0; i < history + crowd; i++) {
    const post = once[i % once.length] as UnstampedPost;
    const { lang: _lang, ...without } = post;
    const at = i < history ? start + (i / history) * HISTORY_MS : start + HISTORY_MS + (i - history) / 10;
    posts.push({ ...(i % 2 === 0 ? post : without), id: `${post.id}-${i}`, publishedAt: Math.floor(at) });
  }
  return posts;
}

/** The six airlines, and ninety-four brands of which little is said. */
export function hundredBrands(): readonly Brand[] {
  const [first] = airlineBrands;
  if (!first) throw new Error('no airline');
  const others = Array.from({ length: 100 - AIRLINES.length }, (_, i) => ({
    ...first,
    id: `brand-${i}`,
    name: `Brand ${i}`,
    query: `"${WORDS[i % WORDS.length]} ${WORDS[(i * 7 + 3) % WORDS.length]}" OR #brand${i} OR (brand${i} AND NOT ${WORDS[(i * 5) % WORDS.length]})`,
  }));
  return [...airlineBrands, ...others];
}

const WORDS = [
  'flight',
  'gate',
  'crew',
  'delay',
  'seat',
  'bag',
  'plane',
  'crowd',
  'phone',
  'hold',
  'ticket',
  'refund',
  'agent',
  'weather',
  'snow',
  'change',
  'hours',
  'service',
  'thank',
];
