/**
 * Finds what several authors begin to speak of. Each feature of a mention is tested in three windows against what it was before
 * the last day; what chance would bring less often than `perDay` times a day opens an episode. Features that come with one
 * another are one episode.
 *
 * State of a brand beside that of `TermMemory`: `episodes`, `ids/<n>` (ids of the mentions of one chunk of the log), `via`.
 */
import { round } from '../../lib/stats.ts';
import type { Detector, KeyedState } from '../../model/ports.ts';
import type { Brand, Mention, Millis, Signal } from '../../model/types.ts';
import { MOST_EVIDENCE } from './evidence.ts';
import { type Feature, featuresOf, ownWords, wordOf } from './features.ts';
import { hash24 } from './letters.ts';
import { forgetId, idAt, noteId } from './post-ids.ts';
import { binomialTail, negativeBinomialTail } from './tails.ts';
import { topicsOf } from './topics.ts';
import { feeds, noteVia } from './vias.ts';
import {
  beginMemory,
  forgetMemory,
  memoryOf,
  SLOT_MS,
  type Standing,
  TESTED_AUTHORS,
  type TermMemory,
  WINDOWS,
} from './term-memory.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What is fewer standard deviations above its mean is not looked at closer. */
const RAW_GATE = 2.5;
/** Weight of the past: a rate is about as sure as from so much of it. */
const TRUST = 0.5;
/** Features tested in a day, at least: a quiet brand is no reason to believe in chance. */
const LEAST_TESTED = 50;
/** Only what chance alone brings less than so many times too often is looked at closer. */
const COMPANY_GATE = 100;
const MOST_COMPARED = 40;
const COMPANION = 3;
/** How much the company of a word says, as an exponent of its chance; more where the word was hardly ever used before. */
const COMPANY = 0.3;
const COMPANY_OF_NOVEL = 0.5;
const NOVEL = 1;
/** Topics are wide and swing with the day: chance must explain them so many times less. */
const TOPIC_CAUTION = 2;
const TOPIC = 'topic:';
/** Share of a feature's mentions by which it belongs to an episode. */
const SHARED = 1 / 3;
/** With less history nothing is said. */
const SILENT_MS = 2 * DAY_MS;
/** With less history it is said that this is early. */
const LEARNING_MS = 7 * DAY_MS;
const GROWTH = 1.5;
/** A story escalates when its authors double and chance explains it so many times less. */
const ESCALATION_AUTHORS = 2;
const ESCALATION_CHANCE = 100;
/** Without a new author for so long, an episode is over. */
const QUIET_MS = 6 * HOUR_MS;
/** What comes back within this time belongs to the same episode. */
const SAME_MS = DAY_MS;
/** An episode that was told of last longer ago than this and escalates is a new one. */
const STALE_MS = 6 * HOUR_MS;
const MOST_OPEN = 12;
const MOST_EPISODES = 24;
const MOST_TERMS = 100;
const MOST_LABELS = 4;
const MOST_PEAKS = 120;
const HISTORY_WAIT_MS = 10 * 60_000;
const HISTORY_STEP_MS = 60_000;
const HISTORY_TABLES = 4;

export interface TermOptions {
  readonly name: string;
  /** Signals that chance alone may raise in a day. */
  readonly perDay: number;
  readonly mute: readonly string[];
  readonly brands: readonly Brand[];
}

type Episode = {
  readonly id: string;
  readonly term: string;
  readonly startedAt: Millis;
  readonly window: number;
  /** Codes of its features. */
  codes: number[];
  /** Other words to show beside the term. */
  labels: string[];
  observed: number;
  expected: number;
  /** How often chance brings it, a day. */
  chance: number;
  /** What was told last, and when. */
  told: number;
  toldAt: Millis;
  /** What it was when it was said to escalate last. */
  peak: number;
  peakChance: number;
  escalations: number;
  /** When a new author joined last, and when the last of its mentions was said. */
  seenAt: Millis;
  saidAt: Millis;
  /** A source was blind until then. */
  blindTo: Millis;
  closed: boolean;
  evidence: string[];
};

