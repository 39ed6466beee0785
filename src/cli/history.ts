/** Runs a configuration over history: what `backtest` prints and what the tests of rules ask. */
import { createDispatcher } from '../alerts/dispatcher.ts';
import type { Config } from '../config/load.ts';
import { MemoryBus } from '../bus/memory.ts';
import { detectors } from '../detectors/index.ts';
import { MapState } from '../lib/map-state.ts';
import type { Brand, Millis, UnstampedPost } from '../model/types.ts';
import { type BacktestSummary, backtest } from '../pipeline/backtest.ts';
import { createRuleEngine } from '../rules/engine.ts';
import type { RuleSet } from '../rules/rule.ts';
import { createLanguageDetector } from '../text/language.ts';
import { createScorer } from '../text/sentiment/index.ts';
import { alertEvent, notificationEvents, signalEvent } from './events.ts';
import { STREAM_LATENESS_MS } from '../pipeline/stamp.ts';

export type HistoryEvent =
  | ReturnType<typeof signalEvent>
  | ReturnType<typeof alertEvent>
  | ReturnType<typeof notificationEvents>[number];

export interface HistoryOptions {
  readonly posts: readonly UnstampedPost[];
  readonly config: Pick<Config, 'brands' | 'language' | 'timezone' | 'route' | 'createReceivers' | 'sentiment'>;
  readonly rules: RuleSet;
  readonly batchSize: number;
  /** Events before it are not reported. */
  readonly from?: Millis;
  readonly onEvent: (event: HistoryEvent) => void;
}

/** Everything that live running would have said, in order. */
export async function runHistory(options: HistoryOptions): Promise<BacktestSummary> {
  const { config, rules, batchSize, onEvent, posts } = options;
  const channels = channelsOf(config);
  const { brands, route, language, timezone } = config;
  const words = { language, timezone };
  const from = options.from ?? -Infinity;
  const dispatcher = createDispatcher({ route });
  const told = new MapState();
  const fired = new Set<string>();
  const report = (event: HistoryEvent, at: Millis): void => {
    if (at >= from) onEvent(event);
  };
  const deliver = (deliveries: ReturnType<typeof dispatcher.advance>): void => {
    for (const delivery of deliveries) {
      for (const event of notificationEvents(delivery, channels.get(delivery.receiver) ?? []))
        report(event, delivery.at);
    }
  };
  await using bus = new MemoryBus({ partitions: 1, share: true });
  const summary = await backtest(posts, {
    brands: [...brands],
    detectors: detectors({ latenessMs: () => STREAM_LATENESS_MS, brands }),
    rules: createRuleEngine(rules, brands),
    language: createLanguageDetector(languagesOf(brands)),
    sentiment: createScorer(config.sentiment.engine),
    bus,
    store: { put: async () => {}, remove: async () => {} },
    batchSize,
    latenessMs: STREAM_LATENESS_MS,
    onEvent: (event) => {
      if (event.kind === 'signal') return report(signalEvent(event.signal, words), event.signal.at);
      const { alert } = event;
      deliver(dispatcher.advance(told, alert.at));
      // What was pending and never came true was never an alert.
      if (alert.status === 'firing') fired.add(alert.id);
      if (fired.has(alert.id)) report(alertEvent(alert, words), alert.at);
      deliver(dispatcher.onTransition(told, alert, alert.at));
    },
  });
  deliver(dispatcher.advance(told, summary.clock));
  return summary;
}

/** The channels of each receiver; nobody is told. */
function channelsOf({ createReceivers }: Pick<Config, 'createReceivers'>): ReadonlyMap<string, readonly string[]> {
  const receivers = createReceivers({ fetch, now: () => 0, mailFolder: '', from: 'vigie@localhost', print: () => {} });
  return new Map(receivers.map(({ name, channels }) => [name, channels.map(({ channel }) => channel)]));
}

export function languagesOf(brands: readonly Brand[]): string[] {
  return [...new Set(brands.flatMap(({ languages }) => languages))];
}
