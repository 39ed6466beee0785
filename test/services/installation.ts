/** One configuration, run in one process on files or in many on Redis and Elasticsearch; and what is left behind when all is done. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKept } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import { partitionKey } from '../../src/model/ids.ts';
import { partitionOf } from '../../src/bus/shared.ts';
import type { Bus, Desk, MentionStore } from '../../src/model/ports.ts';
import type { Json } from '../../src/model/types.ts';
import { AIRLINES, airlineRows } from '../support/airlines.ts';
import type { ElasticsearchServer } from './elasticsearch.ts';

export const PARTITIONS = 8;

/** A group for each airline, in a partition of its own: each has a file, and files have no common order. */
export function airlineGroups(): ReadonlyMap<string, string> {
  const taken = new Set<number>();
  return new Map(
    AIRLINES.map(([id]) => {
      for (let i = 0; ; i++) {
        const partition = partitionOf(partitionKey({ client: 'default', group: `${id}${i}` }), PARTITIONS);
        if (taken.has(partition)) continue;
        taken.add(partition);
        return [id, `${id}${i}`];
      }
    }),
  );
}

/**
 * A file of posts for each airline, in the order of their time. What names several airlines is left out: it would stand in two
 * files. Answers how many posts there are, and how many were left out.
 */
export async function writeAirlines(
  csv: string,
  folder: string,
): Promise<{ readonly kept: number; readonly left: number }> {
  const rows = new Map<string, Record<string, unknown>[]>(AIRLINES.map(([id]) => [id, []]));
  let kept = 0;
  let left = 0;
  for await (const row of airlineRows(csv)) {
    const text = String(row['text']).toLowerCase();
    const named = AIRLINES.filter(([, , query]) => text.includes(query));
    if (named.length === 1 && named[0]) {
      rows.get(named[0][0])?.push(row);
      kept++;
    } else left++;
  }
  const order = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
    String(a['publishedAt']).localeCompare(String(b['publishedAt'])) || String(a['id']).localeCompare(String(b['id']));
  for (const [id, some] of rows) {
    const lines = some.sort(order).map((row) => JSON.stringify(row));
    await writeFile(join(folder, `${id}.ndjson`), `${lines.join('\n')}\n`);
  }
  return { kept, left };
}

export interface Place {
  readonly folder: string;
  /** Absent: everything in files. */
  readonly scaled?: {
    readonly redis: string;
    readonly elasticsearch: ElasticsearchServer;
    readonly prefix: string;
    readonly lease?: string;
  };
  readonly smtp: string;
}

/** Writes the configuration of the airlines into a folder; answers its path. */
export async function configure(name: string, { folder, scaled }: Place, sources: string | undefined): Promise<string> {
  const groups = airlineGroups();
  const brands = AIRLINES.map(
    ([id, label, query]) =>
      `  - { id: ${id}, name: ${label}, query: '${query}', languages: [en], group: ${groups.get(id)} }`,
  );
  const middle = scaled
    ? `bus: { type: redis, url: env:REDIS_URL, partitions: ${PARTITIONS}, lease: ${scaled.lease ?? '2s'}, prefix: ${scaled.prefix} }
store: { type: elasticsearch, url: '${scaled.elasticsearch.url}', prefix: ${scaled.prefix} }`
    : '';
  const file = join(folder, `${name}.yaml`);
  const files = AIRLINES.map(
    ([id]) => `  - { type: file, name: ${id}, paths: ['${join(folder, `${id}.ndjson`)}'] }`,
  ).join('\n');
  await writeFile(
    file,
    `language: en
timezone: America/Los_Angeles
data: ./${name}
server: { port: 0 }
${middle}
brands:
${brands.join('\n')}
sources:
${sources ?? files}
receivers: [{ name: pr, email: { to: [pr@example.org] } }]
smtp: { url: env:SMTP_URL, from: vigie@example.org }
`,
  );
  return file;
}

export interface Status {
  readonly mentions: Readonly<Record<string, number>>;
  /** Commits that were refused because the lease was over. */
  readonly lost: number;
  /** How often it stopped itself with a commit in its hands. */
  readonly stops: number;
  readonly ended: readonly string[];
  /** Whether it tells people. */
  readonly alerts: boolean;
}

