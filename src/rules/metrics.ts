/**
 * What rules measure: folds over event time of one brand, for the filters, fields and windows that the loaded rules need and no
 * others. A window ends at the clock and lies over `at`. History (backfill) is kept beside: it is what was usual, never what is.
 */
import { BUCKET_MS, type Baseline, createBaseline, expected, learn } from '../lib/baseline.ts';
import { hashLetters } from '../lib/hash.ts';
import type { KeyedState } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { Buckets, type Row, SlidingSum } from './buckets.ts';
import { Distinct, type DistinctColumn, type DistinctMeta } from './distinct.ts';
import { Recent } from './recent.ts';
import { type AdditiveMetric, type DistinctMetric, isAdditive, isDistinct } from './rule.ts';
import { Snapshots } from './snapshots.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Up to this long, windows are counted by the minute; beyond, by five. */
export const FINE_WINDOW_MS = 6 * HOUR_MS;
/** What is usual is learned this late, so that late mentions are in it and a surge does not become usual while it lasts. */
const LEARN_LAG = FINE_WINDOW_MS / BUCKET_MS;
const HISTORY_DAYS = 30;
const LEARNING_MS = 2 * DAY_MS;

/** The period that a value is of. */
export type Place = 'now' | 'previous' | 'yesterday' | 'last_week' | 'usual';

const LAG_MS = { yesterday: DAY_MS, last_week: 7 * DAY_MS } as const;

/** One number that some rule may ask for. */
export interface Need {
  readonly metric: string;
  readonly windowMs: Millis;
  readonly place: Place;
}

/** Which mentions a fold counts. */
export interface FoldFilter {
  /** Stays the same as long as the filter means the same; empty: every mention. */
  readonly key: string;
  readonly matches: (mention: Mention) => boolean;
}

const DISTINCT_COLUMN: Readonly<Record<DistinctMetric, DistinctColumn>> = {
  authors: 'all',
  negative_authors: 'negative',
  reach: 'followers',
  stories: 'all',
  networks: 'all',
};

type Kind = 'people' | 'stories' | 'networks';

function kindOf(metric: DistinctMetric): Kind {
  return metric === 'stories' || metric === 'networks' ? metric : 'people';
}

/** Kept in state: since when each part of the fold has counted, and what is small. */
type FoldMeta = {
  /** When each part began to count on a brand that was known already; 0: from the brand's first mention. */
  readonly since: Record<string, Millis>;
  /** The last bucket that was taught to the baselines; -1: none. */
  learned: number;
  readonly people: DistinctMeta;
  readonly stories: DistinctMeta;
  readonly networks: DistinctMeta;
};

interface FoldContext {
  readonly state: KeyedState;
  /** The brand's first moment: of its first mention or of history. Undefined before. */
  readonly from: () => Millis | undefined;
  /** Whether a source that matters to the brand was blind at some time between the two. */
  readonly blind: (from: Millis, to: Millis) => boolean;
  /** `at` of the last mention of each fold, kept by the brand: it changes with every mention. */
  readonly lasts: Record<string, Millis>;
  /** True while history is gathered: nothing is learned before it is complete. */
  readonly gathering: () => boolean;
}

/** The counts of one brand and one filter. */
export class Fold {
  readonly filter: FoldFilter;
  readonly recent: Recent;
  readonly #context: FoldContext;
  readonly #id: string;
  readonly #meta: FoldMeta;
  readonly #live: { readonly minutes?: Buckets; readonly fives?: Buckets };
  readonly #past: { readonly minutes?: Buckets; readonly fives?: Buckets };
  readonly #sums = new Map<string, { readonly sum: SlidingSum; readonly unitMs: Millis }>();
  readonly #sumList: readonly { readonly sum: SlidingSum; readonly unitMs: Millis }[];
  readonly #distinct: Partial<Record<Kind, Distinct>> = {};
  readonly #snapshots = new Map<string, Snapshots>();
  readonly #baselines = new Map<string, Baseline>();
  /** History over the windows of distinct counts, where learning stands. */
  readonly #pastSums = new Map<string, SlidingSum>();
  /** Per metric and window, for one minute; undefined: not to be had. */
  readonly #usual = new Map<string, Map<Millis, number | undefined>>();
  readonly #now = new Map<Millis, SlidingSum>();
  readonly #metaKey: string;
  #usualMinute = -1;
  #usualFrom: Millis | undefined;
  #minute = -1;
  #five = -1;

