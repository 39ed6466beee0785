/** The bus for any number of processes: one Redis Stream per partition, one script per step. What is durable when: README.md. */
import { randomUUID } from 'node:crypto';
// Imported by name: a test that fakes the timers of `globalThis` does not hold up an append.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import type { Observable } from 'rxjs';
import { crashPoint } from '../lib/crash-point.ts';
import type { Logger } from '../lib/log.ts';
import { LeaseLost } from '../model/errors.ts';
import type { Append, Bus, Checkpoint, Commit, Lease, Settlement, Stored } from '../model/ports.ts';
import type { Entry, Json, Millis } from '../model/types.ts';
import { Bell } from './bell.ts';
import { type Channel, RedisChannel } from './redis-channel.ts';
import { RedisLeases } from './redis-leases.ts';
import { pause, type RedisClient, RedisLink, type RedisLinkOptions, RedisUnavailable, script } from './redis-link.ts';
import {
  checkPartition,
  checkPartitions,
  decodeKey,
  encodeKey,
  type HeadMove,
  moveHead,
  notificationsKept,
  observedAtOf,
  parseOffset,
  partitionOf,
  settledKept,
  targetsOf,
  waitMs,
} from './shared.ts';

const scripts = {
  append: script('append'),
  commit: script('commit'),
  outbox: script('outbox'),
  settle: script('settle'),
  taken: script('taken'),
  trim: script('trim'),
};

/** Entries and characters that one step of an append takes at most, unless a single append brings more. */
const GROUP_ENTRIES = 2_000;
const GROUP_CHARS = 4 * 1024 * 1024;
/** Appends of a process that wait for Redis, per partition; more are refused by name. */
const WAITING_ENTRIES = 100_000;
/** A writer that is silent this long may write its last append twice when the answer was lost. */
const WRITER_KEPT_MS = 3_600_000;
/** What is still being written when the bus is closed has this long. */
const CLOSE_MS = 5_000;
/** Entries that one step of a trim looks at. */
const TRIM_PAGE = 500;
/** Fields that one step of a load asks for. */
const LOAD_PAGE = 1_000;
/** The connection of a partition that nobody waits for any more is closed after this long. */
const IDLE_MS = 30_000;

export interface RedisBusOptions extends Omit<RedisLinkOptions, 'onState'> {
  /** As many as the log has, 16 in a new one, unless told. Throws when the log has another number. */
  readonly partitions?: number;
  /** Begins the name of every key, so that installations can share a server. `v` unless told. */
  readonly prefix?: string;
  /** A holder of a lease that is silent this long loses it; renewed every third of it. 10 s unless told. */
  readonly leaseMs?: Millis;
  /** How long `read` and `outbox` wait for the first. 500 ms unless told. */
  readonly waitMs?: Millis;
  readonly log?: Logger;
}

/** Opens, or makes, a bus in Redis 7 or newer. Throws when Redis cannot be reached in time, is too old, or refuses us. */
export async function openRedisBus(options: RedisBusOptions): Promise<RedisBus> {
  const { log, prefix = 'v' } = options;
  const link = new RedisLink({
    ...options,
    onState: (error) => {
      if (error === undefined) log?.info('redis.back');
      else log?.warn('redis.away', { error });
    },
  });
  try {
    const advice = await checkServer(link);
    if (advice.length > 0) log?.warn('redis.settings', { advice });
    const partitions = await agreePartitions(link, `{${prefix}:c}:meta`, options.partitions);
    const bus = new RedisBus(link, { ...options, prefix, partitions });
    await bus.listen();
    return bus;
  } catch (error) {
    link.close();
    throw error;
  }
}

interface PartitionKeys {
  readonly log: string;
  readonly meta: string;
  readonly state: string;
  readonly outbox: string;
  readonly order: string;
  readonly settled: string;
  readonly epochs: string;
  readonly writer: string;
}

