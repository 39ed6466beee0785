/** What every bus does alike: the partition of a key, the time of an entry, the bounds of what is remembered. */
import type { Append } from '../model/ports.ts';
import type { Entry, Millis } from '../model/types.ts';

/** How long `read` and `outbox` wait for the first when there is nothing. */
export const waitMs: Millis = 500;

/** Ids of settled transitions that are remembered: a commit that is repeated cannot bring them back. The oldest are forgotten. */
export const settledKept = 50_000;

/** Lines of the notification log that are kept; the oldest are dropped. */
export const notificationsKept = 100_000;

/** The partition of a key: FNV-1a over its UTF-16 code units, then the finaliser of MurmurHash3, which spreads the low bits. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions;
}

/** The partitions an append goes to. Throws a RangeError on a partition that is not there. */
export function targetsOf(to: Append['to'], partitions: number): readonly number[] {
  if (to === 'all') return Array.from({ length: partitions }, (_, partition) => partition);
  if ('key' in to) return [partitionOf(to.key, partitions)];
  return [checkPartition(to.partition, partitions)];
}

/** Answers the partition, or throws a RangeError when it is not there. */
export function checkPartition(partition: number, partitions: number): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition;
  throw new RangeError(`no partition ${partition}: there are ${partitions}, counted from 0`);
}

/** Answers the number of partitions, or throws a RangeError when it is not between 1 and 1024. */
export function checkPartitions(partitions: number): number {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= 1024) return partitions;
  throw new RangeError(`the number of partitions must be a whole number from 1 to 1024, not ${partitions}`);
}

/** When the entry was taken in. Throws a TypeError when that is no whole number: it would spoil the clock of its readers. */
export function observedAtOf(entry: Entry): Millis {
  const observedAt = entry.kind === 'mention' ? entry.mention.observedAt : entry.observedAt;
  if (!Number.isSafeInteger(observedAt)) throw new TypeError(`${entry.kind}: observedAt is ${String(observedAt)}`);
  return observedAt;
}

/** What appended entries do to the head; `anew`: a reset forgot what was before. */
export interface HeadMove {
  readonly value: Millis;
  readonly anew: boolean;
}

/** The head after one more entry. */
export function moveHead(head: HeadMove | undefined, append: Append): HeadMove {
  const observedAt = observedAtOf(append.value);
  if (append.value.kind === 'reset' && append.to === 'all') return { value: observedAt, anew: true };
  if (head === undefined) return { value: observedAt, anew: false };
  return observedAt > head.value ? { value: observedAt, anew: head.anew } : head;
}

/** An offset as a number; the start of the log is 0. Throws a TypeError on a text that no bus of this kind wrote. */
export function parseOffset(offset: string | undefined): number {
  if (offset === undefined) return 0;
  const value = Number(offset);
  if (!Number.isSafeInteger(value) || value < 0 || offset.trim() === '')
    throw new TypeError(`not an offset: '${offset}'`);
  return value;
}

/** A key as text that survives UTF-8: one with half a surrogate pair, cut out of somebody's emoji, becomes JSON, which escapes it. */
export function encodeKey(key: string): string {
  return key.isWellFormed() && !key.startsWith('"') ? key : JSON.stringify(key);
}

/** The key that `encodeKey` was given. */
export function decodeKey(key: string): string {
  return key.startsWith('"') ? (JSON.parse(key) as string) : key;
}
