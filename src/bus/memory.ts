/** The bus that forgets with the process: for tests, backtests and replays. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Observable } from 'rxjs';
import type { Append, Bus, Checkpoint, Commit, Lease, Settlement, Stored } from '../model/ports.ts';
import type { Entry, Json, Millis } from '../model/types.ts';
import { Bell } from './bell.ts';
import { checkEpoch, Leases } from './leases.ts';
import {
  checkPartition,
  checkPartitions,
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

export interface MemoryBusOptions {
  /** 1 unless told. */
  readonly partitions?: number;
  /** How long `read` and `outbox` wait for the first. 500 ms unless told. */
  readonly waitMs?: Millis;
  /**
   * False unless told: values are copied through JSON on the way in and out. True keeps and hands out the very values it was
   * given, several times faster: the caller promises to change none of them afterwards, and whoever changes its state in
   * place must not go back to a checkpoint.
   */
  readonly share?: boolean;
}

interface Row {
  readonly offset: number;
  readonly observedAt: Millis;
  readonly value: unknown;
}

class Partition {
  rows: Row[] = [];
  offset: number | undefined;
  readonly state = new Map<string, unknown>();
  readonly bell = new Bell();
}

/** A bus in memory: the contract of the durable ones, without their durability. */
export class MemoryBus implements Bus {
  readonly partitions: number;
  #waitMs: Millis;
  #keep: (value: Json | Entry) => unknown;
  #give: <T>(kept: unknown) => T;
  #log: Partition[];
  #last = 0;
  #head: HeadMove | undefined;
  #cursors = new Map<string, unknown>();
  #outbox = new Map<string, unknown>();
  #settled = new Set<string>();
  #alerts = new Map<string, unknown>();
  #lines: unknown[] = [];
  #lineKeys = new Set<string>();
  #epochs = new Map<string, number>();
  #outboxBell = new Bell();
  #closed = false;
  #leases = new Leases((name) => {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return epoch;
  });

  constructor(options: MemoryBusOptions = {}) {
    this.partitions = checkPartitions(options.partitions ?? 1);
    this.#waitMs = options.waitMs ?? waitMs;
    this.#keep = options.share === true ? (value) => value : (value) => JSON.stringify(value);
    this.#give = options.share === true ? (kept) => kept as never : (kept) => JSON.parse(kept as string) as never;
    this.#log = Array.from({ length: this.partitions }, () => new Partition());
  }

  partitionOf(key: string): number {
    return partitionOf(key, this.partitions);
  }

  async append(entries: readonly Append[], cursor?: { readonly source: string; readonly value: Json }): Promise<void> {
    this.#open();
    let head = this.#head;
    const rows: { readonly partition: Partition; readonly row: Row }[] = [];
    let last = this.#last;
    for (const entry of entries) {
      const observedAt = observedAtOf(entry.value);
      const value = this.#keep(entry.value);
      for (const target of targetsOf(entry.to, this.partitions)) {
        rows.push({ partition: this.#partition(target), row: { offset: ++last, observedAt, value } });
      }
      head = moveHead(head, entry);
    }
    const kept = cursor && this.#keep(cursor.value);
    // Nothing above changed anything; nothing below can fail.
    for (const { partition, row } of rows) partition.rows.push(row);
    this.#last = last;
    this.#head = head;
    if (cursor) this.#cursors.set(cursor.source, kept);
    for (const partition of new Set(rows.map((row) => row.partition))) partition.bell.ring();
  }

  async cursor(source: string): Promise<Json | undefined> {
    this.#open();
    const kept = this.#cursors.get(source);
    return kept === undefined ? undefined : this.#give(kept);
  }

  async head(): Promise<Millis | undefined> {
    this.#open();
    return this.#head?.value;
  }

  async read(
    partition: number,
    offset: string | undefined,
    max: number,
    signal: AbortSignal,
  ): Promise<readonly Stored[]> {
    this.#open();
    const log = this.#partition(partition);
    const after = parseOffset(offset);
    const find = (): readonly Stored[] => {
      const from = firstAfter(log.rows, after);
      return log.rows
        .slice(from, from + max)
        .map((row) => ({ offset: String(row.offset), value: this.#give<Entry>(row.value) }));
    };
    return this.#first(find, log.bell, signal);
  }

  async load(partition: number): Promise<Checkpoint> {
    this.#open();
    const { offset, state } = this.#partition(partition);
    return { offset: offset === undefined ? undefined : String(offset), state: this.#giveAll(state) };
  }

  async commit(partition: number, lease: Lease, commit: Commit): Promise<void> {
    this.#open();
    const log = this.#partition(partition);
    const offset = parseOffset(commit.offset);
    const state = this.#keepAll(commit.state);
    const outbox = this.#keepAll(commit.outbox);
    checkEpoch(lease, this.#epochs.get(lease.name));
    if (offset < (log.offset ?? 0)) {
      throw new Error(`partition ${partition}: a commit at ${offset} would go back behind ${log.offset}`);
    }
    log.offset = offset;
    update(log.state, state);
    for (const [id, value] of outbox) {
      if (value !== undefined && !this.#settled.has(id) && !this.#outbox.has(id)) this.#outbox.set(id, value);
    }
    if (outbox.size > 0) this.#outboxBell.ring();
  }

  async outbox(max: number, signal: AbortSignal): Promise<readonly { readonly id: string; readonly value: Json }[]> {
    this.#open();
    const find = (): readonly { readonly id: string; readonly value: Json }[] =>
      this.#outbox
        .entries()
        .take(max)
        .map(([id, kept]) => ({ id, value: this.#give<Json>(kept) }))
        .toArray();
    return this.#first(find, this.#outboxBell, signal);
  }

  async loadAlerts(): Promise<ReadonlyMap<string, Json>> {
    this.#open();
    return this.#giveAll(this.#alerts);
  }

  async settle(lease: Lease, settlement: Settlement): Promise<void> {
    this.#open();
    const state = this.#keepAll(settlement.state);
    const log = settlement.log.map((line) => ({ key: JSON.stringify(line), kept: this.#keep(line) }));
    checkEpoch(lease, this.#epochs.get(lease.name));
    for (const id of settlement.ids) if (this.#outbox.delete(id)) this.#settled.add(id);
    for (const id of this.#settled.values().take(Math.max(0, this.#settled.size - settledKept)))
      this.#settled.delete(id);
    for (const { key, kept } of log) {
      if (this.#lineKeys.has(key)) continue;
      this.#lineKeys.add(key);
      this.#lines.push(kept);
    }
    const surplus = this.#lines.length - notificationsKept;
    if (surplus > 0) {
      this.#lines.splice(0, surplus);
      for (const key of this.#lineKeys.values().take(surplus)) this.#lineKeys.delete(key);
    }
    update(this.#alerts, state);
  }

  async notificationLog(max: number): Promise<readonly Json[]> {
    this.#open();
    return this.#lines
      .slice(Math.max(0, this.#lines.length - max))
      .toReversed()
      .map((kept) => this.#give<Json>(kept));
  }

  async trim(before: Millis): Promise<number> {
    this.#open();
    let dropped = 0;
    for (const log of this.#log) {
      const passed = firstAfter(log.rows, log.offset ?? 0);
      const kept = log.rows.slice(0, passed).filter((row) => row.observedAt >= before);
      log.rows = [...kept, ...log.rows.slice(passed)];
      dropped += passed - kept.length;
    }
    return dropped;
  }

  lease(name: string): Observable<Lease | undefined> {
    this.#open();
    return this.#leases.lease(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leases.close();
    this.#closed = true;
    for (const { bell } of this.#log) bell.ring();
    this.#outboxBell.ring();
  }

  async #first<T>(find: () => readonly T[], bell: Bell, signal: AbortSignal): Promise<readonly T[]> {
    // Without a turn of the event loop, catching up would keep everybody else waiting.
    await turn();
    if (signal.aborted || this.#closed) return [];
    const found = find();
    if (found.length > 0) return found;
    await bell.wait(this.#waitMs, signal);
    return signal.aborted || this.#closed ? [] : find();
  }

  #partition(partition: number): Partition {
    return this.#log[checkPartition(partition, this.partitions)] as Partition;
  }

  #keepAll(values: ReadonlyMap<string, Json | undefined>): ReadonlyMap<string, unknown> {
    return new Map(values.entries().map(([key, value]) => [key, value === undefined ? undefined : this.#keep(value)]));
  }

  #giveAll(kept: ReadonlyMap<string, unknown>): ReadonlyMap<string, Json> {
    return new Map(kept.entries().map(([key, value]) => [key, this.#give<Json>(value)]));
  }

  #open(): void {
    if (this.#closed) throw new Error('the bus is closed');
  }
}

function update(state: Map<string, unknown>, changes: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of changes) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
}

/** Index of the first row behind an offset. */
function firstAfter(rows: readonly Row[], offset: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as Row).offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