type Peaks = { [code: string]: number[] };
type Episodes = { list: Episode[]; peaks: Peaks; historyAt: Millis | null; dropped: number };

/** A feature that chance does not explain. */
type Finding = {
  readonly feature: Feature;
  readonly standing: Standing;
  readonly expected: number;
  /** How often chance brings it a day, by its count alone, and with the company that it keeps. */
  readonly bare: number;
  readonly chance: number;
};

type Emit = (signal: Signal) => void;

const noWords: ReadonlySet<string> = new Set();

/** The detector; `emerging-term.ts` gives it its settings. */
export function createTermDetector({ name, perDay, mute, brands }: TermOptions): Detector {
  const muted = mute.map(wordOf).filter((word) => word !== '');
  const own = new Map(brands.map((brand) => [brand.id, new Set([...ownWords(brand), ...muted])]));
  const unnamed: ReadonlySet<string> = muted.length > 0 ? new Set(muted) : noWords;

  function featuresHere(mention: Mention): Feature[] {
    return featuresOf(mention, own.get(mention.brand) ?? unnamed);
  }

  function onMention(state: KeyedState, mention: Mention, clock: Millis, emit: Emit): void {
    const now = slotOf(clock);
    const memory = beginMemory(state, now, mention.at);
    memory.advance(now);
    memory.begin(mention.at);
    noteVia(state, mention.via, clock);
    if (!memory.accepts(hash24(mention.id))) return;
    const features = featuresHere(mention);
    const taken = memory.take(
      Math.min(slotOf(mention.at), now),
      hash24(mention.author ? `${mention.source}:${mention.author.id}` : mention.id),
      hash24(mention.fingerprint),
      features.map(({ code }) => code),
    );
    if (!taken) return;
    noteId(state, memory.placeOf(taken.number), mention.id);
    const kept = state.get<Episodes>('episodes');
    if (clock - memory.since < SILENT_MS) return;
    const findings: Finding[] = [];
    for (const code of taken.features) {
      const feature = features.find((candidate) => candidate.code === code);
      const known = feature && kept?.list.some((episode) => isAlive(episode, clock) && episode.codes.includes(code));
      const finding = feature && test(memory, feature, perDay, known ?? false);
      if (finding) findings.push(finding);
    }
    if (findings.length === 0) return;
    findings.sort((a, b) => a.chance - b.chance || (a.feature.name < b.feature.name ? -1 : 1));
    const episodes = kept ?? { list: [], peaks: {}, historyAt: null, dropped: 0 };
    let changed = false;
    for (const finding of findings)
      if (consider(state, memory, episodes, finding, mention, clock, emit)) changed = true;
    if (changed) state.set('episodes', episodes);
  }

  /** Takes a finding into an episode or opens one; true when the episodes changed. */
  function consider(
    state: KeyedState,
    memory: TermMemory,
    episodes: Episodes,
    finding: Finding,
    mention: Mention,
    clock: Millis,
    emit: Emit,
  ): boolean {
    const { feature, standing } = finding;
    const known = episodes.list.find(
      (episode) =>
        isAlive(episode, clock) && (episode.codes.includes(feature.code) || isOfTopic(feature.name, episode.term)),
    );
    if (known) return grow(state, memory, episodes, known, finding, mention, clock, emit);
    if (isRubric(episodes.peaks, feature.code, memory.slot)) return true;
    const near = nearest(
      memory,
      episodes.list.filter((episode) => isAlive(episode, clock)),
      feature.code,
      standing.window,
    );
    if (near) {
      join(near, feature);
      grow(state, memory, episodes, near, finding, mention, clock, emit);
      return true;
    }
    open(state, memory, episodes, finding, mention, clock, emit);
    return true;
  }

  function open(
    state: KeyedState,
    memory: TermMemory,
    episodes: Episodes,
    { feature, standing, expected, bare, chance }: Finding,
    mention: Mention,
    clock: Millis,
    emit: Emit,
    codes: readonly number[] = [],
  ): void {
    if (episodes.list.filter(({ closed }) => !closed).length >= MOST_OPEN) {
      episodes.dropped += 1;
      return;
    }
    const window = WINDOWS[standing.window];
    const scope = `term:${feature.name}`;
    const episode: Episode = {
      id: `${name}:${mention.brand}:${scope}:${window?.name ?? ''}:${mention.at}`,
      term: feature.name,
      startedAt: mention.at,
      window: standing.window,
      codes: [feature.code, ...codes],
      labels: [],
      observed: standing.k,
      expected: round(expected, 2),
      chance,
      told: standing.k,
      toldAt: clock,
      peak: standing.k,
      peakChance: bare,
      escalations: 0,
      seenAt: clock,
      saidAt: Math.max(mention.at, newestSlot(memory, feature.code, standing.window) * SLOT_MS),
      blindTo: 0,
      closed: false,
      evidence: evidenceOf(state, memory, feature.code, standing.window),
    };
    if (episodes.list.some(({ id }) => id === episode.id)) return;
    episodes.list.push(episode);
    if (episodes.list.length > MOST_EPISODES) {
      const last = episodes.list.findIndex(({ closed }) => closed);
      if (last >= 0) episodes.list.splice(last, 1);
    }
    emit(signalOf(mention.brand, episode, 'open', memory, clock));
  }

  function grow(
    state: KeyedState,
    memory: TermMemory,
    episodes: Episodes,
    episode: Episode,
    finding: Finding,
    mention: Mention,
    clock: Millis,
    emit: Emit,
  ): boolean {
    const { standing, expected, bare, chance } = finding;
    const escalates = standing.k >= ESCALATION_AUTHORS * episode.peak && bare * ESCALATION_CHANCE <= episode.peakChance;
    if (!episode.closed) {
      episode.seenAt = clock;
      episode.saidAt = Math.max(episode.saidAt, mention.at);
      show(episode, mention.id);
    }
    // Late mentions do not tell a story twice.
    if (episode.closed && slotOf(mention.at) <= slotOf(episode.saidAt)) return false;
    const stale = episode.closed || clock - episode.toldAt >= STALE_MS;
    if (escalates && stale && (episode.closed || !isSameStory(memory, episode, finding))) {
      // What it was is over, or nearly so: this is news.
      const { code } = finding.feature;
      const same = episode.closed ? episode.codes.filter((other) => other !== code) : [];
      episode.codes = episode.closed ? [] : episode.codes.filter((other) => other !== code);
      open(state, memory, episodes, finding, mention, clock, emit, same);
      return true;
    }
    if (episode.closed || standing.k <= episode.observed) return !episode.closed;
    episode.observed = standing.k;
    episode.expected = round(expected, 2);
    episode.chance = Math.min(episode.chance, chance);
    if (escalates) {
      episode.peak = standing.k;
      episode.peakChance = bare;
      episode.escalations += 1;
    }
    if (episode.toldAt === clock || (!escalates && standing.k < GROWTH * episode.told)) return true;
    episode.told = standing.k;
    episode.toldAt = clock;
    emit(signalOf(mention.brand, episode, 'update', memory, clock));
    return true;
  }

  function signalOf(
    brand: string,
    episode: Episode,
    kind: Signal['state'],
    memory: TermMemory | undefined,
    at: Millis,
  ): Signal {
    const window = WINDOWS[episode.window];
    const ageMs = memory ? at - memory.since : 0;
    const values = {
      perDay: Number(episode.chance.toPrecision(3)),
      terms: episode.codes.length,
      escalations: episode.escalations,
      ageHours: Math.floor(ageMs / HOUR_MS),
      learning: ageMs < LEARNING_MS ? 1 : 0,
      every: memory?.every ?? 1,
    };
    return {
      id: episode.id,
      detector: name,
      brand,
      scope: `term:${episode.term}`,
      window: window?.name ?? '',
      state: kind,
      startedAt: episode.startedAt,
      at,
      observed: episode.observed,
      expected: episode.expected,
      score: round(1 + Math.max(0, Math.log10(perDay / Math.max(episode.chance, 1e-99))), 2),
      values,
      explain: {
        key: `detectors.${name}.${kind}`,
        values: {
          ...values,
          term: episode.term,
          with: episode.labels.join(', '),
          observed: episode.observed,
          expected: episode.expected,
          spanMs: (window?.hours ?? 0) * HOUR_MS,
          lastedMs: Math.max(0, at - episode.startedAt),
        },
      },
      evidence: [...episode.evidence],
    };
  }

  function onHistory(state: KeyedState, mention: Mention, clock: Millis): void {
    const now = slotOf(clock);
    const slot = slotOf(mention.at);
    if (slot > now) return;
    const memory = beginMemory(state, now, mention.at);
    memory.advance(now);
    memory.begin(mention.at);
    if (!memory.accepts(hash24(mention.id))) return;
    memory.teach(
      slot,
      hash24(mention.author ? `${mention.source}:${mention.author.id}` : mention.id),
      hash24(mention.fingerprint),
      featuresHere(mention).map(({ code }) => code),
    );
    const episodes = state.get<Episodes>('episodes') ?? { list: [], peaks: {}, historyAt: null, dropped: 0 };
    if (episodes.historyAt !== null) return;
    episodes.historyAt = clock + HISTORY_WAIT_MS;
    state.set('episodes', episodes);
  }

  function nextDue(state: KeyedState): Millis | undefined {
    const episodes = state.get<Episodes>('episodes');
    if (!episodes) return undefined;
    let due = episodes.historyAt ?? Infinity;
    for (const episode of episodes.list) if (!episode.closed) due = Math.min(due, endOf(episode));
    return due === Infinity ? undefined : due;
  }

  function onClock(state: KeyedState, brand: string, due: Millis, emit: Emit): void {
    const episodes = state.get<Episodes>('episodes');
    if (!episodes) return;
    const memory = memoryOf(state);
    if (episodes.historyAt !== null && episodes.historyAt <= due) {
      memory?.advance(slotOf(due));
      const done = memory?.foldHistory(HISTORY_TABLES) ?? true;
      episodes.historyAt = done ? null : due + HISTORY_STEP_MS;
    }
    for (const episode of episodes.list) {
      if (episode.closed || endOf(episode) > due) continue;
      episode.closed = true;
      emit(signalOf(brand, episode, 'close', memory, due));
    }
    episodes.list = episodes.list.filter(({ closed, seenAt }) => !closed || due - seenAt < 2 * SAME_MS);
    state.set('episodes', episodes);
  }

  function onGap(state: KeyedState, _brand: string, via: string, from: Millis, to: Millis): void {
    const episodes = state.get<Episodes>('episodes');
    if (!episodes || to <= from || !feeds(state, via)) return;
    let changed = false;
    for (const episode of episodes.list) {
      if (episode.closed || to <= episode.blindTo || from > endOf(episode)) continue;
      episode.blindTo = to;
      changed = true;
    }
    if (changed) state.set('episodes', episodes);
  }

  function onRemove(state: KeyedState, _brand: string, postId: string): void {
    const episodes = state.get<Episodes>('episodes');
    let changed = false;
    for (const episode of episodes?.list ?? []) {
      const place = episode.evidence.indexOf(postId);
      if (place < 0) continue;
      episode.evidence.splice(place, 1);
      changed = true;
    }
    if (episodes && changed) state.set('episodes', episodes);
    forgetId(state, postId);
  }

  function onReset(state: KeyedState, _brand: string, clock: Millis): void {
    memoryOf(state)?.reset(slotOf(clock), clock);
    forgetMemory(state);
    const episodes = state.get<Episodes>('episodes');
    if (!episodes) return;
    for (const episode of episodes.list) {
      episode.seenAt = Math.min(episode.seenAt, clock);
      episode.blindTo = Math.min(episode.blindTo, clock);
      episode.toldAt = episode.toldAt > clock ? 0 : episode.toldAt;
    }
    if (episodes.historyAt !== null) episodes.historyAt = Math.min(episodes.historyAt, clock + HISTORY_WAIT_MS);
    state.set('episodes', episodes);
  }

  return { name, onMention, onHistory, nextDue, onClock, onGap, onRemove, onReset };
}

