/** Messages under way: what waits for a channel, in which order, and what becomes of it when the channel does not take it. */
import type { Logger } from '../lib/log.ts';
import { backOffMs } from '../lib/rx/back-off.ts';
import type { NotifyError } from '../model/errors.ts';
import type { Millis } from '../model/types.ts';
import type { Delivery } from './dispatcher.ts';

/** A delivery over one channel of its receiver, with what was tried so far. */
export type Outgoing = Delivery & {
  readonly channel: string;
  readonly attempts: number;
  /** When it was first tried. */
  readonly firstTriedAt?: Millis;
  /** Not to be tried before. */
  readonly notBefore: Millis;
};

/** One attempt to tell somebody, or why there was none: a line of the notification log. */
export type NotificationLine = {
  readonly key: string;
  readonly incident: string;
  readonly client: string;
  readonly brand: string;
  readonly receiver: string;
  readonly channel: string;
  readonly reason: Delivery['reason'];
  readonly alerts: readonly string[];
  readonly at: Millis;
  /** Counts from 1; 0 where nothing was tried. */
  readonly attempt: number;
  /**
   * `sent`; `retry`: tried again at `nextAt`; `refused`: the same, but the channel said no and not "later"; `failed`: given
   * up; `dropped`: left out, since too much waited.
   */
  readonly outcome: 'sent' | 'retry' | 'refused' | 'failed' | 'dropped';
  readonly error?: string;
  readonly nextAt?: Millis;
  readonly tookMs?: Millis;
};

/** Messages that may wait for one channel of one receiver. */
export const MOST_WAITING = 1_000;
/** How long a channel that cannot be reached, or that says "later", is tried. */
const RETRY_FOR_MS = 24 * 3_600_000;
/** How long a refusal is tried: servers also refuse for faults of their own, which people then mend. */
const REFUSED_FOR_MS = 3_600_000;
const BACK_OFF = { firstMs: 1_000, mostMs: 300_000 };

/** Key under which a message under way is kept in the alert role's state. */
export function outgoingKey({ key, channel }: Pick<Outgoing, 'key' | 'channel'>): string {
  return `out:${key}#${channel}`;
}

/**
 * Takes a message into a channel's queue. A reminder of something that has itself not been delivered yet is left out; beyond
 * 1,000 the oldest reminder leaves, else the oldest message: what is new matters more than what was.
 */
export function admit(
  queue: readonly Outgoing[],
  outgoing: Outgoing,
): { readonly queue: readonly Outgoing[]; readonly dropped?: Outgoing } {
  if (outgoing.reason === 'repeat' && queue.some(({ incident }) => incident === outgoing.incident))
    return { queue, dropped: outgoing };
  // News of an incident is worth a try for what waits before it.
  const woken = queue.map((other) => (other.incident === outgoing.incident ? { ...other, notBefore: 0 } : other));
  if (queue.length < MOST_WAITING) return { queue: [...woken, outgoing] };
  const reminder = woken.findIndex(({ reason }) => reason === 'repeat');
  const leaves = reminder === -1 ? 0 : reminder;
  return { queue: [...woken.toSpliced(leaves, 1), outgoing], dropped: woken[leaves] as Outgoing };
}

/** The message to send now: the oldest that may be tried, and of one incident never a later one before an earlier one. */
export function pick(queue: readonly Outgoing[], now: Millis): Outgoing | undefined {
  const held = new Set<string>();
  for (const outgoing of queue) {
    if (held.has(outgoing.incident)) continue;
    if (outgoing.notBefore <= now) return outgoing;
    held.add(outgoing.incident);
  }
  return undefined;
}

/** When `pick` will have something, if nothing else comes. */
export function nextTry(queue: readonly Outgoing[]): Millis | undefined {
  const held = new Set<string>();
  let least: Millis | undefined;
  for (const { incident, notBefore } of queue) {
    if (held.has(incident)) continue;
    held.add(incident);
    least = Math.min(least ?? notBefore, notBefore);
  }
  return least;
}

/** What becomes of a message that was not taken: tried again later, or given up. */
export function afterFailure(
  outgoing: Outgoing,
  error: Pick<NotifyError, 'retryable' | 'retryAfterMs'>,
  now: Millis,
  random: number,
): { readonly outcome: 'retry' | 'refused' | 'failed'; readonly next?: Outgoing } {
  const attempts = outgoing.attempts + 1;
  const firstTriedAt = outgoing.firstTriedAt ?? now;
  const waitMs = Math.max(backOffMs(BACK_OFF, attempts, random), error.retryAfterMs ?? 0);
  const limitMs = error.retryable ? RETRY_FOR_MS : REFUSED_FOR_MS;
  if (now + waitMs - firstTriedAt > limitMs) return { outcome: 'failed' };
  return {
    outcome: error.retryable ? 'retry' : 'refused',
    next: { ...outgoing, attempts, firstTriedAt, notBefore: now + waitMs },
  };
}

/** The log line of a message and what became of it. */
export function lineOf(
  outgoing: Outgoing,
  at: Millis,
  outcome: NotificationLine['outcome'],
  more: Partial<Pick<NotificationLine, 'error' | 'nextAt' | 'tookMs' | 'attempt'>> = {},
): NotificationLine {
  const { key, incident, receiver, channel, reason, alerts, attempts } = outgoing;
  return {
    key,
    incident,
    client: alerts[0]?.client ?? '',
    brand: alerts[0]?.brand ?? '',
    receiver,
    channel,
    reason,
    alerts: alerts.map(({ id }) => id),
    at,
    attempt: attempts + 1,
    outcome,
    ...more,
  };
}

/** Says a line aloud: what people were not told is an error, what they are told later a warning. */
export function report(log: Logger, line: NotificationLine): void {
  const { outcome, key, receiver, channel, reason, attempt, error, nextAt, tookMs } = line;
  const fields = { key, receiver, channel, reason, attempt, reasonOfFailure: error, nextAt, tookMs };
  if (outcome === 'sent') log.info('notification.sent', fields);
  else if (outcome === 'retry') log.warn('notification.retry', fields);
  else log.error(`notification.${outcome}`, fields);
}
