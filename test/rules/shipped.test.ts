/** The shipped rules: they load, their tests pass through detectors and rules as in live running, and each test can fail. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectors } from '../../src/detectors/index.ts';
import type { Alert, Mention } from '../../src/model/types.ts';
import { PartitionAnalyser } from '../../src/pipeline/analyser.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { loadRules, readRuleFolder } from '../../src/rules/load.ts';
import { ruleJsonSchema } from '../../src/rules/schema.ts';
import { readRuleTests, type RuleTestRun, runRuleTests } from '../../src/rules/test-runner.ts';
import { brand, DAY, Driver, mention, MIN, signal, T0 } from './support.ts';

const FOLDER = join(import.meta.dirname, '../../rules');

/** Detectors and rules in the order of live running, with the sentiment that the test gives. */
function run({ posts, brand: of, brands, rules, until }: RuleTestRun): Alert[] {
  const analyser = new PartitionAnalyser({
    brands,
    detectors: detectors({ latenessMs: () => 15 * MIN }),
    rules: createRuleEngine(rules, brands),
  });
  const alerts: Alert[] = [];
  const take = (): void => {
    for (const event of analyser.take().events) if (event.kind === 'alert') alerts.push(event.alert);
  };
  for (const { post, label = 'neutral' } of posts) {
    const mention: Mention = {
      ...post,
      client: of.client,
      brand: of.id,
      own: false,
      language: 'fr',
      sentiment: { label, score: 0, confidence: 1, unsure: false, words: [] },
      terms: [],
      topics: [],
      links: [],
      fingerprint: post.id,
    };
    analyser.apply({ kind: 'mention', mention });
    take();
  }
  analyser.apply({ kind: 'tick', observedAt: until });
  take();
  return alerts;
}

describe('the shipped rules', () => {
  it('load for any brand, and say everything in both languages', async () => {
    const { rules, problems } = loadRules(await readRuleFolder(FOLDER), { brands: [brand('acme')], language: 'en' });
    expect(problems).toEqual([]);
    expect(rules?.rules.map(({ id }) => id)).toContain('bad-buzz');
    for (const { title, summary } of rules?.rules ?? []) {
      expect(Object.keys(title).sort()).toEqual(['en', 'fr']);
      expect(Object.keys(summary).sort()).toEqual(['en', 'fr']);
    }
  });

  it('leave competitors alone', async () => {
    const brands = [brand('globex', { role: 'competitor' })];
    const { rules } = loadRules(await readRuleFolder(FOLDER), { brands, language: 'en' });
    expect(rules?.rules.flatMap((rule) => rule.brands)).toEqual([]);
  });

  it('pass their own tests', { timeout: 60_000 }, async () => {
    const report = await runRuleTests(await readRuleTests(FOLDER), { brands: [], language: 'fr' }, run);
    expect(report.problems).toEqual([]);
    expect(
      report.results.flatMap(({ name, failures }) => failures.map(({ message }) => `${name} : ${message}`)),
    ).toEqual([]);
    expect(report.results.length).toBeGreaterThan(8);
  });

  it('tell of one network alone while the brand as a whole is calm', async () => {
    const { rules } = loadRules(await readRuleFolder(FOLDER), { brands: [brand('acme')], language: 'en' });
    if (!rules) throw new Error('the shipped rules do not load');
    const driver = new Driver(rules);
    const one = (scope: string, at: number) => signal('negative-surge', at, { scope });
    for (let i = 0; i < 8; i++) driver.mention(mention(T0 + 3 * DAY + i, { label: 'negative', source: 'forum' }));
    driver.signal(one('forum', T0 + 3 * DAY + MIN));
    driver.advance(T0 + 3 * DAY + 15 * MIN);
    expect(driver.story.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'bad-buzz-on-one-network[forum] pending info #1',
      'bad-buzz-on-one-network[forum] firing info #2',
    ]);
    driver.signal(one('*', T0 + 3 * DAY + 16 * MIN));
    driver.advance(T0 + 3 * DAY + 50 * MIN);
    expect(driver.story.slice(2).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'bad-buzz firing warning #1',
      'bad-buzz-on-one-network[forum] resolved info #3',
    ]);
  });

  it('have an up to date schema for editors: run `node src/rules/write-schema.ts` when this fails', async () => {
    expect(await readFile(join(FOLDER, 'rule.schema.json'), 'utf8')).toBe(ruleJsonSchema());
  });
});

describe('rule tests', () => {
  it('fail with what was wanted and what was found, at their line', async () => {
    const file = join(FOLDER, 'volume.test.yaml');
    const text = `rules: first-days.yaml
tests:
  - name: wrong
    mentions: { negative: 1x30 }
    expect:
      - { at: 5m, alerts: [ { rule: first-days } ] }
      - { at: 20m, alerts: [] }
`;
    const { results } = await runRuleTests([{ file, text }], { brands: [], language: 'en' }, run);
    expect(results[0]?.failures).toEqual([
      { file, line: 6, column: 9, message: 'at 5m, expected first-days firing; there is no alert.' },
      { file, line: 7, column: 9, message: 'at 20m, expected no alert; there is first-days firing warning.' },
    ]);
  });

  it('say what cannot be read in them', async () => {
    const file = join(FOLDER, 'x.test.yaml');
    const text = `rules: first-days.yaml
tests:
  - name: wrong
    mentions: { negative: 1y30 }
    history: { neutral: 5 per minute, for: 1d }
    expect: [ { at: soon, alerts: [] } ]
`;
    const { problems } = await runRuleTests([{ file, text }], { brands: [], language: 'fr' }, run);
    expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '6 tests.expect.at: ce n’est pas une durée : écrivez un nombre et une unité, par exemple 90s, 5m, 12h ou 7d.',
    ]);
    const again = await runRuleTests([{ file, text: text.replace('soon', '5m') }], { brands: [], language: 'fr' }, run);
    expect(again.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '4:27 « 1y30 » n’est pas une série : écrivez par exemple 5x60 10x20 (valeur x minutes).',
      '5:25 « 5 per minute » n’est pas un rythme : écrivez par exemple 5/m ou 12/h.',
    ]);
    const missing = await runRuleTests(
      [{ file, text: text.replace('first-days', 'lost') }],
      { brands: [], language: 'en' },
      run,
    );
    expect(missing.problems).toHaveLength(1);
  });
});
