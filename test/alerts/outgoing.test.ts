import { describe, expect, it } from 'vitest';
import { admit, afterFailure, MOST_WAITING, nextTry, type Outgoing, pick } from '../../src/alerts/outgoing.ts';

function outgoing(n: number, over: Partial<Outgoing> = {}): Outgoing {
  return {
    key: `i${n}/pr/1`,
    incident: `i${n}`,
    receiver: 'pr',
    channel: 'email',
    reason: 'first',
    at: n,
    alerts: [],
    attempts: 0,
    notBefore: n,
    ...over,
  };
}

describe('messages under way', () => {
  it('lets the oldest reminder go first when it is full, else the oldest message', () => {
    const full = Array.from({ length: MOST_WAITING }, (_, n) => outgoing(n, n === 500 ? { reason: 'repeat' } : {}));
    const one = admit(full, outgoing(5_000));
    expect(one.dropped?.key).toBe('i500/pr/1');
    const two = admit(one.queue, outgoing(5_001));
    expect(two.dropped?.key).toBe('i0/pr/1');
    expect(two.queue).toHaveLength(MOST_WAITING);
    expect(two.queue.at(-1)?.key).toBe('i5001/pr/1');
  });

  it('picks the oldest that may be tried, and none before an earlier one of its incident', () => {
    const queue = [
      outgoing(1, { notBefore: 100 }),
      outgoing(1, { key: 'i1/pr/2', notBefore: 0 }),
      outgoing(2, { notBefore: 50 }),
    ];
    expect(pick(queue, 10)).toBeUndefined();
    expect(nextTry(queue)).toBe(50);
    expect(pick(queue, 60)?.key).toBe('i2/pr/1');
    expect(pick(queue, 100)?.key).toBe('i1/pr/1');
    expect(nextTry([])).toBeUndefined();
  });

  it('waits longer after each failure, at most five minutes, unless more was asked for', () => {
    let at = outgoing(0);
    const waits: number[] = [];
    for (let now = 0, i = 0; i < 12; i++) {
      const { next } = afterFailure(at, { retryable: true, retryAfterMs: undefined }, now, 1);
      waits.push(next!.notBefore - now);
      now = next!.notBefore;
      at = next!;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1_000));
    const asked = afterFailure(at, { retryable: true, retryAfterMs: 900_000 }, 0, 1);
    expect(asked.next?.notBefore).toBe(900_000);
  });

  it('gives up after a day, or after an hour where it was refused', () => {
    const tried = outgoing(0, { firstTriedAt: 0, attempts: 5 });
    const hour = 3_600_000;
    const after = (retryable: boolean, now: number) =>
      afterFailure(tried, { retryable, retryAfterMs: undefined }, now, 0).outcome;
    expect([after(true, 23 * hour), after(true, 24 * hour)]).toEqual(['retry', 'failed']);
    expect([after(false, 0.5 * hour), after(false, hour)]).toEqual(['refused', 'failed']);
  });
});
