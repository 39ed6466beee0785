/** The composition root: the only file that knows which parts there are. Reads top to bottom as the data flows. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Subject, type Subscription } from 'rxjs';
import { type AlertsStatus, runAlerts } from './alerts/run-alerts.ts';
import { createHealthBook } from './api/health-book.ts';
import type { LiveEvent } from './api/live.ts';
import { createLiveRelay } from './api/live-relay.ts';
import { checkReadiness } from './api/readiness.ts';
import { createServer } from './api/server.ts';
import { createSideServer } from './api/side-server.ts';
import { MemoryBus } from './bus/memory.ts';
import { openRedisBus, RedisBus } from './bus/redis.ts';
import { openSqliteBus } from './bus/sqlite.ts';
import type { Config } from './config/load.ts';
import { openElasticsearchDesk } from './desk/elasticsearch.ts';
import { openSqliteDesk } from './desk/sqlite.ts';
import { detectorDefinitions, detectors } from './detectors/index.ts';
import { say } from './i18n/index.ts';
import { type Clock, Stamper, wallClock } from './lib/clock.ts';
import { createLogger, type Logger } from './lib/log.ts';
import { createMetrics } from './lib/metrics.ts';
import { ConfigError } from './model/errors.ts';
import { partitionKey } from './model/ids.ts';
import type { Bus, Desk, MentionStore, Source } from './model/ports.ts';
import type { Millis, SourceHealth } from './model/types.ts';
import type { Committed, SourceCursor } from './pipeline/pipeline.ts';
import { fileQuarantine } from './pipeline/quarantine.ts';
import { runPartition } from './pipeline/run-partition.ts';
import { runSource } from './pipeline/run-source.ts';
import { takenFrom } from './pipeline/taken.ts';
import { createRuleEngine } from './rules/engine.ts';
import { loadRules, readRuleFolder } from './rules/load.ts';
import type { RuleSet } from './rules/rule.ts';
import { createElasticsearchStore } from './store/elasticsearch.ts';
import { createSqliteStore } from './store/sqlite.ts';
import { createLanguageDetector } from './text/language.ts';
import { createScorer } from './text/sentiment/index.ts';
import { STREAM_LATENESS_MS } from './pipeline/stamp.ts';

/**
 * What a process may do. `ingest` reads sources, `analyse` reads the log and runs detectors and rules, `alert` tells people,
 * `web` shows the pages. Posts that are pushed to us are taken by `ingest` and by `web`.
 */
export const ROLES = ['ingest', 'analyse', 'alert', 'web'] as const;
export type Role = (typeof ROLES)[number];

/** Only some roles were asked for, and the processes would share nothing. */
export class RolesRefused extends Error {
  override readonly name = 'RolesRefused';
}

/** What tests, replays and the demonstration set differently. */
export interface Overrides {
  /** All unless told; fewer need a bus and a store that processes share, or RolesRefused is thrown. */
  readonly roles?: readonly Role[];
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Labelled in every page and alert. */
  readonly demo?: boolean;
  /** Sources beside the configured ones. */
  readonly sources?: readonly {
    readonly name: string;
    readonly type: string;
    readonly source: Source;
    readonly history?: boolean;
  }[];
  /** Lines state when they were observed: replays only. */
  readonly trustObservedAt?: boolean;
  /** Off where the clock is the input's alone: then there are no ticks, and a stop is no gap. */
  readonly ticks?: boolean;
  readonly partitions?: number;
  readonly batchSize?: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly random?: () => number;
  /** Off where a program is the only one that reaches it. */
  readonly signIn?: boolean;
  readonly wrapBus?: (bus: Bus) => Bus;
  readonly print?: (line: string) => void;
  /** Told of every batch that was committed. */
  readonly onCommitted?: (committed: Committed) => void;
}

