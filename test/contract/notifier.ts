/** What every notifier owes, whatever its channel. */
import { describe, expect, it } from 'vitest';
import { NotifyError } from '../../src/model/errors.ts';
import type { Notifier } from '../../src/model/ports.ts';
import type { Notification } from '../../src/model/types.ts';
import { sample } from '../notifiers/sample.ts';

/** The other side of a channel: a small real server, file system or printer. */
export interface Peer extends AsyncDisposable {
  readonly notifier: Notifier;
  /** Keys of the messages that arrived, in order. */
  keys(): readonly string[];
  /** Everything that it got, as text. */
  all(): string;
  /** Answers every further message with this status; undefined: takes them. Absent where the channel has no answers. */
  answer?(status: number | undefined): void;
  /** Takes a message and never answers. Absent where the channel cannot hang. */
  hang?(): void;
  /** Nobody listens any more. Absent where somebody always does. */
  close?(): Promise<void>;
}

export interface NotifierCase {
  readonly channel: string;
  /** Makes the other side; `secrets` is what its address and credentials hold. */
  readonly open: () => Promise<Peer>;
  readonly secrets: readonly string[];
  /** Answers and whether trying again can help. */
  readonly statuses?: readonly (readonly [status: number, retryable: boolean])[];
}

/** Runs the contract; what a notifier says is its own test's business. */
export function notifierContract({ channel, open, secrets, statuses = [] }: NotifierCase): void {
  const never = new AbortController().signal;

  describe(`notifier ${channel}`, () => {
    it('names its channel', async () => {
      await using peer = await open();
      expect(peer.notifier.channel).toBe(channel);
    });

    it('resolves when the channel took it, and passes the key on', async () => {
      await using peer = await open();
      const told: Notification[] = [sample(), sample({ key: '9f2c41d07ab3e655/pr-team/2', reason: 'changed' })];
      for (const notification of told) await peer.notifier.notify(notification, never);
      expect(peer.keys()).toEqual(told.map(({ key }) => key));
    });

    it('gives the same key on every attempt', async () => {
      await using peer = await open();
      await peer.notifier.notify(sample(), never);
      await peer.notifier.notify(sample(), never);
      expect(new Set(peer.keys()).size).toBe(1);
    });

    it('sends a notification without facts, one of the end, and one without alerts', async () => {
      await using peer = await open();
      const { brief: _, ...bare } = sample({ key: 'i/r/1' });
      await peer.notifier.notify(bare, never);
      await peer.notifier.notify(sample({ key: 'i/r/2', reason: 'resolved' }), never);
      await peer.notifier.notify(sample({ key: 'i/r/3', alerts: [] }), never);
      expect(peer.keys()).toEqual(['i/r/1', 'i/r/2', 'i/r/3']);
    });

    it('verifies without telling anybody', async () => {
      await using peer = await open();
      await peer.notifier.verify(never);
      expect(peer.keys()).toEqual([]);
    });

    it('never hands its secrets to the other side in what it says', async () => {
      await using peer = await open();
      await peer.notifier.notify(sample(), never);
      for (const secret of secrets) expect(peer.all()).not.toContain(secret);
    });

    for (const [status, retryable] of statuses) {
      it(`answered ${status}: trying again ${retryable ? 'can' : 'cannot'} help, and no secret is in the error`, async () => {
        await using peer = await open();
        peer.answer?.(status);
        const error = await failureOf(peer.notifier.notify(sample(), never));
        expect(error.retryable).toBe(retryable);
        noSecretIn(error, secrets);
        expect(error.message).toContain(String(status));
        peer.answer?.(undefined);
        await peer.notifier.notify(sample(), never);
        expect(peer.keys()).toEqual([sample().key]);
      });
    }

    it('gives up within a second when it is told to', async () => {
      await using peer = await open();
      if (!peer.hang) return;
      peer.hang();
      const stop = new AbortController();
      const told = failureOf(peer.notifier.notify(sample(), stop.signal));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const began = performance.now();
      stop.abort();
      const error = await told;
      expect(performance.now() - began).toBeLessThan(1_000);
      noSecretIn(error, secrets);
    });

    it('says that nobody is there, and that this may pass', async () => {
      await using peer = await open();
      if (!peer.close) return;
      await peer.close();
      for (const attempt of [() => peer.notifier.notify(sample(), never), () => peer.notifier.verify(never)]) {
        const error = await failureOf(attempt());
        expect(error.retryable).toBe(true);
        noSecretIn(error, secrets);
      }
    });
  });
}

async function failureOf(attempt: Promise<void>): Promise<NotifyError> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NotifyError);
  return error as NotifyError;
}

/** The message, the stack and every cause. */
function noSecretIn(error: unknown, secrets: readonly string[]): void {
  for (let at: unknown = error; at !== undefined && at !== null; at = (at as { cause?: unknown }).cause) {
    const text = [
      (at as Error).message,
      (at as Error).stack ?? '',
      JSON.stringify(at, Object.getOwnPropertyNames(at)),
    ].join('\n');
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
}
