/**
 * A detector of unusual volume: one series for the brand (scope `*`) and one for each of its sources, with an episode on each.
 * `spike` counts every mention with it, `negative-surge` the negative ones.
 *
 * State of a brand, by key: `index` (scopes, and which configured source feeds which), `due`, `recent/<scope>` (written at
 * every mention, about 1 kB), `past/<scope>` (about once an hour, 1 to 4 kB), `history` and `history/<day>/<scope>` (until it is taught).
 */
import type { Detector, KeyedState } from '../../model/ports.ts';
import type { Mention, Millis, Signal } from '../../model/types.ts';
import type { Episode, Finding, Told } from './episode.ts';
import { LEAD_MS, findingOf, hasGrown, isOver, observe, wasTold } from './episode.ts';
import type { Slot } from './evidence.ts';
import { addCandidate, addEvidence, candidates, exhibitOf, idsOf } from './evidence.ts';
import type { Counts, Gate, Past, Reading, Recent, Series } from './volume-series.ts';
import {
  addTo,
  advance,
  count,
  createPast,
  createRecent,
  forgetAfter,
  forgetBefore,
  gridOf,
  historyMs,
  isBlind,
  isYoung,
  markBlind,
  passes,
  read,
  ripeEnd,
  sum,
  sumOf,
  teach,
} from './volume-series.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WHOLE = '*';
/** Sources beyond these are counted in the whole only: a commit may hold the state of all series at once. */
const MOST_SOURCES = 12;
const MOST_VIAS = 64;
/** A configured source that brought nothing for so many days no longer feeds the brand: its blindness hides nothing. */
const VIA_DAYS = 7;
const HISTORY_WAIT_MS = 10 * MINUTE_MS;
const HISTORY_DAYS = 30;
const MOST_HISTORY_SOURCES = 8;
/** With so much life of its own, a brand needs no history. */
const LIVE_MS = 2 * DAY_MS;

const grid = gridOf();
const { bucketMs } = grid;

export interface VolumeOptions extends Gate {
  readonly name: string;
  /** Mean of the two largest rarities at which an episode opens. */
  readonly threshold: number;
  readonly counts: (mention: Mention) => boolean;
  /** Whether to tell the share of these mentions in all of them. */
  readonly share: boolean;
  readonly latenessMs: (via: string) => Millis;
}

type Via = { day: number; readonly scopes: number[] };
type Index = {
  readonly scopes: string[];
  vias: { [via: string]: Via };
  /** Bucket of the first live mention; null: none yet. */
  since: number | null;
  /** History waits, or has been taught and may be needed again. */
  history: boolean;
};
type Due = {
  /** Scopes with an open episode. */
  open: string[];
  /** The bucket end at which they are judged next. */
  next: Millis;
  history: Millis | null;
};
type Followed = Recent & {
  /** All mentions, where `share` is told. */
  readonly all: Counts | null;
  readonly near: Slot[];
  episode: Episode | null;
  told: Told | null;
};
type History = { first: number; readonly days: number[]; readonly scopes: string[] };

type Emit = (signal: Signal) => void;

/** One scope of one brand during one call. */
interface Scope {
  readonly brand: string;
  readonly scope: string;
  readonly past: Past;
  readonly recent: Followed;
}

