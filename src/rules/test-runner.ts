/**
 * Tests of rules in the language of their authors: mentions in, alerts out. This reads the tests, makes the mentions and compares
 * the alerts; what runs in between is handed in, so that it is the very pipeline of live running.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../lib/duration.ts';
import { readYaml, type YamlFile } from '../lib/yaml-file.ts';
import { type Language, say } from '../i18n/index.ts';
import type { Problem } from '../model/errors.ts';
import type { Alert, Brand, Millis, Post, SentimentLabel } from '../model/types.ts';
import { loadRules, type RuleFile, wordsOf } from './load.ts';
import type { RuleSet } from './rule.ts';

const MINUTE_MS = 60_000;
/** Where the first minute of a test lies: a Monday, 00:00 UTC. */
const TEST_START: Millis = Date.UTC(2026, 0, 5);
/** A test is for reading; more posts than this belong into a backtest. */
const MAX_POSTS = 1_000_000;

/** One post of a test, already judged where the test says how. `publishedAt` is `observedAt`: live, never backfill. */
export interface TestPost {
  readonly post: Post;
  readonly label?: SentimentLabel;
}

export interface RuleTestRun {
  /** In the order of time; `history` comes first, before `start`. */
  readonly posts: readonly TestPost[];
  readonly brand: Brand;
  /** That brand and those of the configuration. */
  readonly brands: readonly Brand[];
  readonly rules: RuleSet;
  /** The first minute. */
  readonly start: Millis;
  /** Run the clock up to here, past the last post. */
  readonly until: Millis;
}

/** Runs posts through detectors and rules and answers every transition, in order. */
export type RunRules = (run: RuleTestRun) => readonly Alert[] | Promise<readonly Alert[]>;

export interface RuleTestContext {
  readonly brands: readonly Brand[];
  readonly language: Language;
  readonly detectors?: readonly string[];
}

export interface RuleTestResult {
  readonly file: string;
  readonly name: string;
  /** What was expected and what was found instead; empty: passed. */
  readonly failures: readonly Problem[];
}

export interface RuleTestReport {
  readonly results: readonly RuleTestResult[];
  /** Tests that could not be read. */
  readonly problems: readonly Problem[];
}

const durationText = z.string().refine((text) => parseDuration(text) !== undefined, 'duration');
const perLabel = <T extends z.ZodType>(of: T) => ({
  neutral: of.optional(),
  negative: of.optional(),
  positive: of.optional(),
});
const LABELS = ['neutral', 'negative', 'positive'] as const;

const postSchema = z.strictObject({
  at: durationText.meta({ description: 'When, from the first minute.' }),
  text: z.string().optional(),
  sentiment: z.enum(LABELS).optional().meta({ description: 'Left out: the text is judged.' }),
  source: z.string().min(1).default('x'),
  id: z.string().optional(),
  title: z.string().optional(),
  lang: z.string().optional(),
  url: z.string().optional(),
  rating: z.number().optional(),
  author: z
    .strictObject({
      id: z.string().optional(),
      handle: z.string().optional(),
      name: z.string().optional(),
      followers: z.number().optional(),
      verified: z.boolean().optional(),
    })
    .optional(),
  engagement: z
    .strictObject({
      likes: z.number().optional(),
      reposts: z.number().optional(),
      replies: z.number().optional(),
      quotes: z.number().optional(),
      views: z.number().optional(),
    })
    .optional(),
  refs: z
    .strictObject({ replyTo: z.string().optional(), repostOf: z.string().optional(), quoteOf: z.string().optional() })
    .optional(),
});

const testFileSchema = z.strictObject({
  rules: z.string().min(1).meta({ description: 'The rule file, beside this one.' }),
  tests: z.array(
    z.strictObject({
      name: z.string().min(1),
      brand: z.string().min(1).default('acme'),
      history: z.strictObject({ ...perLabel(z.string()), for: durationText }).optional(),
      mentions: z.strictObject(perLabel(z.string())).optional(),
      posts: z.array(postSchema).optional(),
      input: z.string().optional(),
      expect: z
        .array(
          z.strictObject({
            at: durationText,
            alerts: z.array(
              z.strictObject({
                rule: z.string(),
                status: z.enum(['pending', 'firing', 'resolved']).default('firing'),
                severity: z.enum(['info', 'warning', 'critical']).optional(),
                scope: z.string().optional(),
              }),
            ),
          }),
        )
        .min(1),
    }),
  ),
});