/** A bus in Redis; made by `openRedisBus`. */
export class RedisBus implements Bus {
  readonly partitions: number;
  #link: RedisLink;
  #waitMs: Millis;
  #log: Logger | undefined;
  #prefix: string;
  #channel: string;
  #control: { readonly [name in 'meta' | 'cursors' | 'alerts' | 'lines' | 'settling' | 'epochs' | 'nodes']: string };
  #lanes: readonly Lane[];
  #tails: readonly Tail[];
  #keys: readonly PartitionKeys[];
  #leases: RedisLeases;
  #outboxBell = new Bell();
  #over = new AbortController();
  /** The last append of each source that moves its cursor: cursors keep the order of their appends. */
  #cursors = new Map<string, Promise<void>>();
  /** In which partition an outbox id was read, so that a settlement asks that one only. */
  #readFrom = new Map<string, number>();
  #settling = 0;

  constructor(link: RedisLink, options: RedisBusOptions & { readonly prefix: string; readonly partitions: number }) {
    const { prefix, partitions, leaseMs = 10_000 } = options;
    const node = randomUUID();
    this.partitions = partitions;
    this.#link = link;
    this.#waitMs = options.waitMs ?? waitMs;
    this.#log = options.log;
    this.#prefix = prefix;
    this.#channel = `${prefix}:wake`;
    const control = (name: string): string => `{${prefix}:c}:${name}`;
    this.#control = {
      meta: control('meta'),
      cursors: control('cursors'),
      alerts: control('alerts'),
      lines: control('lines'),
      settling: control('settling'),
      epochs: control('epochs'),
      nodes: control('nodes'),
    };
    this.#keys = Array.from({ length: partitions }, (_, partition) => {
      const key = (name: string): string => `{${prefix}:p${partition}}:${name}`;
      return {
        log: key('log'),
        meta: key('meta'),
        state: key('state'),
        outbox: key('outbox'),
        order: key('order'),
        settled: key('settled'),
        epochs: key('epochs'),
        writer: key(`writer:${node}`),
      };
    });
    this.#lanes = this.#keys.map((keys, partition) => new Lane(link, keys, partition));
    this.#tails = this.#keys.map(({ log }, partition) => new Tail(link, log, partition));
    this.#leases = new RedisLeases({
      link,
      node,
      partitions,
      ttlMs: leaseMs,
      channel: this.#channel,
      nodesKey: this.#control.nodes,
      keysOf: (name) => {
        const partition = partitionOfLease(name, partitions);
        const slot = partition === undefined ? `{${prefix}:c}` : `{${prefix}:p${partition}}`;
        return { lease: `${slot}:lease:${encodeKey(name)}`, epochs: `${slot}:epochs`, partition };
      },
      onError: (error) => options.log?.warn('redis.lease', { error }),
    });
  }

  /** Hears of outbox items and leases at once; without it they are found a moment later. */
  async listen(): Promise<void> {
    const client = this.#link.connect('wake');
    client.on('message', (_channel: string, word: string) => {
      if (word === 'outbox') this.#outboxBell.ring();
      else this.#leases.wake();
    });
    try {
      await this.#link.ask('subscribing', (own) => own.subscribe(this.#channel), { client });
    } catch (error) {
      this.#log?.warn('redis.not-listening', { error });
      this.#link.drop(client);
    }
  }

  /** A channel to every process of this installation: `live` is the one that the least rights allow. */
  channel(name: string): Channel {
    this.#open();
    return new RedisChannel(this.#link, `${this.#prefix}:${name}`, (error) =>
      this.#log?.warn('redis.not-listening', { error }),
    );
  }

  partitionOf(key: string): number {
    return partitionOf(key, this.partitions);
  }

  /** Entries first, each partition in one step, then the cursor: what breaks in between is repeated by the source. */
  append(entries: readonly Append[], cursor?: { readonly source: string; readonly value: Json }): Promise<void> {
    try {
      this.#open();
      const parts = new Map<number, Part>();
      for (const entry of entries) {
        const observedAt = String(observedAtOf(entry.value));
        const value = JSON.stringify(entry.value);
        for (const partition of targetsOf(entry.to, this.partitions)) {
          const part = parts.get(partition) ?? { args: [], chars: 0, head: undefined };
          part.args.push(observedAt, value);
          part.chars += value.length;
          part.head = moveHead(part.head, entry);
          parts.set(partition, part);
        }
      }
      const moved = cursor && { key: encodeKey(cursor.source), value: JSON.stringify(cursor.value) };
      for (const partition of parts.keys()) (this.#lanes[partition] as Lane).checkRoom();
      const written = all([...parts].map(([partition, part]) => (this.#lanes[partition] as Lane).append(part)));
      const done = moved === undefined ? written : this.#moveCursor(moved, written);
      return done.then(() => crashPoint('append'));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async cursor(source: string): Promise<Json | undefined> {
    this.#open();
    const text = await this.#link.ask('reading a cursor', (c) => c.hget(this.#control.cursors, encodeKey(source)));
    return text === null ? undefined : parse(text, `the cursor of ${source}`);
  }

  async head(): Promise<Millis | undefined> {
    this.#open();
    const heads = await Promise.all(
      this.#keys.map(({ meta }) => this.#link.ask('reading the head', (c) => c.hget(meta, 'head'))),
    );
    return heads.reduce<Millis | undefined>(
      (most, head) => (head === null ? most : Math.max(most ?? Number.NEGATIVE_INFINITY, Number(head))),
      undefined,
    );
  }

  async read(
    partition: number,
    offset: string | undefined,
    max: number,
    signal: AbortSignal,
  ): Promise<readonly Stored[]> {
    this.#open();
    const keys = this.#of(partition);
    const after = `${parseOffset(offset)}-0`;
    const find = async (): Promise<readonly Stored[]> => {
      const found = await this.#link.ask(`reading partition ${partition}`, (c) =>
        c.xread('COUNT', max, 'STREAMS', keys.log, after),
      );
      return (found?.[0]?.[1] ?? []).map(([id, fields]) => {
        const own = id.slice(0, id.indexOf('-'));
        return { offset: own, value: parseEntry(fields[3], partition, own) };
      });
    };
    const tail = this.#tails[partition] as Tail;
    return this.#first(find, (ms, ended) => Promise.race([tail.wait(after, ms), pause(ms, ended)]), signal);
  }

  async load(partition: number): Promise<Checkpoint> {
    this.#open();
    const { meta, state } = this.#of(partition);
    const readOffset = (): Promise<string | null> =>
      this.#link.ask(`loading partition ${partition}`, (c) => c.hget(meta, 'offset'));
    let offset = await readOffset();
    for (let attempt = 0; attempt < 5; attempt++) {
      const values = await this.#readAll(state, `state of partition ${partition}`);
      const after = await readOffset();
      if (after === offset) return { offset: offset ?? undefined, state: values };
      offset = after;
    }
    throw new Error(`partition ${partition} was committed again and again while it was being loaded`);
  }

  async commit(partition: number, lease: Lease, commit: Commit): Promise<void> {
    this.#open();
    const { meta, state, outbox, order, settled, epochs } = this.#of(partition);
    const offset = parseOffset(commit.offset);
    const args = [
      encodeKey(lease.name),
      lease.epoch,
      offset,
      this.#channel,
      ...changes(commit.state),
      ...counted(
        [...commit.outbox].map(([id, value]) => [encodeKey(id), JSON.stringify(value)]),
        2,
      ),
    ];
    const answer = await this.#link.run(
      scripts.commit,
      `a commit of partition ${partition}`,
      [meta, state, outbox, order, settled, epochs],
      args,
      { write: true },
    );
    const [word, value] = answer as ['ok' | 'lost' | 'back', string?];
    if (word === 'lost') throw this.#lost(lease, value);
    if (word === 'back') {
      throw new Error(`partition ${partition}: a commit at ${offset} would go back behind ${String(value)}`);
    }
    crashPoint('commit');
  }

  async outbox(max: number, signal: AbortSignal): Promise<readonly { readonly id: string; readonly value: Json }[]> {
    this.#open();
    const find = async (): Promise<readonly { readonly id: string; readonly value: Json }[]> => {
      // First what is being settled, then the outboxes: an id that leaves the first has left the second before.
      const settling = await this.#finishSettling();
      const found = await Promise.all(
        this.#keys.map(async ({ outbox, order }, partition) => {
          const args = [max + settling.size];
          const answer = await this.#link.run(scripts.outbox, 'reading the outbox', [outbox, order], args);
          const flat = answer as readonly string[];
          return Array.from({ length: flat.length / 3 }, (_, i) => ({
            at: Number(flat[i * 3]),
            id: flat[i * 3 + 1] as string,
            text: flat[i * 3 + 2] as string,
            partition,
          }));
        }),
      );
      return found
        .flat()
        .filter(({ id }) => !settling.has(id))
        .toSorted((a, b) => a.at - b.at || a.partition - b.partition)
        .slice(0, max)
        .map(({ id, text, partition }) => {
          this.#remember(id, partition);
          const plain = decodeKey(id);
          return { id: plain, value: parse(text, `outbox item ${plain}`) };
        });
    };
    return this.#first(find, (ms, ended) => this.#outboxBell.wait(ms, ended), signal);
  }

  async loadAlerts(): Promise<ReadonlyMap<string, Json>> {
    this.#open();
    return this.#readAll(this.#control.alerts, 'state of the alert role');
  }

  /**
   * Log, state and ids in one step on the server that keeps them; then the ids leave the outboxes of their partitions, which
   * may lie on others. A settlement that ends between the two is finished by the next who reads the outbox.
   */
  async settle(lease: Lease, settlement: Settlement): Promise<void> {
    this.#open();
    const { epochs, alerts, lines, meta, settling } = this.#control;
    const ids = settlement.ids.map(encodeKey);
    const args = [
      encodeKey(lease.name),
      lease.epoch,
      notificationsKept,
      ...changes(settlement.state),
      ...counted(
        settlement.log.map((line) => [JSON.stringify(line)]),
        1,
      ),
      ...counted(
        ids.map((id) => [id]),
        1,
      ),
    ];
    this.#settling++;
    try {
      const keys = [epochs, alerts, lines, meta, settling];
      const answer = await this.#link.run(scripts.settle, 'a settlement', keys, args, { write: true });
      const [word, value] = answer as ['ok' | 'lost', string?];
      if (word === 'lost') throw this.#lost(lease, value);
      await this.#takeOut(ids);
    } finally {
      this.#settling--;
    }
  }

  async notificationLog(max: number): Promise<readonly Json[]> {
    this.#open();
    if (max <= 0) return [];
    const lines = await this.#link.ask('reading the notification log', (c) =>
      c.zrevrange(this.#control.lines, 0, max - 1),
    );
    return lines.map((line) => parse(line, 'a line of the notification log'));
  }

  /** An old entry that lies behind younger ones waits for a later trim once `TRIM_PAGE` of them in a row are kept. */
  async trim(before: Millis): Promise<number> {
    this.#open();
    const dropped = await Promise.all(
      this.#keys.map(async ({ log, meta }, partition) => {
        let total = 0;
        let after = '';
        for (;;) {
          const what = `trimming partition ${partition}`;
          const answer = await this.#link.run(scripts.trim, what, [log, meta], [before, after, TRIM_PAGE]);
          const [seen, gone, last] = answer as [number, number, string];
          total += gone;
          after = last;
          if (seen < TRIM_PAGE || gone === 0 || this.#over.signal.aborted) return total;
        }
      }),
    );
    return dropped.reduce((sum, some) => sum + some, 0);
  }

  lease(name: string): Observable<Lease | undefined> {
    this.#open();
    return this.#leases.lease(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    const written = Promise.all([...this.#lanes.map((lane) => lane.end()), ...this.#cursors.values()]);
    const limit = new AbortController();
    await Promise.race([Promise.all([this.#leases.close(), written]), pause(CLOSE_MS, limit.signal)]);
    limit.abort();
    this.#link.close();
  }

  #moveCursor({ key, value }: { key: string; value: string }, written: Promise<void>): Promise<void> {
    const before = this.#cursors.get(key);
    const moved = (async () => {
      await Promise.all([written, before]);
      await this.#link.ask('moving a cursor', (c) => c.hset(this.#control.cursors, key, value));
    })();
    const settled = moved
      .catch(() => undefined)
      .then(() => {
        if (this.#cursors.get(key) === settled) this.#cursors.delete(key);
      });
    this.#cursors.set(key, settled);
    return moved;
  }

  /** Ids that a settlement has taken but that may still lie in an outbox; what an interrupted one left is finished here. */
  async #finishSettling(): Promise<ReadonlySet<string>> {
    const busy = this.#settling > 0;
    const ids = await this.#link.ask('reading the outbox', (c) => c.smembers(this.#control.settling));
    if (ids.length > 0 && !busy && this.#settling === 0) await this.#takeOut(ids);
    return new Set(ids);
  }

  async #takeOut(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const known = ids.map((id) => this.#readFrom.get(id));
    // Who did not read them here cannot know where they lie.
    const partitions = known.includes(undefined) ? this.#keys.keys() : new Set(known);
    await Promise.all(
      [...partitions].map((partition) => {
        const { outbox, order, settled } = this.#of(partition ?? 0);
        const args = [settledKept, ...ids];
        return this.#link.run(scripts.taken, 'emptying the outbox', [outbox, order, settled], args, { write: true });
      }),
    );
    await this.#link.ask('emptying the outbox', (c) => c.srem(this.#control.settling, ...ids));
    for (const id of ids) this.#readFrom.delete(id);
  }

  #remember(id: string, partition: number): void {
    this.#readFrom.set(id, partition);
    const [oldest] = this.#readFrom.keys();
    if (this.#readFrom.size > settledKept && oldest !== undefined) this.#readFrom.delete(oldest);
  }

  /** What is there, else what comes within a moment; nothing once the signal or the bus has ended. */
  async #first<T>(
    find: () => Promise<readonly T[]>,
    wait: (ms: Millis, ended: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly T[]> {
    const ended = AbortSignal.any([signal, this.#over.signal]);
    if (ended.aborted) return [];
    const work = async (): Promise<readonly T[]> => {
      const found = await find();
      if (found.length > 0 || ended.aborted) return found;
      await wait(this.#waitMs, ended);
      return ended.aborted ? [] : await find();
    };
    return new Promise((resolve, reject) => {
      const nothing = (): void => resolve([]);
      ended.addEventListener('abort', nothing, { once: true });
      work()
        .then(resolve, reject)
        .finally(() => ended.removeEventListener('abort', nothing));
    });
  }

  async #readAll(key: string, what: string): Promise<ReadonlyMap<string, Json>> {
    const values = new Map<string, Json>();
    let at = '0';
    do {
      const [next, flat] = await this.#link.ask(`loading the ${what}`, (c) => c.hscan(key, at, 'COUNT', LOAD_PAGE));
      for (let i = 0; i < flat.length; i += 2) {
        const own = decodeKey(flat[i] as string);
        values.set(own, parse(flat[i + 1] as string, `${what}, key ${own}`));
      }
      at = next;
    } while (at !== '0');
    return values;
  }

  #lost(lease: Lease, latest: string | undefined): LeaseLost {
    this.#leases.refused(lease);
    const now = Number(latest);
    return new LeaseLost(
      now > lease.epoch
        ? `lease ${lease.name}: epoch ${lease.epoch} is over, ${now} has begun`
        : `lease ${lease.name}: epoch ${lease.epoch} is over, Redis does not know it${latest ? ` (it knows ${now})` : ''}`,
    );
  }

  #of(partition: number): PartitionKeys {
    return this.#keys[checkPartition(partition, this.partitions)] as PartitionKeys;
  }

  #open(): void {
    if (this.#over.signal.aborted) throw new Error('the bus is closed');
  }
}

/** What one append brings to one partition. */
interface Part {
  /** observedAt and value of each entry. */
  readonly args: string[];
  chars: number;
  head: HeadMove | undefined;
}

interface Waiting extends Part {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The appends of this process to one partition: one step at a time, and what came meanwhile travels together. */
class Lane {
  #link: RedisLink;
  #keys: PartitionKeys;
  #what: string;
  #waiting: Waiting[] = [];
  #entries = 0;
  #sequence = 0;
  #flushing: Promise<void> | undefined;

  constructor(link: RedisLink, keys: PartitionKeys, partition: number) {
    this.#link = link;
    this.#keys = keys;
    this.#what = `an append to partition ${partition}`;
  }

  /** Throws when so many entries wait for Redis that more would fill the memory. */
  checkRoom(): void {
    if (this.#entries < WAITING_ENTRIES) return;
    throw new Error(`${this.#what}: ${this.#entries} entries already wait for Redis; nothing was written`);
  }

  append(part: Part): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...part, resolve, reject });
      this.#entries += part.args.length / 2;
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined;
      });
    });
  }

  /** Resolves when everything is written, or was refused. */
  async end(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#group();
      const args = group.flatMap((part) => part.args);
      const head = group.reduce<HeadMove | undefined>((before, part) => joinHeads(before, part.head), undefined);
      this.#sequence++;
      try {
        await this.#link.run(
          scripts.append,
          this.#what,
          [this.#keys.log, this.#keys.meta, this.#keys.writer],
          [this.#sequence, WRITER_KEPT_MS, head?.value ?? '', head?.anew === true ? 1 : 0, ...args],
          { write: true },
        );
        for (const { resolve } of group) resolve();
      } catch (error) {
        // Redis is away: those behind have waited as long.
        const failed = error instanceof RedisUnavailable ? [...group, ...this.#waiting.splice(0)] : group;
        for (const { reject } of failed) reject(error);
        this.#entries = this.#waiting.reduce((sum, part) => sum + part.args.length / 2, 0);
        continue;
      }
      this.#entries -= args.length / 2;
    }
  }

  #group(): readonly Waiting[] {
    let entries = 0;
    let chars = 0;
    let size = 0;
    for (const part of this.#waiting) {
      entries += part.args.length / 2;
      chars += part.chars;
      if (size > 0 && (entries > GROUP_ENTRIES || chars > GROUP_CHARS)) break;
      size++;
    }
    return this.#waiting.splice(0, size);
  }
}

