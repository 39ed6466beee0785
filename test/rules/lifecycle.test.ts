import { describe, expect, it } from 'vitest';
import { type Change, dueOf, type Phase, transition } from '../../src/rules/lifecycle.ts';
import type { Severity } from '../../src/model/types.ts';
import { brand, DAY, Driver, HOUR, mention, MIN, signal, T0 } from './support.ts';

/** One line: when, whether it holds (and how gravely), what must have changed. */
type Line = readonly [at: number, holds: Severity | false, change: Change | undefined];

function run(lines: readonly Line[], forMs: number, keepFiringForMs: number): void {
  let phase: Phase | undefined;
  for (const [at, state, wanted] of lines) {
    const step = transition(
      phase,
      { holds: state !== false, severity: state || 'info', at },
      { forMs, keepFiringForMs },
    );
    expect(step.change, `at ${at}`).toBe(wanted);
    phase = step.phase;
  }
}

describe('transition', () => {
  it('fires at once without for, and ends at once without keep_firing_for', () => {
    run(
      [
        [0, false, undefined],
        [1, 'warning', 'firing'],
        [2, 'warning', undefined],
        [3, false, 'resolved'],
        [4, 'warning', 'firing'],
      ],
      0,
      0,
    );
  });

  it('waits for its time, and starts anew when it was interrupted', () => {
    run(
      [
        [0, 'warning', 'pending'],
        [4, 'warning', undefined],
        [5, false, 'ended'],
        [6, 'warning', 'pending'],
        [10, 'warning', undefined],
        [11, 'warning', 'firing'],
      ],
      5,
      0,
    );
  });

  it('stays for keep_firing_for, counted from the last moment at which it held', () => {
    run(
      [
        [0, 'warning', 'firing'],
        [10, false, undefined],
        [12, 'warning', undefined],
        [20, false, undefined],
        [29, false, undefined],
        [30, false, 'resolved'],
      ],
      0,
      10,
    );
  });

  it('tells of a graver tier once, and of no way down', () => {
    run(
      [
        [0, 'info', 'firing'],
        [1, 'warning', 'graver'],
        [2, 'info', undefined],
        [3, 'warning', undefined],
        [4, 'critical', 'graver'],
        [5, 'info', undefined],
        [6, false, 'resolved'],
      ],
      0,
      0,
    );
  });

  it('tells of a graver tier while it was on its way out', () => {
    run(
      [
        [0, 'info', 'firing'],
        [5, false, undefined],
        [6, 'critical', 'graver'],
        [12, false, undefined],
        [21, false, undefined],
        [22, false, 'resolved'],
      ],
      0,
      10,
    );
  });

  it('says when it must be looked at again', () => {
    const phase: Phase = { status: 'pending', severity: 'info', startsAt: 10, sequence: 1 };
    expect(dueOf(phase, { forMs: 5, keepFiringForMs: 7 })).toBe(15);
    expect(dueOf({ ...phase, status: 'firing' }, { forMs: 5, keepFiringForMs: 7 })).toBeUndefined();
    expect(dueOf({ ...phase, status: 'firing', falseSince: 20 }, { forMs: 5, keepFiringForMs: 7 })).toBe(27);
  });
});