  constructor(context: FoldContext, filter: FoldFilter, needs: readonly Need[], clock: Millis | undefined) {
    this.#context = context;
    this.filter = filter;
    this.#id = foldId(filter.key);
    const { state } = context;
    this.#metaKey = `${this.#id}/meta`;
    this.#meta = state.get<FoldMeta>(this.#metaKey) ?? {
      since: {},
      learned: -1,
      people: { level: 0, cleaned: -1 },
      stories: { level: 0, cleaned: -1 },
      networks: { level: 0, cleaned: -1 },
    };
    this.recent = new Recent(state, `${this.#id}/recent`);
    const plan = planOf(needs);
    const buckets = (name: string, keep: number, unitMs: Millis, perChunk: number): Buckets | undefined =>
      keep === 0 ? undefined : new Buckets(state, { prefix: `${this.#id}/${name}/`, unitMs, perChunk, keep }, clock);
    this.#live = bare({
      minutes: buckets('m', plan.keepMinutes, MINUTE_MS, 15),
      fives: buckets('f', plan.keepFives, BUCKET_MS, 24),
    });
    this.#past = bare({
      minutes: buckets('hm', plan.keepPastMinutes, MINUTE_MS, 15),
      fives: buckets('hf', plan.keepPastFives, BUCKET_MS, 24),
    });
    for (const { key, windowMs, lagMs, place } of plan.sums) this.#addSum(key, windowMs, lagMs, place);
    for (const kind of ['people', 'stories', 'networks'] as const) {
      const windows = plan.distinct.filter(({ metric }) => kindOf(metric) === kind);
      if (windows.length === 0) continue;
      this.#distinct[kind] = new Distinct(
        state,
        `${this.#id}/${kind}/`,
        this.#meta[kind],
        () => this.#save(),
        windows.map(({ metric, windowMs }) => ({ column: DISTINCT_COLUMN[metric], minutes: windowMs / MINUTE_MS })),
      );
    }
    for (const { metric, windowMs, keep } of plan.snapshots) {
      const key = `${metric}:${windowMs}`;
      this.#snapshots.set(key, new Snapshots(state, `${this.#id}/s/${key}/`, keep, clock));
    }
    for (const key of plan.usual)
      this.#baselines.set(key, state.get<Baseline>(`${this.#id}/u/${key}`) ?? createBaseline());
    this.#sumList = [...this.#sums.values()];
    this.#noteParts(plan.parts, clock);
  }

  get last(): Millis | undefined {
    return this.#context.lasts[this.#id];
  }

  /** Brings every window to the clock. */
  advance(clock: Millis): void {
    const minute = Math.floor(clock / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#minute = minute;
    const five = Math.floor(clock / BUCKET_MS);
    for (const { sum, unitMs } of this.#sumList) sum.advance(unitMs === MINUTE_MS ? minute : five);
    for (const kind of ['people', 'stories', 'networks'] as const) this.#distinct[kind]?.advance(clock);
    if (five !== this.#five) {
      this.#five = five;
      this.#learnUpTo(five - LEARN_LAG - 1, clock);
    }
  }

  add(mention: Mention): void {
    const row = rowOf(mention);
    this.#addRow(this.#live, mention.at, row);
    const negative = row[1] === 1;
    this.#distinct.people?.add(authorOf(mention), mention.at, negative, mention.author?.followers);
    this.#distinct.stories?.add(mention.duplicateOf ?? mention.id, mention.at, negative, undefined);
    this.#distinct.networks?.add(mention.source, mention.at, negative, undefined);
    this.recent.add(mention, negative);
    this.#noteLast(mention.at);
  }

  addHistory(mention: Mention): void {
    this.#addRow(this.#past, mention.at, rowOf(mention));
    this.#noteLast(mention.at);
  }

  /** Whether the metric was too large to be counted one by one. */
  approximate(metric: string): boolean {
    return isDistinct(metric) && (this.#distinct[kindOf(metric)]?.approximate ?? false);
  }

  /**
   * The value of an additive or distinct metric; undefined while it cannot be had. The fold must have been advanced to `clock`.
   */
  value(metric: AdditiveMetric | DistinctMetric, windowMs: Millis, place: Place, clock: Millis): number | undefined {
    if (place === 'now')
      return isAdditive(metric)
        ? column(this.#now.get(windowMs), metric)
        : (this.#distinct[kindOf(metric)]?.value(DISTINCT_COLUMN[metric], windowMs / MINUTE_MS) ?? 0);
    if (place === 'usual') return this.#usualLevel(metric, windowMs, clock);
    if (this.readyAt(metric, windowMs, place, clock) > clock) return undefined;
    const lagMs = lagOf(place, windowMs);
    if (this.#context.blind(clock - lagMs - windowMs, clock - lagMs)) return undefined;
    const sum = this.#sums.get(`${place}:${windowMs}`)?.sum;
    if (isAdditive(metric)) return column(sum, metric);
    const lag = Math.ceil(lagMs / BUCKET_MS);
    const seen = this.#snapshots.get(`${metric}:${windowMs}`)?.get(Math.floor(clock / BUCKET_MS) - lag) ?? 0;
    // History is not told apart: each of its mentions counts as an author of its own, which only makes rules more patient.
    return seen + (metric === 'networks' ? 0 : historyOf(this.#sums.get(`past-${place}:${windowMs}`)?.sum, metric));
  }

  /** From when a value can be had; Infinity: not foreseen. */
  readyAt(metric: string, windowMs: Millis, place: Place, clock: Millis): Millis {
    if (place === 'now') return 0;
    const first = this.#context.from();
    if (first === undefined) return Infinity;
    const since = this.#meta.since[partOf(metric, windowMs, place)] ?? clock;
    const from = Math.max(first, since);
    if (place === 'usual') {
      // Learned late, so a part that began with the brand is ready before the first bucket is taught only by history.
      const age = this.#baselines.get(usualKey(metric, windowMs))?.age ?? 0;
      return age > 0 ? from + LEARNING_MS : Math.max(from + LEARNING_MS, clock + BUCKET_MS);
    }
    return from + lagOf(place, windowMs) + windowMs;
  }

  /** Notes what distinct counts were at this point of the five-minute grid, for later comparison. */
  snapshot(clock: Millis): void {
    for (const [key, snapshots] of this.#snapshots) {
      const [metric, windowMs] = key.split(':') as [DistinctMetric, string];
      snapshots.set(Math.floor(clock / BUCKET_MS), this.value(metric, Number(windowMs), 'now', clock) ?? 0);
    }
  }

  /** History has been gathered: what is usual is learned anew, from history and what was counted since, in the order of time. */
  teachHistory(): void {
    if (this.#baselines.size === 0) return;
    for (const key of this.#baselines.keys()) this.#baselines.set(key, createBaseline());
    for (const part of Object.keys(this.#meta.since)) if (part.startsWith('usual')) this.#meta.since[part] = 0;
    this.#meta.learned = -1;
    for (const sum of this.#pastSums.values()) sum.forget();
    this.learnSoon();
    this.#save();
  }

  /** Learns what is due when it is next advanced, whether or not a bucket has ended since. */
  learnSoon(): void {
    this.#minute = -1;
    this.#five = -1;
    this.#usualMinute = -1;
  }

  prune(clock: Millis): void {
    for (const buckets of [this.#live.minutes, this.#live.fives, this.#past.minutes, this.#past.fives])
      buckets?.prune(clock);
    for (const snapshots of this.#snapshots.values()) snapshots.prune(clock);
  }

  forgetAfter(clock: Millis): void {
    for (const buckets of [this.#live.minutes, this.#live.fives, this.#past.minutes, this.#past.fives])
      buckets?.forgetAfter(clock);
    for (const { sum } of this.#sumList) sum.forget();
    for (const sum of this.#pastSums.values()) sum.forget();
    for (const distinct of Object.values(this.#distinct)) distinct.forgetAfter(clock);
    for (const snapshots of this.#snapshots.values()) snapshots.forgetAfter(clock);
    this.recent.forgetAfter(clock);
    const { last } = this;
    if (last !== undefined && last > clock) this.#context.lasts[this.#id] = clock;
    this.#meta.learned = Math.min(this.#meta.learned, Math.floor(clock / BUCKET_MS) - 1);
    this.learnSoon();
    this.#save();
  }

  #addSum(key: string, windowMs: Millis, lagMs: Millis, place: 'now' | 'reference' | 'past'): void {
    const fine = windowMs <= FINE_WINDOW_MS && lagMs <= windowMs && place !== 'past';
    const unitMs = fine ? MINUTE_MS : BUCKET_MS;
    const [live, past] = fine ? [this.#live.minutes, this.#past.minutes] : [this.#live.fives, this.#past.fives];
    const sources = place === 'now' ? [live] : place === 'past' ? [past] : [live, past];
    const sum = new SlidingSum(
      sources.filter((source) => source !== undefined),
      Math.round(windowMs / unitMs),
      Math.round(lagMs / unitMs),
    );
    this.#sums.set(key, { sum, unitMs });
    if (place === 'now') this.#now.set(windowMs, sum);
  }

  #addRow(to: { readonly minutes?: Buckets; readonly fives?: Buckets }, at: Millis, row: Row): void {
    for (const buckets of [to.minutes, to.fives]) {
      if (!buckets) continue;
      const bucket = buckets.bucketOf(at);
      buckets.add(bucket, row);
      for (const { sum } of this.#sumList) sum.added(buckets, bucket, row);
      for (const sum of this.#pastSums.values()) sum.added(buckets, bucket, row);
    }
  }

  #noteLast(at: Millis): void {
    const { lasts } = this.#context;
    if (at > (lasts[this.#id] ?? 0)) lasts[this.#id] = at;
  }

  #save(): void {
    this.#context.state.set(this.#metaKey, this.#meta);
  }

  #noteParts(parts: ReadonlySet<string>, clock: Millis | undefined): void {
    const { since } = this.#meta;
    let changed = false;
    for (const part of Object.keys(since)) {
      if (parts.has(part)) continue;
      delete since[part];
      changed = true;
    }
    for (const part of parts) {
      if (since[part] !== undefined) continue;
      since[part] = clock ?? 0;
      changed = true;
    }
    if (changed) this.#save();
  }

  #learnUpTo(last: number, clock: Millis): void {
    const first = this.#context.from();
    if (this.#baselines.size === 0 || first === undefined || this.#context.gathering()) return;
    const oldest = Math.ceil(Math.max(first, clock - HISTORY_DAYS * DAY_MS) / BUCKET_MS);
    const from = Math.max(this.#meta.learned + 1, oldest);
    if (from > last) return;
    const row = [0, 0, 0, 0, 0, 0];
    for (let bucket = from; bucket <= last; bucket++) {
      const start = bucket * BUCKET_MS;
      if (this.#context.blind(start, start + BUCKET_MS)) continue;
      row.fill(0);
      this.#live.fives?.addTo(row, bucket, 1);
      this.#past.fives?.addTo(row, bucket, 1);
      for (const [key, baseline] of this.#baselines) {
        if (isAdditive(key)) learn(baseline, start, ofRow(row, key));
        else learn(baseline, start, this.#countedThen(key, bucket));
      }
    }
    this.#meta.learned = last;
    this.#usualMinute = -1;
    for (const [key, baseline] of this.#baselines) this.#context.state.set(`${this.#id}/u/${key}`, baseline);
    this.#save();
  }

  /** A distinct count at the end of a bucket: as it was noted, and history beside it, each mention for one. */
  #countedThen(key: string, bucket: number): number {
    const metric = key.slice(0, key.indexOf(':')) as DistinctMetric;
    const noted = this.#snapshots.get(key)?.get(bucket + 1) ?? 0;
    if (metric === 'networks' || !this.#past.fives) return noted;
    let sum = this.#pastSums.get(key);
    if (!sum) {
      sum = new SlidingSum([this.#past.fives], Math.round(Number(key.slice(metric.length + 1)) / BUCKET_MS), 0);
      this.#pastSums.set(key, sum);
    }
    sum.advance(bucket);
    return noted + historyOf(sum, metric);
  }

  /** By whole minutes, so that what is worked out once serves all mentions of a minute. */
  #usualLevel(metric: string, windowMs: Millis, clock: Millis): number | undefined {
    const minute = Math.floor(clock / MINUTE_MS);
    const from = this.#context.from();
    if (minute !== this.#usualMinute || from !== this.#usualFrom) {
      this.#usual.clear();
      this.#usualMinute = minute;
      this.#usualFrom = from;
    }
    let levels = this.#usual.get(metric);
    if (!levels) {
      levels = new Map();
      this.#usual.set(metric, levels);
    }
    if (levels.has(windowMs)) return levels.get(windowMs);
    const to = minute * MINUTE_MS;
    const baseline = this.#baselines.get(usualKey(metric, windowMs));
    const ready = baseline && this.readyAt(metric, windowMs, 'usual', to) <= to;
    const level = ready ? expected(baseline, to - (isAdditive(metric) ? windowMs : BUCKET_MS), to) : undefined;
    levels.set(windowMs, level);
    return level;
  }
}

/** The key under which a fold keeps its state. */
function foldId(key: string): string {
  return key === '' ? 'all' : hashLetters(key, 8);
}

function usualKey(metric: string, windowMs: Millis): string {
  return isAdditive(metric) ? metric : `${metric}:${windowMs}`;
}

function lagOf(place: 'previous' | 'yesterday' | 'last_week', windowMs: Millis): Millis {
  return place === 'previous' ? windowMs : LAG_MS[place];
}

/** What must have counted for long enough before a value can be had. */
function partOf(metric: string, windowMs: Millis, place: Place): string {
  if (place === 'usual') return `usual:${usualKey(metric, windowMs)}`;
  if (isDistinct(metric)) return `snapshot:${metric}:${windowMs}`;
  return place === 'previous' && windowMs <= FINE_WINDOW_MS ? 'minutes' : 'fives';
}

function planOf(needs: readonly Need[]) {
  const sums = new Map<string, { key: string; windowMs: Millis; lagMs: Millis; place: 'now' | 'reference' | 'past' }>();
  const distinct = new Map<string, { metric: DistinctMetric; windowMs: Millis }>();
  const snapshots = new Map<string, { metric: DistinctMetric; windowMs: Millis; keep: number }>();
  const usual = new Set<string>();
  const parts = new Set<string>();
  let [keepMinutes, keepFives, keepPastMinutes, keepPastFives] = [0, 0, 0, 0];
  const window = (place: Exclude<Place, 'usual'>, windowMs: Millis): void => {
    const lagMs = place === 'now' ? 0 : lagOf(place, windowMs);
    const fine = windowMs <= FINE_WINDOW_MS && lagMs <= windowMs;
    const keep = Math.ceil((windowMs + lagMs) / (fine ? MINUTE_MS : BUCKET_MS)) + 1;
    if (fine) keepMinutes = Math.max(keepMinutes, keep);
    else keepFives = Math.max(keepFives, keep);
    if (place !== 'now' && fine) keepPastMinutes = Math.max(keepPastMinutes, keep);
    if (place !== 'now' && !fine) keepPastFives = Math.max(keepPastFives, keep);
    const key = `${place}:${windowMs}`;
    sums.set(key, { key, windowMs, lagMs, place: place === 'now' ? 'now' : 'reference' });
  };
  for (const { metric, windowMs, place } of needs) {
    if (place !== 'now') parts.add(partOf(metric, windowMs, place));
    if (isDistinct(metric)) {
      distinct.set(`${metric}:${windowMs}`, { metric, windowMs });
      if (place === 'now') continue;
      const lagMs = place === 'usual' ? FINE_WINDOW_MS : lagOf(place, windowMs);
      const key = `${metric}:${windowMs}`;
      const keep = Math.max(snapshots.get(key)?.keep ?? 0, Math.ceil(lagMs / BUCKET_MS) + 2);
      snapshots.set(key, { metric, windowMs, keep });
      if (place === 'usual') {
        usual.add(key);
        keepFives = Math.max(keepFives, (LEARNING_MS + windowMs) / BUCKET_MS);
        keepPastFives = (HISTORY_DAYS * DAY_MS) / BUCKET_MS;
      } else {
        const past = `past-${place}:${windowMs}`;
        sums.set(past, { key: past, windowMs, lagMs, place: 'past' });
        keepPastFives = Math.max(keepPastFives, Math.ceil((windowMs + lagMs) / BUCKET_MS) + 1);
      }
    } else if (place === 'usual') {
      usual.add(metric);
      // Long enough that history which comes within the first two days is taught together with what was counted.
      keepFives = Math.max(keepFives, LEARNING_MS / BUCKET_MS + LEARN_LAG + 1);
      keepPastFives = (HISTORY_DAYS * DAY_MS) / BUCKET_MS;
    } else window(place, windowMs);
  }
  return {
    sums: [...sums.values()],
    distinct: [...distinct.values()],
    snapshots: [...snapshots.values()],
    usual,
    parts,
    keepMinutes,
    keepFives,
    keepPastMinutes,
    keepPastFives,
  };
}

function rowOf({ sentiment, engagement, author }: Mention): Row {
  const sure = !sentiment.unsure;
  return [
    1,
    sure && sentiment.label === 'negative' ? 1 : 0,
    sure && sentiment.label === 'positive' ? 1 : 0,
    sure ? 0 : 1,
    engagement
      ? (engagement.likes ?? 0) + (engagement.reposts ?? 0) + (engagement.replies ?? 0) + (engagement.quotes ?? 0)
      : 0,
    author?.followers ?? 0,
  ];
}

function authorOf({ source, author, id }: Mention): string {
  return author ? `${source} ${author.id}` : id;
}

function column(sum: SlidingSum | undefined, metric: AdditiveMetric): number {
  return sum ? ofRow(sum.sums, metric) : 0;
}

function ofRow(row: readonly number[], metric: AdditiveMetric): number {
  const [mentions = 0, negative = 0, positive = 0, unsure = 0, engagement = 0] = row;
  if (metric === 'mentions') return mentions;
  if (metric === 'negative') return negative;
  if (metric === 'positive') return positive;
  if (metric === 'unsure') return unsure;
  return metric === 'engagement' ? engagement : mentions - negative - positive - unsure;
}

function historyOf(sum: SlidingSum | undefined, metric: DistinctMetric): number {
  if (!sum) return 0;
  return (metric === 'negative_authors' ? sum.sums[1] : metric === 'reach' ? sum.sums[5] : sum.sums[0]) ?? 0;
}

/** An object without its undefined values. */
function bare<T extends object>(value: { [K in keyof T]: T[K] | undefined }): { [K in keyof T]?: T[K] } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as { [K in keyof T]?: T[K] };
}
