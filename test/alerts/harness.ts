/** The alert role with everything around it in memory, on a clock that the test moves. */
import { runAlerts, type AlertsDeps } from '../../src/alerts/run-alerts.ts';
import { routeSchema } from '../../src/alerts/route.ts';
import { MemoryBus } from '../../src/bus/memory.ts';
import { MemoryDesk } from '../../src/desk/memory.ts';
import { createLogger } from '../../src/lib/log.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import { outboxId } from '../../src/model/ids.ts';
import type { Bus, MentionStore, Notifier } from '../../src/model/ports.ts';
import type { Alert, Json, Notification, OutboxItem } from '../../src/model/types.ts';
import { AT, sampleAlert } from '../notifiers/sample.ts';
import { FakeClock } from './fake-clock.ts';

/** A notifier that does what the test says; without a word it takes everything. */
export class ScriptedNotifier implements Notifier {
  readonly channel: string;
  readonly sent: Notification[] = [];
  readonly tried: Notification[] = [];
  act: (notification: Notification, signal: AbortSignal) => Promise<void> = async () => {};

  constructor(channel = 'email') {
    this.channel = channel;
  }

  async notify(notification: Notification, signal: AbortSignal): Promise<void> {
    this.tried.push(notification);
    await this.act(notification, signal);
    this.sent.push(notification);
  }

  async verify(): Promise<void> {}
}

/** A store that holds nothing. */
export const emptyStore = {
  search: async () => ({ items: [] }),
  facets: async () => ({}),
  series: async () => [],
} as unknown as MentionStore;

export interface Harness {
  readonly clock: FakeClock;
  readonly bus: Bus;
  readonly desk: MemoryDesk;
  readonly deps: AlertsDeps;
  start(over?: Partial<AlertsDeps>): ReturnType<typeof runAlerts>;
  /** Commits items to the outbox as a partition does. */
  put(...items: OutboxItem[]): Promise<void>;
  log(): Promise<readonly Record<string, unknown>[]>;
}

export function harness(
  receivers: Readonly<Record<string, readonly Notifier[]>>,
  route: Json = { receiver: 'pr' },
): Harness {
  const clock = new FakeClock(AT);
  const bus = new MemoryBus({ waitMs: 20 });
  const desk = new MemoryDesk();
  let offset = 0;
  const deps: AlertsDeps = {
    bus,
    desk,
    store: emptyStore,
    receivers: Object.entries(receivers).map(([name, channels]) => ({ name, channels })),
    route: routeSchema.parse(route),
    brands: () => [],
    health: () => [],
    clock,
    io: clock,
    random: () => 1,
    language: 'fr',
    timezone: 'Europe/Paris',
    demo: false,
    log: createLogger(),
    metrics: createMetrics(),
  };
  return {
    clock,
    bus,
    desk,
    deps,
    start: (over = {}) => runAlerts({ ...deps, ...over }),
    put: (...items) =>
      bus.commit(
        0,
        { name: 'partition/0', epoch: 1 },
        {
          offset: String(++offset),
          state: new Map(),
          outbox: new Map(items.map((item) => [outboxId(item), item as unknown as Json])),
        },
      ),
    log: async () => [...(await bus.notificationLog(1_000))].reverse() as Record<string, unknown>[],
  };
}

export function item(over: Partial<Alert> = {}): OutboxItem {
  return { kind: 'alert', alert: sampleAlert({ id: 'a', sequence: 1, severity: 'warning', ...over }) };
}