/** Waits for the next entry of one partition on a connection of its own: a blocked connection takes no other command. */
class Tail {
  #link: RedisLink;
  #log: string;
  #partition: number;
  #client: RedisClient | undefined;
  #blocked: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(link: RedisLink, log: string, partition: number) {
    this.#link = link;
    this.#log = log;
    this.#partition = partition;
  }

  /** Resolves when something has come after an offset, or at the latest after `ms`; errors are those of the next read. */
  wait(after: string, ms: Millis): Promise<void> {
    // One that was begun by a read that ended early still hears of whatever comes next.
    this.#blocked ??= this.#block(after, ms).finally(() => {
      this.#blocked = undefined;
    });
    return this.#blocked;
  }

  async #block(after: string, ms: Millis): Promise<void> {
    clearTimeout(this.#idle);
    const client = (this.#client ??= this.#link.connect(`p${this.#partition}`, ms));
    try {
      await this.#link.ask(
        `waiting for partition ${this.#partition}`,
        (own) => own.xread('COUNT', 1, 'BLOCK', Math.max(1, Math.round(ms)), 'STREAMS', this.#log, after),
        { client, withinMs: ms + 1_000 },
      );
    } catch {
      // The read that follows meets the same error, and has longer to overcome it.
    }
    this.#idle = setTimeout(() => {
      this.#client = undefined;
      this.#link.drop(client);
    }, IDLE_MS).unref();
  }
}

