import { describe, expect, it } from 'vitest';
import { createDispatcher, type Delivery } from '../../src/alerts/dispatcher.ts';
import { routeSchema } from '../../src/alerts/route.ts';
import { MapState } from '../../src/lib/map-state.ts';
import type { Alert, Json } from '../../src/model/types.ts';
import { sampleAlert } from '../notifiers/sample.ts';

const T0 = Date.parse('2026-03-12T08:00:00Z');
const MIN = 60_000;
const HOUR = 3_600_000;

function alertOf(over: Partial<Alert> = {}): Alert {
  return sampleAlert({ id: 'a', severity: 'warning', sequence: 1, startsAt: T0, at: T0, ...over });
}

/** A dispatcher whose state goes through JSON after each call, as it does live. */
function machine(route: unknown = { receiver: 'pr' }) {
  const drops: string[] = [];
  const dispatcher = createDispatcher({ route: routeSchema.parse(route), onDrop: (reason) => drops.push(reason) });
  let kept = new Map<string, Json>();
  const run = (act: (state: MapState) => readonly Delivery[]): string[] => {
    const state = new MapState(kept);
    const deliveries = act(state);
    for (const [key, value] of state.takeChanges())
      if (value === undefined) kept.delete(key);
      else kept.set(key, JSON.parse(JSON.stringify(value)) as Json);
    return deliveries.map(({ key, reason, at, alerts }) => {
      const [, receiver, flush] = key.split('/');
      return `${receiver}#${flush} ${reason} @${(at - T0) / MIN} [${alerts.map(({ id }) => id).join()}]`;
    });
  };
  return {
    drops,
    size: () => kept.size,
    copy: () => new Map(kept),
    restore: (before: Map<string, Json>) => {
      kept = new Map(before);
    },
    raw: (alert: Alert, now: number) => {
      let got: readonly Delivery[] = [];
      run((state) => (got = dispatcher.onTransition(state, alert, now)));
      return got;
    },
    on: (alert: Alert, now: number) => run((state) => dispatcher.onTransition(state, alert, now)),
    to: (now: number) => run((state) => dispatcher.advance(state, now)),
    due: () => dispatcher.nextDue(new MapState(kept)),
  };
}