/** One process of an installation. */
export class Member implements AsyncDisposable {
  readonly roles: string;
  readonly child: ChildProcess;
  readonly address: Promise<string>;
  status: Status = { mentions: {}, lost: 0, stops: 0, ended: [], alerts: false };
  stderr = '';

  constructor(file: string, roles: string, env: Readonly<Record<string, string>>) {
    this.roles = roles;
    this.child = spawn(process.execPath, [join(import.meta.dirname, 'role-process.ts'), file, roles], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    const told = Promise.withResolvers<string>();
    this.address = told.promise;
    this.address.catch(() => undefined);
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const value = JSON.parse(line) as Status & { address?: string };
      if (value.address) told.resolve(value.address);
      else this.status = value;
    });
    this.child.once('exit', () => told.reject(new Error(`${roles} ended before it answered: ${this.stderr}`)));
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.isOver) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    if (signal === 'SIGKILL') this.child.kill('SIGCONT');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOver) return;
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.end();
    clearTimeout(hard);
  }
}

/** Asks again and again until it is so; throws when it takes too long. */
export async function until(what: string, ask: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(50);
  }
}

/** What an installation keeps, opened beside the processes. */
export async function look(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly bus: Bus; readonly store: MentionStore; readonly desk: Desk }> {
  const config = await loadConfig({ file }, { env: { ...process.env, ...env } });
  return await openKept(config, { log: createLogger({ level: 'silent' }), partitions: PARTITIONS });
}

/** Whether every entry was analysed and everything that follows was told and shown. */
export async function isSettled(bus: Bus): Promise<boolean> {
  // Not cut short: an answer that was not waited for would look like nothing.
  const never = new AbortController().signal;
  if ((await bus.outbox(1, never)).length > 0) return false;
  for (const key of (await bus.loadAlerts()).keys()) if (/^(out|show):/.test(key)) return false;
  const unread = await Promise.all(
    Array.from({ length: bus.partitions }, async (_, partition) => {
      const { offset } = await bus.load(partition);
      return (await bus.read(partition, offset, 1, never)).length;
    }),
  );
  if (unread.some((count) => count > 0)) return false;
  // A reader may have committed meanwhile.
  if ((await bus.outbox(1, never)).length > 0) return false;
  for (const key of (await bus.loadAlerts()).keys()) if (/^(out|show):/.test(key)) return false;
  return true;
}

/** Everything that an installation says, in an order of its own. */
export interface Left {
  readonly mentions: readonly string[];
  readonly signals: readonly string[];
  readonly alerts: readonly string[];
  /** What was told: key, reason, receiver, channel and alerts of each message that was accepted. */
  readonly told: readonly string[];
}

export async function leftBehind(
  { bus, store, desk }: { bus: Bus; store: MentionStore; desk: Desk },
  brands: readonly string[] = AIRLINES.map(([id]) => id),
): Promise<Left> {
  const scope = { client: 'default', brands };
  const mentions: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.search(scope, {}, { limit: 1_000, ...(after === undefined ? {} : { after }) });
    mentions.push(...page.items.map((mention) => canonical(mention as unknown as Json)));
    after = page.next;
  } while (after !== undefined);
  const lines = (await bus.notificationLog(10_000)) as readonly { readonly [key: string]: Json }[];
  return {
    mentions: mentions.sort(),
    signals: await documents(desk, 'signal'),
    alerts: await documents(desk, 'alert'),
    told: lines
      .filter(({ outcome }) => outcome === 'sent')
      .map(({ key, reason, receiver, channel, alerts }) => canonical({ key, reason, receiver, channel, alerts }))
      .sort(),
  };
}

async function documents(desk: Desk, kind: string): Promise<readonly string[]> {
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await desk.list('default', kind, { limit: 200, ...(after === undefined ? {} : { after }) });
    found.push(...page.items.map(({ id, value }) => `${id} ${canonical(value)}`));
    after = page.next;
  } while (after !== undefined);
  return found.sort();
}

/** The same text for the same value, whatever the order of its keys. */
export function canonical(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