/** The heads of two appends, one after the other, as that of both. */
function joinHeads(before: HeadMove | undefined, after: HeadMove | undefined): HeadMove | undefined {
  if (before === undefined || after === undefined) return before ?? after;
  if (after.anew) return after;
  return { value: Math.max(before.value, after.value), anew: before.anew };
}

/** Resolves when all have; rejects with the first error, but not before the others have come to their end. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

/** A number, then so many groups of texts: what scripts take lists as. */
function counted(groups: readonly (readonly string[])[], width: number): readonly (string | number)[] {
  const flat = groups.flat();
  return [flat.length / width, ...flat];
}

/** The keys that are set with their values, then those that are removed. */
function changes(state: ReadonlyMap<string, Json | undefined>): readonly (string | number)[] {
  const set: string[][] = [];
  const removed: string[][] = [];
  for (const [key, value] of state) {
    if (value === undefined) removed.push([encodeKey(key)]);
    else set.push([encodeKey(key), JSON.stringify(value)]);
  }
  return [...counted(set, 2), ...counted(removed, 1)];
}

/** The partition that a lease is for: those are shared out, and lie with their partition so that a commit can look at them. */
function partitionOfLease(name: string, partitions: number): number | undefined {
  const partition = Number(/^(?:partition\/|p)(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  return partition < partitions ? partition : undefined;
}

function parse(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`what Redis holds is damaged: ${what} cannot be read`, { cause: error });
  }
}