export interface App extends AsyncDisposable {
  /** Where it answers. */
  readonly address: string;
  /** A link that signs one browser in, once, within 15 minutes; only with the role `web`. */
  readonly signInLink: () => string;
  readonly health: () => readonly SourceHealth[];
  /** How telling people goes. */
  readonly alerts: () => AlertsStatus;
  /** For looking at what is stored; fails where no role of this process needs a store. */
  readonly store: Pick<MentionStore, 'search' | 'count'>;
  /** Reads the rules again: all or nothing, and what runs goes on with them. Throws a ConfigError and keeps the old ones. */
  reloadRules(): Promise<void>;
}

/** The rules that come with the program. */
const SHIPPED_RULES = fileURLToPath(new URL('../rules', import.meta.url));
const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
/** What a stop waits for at most. */
const STOP_MS = 10_000;
/** Entries of the log are kept this long. */
const LOG_KEPT_MS = 7 * 86_400_000;
/** A stop shorter than this is not told as a gap. */
const UNNOTICED_MS = 120_000;
/** Between two times that a process says how its sources are doing. */
const SAY_HEALTH_MS = 10_000;
/** Between two times that a process says in the log's cursors that it listens to those who push. */
const SAY_LISTENING_MS = 60_000;

/** Starts the roles asked for, all in one process unless told. Disposing it stops asking, finishes what is under way, and closes. */
export async function start(config: Config, overrides: Overrides = {}): Promise<App> {
  const { clock = wallClock, demo = false, random = Math.random, batchSize = 500, ticks = true } = overrides;
  const fetch = overrides.fetch ?? globalThis.fetch;
  const roles = new Set<Role>(overrides.roles ?? ROLES);
  checkRoles(config, roles);
  const log = overrides.log ?? createLogger({ mask: config.mask });
  const metrics = createMetrics({ process: true });
  await using stack = new AsyncDisposableStack();
  await mkdir(config.data, { recursive: true });

  // The durable middle.
  const made = stack.use(await openBus(config, overrides, log));
  const bus = overrides.wrapBus?.(made) ?? made;
  // Who only takes posts in goes on while the store is away.
  const kept = roles.size === 1 && roles.has('ingest') ? undefined : await openStore(config, overrides, log);
  const store = stack.use(kept?.store);
  const desk = stack.use(kept?.desk);
  const stamper = new Stamper(clock.now, await bus.head());

  // What judges.
  let rules = await readRules(config);
  const reload = new Subject<void>();
  const health = createHealthBook(wallClock.now);

  // What people see, and where posts are pushed to.
  const common = {
    host: config.server.host,
    port: config.server.port,
    readiness: () => checkReadiness({ store, bus, sources: health.own }),
    mask: config.mask,
    metrics,
    log,
    language: config.language,
    timezone: config.timezone,
  };
  const pages =
    roles.has('web') && store && desk
      ? stack.use(
          await createServer({
            ...common,
            store,
            desk,
            brands: config.brands,
            sources: health.all,
            quarantined: () => health.all().reduce((total, { quarantined }) => total + quarantined, 0),
            now: clock.now,
            demo,
            version: VERSION,
            signIn: overrides.signIn ?? true,
            onPublished: (event) => relay?.publish(event),
          }),
        )
      : undefined;
  const server = pages ?? stack.use(await createSideServer(common));

  // What happens, to whoever looks, in whichever process.
  const relay =
    made instanceof RedisBus
      ? stack.use(
          createLiveRelay({
            channel: made.channel('live'),
            onEvent(event, from) {
              if (event.kind === 'source') health.heard(event.source, from);
              pages?.publish(event);
            },
            onMissed: () => pages?.missed(),
            onError: (error) => log.warn('live.not-relayed', { error }),
          }),
        )
      : undefined;
  const publish = (event: LiveEvent): void => {
    pages?.publish(event);
    relay?.publish(event);
  };
  if (relay) {
    const saying = setInterval(() => {
      for (const source of health.own()) relay.publish({ kind: 'source', source });
    }, SAY_HEALTH_MS);
    stack.defer(() => clearInterval(saying));
  }

  // The outside world → the log.
  const stop = new AbortController();
  const running: Subscription[] = [];
  const configured = [
    ...config.sources.map(({ name, type, create }) => ({
      name,
      type,
      history: false,
      source: create({
        fetch,
        hook: server.hook,
        queries: () => [...config.queries.values()],
        now: clock.now,
        sleep: clock.sleep,
        random,
        stdin: () => process.stdin,
        ...(store ? { taken: takenFrom(store, config.brands, clock.now) } : {}),
      }),
    })),
    ...(overrides.sources ?? []),
  ];
  const latenessMs = new Map(configured.map(({ name, source }) => [name, source.latenessMs]));
  const sources = configured.filter(({ source }) => roles.has('ingest') || (source.pushed && roles.has('web')));
  // Where others went on meanwhile, what was missed is known when a source becomes ours; else it is said before the time moves on.
  const shared = made instanceof RedisBus;
  if (ticks && (!shared || (await nobodyWasThere(bus, clock.now())))) {
    const names = (shared ? configured : sources).map(({ name }) => name);
    if (roles.has('ingest') || roles.has('analyse')) await sayWhatWasMissed(bus, stamper, names);
  }
  const takeOver = async (name?: string): Promise<void> => {
    stamper.raise(await bus.head());
    if (ticks && name !== undefined) await sayWhatWasMissed(bus, stamper, [name]);
  };
  const pushed = ticks && shared ? sources.filter(({ source }) => source.pushed) : [];
  if (pushed.length > 0) {
    const saying = setInterval(() => {
      for (const { name } of pushed) {
        const value: SourceCursor = { readAt: clock.now() };
        bus.append([], { source: name, value }).catch((error: unknown) => log.warn('cursor.not-moved', { error }));
      }
    }, SAY_LISTENING_MS);
    stack.defer(() => clearInterval(saying));
  }
  const quarantine = fileQuarantine({
    now: wallClock.now,
    folder: join(config.data, 'quarantine'),
    onDrop: (file, bytes) => log.warn('quarantine.full', { file, bytes }),
  });
  const language = createLanguageDetector();
  const sentiment = createScorer(config.sentiment.engine);
  const done: Promise<void>[] = [];
  for (const { name, type, source, history } of sources) {
    const subscription = runSource(
      {
        name,
        type,
        source,
        bus,
        clock,
        stamper,
        quarantine,
        log,
        metrics,
        random,
        brands: config.brands,
        language,
        sentiment,
        history: history ?? false,
        trustObservedAt: overrides.trustObservedAt ?? false,
        ...(shared ? { onHeld: () => takeOver(name) } : {}),
        onHealth: (now) => {
          health.set(now);
          publish({ kind: 'source', source: now });
        },
      },
      stop.signal,
    ).subscribe({ error: (error: unknown) => log.error('source.stopped', { source: name, error }) });
    running.push(subscription);
    done.push(new Promise((resolve) => subscription.add(() => resolve())));
  }

  // The log → the store, signals, alerts.
  const analysed = roles.has('analyse') ? bus.partitions : 0;
  for (let partition = 0; partition < analysed; partition++) {
    if (store === undefined) break;
    const subscription = runPartition(
      {
        partition,
        bus,
        store,
        clock,
        stamper,
        log,
        metrics,
        random,
        batchSize,
        reload,
        ticks,
        brands: config.brands.filter((brand) => bus.partitionOf(partitionKey(brand)) === partition),
        detectors: detectors({ latenessMs: (via) => latenessMs.get(via) ?? STREAM_LATENESS_MS, brands: config.brands }),
        rules: () => createRuleEngine(rules, config.brands),
        ...(shared ? { onHeld: () => takeOver() } : {}),
      },
      stop.signal,
    ).subscribe({
      next: (committed) => {
        const { mentions, removals } = committed;
        overrides.onCommitted?.(committed);
        for (const mention of mentions) publish({ kind: 'mention', mention });
        for (const { id, brands } of removals) {
          if (brands === undefined) publish({ kind: 'removed', id });
          else for (const brand of brands) publish({ kind: 'removed', id, brand });
        }
      },
      error: (error: unknown) => log.error('partition.stopped', { partition, error }),
    });
    running.push(subscription);
    done.push(new Promise((resolve) => subscription.add(() => resolve())));
  }

  // The outbox → people.
  const smtp = config.smtp && !demo ? { smtp: { url: config.smtp.url.reveal(), from: config.smtp.from } } : {};
  const receivers = config.createReceivers({
    fetch,
    now: clock.now,
    mailFolder: join(config.data, 'mail'),
    from: config.smtp?.from ?? 'vigie@localhost',
    print: overrides.print ?? ((line) => void process.stdout.write(`${line}\n`)),
    ...smtp,
  });
  const alerts =
    roles.has('alert') && store && desk
      ? stack.use(
          runAlerts({
            bus,
            desk,
            store,
            receivers,
            route: config.route,
            brands: () => config.brands,
            health: health.all,
            language: config.language,
            timezone: config.timezone,
            demo,
            clock,
            random,
            log,
            metrics,
            ...(config.server.publicUrl === undefined ? {} : { publicUrl: config.server.publicUrl }),
            onProjected: (projected) => {
              if (projected.kind === 'alert') publish({ kind: 'alert', alert: projected.document.alert });
              else publish({ kind: 'signal', client: projected.client, signal: projected.document.signal });
            },
          }),
        )
      : undefined;

  // Soft first: no more asking, the batches under way are finished; then hard.
  stack.defer(async () => {
    stop.abort();
    await Promise.race([Promise.all(done), wallClock.sleep(STOP_MS, new AbortController().signal)]);
    for (const subscription of running) subscription.unsubscribe();
  });
  if (kept && roles.has('analyse')) {
    const trimming = setInterval(() => {
      bus.trim(clock.now() - LOG_KEPT_MS).catch((error: unknown) => log.warn('log.not-trimmed', { error }));
      kept.dropOld(clock.now()).catch((error: unknown) => log.warn('store.not-trimmed', { error }));
    }, 3_600_000);
    stack.defer(() => clearInterval(trimming));
  }

  const address = await server.listen();
  const owned = stack.move();
  return {
    address,
    signInLink() {
      if (pages === undefined) throw new Error('this process shows no pages');
      return pages.signInLink();
    },
    health: health.all,
    alerts: () => alerts?.status() ?? { holdsLease: false, channels: [], unshown: 0 },
    store: store ?? NO_STORE,
    async reloadRules() {
      rules = await readRules(config);
      reload.next();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const NO_STORE: App['store'] = {
  search: () => Promise.reject(new Error('no role of this process needs a store')),
  count: () => Promise.reject(new Error('no role of this process needs a store')),
};

/** Throws RolesRefused where processes with some of the roles would not meet. */
function checkRoles({ bus, store, language }: Config, roles: ReadonlySet<Role>): void {
  const values = { roles: [...roles].join(',') };
  if (roles.size === ROLES.length || (bus.type === 'redis' && store.type === 'elasticsearch' && roles.size > 0)) return;
  throw new RolesRefused(say(language, { key: 'config.splitRoles', values }));
}

/** What an installation keeps, opened to be looked at and moved: nothing runs. Disposing it closes all three. */
export async function openKept(
  config: Config,
  overrides: Overrides = {},
): Promise<AsyncDisposable & { readonly bus: Bus; readonly store: MentionStore; readonly desk: Desk }> {
  const log = overrides.log ?? createLogger({ mask: config.mask });
  await using stack = new AsyncDisposableStack();
  await mkdir(config.data, { recursive: true });
  const bus = stack.use(await openBus(config, overrides, log));
  const kept = await openStore(config, overrides, log);
  const store = stack.use(kept.store);
  const desk = stack.use(kept.desk);
  const owned = stack.move();
  return { bus, store, desk, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Where mentions, and what people make, are kept; `dropOld` drops mentions that are older than the configured retention. */
async function openStore(
  { store, data }: Config,
  { random = Math.random }: Overrides,
  log: Logger,
): Promise<{ readonly store: MentionStore; readonly desk: Desk; readonly dropOld: (now: Millis) => Promise<void> }> {
  if (store.type === 'sqlite') {
    return {
      store: await createSqliteStore({ path: join(data, 'mentions.db') }),
      desk: openSqliteDesk(join(data, 'desk.db')),
      dropOld: async () => {},
    };
  }
  const { url, apiKey, username, password, ca, prefix, retentionMs } = store;
  const connection = {
    url,
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(ca === undefined ? {} : { ca }),
  };
  const made = await createElasticsearchStore({
    connection,
    prefix,
    random,
    onRefused: (refused) => log.error('store.refused', { ...refused }),
  });
  // Months of an older version are read and written as they are until they have been rebuilt.
  made
    .migrate()
    .then((months) => months.length > 0 && log.info('store.months-rebuilt', { months }))
    .catch((error: unknown) => log.warn('store.months-not-rebuilt', { error }));
  try {
    const desk = await openElasticsearchDesk({ connection, prefix });
    return {
      store: made,
      desk,
      async dropOld(now) {
        if (retentionMs === undefined) return;
        const months = await made.dropBefore(now - retentionMs);
        if (months.length > 0) log.info('store.months-dropped', { months });
      },
    };
  } catch (error) {
    await made[Symbol.asyncDispose]();
    throw error;
  }
}

/** The bus that is configured. */
async function openBus({ bus, data }: Config, { clock = wallClock, partitions }: Overrides, log: Logger): Promise<Bus> {
  const asked = partitions === undefined ? {} : { partitions };
  if (bus.type === 'memory') return new MemoryBus(asked);
  if (bus.type === 'sqlite') return openSqliteBus({ path: join(data, 'bus.db'), now: clock.now(), ...asked });
  const { type: _type, url, sentinelPassword, replicas = 0, ...settings } = bus;
  return await openRedisBus({
    ...settings,
    ...asked,
    url: url.reveal(),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: sentinelPassword.reveal() }),
    ...(replicas === 0 ? {} : { replicas: { count: replicas, waitMs: REPLICAS_MS } }),
    log,
  });
}

/** How long a write waits for the replicas that must have it, before it is asked for again. */
const REPLICAS_MS: Millis = 1_000;

/** Where a configuration's rules lie: its own folder, else the shipped ones. */
export function rulesFolder({ rules }: Pick<Config, 'rules'>): string {
  return rules ?? SHIPPED_RULES;
}

/** The rules of a configuration; throws a ConfigError with every problem. */
export async function readRules(config: Pick<Config, 'rules' | 'brands' | 'language'>): Promise<RuleSet> {
  const { rules, problems } = loadRules(await readRuleFolder(rulesFolder(config)), {
    brands: config.brands,
    language: config.language,
    detectors: detectorDefinitions.map(({ type }) => type),
  });
  if (!rules) throw new ConfigError(problems);
  return rules;
}

/** Whether no process read the log in the last minutes: whoever does writes a tick each minute. */
async function nobodyWasThere(bus: Bus, now: Millis): Promise<boolean> {
  const head = await bus.head();
  return head !== undefined && now - head >= UNNOTICED_MS;
}

/** What nobody heard while we were stopped is a gap, and is in the log before the time moves over it. */
async function sayWhatWasMissed(bus: Bus, stamper: Stamper, sources: readonly string[]): Promise<void> {
  const alive = await bus.head();
  if (alive === undefined) return;
  const { at: to, reset } = stamper.stamp();
  if (reset) await bus.append([{ to: 'all', value: { kind: 'reset', observedAt: to } }]);
  for (const via of sources) {
    const kept = (await bus.cursor(via)) as SourceCursor | undefined;
    const from = kept?.readAt ?? alive;
    if (to - from < UNNOTICED_MS) continue;
    await bus.append([{ to: 'all', value: { kind: 'gap', via, from, to, observedAt: to } }]);
  }
}
