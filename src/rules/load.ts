/**
 * Reads rule files. Everything wrong is listed with its file, line and column, and with what was probably meant; a set of rules
 * is taken as a whole or not at all.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { nearest, readYaml, type YamlFile, type YamlWords } from '../lib/yaml-file.ts';
import { type Language, say } from '../i18n/index.ts';
import type { Problem } from '../model/errors.ts';
import { partitionKey } from '../model/ids.ts';
import type { Brand, Query } from '../model/types.ts';
import { parseQuery } from '../text/query/parse.ts';
import {
  type Condition,
  DETECTORS,
  isDistinct,
  isShare,
  METRICS,
  type MetricLeaf,
  type Rule,
  type RuleSet,
  SIGNAL_FIELDS,
  type SignalLeaf,
  type Versus,
} from './rule.ts';
import { type ConditionSource, type RuleSource, ruleFileSchema } from './schema.ts';
import { parseTemplate, TEMPLATE_NAMES } from './template.ts';

export interface RuleFile {
  readonly file: string;
  readonly text: string;
}

export interface LoadContext {
  readonly brands: readonly Brand[];
  /** In which problems are told. */
  readonly language: Language;
  /** The detectors that run; left out: all that exist. */
  readonly detectors?: readonly string[];
}

/** The rules of some files together, or everything that is wrong with them. */
export interface LoadedRules {
  /** Absent when there is a problem. */
  readonly rules?: RuleSet;
  readonly problems: readonly Problem[];
}

const MINUTE_MS = 60_000;
const FIVE_MINUTES_MS = 300_000;
const FINE_WINDOW_MS = 6 * 3_600_000;
const LONGEST_WINDOW_MS = 7 * 86_400_000;
const DEFAULT_MIN = 5;
const RANK = { info: 0, warning: 1, critical: 2 } as const;
const PERIODS = ['usual', 'previous', 'yesterday', 'last_week'] as const;

/** The rule files of a folder by name; tests (`*.test.yaml`) are left out. Throws when the folder cannot be read. */
export async function readRuleFolder(folder: string): Promise<readonly RuleFile[]> {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({ file: join(folder, name), text: await readFile(join(folder, name), 'utf8') })),
  );
}

/** Reads rule files together: ids are unique among all of them. Never throws. */
export function loadRules(files: readonly RuleFile[], context: LoadContext): LoadedRules {
  const problems: Problem[] = [];
  const rules: Rule[] = [];
  const filters = new Map<string, Query>();
  const places = new Map<string, string>();
  for (const { file, text } of files) {
    const yaml = readYaml(file, text, ruleFileSchema, wordsOf(context.language));
    problems.push(...yaml.problems);
    for (const [index, source] of (yaml.value?.rules ?? []).entries()) {
      const reader = new RuleReader(file, yaml, context, filters, problems);
      const rule = reader.rule(source, ['rules', index]);
      const known = places.get(rule.id);
      if (known === undefined) places.set(rule.id, `${file}:${rule.line}`);
      else reader.complain(['rules', index, 'id'], 'duplicate', { id: rule.id, place: known });
      rules.push(rule);
    }
  }
  problems.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
  return problems.length > 0 ? { problems } : { rules: { rules, filters }, problems };
}

type Path = readonly PropertyKey[];
type Values = Readonly<Record<string, string | number>>;

/** Checks what the schema cannot know, and makes rules of what it read. */
class RuleReader {
  readonly #file: string;
  readonly #yaml: YamlFile<unknown>;
  readonly #context: LoadContext;
  readonly #filters: Map<string, Query>;
  readonly #problems: Problem[];

  constructor(
    file: string,
    yaml: YamlFile<unknown>,
    context: LoadContext,
    filters: Map<string, Query>,
    problems: Problem[],
  ) {
    this.#file = file;
    this.#yaml = yaml;
    this.#context = context;
    this.#filters = filters;
    this.#problems = problems;
  }

