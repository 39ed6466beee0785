/**
 * Time comes from the log. Each scenario runs live, with the ticks of live running; then its log is run again without its ticks,
 * with many more, and from checkpoints taken on the way: the events are the same.
 */
import { describe, expect, test } from 'vitest';
import type { Alert, Entry, Signal } from '../../src/model/types.ts';
import type { AnalysisEvent } from '../../src/pipeline/analyser.ts';
import { analyse, DAY, HOUR, MINUTE, type Outcome, World } from './world.ts';

/** Runs a log in all ways, asserts that they agree, and answers what happened. */
function settled(log: readonly Entry[]): Outcome {
  const live = analyse(log);
  const last = log.at(-1);
  const bare = log.filter((entry) => entry.kind !== 'tick' || entry === last);
  expect(analyse(bare).events, 'without its ticks').toEqual(live.events);
  expect(analyse(withTicks(log)).events, 'with many more ticks').toEqual(live.events);
  const restored = analyse(log, { restoreEvery: 37 });
  expect(restored.events, 'from checkpoints').toEqual(live.events);
  expect([...restored.stored.keys()]).toEqual([...live.stored.keys()]);
  return live;
}

/** Three ticks between each two entries that lie more than a second apart. */
function withTicks(log: readonly Entry[]): Entry[] {
  const ticked: Entry[] = [];
  let clock = 0;
  for (const entry of log) {
    const at = entry.kind === 'mention' ? entry.mention.observedAt : entry.observedAt;
    // A gap is known before the clock moves over it: nobody ticks between its end and its arrival.
    if (clock > 0 && at - clock > 1_000 && entry.kind !== 'gap')
      for (const part of [0.25, 0.5, 0.9])
        ticked.push({ kind: 'tick', observedAt: Math.floor(clock + (at - clock) * part) });
    ticked.push(entry);
    clock = entry.kind === 'reset' ? at : Math.max(clock, at);
  }
  return ticked;
}

function signals(events: readonly AnalysisEvent[], detector?: string): Signal[] {
  return events.flatMap((event) =>
    event.kind === 'signal' && (!detector || event.signal.detector === detector) && event.signal.scope === '*'
      ? [event.signal]
      : [],
  );
}
function alerts(events: readonly AnalysisEvent[], rule?: string): Alert[] {
  return events.flatMap((event) =>
    event.kind === 'alert' && (!rule || event.alert.rule === rule) ? [event.alert] : [],
  );
}

