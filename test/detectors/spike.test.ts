import { describe, expect, it } from 'vitest';
import { detectors } from '../../src/detectors/index.ts';
import { negativeSurge } from '../../src/detectors/negative-surge.ts';
import { spike } from '../../src/detectors/spike.ts';
import { say } from '../../src/i18n/index.ts';
import type { Mention, Sentiment } from '../../src/model/types.ts';
import { DAY, Drive, HOUR, MINUTE, T0, moments, seeded } from './drive.ts';

const latenessMs = (via: string) => (via === 'press' ? 6 * HOUR : 15 * MINUTE);
const drive = (settings: Parameters<typeof spike.config.parse>[0] = {}) =>
  new Drive(spike.create(spike.config.parse(settings), { latenessMs }));
const negative = () => new Drive(negativeSurge.create(negativeSurge.config.parse({}), { latenessMs }));
const start = T0 + 9 * DAY + 10 * HOUR;
const feeling = (label: Sentiment['label'], unsure = false): Partial<Mention> => ({
  sentiment: { label, score: 0, confidence: 0.5, unsure, words: [] },
});

describe('spike', () => {
  it('closes a surge of 20 minutes within 2 hours, and opens a second one 3 hours later anew', () => {
    for (const perHour of [1, 6, 30]) {
      const random = seeded(perHour);
      const run = drive().all(moments(random, T0, start, perHour));
      run.all(moments(random, start, start + 20 * MINUTE, 60 + 10 * perHour));
      run.all(moments(random, start + 20 * MINUTE, start + 3 * HOUR, perHour));
      expect(run.opened()).toHaveLength(1);
      expect(run.closed()).toHaveLength(1);
      expect(run.closed().at(0)?.at).toBeLessThanOrEqual(start + 2 * HOUR);
      run.all(moments(random, start + 3 * HOUR, start + 200 * MINUTE, 60 + 10 * perHour));
      run.all(moments(random, start + 200 * MINUTE, start + 12 * HOUR, perHour));
      const [first, second] = run.opened();
      expect(run.opened()).toHaveLength(2);
      expect(second?.id).not.toBe(first?.id);
      expect(second?.startedAt).toBeGreaterThanOrEqual(start + 3 * HOUR);
      expect(run.closed().at(1)?.at).toBeLessThanOrEqual(start + 5 * HOUR);
    }
  });

  it('alerts while the bucket runs, without waiting for its end', () => {
    const random = seeded(2);
    const run = drive().all(moments(random, T0, start, 6));
    run.all(Array.from({ length: 30 }, (_, i) => start + i * 2000));
    expect(run.opened().at(0)?.at).toBeLessThan(start + MINUTE);
  });

  it('takes the age of mentions from themselves: a poll that brings six hours at once is no spike', () => {
    const random = seeded(3);
    const run = drive();
    for (let poll = T0 + 6 * HOUR; poll <= start; poll += 6 * HOUR)
      for (const at of moments(random, poll - 6 * HOUR, poll, 8)) run.say(at, { via: 'press', observedAt: poll });
    expect(run.signals).toEqual([]);
    for (const at of moments(random, start - HOUR, start - 40 * MINUTE, 200))
      run.say(at, { via: 'press', observedAt: start });
    expect(run.opened()).toHaveLength(1);
  });

  it('does not wait for ever for a source that stays blind', () => {
    const random = seeded(30);
    const run = drive().all(moments(random, T0, start, 6));
    run.all(moments(random, start, start + 20 * MINUTE, 150));
    for (let at = start + 30 * MINUTE; at < start + 3 * DAY; at += 10 * MINUTE) run.gap('x-stream', start, at);
    expect(run.closed()).toHaveLength(1);
    expect(run.closed().at(0)?.at).toBeGreaterThan(start + 20 * HOUR);
    expect(run.closed().at(0)?.at).toBeLessThan(start + 27 * HOUR);
  });

  it('finds a broad surge that is caught up from its end to its beginning', () => {
    for (const order of [1, -1]) {
      const random = seeded(32);
      const run = drive().all(moments(random, T0, start, 6));
      const back = start + 10 * HOUR;
      const missed = [...moments(random, start, back, 6), ...moments(random, start + HOUR, start + 2 * HOUR, 30)];
      run.gap('x-stream', start, back);
      for (const at of missed.sort((a, b) => order * (a - b))) run.say(at, { observedAt: back });
      expect(run.opened()).toHaveLength(1);
      expect(run.opened().at(0)?.startedAt).toBeLessThan(start + 2 * HOUR);
    }
  });

  it('forgets what a clock that jumped ahead made it believe', () => {
    type State = { held: number | null; baseline: { age: number } };
    const random = seeded(31);
    const run = drive().all(moments(random, T0, start, 6));
    const taught = run.state.get<State>('past/*')?.baseline.age ?? 0;
    run.say(start + 30 * DAY).say(start + 30 * DAY + MINUTE);
    expect(run.state.get<State>('past/*')?.held).not.toBeNull();
    run.reset(start);
    const { newer } = run.state.get<{ newer: { from: number; counts: number[] } }>('recent/*') ?? {};
    expect((newer?.from ?? 0) + (newer?.counts.length ?? 0)).toBeLessThanOrEqual(start / (5 * MINUTE) + 30 * 288);
    expect(newer?.counts.reduce((sum, n) => sum + n, 0)).toBe(0);
    run.all(moments(random, start, start + 2 * DAY, 6));
    expect(run.state.get<State>('past/*')?.held).toBeNull();
    expect((run.state.get<State>('past/*')?.baseline.age ?? 0) - taught).toBeGreaterThan(1.8 * 288);
    expect((run.state.get<State>('past/*')?.baseline.age ?? 0) - taught).toBeLessThan(2.2 * 288);
  });

  it('tells again when it has grown by half or a longer window joins, once at a moment', () => {
    const random = seeded(4);
    const run = drive().all(moments(random, T0, start, 6));
    for (const at of moments(random, start, start + 2 * HOUR, 200)) run.say(at);
    const [open, ...updates] = run.signals.filter(({ scope }) => scope === '*');
    expect(open?.window).toBe('15m');
    expect(updates.map(({ state }) => state)).toContain('update');
    expect(updates.at(-1)?.window).toBe('6h');
    let told = open?.observed ?? 0;
    let window = open?.window;
    for (const { observed, window: now, id } of updates) {
      expect(id).toBe(open?.id);
      if (now === window) expect(observed).toBeGreaterThanOrEqual(1.5 * told);
      [told, window] = [observed, now];
    }
    const burst = drive().all(moments(seeded(4), T0, start, 6));
    for (let i = 0; i < 300; i++) burst.say(start - (i % 10) * 1000, { observedAt: start });
    expect(burst.signals.filter(({ scope }) => scope === '*').map(({ state }) => state)).toEqual(['open', 'update']);
    burst.to(start + 5 * MINUTE);
    const last = burst.signals.findLast(({ scope }) => scope === '*');
    expect(last?.state).toBe('update');
    expect(last?.observed).toBeGreaterThanOrEqual(300);
  });

  it('watches each source beside the whole, and the whole alone beyond the twelfth', () => {
    const random = seeded(5);
    const run = drive();
    run.all(moments(random, T0, start, 20), { source: 'x' });
    const forum = drive();
    for (const [i, at] of moments(random, T0, start, 20).entries())
      forum.say(at, { source: i % 20 === 0 ? 'forum' : 'x' });
    forum.all(moments(random, start, start + 20 * MINUTE, 36), { source: 'forum' });
    expect(forum.opened('forum')).toHaveLength(1);
    expect(forum.opened('forum').at(0)?.explain.values).toMatchObject({ scope: 'forum' });
    const many = drive();
    const sources = Array.from({ length: 40 }, (_, i) => `s${i}`);
    for (const [i, at] of moments(random, T0, start, 40).entries()) many.say(at, { source: sources[i % 40] ?? '' });
    many.all(moments(random, start, start + 20 * MINUTE, 400), { source: 's39' });
    expect(many.opened('s39')).toEqual([]);
    expect(many.opened()).toHaveLength(1);
  });

  it('says that it is learning until it has a week', () => {
    const surge = (days: number) => {
      const random = seeded(6);
      const run = drive().all(moments(random, T0, T0 + days * DAY, 6));
      return run
        .all(moments(random, T0 + days * DAY, T0 + days * DAY + 20 * MINUTE, 150))
        .opened()
        .at(0);
    };
    expect(surge(1.9)).toBeUndefined();
    expect(surge(3)?.values).toMatchObject({ learning: 1, ageHours: 71 });
    expect(surge(8)?.values).toMatchObject({ learning: 0 });
  });

  it('shows the first post and those that most people can have seen', () => {
    const random = seeded(7);
    const run = drive().all(moments(random, T0, start, 1));
    const times = moments(random, start, start + 14 * MINUTE, 200);
    for (const [i, at] of times.entries())
      run.say(
        at,
        i === 12 ? { author: { id: 'star', followers: 1_000_000 } } : i === 13 ? { engagement: { likes: 400 } } : {},
      );
    run.to(start + 4 * HOUR);
    const closed = run.closed().at(0);
    const ids = closed?.evidence ?? [];
    const base = run.signals.at(0)?.evidence.at(0);
    expect(ids).toHaveLength(10);
    expect(ids[0]).toBe(base);
    const number = Number(base?.slice(2));
    const said = Number(ids[1]?.slice(2)) - number;
    expect(said).toBeGreaterThan(10);
    expect(Number(ids[2]?.slice(2)) - number).toBe(said + 1);
  });

  it('heeds the preset, the sensitivity and the threshold', () => {
    const burst = (settings: Parameters<typeof spike.config.parse>[0], mentions: number) => {
      const run = drive(settings).all(moments(seeded(8), T0, start - 6 * HOUR, 0.1));
      for (let i = 0; i < mentions; i++) run.say(start + i * MINUTE);
      return run.opened().length;
    };
    expect(burst({ sensitivity: 'more' }, 3)).toBe(0);
    expect(burst({ sensitivity: 'more', preset: 'press' }, 3)).toBe(1);
    expect(burst({ sensitivity: 'fewer', preset: 'press' }, 3)).toBe(0);
    expect(burst({}, 12)).toBe(1);
    expect(burst({ threshold: 5 }, 12)).toBe(0);
    expect(() => spike.config.parse({ thresold: 2 })).toThrow(/thresold/);
  });

  it('catches up a fortnight of silence in no time', () => {
    const random = seeded(9);
    const run = drive();
    for (const [i, at] of moments(random, T0, T0 + 4 * DAY, 20).entries()) run.say(at, { source: `s${i % 10}` });
    const later = T0 + 18 * DAY;
    for (let i = 0; i < 10; i++) run.say(later + i * 30 * MINUTE, { source: `s${i}` });
    const before = performance.now();
    for (let i = 0; i < 10; i++) run.say(later + 12 * HOUR + i * 30 * MINUTE, { source: `s${i}` });
    expect(run.state.get<{ baseline: { age: number } }>('past/s3')?.baseline.age).toBeGreaterThan(17 * 288);
    // Eleven series of 4,000 buckets; the limit allows for a busy machine.
    expect(performance.now() - before).toBeLessThan(500);
    expect(run.signals).toEqual([]);
  });

  it('writes little at a time', () => {
    const random = seeded(10);
    const run = drive();
    let most = 0;
    for (const [i, at] of moments(random, T0, T0 + 4 * DAY, 500).entries()) {
      run.say(at, { source: `network-${i % 7}` });
      if (i % 500 !== 0) continue;
      let bytes = 0;
      for (const [key, value] of run.state.takeChanges()) bytes += key.length + JSON.stringify(value ?? null).length;
      most = Math.max(most, bytes);
    }
    expect(most).toBeLessThan(32_000);
    expect(run.bytes).toBeLessThan(64_000);
  });

  it('gathers history in small pieces, and lets go of it when the brand lives', () => {
    const random = seeded(11);
    const run = drive();
    run.to(T0 + 30 * DAY);
    const times = moments(random, T0, T0 + 30 * DAY, 100);
    let most = 0;
    for (const [i, at] of times.entries()) {
      run.history(at, { source: i % 3 === 0 ? 'press' : 'x' });
      if (i % 500 !== 0) continue;
      let bytes = 0;
      for (const [, value] of run.state.takeChanges()) bytes += JSON.stringify(value ?? null).length;
      most = Math.max(most, bytes);
    }
    expect(most).toBeLessThan(16_000);
    run.to(T0 + 30 * DAY + HOUR);
    expect(run.state.get<{ baseline: { mean: number } }>('past/*')?.baseline.mean).toBeCloseTo(100 / 12, 0);
    // Nobody looked live in the last six hours: they are not calm.
    expect(run.state.get<{ blind: number[] }>('recent/*')?.blind).toHaveLength(2);
    expect([...run.state.keys()].some((key) => key.startsWith('history/'))).toBe(true);
    for (const [i, at] of moments(random, T0 + 30 * DAY + HOUR, T0 + 33 * DAY, 100).entries())
      run.say(at, { source: i % 3 === 0 ? 'press' : 'x' });
    expect([...run.state.keys()].filter((key) => key.startsWith('history'))).toEqual([]);
    expect(run.signals).toEqual([]);
    run.history(T0 + 29 * DAY);
    expect([...run.state.keys()].filter((key) => key.startsWith('history'))).toEqual([]);
  });

  it('takes history beside the first live hours without losing them', () => {
    const random = seeded(12);
    const run = drive();
    run.all(moments(random, T0 + 30 * DAY, T0 + 31 * DAY, 60));
    for (const at of moments(random, T0 + 15 * DAY, T0 + 30 * DAY, 6)) run.history(at);
    run.to(T0 + 31 * DAY + 11 * MINUTE);
    const { baseline } = run.state.get<{ baseline: { age: number; mean: number } }>('past/*') ?? {
      baseline: undefined,
    };
    expect(baseline?.age).toBeGreaterThan(15.6 * 288);
    expect(baseline?.mean).toBeGreaterThan(0.6);
    expect(run.signals).toEqual([]);
  });
});

