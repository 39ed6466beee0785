/** Posts a second through `vigie backtest`'s run: the airlines, six brands, the shipped rules. */
import { readRules } from '../../src/app.ts';
import { runHistory } from '../../src/cli/history.ts';
import { loadConfig } from '../../src/config/load.ts';
import { airlineConfig, airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';

const RUNS = 5;

export async function bench(): Promise<object | undefined> {
  const file = testData('streams/us-airlines-2015/Tweets.csv', 'benchmark backtest');
  if (!file) return undefined;
  const posts = await airlinePosts(file);
  const config = await loadConfig({ text: airlineConfig, folder: import.meta.dirname }, { env: {} });
  const rules = await readRules({ ...config, rules: undefined });
  const lines = posts.map((post) => JSON.stringify(post));
  const parse = performance.now();
  for (const line of lines) JSON.parse(line);
  const jsonParseOnlyPerSecond = Math.round(posts.length / ((performance.now() - parse) / 1000));
  const seconds: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    await runHistory({ posts, config, rules, batchSize: 500, onEvent: () => {} });
    seconds.push((performance.now() - started) / 1000);
  }
  const [first, ...warm] = seconds;
  return {
    mentionsPerSecond: Math.round(posts.length / Math.min(...warm)),
    coldMentionsPerSecond: Math.round(posts.length / (first ?? 1)),
    posts: posts.length,
    limit: { jsonParseOnlyPerSecond },
  };
}