describe('dispatcher', () => {
  it('tells the first alert of an incident at once, and its end once', () => {
    const m = machine();
    expect(m.on(alertOf(), T0)).toEqual(['pr#1 first @0 [a]']);
    expect(m.on(alertOf({ sequence: 2, status: 'resolved', endsAt: T0 + 9 * MIN }), T0 + 9 * MIN)).toEqual([
      'pr#2 resolved @9 [a]',
    ]);
    expect(m.to(T0 + 9 * HOUR)).toEqual([]);
    expect(m.size()).toBe(0);
  });

  it('never sends what is pending, nor the end of what was never told', () => {
    const m = machine();
    expect(m.on(alertOf({ status: 'pending' }), T0)).toEqual([]);
    expect(m.on(alertOf({ status: 'resolved', sequence: 2 }), T0 + MIN)).toEqual([]);
    expect(m.due()).toBeUndefined();
  });

  it('tells at once when it turns graver, and not when it turns milder', () => {
    const m = machine();
    m.on(alertOf(), T0);
    expect(m.on(alertOf({ sequence: 2, severity: 'critical' }), T0 + 2 * MIN)).toEqual(['pr#2 changed @2 [a]']);
    expect(m.on(alertOf({ sequence: 3, severity: 'warning' }), T0 + 3 * MIN)).toEqual([]);
    expect(m.on(alertOf({ sequence: 4, severity: 'critical' }), T0 + 4 * MIN)).toEqual([]);
    expect(m.to(T0 + 3 * HOUR)).toEqual([]);
  });

  it('gathers further alerts for the group interval', () => {
    const m = machine();
    m.on(alertOf(), T0);
    expect(m.on(alertOf({ id: 'b', scope: 'x' }), T0 + MIN)).toEqual([]);
    expect(m.on(alertOf({ id: 'c', rule: 'other' }), T0 + 2 * MIN)).toEqual([]);
    expect(m.due()).toBe(T0 + 5 * MIN);
    expect(m.to(T0 + 4 * MIN)).toEqual([]);
    expect(m.to(T0 + 5 * MIN)).toEqual(['pr#2 changed @5 [a,b,c]']);
  });

  it('tells the end when all alerts of the incident are over', () => {
    const m = machine();
    m.on(alertOf(), T0);
    m.on(alertOf({ id: 'b' }), T0 + MIN);
    m.to(T0 + 5 * MIN);
    expect(m.on(alertOf({ sequence: 2, status: 'resolved' }), T0 + 20 * MIN)).toEqual([]);
    expect(m.on(alertOf({ id: 'b', sequence: 2, status: 'resolved' }), T0 + 30 * MIN)).toEqual([
      'pr#3 resolved @30 [a,b]',
    ]);
  });

  it('reminds while it goes on', () => {
    const m = machine();
    m.on(alertOf(), T0);
    expect(m.to(T0 + 8 * HOUR)).toEqual(['pr#2 repeat @240 [a]', 'pr#3 repeat @480 [a]']);
  });

  it('folds what flickers into one incident, ever more slowly', () => {
    const m = machine();
    const said: string[] = [];
    // Three minutes on, three off, for two hours.
    for (let i = 0; i < 20; i++) {
      const at = T0 + i * 6 * MIN;
      said.push(...m.to(at), ...m.on(alertOf({ id: `a${i}`, startsAt: at }), at));
      const end = at + 3 * MIN;
      said.push(...m.to(end), ...m.on(alertOf({ id: `a${i}`, startsAt: at, sequence: 2, status: 'resolved' }), end));
    }
    said.push(...m.to(T0 + 12 * HOUR));
    expect(said[0]).toBe('pr#1 first @0 [a0]');
    expect(said[1]).toBe('pr#2 resolved @3 [a0]');
    expect(said.filter((line) => line.includes('first'))).toHaveLength(1);
    expect(said.length).toBeLessThanOrEqual(10);
    expect(said.at(-1)).toContain('resolved');
  });

  it('opens a new incident when it was quiet for longer than the repeat interval', () => {
    const m = machine();
    const first = m.raw(alertOf(), T0)[0]!;
    m.on(alertOf({ sequence: 2, status: 'resolved' }), T0 + 10 * MIN);
    const within = m.raw(alertOf({ id: 'b', startsAt: T0 + 3 * HOUR }), T0 + 3 * HOUR)[0]!;
    expect([within.incident, within.reason]).toEqual([first.incident, 'changed']);
    m.on(alertOf({ id: 'b', sequence: 2, status: 'resolved' }), T0 + 4 * HOUR);
    m.to(T0 + 5 * HOUR);
    const later = m.raw(alertOf({ id: 'c', startsAt: T0 + 9 * HOUR }), T0 + 9 * HOUR)[0]!;
    expect(later.reason).toBe('first');
    expect(later.incident).not.toBe(first.incident);
  });

  it('gives the same key again when it starts again from the same state, and nothing for a repeated transition', () => {
    const m = machine();
    m.on(alertOf(), T0);
    const before = m.copy();
    const worse = alertOf({ sequence: 2, severity: 'critical' });
    const [one] = m.raw(worse, T0 + MIN);
    m.restore(before);
    const [two] = m.raw(worse, T0 + 2 * MIN);
    expect(two?.key).toBe(one?.key);
    expect(m.on(worse, T0 + 3 * MIN)).toEqual([]);
  });

  it('keeps incidents of receivers with one grouping alike, and brands, stories and clients apart', () => {
    const m = machine({
      receiver: 'pr',
      routes: [
        { match: { severity: 'critical' }, receiver: 'boss', continue: true },
        { match: { brand: 'acme' }, receiver: 'pr' },
      ],
    });
    m.on(alertOf(), T0);
    const worse = m.raw(alertOf({ sequence: 2, severity: 'critical' }), T0 + MIN);
    expect(worse.map(({ receiver, reason }) => `${receiver} ${reason}`)).toEqual(['pr changed', 'boss first']);
    expect(worse[0]?.incident).toBe(worse[1]?.incident);
    const ids = [{ brand: 'globex' }, { story: 's1' }, { client: 'other' }].map(
      (over, i) => m.raw(alertOf({ id: `z${i}`, ...over }), T0 + MIN)[0]?.incident,
    );
    expect(new Set([...ids, worse[0]?.incident]).size).toBe(4);
    // The one who was told of it as critical hears of its end, whatever its grade is then.
    const end = m.raw(alertOf({ sequence: 3, status: 'resolved', severity: 'warning' }), T0 + 9 * MIN);
    expect(end.map(({ receiver, reason }) => `${receiver} ${reason}`)).toEqual(['pr resolved', 'boss resolved']);
  });

  it('waits for company where the route says so', () => {
    const m = machine({ receiver: 'pr', group_wait: '30s' });
    expect(m.on(alertOf(), T0)).toEqual([]);
    expect(m.on(alertOf({ id: 'b' }), T0 + 10_000)).toEqual([]);
    expect(m.to(T0 + MIN)).toEqual(['pr#1 first @0.5 [a,b]']);
    const silent = machine({ receiver: 'pr', group_wait: '30s' });
    silent.on(alertOf(), T0);
    silent.on(alertOf({ sequence: 2, status: 'resolved' }), T0 + 10_000);
    expect(silent.to(T0 + HOUR)).toEqual([]);
  });

  it('stays within its bounds and says what it left out', () => {
    const m = machine();
    for (let i = 0; i < 230; i++) m.on(alertOf({ id: `a${i}`, rule: `r${i}`, at: T0 + i }), T0 + i);
    expect(m.drops).toHaveLength(30);
    const [delivery] = m.to(T0 + 5 * MIN);
    expect(delivery?.match(/a\d+/g)).toHaveLength(20);
  });

  it('tells the same however often its clock is asked', () => {
    const script = (step: number): string[] => {
      const m = machine();
      const said: string[] = [];
      const events: [number, Alert][] = [
        [0, alertOf()],
        [2, alertOf({ id: 'b' })],
        [7, alertOf({ id: 'c', severity: 'critical' })],
        [300, alertOf({ sequence: 2, status: 'resolved' })],
        [301, alertOf({ id: 'b', sequence: 2, status: 'resolved' })],
        [302, alertOf({ id: 'c', sequence: 2, status: 'resolved' })],
        [310, alertOf({ id: 'd', startsAt: T0 + 310 * MIN })],
      ];
      let at = 0;
      for (const [minute, alert] of events) {
        for (; at <= minute; at += step) said.push(...m.to(T0 + at * MIN));
        said.push(...m.to(T0 + minute * MIN), ...m.on(alert, T0 + minute * MIN));
      }
      said.push(...m.to(T0 + 700 * MIN));
      return said;
    };
    const once = script(1_000);
    expect(once.length).toBeGreaterThan(5);
    expect(script(1)).toEqual(once);
    expect(script(0.25)).toEqual(once);
  });
});