describe('raises nothing', () => {
  test('the first poll of an old feed', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 10);
    const press = world.feed('press', 6 * HOUR);
    const old = world.ordinary(world.now - 30 * DAY, world.now - 7 * HOUR, 1, 'acme awful news');
    const week = world.crowd(world.now - 8 * DAY, world.now - 8 * DAY + HOUR, 60);
    await world.read(press, [...old, ...week]);
    await world.silence(world.now + 2 * HOUR);
    const { events, stored } = settled(world.log);
    expect(events).toEqual([]);
    const kept = [...stored.values()].filter(({ via }) => via === 'press');
    expect(kept.length).toBe(old.length + week.length);
    expect(kept.every(({ backfill }) => backfill)).toBe(true);
  });

  test('an import beside live traffic', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 4);
    await world.read(
      world.feed('import'),
      [
        ...world.crowd(world.now - 20 * DAY, world.now - 2 * DAY, 1_500),
        ...world.crowd(world.now - 10 * MINUTE, world.now, 80),
      ],
      { history: true },
    );
    await world.live(stream, world.ordinary(world.now, world.now + DAY));
    expect(settled(world.log).events).toEqual([]);
  });

  test('late mentions of ordinary days', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const talk = world.ordinary(world.now, world.now + DAY);
    for (let from = world.now; talk.length > 0; from += 14 * MINUTE) {
      world.now = from + 14 * MINUTE;
      const due = talk
        .splice(0, talk.findIndex((post) => (post.publishedAt ?? 0) >= world.now) + 1 || talk.length)
        .filter((post) => (post.publishedAt ?? 0) < world.now);
      await world.read(stream, due.toReversed());
    }
    expect(settled(world.log).events).toEqual([]);
  });

  test('dates in the future and in 1970', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const talk = world.ordinary(world.now, world.now + DAY);
    for (const [i, post] of talk.entries()) {
      world.now = post.publishedAt ?? world.now;
      await world.read(stream, [
        { ...post, publishedAt: i % 3 === 0 ? Date.parse('2099-01-01') : i % 3 === 1 ? 0 : world.now },
      ]);
    }
    const { events, stored } = settled(world.log);
    expect(events).toEqual([]);
    for (const { at, observedAt } of stored.values()) expect(at).toBeLessThanOrEqual(observedAt);
  });

  test('a silent night and an ordinary morning', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    await world.silence(world.now + 10 * HOUR);
    await world.live(stream, world.ordinary(world.now, world.now + 8 * HOUR));
    expect(settled(world.log).events).toEqual([]);
  });

  test('a gap and its catch-up', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const from = world.now;
    const missed = world.ordinary(from, from + 3 * HOUR);
    for (let minutes = 5; minutes <= 180; minutes += 5) {
      world.now = from + minutes * MINUTE;
      await world.gap('stream', from, world.now);
      await world.tick();
    }
    await world.read(stream, missed);
    await world.live(stream, world.ordinary(world.now, world.now + 12 * HOUR));
    expect(settled(world.log).events).toEqual([]);
  });

  test('a stop of half a day, told at the next start', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const from = world.now;
    world.now = from + 12 * HOUR;
    await world.gap('stream', from, world.now);
    await world.read(stream, world.ordinary(from, world.now));
    await world.live(stream, world.ordinary(world.now, world.now + 12 * HOUR));
    const { events, stored } = settled(world.log);
    expect(events).toEqual([]);
    expect([...stored.values()].filter(({ backfill }) => backfill)).toEqual([]);
  });

  test('a clock that jumps ahead and back', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const from = world.now;
    world.now = from + 30 * DAY;
    await world.read(stream, [world.post('acme again')]);
    world.now = from + MINUTE;
    await world.live(stream, world.ordinary(world.now, world.now + 12 * HOUR));
    expect(world.log.filter(({ kind }) => kind === 'reset').length).toBe(1);
    expect(settled(world.log).events).toEqual([]);
  });

  test('edits that no longer name the brand, and a delete before its post', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const posts = world.crowd(world.now, world.now + HOUR, 4, 'acme awful');
    await world.live(stream, posts);
    for (const post of posts) await world.read(stream, [{ ...post, op: 'update', text: 'never mind' }]);
    const early = world.post('acme awful');
    await world.read(stream, [{ id: early.id, source: 'x', op: 'delete', text: '' }]);
    world.now += MINUTE;
    await world.read(stream, [early]);
    await world.silence(world.now + HOUR);
    const { events, stored } = settled(world.log);
    expect(events).toEqual([]);
    for (const { id } of [...posts, early]) expect(stored.has(id)).toBe(false);
  });
});