/** The detector; `spike.ts` and `negative-surge.ts` say what it counts. */
export function createVolumeDetector(options: VolumeOptions): Detector {
  const { name, threshold, counts, share: tellsShare, latenessMs } = options;

  function onMention(state: KeyedState, mention: Mention, clock: Millis, emit: Emit): void {
    const now = bucketOf(clock);
    const bucket = Math.min(bucketOf(mention.at), now);
    const index = state.get<Index>('index') ?? { scopes: [], vias: {}, since: null, history: false };
    const scopes = scopesOf(index, mention.source, MOST_SOURCES + 1);
    if (enrol(index, scopes, mention.via, Math.floor(clock / DAY_MS)) || index.since === null) {
      index.since ??= now;
      state.set('index', index);
    }
    if (index.history && index.since !== null && (now - index.since) * bucketMs >= LIVE_MS) dropHistory(state, index);
    for (const scope of scopes) follow(state, index, mention, scope, bucket, now, clock, emit);
  }

  function follow(
    state: KeyedState,
    index: Index,
    mention: Mention,
    scope: string,
    bucket: number,
    now: number,
    clock: Millis,
    emit: Emit,
  ): void {
    const known = state.get<Past>(`past/${scope}`);
    const begin = now - bucket < grid.judged ? bucket : now;
    const past = known ?? createPast(grid, begin, phaseOf(`${name}/${mention.brand}/${scope}`));
    const recent = state.get<Followed>(`recent/${scope}`) ?? createFollowed(begin, tellsShare);
    const here: Scope = { brand: mention.brand, scope, past, recent };
    let pastChanged = !known;
    if (learn(index, here, now)) pastChanged = true;
    if (recent.all && bucket >= past.split) addTo(recent.all, bucket);
    if (counts(mention)) {
      const kept = count(here, grid, bucket, now);
      if (kept) pastChanged = true;
      if (kept !== undefined) {
        const exhibit = exhibitOf(mention);
        addCandidate(recent.near, exhibit);
        const { episode } = recent;
        if (episode && mention.at >= episode.startedAt - LEAD_MS) {
          episode.mentions += 1;
          addEvidence(episode.evidence, exhibit);
        }
        judge(state, here, readingsOf(here, bucket, now), mention.at, now, clock, emit);
      }
    }
    if (pastChanged) state.set(`past/${scope}`, past);
    state.set(`recent/${scope}`, recent);
  }

  /** Opens an episode, or takes the readings into the open one. */
  function judge(
    state: KeyedState,
    here: Scope,
    readings: readonly Reading[],
    at: Millis,
    now: number,
    clock: Millis,
    emit: Emit,
  ): void {
    const { recent, past } = here;
    if (recent.episode) {
      grow(here, recent.episode, readings, now, clock, emit);
      return;
    }
    let best: Reading | undefined;
    for (const reading of readings) {
      if (reading.rarity < threshold || reading.rarity <= (best?.rarity ?? 0)) continue;
      if (wasTold(recent.told, (reading.end + 1) * bucketMs) || !passes(here, grid, reading, options, now)) continue;
      best = reading;
    }
    if (!best) return;
    const finding = found(here, best, best.top);
    const window = grid.windows[best.top];
    const stop = (best.end + 1) * bucketMs;
    const episode: Episode = {
      id: `${name}:${here.brand}:${here.scope}:${window?.name ?? ''}:${at}`,
      startedAt: at,
      best: finding,
      told: finding.observed,
      toldAt: 0,
      joined: false,
      mentions: finding.observed,
      seenAt: clock,
      calmSince: null,
      // The mention itself is shown even where another window of the hour is the most unusual one.
      evidence: candidates(recent.near, Math.min(at, stop - (window?.buckets ?? 1) * bucketMs), stop),
    };
    recent.episode = episode;
    const due = state.get<Due>('due') ?? { open: [], next: 0, history: null };
    if (due.open.length === 0) due.next = (bucketOf(clock) + 1) * bucketMs;
    due.open.push(here.scope);
    state.set('due', due);
    emit(signalOf(here, episode, 'open', historyMs({ past, recent }, grid, now), clock));
  }

  function grow(
    here: Scope,
    episode: Episode,
    readings: readonly Reading[],
    now: number,
    at: Millis,
    emit: Emit,
  ): void {
    observe(episode, readings, threshold, (reading, window) => found(here, reading, window));
    if (!hasGrown(episode, at)) return;
    episode.told = episode.best.observed;
    episode.toldAt = at;
    episode.joined = false;
    emit(signalOf(here, episode, 'update', historyMs(here, grid, now), at));
  }

  function onClock(state: KeyedState, brand: string, due: Millis, emit: Emit): void {
    const dues = state.get<Due>('due');
    const index = state.get<Index>('index');
    if (!dues || !index) return;
    while (dues.open.length > 0 && dues.next <= due) {
      for (const scope of dues.open) {
        if (settle(state, index, brand, scope, dues.next, emit)) dues.open = dues.open.filter((s) => s !== scope);
      }
      dues.next += bucketMs;
      state.set('due', dues);
    }
    if (dues.history !== null && dues.history <= due) {
      dues.history = null;
      state.set('due', dues);
      teachHistory(state, index, brand, bucketOf(due));
    }
  }

  /** Judges an open episode at a bucket's end; true when it closed. */
  function settle(state: KeyedState, index: Index, brand: string, scope: string, at: Millis, emit: Emit): boolean {
    const past = state.get<Past>(`past/${scope}`);
    const recent = state.get<Followed>(`recent/${scope}`);
    const episode = recent?.episode;
    if (!past || !recent || !episode) return true;
    const here: Scope = { brand, scope, past, recent };
    const now = bucketOf(at);
    if (learn(index, here, now)) state.set(`past/${scope}`, past);
    const reading = read(here, grid, now - 1, floorOf(recent));
    const blind = isBlind(recent.blind, now - grid.longestShort, now - 1);
    grow(here, episode, [reading], now, at, emit);
    const over = isOver(episode, grid, reading, threshold, blind, at);
    if (over) {
      recent.episode = null;
      recent.told = { from: episode.startedAt, to: at };
      emit(signalOf(here, episode, 'close', historyMs(here, grid, now), at));
    }
    state.set(`recent/${scope}`, recent);
    return over;
  }

  /** Teaches what is ripe at bucket `now`; true when the past changed. */
  function learn(index: Index, { scope, past, recent }: Scope, now: number): boolean {
    if (ripeEnd(past, grid, now, grid.lag) <= past.next) return false;
    if (!advance({ past, recent }, grid, now, delayOf(index, scope))) return false;
    if (recent.all) forgetBefore(recent.all, past.split);
    return true;
  }

  /** Buckets that may still change: as many as the tardiest source that feeds this scope may be late. */
  function delayOf({ scopes, vias }: Index, scope: string): number {
    const place = scopes.indexOf(scope);
    let latest = 0;
    for (const [via, { scopes: fed }] of Object.entries(vias))
      if (fed.includes(place)) latest = Math.max(latest, latenessMs(via));
    return Math.ceil(latest / bucketMs) + 1;
  }

  function found({ past, recent }: Scope, reading: Reading, window: number): Finding {
    const from = reading.end - (reading.windows[window]?.buckets ?? 1) + 1;
    const all = recent.all && from >= past.split ? sumOf(recent.all, from, reading.end) : 0;
    const counted = all > 0 ? sum({ past, recent }, from, reading.end) : 0;
    return findingOf(reading, window, grid, threshold, all > 0 && counted <= all ? counted / all : null);
  }

  function signalOf(here: Scope, episode: Episode, kind: Signal['state'], ageMs: Millis, at: Millis): Signal {
    const { best } = episode;
    const window = grid.windows[best.window];
    const learning = isYoung(ageMs) ? 1 : 0;
    const ageHours = Math.floor(ageMs / HOUR_MS);
    const values = {
      rarity: best.rarity,
      excess: best.excess,
      ageHours,
      learning,
      mentions: episode.mentions,
      ...(best.share === null ? {} : { share: best.share }),
    };
    return {
      id: episode.id,
      detector: name,
      brand: here.brand,
      scope: here.scope,
      window: window?.name ?? '',
      state: kind,
      startedAt: episode.startedAt,
      at,
      observed: best.observed,
      expected: best.expected,
      score: best.score,
      values,
      explain: {
        key: `detectors.${name}.${kind}`,
        values: {
          ...values,
          scope: here.scope,
          observed: best.observed,
          expected: best.expected,
          spanMs: best.spanMs,
          hourly: window?.short === true && learning === 0 ? 1 : 0,
          lastedMs: Math.max(0, at - episode.startedAt),
        },
      },
      evidence: idsOf(episode.evidence),
    };
  }

  function onHistory(state: KeyedState, mention: Mention, clock: Millis): void {
    const now = bucketOf(clock);
    const bucket = bucketOf(mention.at);
    const index = state.get<Index>('index') ?? { scopes: [], vias: {}, since: null, history: false };
    if (index.since !== null && (now - index.since) * bucketMs >= LIVE_MS) {
      if (index.history) dropHistory(state, index);
      return;
    }
    if (bucket >= now || (now - bucket) * bucketMs > HISTORY_DAYS * DAY_MS) return;
    const history = state.get<History>('history') ?? { first: bucket, days: [], scopes: [WHOLE] };
    const day = Math.floor(mention.at / DAY_MS);
    const fresh = !history.days.includes(day);
    const joins = !history.scopes.includes(mention.source) && history.scopes.length <= MOST_HISTORY_SOURCES;
    if (fresh) history.days.push(day);
    if (joins) history.scopes.push(mention.source);
    if (fresh || joins || bucket < history.first) {
      history.first = Math.min(history.first, bucket);
      state.set('history', history);
    }
    if (counts(mention)) {
      for (const scope of [WHOLE, mention.source]) {
        if (!history.scopes.includes(scope)) continue;
        const key = `history/${day}/${scope}`;
        const chunk = state.get<Counts>(key) ?? { from: bucket, counts: [] };
        addTo(chunk, bucket);
        state.set(key, chunk);
      }
    }
    if (!index.history) {
      index.history = true;
      state.set('index', index);
    }
    const due = state.get<Due>('due') ?? { open: [], next: 0, history: null };
    if (due.history === null) {
      due.history = clock + HISTORY_WAIT_MS;
      state.set('due', due);
    }
  }

  /** Rebuilds the series from their history and what they have lived since. Doing it again with more history is as good as new. */
  function teachHistory(state: KeyedState, index: Index, brand: string, now: number): void {
    const history = state.get<History>('history');
    if (!history || (index.since !== null && (now - index.since) * bucketMs >= LIVE_MS)) {
      dropHistory(state, index);
      return;
    }
    for (const scope of history.scopes) {
      const place = scopesOf(index, scope, MOST_SOURCES + 1);
      if (!place.includes(scope)) continue;
      const lived = state.get<Past>(`past/${scope}`);
      const end = lived?.next ?? now - grid.lag;
      const since = lived?.since ?? end;
      const first = Math.max(history.first, now - HISTORY_DAYS * (DAY_MS / bucketMs));
      if (first >= since) continue;
      const recent = state.get<Followed>(`recent/${scope}`) ?? createFollowed(now, tellsShare);
      const past = createPast(grid, since, phaseOf(`${name}/${brand}/${scope}`));
      const series: Series = { past: lived ?? past, recent };
      const chunks = new Map<number, Counts | undefined>();
      const valueAt = (bucket: number): number => {
        if (bucket >= since) return sum(series, bucket, bucket);
        const day = Math.floor((bucket * bucketMs) / DAY_MS);
        if (!chunks.has(day)) chunks.set(day, state.get<Counts>(`history/${day}/${scope}`));
        const chunk = chunks.get(day);
        return chunk ? sumOf(chunk, bucket, bucket) : 0;
      };
      const sums = grid.windows.map(() => 0);
      // What was lived longer ago than counts are kept cannot be taught a second time.
      const covered = Math.max(since, now - grid.kept + 1);
      for (let bucket = first; bucket < end; bucket++) {
        const value = valueAt(bucket);
        for (const [i, { buckets }] of grid.windows.entries())
          sums[i] = (sums[i] ?? 0) + value - (bucket - buckets >= first ? valueAt(bucket - buckets) : 0);
        if (bucket >= since && bucket < covered) continue;
        teach(past, grid, recent.blind, bucket, value, sums);
      }
      past.next = end;
      if (lived) {
        past.split = lived.split;
        past.older = lived.older;
        past.held = lived.held;
      } else {
        // Nobody looked live between here and now.
        markBlind(recent, end, now);
      }
      state.set(`past/${scope}`, past);
      state.set(`recent/${scope}`, recent);
    }
    state.set('index', index);
  }

  function onGap(state: KeyedState, _brand: string, via: string, from: Millis, to: Millis): void {
    const index = state.get<Index>('index');
    const fed = index?.vias[via];
    if (!index || !fed || to <= from || Math.floor(to / DAY_MS) - fed.day > VIA_DAYS) return;
    for (const place of fed.scopes) {
      const scope = index.scopes[place] ?? '';
      const past = state.get<Past>(`past/${scope}`);
      const recent = state.get<Followed>(`recent/${scope}`);
      if (!past || !recent) continue;
      const first = Math.max(bucketOf(from), past.next - grid.longest);
      const last = bucketOf(to - 1);
      if (first > last) continue;
      markBlind(recent, first, last);
      state.set(`recent/${scope}`, recent);
    }
  }

  function onRemove(state: KeyedState, _brand: string, postId: string): void {
    for (const scope of state.get<Index>('index')?.scopes ?? []) {
      const recent = state.get<Followed>(`recent/${scope}`);
      if (!recent) continue;
      let gone = 0;
      for (const list of [...recent.near.map(({ posts }) => posts), recent.episode?.evidence ?? []]) {
        const place = list.findIndex(([id]) => id === postId);
        if (place < 0) continue;
        list.splice(place, 1);
        gone += 1;
      }
      if (gone > 0) state.set(`recent/${scope}`, recent);
    }
  }

  function onReset(state: KeyedState, _brand: string, clock: Millis): void {
    const now = bucketOf(clock);
    const index = state.get<Index>('index');
    for (const scope of index?.scopes ?? []) {
      const past = state.get<Past>(`past/${scope}`);
      const recent = state.get<Followed>(`recent/${scope}`);
      if (!past || !recent) continue;
      // The episode stays as it is: it was told, and must be closed in due time.
      if (past.held !== null && past.held > now) past.held = null;
      forgetAfter(recent.newer, now);
      forgetAfter(past.older, now);
      if (recent.all) forgetAfter(recent.all, now);
      recent.blind = clip(recent.blind, now + 1);
      past.next = Math.min(past.next, now + 1);
      past.split = Math.min(past.split, now - grid.recent);
      const { episode, told } = recent;
      if (told && told.to > clock) recent.told = told.from < clock ? { from: told.from, to: clock } : null;
      if (episode) {
        episode.calmSince = null;
        episode.seenAt = Math.min(episode.seenAt, clock);
        episode.toldAt = 0;
      }
      state.set(`past/${scope}`, past);
      state.set(`recent/${scope}`, recent);
    }
    if (index?.since != null && index.since > now) {
      index.since = now;
      state.set('index', index);
    }
    const due = state.get<Due>('due');
    if (!due) return;
    due.next = (now + 1) * bucketMs;
    if (due.history !== null) due.history = Math.min(due.history, clock + HISTORY_WAIT_MS);
    state.set('due', due);
  }

  function nextDue(state: KeyedState): Millis | undefined {
    const due = state.get<Due>('due');
    if (!due) return undefined;
    const next = Math.min(due.open.length > 0 ? due.next : Infinity, due.history ?? Infinity);
    return next === Infinity ? undefined : next;
  }

  return { name, onMention, onHistory, nextDue, onClock, onGap, onRemove, onReset };
}