type TestCase = z.output<typeof testFileSchema>['tests'][number];
type Expected = TestCase['expect'][number];

/** A line of an input file, as far as a test needs it: the public form of a post. */
const lineSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  url: z.string().nullish(),
  source: z.string().optional(),
  text: z.string().default(''),
  title: z.string().nullish(),
  lang: z.string().nullish(),
  publishedAt: z.string(),
  author: z
    .looseObject({
      id: z.union([z.string(), z.number()]).optional(),
      handle: z.string().nullish(),
      name: z.string().nullish(),
      followers: z.number().nullish(),
    })
    .nullish(),
  rating: z.number().nullish(),
  sentiment: z.enum(LABELS).optional(),
});

/** The rule tests of a folder by name. Throws when the folder cannot be read. */
export async function readRuleTests(folder: string): Promise<readonly RuleFile[]> {
  const names = (await readdir(folder)).filter((name) => /\.test\.ya?ml$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({ file: join(folder, name), text: await readFile(join(folder, name), 'utf8') })),
  );
}

/** Runs test files, each with the one rule file that it names. Never throws for what is wrong in a file. */
export async function runRuleTests(
  files: readonly RuleFile[],
  context: RuleTestContext,
  run: RunRules,
): Promise<RuleTestReport> {
  const results: RuleTestResult[] = [];
  const problems: Problem[] = [];
  for (const { file, text } of files) {
    const yaml = readYaml(file, text, testFileSchema, wordsOf(context.language));
    problems.push(...yaml.problems);
    if (!yaml.value) continue;
    const path = join(dirname(file), yaml.value.rules);
    const rules = await readFile(path, 'utf8').catch(() => undefined);
    if (rules === undefined) {
      problems.push(problemAt(file, yaml, ['rules'], context.language, 'rules', { name: yaml.value.rules }));
      continue;
    }
    for (const [index, test] of yaml.value.tests.entries()) {
      const at = ['tests', index];
      const brand = context.brands.find(({ id }) => id === test.brand) ?? strangerOf(test.brand);
      const brands = [...context.brands.filter(({ id }) => id !== brand.id), brand];
      const loaded = loadRules([{ file: path, text: rules }], { ...context, brands });
      if (!loaded.rules) {
        problems.push(...loaded.problems);
        break;
      }
      const made = await postsOf(test, brand, file, yaml, at, context.language);
      problems.push(...made.problems);
      if (made.problems.length > 0) continue;
      const until = made.start + Math.max(...test.expect.map((expected) => parseDuration(expected.at) ?? 0));
      const alerts = await run({ posts: made.posts, brand, brands, rules: loaded.rules, start: made.start, until });
      const failures = test.expect.flatMap((expected, i) => {
        const found = stateAt(alerts, made.start + (parseDuration(expected.at) ?? 0));
        if (agrees(expected, found)) return [];
        const values = {
          at: expected.at,
          wanted: list(expected.alerts.map(show), context.language),
          found: list(found.map(show), context.language),
        };
        return [problemAt(file, yaml, [...at, 'expect', i], context.language, 'failed', values)];
      });
      results.push({ file, name: test.name, failures });
    }
  }
  return { results, problems };
}

/** A brand of a test that the configuration does not know: shipped rules are tested beside anybody's brands. */
function strangerOf(id: string): Brand {
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  return { id, name, query: id, languages: [], own: {}, competitors: [], role: 'own', client: 'test', group: 'test' };
}

type Values = Readonly<Record<string, string | number>>;

function problemAt(
  file: string,
  yaml: YamlFile<unknown>,
  path: readonly PropertyKey[],
  language: Language,
  key: string,
  values: Values,
): Problem {
  return { file, ...yaml.where(path), message: say(language, { key: `rules.test.${key}`, values }) };
}