/** Tests a feature in each window; the one that chance explains least, if it is little enough. What is `known` needs no company. */
function test(memory: TermMemory, feature: Feature, perDay: number, known: boolean): Finding | undefined {
  let best: Finding | undefined;
  const tests = WINDOWS.length * Math.max(LEAST_TESTED, memory.tested);
  for (let window = 0; window < WINDOWS.length; window++) {
    const standing = memory.standing(feature.code, window);
    const { k, n, K, N } = standing;
    if (k < TESTED_AUTHORS) continue;
    const r = TRUST * K + 0.5;
    const odds = n / (TRUST * N + 1);
    const mean = r * odds;
    if (k < mean + RAW_GATE * Math.sqrt(mean * (1 + odds))) continue;
    const alone = negativeBinomialTail(k, r, odds / (1 + odds));
    const bare = alone * tests;
    let chance = bare;
    if (chance > perDay * COMPANY_GATE) continue;
    if (isTopic(feature.name)) chance *= TOPIC_CAUTION;
    else if (!known) {
      const both = alone * coherence(memory, feature.code, window) ** (K < NOVEL ? COMPANY_OF_NOVEL : COMPANY);
      chance = tests * both * (1 - Math.log(both));
    }
    if (chance <= perDay && (!best || chance < best.chance)) best = { feature, standing, expected: mean, bare, chance };
  }
  return best;
}