  complain(path: Path, key: string, values: Values = {}, inside?: number): void {
    const place = inside === undefined ? this.#yaml.where(path) : this.#yaml.inside(path, inside);
    const message = say(this.#context.language, { key: `rules.problem.${key}`, values });
    this.#problems.push({ file: this.#file, ...place, message });
  }

  rule(source: RuleSource, path: Path): Rule {
    const brands = this.#brandsOf(source, path);
    const severity = source.severity;
    const sources = source.sources === undefined ? undefined : listOf(source.sources);
    const scoped = { brands, ...(sources ? { sources } : {}) };
    const tiers = (source.tiers ?? []).map((tier, index) => {
      if (RANK[tier.severity] <= RANK[severity])
        this.complain([...path, 'tiers', index, 'severity'], 'tier', { severity, tier: tier.severity });
      return {
        severity: tier.severity,
        when: this.#condition(tier.when, [...path, 'tiers', index, 'when'], scoped, `t${index}`, false),
      };
    });
    return {
      id: source.id,
      file: this.#file,
      line: this.#yaml.where(path).line,
      title: this.#localised(source.title ?? source.id, [...path, 'title']),
      summary: this.#localised(source.summary, [...path, 'summary']),
      brands: brands.map(({ id }) => id),
      ...(sources ? { sources } : {}),
      when: this.#condition(source.when, [...path, 'when'], scoped, 'w', false),
      forMs: parseDuration(source.for ?? '0s') ?? 0,
      keepFiringForMs: parseDuration(source.keep_firing_for ?? '0s') ?? 0,
      severity,
      tiers: tiers.sort((a, b) => RANK[a.severity] - RANK[b.severity]),
      labels: source.labels ?? {},
    };
  }

  #brandsOf(source: RuleSource, path: Path): readonly Brand[] {
    const { brands } = this.#context;
    const wanted = source.brands === undefined ? undefined : listOf(source.brands);
    for (const [index, id] of (wanted ?? []).entries()) {
      if (!brands.some((brand) => brand.id === id))
        this.#unknown(
          listPath([...path, 'brands'], source.brands, index),
          'brand',
          id,
          brands.map((brand) => brand.id),
        );
    }
    const clients = source.client === undefined ? undefined : listOf(source.client);
    for (const [index, client] of (clients ?? []).entries()) {
      if (!brands.some((brand) => brand.client === client))
        this.#unknown(
          listPath([...path, 'client'], source.client, index),
          'client',
          client,
          brands.map((b) => b.client),
        );
    }
    return brands.filter(
      (brand) =>
        (wanted?.includes(brand.id) ?? true) &&
        (clients?.includes(brand.client) ?? true) &&
        (source.role === undefined || source.role === brand.role),
    );
  }

  #unknown(path: Path, what: string, name: string, known: readonly string[]): void {
    const near = nearest(name, known);
    const list = [...new Set(known)].slice(0, 30).join(', ');
    this.complain(path, `unknown.${what}`, { name, near: near ?? '', known: list });
  }

  #localised(source: RuleSource['title'], path: Path): Readonly<Record<string, string>> {
    if (source === undefined) return {};
    const texts = typeof source === 'string' ? { fr: source, en: source } : source;
    for (const [language, text] of Object.entries(texts)) {
      if (text === undefined) continue;
      const at = typeof source === 'string' ? path : [...path, language];
      for (const problem of parseTemplate(text).problems) {
        const near = nearest(problem.name, [...TEMPLATE_NAMES, ...METRICS.map((metric) => `${metric}_1h`)]) ?? '';
        this.complain(at, 'template', { name: problem.name, near }, problem.at);
      }
      if (typeof source === 'string') break;
    }
    return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)) as Record<string, string>;
  }

  #condition(source: ConditionSource, path: Path, rule: Scoped, id: string, inSequence: boolean): Condition {
    const part = (of: ConditionSource, key: PropertyKey[], index: number | string): Condition =>
      this.#condition(of, [...path, ...key], rule, `${id}.${index}`, inSequence);
    if ('all' in source) return { kind: 'all', of: source.all.map((of, i) => part(of, ['all', i], i)) };
    if ('any' in source) return { kind: 'any', of: source.any.map((of, i) => part(of, ['any', i], i)) };
    if ('not' in source) return { kind: 'not', of: part(source.not, ['not'], 'n') };
    if ('sequence' in source) {
      if (inSequence) this.complain(path, 'nestedSequence');
      const steps = source.sequence.map((of, i) =>
        this.#condition(of, [...path, 'sequence', i], rule, `${id}.${i}`, true),
      );
      return { kind: 'sequence', steps, withinMs: parseDuration(source.within) ?? 0, path: id };
    }
    if ('learning' in source) return { kind: 'learning', is: source.learning };
    return 'signal' in source ? this.#signal(source, path) : this.#metric(source, path, rule);
  }

  #signal(source: Extract<ConditionSource, { signal: string }>, path: Path): SignalLeaf {
    const known = this.#context.detectors ?? DETECTORS;
    if (!known.includes(source.signal)) this.#unknown([...path, 'signal'], 'signal', source.signal, known);
    const { field, op, than } = source;
    const given = [field, op, than].filter((value) => value !== undefined).length;
    if (given !== 0 && given !== 3) this.complain(path, 'fieldTest');
    if (field !== undefined && !SIGNAL_FIELDS.includes(field))
      this.#unknown([...path, 'field'], 'field', field, SIGNAL_FIELDS);
    return {
      kind: 'signal',
      detector: source.signal,
      ...(source.scope === undefined ? {} : { scope: source.scope }),
      ...(field !== undefined && op !== undefined && than !== undefined ? { test: { field, op, than } } : {}),
    };
  }

  #metric(source: Extract<ConditionSource, { metric: string }>, path: Path, rule: Scoped): MetricLeaf {
    const { metric } = source;
    const kpi = metric.startsWith('kpi:') && metric.length > 4;
    if (!kpi && !METRICS.includes(metric)) this.#unknown([...path, 'metric'], 'metric', metric, METRICS);
    const vs = this.#versus(source, path, rule);
    const than = this.#amount(source, path, vs !== undefined);
    const counted = !kpi && metric !== 'minutes_since_last';
    if (!counted && source.min !== undefined) this.complain([...path, 'min'], 'noMin', { metric });
    if (kpi && source.filter !== undefined) this.complain([...path, 'filter'], 'noFilter', { metric });
    this.#filter(source.filter, [...path, 'filter']);
    const compared = vs !== undefined || metric === 'growth';
    return {
      kind: 'metric',
      metric,
      windowMs: this.#window(source, path, vs),
      filter: source.filter ?? '',
      op: source.op,
      than,
      ...(vs ? { vs } : {}),
      min: source.min ?? (compared && counted ? DEFAULT_MIN : 0),
    };
  }

  #versus(source: Extract<ConditionSource, { metric: string }>, path: Path, rule: Scoped): Versus | undefined {
    const { vs, metric } = source;
    if (vs === undefined) return undefined;
    const at = [...path, 'vs'];
    if (
      ['net_sentiment', 'minutes_since_last', 'growth'].includes(metric) ||
      (metric.startsWith('kpi:') && vs === 'usual')
    )
      this.complain(at, 'noVs', { metric, vs });
    if (!vs.startsWith('brand:')) {
      const kind = PERIODS.find((period) => period === vs);
      if (!kind) this.#unknown(at, 'vs', vs, [...PERIODS, ...this.#context.brands.map(({ id }) => `brand:${id}`)]);
      return { kind: kind ?? 'usual' };
    }
    const id = vs.slice('brand:'.length);
    const other = this.#context.brands.find((brand) => brand.id === id);
    if (!other)
      this.#unknown(
        at,
        'brand',
        id,
        this.#context.brands.map((brand) => brand.id),
      );
    else {
      const stranger = rule.brands.find((brand) => partitionKey(brand) !== partitionKey(other));
      if (stranger)
        this.complain(at, 'otherPartition', {
          brand: id,
          other: stranger.id,
          client: other.client,
          group: other.group,
        });
    }
    return { kind: 'brand', brand: id };
  }

  #amount(source: Extract<ConditionSource, { metric: string }>, path: Path, ratio: boolean): number {
    const { metric, than, op } = source;
    const at = [...path, 'than'];
    const share = isShare(metric) || ratio;
    const amount = typeof than === 'number' ? than : Number(than.replace(/\s*%$/, '').replace(',', '.')) / 100;
    if (typeof than === 'string' && !share) this.complain(at, 'noShare', { metric, than });
    else if (!ratio && (metric === 'negative_share' || metric === 'share_of_voice') && amount > 1)
      this.complain(at, 'shareTooLarge', { metric, than: amount });
    const neverBelowZero = metric !== 'net_sentiment' && metric !== 'growth' && !metric.startsWith('kpi:');
    if (neverBelowZero && ((op === '>=' && amount <= 0) || (op === '>' && amount < 0)))
      this.complain(at, 'alwaysTrue', { metric, op });
    return amount;
  }

  #window(source: Extract<ConditionSource, { metric: string }>, path: Path, vs: Versus | undefined): number {
    const { metric, window } = source;
    if (metric === 'minutes_since_last') {
      if (window !== undefined) this.complain([...path, 'window'], 'noWindow', { metric });
      return 0;
    }
    if (window === undefined) {
      if (metric.startsWith('kpi:')) return 86_400_000;
      this.complain(path, 'missingWindow', { metric });
      return MINUTE_MS;
    }
    const ms = parseDuration(window) ?? 0;
    const later = vs?.kind === 'yesterday' || vs?.kind === 'last_week';
    const distinctPast = isDistinct(metric) && vs !== undefined && vs.kind !== 'brand';
    const step = ms > FINE_WINDOW_MS || later || distinctPast ? FIVE_MINUTES_MS : MINUTE_MS;
    if (ms < step || ms % step !== 0) this.complain([...path, 'window'], 'windowStep', { step: formatDuration(step) });
    else if (ms > LONGEST_WINDOW_MS) this.complain([...path, 'window'], 'windowLong', {});
    return ms;
  }

  #filter(text: string | undefined, path: Path): void {
    if (text === undefined || this.#filters.has(text)) return;
    const { query, problems } = parseQuery(text);
    for (const problem of problems) {
      const message = say(this.#context.language, problem.text);
      this.#problems.push({ file: this.#file, ...this.#yaml.inside(path, problem.start), message });
    }
    if (query) this.#filters.set(text, query);
  }
}

interface Scoped {
  readonly brands: readonly Brand[];
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function listPath(path: Path, value: string | readonly string[] | undefined, index: number): Path {
  return typeof value === 'string' ? path : [...path, index];
}

/** Words for what the schema and the YAML parser complain of. */
export function wordsOf(language: Language): YamlWords {
  const speak = (key: string, values: Values = {}): string => say(language, { key: `rules.problem.${key}`, values });
  return {
    unknownKey: (name, near) => speak('unknown.key', { name, near: near ?? '' }),
    issue: (issue) => {
      if (issue.code === 'custom') return speak(issue.message);
      if (issue.code === 'invalid_format') return speak(issue.message);
      if (issue.code === 'invalid_value') return speak('oneOf', { options: issue.values.map(String).join(', ') });
      if (issue.code === 'too_small') return speak('tooFew');
      if (issue.code === 'too_big') return speak('tooMany', { max: Number(issue.maximum) });
      if (issue.code === 'invalid_type')
        return issue.message.endsWith('undefined') ? speak('missing') : speak('type', { expected: issue.expected });
      if (issue.code === 'invalid_union') return speak('condition');
      return issue.message;
    },
    syntax: (code, message) => speak('syntax', { code, message }),
  };
}
