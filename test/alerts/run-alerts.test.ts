import { describe, expect, it } from 'vitest';
import { Conflict, LeaseLost, NotifyError } from '../../src/model/errors.ts';
import type { Bus, Lease, Settlement } from '../../src/model/ports.ts';
import type { Json, OutboxItem, Signal } from '../../src/model/types.ts';
import { AT } from '../notifiers/sample.ts';
import { FakeClock, settled, until } from './fake-clock.ts';
import { harness, item, ScriptedNotifier } from './harness.ts';

const MIN = 60_000;
const HOUR = 3_600_000;

function signalItem(state: Signal['state'], at: number): OutboxItem {
  return {
    kind: 'signal',
    client: 'default',
    signal: {
      id: 's1',
      detector: 'spike',
      brand: 'acme',
      scope: '*',
      window: '15m',
      state,
      startedAt: AT,
      at,
      observed: 10,
      expected: 1,
      score: 2,
      values: {},
      explain: { key: 'x', values: {} },
      evidence: [],
    },
  };
}

/** Passes everything on; what the test replaces is its own. */
function busLike(bus: Bus, over: Partial<Bus>): Bus {
  return new Proxy(bus, {
    get: (target, name) => {
      const own = over[name as keyof Bus];
      if (own !== undefined) return own;
      const value = target[name as keyof Bus] as unknown;
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

describe('the alert role', () => {
  it('tells people within milliseconds, logs it, shows it, and leaves nothing behind', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    await using role = h.start();
    await settled();
    const began = performance.now();
    await h.put(item({ status: 'pending' }), item({ sequence: 2 }));
    await until(() => mail.sent.length === 1);
    expect(performance.now() - began).toBeLessThan(250);
    expect(mail.sent[0]).toMatchObject({
      reason: 'first',
      receiver: 'pr',
      language: 'fr',
      demo: false,
      brandName: 'acme',
    });
    await until(() => role.status().unshown === 0);
    expect(await h.log()).toMatchObject([
      { outcome: 'sent', attempt: 1, channel: 'email', reason: 'first', client: 'default' },
    ]);
    const { items } = await h.desk.list('default', 'alert', { limit: 10 });
    expect(items).toHaveLength(1);
    expect(items[0]?.value).toMatchObject({
      alert: { status: 'firing', sequence: 2 },
      history: [
        { sequence: 1, status: 'pending' },
        { sequence: 2, status: 'firing' },
      ],
    });
    const left = [...(await h.bus.loadAlerts()).keys()];
    expect(left.filter((key) => !key.startsWith('group:'))).toEqual([]);
    expect(await h.bus.outbox(10, new AbortController().signal)).toEqual([]);
  });

  it('shows signals, whatever the order in which they come and however often', async () => {
    const h = harness({ pr: [new ScriptedNotifier()] });
    await using role = h.start();
    const [open, update, close] = [
      signalItem('open', AT),
      signalItem('update', AT + 5),
      signalItem('close', AT + 9),
    ] as const;
    await h.put(update, open);
    await until(() => role.status().unshown === 0);
    await h.put(close, update);
    await settled();
    await until(() => role.status().unshown === 0);
    const { items } = await h.desk.list('default', 'signal', { limit: 10 });
    expect(items[0]?.value).toMatchObject({
      signal: { state: 'close' },
      history: [{ state: 'open' }, { state: 'update' }, { state: 'close' }],
    });
  });

  it('tries again later and later, with the same key, and tells once', async () => {
    const mail = new ScriptedNotifier();
    mail.act = async () => {
      throw new NotifyError('down', { retryable: true });
    };
    const h = harness({ pr: [mail] });
    await using role = h.start();
    await h.put(item());
    await until(() => mail.tried.length === 1);
    await h.clock.advance(HOUR);
    const tries = mail.tried.length;
    // 1 s, 2 s, 4 s … 256 s, then every five minutes.
    expect(tries).toBeGreaterThan(15);
    expect(tries).toBeLessThan(25);
    expect(role.status().channels[0]).toMatchObject({ waiting: 1, failingSince: AT, lastError: 'down' });
    mail.act = async () => {};
    await h.clock.advance(6 * MIN);
    expect(mail.sent).toHaveLength(1);
    await h.clock.advance(HOUR);
    expect(mail.sent).toHaveLength(1);
    expect(new Set(mail.tried.map(({ key }) => key)).size).toBe(1);
    const log = await h.log();
    expect(log.map(({ outcome }) => outcome)).toEqual([...Array.from({ length: tries }, () => 'retry'), 'sent']);
    expect(log.map(({ attempt }) => attempt)).toEqual(log.map((_, i) => i + 1));
    expect(role.status().channels[0]?.failingSince).toBeUndefined();
  });

  it('does not take the leaps of a replayed clock for the slowness of a server', async () => {
    const mail = new ScriptedNotifier();
    const gate = Promise.withResolvers<void>();
    mail.act = () => gate.promise;
    const h = harness({ pr: [mail] });
    await using _role = h.start({ io: new FakeClock(0) });
    await h.put(item());
    await until(() => mail.tried.length === 1);
    await h.clock.advance(HOUR);
    gate.resolve();
    await until(() => mail.sent.length === 1);
    await settled();
    expect(await h.log()).toMatchObject([{ outcome: 'sent', attempt: 1, at: AT + HOUR, tookMs: 0 }]);
  });

  it('honours the wait that the other side asks for', async () => {
    const hook = new ScriptedNotifier('webhook');
    hook.act = async () => {
      throw new NotifyError('busy', { retryable: true, retryAfterMs: 20 * MIN });
    };
    const h = harness({ pr: [hook] });
    await using _role = h.start();
    await h.put(item());
    await until(() => hook.tried.length === 1);
    await h.clock.advance(19 * MIN);
    expect(hook.tried).toHaveLength(1);
    await h.clock.advance(2 * MIN);
    expect(hook.tried).toHaveLength(2);
  });

  it('gives up after a day, or an hour after a refusal, and says so', async () => {
    for (const [retryable, hours, word] of [
      [true, 24, 'retry'],
      [false, 1, 'refused'],
    ] as const) {
      const mail = new ScriptedNotifier();
      mail.act = async () => {
        throw new NotifyError('no', { retryable });
      };
      const h = harness({ pr: [mail] }, { receiver: 'pr', repeat_interval: '100h' });
      await using role = h.start();
      await h.put(item());
      await until(() => mail.tried.length === 1);
      await h.clock.advance((hours - 0.2) * HOUR);
      expect((await h.log()).every(({ outcome }) => outcome === word)).toBe(true);
      await h.clock.advance(HOUR);
      const log = await h.log();
      expect(log.at(-1)).toMatchObject({ outcome: 'failed', error: 'no' });
      expect(role.status().channels[0]).toMatchObject({ waiting: 0, lost: 1 });
      const tries = mail.tried.length;
      await h.clock.advance(10 * HOUR);
      expect(mail.tried).toHaveLength(tries);
    }
  });

  it('lets no channel wait for another, and no message of a channel for one that is not taken', async () => {
    const [mail, hook, boss] = [new ScriptedNotifier(), new ScriptedNotifier('webhook'), new ScriptedNotifier()];
    const gate = Promise.withResolvers<void>();
    mail.act = () => gate.promise;
    hook.act = async ({ alerts }) => {
      if (alerts[0]?.brand === 'acme') throw new NotifyError('not this one', { retryable: true });
    };
    const h = harness(
      { pr: [mail, hook], boss: [boss] },
      {
        receiver: 'pr',
        routes: [
          { match: { client: 'default' }, receiver: 'boss', continue: true },
          { match: { client: 'default' }, receiver: 'pr' },
        ],
      },
    );
    await using role = h.start();
    await h.put(item(), item({ id: 'b', brand: 'globex' }));
    await until(() => boss.sent.length === 2 && hook.sent.length === 1);
    expect(hook.sent[0]?.alerts[0]?.brand).toBe('globex');
    expect(mail.sent).toHaveLength(0);
    // What hangs is left after 30 s and tried again.
    await h.clock.advance(40_000);
    expect(role.status().channels[0]?.lastError).toContain('30 s');
    expect(mail.tried.length).toBeGreaterThan(1);
    gate.resolve();
  });

  it('keeps the order within an incident, and lets news wake what waits before it', async () => {
    const mail = new ScriptedNotifier();
    let isDown = true;
    mail.act = async () => {
      if (isDown) throw new NotifyError('down', { retryable: true });
    };
    const h = harness({ pr: [mail] });
    await using _role = h.start();
    await h.put(item());
    await until(() => mail.tried.length === 1);
    await h.clock.advance(30 * MIN);
    isDown = false;
    await h.put(item({ sequence: 2, severity: 'critical' }));
    await until(() => mail.sent.length === 2);
    expect(mail.sent.map(({ reason }) => reason)).toEqual(['first', 'changed']);
  });

  it('sends no reminder of what has not been delivered, and says so', async () => {
    const mail = new ScriptedNotifier();
    mail.act = async () => {
      throw new NotifyError('down', { retryable: true });
    };
    const h = harness({ pr: [mail] });
    await using role = h.start();
    await h.put(item());
    await until(() => mail.tried.length === 1);
    await h.clock.advance(9 * HOUR);
    expect(role.status().channels[0]?.waiting).toBe(1);
    expect((await h.log()).filter(({ outcome }) => outcome === 'dropped')).toHaveLength(2);
  });

  it('goes on where it was after a stop: the same key, the same back-off, nothing twice', async () => {
    const mail = new ScriptedNotifier();
    mail.act = async () => {
      throw new NotifyError('down', { retryable: true });
    };
    const h = harness({ pr: [mail] });
    {
      await using _role = h.start();
      await h.put(item(), item({ id: 'b', brand: 'globex' }));
      await until(() => mail.tried.length === 2);
      await settled();
    }
    mail.act = async () => {};
    await using _again = h.start();
    await settled();
    expect(mail.sent).toHaveLength(0);
    await h.clock.advance(2_000);
    expect(mail.sent).toHaveLength(2);
    expect(new Set(mail.tried.map(({ key }) => key)).size).toBe(2);
    await h.clock.advance(HOUR);
    expect(mail.sent).toHaveLength(2);
  });

  it('sends again with the same key when it died between sending and logging, and not when it died after', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    let dies = true;
    const settle = (lease: Lease, settlement: Settlement): Promise<void> => {
      if (dies && settlement.log.length > 0) {
        dies = false;
        return Promise.reject(new Error('power cut'));
      }
      return h.bus.settle(lease, settlement);
    };
    await using _role = h.start({ bus: busLike(h.bus, { settle }) });
    await h.put(item());
    await until(() => mail.sent.length === 1);
    await h.clock.advance(1_000);
    await until(() => mail.sent.length === 2);
    expect(dies).toBe(false);
    expect(mail.sent[0]?.key).toBe(mail.sent[1]?.key);
    await h.clock.advance(HOUR);
    expect(mail.sent).toHaveLength(2);
    expect(await h.log()).toHaveLength(1);
  });

  it('asks whether the lease still holds before it sends, and says nothing once it is lost', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    let isLost = false;
    const settle = (lease: Lease, settlement: Settlement): Promise<void> =>
      isLost ? Promise.reject(new LeaseLost('over')) : h.bus.settle(lease, settlement);
    mail.act = async () => {
      throw new NotifyError('down', { retryable: true });
    };
    await using role = h.start({ bus: busLike(h.bus, { settle }) });
    await h.put(item());
    await until(() => mail.tried.length === 1);
    await settled();
    isLost = true;
    await h.clock.advance(HOUR);
    expect(mail.tried).toHaveLength(1);
    expect(role.status().holdsLease).toBe(false);
  });

  it('lets one process tell people at a time; the next takes over', async () => {
    const [one, two] = [new ScriptedNotifier(), new ScriptedNotifier()];
    const h = harness({ pr: [one] });
    const first = h.start();
    await using second = h.start({ receivers: [{ name: 'pr', channels: [two] }] });
    await settled();
    expect([first.status().holdsLease, second.status().holdsLease]).toEqual([true, false]);
    await h.put(item());
    await until(() => one.sent.length === 1);
    await first[Symbol.asyncDispose]();
    await h.put(item({ sequence: 2, severity: 'critical' }));
    await until(() => two.sent.length === 1);
    expect(two.sent[0]).toMatchObject({ reason: 'changed', incident: one.sent[0]?.incident });
    expect(two.sent[0]?.key.endsWith('/2')).toBe(true);
    expect(one.sent).toHaveLength(1);
  });

  it('finishes what it is sending when it is stopped', async () => {
    const mail = new ScriptedNotifier();
    const gate = Promise.withResolvers<void>();
    mail.act = () => gate.promise;
    const h = harness({ pr: [mail] });
    const role = h.start();
    await h.put(item());
    await until(() => mail.tried.length === 1);
    const stopped = role[Symbol.asyncDispose]();
    await settled();
    gate.resolve();
    await stopped;
    expect(await h.log()).toMatchObject([{ outcome: 'sent' }]);
  });

  it('stops in bounded time when what it is sending hangs', async () => {
    const mail = new ScriptedNotifier();
    mail.act = () => new Promise(() => {});
    const h = harness({ pr: [mail] });
    const role = h.start();
    await h.put(item());
    await until(() => mail.tried.length === 1);
    const stopped = role[Symbol.asyncDispose]();
    await h.clock.advance(5_000);
    await stopped;
    expect(await h.log()).toEqual([]);
  });

  it('tells people while the desk is away, and shows it afterwards', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    let isAway = true;
    let conflicts = 0;
    const desk = new Proxy(h.desk, {
      get: (target, name) => {
        if (name === 'put' && isAway)
          return async () => {
            throw new Error('away');
          };
        if (name === 'put' && conflicts < 2)
          return async () => {
            conflicts++;
            throw new Conflict('somebody was faster');
          };
        const value = target[name as keyof typeof target] as unknown;
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
    await using role = h.start({ desk });
    await h.put(item());
    await until(() => mail.sent.length === 1);
    expect(role.status().unshown).toBe(1);
    isAway = false;
    await h.clock.advance(MIN);
    expect(role.status().unshown).toBe(0);
    expect(conflicts).toBe(2);
    expect((await h.desk.list('default', 'alert', { limit: 10 })).items).toHaveLength(1);
  });

  it('does not wait for a store that says nothing', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    const silent = new Proxy(h.deps.store, {
      get: (_store, name) => (name === 'urgent' ? undefined : () => new Promise(() => {})),
    });
    await using _role = h.start({ store: silent });
    await h.put(item());
    await settled();
    expect(mail.sent).toHaveLength(0);
    await until(() => true);
    await h.clock.advance(800);
    expect(mail.sent).toHaveLength(1);
    expect(mail.sent[0]?.brief).toBeUndefined();
  });

  it('goes on after items that it cannot read', async () => {
    const mail = new ScriptedNotifier();
    const h = harness({ pr: [mail] });
    await using _role = h.start();
    await h.bus.commit(
      0,
      { name: 'partition/0', epoch: 1 },
      {
        offset: '0',
        state: new Map(),
        outbox: new Map<string, Json>([
          ['odd', { kind: 'pigeon' }],
          ['odder', 7],
        ]),
      },
    );
    await h.put(item());
    await until(() => mail.sent.length === 1);
    expect(await h.bus.outbox(10, new AbortController().signal)).toEqual([]);
  });

  it('says of messages for a receiver that is gone that nobody got them', async () => {
    const mail = new ScriptedNotifier();
    mail.act = async () => {
      throw new NotifyError('down', { retryable: true });
    };
    const h = harness({ pr: [mail] });
    {
      await using _role = h.start();
      await h.put(item());
      await until(() => mail.tried.length === 1);
      await settled();
    }
    await using role = h.start({ receivers: [{ name: 'other', channels: [new ScriptedNotifier()] }] });
    await until(() => role.status().channels.length === 1);
    await settled();
    expect((await h.log()).at(-1)).toMatchObject({ outcome: 'failed', receiver: 'pr' });
  });

  it('keeps at most a thousand messages waiting for a channel', async () => {
    const mail = new ScriptedNotifier();
    const gate = Promise.withResolvers<void>();
    mail.act = () => gate.promise;
    const h = harness({ pr: [mail] });
    await using role = h.start();
    for (let i = 0; i < 1_010; i += 101)
      await h.put(...Array.from({ length: 101 }, (_, n) => item({ id: `a${i + n}`, brand: `b${i + n}` })));
    await until(() => role.status().channels[0]?.lost === 10, 10_000);
    expect(role.status().channels[0]?.waiting).toBe(1_000);
    expect((await h.log()).filter(({ outcome }) => outcome === 'dropped')).toHaveLength(10);
    gate.resolve();
  });
});