function bucketOf(at: Millis): number {
  return Math.floor(at / bucketMs);
}

function createFollowed(bucket: number, share: boolean): Followed {
  return {
    ...createRecent(bucket),
    all: share ? { from: bucket, counts: [] } : null,
    near: [],
    episode: null,
    told: null,
  };
}

/** The scopes that a mention of `source` counts in, entered into the index when they are new and there is room. */
function scopesOf(index: Index, source: string, most: number): string[] {
  const scopes: string[] = [];
  for (const scope of source === WHOLE ? [WHOLE] : [WHOLE, source]) {
    if (!index.scopes.includes(scope)) {
      if (index.scopes.length >= most) continue;
      index.scopes.push(scope);
    }
    scopes.push(scope);
  }
  return scopes;
}

/** Remembers which configured source feeds which scopes, by day; true when something is new. */
function enrol(index: Index, scopes: readonly string[], via: string, day: number): boolean {
  const places = scopes.map((scope) => index.scopes.indexOf(scope));
  const known = index.vias[via];
  if (known && known.day === day && places.every((place) => known.scopes.includes(place))) return false;
  if (known) {
    known.day = day;
    for (const place of places) if (!known.scopes.includes(place)) known.scopes.push(place);
  } else {
    const vias = Object.entries(index.vias).filter(([, v]) => day - v.day <= VIA_DAYS);
    vias.sort(([a, x], [b, y]) => y.day - x.day || (a < b ? -1 : 1));
    index.vias = Object.fromEntries([...vias.slice(0, MOST_VIAS - 1), [via, { day, scopes: places }]]);
  }
  return true;
}

