/** A server over a store and a desk in memory, with brands of two clients. */
import type { LightMyRequestResponse } from 'fastify';
import { project } from '../../src/alerts/project.ts';
import { createServer, type Server, type ServerOptions } from '../../src/api/server.ts';
import { MemoryDesk } from '../../src/desk/memory.ts';
import { createLogger } from '../../src/lib/log.ts';
import { createMetrics, type Metrics } from '../../src/lib/metrics.ts';
import type { Desk, MentionStore } from '../../src/model/ports.ts';
import type { Alert, Brand, Mention, Signal } from '../../src/model/types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

export const noon = Date.UTC(2026, 2, 3, 12);
const minute = 60_000;

export function brandOf(id: string, changes: Partial<Brand> = {}): Brand {
  return {
    id,
    name: id,
    query: id,
    languages: ['fr'],
    own: {},
    competitors: [],
    role: 'own',
    client: 'dupont',
    group: 'default',
    ...changes,
  };
}

export function mentionOf(id: string, changes: Partial<Mention> = {}): Mention {
  const at = changes.at ?? noon;
  const text = changes.text ?? `about ${id}`;
  return {
    id,
    source: 'x',
    via: 'test',
    op: 'create',
    text,
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: 'dupont',
    brand: 'acme',
    own: false,
    language: 'fr',
    sentiment: { label: 'neutral', score: 0, confidence: 0.9, unsure: false, words: [] },
    terms: text.toLowerCase().split(/\W+/),
    topics: [],
    links: [],
    fingerprint: id,
    ...changes,
  };
}

export function alertOf(startsAt: number, changes: Partial<Alert> = {}): Alert {
  const { rule = 'bad-buzz', brand = 'acme', scope = '*' } = changes;
  return {
    id: `${rule}:${brand}:${scope}:${startsAt}`,
    client: 'dupont',
    rule,
    brand,
    scope,
    status: 'firing',
    severity: 'warning',
    labels: { team: 'press' },
    title: { fr: 'Bad buzz', en: 'Bad buzz' },
    summary: { fr: 'Acme : 71 mentions', en: 'Acme: 71 mentions' },
    because: [{ key: 'test.reason', values: { count: 71 } }],
    observed: 71,
    expected: 3.1,
    window: '15m',
    sequence: 1,
    at: startsAt,
    startsAt,
    evidence: ['x:1', 'x:gone'],
    ...changes,
  };
}

export function signalOf(startedAt: number, changes: Partial<Signal> = {}): Signal {
  return {
    id: `spike:acme:*:15m:${startedAt}`,
    detector: 'spike',
    brand: 'acme',
    scope: '*',
    window: '15m',
    state: 'open',
    startedAt,
    at: startedAt,
    observed: 71,
    expected: 3.1,
    score: 1.9,
    values: { ratio: 22.9 },
    explain: { key: 'test.explain', values: {} },
    evidence: ['x:1'],
    ...changes,
  };
}

export interface World extends AsyncDisposable {
  readonly server: Server;
  readonly store: MentionStore;
  readonly desk: Desk;
  readonly metrics: Metrics;
  /** Lines of the log. */
  readonly lines: readonly string[];
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<LightMyRequestResponse>;
}

export async function openWorld(changes: Partial<ServerOptions> = {}): Promise<World> {
  const store = changes.store ?? createMemoryStore();
  const desk = changes.desk ?? new MemoryDesk();
  const metrics = createMetrics();
  const lines: string[] = [];
  const server = await createServer({
    store,
    desk,
    metrics,
    brands: [
      brandOf('acme', { competitors: ['globex'] }),
      brandOf('globex', { role: 'competitor' }),
      brandOf('other', { client: 'martin' }),
    ],
    sources: () => [
      {
        name: 'press',
        type: 'feed',
        startedAt: noon,
        lastReadAt: noon + minute,
        ended: false,
        items: 3,
        quarantined: 1,
      },
    ],
    readiness: async () => [{ name: 'store', ok: true }],
    quarantined: () => 1,
    log: createLogger({ level: 'debug', write: (line) => void lines.push(line) }),
    now: () => noon + 10 * minute,
    language: 'fr',
    timezone: 'Europe/Paris',
    demo: false,
    version: '0.0.0-test',
    host: '127.0.0.1',
    port: 0,
    ...changes,
  });
  return {
    server,
    store,
    desk,
    metrics,
    lines,
    get: (url, headers = {}) => server.inject({ method: 'GET', url, headers }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await desk[Symbol.asyncDispose]();
    },
  };
}

/** Three posts about acme, one about globex, one of another client; two alerts and a signal on the desk. */
export async function fill({ store, desk }: Pick<World, 'store' | 'desk'>): Promise<void> {
  await store.put([
    mentionOf('x:1', { text: 'acme is broken', sentiment: negative, author: { id: '9', handle: 'jdoe' } }),
    mentionOf('x:2', { text: 'acme in the press', at: noon + minute, source: 'press' }),
    mentionOf('press:example.org/a/3', { text: 'lovely acme', at: noon + 2 * minute }),
    mentionOf('x:4', { brand: 'globex', text: 'globex', at: noon + 3 * minute }),
    mentionOf('x:5', { client: 'martin', brand: 'other', text: 'other', at: noon + 4 * minute }),
  ]);
  const rises = alertOf(noon, { sequence: 2, severity: 'critical', at: noon + 30_000 });
  const ends = alertOf(noon + minute, { status: 'resolved', endsAt: noon + 5 * minute });
  const gone = alertOf(noon + 2 * minute, { brand: 'no-longer-watched' });
  for (const alert of [alertOf(noon), rises, ends, gone]) await project(desk, [{ kind: 'alert', alert }]);
  await project(desk, [{ kind: 'signal', client: 'dupont', signal: signalOf(noon) }]);
}

const negative: Mention['sentiment'] = {
  label: 'negative',
  score: -0.7,
  confidence: 0.9,
  unsure: false,
  words: ['broken'],
};
