/** The demonstration through the real pipeline and the shipped rules: quiet days are quiet, the bad buzz is seen early. */
import { beforeAll, expect, test } from 'vitest';
import { readRules } from '../../src/app.ts';
import { type HistoryEvent, runHistory } from '../../src/cli/history.ts';
import { loadConfig } from '../../src/config/load.ts';
import { demoScenario } from '../../src/demo/scenario.ts';

const START = Date.parse('2026-05-18T09:00:00Z');
const scenario = demoScenario(START);
let events: HistoryEvent[] = [];

beforeAll(async () => {
  const config = await loadConfig({ text: scenario.config, folder: import.meta.dirname }, { env: {} });
  const rules = await readRules({ ...config, rules: undefined });
  await runHistory({ posts: scenario.posts, config, rules, batchSize: 500, onEvent: (event) => void events.push(event) });
  events = events.filter(({ type }) => type === 'alert');
});

test('it is a day of several networks, languages and voices, with a delete among them', () => {
  expect(new Set(scenario.posts.map(({ source }) => source)).size).toBeGreaterThanOrEqual(6);
  expect(new Set(scenario.posts.map(({ lang }) => lang))).toContain('en');
  expect(scenario.posts.some(({ op }) => op === 'delete')).toBe(true);
  expect(scenario.posts.some(({ author }) => author?.id === 'solenval_fr')).toBe(true);
  expect(new Set(scenario.posts.map(({ id, op }) => `${id} ${op}`)).size).toBe(scenario.posts.length);
});

test('nothing alerts in fourteen quiet days, nor does the false trail', () => {
  expect(events.filter(({ at }) => Date.parse(at) < START).map((event) => JSON.stringify(event).slice(0, 200))).toEqual([]);
  expect(events.filter((event) => event.type === 'alert' && event.brand !== 'solenval')).toEqual([]);
});

test('the bad buzz is told within 75 minutes of the demonstration’s own time: 75 seconds of ours', () => {
  const first = events.find((event) => event.type === 'alert' && event.rule === 'bad-buzz' && event.status === 'firing');
  expect(first).toBeDefined();
  expect(Date.parse(first?.at ?? '') - START).toBeLessThanOrEqual(75 * 60_000);
  expect(events.some((event) => event.type === 'alert' && event.severity === 'critical')).toBe(true);
});