function parseEntry(text: string | undefined, partition: number, offset: string): Entry {
  const what = `the log entry of partition ${partition} at offset ${offset}`;
  const entry = parse(text ?? '', what);
  if (entry !== null && typeof entry === 'object' && 'kind' in entry) return entry as Entry;
  throw new Error(`what Redis holds is damaged: ${what} is no entry`);
}

async function agreePartitions(link: RedisLink, meta: string, asked: number | undefined): Promise<number> {
  const wanted = String(checkPartitions(asked ?? 16));
  await link.ask('agreeing on the partitions', (c) => c.hsetnx(meta, 'partitions', wanted));
  const partitions = Number(await link.ask('agreeing on the partitions', (c) => c.hget(meta, 'partitions')));
  if (asked === undefined || asked === partitions) return partitions;
  throw new Error(
    `the log in Redis is cut into ${partitions} partitions, not ${asked}: their number is fixed once there is a log`,
  );
}

/** Answers what of the server's settings costs safety. Throws when it is older than Redis 7. */
async function checkServer(link: RedisLink): Promise<readonly string[]> {
  let text: string;
  try {
    text = await link.ask('asking for its version', (c) => c.info());
  } catch (error) {
    if (error instanceof Error && /NOPERM/.test(error.message))
      return ['INFO is not allowed: settings were not looked at'];
    throw error;
  }
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  const version = field('redis_version') ?? '';
  if (Number.parseInt(version, 10) < 7) throw new Error(`Redis ${version} is too old: 7.0 or newer`);
  const policy = field('maxmemory_policy');
  return [
    ...(field('aof_enabled') === '0'
      ? ['appendonly is off: a restart of Redis loses what came since its last snapshot']
      : []),
    ...(field('maxmemory') !== '0' && policy !== undefined && policy !== 'noeviction'
      ? [`maxmemory-policy is ${policy}: Redis may throw the log away; set noeviction`]
      : []),
  ];
}