/**
 * How often chance makes the mentions of a feature share that much else: those of one event do, those that happen to use one
 * word do not. The third best companion is judged, because every word has some that it usually comes with.
 */
function coherence(memory: TermMemory, feature: number, window: number): number {
  const companions = new Map<number, number>();
  let k = 0;
  for (const { features } of memory.mentionsOf(feature, window)) {
    k += 1;
    for (const other of features) if (other !== feature) companions.set(other, (companions.get(other) ?? 0) + 1);
    if (k >= MOST_COMPARED) break;
  }
  const chances: number[] = [];
  for (const [other, j] of companions) {
    if (j < 2) continue;
    const { k: day, n, K, N } = memory.standing(other, 2);
    const rate = (TRUST * K + Math.max(0, day - j) + 0.5) / (TRUST * N + Math.max(0, n - k) + 1);
    chances.push(binomialTail(j, k, Math.min(0.99, rate)));
  }
  const judged = chances.sort((a, b) => a - b)[COMPANION - 1];
  return judged === undefined ? 1 : Math.min(1, judged * companions.size);
}

/** The episode that a third of the mentions with a feature belong to. */
function nearest(
  memory: TermMemory,
  episodes: readonly Episode[],
  feature: number,
  window: number,
): Episode | undefined {
  if (episodes.length === 0) return undefined;
  const shared = episodes.map(() => 0);
  let mentions = 0;
  for (const { features } of memory.mentionsOf(feature, window)) {
    mentions += 1;
    for (const [i, { codes, term }] of episodes.entries()) {
      // A topic is too wide to tell what else belongs to the story.
      const telling = isTopic(term) ? codes.slice(1) : codes;
      if (telling.some((code) => features.includes(code))) shared[i] = (shared[i] ?? 0) + 1;
    }
  }
  let best = 0;
  for (let i = 1; i < shared.length; i++) if ((shared[i] ?? 0) > (shared[best] ?? 0)) best = i;
  return (shared[best] ?? 0) >= SHARED * mentions ? episodes[best] : undefined;
}

