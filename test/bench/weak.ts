/**
 * How early weak signals are found, and how often there is none: runs the cases of a scorer through the real detectors.
 * `node test/bench/weak.ts SCORER [--half a|b] [--seeds 1,2] [--cases DIR] [--detectors x,y] [--lead] [--each]`; SCORER (or
 * VIGIE_WEAK_SCORE) is a script that writes cases (`cases DIR --seed N`) and judges signals (`score DIR SIGNALS`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { detectorDefinitions, type DetectorSettings, detectors as makeDetectors } from '../../src/detectors/index.ts';
import type { Brand, Mention } from '../../src/model/types.ts';
import { PartitionAnalyser } from '../../src/pipeline/analyser.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { analyseText, type TextAnalysis } from '../../src/text/analyse-text.ts';
import { createLexiconScorer } from '../../src/text/sentiment/index.ts';

const LATENESS_MS = 15 * 60_000;
const DEFAULT_SEEDS = '1';

interface Case {
  readonly name: string;
  readonly half: 'a' | 'b';
  readonly file: string;
  readonly brand: { readonly id: string; readonly name: string; readonly words: readonly string[] };
}

interface WeakOptions {
  readonly scorer: string;
  readonly seeds: readonly number[];
  readonly half?: string | undefined;
  /** Folder whose `s<seed>` hold cases that were written before. */
  readonly cases?: string | undefined;
  readonly detectors: readonly string[];
  readonly lead?: boolean | undefined;
  readonly each?: boolean | undefined;
  /** Other settings, by detector. */
  readonly settings?: DetectorSettings;
}

type Judgement = { readonly [key: string]: unknown };

/** As `npm run bench` calls it: half b of seed 1 (or VIGIE_WEAK_SEEDS); undefined, said aloud, without the scorer. */
export async function bench(): Promise<object | undefined> {
  const scorer = process.env['VIGIE_WEAK_SCORE'];
  if (!scorer || !existsSync(scorer)) {
    console.warn('SKIPPED: weak signals – VIGIE_WEAK_SCORE names no scorer');
    return undefined;
  }
  return weak({
    scorer,
    seeds: (process.env['VIGIE_WEAK_SEEDS'] ?? DEFAULT_SEEDS).split(',').map(Number),
    half: 'b',
    detectors: detectorDefinitions.map(({ type }) => type),
    lead: true,
  });
}