// -------------------------------------------------------------------- posts

async function postsOf(
  test: TestCase,
  brand: Brand,
  file: string,
  yaml: YamlFile<unknown>,
  path: readonly PropertyKey[],
  language: Language,
): Promise<{ readonly posts: readonly TestPost[]; readonly start: Millis; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const complain = (at: readonly PropertyKey[], key: string, values: Values): void => {
    problems.push(problemAt(file, yaml, [...path, ...at], language, key, values));
  };
  let start = TEST_START;
  let posts: TestPost[] = [];
  const given = [test.mentions, test.posts, test.input].filter((way) => way !== undefined).length;
  if (given > 1) complain(['name'], 'onlyOne', {});
  if (test.input !== undefined) {
    const read = await inputOf(join(dirname(file), test.input), brand);
    if (typeof read === 'string') complain(['input'], 'unreadable', { name: test.input, message: read });
    else {
      posts = [...read];
      start = Math.floor((posts[0]?.post.publishedAt ?? TEST_START) / MINUTE_MS) * MINUTE_MS;
    }
  }
  for (const [index, post] of (test.posts ?? []).entries()) posts.push(writtenPost(post, index, brand, start));
  for (const label of LABELS) {
    const series = test.mentions?.[label];
    if (series === undefined) continue;
    const times = seriesTimes(series, start);
    if (times) posts.push(...times.map((at, index) => seriesPost(at, label, `m${index}`, brand)));
    else complain(['mentions', label], 'series', { value: series });
  }
  for (const label of LABELS) {
    const rate = test.history?.[label];
    if (rate === undefined) continue;
    const times = historyTimes(rate, parseDuration(test.history?.for ?? '') ?? 0, start);
    if (times) posts.push(...times.map((at, index) => seriesPost(at, label, `h${index}`, brand)));
    else complain(['history', label], 'rate', { value: rate });
  }
  posts.sort((a, b) => a.post.publishedAt - b.post.publishedAt || (a.post.id < b.post.id ? -1 : 1));
  return { posts, start, problems };
}

/** `5x60 10x20`: five a minute for an hour, then ten a minute for twenty minutes; evenly within each minute. */
function seriesTimes(series: string, start: Millis): readonly Millis[] | undefined {
  const times: Millis[] = [];
  let minute = 0;
  for (const part of series.trim().split(/\s+/)) {
    const match = /^(\d+(?:[.,]\d+)?)(?:x(\d+))?$/.exec(part);
    if (!match) return undefined;
    const value = Number(match[1]?.replace(',', '.'));
    const repeat = Number(match[2] ?? 1);
    if (times.length + value * repeat > MAX_POSTS) return undefined;
    times.push(...spread(value, start + minute * MINUTE_MS, repeat * MINUTE_MS));
    minute += repeat;
  }
  return times;
}

/** `5/m`, `12/h`, `3/d` for so long before the start. */
function historyTimes(rate: string, forMs: Millis, start: Millis): readonly Millis[] | undefined {
  const match = /^(\d+(?:[.,]\d+)?)\/([mhd])$/.exec(rate.trim());
  if (!match) return undefined;
  const unitMs = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1_440 * MINUTE_MS }[match[2] as 'm' | 'h' | 'd'];
  const perMinute = (Number(match[1]?.replace(',', '.')) * MINUTE_MS) / unitMs;
  if ((perMinute * forMs) / MINUTE_MS > MAX_POSTS) return undefined;
  return spread(perMinute, start - forMs, forMs);
}

function spread(perMinute: number, from: Millis, lengthMs: Millis): Millis[] {
  const count = Math.round((perMinute * lengthMs) / MINUTE_MS);
  const step = lengthMs / Math.max(count, 1);
  return Array.from({ length: count }, (_, index) => Math.floor(from + index * step));
}

function seriesPost(at: Millis, label: SentimentLabel, id: string, brand: Brand): TestPost {
  const name = `${label}-${id}`;
  return { post: postAt(at, `x:${name}`, { text: `${brand.name} ${name}`, author: { id: name } }), label };
}

