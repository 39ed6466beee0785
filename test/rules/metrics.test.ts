/** Every metric against a recount of all mentions; and the whole engine against itself restarted, ticked, cut differently. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MapState } from '../../src/lib/map-state.ts';
import type { Mention, Millis } from '../../src/model/types.ts';
import { BOUND } from '../../src/rules/distinct.ts';
import { BrandFacts, newHead } from '../../src/rules/facts.ts';
import { FINE_WINDOW_MS, type Place } from '../../src/rules/metrics.ts';
import { METRICS } from '../../src/rules/rule.ts';
import { brand, DAY, Driver, HOUR, mention, MIN, signal, type Step, T0 } from './support.ts';

const WINDOWS = [MIN, 10 * MIN, HOUR, 6 * HOUR, 12 * HOUR];
const BASE = METRICS.filter(
  (metric) => !['negative_share', 'net_sentiment', 'growth', 'share_of_voice'].includes(metric),
);

function factsOf(id: string, places: readonly Place[], windows = WINDOWS): BrandFacts {
  const needs = BASE.filter((metric) => metric !== 'minutes_since_last').flatMap((metric) =>
    windows.flatMap((windowMs) => places.map((place) => ({ metric, windowMs, place }))),
  );
  return new BrandFacts(new MapState(), newHead(), {
    brand: brand(id),
    folds: new Map([['', { filter: { key: '', matches: () => true }, needs }]]),
  });
}

function within(all: readonly Mention[], windowMs: Millis, lag: Millis, clock: Millis): Mention[] {
  const unit = windowMs <= FINE_WINDOW_MS && lag <= windowMs ? MIN : 5 * MIN;
  const end = Math.floor(clock / unit) - lag / unit;
  return all.filter(({ at }) => Math.floor(at / unit) <= end && Math.floor(at / unit) > end - windowMs / unit);
}

/** The meaning of each metric, the slow way. */
function recount(
  metric: string,
  all: readonly Mention[],
  windowMs: Millis,
  lag: Millis,
  clock: Millis,
): number | undefined {
  const found = within(all, windowMs, lag, clock);
  const labelled = (label: string) => found.filter(({ sentiment }) => sentiment.label === label && !sentiment.unsure);
  const author = ({ source, author: by }: Mention) => `${source} ${by?.id ?? ''}`;
  const negative = labelled('negative');
  switch (metric) {
    case 'mentions':
      return found.length;
    case 'unsure':
      return found.filter(({ sentiment }) => sentiment.unsure).length;
    case 'negative':
    case 'positive':
    case 'neutral':
      return labelled(metric).length;
    case 'negative_share':
      return found.length === 0 ? undefined : negative.length / found.length;
    case 'net_sentiment': {
      const sure = found.filter(({ sentiment }) => !sentiment.unsure).length;
      return sure === 0 ? undefined : (100 * (labelled('positive').length - negative.length)) / sure;
    }
    case 'authors':
      return new Set(found.map(author)).size;
    case 'negative_authors':
      return new Set(negative.map(author)).size;
    case 'networks':
      return new Set(found.map(({ source }) => source)).size;
    case 'stories':
      return new Set(found.map(({ id, duplicateOf }) => duplicateOf ?? id)).size;
    case 'engagement':
      return found.reduce((sum, { engagement }) => sum + (engagement?.likes ?? 0), 0);
    case 'reach': {
      const followers = new Map<string, number>();
      for (const one of found) followers.set(author(one), one.author?.followers ?? 0);
      return [...followers.values()].reduce((sum, count) => sum + count, 0);
    }
    case 'minutes_since_last':
      return all.length === 0 ? undefined : (clock - Math.max(...all.map(({ at }) => at))) / MIN;
    default:
      throw new Error(metric);
  }
}

const post = fc.record({
  gapMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * MIN }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 * HOUR }) },
  ),
  lateMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 * HOUR }) },
  ),
  label: fc.constantFrom('negative' as const, 'neutral' as const, 'positive' as const),
  unsure: fc.boolean(),
  author: fc.integer({ min: 0, max: 12 }).map(String),
  source: fc.constantFrom('x', 'press', 'forum'),
  likes: fc.integer({ min: 0, max: 50 }),
  duplicateOf: fc.option(fc.constantFrom('x:1', 'x:2', 'press:1'), { nil: undefined }),
});