/** An episode that what comes now may belong to. */
function isAlive({ closed, seenAt }: Episode, clock: Millis): boolean {
  return !closed || clock - seenAt < SAME_MS;
}

function isTopic(name: string): boolean {
  return name.startsWith(TOPIC);
}

/** Whether half of a feature's mentions hold something else of the episode too. */
function isSameStory(memory: TermMemory, { codes }: Episode, { feature, standing }: Finding): boolean {
  let same = 0;
  let mentions = 0;
  for (const { features } of memory.mentionsOf(feature.code, standing.window)) {
    mentions += 1;
    if (codes.some((code) => code !== feature.code && features.includes(code))) same += 1;
  }
  return 2 * same >= mentions;
}

/** Whether a word is one of those that an episode's topic is made of. */
function isOfTopic(word: string, term: string): boolean {
  return isTopic(term) && topicsOf(word).includes(term.slice(TOPIC.length));
}

function join(episode: Episode, { code, name }: Feature): void {
  if (isTopic(name)) return;
  if (episode.codes.length >= MOST_TERMS) episode.codes.splice(1, 1);
  episode.codes.push(code);
  if (episode.labels.length < MOST_LABELS) episode.labels.push(name);
}

/** Ids of the newest mentions of the window with a feature, and of the first one where it is known. */
function evidenceOf(state: KeyedState, memory: TermMemory, feature: number, window: number): string[] {
  const ids: string[] = [];
  for (const { number } of memory.mentionsOf(feature, window)) {
    const id = idAt(state, memory.placeOf(number));
    if (id !== '') ids.push(id);
  }
  const first = ids.at(-1);
  return first === undefined ? [] : [first, ...ids.slice(0, -1).slice(0, MOST_EVIDENCE - 1)];
}