describe('negative surge', () => {
  it('counts what is surely negative, and tells its share', () => {
    const random = seeded(20);
    const run = negative();
    for (const [i, at] of moments(random, T0, start, 12).entries())
      run.say(at, feeling(i % 6 === 0 ? 'negative' : 'neutral'));
    run.all(moments(random, start, start + 20 * MINUTE, 150), feeling('positive'));
    run.all(moments(random, start + 20 * MINUTE, start + 40 * MINUTE, 150), feeling('negative', true));
    run.all(moments(random, start + 40 * MINUTE, start + 4 * HOUR, 12), feeling('neutral'));
    expect(run.signals).toEqual([]);
    const surge = start + 10 * HOUR;
    run.all(moments(random, start + 4 * HOUR, surge, 12), feeling('neutral'));
    for (const [i, at] of moments(random, surge, surge + 14 * MINUTE, 120).entries())
      run.say(at, feeling(i % 4 === 0 ? 'neutral' : 'negative'));
    const [open] = run.opened();
    expect(open?.detector).toBe('negative-surge');
    expect(open?.values['share']).toBeGreaterThan(0.5);
    expect(open?.values['share']).toBeLessThan(0.9);
    expect(say('fr', open!.explain)).toMatch(/mentions négatives en .*, soit \d+/);
    expect(say('en', open!.explain)).toMatch(/negative mentions in .*% of all mentions/);
  });
});

