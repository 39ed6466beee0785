/** What every detector of volume and content owes the pipeline. Run for each one of the registry. */
import { describe, expect, it } from 'vitest';
import { say } from '../../src/i18n/index.ts';
import type { DetectorDeps } from '../../src/model/define.ts';
import type { Detector } from '../../src/model/ports.ts';
import type { Signal } from '../../src/model/types.ts';
import type { DriveOptions, Watch } from '../detectors/drive.ts';
import { DAY, Drive, HOUR, MINUTE, T0, moments, seeded } from '../detectors/drive.ts';

/** What differs between detectors of volume and of content. */
export interface DetectorKind {
  /** What is said; left out: the detector counts, whatever is said. */
  readonly watch?: Watch;
  /** How long after its last mention an episode is surely over. */
  readonly overMs: number;
  /** Bytes of state: after a few hundred mentions, and after three days of 600 an hour from 60 sources. */
  readonly bytes: readonly [few: number, many: number];
}

const volume: DetectorKind = { overMs: 3 * HOUR, bytes: [40_000, 100_000] };

/** `create` makes the detector as it is shipped; the mentions of `drive.ts`, or of `kind.watch`, must be such as it watches. */
export function detectorContract(
  name: string,
  create: (deps: DetectorDeps) => Detector,
  kind: DetectorKind = volume,
): void {
  const drive = (options: DriveOptions = {}) =>
    new Drive(create({ latenessMs: () => 15 * MINUTE }), {
      ...(kind.watch === undefined ? {} : { watch: kind.watch }),
      ...options,
    });
  const start = T0 + 9 * DAY + 10 * HOUR;

  /** Nine calm days, a surge of twenty minutes, and a calm day after it. */
  function story(options: DriveOptions = {}): Drive {
    const random = seeded(7);
    const run = drive(options);
    run.all(moments(random, T0, start, 4));
    run.surge(moments(random, start, start + 20 * MINUTE, 180), { author: { id: 'a', followers: 10 } });
    run.all(moments(random, start + 20 * MINUTE, start + DAY, 4));
    return run.to(start + DAY);
  }

  describe(`${name} keeps the contract of detectors`, () => {
    it('bears the name it is registered by', () => {
      expect(create({ latenessMs: () => 0 }).name).toBe(name);
    });

    it('raises an episode that opens, closes, and says why', () => {
      const { signals } = story();
      const whole = signals.filter(({ scope }) => kind.watch !== undefined || scope === '*');
      expect(whole.map(({ state }) => state)).toEqual(expect.arrayContaining(['open', 'close']));
      for (const [id, episode] of Map.groupBy(signals, (signal) => signal.id)) {
        const [first] = episode as [Signal];
        expect(first.state).toBe('open');
        expect(episode.filter(({ state }) => state === 'open')).toHaveLength(1);
        expect(episode.at(-1)?.state).toBe('close');
        expect(id).toBe(`${name}:acme:${first.scope}:${first.window}:${first.startedAt}`);
        expect(first.score).toBeGreaterThanOrEqual(1);
        const told = episode.map(({ state, at }) => `${state}@${at}`);
        expect(new Set(told).size).toBe(told.length);
        for (const signal of episode) {
          expect(signal.startedAt).toBe(first.startedAt);
          expect(signal.observed).toBeGreaterThan(signal.expected);
          expect(signal.evidence.length).toBeGreaterThan(0);
          expect(signal.evidence.length).toBeLessThanOrEqual(10);
          expect(JSON.parse(JSON.stringify(signal))).toEqual(signal);
          for (const language of ['fr', 'en'] as const) {
            const sentence = say(language, signal.explain);
            expect(sentence).not.toBe(signal.explain.key);
            expect(sentence).not.toMatch(/NaN|undefined|null/);
          }
        }
      }
    });

    it('gives the same signals every time, with ticks or without', () => {
      const { signals } = story();
      expect(story().signals).toEqual(signals);
      expect(story({ tickMs: 5 * MINUTE }).signals).toEqual(signals);
      expect(story({ tickMs: 7 * HOUR }).signals).toEqual(signals);
    });

    it('goes on from its state through JSON after every call', () => {
      const run = story({ restore: true });
      const undisturbed = story();
      expect(run.signals).toEqual(undisturbed.signals);
      expect([...run.state.keys()].sort()).toEqual([...undisturbed.state.keys()].sort());
      for (const key of run.state.keys()) expect(run.state.get(key)).toEqual(undisturbed.state.get(key));
    });

    it('does so whatever comes, and in whatever order', () => {
      let raised = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const [one, other, ticking] = [{}, { restore: true }, { tickMs: 20 * MINUTE }].map((options) => {
          const random = seeded(seed);
          const run = drive(options);
          let now = T0;
          if (seed % 3 === 0) {
            run.to(now);
            for (const at of moments(random, T0 - 10 * DAY, T0, 2)) run.history(at);
          }
          for (let step = 0; step < 700; step++) {
            const what = random();
            const late = random() < 0.2 ? random() * 8 * HOUR : random() * 10 * MINUTE;
            if (what < 0.01) now += random() * 40 * HOUR;
            now = Math.ceil(now + (what < 0.9 ? random() * 40 * MINUTE : random() * MINUTE));
            const at = Math.floor(now - late);
            if (what < 0.9) run.say(at, { observedAt: now, source: random() < 0.3 ? 'forum' : 'x' });
            else if (what < 0.92) for (let i = 0; i < 40; i++) run.surge([at + i * 1000], { observedAt: now + 60_000 });
            else if (what < 0.95) run.gap(random() < 0.5 ? 'x-stream' : 'unknown', at, now);
            else if (what < 0.96) run.reset((now = Math.floor(run.clock - random() * 20 * MINUTE)));
            else if (what < 0.98) run.history(at);
            else run.remove(`x:${Math.floor(random() * 700)}`);
            now = Math.max(now, run.clock);
          }
          return run.to(now + 3 * DAY);
        }) as [Drive, Drive, Drive];
        expect(other.signals).toEqual(one.signals);
        expect(ticking.signals).toEqual(one.signals);
        for (const key of one.state.keys()) expect(other.state.get(key)).toEqual(one.state.get(key));
        const ids = new Set(one.signals.map(({ id }) => id));
        raised += ids.size;
        for (const state of ['open', 'close'] as const)
          expect(one.signals.filter((signal) => signal.state === state)).toHaveLength(ids.size);
        expect(one.bytes).toBeLessThan(kind.bytes[0]);
      }
      expect(raised).toBeGreaterThan(12);
    });

    it('has its dues in order, and comes to rest', () => {
      const run = story();
      expect(run.dues).toEqual([...run.dues].sort((a, b) => a - b));
      expect(new Set(run.dues).size).toBe(run.dues.length);
      const { length } = run.dues;
      run.to(start + 400 * DAY);
      expect(run.dues.length).toBe(length);
    });

    it('is silent on silence and on a few mentions after it', () => {
      const run = drive();
      run.say(T0);
      run.to(T0 + 20 * DAY).say(T0 + 20 * DAY);
      run.all([1, 2].map((m) => T0 + 20 * DAY + m * MINUTE)).to(T0 + 21 * DAY);
      expect(run.signals).toEqual([]);
    });

    it('says nothing in its first two days', () => {
      const run = drive();
      run.all(moments(seeded(1), T0, T0 + DAY, 3));
      run.surge(moments(seeded(2), T0 + DAY, T0 + DAY + HOUR, 300));
      expect(run.to(T0 + DAY + 12 * HOUR).signals).toEqual([]);
    });

    it('takes no ordinary volume for a spike because it was caught up late', () => {
      const random = seeded(3);
      const run = drive().all(moments(random, T0, start, 12));
      const missed = moments(random, start, start + 3 * HOUR, 12);
      for (let at = start + 5 * MINUTE; at <= start + 3 * HOUR; at += 5 * MINUTE) run.gap('x-stream', start, at);
      for (const at of missed) run.say(at, { observedAt: start + 3 * HOUR });
      run.all(moments(random, start + 3 * HOUR, start + DAY, 12));
      expect(run.signals).toEqual([]);
    });

    it('finds a surge inside an outage when it is caught up, in whatever order', () => {
      for (const order of [1, -1]) {
        const random = seeded(4);
        const run = drive().all(moments(random, T0, start, 6));
        const back = start + 10 * HOUR;
        const calm = moments(random, start, back, 6);
        const surge = moments(random, start + HOUR, start + 80 * MINUTE, 150);
        run.gap('x-stream', start, back);
        for (const at of [...calm, ...surge].sort((a, b) => order * (a - b))) {
          if (surge.includes(at)) run.surge([at], { observedAt: back });
          else run.say(at, { observedAt: back });
        }
        const [opened, ...more] = run.opened();
        expect(more).toEqual([]);
        expect(opened?.at).toBe(back);
        expect(opened?.startedAt).toBeGreaterThanOrEqual(start + HOUR - 10 * MINUTE);
        expect(opened?.startedAt).toBeLessThanOrEqual(start + 90 * MINUTE);
        run.all(moments(random, back, back + 8 * HOUR, 6)).to(back + 8 * HOUR);
        expect(run.closed()).toHaveLength(1);
        // What comes of it later still belongs to the same story.
        for (const at of moments(random, start + HOUR, start + 80 * MINUTE, 60))
          run.surge([at], { observedAt: back + 8 * HOUR });
        expect(run.opened()).toHaveLength(1);
      }
    });

    it('does not call a blind source calm', () => {
      const random = seeded(5);
      const run = drive().all(moments(random, T0, start, 6));
      run.surge(moments(random, start, start + 20 * MINUTE, 150));
      expect(run.opened()).toHaveLength(1);
      const from = start + 20 * MINUTE;
      for (let at = from + 4 * MINUTE; at <= from + 6 * HOUR; at += 4 * MINUTE) run.gap('x-stream', from, at);
      expect(run.closed()).toEqual([]);
      const over = from + 6 * HOUR + kind.overMs;
      run.all(moments(random, from + 6 * HOUR, over, 6)).to(over);
      expect(run.closed()).toHaveLength(1);
    });

    it.skipIf(kind.watch !== undefined)('learns nothing from buckets under a gap', () => {
      const back = start + 3 * DAY;
      const story = (gaps: boolean): number => {
        const random = seeded(6);
        const run = drive()
          .all(moments(random, T0, start, 6))
          .say(start, { via: 'forum' });
        for (let at = start; at < back; at += HOUR) {
          if (gaps) run.gap('x-stream', start, at + HOUR);
          run.say(at + HOUR, { via: 'forum' });
        }
        run.all(moments(random, back, back + 20 * MINUTE, 150));
        return run.opened().at(0)?.expected ?? 0;
      };
      expect(story(false)).toBeGreaterThan(0);
      expect(story(true)).toBeGreaterThan(1.1 * story(false));
    });

    it('never signals for history, and is ready at once when it was taught', () => {
      const random = seeded(9);
      const run = drive();
      run.to(T0 + 30 * DAY);
      for (const at of moments(random, T0 + 5 * DAY, T0 + 30 * DAY, 4)) run.history(at);
      for (const at of moments(random, T0 + 20 * DAY, T0 + 20 * DAY + HOUR, 200)) run.history(at);
      run.to(T0 + 30 * DAY + HOUR);
      expect(run.signals).toEqual([]);
      run.surge(moments(random, T0 + 30 * DAY + HOUR, T0 + 30 * DAY + 90 * MINUTE, 120));
      expect(run.opened()).toHaveLength(1);
      expect(
        run
          .opened()
          .at(0)
          ?.evidence.every((id) => id.startsWith('x:')),
      ).toBe(true);
    });

    it('survives a clock that jumped ahead and came back', () => {
      const random = seeded(10);
      const run = drive().all(moments(random, T0, start, 6));
      run.say(start + 3 * DAY).say(start + 3 * DAY + 1000);
      run.reset(start);
      run.all(moments(random, start, start + 2 * DAY, 6));
      expect(run.signals).toEqual([]);
      run.surge(moments(random, start + 2 * DAY, start + 2 * DAY + 20 * MINUTE, 150));
      expect(run.opened()).toHaveLength(1);
      run.all(moments(random, start + 2 * DAY + 20 * MINUTE, start + 3 * DAY, 6)).to(start + 4 * DAY);
      expect(run.closed()).toHaveLength(1);
    });

    it('does not close an episode because the clock went back', () => {
      const random = seeded(11);
      const run = drive().all(moments(random, T0, start, 6));
      run.surge(moments(random, start, start + 20 * MINUTE, 150));
      run.reset(start + 10 * MINUTE);
      expect(run.signals.filter(({ state }) => state === 'close')).toEqual([]);
      run.all(moments(random, start + 10 * MINUTE, start + 3 * HOUR, 6)).to(start + 3 * HOUR + kind.overMs);
      expect(run.closed()).toHaveLength(1);
    });

    it('takes removed posts out of the evidence', () => {
      const random = seeded(12);
      const run = drive().all(moments(random, T0, start, 6));
      run.surge(moments(random, start, start + 10 * MINUTE, 150));
      const shown = run.opened().at(0)?.evidence ?? [];
      expect(shown.length).toBeGreaterThan(2);
      for (const id of shown) run.remove(id);
      const before = run.signals.length;
      run.surge(moments(random, start + 10 * MINUTE, start + 20 * MINUTE, 300)).to(start + 3 * HOUR + kind.overMs);
      const later = run.signals.slice(before);
      expect(later.map(({ state }) => state)).toEqual(expect.arrayContaining(['update', 'close']));
      for (const { evidence } of later) expect(evidence.filter((id) => shown.includes(id))).toEqual([]);
    });

    it('keeps its state small', () => {
      const random = seeded(13);
      const run = drive();
      const sources = Array.from({ length: 60 }, (_, i) => `forum-${i}`);
      for (const at of moments(random, T0, T0 + 3 * DAY, 600))
        run.say(at, { source: sources[Math.floor(random() ** 2 * 60)] ?? '' });
      expect(run.bytes).toBeLessThan(kind.bytes[1]);
    });
  });
}