function writtenPost(written: z.output<typeof postSchema>, index: number, brand: Brand, start: Millis): TestPost {
  const { at, sentiment, source, id, text, author, engagement, refs, ...rest } = written;
  const name = id ?? `p${index}`;
  const by = { ...author, id: author?.id ?? author?.handle ?? name };
  const post = postAt(start + (parseDuration(at) ?? 0), `${source}:${name}`, {
    ...defined(rest),
    source,
    text: text ?? `${brand.name} ${name}`,
    author: { ...defined(by), id: by.id },
    ...(engagement ? { engagement: defined(engagement) } : {}),
    ...(refs ? { refs: defined(refs) } : {}),
  });
  return sentiment === undefined ? { post } : { post, label: sentiment };
}

function postAt(at: Millis, id: string, more: Partial<Post>): Post {
  return {
    id,
    source: 'x',
    via: 'test',
    op: 'create',
    text: '',
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    ...more,
  };
}

/** Posts of an NDJSON file in the order of time, or why it cannot be read. */
async function inputOf(path: string, brand: Brand): Promise<readonly TestPost[] | string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const posts: TestPost[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let parsed: z.output<typeof lineSchema>;
    try {
      parsed = lineSchema.parse(JSON.parse(line));
    } catch (error) {
      return `${basename(path)}:${index + 1}: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}`;
    }
    const at = Date.parse(parsed.publishedAt);
    const native = parsed.id ?? parsed.url;
    if (!Number.isFinite(at) || native === undefined || native === null) return `${basename(path)}:${index + 1}`;
    const source = parsed.source ?? 'x';
    const { author } = parsed;
    const post = postAt(at, `${source}:${native}`, {
      source,
      text: parsed.text === '' ? brand.name : parsed.text,
      ...defined({
        title: parsed.title ?? undefined,
        lang: parsed.lang ?? undefined,
        url: parsed.url ?? undefined,
        rating: parsed.rating ?? undefined,
      }),
      ...(author?.id === undefined
        ? {}
        : {
            author: {
              id: String(author.id),
              ...defined({
                handle: author.handle ?? undefined,
                name: author.name ?? undefined,
                followers: author.followers ?? undefined,
              }),
            },
          }),
    });
    posts.push(parsed.sentiment === undefined ? { post } : { post, label: parsed.sentiment });
  }
  return posts.sort((a, b) => a.post.publishedAt - b.post.publishedAt);
}

/** An object without its undefined values, which JSON would lose anyhow. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

// --------------------------------------------------------------- comparison

/** The last word on each alert at a moment. Pending alerts that never fired are left out once they are over. */
function stateAt(alerts: readonly Alert[], at: Millis): readonly Alert[] {
  const last = new Map<string, Alert>();
  const fired = new Set<string>();
  for (const alert of alerts) {
    if (alert.at > at) continue;
    last.set(alert.id, alert);
    if (alert.status === 'firing') fired.add(alert.id);
  }
  return [...last.values()].filter(({ id, status }) => status !== 'resolved' || fired.has(id));
}

/** Every alert that fires must be expected, and every expected one must be there; past and pending ones may go unsaid. */
function agrees(expected: Expected, found: readonly Alert[]): boolean {
  const left = [...found];
  for (const wanted of expected.alerts) {
    const index = left.findIndex(
      (alert) =>
        alert.rule === wanted.rule &&
        alert.status === wanted.status &&
        (wanted.severity === undefined || alert.severity === wanted.severity) &&
        (wanted.scope === undefined || alert.scope === wanted.scope),
    );
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return left.every(({ status }) => status !== 'firing');
}

function show({ rule, status, severity, scope }: Expected['alerts'][number]): string {
  return [rule, scope === undefined || scope === '*' ? '' : `(${scope})`, status, severity ?? '']
    .filter(Boolean)
    .join(' ');
}

function list(items: readonly string[], language: Language): string {
  return items.length === 0 ? say(language, { key: 'rules.test.nothing', values: {} }) : items.join(', ');
}
