import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { UnstampedPost } from '../model/types.ts';
import { loadRules, readRuleFolder } from '../rules/load.ts';
import type { RuleSet } from '../rules/rule.ts';
import { rulesFolder } from '../app.ts';
import type { Config } from '../config/load.ts';
import { ConfigError } from '../model/errors.ts';
import { readPostsFile } from '../sources/file.ts';
import { type HistoryEvent, runHistory } from './history.ts';
import { configOf, print, tell, timeOf, UsageError } from './io.ts';

interface Options {
  readonly config: string;
  readonly input: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly batch: string;
  readonly against?: string;
  readonly json?: boolean;
}

/** `vigie backtest`: history through the pipeline and rules of live running; nothing is sent. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('Runs history through the very pipeline and rules of live running, in event time; nothing is sent.')
    .requiredOption('--config <file>', 'configuration; one with brands only is enough')
    .requiredOption('--input <files...>', 'posts as NDJSON or CSV')
    .option('--from <time>', 'what happens before it is history and is not reported')
    .option('--to <time>', 'posts observed from then on are left out')
    .option('--batch <posts>', 'posts per batch; changes nothing but the speed', '500')
    .option('--against <rules>', 'folder or file of other rules: prints what they would have said differently')
    .option('--json', 'one JSON object a line')
    .action(async (options: Options) => {
      await runBacktest(options);
    });
}

async function runBacktest(options: Options): Promise<void> {
  const batchSize = Number(options.batch);
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new UsageError('--batch wants a whole number from 1');
  const config = await configOf(options.config);
  const rules = await rulesOf(config, rulesFolder(config));
  const started = performance.now();
  const { posts, refused } = await postsOf(options, config);
  const read = performance.now();
  const events: HistoryEvent[] = [];
  const from = options.from === undefined ? {} : { from: timeOf(options.from) };
  const summary = await runHistory({
    posts,
    config,
    rules,
    batchSize,
    ...from,
    onEvent: (event) => void events.push(event),
  });
  const ended = performance.now();
  if (options.against === undefined) {
    for (const event of events) await print(options.json ? JSON.stringify(event) : lineOf(event));
  } else {
    const others: HistoryEvent[] = [];
    const theirs = await rulesOf(config, options.against);
    await runHistory({
      posts,
      config,
      rules: theirs,
      batchSize,
      ...from,
      onEvent: (event) => void others.push(event),
    });
    for (const line of differences(events, others))
      await print(options.json ? JSON.stringify(line) : differenceLine(line));
  }
  await print(
    summaryOf(
      events,
      { posts: summary.posts + refused, mentions: summary.mentions, quarantined: summary.quarantined + refused },
      options.json ?? false,
    ),
  );
  const seconds = (ended - read) / 1000;
  tell(
    `${posts.length} posts read in ${((read - started) / 1000).toFixed(2)} s, run in ${seconds.toFixed(2)} s (${Math.round(posts.length / Math.max(seconds, 1e-3))} posts/s)`,
  );
}

/** The rules of a folder or file; throws a ConfigError that lists every problem. */
export async function rulesOf(config: Pick<Config, 'brands' | 'language'>, path: string): Promise<RuleSet> {
  const files = /\.ya?ml$/.test(path)
    ? [{ file: path, text: await readFile(path, 'utf8') }]
    : await readRuleFolder(path);
  const { rules, problems } = loadRules(files, { brands: config.brands, language: config.language });
  if (!rules) throw new ConfigError(problems);
  return rules;
}

/** The posts of files; what is no post is told with its line. */
export async function postsOf(
  { input, to }: Pick<Options, 'input' | 'to'>,
  { timezone }: Pick<Config, 'timezone'>,
): Promise<{ posts: UnstampedPost[]; refused: number }> {
  const until = to === undefined ? Infinity : timeOf(to);
  const posts: UnstampedPost[] = [];
  let refused = 0;
  for (const file of input) {
    for await (const { line, post, problems } of readPostsFile(file, { source: 'file', timezone })) {
      const observed = post?.observedAt ?? post?.publishedAt;
      if (!post || observed === undefined) {
        refused += 1;
        tell(`${file}:${line}: ${problems?.join('; ') ?? 'a line of history needs a publishedAt or an observedAt'}`);
      } else if (observed < until) posts.push(post);
    }
  }
  return { posts, refused };
}

function summaryOf(
  events: readonly HistoryEvent[],
  counts: { posts: number; mentions: number; quarantined: number },
  json: boolean,
): string {
  const ids = (type: HistoryEvent['type'], id: (event: HistoryEvent) => string): number =>
    new Set(events.filter((event) => event.type === type).map(id)).size;
  const summary = {
    type: 'summary',
    ...counts,
    signals: ids('signal', (event) => (event.type === 'signal' ? event.id : '')),
    alerts: ids('alert', (event) => (event.type === 'alert' ? event.id : '')),
    incidents: ids('notification', (event) => (event.type === 'notification' ? event.incident : '')),
    notifications: events.filter((event) => event.type === 'notification').length,
  };
  if (json) return JSON.stringify(summary);
  return `${summary.posts} posts, ${summary.mentions} mentions, ${summary.quarantined} quarantined, ${summary.signals} signals, ${summary.alerts} alerts, ${summary.incidents} incidents, ${summary.notifications} notifications`;
}

function lineOf(event: HistoryEvent): string {
  if (event.type === 'notification') return `${event.at}  → ${event.receiver} (${event.channel}), ${event.reason}`;
  if (event.type === 'signal')
    return `${event.at}  ${event.brand}  ${event.detector} ${event.scope} ${event.state}: ${event.explain}`;
  return `${event.at}  ${event.brand}  ALERT ${event.rule} ${event.status} (${event.severity}): ${event.because.join(' · ')}`;
}

interface Difference {
  readonly type: 'difference';
  readonly only: 'ours' | 'theirs';
  readonly event: HistoryEvent;
}

/** Alerts that only one of two sets of rules raised. */
function differences(ours: readonly HistoryEvent[], theirs: readonly HistoryEvent[]): Difference[] {
  const keyOf = (event: HistoryEvent): string => JSON.stringify(event);
  const alerts = (events: readonly HistoryEvent[]): HistoryEvent[] => events.filter(({ type }) => type === 'alert');
  const inOurs = new Set(alerts(ours).map(keyOf));
  const inTheirs = new Set(alerts(theirs).map(keyOf));
  const found = [
    ...alerts(ours)
      .filter((event) => !inTheirs.has(keyOf(event)))
      .map((event): Difference => ({ type: 'difference', only: 'ours', event })),
    ...alerts(theirs)
      .filter((event) => !inOurs.has(keyOf(event)))
      .map((event): Difference => ({ type: 'difference', only: 'theirs', event })),
  ];
  return found.sort((a, b) => (a.event.at < b.event.at ? -1 : a.event.at > b.event.at ? 1 : 0));
}

function differenceLine({ only, event }: Difference): string {
  return `${only === 'ours' ? '-' : '+'} ${lineOf(event)}`;
}