describe('a true surge', () => {
  test('inside an outage alerts within a minute of the catch-up, and lies at its own time', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const from = world.now;
    const missed = [
      ...world.ordinary(from, from + 3 * HOUR),
      ...world.crowd(from + HOUR, from + HOUR + 20 * MINUTE, 70),
    ].sort((a, b) => (a.publishedAt ?? 0) - (b.publishedAt ?? 0));
    for (let minutes = 5; minutes <= 180; minutes += 5) {
      world.now = from + minutes * MINUTE;
      await world.gap('stream', from, world.now);
      await world.tick();
    }
    const caughtUp = world.now;
    await world.read(stream, missed);
    await world.silence(world.now + 3 * HOUR);
    const { events } = settled(world.log);
    const [first] = alerts(events, 'bad-surge').filter(({ status }) => status === 'firing');
    expect(first?.at).toBeGreaterThanOrEqual(caughtUp);
    expect(first?.at).toBeLessThanOrEqual(caughtUp + MINUTE);
    const [opened] = signals(events, 'negative-surge');
    expect(opened?.startedAt).toBeGreaterThanOrEqual(from + HOUR - 15 * MINUTE);
    expect(opened?.startedAt).toBeLessThanOrEqual(from + HOUR + 25 * MINUTE);
  });

  test('after a clock that had jumped is seen all the same', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const from = world.now;
    world.now = from + 30 * DAY;
    await world.read(stream, [world.post('acme again')]);
    world.now = from + MINUTE;
    await world.live(stream, world.ordinary(world.now, world.now + 2 * HOUR));
    const surge = world.now;
    await world.live(stream, world.crowd(surge, surge + 20 * MINUTE, 60));
    await world.silence(world.now + HOUR);
    const fired = alerts(settled(world.log).events, 'bad-surge').find(({ status }) => status === 'firing');
    expect(fired?.at).toBeGreaterThanOrEqual(surge);
    expect(fired?.at).toBeLessThanOrEqual(surge + 10 * MINUTE);
  });

  test('of twenty minutes closes within two hours, and a second one three hours later opens anew', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const first = world.now;
    await world.live(stream, [
      ...world.crowd(first, first + 20 * MINUTE, 60),
      ...world.ordinary(first + 20 * MINUTE, first + 3 * HOUR),
    ]);
    const second = first + 3 * HOUR;
    await world.live(stream, [
      ...world.crowd(second, second + 20 * MINUTE, 90),
      ...world.ordinary(second + 20 * MINUTE, second + 4 * HOUR),
    ]);
    const seen = signals(settled(world.log).events, 'spike').filter(({ state }) => state !== 'update');
    expect(seen.map(({ state }) => state)).toEqual(['open', 'close', 'open', 'close']);
    expect(seen[1]?.at).toBeLessThanOrEqual(first + 20 * MINUTE + 2 * HOUR);
    expect(seen[2]?.at).toBeGreaterThanOrEqual(second);
    expect(seen[2]?.at).toBeLessThanOrEqual(second + 15 * MINUTE);
  });

  test('leaves the evidence of a deleted post out', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 8);
    const crowd = world.crowd(world.now, world.now + 20 * MINUTE, 60);
    await world.live(stream, crowd);
    const shown = signals(analyse(world.log).events, 'negative-surge')[0]?.evidence ?? [];
    expect(shown.length).toBeGreaterThan(0);
    const gone = shown[0] ?? '';
    await world.read(stream, [{ id: gone, source: 'x', op: 'delete', text: '' }]);
    await world.live(stream, world.crowd(world.now + MINUTE, world.now + 20 * MINUTE, 120));
    await world.silence(world.now + 3 * HOUR);
    const { events, stored } = settled(world.log);
    const later = signals(events, 'negative-surge').filter(({ at }) => at > (crowd.at(-1)?.publishedAt ?? 0) + MINUTE);
    expect(later.length).toBeGreaterThan(0);
    for (const { evidence } of later) expect(evidence).not.toContain(gone);
    expect(stored.has(gone)).toBe(false);
  });
});

describe('what must hold for a while', () => {
  test('`for: 90s` on a silent partition fires when its time has come', async () => {
    const world = new World();
    const stream = world.feed();
    await world.history(stream, 3);
    world.now += HOUR;
    const crowd = world.crowd(world.now, world.now + 5_000, 5, 'acme doorbell');
    await world.live(stream, crowd);
    const held = crowd.at(-1)?.publishedAt ?? 0;
    await world.silence(world.now + 30 * MINUTE);
    const five = alerts(settled(world.log).events, 'five').map(({ status, at }) => [status, at]);
    expect(five.slice(0, 2)).toEqual([
      ['pending', held],
      ['firing', held + 90_000],
    ]);
    expect(five.at(-1)?.[0]).toBe('resolved');
  });
});
