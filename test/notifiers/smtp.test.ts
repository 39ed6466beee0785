import { describe, expect, it } from 'vitest';
import type { Notifier } from '../../src/model/ports.ts';
import type { Notification } from '../../src/model/types.ts';
import { email } from '../../src/notifiers/email.ts';
import { type FakeClock, settled, until } from '../alerts/fake-clock.ts';
import { harness, item } from '../alerts/harness.ts';
import { depsOf } from './deps.ts';
import { type MailServer, openMailServer } from './mail-server.ts';
import { sample } from './sample.ts';

const never = new AbortController().signal;

function notifierFor(server: MailServer, to: readonly string[] = ['pr@example.org']) {
  return email.create(
    email.config.parse({ to }),
    depsOf({ smtp: { url: server.url, from: 'Vigie <vigie@example.org>' } }),
  );
}

/** Knows whether an attempt is under way, so that the test's clock does not run while real sockets are at work. */
class Watched implements Notifier {
  readonly channel = 'email';
  readonly #notifier: Notifier;
  readonly #server: MailServer;
  #seenBefore: number | undefined;
  hangs = false;

  constructor(server: MailServer) {
    this.#server = server;
    this.#notifier = notifierFor(server);
  }

  async notify(notification: Notification, signal: AbortSignal): Promise<void> {
    this.#seenBefore = this.#server.seen.length;
    try {
      await this.#notifier.notify(notification, signal);
    } finally {
      this.#seenBefore = undefined;
    }
  }

  verify(signal: AbortSignal): Promise<void> {
    return this.#notifier.verify(signal);
  }

  /** True while something real is on its way; a message that the server holds back waits for the test's clock. */
  get isBusy(): boolean {
    return this.#seenBefore !== undefined && !(this.hangs && this.#server.seen.length > this.#seenBefore);
  }

  async pass(clock: FakeClock, ms: number, holds: () => boolean = () => false): Promise<void> {
    for (let passed = 0; passed < ms && !holds(); passed += 1_000) {
      await until(() => !this.isBusy);
      await settled();
      await clock.advance(1_000);
    }
    await until(() => !this.isBusy);
    await settled();
  }
}

describe('a mail server that is ill and gets well', () => {
  it.each([
    ['down', async (server: MailServer) => server.down()],
    ['refusing for now (4xx)', async (server: MailServer) => void (server.status = 451)],
    ['refusing (5xx)', async (server: MailServer) => void (server.status = 554)],
    ['refusing the recipient for now', async (server: MailServer) => void server.refuses.set('pr@example.org', 450)],
    ['refusing the recipient', async (server: MailServer) => void server.refuses.set('pr@example.org', 550)],
    ['taking the message and hanging', async (server: MailServer) => void (server.delay = () => new Promise(() => {}))],
  ])('%s: the mail arrives once, with the same Message-ID on every attempt', async (name, makeIll) => {
    await using server = await openMailServer();
    const watched = new Watched(server);
    const h = harness({ pr: [watched] });
    await using role = h.start();
    await makeIll(server);
    watched.hangs = name.includes('hanging');
    await h.put(item());
    await until(() => watched.isBusy || server.seen.length > 0);
    const lines = () => role.status().channels[0];
    await watched.pass(h.clock, 120_000);
    await until(() => lines()?.lastError !== undefined);
    const before = (await h.log()).length;
    expect(before).toBeGreaterThan(1);
    expect(server.arrived).toHaveLength(0);
    watched.hangs = false;
    server.status = undefined;
    server.refuses.clear();
    server.delay = async () => {};
    await server.down();
    await server.up();
    await watched.pass(h.clock, 600_000, () => lines()?.lastSentAt !== undefined);
    expect(server.arrived).toHaveLength(1);
    await watched.pass(h.clock, 420_000);
    expect(server.arrived).toHaveLength(1);
    expect(new Set(server.seen).size).toBe(1);
    const log = await h.log();
    expect(log.at(-1)).toMatchObject({ outcome: 'sent' });
    expect(log.filter(({ outcome }) => outcome === 'sent')).toHaveLength(1);
    expect(JSON.stringify(log)).not.toContain('secret-of-server');
  });

  it('slow: it is given its time', async () => {
    await using server = await openMailServer();
    const watched = new Watched(server);
    const h = harness({ pr: [watched] });
    // The server, too, lives by the test's clock.
    server.delay = () => h.clock.sleep(10_000, never);
    await using role = h.start();
    await h.put(item());
    await until(() => server.seen.length === 1);
    watched.hangs = true;
    await watched.pass(h.clock, 20_000, () => role.status().channels[0]?.lastSentAt !== undefined);
    expect(server.arrived).toHaveLength(1);
    expect(await h.log()).toMatchObject([{ outcome: 'sent', attempt: 1 }]);
  });
});