describe('the sentences', () => {
  const values = {
    observed: 71,
    expected: 3.14,
    spanMs: 900_000,
    rarity: 3.2,
    hourly: 1,
    learning: 0,
    ageHours: 400,
    scope: '*',
    lastedMs: 95 * MINUTE,
  };

  it('are what people read', () => {
    expect(say('fr', { key: 'detectors.spike.open', values })).toBe(
      '71 mentions en 15 min, 3,1 attendues à cette heure\u202f; c’est plus que dans 99,9\u00a0% des moments passés.',
    );
    expect(
      say('en', {
        key: 'detectors.spike.open',
        values: { ...values, scope: 'x', learning: 1, hourly: 0, ageHours: 72 },
      }),
    ).toBe(
      '71 mentions on x in 15 min, 3.1 expected; that is more than in 99.9% of past moments. Vigie is still learning what is usual here (3 d of history).',
    );
    expect(say('fr', { key: 'detectors.spike.close', values: { ...values, expected: 0.01 } })).toBe(
      'Retour à la normale après 1 h 35\u00a0: au plus fort, 71 mentions en 15 min, presque aucune attendue à cette heure.',
    );
  });
});

describe('the registry', () => {
  it('creates every detector as shipped, or as set', () => {
    expect(detectors({ latenessMs }).map(({ name }) => name)).toEqual([
      'spike',
      'negative-surge',
      'emerging-term',
      'copy-paste',
    ]);
    expect(() => detectors({ latenessMs }, { spike: { sensitivity: 'loud' } })).toThrow(/sensitivity/);
  });
});
