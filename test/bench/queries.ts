/**
 * Many queries at once: posts a second from text to query ids, tokenising counted, with 1 to 10,000 queries over real
 * tweets; beside them tokenising alone and `JSON.parse` of the same posts. All are measured in turn, best of several rounds.
 */
import { documentOf } from '../../src/text/query/document.ts';
import { QuerySet } from '../../src/text/query/match.ts';
import { scan } from '../../src/text/tokenize.ts';
import { airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';
import { manyQueries, type NamedQuery } from './many-queries.ts';

const SIZES = [1, 100, 1_000, 10_000];
const ROUNDS = 25;
const ADDED = 200;

export async function bench(): Promise<object | undefined> {
  const file = testData('streams/us-airlines-2015/Tweets.csv', 'benchmark queries');
  if (!file) return undefined;
  const posts = await airlinePosts(file);
  const lines = posts.map((post) => JSON.stringify(post));
  const queries = manyQueries(
    posts.map(({ text }) => text),
    Math.max(...SIZES) + ADDED,
  );
  const sets = new Map(SIZES.map((size) => [size, setOf(queries.slice(0, size))]));
  let matches = 0;
  const works = new Map<string, () => void>([
    ['jsonParse', () => lines.forEach((line) => JSON.parse(line))],
    ['tokenise', () => posts.forEach(({ text }) => scan(text))],
    ...[...sets].map(([size, set]): [string, () => void] => [
      String(size),
      () => {
        matches = 0;
        for (const post of posts) matches += set.match(documentOf(post)).length;
      },
    ]),
  ]);
  const best = new Map<string, number>();
  const found: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, work] of works) {
      const started = performance.now();
      work();
      best.set(name, Math.min(best.get(name) ?? Infinity, performance.now() - started));
      if (sets.has(Number(name))) found[name] = Math.round((matches / posts.length) * 100) / 100;
    }
  }
  const ms = (name: string | number): number => best.get(String(name)) ?? Number.NaN;
  const perSecond = (name: string | number): number => Math.round(posts.length / (ms(name) / 1000));
  return {
    posts: posts.length,
    postsPerSecond: Object.fromEntries(SIZES.map((size) => [size, perSecond(size)])),
    matchesPerPost: found,
    tokenisingAlonePerSecond: perSecond('tokenise'),
    costOf10000Against1: round(ms(10_000) / ms(1)),
    costOf1000AgainstTokenising: round(ms(1_000) / ms('tokenise')),
    addingTo10000Ms: adding(setOf(queries.slice(0, 10_000)), queries.slice(10_000)),
    limit: {
      jsonParseOnlyPerSecond: perSecond('jsonParse'),
      tokenisingAgainstJsonParse: round(ms('tokenise') / ms('jsonParse')),
    },
  };
}

function setOf(queries: readonly NamedQuery[]): QuerySet {
  const set = new QuerySet();
  for (const { id, query } of queries) set.add(id, query);
  return set;
}

/** The slowest of many additions to a full set, each followed by a match, so that nothing is put off. */
function adding(set: QuerySet, queries: readonly NamedQuery[]): number {
  let slowest = 0;
  for (const { id, query } of queries) {
    const started = performance.now();
    set.add(id, query);
    set.match(documentOf({ text: id }));
    slowest = Math.max(slowest, performance.now() - started);
  }
  return round(slowest);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