/**
 * The windows that a mention in `bucket` changes: those that end now, and, for a late one, those that end in its own bucket or
 * within the hour after it. Whatever the order of late mentions, the last one of a surge sees the whole of it.
 */
function readingsOf(here: Scope, bucket: number, now: number): Reading[] {
  const readings: Reading[] = [];
  if (now - bucket < grid.judged) {
    const last = Math.min(now - 1, bucket + grid.longestShort - 1);
    for (let end = bucket; end <= last; end++) readings.push(read(here, grid, end, floorFor(here.recent, end)));
  }
  readings.push(read(here, grid, now, floorOf(here.recent)));
  return readings;
}

/** After an episode the long window begins anew, or it would tell of the same mentions again. */
function floorOf({ told }: Followed): number {
  return told ? bucketOf(told.to) : Number.NEGATIVE_INFINITY;
}

function floorFor(recent: Followed, end: number): number {
  const floor = floorOf(recent);
  return end >= floor ? floor : Number.NEGATIVE_INFINITY;
}

function dropHistory(state: KeyedState, index: Index): void {
  const history = state.get<History>('history');
  for (const day of history?.days ?? [])
    for (const scope of history?.scopes ?? []) state.set(`history/${day}/${scope}`, undefined);
  state.set('history', undefined);
  index.history = false;
  state.set('index', index);
  const due = state.get<Due>('due');
  if (due && due.history !== null) state.set('due', { ...due, history: null });
}

function clip(blind: readonly number[], end: number): number[] {
  const clipped: number[] = [];
  for (let i = 0; i < blind.length; i += 2) {
    const from = blind[i] ?? 0;
    if (from < end) clipped.push(from, Math.min(blind[i + 1] ?? 0, end));
  }
  return clipped;
}

/** Spreads the hours at which series are taught, so that one commit holds few of them. */
function phaseOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) % 65_521;
  return hash % grid.portion;
}