describe('e-mail over SMTP', () => {
  it('sends an incident as one thread', async () => {
    await using server = await openMailServer();
    const notifier = notifierFor(server);
    await notifier.notify(sample({ key: 'inc/pr/1', incident: 'inc', receiver: 'pr' }), never);
    await notifier.notify(sample({ key: 'inc/pr/2', incident: 'inc', receiver: 'pr', reason: 'changed' }), never);
    await notifier.notify(sample({ key: 'inc/pr/3', incident: 'inc', receiver: 'pr', reason: 'resolved' }), never);
    const [first, second, third] = server.arrived.map(({ mail }) => mail);
    expect(first?.inReplyTo).toBeUndefined();
    expect(second?.inReplyTo).toBe(first?.messageId);
    expect(third?.references).toBe(first?.messageId);
    expect(new Set([first?.messageId, second?.messageId, third?.messageId]).size).toBe(3);
    expect(first?.messageId).toMatch(/^<[0-9a-f]{40}@vigie\.example\.org>$/);
    expect(first?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('tries only those again who did not get it', async () => {
    await using server = await openMailServer();
    server.refuses.set('b@example.org', 450);
    const notifier = notifierFor(server, ['a@example.org', 'b@example.org', 'c@example.org']);
    await expect(notifier.notify(sample(), never)).rejects.toMatchObject({ retryable: true });
    expect(server.arrived.map(({ to }) => to)).toEqual([['a@example.org', 'c@example.org']]);
    server.refuses.clear();
    await notifier.notify(sample(), never);
    expect(server.arrived.map(({ to }) => to)).toEqual([['a@example.org', 'c@example.org'], ['b@example.org']]);
    expect(new Set(server.arrived.map(({ mail }) => mail.messageId)).size).toBe(1);
  });

  it('says which recipients a server refused for good', async () => {
    await using server = await openMailServer();
    server.refuses.set('b@example.org', 550);
    const notifier = notifierFor(server, ['a@example.org', 'b@example.org']);
    await expect(notifier.notify(sample(), never)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('b@example.org'),
    });
  });

  it('does not say the password when it is wrong', async () => {
    await using server = await openMailServer('right-password');
    const notifier = email.create(
      email.config.parse({ to: ['pr@example.org'] }),
      depsOf({ smtp: { url: server.url.replace('right-password', 'wrong-password'), from: 'vigie@example.org' } }),
    );
    for (const act of [() => notifier.notify(sample(), never), () => notifier.verify(never)]) {
      const error = await act().catch((thrown: unknown) => thrown as Error);
      expect(String(error)).toContain('535');
      expect(String(error)).not.toContain('password');
    }
    expect(server.arrived).toHaveLength(0);
  });

  it('keeps its header lines its own, whatever people are called', async () => {
    await using server = await openMailServer();
    const notifier = notifierFor(server);
    await notifier.notify(sample({ brandName: 'Acme\r\nBcc: thief@example.org\r\n\r\n<b>' }), never);
    expect(server.arrived[0]?.to).toEqual(['pr@example.org']);
    expect(server.arrived[0]?.mail.headers.has('bcc')).toBe(false);
    expect(server.arrived[0]?.mail.subject).toContain('Acme Bcc: thief@example.org');
  });
});