describe('metrics', () => {
  it('equal a recount of all mentions, late ones in their own place', () => {
    fc.assert(
      fc.property(
        fc.array(post, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 40_000 }),
        (posts, offset) => {
          const facts = factsOf('acme', ['now', 'previous']);
          const all: Mention[] = [];
          let clock = T0 + offset;
          const check = () => {
            for (const windowMs of WINDOWS) {
              for (const metric of [...BASE, 'negative_share', 'net_sentiment']) {
                // What an author's followers are is told by the last post, whichever window it lies in.
                const found = facts.value('', metric, windowMs, 'now', () => []);
                expect(found, `${metric} ${windowMs}`).toBe(recount(metric, all, windowMs, 0, clock));
              }
              const first = Math.min(...all.map(({ at }) => at));
              const before = facts.value('', 'negative', windowMs, 'previous', () => []);
              const ready = clock - first >= 2 * windowMs;
              expect(before).toBe(ready ? recount('negative', all, windowMs, windowMs, clock) : undefined);
            }
          };
          for (const { gapMs, lateMs, ...wanted } of posts) {
            clock += gapMs;
            facts.advance(clock);
            if (gapMs > 2 * MIN && all.length > 0) check();
            // One author's followers stay the same, so that lateness cannot tell two stories of them.
            const one = mention(clock, { ...wanted, at: clock - lateMs, followers: Number(wanted.author) * 7 });
            all.push(one);
            facts.count(one);
          }
          check();
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('know yesterday and last week, each count by its own means', () => {
    const rules = `
rules:
  - id: r
    summary: "x"
    when:
      any:
        - { metric: mentions, window: 1h, op: ">=", than: 1000, vs: yesterday }
        - { metric: authors, window: 1h, op: ">=", than: 1000, vs: yesterday }
        - { metric: mentions, window: 12h, op: ">=", than: 1000, vs: last_week }
        - { metric: authors, window: 1h, op: ">=", than: 1000, vs: usual }
        - { metric: mentions, window: 1h, op: ">=", than: 1000, vs: usual }
        - { metric: authors, window: 1h, op: ">=", than: 1000, vs: previous }
`;
    const driver = new Driver(rules);
    const all: Mention[] = [];
    for (let i = 0; i < 8 * 24 * 6; i++) {
      const one = mention(T0 + i * 10 * MIN + 1_000, { author: String(i % 4) });
      all.push(one);
      driver.mention(one);
      if (i === 500) driver.restart();
    }
    const clock = driver.clock;
    const facts = (driver.engine as unknown as { sleeping: (c: unknown, b: string) => unknown[] }).sleeping(
      driver.context,
      'acme',
    );
    expect(facts).toEqual([]);
    const state = driver.context.state('acme');
    const own = new BrandFacts(state, structuredClone(state.get('head') as ReturnType<typeof newHead>), {
      brand: brand('acme'),
      folds: new Map([
        [
          '',
          {
            filter: { key: '', matches: () => true },
            needs: [
              { metric: 'mentions', windowMs: HOUR, place: 'yesterday' },
              { metric: 'authors', windowMs: HOUR, place: 'yesterday' },
              { metric: 'authors', windowMs: HOUR, place: 'previous' },
              { metric: 'authors', windowMs: HOUR, place: 'usual' },
              { metric: 'mentions', windowMs: HOUR, place: 'usual' },
              { metric: 'mentions', windowMs: 12 * HOUR, place: 'last_week' },
            ],
          },
        ],
      ]),
    });
    own.advance(clock);
    const value = (metric: string, windowMs: number, place: Place) => own.value('', metric, windowMs, place, () => []);
    expect(value('mentions', HOUR, 'yesterday')).toBe(recount('mentions', all, HOUR, DAY, clock));
    expect(value('mentions', 12 * HOUR, 'last_week')).toBe(recount('mentions', all, 12 * HOUR, 7 * DAY, clock));
    expect(value('authors', HOUR, 'yesterday')).toBe(4);
    expect(value('authors', HOUR, 'previous')).toBe(4);
    expect(value('authors', HOUR, 'usual')).toBeCloseTo(4, 0);
    expect(value('mentions', HOUR, 'usual')).toBeCloseTo(6, 0);
  });

  it('share the voice among named competitors, else among the group', () => {
    const brands = [
      brand('acme', { competitors: ['globex'] }),
      brand('globex', { role: 'competitor' }),
      brand('initech', { role: 'competitor' }),
      brand('far', { client: 'other' }),
    ];
    const driver = new Driver(
      `
rules:
  - { id: voice, brands: [acme, initech], when: { metric: share_of_voice, window: 1h, op: ">=", than: 50% } }
`,
      brands,
    );
    for (const id of ['far', 'globex', 'initech', 'initech', 'acme', 'acme'])
      driver.mention(mention(T0, { brand: id }));
    expect(driver.alerts.map(({ brand: id, observed }) => [id, observed])).toEqual([
      ['initech', 0.5],
      ['acme', 0.5],
    ]);
  });

  it('learn from history and never alert on it', () => {
    const driver = new Driver(`
rules:
  - { id: jump, when: { metric: mentions, window: 1h, op: ">=", than: 3, vs: usual } }
  - { id: count, when: { metric: mentions, window: 6h, op: ">=", than: 20 } }
  - { id: authors, when: { metric: authors, window: 1h, op: ">=", than: 3, vs: usual } }
`);
    // Newest first, as feeds give it: six an hour for ten days.
    for (let i = 0; i < 10 * 24 * 6; i++)
      driver.history({ ...mention(T0, { at: T0 - i * 10 * MIN - MIN }), backfill: true }, T0);
    expect(driver.engine.sleeping(driver.context, 'acme').map(({ values }) => values['rule'])).toEqual([
      'jump',
      'authors',
    ]);
    driver.advance(T0 + 20 * MIN);
    expect(driver.engine.sleeping(driver.context, 'acme')).toEqual([]);
    for (let i = 0; i < 19; i++) driver.mention(mention(T0 + 20 * MIN + i * MIN));
    expect(driver.alerts.map(({ rule, observed, expected }) => [rule, observed, Math.round(expected)])).toEqual([
      ['authors', 18, 6],
      ['jump', 19, 6],
    ]);
  });

  it('say what sleeps and until when', () => {
    const driver = new Driver(`
rules:
  - { id: weekly, when: { metric: mentions, window: 1h, op: ">=", than: 3, vs: last_week } }
  - { id: plain, when: { metric: mentions, window: 1h, op: ">=", than: 300 } }
`);
    expect(driver.engine.sleeping(driver.context, 'acme')).toEqual([
      { key: 'rules.sleepsUntilMentions', values: { rule: 'weekly' } },
    ]);
    driver.mention(mention(T0));
    expect(driver.engine.sleeping(driver.context, 'acme')).toEqual([
      { key: 'rules.sleepsUntil', values: { rule: 'weekly', until: T0 + 7 * DAY + HOUR } },
    ]);
  });

  it('count more authors than are followed one by one, nearly', () => {
    const facts = factsOf('acme', ['now'], [HOUR]);
    facts.advance(T0);
    for (let i = 0; i < 20_000; i++) {
      facts.advance(T0 + i * 100);
      facts.count(mention(T0 + i * 100, { author: `a${i}`, followers: 3 }));
    }
    const authors = facts.value('', 'authors', HOUR, 'now', () => []) ?? 0;
    expect(Math.abs(authors / 20_000 - 1)).toBeLessThan(0.1);
    expect(facts.folds.get('')?.approximate('authors')).toBe(true);
    expect(BOUND).toBeLessThanOrEqual(2_000);
    facts.advance(T0 + 5 * HOUR);
    expect(facts.value('', 'authors', HOUR, 'now', () => [])).toBe(0);
  });
});

const RULES = `
rules:
  - id: surge
    when: { signal: negative-surge }
    for: 2m
    keep_firing_for: 10m
    tiers: [ { severity: critical, when: { metric: negative_authors, window: 1h, op: ">=", than: 4 } } ]
  - id: mix
    when:
      all:
        - { metric: negative_share, window: 30m, op: ">=", than: 50%, min: 3 }
        - { not: { signal: spike, scope: x } }
    keep_firing_for: 5m
  - { id: up, when: { metric: mentions, window: 10m, op: ">=", than: 2, vs: previous, min: 3 } }
  - { id: usual, when: { metric: mentions, window: 1h, op: ">=", than: 1.5, vs: usual, min: 3 } }
  - { id: day, when: { metric: authors, window: 1h, op: ">=", than: 1.2, vs: yesterday, min: 2 } }
  - { id: press, sources: press, when: { metric: stories, window: 2h, op: ">=", than: 2 } }
  - { id: words, when: { metric: mentions, filter: "fire AND NOT source:forum", window: 20m, op: ">=", than: 2 } }
  - { id: quiet, when: { metric: minutes_since_last, op: ">=", than: 45 }, for: 90s }
  - { id: low, when: { metric: mentions, window: 30m, op: "<", than: 0.5, vs: previous, min: 2 } }
  - { id: voice, brands: acme, when: { metric: share_of_voice, window: 1h, op: "<", than: 40% } }
  - { id: steps, when: { sequence: [ { metric: negative, window: 15m, op: ">=", than: 2 }, { signal: spike } ], within: 1h } }
  - { id: start, when: { all: [ { learning: true }, { metric: authors, window: 1h, op: ">=", than: 4 } ] } }
`;

const event = fc.record({
  gapMs: fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: 6 * MIN }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 * HOUR }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 * HOUR }) },
  ),
  kind: fc.constantFrom('mention', 'mention', 'mention', 'mention', 'mention', 'open', 'close', 'history', 'gap'),
  post,
  brand: fc.constantFrom('acme', 'acme', 'globex'),
  detector: fc.constantFrom('negative-surge', 'spike'),
  scope: fc.constantFrom('*', 'x'),
  text: fc.constantFrom('fire at the plant', 'nothing'),
});

