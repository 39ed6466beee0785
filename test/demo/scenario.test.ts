/** The demonstration through the real pipeline and the shipped rules: quiet days are quiet, the bad buzz is seen early. */
import { beforeAll, expect, test } from 'vitest';
import { readRules } from '../../src/app.ts';
import { type HistoryEvent, runHistory } from '../../src/cli/history.ts';
import { loadConfig } from '../../src/config/load.ts';
import { demoScenario } from '../../src/demo/scenario.ts';

/** The demonstration begins whenever somebody starts it: at any hour, on any day. */
const STARTS = [2, 7, 10, 13, 16, 19, 22].map((hour, day) => Date.UTC(2026, 4, 11 + day, hour, 7 * day));

interface Run {
  readonly start: number;
  readonly alerts: readonly Extract<HistoryEvent, { type: 'alert' }>[];
}
const runs: Run[] = [];

beforeAll(async () => {
  for (const start of STARTS) {
    const scenario = demoScenario(start);
    const config = await loadConfig({ text: scenario.config, folder: import.meta.dirname }, { env: {} });
    const events: HistoryEvent[] = [];
    await runHistory({
      posts: scenario.posts,
      config,
      rules: await readRules({ ...config, rules: undefined }),
      batchSize: 500,
      onEvent: (event) => void events.push(event),
    });
    runs.push({ start, alerts: events.filter((event) => event.type === 'alert') });
  }
}, 60_000);

test('it is a day of several networks, languages and voices, with a delete among them', () => {
  const scenario = demoScenario(STARTS[0] ?? 0);
  expect(new Set(scenario.posts.map(({ source }) => source)).size).toBeGreaterThanOrEqual(6);
  expect(new Set(scenario.posts.map(({ lang }) => lang))).toContain('en');
  expect(scenario.posts.some(({ op }) => op === 'delete')).toBe(true);
  expect(scenario.posts.some(({ author }) => author?.id === 'solenval_fr')).toBe(true);
  expect(new Set(scenario.posts.map(({ id, op }) => `${id} ${op}`)).size).toBe(scenario.posts.length);
});

test('nothing alerts in fourteen quiet days, nor does the false trail', () => {
  for (const { start, alerts } of runs) {
    expect(
      alerts
        .filter(({ at, brand }) => Date.parse(at) < start || brand !== 'solenval')
        .map(({ at, rule, because }) => `${at} ${rule} ${because.join()}`),
    ).toEqual([]);
  }
});

test('the bad buzz is told within 75 minutes of the demonstration’s own time: 75 seconds of ours', () => {
  for (const { start, alerts } of runs) {
    const first = alerts.find(({ rule, status }) => rule === 'bad-buzz' && status === 'firing');
    expect(Date.parse(first?.at ?? '') - start).toBeLessThanOrEqual(75 * 60_000);
    expect(alerts.some(({ severity }) => severity === 'critical')).toBe(true);
  }
});