/** The scorer's judgement by seed. */
export async function weak(options: WeakOptions): Promise<Readonly<Record<string, Judgement>>> {
  const results: Record<string, Judgement> = {};
  for (const seed of options.seeds) {
    const folder = await mkdtemp(join(tmpdir(), 'vigie-weak-'));
    try {
      let cases = options.cases && join(options.cases, `s${seed}`);
      if (!cases || !existsSync(cases)) {
        cases ??= join(folder, 'cases');
        const half = options.half === undefined ? [] : ['--half', options.half];
        call(options.scorer, ['cases', cases, '--seed', String(seed), ...half]);
      }
      const signals = join(folder, 'signals');
      await mkdir(signals);
      const started = performance.now();
      const mentions = await runCases(cases, signals, options);
      const seconds = (performance.now() - started) / 1000;
      process.stderr.write(`seed ${seed}: ${mentions} mentions in ${seconds.toFixed(1)} s\n`);
      results[seed] = JSON.parse(
        call(options.scorer, [
          'score',
          cases,
          signals,
          ...(options.half === undefined ? [] : ['--half', options.half]),
          ...(options.lead ? ['--lead'] : []),
          ...(options.each ? ['--each'] : []),
        ]),
      ) as Judgement;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return results;
}

async function runCases(folder: string, signals: string, options: WeakOptions): Promise<number> {
  const { cases } = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as { cases: readonly Case[] };
  let mentions = 0;
  for (const one of cases) {
    if (options.half !== undefined && one.half !== options.half) continue;
    const lines: string[] = [];
    const brand = brandOf(one);
    const deps = { latenessMs: () => LATENESS_MS, brands: [brand] };
    const detectors = makeDetectors(deps, options.settings).filter(({ name }) => options.detectors.includes(name));
    const rules = createRuleEngine({ rules: [], filters: new Map() }, [brand]);
    const analyser = new PartitionAnalyser({ brands: [brand], detectors, rules });
    for (const line of (await readFile(join(folder, one.file), 'utf8')).split('\n')) {
      if (line === '') continue;
      analyser.apply({ kind: 'mention', mention: mentionOf(JSON.parse(line) as CasePost, brand) });
      mentions += 1;
      for (const event of analyser.take().events) {
        if (event.kind !== 'signal') continue;
        const { id, detector, state, at, evidence, scope, score, observed, expected } = event.signal;
        lines.push(
          JSON.stringify({
            type: 'signal',
            id,
            detector,
            state,
            at: new Date(at).toISOString(),
            evidence,
            scope,
            score,
            observed,
            expected,
          }),
        );
      }
    }
    await writeFile(join(signals, `${one.name}.ndjson`), lines.map((line) => `${line}\n`).join(''));
    if (process.env['VIGIE_WEAK_KEEP']) {
      await mkdir(process.env['VIGIE_WEAK_KEEP'], { recursive: true });
      await writeFile(join(process.env['VIGIE_WEAK_KEEP'], `${one.name}.ndjson`), `${lines.join('\n')}\n`);
    }
  }
  return mentions;
}

/** The brand of a case: the words that name it are alternatives of its query, as a person would write them. */
function brandOf({ brand }: Case): Brand {
  return {
    id: brand.id,
    name: brand.name,
    query: [`"${brand.name}"`, ...brand.words].join(' OR '),
    languages: ['en'],
    own: {},
    competitors: [],
    role: 'own',
    client: 'default',
    group: 'default',
  };
}

interface CasePost {
  readonly id: string;
  readonly text: string;
  readonly publishedAt: string;
  readonly author: { readonly id: string; readonly handle: string };
}

const scoreText = createLexiconScorer();
let analysed = new Map<string, TextAnalysis & { readonly sentiment: Mention['sentiment'] }>();

function mentionOf({ id, text, publishedAt, author }: CasePost, brand: Brand): Mention {
  const at = Date.parse(publishedAt);
  let known = analysed.get(text);
  if (!known) {
    if (analysed.size > 40_000) analysed = new Map();
    known = { ...analyseText({ text }), sentiment: scoreText.score(text, 'en') };
    analysed.set(text, known);
  }
  const { terms, links, fingerprint, sentiment } = known;
  return {
    id: `x:${id}`,
    source: 'x',
    via: 'weak',
    op: 'create',
    author,
    text,
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: brand.client,
    brand: brand.id,
    own: false,
    language: 'en',
    sentiment,
    terms,
    topics: [],
    links,
    fingerprint,
  };
}

function call(scorer: string, args: readonly string[]): string {
  const { stdout, status, stderr } = spawnSync(process.execPath, [scorer, ...args], {
    maxBuffer: 256e6,
    timeout: 300_000,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the scorer failed: ${stderr}`);
  return stdout;
}

/** A judgement on a few lines. */
function brief(judgement: Judgement): string {
  const lines: string[] = [];
  for (const half of ['a', 'b']) {
    const result = judgement[half] as HalfJudgement | undefined;
    if (!result) continue;
    const cell = (family: string, speed: string): string => {
      const { percent, medianMentions } = result.detection[family]?.[speed] ?? { percent: 0, medianMentions: null };
      return `${percent}@${medianMentions ?? '–'}`;
    };
    const quiet = (family: 'calm' | 'null'): string => {
      const { airlines, 'low-rate': low } = result.falseSignals[family];
      return `${airlines?.perBrandDay} (low ${low?.perBrandDay})`;
    };
    lines.push(
      `${half}: ${['2h', '6h'].map((speed) => `${speed} ${['F1', 'F2', 'F3'].map((family) => cell(family, speed)).join(' · ')}`).join(' | ')} | calm ${quiet('calm')} null ${quiet('null')} | replay ${Object.values(
        result.replay,
      )
        .map(({ found, precision }) => `${found} ${precision}`)
        .join(', ')}`,
    );
  }
  return lines.join('\n');
}

interface HalfJudgement {
  readonly detection: Readonly<
    Record<string, Readonly<Record<string, { readonly percent: number; readonly medianMentions: number | null }>>>
  >;
  readonly falseSignals: Readonly<
    Record<'calm' | 'null', Readonly<Record<string, { readonly perBrandDay: number } | undefined>>>
  >;
  readonly replay: Readonly<Record<string, { readonly found: number; readonly precision: number }>>;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      half: { type: 'string' },
      seeds: { type: 'string', default: DEFAULT_SEEDS },
      cases: { type: 'string' },
      detectors: { type: 'string' },
      settings: { type: 'string' },
      lead: { type: 'boolean' },
      each: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const scorer = positionals[0] ?? process.env['VIGIE_WEAK_SCORE'];
  if (!scorer) throw new Error('name the scorer, or set VIGIE_WEAK_SCORE');
  const results = await weak({
    scorer,
    seeds: values.seeds.split(',').map(Number),
    half: values.half,
    cases: values.cases,
    detectors: values.detectors?.split(',') ?? detectorDefinitions.map(({ type }) => type),
    lead: values.lead,
    each: values.each,
    settings: JSON.parse(values.settings ?? '{}') as DetectorSettings,
  });
  for (const [seed, judgement] of Object.entries(results))
    process.stdout.write(values.json ? `${JSON.stringify(judgement)}\n` : `seed ${seed} ${brief(judgement)}\n`);
}
