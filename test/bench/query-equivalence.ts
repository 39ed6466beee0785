/**
 * Many queries at once against each alone, over random queries and posts: at least 200,000 pairs, new ones each time. A
 * difference ends it with the smallest example and its seed. Then the same over real tweets and the queries of `queries`,
 * and the raw filter, which must let every frame of a matching tweet through.
 */
import * as fc from 'fast-check';
import { documentOf } from '../../src/text/query/document.ts';
import { matches, QuerySet } from '../../src/text/query/match.ts';
import { createPrefilter } from '../../src/text/query/prefilter.ts';
import { airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';
import { compareOnce } from '../support/query-equivalence.ts';
import { exchange } from '../support/random-queries.ts';
import { manyQueries } from './many-queries.ts';

const PAIRS = 200_000;
const TWEETS = 1_500;
const QUERIES = 1_000;

export async function bench(): Promise<object> {
  const random = { pairs: 0, hits: 0 };
  while (random.pairs < PAIRS) {
    fc.assert(
      fc.property(exchange, ([queries, posts]) => compareOnce(queries, posts, random)),
      { numRuns: 500 },
    );
  }
  return { random, ...(await overTweets()) };
}

async function overTweets(): Promise<object> {
  const file = testData('streams/us-airlines-2015/Tweets.csv', 'equivalence over real tweets');
  if (!file) return {};
  const posts = await airlinePosts(file);
  const queries = manyQueries(
    posts.map(({ text }) => text),
    QUERIES,
  );
  const set = new QuerySet();
  for (const { id, query } of queries) set.add(id, query);
  const filters = queries.slice(0, 50).map(({ query }) => createPrefilter([query], { keys: ['text'] }));
  const tweets = { pairs: 0, hits: 0, passed: 0, lost: 0 };
  for (const [i, post] of posts.entries()) {
    const found = set.match(documentOf(post));
    if (i % Math.ceil(posts.length / TWEETS) !== 0) continue;
    const document = documentOf(post);
    const wanted = queries.filter(({ query }) => matches(query, document)).map(({ id }) => id);
    if (found.join() !== wanted.toSorted().join()) throw new Error(`differ on ${JSON.stringify(post.text)}`);
    tweets.pairs += queries.length;
    tweets.hits += wanted.length;
    const frame = Buffer.from(JSON.stringify({ text: post.text }));
    for (const [k, may] of filters.entries()) {
      const passes = may(frame);
      if (passes) tweets.passed += 1;
      else if (wanted.includes(queries[k]?.id ?? '')) tweets.lost += 1;
    }
  }
  if (tweets.lost > 0) throw new Error(`the raw filter lost ${tweets.lost} matches`);
  return { tweets };
}