type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

function play(events: readonly Happening[], disturb: (index: number, driver: Driver) => void): Driver {
  const driver = new Driver(RULES, [brand('acme', { competitors: ['globex'] }), brand('globex')]);
  let clock = T0;
  const open = new Map<string, number>();
  for (const [index, one] of events.entries()) {
    clock += one.gapMs;
    disturb(index, driver);
    const { lateMs, ...wanted } = one.post;
    const of = `${one.brand} ${one.detector} ${one.scope}`;
    const about = { brand: one.brand, scope: one.scope };
    const base = mention(clock, {
      ...wanted,
      at: clock - lateMs,
      brand: one.brand,
      text: one.text,
      id: `${wanted.source}:${index}`,
    });
    let step: Step | undefined;
    if (one.kind === 'mention') step = { kind: 'mention', mention: base };
    else if (one.kind === 'history')
      step = { kind: 'history', mention: { ...base, at: clock - 10 * lateMs - HOUR, backfill: true }, clock };
    else if (one.kind === 'open' && !open.has(of)) {
      open.set(of, clock);
      step = { kind: 'mention', mention: base, signals: [signal(one.detector, clock, { ...about, startedAt: clock })] };
    } else if (one.kind === 'close' && open.has(of)) {
      const startedAt = open.get(of) ?? 0;
      open.delete(of);
      step = {
        kind: 'mention',
        mention: base,
        signals: [signal(one.detector, clock, { ...about, startedAt, state: 'close' })],
      };
    } else if (one.kind === 'gap') {
      for (const { id } of driver.brands) driver.engine.onGap(driver.context, id, 'inbox', clock - 10 * MIN, clock);
    }
    if (step) driver.do(step);
  }
  driver.advance(clock + 2 * DAY);
  return driver;
}

describe('the engine', () => {
  it('gives the same alerts however it is restarted and ticked', () => {
    let alerts = 0;
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 20, maxLength: 120 }),
        fc.array(fc.integer({ min: 0, max: 119 }), { maxLength: 12 }),
        (events, cuts) => {
          const calm = play(events, () => undefined);
          const disturbed = play(events, (index, driver) => {
            if (index % 3 === 0) driver.advance(driver.clock + (events[index]?.gapMs ?? 0) / 2);
            if (cuts.includes(index)) driver.restart();
          });
          alerts += calm.alerts.length;
          for (const { rule, status } of calm.alerts) if (status === 'firing') seen.add(rule);
          expect(disturbed.alerts).toEqual(calm.alerts);
        },
      ),
      { numRuns: 40, seed: 11 },
    );
    // The test can fail only where something fires: every rule did.
    expect(alerts).toBeGreaterThan(500);
    expect([...seen].sort()).toEqual([
      'day',
      'low',
      'mix',
      'press',
      'quiet',
      'start',
      'steps',
      'surge',
      'up',
      'usual',
      'voice',
      'words',
    ]);
  });
});
