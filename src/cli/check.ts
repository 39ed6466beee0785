import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { routesFor } from '../alerts/route.ts';
import { rulesFolder } from '../app.ts';
import type { Config, QueryTest } from '../config/load.ts';
import { detectors } from '../detectors/index.ts';
import { type Language, say } from '../i18n/index.ts';
import { ConfigError, type Problem } from '../model/errors.ts';
import type { Alert, Mention, Sentiment, SentimentLabel } from '../model/types.ts';
import { PartitionAnalyser } from '../pipeline/analyser.ts';
import { isOwn } from '../pipeline/steps/match-brands.ts';
import { createRuleEngine } from '../rules/engine.ts';
import { loadRules, readRuleFolder } from '../rules/load.ts';
import { readRuleTests, type RuleTestRun, runRuleTests } from '../rules/test-runner.ts';
import { analyseText } from '../text/analyse-text.ts';
import { createLanguageDetector } from '../text/language.ts';
import { isQueryNode, type QueryNode } from '../text/query/ast.ts';
import { documentOf } from '../text/query/document.ts';
import { explain } from '../text/query/explain.ts';
import { lintQuery } from '../text/query/lint.ts';
import { createScorer, type SentimentScorer } from '../text/sentiment/index.ts';
import { configOf, print, problemLine, UsageError } from './io.ts';
import { terminalLanguage } from './stdin-lines.ts';
import { STREAM_LATENESS_MS } from '../pipeline/stamp.ts';

interface Options {
  readonly config?: string;
  readonly route?: string;
}

/** `vigie check`: validates configuration, queries and rules, runs the rules' tests, checks addresses; nobody is told. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Validates configuration, queries and rules, runs the tests of rules, checks addresses without telling anybody.',
    )
    .option('--config <file>', 'configuration; vigie.yaml here when there is one')
    .option('--route <labels>', "prints who would be told of such an alert: 'brand=acme,severity=critical'")
    .action(async ({ config: file, route }: Options) => {
      const path = file ?? (existsSync('vigie.yaml') ? 'vigie.yaml' : undefined);
      if (path === undefined)
        throw new UsageError(say(terminalLanguage(process.env), { key: 'cli.noConfig', values: {} }));
      const config = await configOf(path);
      if (route === undefined) await checkAll(config, path);
      else for (const { receiver } of routesFor(config.route, labelsOf(route))) await print(receiver);
    });
}

async function checkAll(config: Config, path: string): Promise<void> {
  const { brands, language, timezone } = config;
  const speak = (key: string, values: Readonly<Record<string, string | number>> = {}): string =>
    say(language, { key: `check.${key}`, values }, timezone);
  const folder = rulesFolder(config);
  const { rules, problems } = loadRules(await readRuleFolder(folder), { brands, language });
  if (!rules) throw new ConfigError(problems);
  await print(speak('config', { file: path, brands: brands.length, sources: config.sources.length }));
  const wrongQueries = await checkQueries(config, path, speak);
  await print(speak('rules', { rules: rules.rules.length, folder }));

  const scorer = createScorer(config.sentiment.engine);
  const tests = await runRuleTests(await readRuleTests(folder), { brands, language }, (run) => runThrough(run, scorer));
  if (tests.problems.length > 0) throw new ConfigError(tests.problems);
  const failures: Problem[] = tests.results.flatMap((result) =>
    result.failures.map((failure) => ({ ...failure, message: `${result.name}: ${failure.message}` })),
  );
  for (const failure of failures) await print(problemLine(failure));
  await print(
    speak('tests', {
      tests: tests.results.length,
      failed: tests.results.filter((result) => result.failures.length > 0).length,
    }),
  );

  let unreachable = 0;
  for (const { name, channels } of config.createReceivers({
    fetch,
    now: Date.now,
    mailFolder: `${config.data}/mail`,
    from: config.smtp?.from ?? 'vigie@localhost',
    print: () => {},
    ...(config.smtp ? { smtp: { url: config.smtp.url.reveal(), from: config.smtp.from } } : {}),
  })) {
    for (const channel of channels) {
      try {
        await channel.verify(AbortSignal.timeout(VERIFY_MS));
        await print(speak('reachable', { receiver: name, channel: channel.channel }));
      } catch (error) {
        unreachable += 1;
        await print(
          speak('unreachable', {
            receiver: name,
            channel: channel.channel,
            reason: config.mask(error instanceof Error ? error.message : String(error)),
          }),
        );
      }
    }
  }
  if (failures.length > 0 || wrongQueries > 0 || unreachable > 0) process.exitCode = 1;
}

/** Says what is unwise in the brands' queries, and runs their tests. Answers how many fail. */
async function checkQueries(
  { brands, queries, queryTests, language, timezone }: Config,
  file: string,
  speak: (key: string, values: Readonly<Record<string, string | number>>) => string,
): Promise<number> {
  for (const { id } of brands) {
    const query = queries.get(id);
    for (const { text } of query && isQueryNode(query) ? lintQuery(query) : []) {
      await print(speak('advice', { brand: id, advice: say(language, text, timezone) }));
    }
  }
  const failures = queryTests.flatMap((test) => {
    const query = queries.get(test.brand);
    const message = query && isQueryNode(query) ? failureOf(query, test, language, speak) : undefined;
    return message === undefined ? [] : [{ file, line: test.line, column: test.column, message }];
  });
  for (const failure of failures) await print(problemLine(failure));
  if (queryTests.length > 0) await print(speak('queryTests', { tests: queryTests.length, failed: failures.length }));
  return failures.length;
}