function newestSlot(memory: TermMemory, feature: number, window: number): number {
  let newest = 0;
  for (const { slot } of memory.mentionsOf(feature, window)) newest = Math.max(newest, slot);
  return newest;
}

/** Shows a further mention: the first one stays, the oldest of the others leaves. */
function show(episode: Episode, id: string): void {
  if (episode.evidence.includes(id)) return;
  episode.evidence.splice(1, 0, id);
  if (episode.evidence.length > MOST_EVIDENCE) episode.evidence.pop();
}

/** When an episode ends if nobody joins it. */
function endOf({ seenAt, blindTo }: Episode): Millis {
  return Math.max(seenAt, blindTo) + QUIET_MS;
}

/** Whether a feature comes at the same hour every day or every week: a rubric, a greeting. Remembers that it came. */
function isRubric(peaks: Peaks, code: number, slot: number): boolean {
  const key = String(code);
  const DAY = DAY_MS / SLOT_MS;
  const before = peaks[key] ?? [];
  const near = (days: number): boolean => before.some((then) => Math.abs(slot - then - days * DAY) <= 4);
  const rubric = (near(1) && near(2)) || near(7);
  const last = before.at(-1);
  if (last === undefined || slot - last > DAY / 2) {
    peaks[key] = [...before.filter((then) => slot - then < 8 * DAY).slice(-3), slot];
    const keys = Object.keys(peaks);
    if (keys.length > MOST_PEAKS) {
      let oldest = key;
      for (const k of keys) if ((peaks[k]?.at(-1) ?? 0) < (peaks[oldest]?.at(-1) ?? 0)) oldest = k;
      delete peaks[oldest];
    }
  }
  return rubric;
}

function slotOf(at: Millis): number {
  return Math.floor(at / SLOT_MS);
}