describe('alerts over time', () => {
  it('fires after for: 90s on a silent partition, at that very moment', () => {
    const driver = new Driver(`
rules:
  - id: slow
    when: { signal: spike, scope: "*" }
    for: 90s
`);
    driver.mention(mention(T0), [signal('spike', T0)]);
    driver.advance(T0 + HOUR);
    expect(driver.story).toEqual(['0m slow pending warning #1', '1.5m slow firing warning #2']);
    expect(new Set(driver.alerts.map(({ id }) => id)).size).toBe(1);
    expect(driver.alerts[0]?.id).toBe(`slow:acme:*:${T0}`);
  });

  it('takes back a pending alert that never fired', () => {
    const driver = new Driver(`
rules:
  - id: slow
    when: { signal: spike, scope: "*" }
    for: 5m
`);
    driver.signal(signal('spike', T0 - MIN, { state: 'close' }));
    driver.mention(mention(T0), [signal('spike', T0)]);
    driver.signal(signal('spike', T0 + 2 * MIN, { state: 'close', startedAt: T0 }));
    driver.advance(T0 + HOUR);
    expect(driver.story).toEqual(['0m slow pending warning #1', '2m slow resolved warning #2']);
  });

  it('keeps firing over a plateau, and resolves after keep_firing_for', () => {
    const driver = new Driver(`
rules:
  - id: many
    when: { metric: mentions, window: 10m, op: ">=", than: 5 }
    keep_firing_for: 30m
`);
    for (let minute = 0; minute < 120; minute++) driver.mention(mention(T0 + minute * MIN));
    driver.advance(T0 + DAY);
    // The window of ten minutes holds four from the minute at which the sixth-last mention leaves it: 119 + 6.
    expect(driver.story).toEqual(['4m many firing warning #1', '155m many resolved warning #2']);
    expect(driver.alerts[1]?.endsAt).toBe(T0 + 155 * MIN);
  });

  it('climbs tiers in the same alert', () => {
    const driver = new Driver(`
rules:
  - id: many
    severity: info
    when: { metric: mentions, window: 10m, op: ">=", than: 2 }
    tiers:
      - { severity: critical, when: { metric: mentions, window: 10m, op: ">=", than: 6 } }
      - { severity: warning, when: { metric: mentions, window: 10m, op: ">=", than: 4 } }
`);
    for (let i = 0; i < 6; i++) driver.mention(mention(T0 + i * 1000));
    driver.advance(T0 + 5 * MIN);
    for (let i = 0; i < 6; i++) driver.mention(mention(T0 + 9 * MIN + i * 1000));
    driver.advance(T0 + HOUR);
    expect(driver.story.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'many firing info #1',
      'many firing warning #2',
      'many firing critical #3',
      'many resolved critical #4',
    ]);
    expect(new Set(driver.alerts.map(({ id }) => id)).size).toBe(1);
  });

  it('raises one alert per scope where the rule names none', () => {
    const driver = new Driver(`
rules:
  - { id: any, when: { signal: negative-surge } }
  - { id: whole, when: { signal: negative-surge, scope: "*" } }
  - { id: strong, when: { signal: negative-surge, scope: x, field: score, op: ">=", than: 2 } }
`);
    driver.mention(mention(T0), [signal('negative-surge', T0, { scope: 'x' })]);
    driver.mention(mention(T0 + MIN), [signal('negative-surge', T0 + MIN, { scope: 'press' })]);
    driver.mention(mention(T0 + 2 * MIN), [
      signal('negative-surge', T0 + 2 * MIN, { scope: 'x', startedAt: T0, state: 'update', score: 2.5 }),
    ]);
    driver.signal(signal('negative-surge', T0 + 3 * MIN, { scope: 'x', startedAt: T0, state: 'close' }));
    expect(driver.story).toEqual([
      '0m any[x] firing warning #1',
      '1m any[press] firing warning #1',
      '2m strong firing warning #1',
      '3m any[x] resolved warning #2',
      '3m strong resolved warning #2',
    ]);
  });

  it('follows a sequence in its order and within its time', () => {
    const rules = `
rules:
  - id: leak
    when: { sequence: [ { signal: emerging-term }, { signal: influencer } ], within: 6h }
    severity: critical
`;
    const term = (at: number) => signal('emerging-term', at, { scope: 'term:fuite' });
    const voice = (at: number) => signal('influencer', at, { scope: 'x:99' });
    const inOrder = new Driver(rules);
    inOrder.signal(term(T0));
    inOrder.signal({ ...term(T0), state: 'close', at: T0 + HOUR });
    inOrder.signal(voice(T0 + 5 * HOUR));
    inOrder.signal({ ...voice(T0 + 5 * HOUR), state: 'close', at: T0 + 8 * HOUR });
    expect(inOrder.story).toEqual(['300m leak[x:99] firing critical #1', '480m leak[x:99] resolved critical #2']);
    expect(inOrder.alerts[0]?.story).toBe('x:99');

    const reversed = new Driver(rules);
    reversed.signal(voice(T0));
    reversed.signal(term(T0 + HOUR));
    expect(reversed.story).toEqual([]);

    const late = new Driver(rules);
    late.signal(term(T0));
    late.signal(voice(T0 + 6 * HOUR + 1));
    expect(late.story).toEqual([]);
  });

  it('compares with another brand, of which five mentions are not asked', () => {
    const brands = [brand('acme', { competitors: ['globex'] }), brand('globex', { role: 'competitor' })];
    const driver = new Driver(
      `
rules:
  - id: ahead
    brands: acme
    when: { metric: mentions, window: 1h, op: ">=", than: 3, vs: "brand:globex" }
`,
      brands,
    );
    driver.mention(mention(T0, { brand: 'globex' }));
    driver.mention(mention(T0, { brand: 'globex' }));
    for (let i = 0; i < 7; i++) driver.mention(mention(T0 + i * 1000));
    driver.advance(T0 + 10 * MIN);
    expect(driver.alerts.map(({ at, observed, expected }) => [at - T0, observed, expected])).toEqual([[5000, 6, 2]]);
    expect(driver.alerts[0]?.because[0]).toEqual({
      key: 'rules.metricVsBrand',
      values: {
        metric: 'mentions',
        value: 6,
        op: '>=',
        than: 3,
        windowMs: HOUR,
        filter: '',
        reference: 2,
        vs: 'globex',
      },
    });
  });

  it('knows a brand that is new, until two days have passed', () => {
    const driver = new Driver(`
rules:
  - id: first-days
    when: { all: [ { learning: true }, { metric: negative_authors, window: 1h, op: ">=", than: 3 } ] }
`);
    for (let i = 0; i < 3; i++) driver.mention(mention(T0 + i * MIN, { label: 'negative' }));
    driver.advance(T0 + 2 * HOUR);
    for (let i = 0; i < 3; i++) driver.mention(mention(T0 + 2 * DAY - 30 * MIN + i * MIN, { label: 'negative' }));
    driver.advance(T0 + 3 * DAY);
    for (let i = 0; i < 3; i++) driver.mention(mention(T0 + 3 * DAY + i * MIN, { label: 'negative' }));
    expect(driver.story).toEqual([
      '2m first-days firing warning #1',
      '60m first-days resolved warning #2',
      '2852m first-days firing warning #1',
      '2880m first-days resolved warning #2',
    ]);
  });

  it('hears silence at the very moment, and not while a source was blind', () => {
    const rules = `
rules:
  - { id: silence, when: { metric: minutes_since_last, op: ">=", than: 90 } }
`;
    const driver = new Driver(rules);
    driver.mention(mention(T0 + 10_000));
    driver.advance(T0 + DAY);
    driver.mention(mention(T0 + DAY));
    expect(driver.alerts.map(({ at, status }) => [at - T0, status])).toEqual([
      [90 * MIN + 10_000, 'firing'],
      [DAY, 'resolved'],
    ]);
    const blind = new Driver(rules);
    blind.mention(mention(T0));
    blind.engine.onGap(blind.context, 'acme', 'inbox', T0 + MIN, T0 + 80 * MIN);
    blind.advance(T0 + 3 * HOUR);
    // Ninety minutes after sight came back.
    expect(blind.story).toEqual(['170m silence firing warning #1']);
  });

  it('fires on too few mentions by time alone, and wakes when they come', () => {
    const driver = new Driver(`
rules:
  - { id: quiet, when: { metric: mentions, window: 30m, op: "<=", than: 2 }, for: 10m }
`);
    for (let minute = 0; minute < 60; minute += 2) driver.mention(mention(T0 + minute * MIN));
    driver.advance(T0 + 3 * HOUR);
    for (let i = 0; i < 3; i++) driver.mention(mention(T0 + 3 * HOUR));
    expect(driver.story).toEqual([
      '0m quiet pending warning #1',
      '4m quiet resolved warning #2',
      '84m quiet pending warning #1',
      '94m quiet firing warning #2',
      '180m quiet resolved warning #3',
    ]);
  });

  it('keeps state by rule id over a reload, and resolves the alerts of rules that are gone', () => {
    const one = `
rules:
  - { id: stays, when: { signal: spike, scope: "*" } }
  - { id: goes, when: { signal: spike, scope: "*" } }
`;
    const driver = new Driver(one);
    driver.mention(mention(T0), [signal('spike', T0)]);
    driver.advance(T0 + 2 * MIN);
    driver.restart(`
rules:
  - { id: comes, when: { signal: spike, scope: "*" } }
  - { id: stays, title: Other, when: { signal: spike, scope: "*" } }
`);
    driver.advance(T0 + 3 * MIN);
    driver.signal(signal('spike', T0 + 10 * MIN, { startedAt: T0, state: 'close' }));
    expect(driver.alerts.map(({ rule, status, sequence }) => `${rule} ${status} #${sequence}`)).toEqual([
      'stays firing #1',
      'goes firing #1',
      'goes resolved #2',
      'comes firing #1',
      'comes resolved #2',
      'stays resolved #2',
    ]);
    expect(driver.alerts.at(-1)?.title).toEqual({ fr: 'Other', en: 'Other' });
  });

  it('takes back what a clock that had jumped ahead made', () => {
    const driver = new Driver(`
rules:
  - { id: many, when: { metric: mentions, window: 10m, op: ">=", than: 3 } }
`);
    driver.mention(mention(T0));
    for (let i = 0; i < 3; i++) driver.mention(mention(T0 + 2 * HOUR + i));
    driver.engine.onReset(driver.context, 'acme', T0 + MIN);
    driver.clock = T0 + MIN;
    for (let i = 0; i < 2; i++) driver.mention(mention(T0 + 2 * MIN + i));
    expect(driver.alerts.map(({ at, status }) => [at - T0, status])).toEqual([
      [2 * HOUR + 2, 'firing'],
      [MIN, 'resolved'],
      [2 * MIN + 1, 'firing'],
    ]);
  });

  it('shows the posts of its signals, else those that show the metric best, and forgets removed ones', () => {
    const driver = new Driver(`
rules:
  - { id: sig, when: { signal: spike, scope: "*" } }
  - { id: met, when: { metric: negative, window: 1h, op: ">=", than: 2 }, keep_firing_for: 1m }
`);
    driver.mention(mention(T0, { id: 'x:calm', followers: 9_000 }));
    driver.mention(mention(T0 + 1, { id: 'x:small', label: 'negative', followers: 5 }));
    driver.mention(mention(T0 + 2, { id: 'x:big', label: 'negative', followers: 50 }), [
      signal('spike', T0 + 2, { evidence: ['x:small', 'x:big'] }),
    ]);
    expect(driver.alerts.map(({ rule, evidence }) => [rule, evidence])).toEqual([
      ['sig', ['x:small', 'x:big']],
      ['met', ['x:big', 'x:small', 'x:calm']],
    ]);
    driver.engine.onRemove(driver.context, 'acme', 'x:big');
    driver.signal(signal('spike', T0 + MIN, { startedAt: T0 + 2, state: 'close' }));
    driver.advance(T0 + 2 * HOUR);
    expect(driver.alerts.slice(2).map(({ rule, evidence }) => [rule, evidence])).toEqual([
      ['sig', ['x:small']],
      ['met', ['x:small', 'x:calm']],
    ]);
  });

  it('fills its words at each transition, in each language', () => {
    const driver = new Driver(`
rules:
  - id: many
    title: { fr: "Beaucoup sur {{ brand.name }}", en: "Much about {{ brand.name }}" }
    summary: { fr: "{{ mentions_1h }} mentions, {{ negative_share_1h }} négatives", en: "{{ mentions_1h }} mentions, {{ negative_share_1h }} negative" }
    labels: { team: press }
    when: { metric: mentions, window: 10m, op: ">=", than: 2 }
`);
    driver.mention(mention(T0, { label: 'negative' }));
    driver.mention(mention(T0 + MIN));
    const [alert] = driver.alerts;
    expect(alert?.title).toEqual({ fr: 'Beaucoup sur Acme', en: 'Much about Acme' });
    expect(alert?.summary).toEqual({ fr: '2 mentions, 50\u00a0% négatives', en: '2 mentions, 50% negative' });
    expect(alert?.labels).toEqual({ team: 'press' });
    expect([alert?.observed, alert?.expected, alert?.window]).toEqual([2, 2, '10m']);
  });

  it('reads business figures', () => {
    const driver = new Driver(`
rules:
  - { id: refunds, when: { metric: "kpi:refunds", window: 1d, op: ">=", than: 2, vs: yesterday } }
`);
    driver.kpi('refunds', 10, T0);
    driver.kpi('refunds', 12, T0 + HOUR);
    driver.kpi('refunds', 21, T0 + DAY + MIN);
    expect(driver.alerts.map(({ status, observed, expected }) => [status, observed, expected])).toEqual([
      ['firing', 21, 10],
    ]);
  });
});