/** What is wrong with one test, and why the query answered so; undefined: it passes. */
function failureOf(
  query: QueryNode,
  { brand, post, must }: QueryTest,
  reader: Language,
  speak: (key: string, values: Readonly<Record<string, string | number>>) => string,
): string | undefined {
  const { author, ...parts } = post;
  const spoken = language(post.text, post.lang);
  const document = documentOf({
    ...parts,
    language: spoken,
    ...(author && { author: { id: author, handle: author } }),
  });
  const { matched, missing, excluded, places } = explain(query, document);
  if (matched === must) return undefined;
  const text = post.text || (post.title ?? '');
  if (!must) {
    const found = places.map((place) =>
      (place.in === 'title' ? (post.title ?? '') : post.text).slice(place.start, place.end),
    );
    return speak('mustNotMatch', { brand, text, found: [...new Set(found)].join(', ') });
  }
  const reasons = [
    ...missing.map((clause) => say(reader, { key: 'query.clause.missing', values: { clause } })),
    ...excluded.map((clause) => say(reader, { key: 'query.clause.excluded', values: { clause } })),
  ];
  return speak('mustMatch', { brand, text, reasons: reasons.join(reader === 'fr' ? ' ; ' : '; ') });
}

/** Longest that one address is waited for. */
const VERIFY_MS = 10_000;
const language = createLanguageDetector();

/** A test of rules through detectors and rules as in live running; posts that state no sentiment are judged. */
export function runThrough(
  { posts, brand, brands, rules, until }: RuleTestRun,
  scorer: SentimentScorer,
): readonly Alert[] {
  const analyser = new PartitionAnalyser({
    brands,
    detectors: detectors({ latenessMs: () => STREAM_LATENESS_MS, brands }),
    rules: createRuleEngine(rules, brands),
  });
  const alerts: Alert[] = [];
  const take = (): void => {
    for (const event of analyser.take().events) if (event.kind === 'alert') alerts.push(event.alert);
  };
  for (const { post, label } of posts) {
    const spoken = label === undefined ? language(post.text, post.lang) : (post.lang ?? brand.languages[0] ?? 'fr');
    const { terms, links, fingerprint } = analyseText(post);
    const mention: Mention = {
      ...post,
      client: brand.client,
      brand: brand.id,
      own: isOwn(brand, post),
      language: spoken,
      sentiment: label === undefined ? scorer.score(post.text, spoken) : stated(label),
      terms,
      topics: [],
      links,
      fingerprint,
    };
    analyser.apply({ kind: 'mention', mention });
    take();
  }
  analyser.apply({ kind: 'tick', observedAt: until });
  take();
  return alerts;
}

function stated(label: SentimentLabel): Sentiment {
  return {
    label,
    score: label === 'negative' ? -1 : label === 'positive' ? 1 : 0,
    confidence: 1,
    unsure: false,
    words: [],
  };
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [key, value] = part.split('=', 2);
      if (!key?.trim() || value === undefined) throw new UsageError(`"${part}" is not a label: write key=value`);
      return [key.trim(), value.trim()];
    }),
  );
}
