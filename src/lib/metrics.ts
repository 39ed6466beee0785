/** What the program counts about itself, for Prometheus. Labels have few values: never a brand, never an id, never a text. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Distinct values that one label may take; what comes after them is counted as `other`. */
const MOST_VALUES = 200;

/** What pipeline, alerts and api call while they work. Counts default to 1, durations are in ms. */
export interface Metrics {
  /** Items that a configured source handed over. */
  items(source: string, count?: number): void;
  /** Items that were left out on purpose, by `<step>:<reason>`. */
  dropped(reason: string, count?: number): void;
  /** Items that could not be used and were kept aside, by step. */
  quarantined(step: string, count?: number): void;
  /** Mentions that were analysed and stored. */
  mentions(count?: number): void;
  signals(detector: string, state: 'open' | 'update' | 'close'): void;
  alerts(severity: string, status: string): void;
  /** Attempts to tell somebody. */
  notifications(channel: string, result: 'sent' | 'retry' | 'failed'): void;
  /** How far the reader of a partition is behind the newest entry. */
  lag(partition: number, ms: number): void;
  /** How long a stage took for one batch. */
  stage(name: string, ms: number): void;
  /** The Prometheus text, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Makes an empty set of counters. `process`: with memory, CPU and event loop of this process. */
export function createMetrics(options: { readonly process?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.process) collectDefaultMetrics({ register: registry, prefix: 'vigie_' });

  const items = new Counter({
    name: 'vigie_items_total',
    help: 'Items taken in, by configured source.',
    labelNames: ['source'],
    registers,
  });
  const dropped = new Counter({
    name: 'vigie_dropped_total',
    help: 'Items left out on purpose, by step and reason.',
    labelNames: ['reason'],
    registers,
  });
  const quarantined = new Counter({
    name: 'vigie_quarantined_total',
    help: 'Items that could not be used and were kept aside, by step.',
    labelNames: ['step'],
    registers,
  });
  const mentions = new Counter({ name: 'vigie_mentions_total', help: 'Mentions analysed and stored.', registers });
  const signals = new Counter({
    name: 'vigie_signals_total',
    help: 'Transitions of signals, by detector and state.',
    labelNames: ['detector', 'state'],
    registers,
  });
  const alerts = new Counter({
    name: 'vigie_alerts_total',
    help: 'Transitions of alerts, by severity and status.',
    labelNames: ['severity', 'status'],
    registers,
  });
  const notifications = new Counter({
    name: 'vigie_notifications_total',
    help: 'Attempts to tell somebody, by channel and result.',
    labelNames: ['channel', 'result'],
    registers,
  });
  const lag = new Gauge({
    name: 'vigie_lag_seconds',
    help: 'How far the reader of a partition is behind its newest entry.',
    labelNames: ['partition'],
    registers,
  });
  const stage = new Histogram({
    name: 'vigie_stage_seconds',
    help: 'Time that one batch spent in a stage.',
    labelNames: ['stage'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });

  const bySource = limited();
  const byReason = limited();
  const byStep = limited();
  const byDetector = limited();
  const byChannel = limited();
  const byStage = limited();
  return {
    items: (source, count = 1) => items.inc({ source: bySource(source) }, count),
    dropped: (reason, count = 1) => dropped.inc({ reason: byReason(reason) }, count),
    quarantined: (step, count = 1) => quarantined.inc({ step: byStep(step) }, count),
    mentions: (count = 1) => mentions.inc(count),
    signals: (detector, state) => signals.inc({ detector: byDetector(detector), state }),
    alerts: (severity, status) => alerts.inc({ severity, status }),
    notifications: (channel, result) => notifications.inc({ channel: byChannel(channel), result }),
    lag: (partition, ms) => lag.set({ partition }, ms / 1000),
    stage: (name, ms) => stage.observe({ stage: byStage(name) }, ms / 1000),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function limited(): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= MOST_VALUES) return 'other';
    seen.add(value);
    return value;
  };
}
