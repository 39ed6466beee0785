/**
 * What is said of one brand, feature by feature: how many authors used it in the last 3, 12 and 24 hours, and how common it
 * was before that. The mentions of the last day lie in a log; what is older is folded, a part of the features at a time, into
 * tables in which it fades. The index over both is made again from them at any time and gives the same numbers.
 *
 * State, by key: `head`, `log/<n>` (chunks of the last day), `past/<n>` (history that waits to be folded), `table/<n>`.
 */
import type { KeyedState } from '../../model/ports.ts';
import type { Millis } from '../../model/types.ts';
import { DocLog, type LogEnds, MOST_FEATURES } from './doc-log.ts';
import { IntMap, IntTable } from './int-table.ts';
import { fromLetters, toLetters } from './letters.ts';

/** Event time is counted in slots. */
export const SLOT_MS = 30 * 60_000;
const HOUR_SLOTS = 2;
/** The windows, as people write them, and their length in slots, the running one included. */
export const WINDOWS = [
  { name: '3h', hours: 3, slots: 3 * HOUR_SLOTS + 1 },
  { name: '12h', hours: 12, slots: 12 * HOUR_SLOTS + 1 },
  { name: '24h', hours: 24, slots: 24 * HOUR_SLOTS + 1 },
] as const;
const DAY_SLOTS = WINDOWS[2].slots;
const HALF_LIFE_SLOTS = 72 * HOUR_SLOTS;
/** Mentions that left the day and are not folded yet are between one and two days old. */
const WAITING_WEIGHT = 2 ** (-36 / 72);
/** History older than this has all but faded. */
const HISTORY_SLOTS = 20 * 24 * HOUR_SLOTS;

const SHARDS = 16;
const SHARD_BITS = 20;
/** A table is folded when so many mentions came since, or when it is a day old. */
const FOLD_DOCS = 96;
const FOLD_SLOTS = 24 * HOUR_SLOTS;
/** Rows of a table: the most common features stay. */
const TABLE_ROWS = 750;
const ROW_LETTERS = 6;
const LEAST = 0.25;
const STEP = Math.log(1.005);

/** Authors from which a feature is tested. */
export const TESTED_AUTHORS = 3;
/** Identical texts that count in a day. */
const MOST_COPIES = 2;
/** Earlier mentions of an author that are looked at. */
const AUTHOR_DOCS = 16;

/** Mentions per slot from which only a part of them is looked at, and how many more each halving takes. */
const SLOT_DOCS = 160;
const HALVING_DOCS = 40;
/** So few of them in a slot, and twice as many are looked at in the next. */
const CALM_DOCS = 60;
/** Features in the day's log from which only a part of the mentions is looked at. */
const DAY_FEATURES = 60_000;
const MOST_HALVINGS = 14;

type Head = {
  /** The running slot. */
  slot: number;
  /** The slot at which the memory begins. */
  begun: number;
  /** The first moment that is known, history included. */
  since: Millis;
  readonly live: LogEnds;
  readonly past: LogEnds;
  /** The table that is folded next, and the mentions since the last one was. */
  shard: number;
  sinceFold: number;
  /** One mention out of 2 ** halvings is looked at. */
  halvings: number;
  /** Mentions looked at in the running slot. */
  accepted: number;
};
type Table = {
  /** Slot at which the counts are as written. */
  at: number;
  /** Mentions, faded. */
  n: number;
  /** Numbers of the first mentions that are not folded. */
  live: number;
  past: number;
  /** Feature (4 letters) and count (2 letters), by feature. */
  rows: string;
};

/** How a feature stands in one window. */
export type Standing = {
  /** Index into WINDOWS. */
  readonly window: number;
  /** Authors. */
  readonly k: number;
  /** Mentions of the window. */
  readonly n: number;
  /** Mentions with the feature before the day, and all of them, both faded. */
  readonly K: number;
  readonly N: number;
};

/** The brand's memory over its keyed state. */
export class TermMemory {
  readonly #state: KeyedState;
  readonly #head: Head;
  readonly #live: DocLog;
  readonly #past: DocLog;
  readonly #tables: Table[] = [];
  readonly #fading = new Float64Array(SHARDS);
  readonly #waiting = new Int32Array(SHARDS);
  readonly #docs = new Int32Array(WINDOWS.length);
  readonly #bySlot = new Map<number, number[]>();
  #dayFeatures = 0;
  #tested = 0;
  /** The first mention of the day by number; none before it is in the day. */
  #dayFrom: number;
  readonly #features: IntTable;
  #before: Float32Array = new Float32Array(64);
  #left: Uint16Array = new Uint16Array(64);
  #counts: readonly [Uint16Array, Uint16Array, Uint16Array] = [
    new Uint16Array(64),
    new Uint16Array(64),
    new Uint16Array(64),
  ];
  readonly #copies: IntMap;
  readonly #lastBy: IntMap;
  /** The mention before it by the same author, by number from the log's first. */
  #previous: number[] = [];
  readonly #buffer = new Int32Array(64);
  readonly #other = new Int32Array(64);

  /** Takes up a state, or begins one at `slot`. */
  constructor(state: KeyedState, head: Head) {
    this.#state = state;
    this.#head = head;
    this.#live = new DocLog(state, 'log', head.live);
    this.#past = new DocLog(state, 'past', head.past);
    this.#dayFrom = this.#live.first;
    this.#features = new IntTable(
      (row) => this.#before[row] !== 0 || this.#left[row] !== 0 || this.#counts[2][row] !== 0,
      (size, from, to) => this.#move(size, from, to),
    );
    this.#copies = new IntMap(0, (count) => count > 0);
    this.#lastBy = new IntMap(-1, (number) => number >= this.#dayFrom);
    for (let shard = 0; shard < SHARDS; shard++) {
      const table = state.get<Table>(`table/${shard}`) ?? { at: head.begun, n: 0, live: 0, past: 0, rows: '' };
      this.#tables.push(table);
      for (let at = 0; at < table.rows.length; at += ROW_LETTERS) {
        const row = this.#features.add(fromLetters(table.rows, at, 4));
        this.#before[row] = countOf(fromLetters(table.rows, at + 4, 2));
      }
    }
    this.#fade();
    for (let number = this.#live.first; number < this.#live.next; number++) this.#enter(number);
    this.#trim();
  }

  get slot(): number {
    return this.#head.slot;
  }

  get since(): Millis {
    return this.#head.since;
  }

  /** One mention out of so many is looked at. */
  get every(): number {
    return 2 ** this.#head.halvings;
  }

  /** Features of the day that so many authors used that they are tested. */
  get tested(): number {
    return this.#tested;
  }

  /** Number of the next mention. */
  get next(): number {
    return this.#live.next;
  }

  /** Whether history waits to be folded. */
  get hasHistory(): boolean {
    return this.#tables.some(({ past }) => past < this.#past.next);
  }

  /** Moves to the slot of the clock: what gets too old leaves its windows. */
  advance(slot: number): void {
    const head = this.#head;
    if (slot <= head.slot) return;
    const before = head.slot;
    head.slot = slot;
    for (const [then, numbers] of this.#bySlot) {
      for (const [w, { slots }] of WINDOWS.entries()) {
        if (then <= slot - slots && then > before - slots) for (const number of numbers) this.#leave(number, w);
      }
      if (then <= slot - DAY_SLOTS) this.#bySlot.delete(then);
    }
    if (this.#dayFeatures > DAY_FEATURES) head.halvings = Math.min(MOST_HALVINGS, head.halvings + 1);
    else if (head.accepted < CALM_DOCS && head.halvings > 0 && this.#dayFeatures < DAY_FEATURES / 2) head.halvings -= 1;
    head.accepted = 0;
    this.#trim();
    this.#fade();
    this.#foldOld();
  }

  /** Whether a mention is among those that are looked at: all, unless there are too many. */
  accepts(hash: number): boolean {
    const { halvings } = this.#head;
    return halvings === 0 || (hash & (2 ** halvings - 1)) === 0;
  }

  /**
   * Takes a mention in; answers the features that count: those that its author had not used in the day. Undefined for the third
   * copy of a text, and for a mention that says nothing new; an empty list for one older than a day, which teaches.
   */
  take(
    slot: number,
    author: number,
    fingerprint: number,
    features: readonly number[],
  ): { readonly number: number; readonly features: readonly number[]; readonly freshChunk: boolean } | undefined {
    const head = this.#head;
    if (slot <= head.slot - DAY_SLOTS) {
      this.teach(slot, author, fingerprint, features);
      return undefined;
    }
    const copies = this.#copies.get(fingerprint);
    if (copies >= MOST_COPIES) return undefined;
    const fresh = this.#unused(author, features);
    if (fresh.length === 0) return undefined;
    const number = this.#live.next;
    const freshChunk = this.#live.append(slot, author, fingerprint, fresh);
    this.#enter(number);
    head.accepted += 1;
    if (head.accepted > SLOT_DOCS + HALVING_DOCS * head.halvings)
      head.halvings = Math.min(MOST_HALVINGS, head.halvings + 1);
    this.#folds();
    this.#save();
    return { number, features: fresh, freshChunk };
  }

  /** A mention of long ago: it makes its features less new. */
  teach(slot: number, author: number, fingerprint: number, features: readonly number[]): void {
    if (slot <= this.#head.slot - HISTORY_SLOTS || features.length === 0) return;
    this.#past.append(slot, author, fingerprint, features);
    this.#folds();
    this.#save();
  }

  /** Marks the first moment that is known. */
  begin(at: Millis): void {
    const from = Math.max(at, (this.#head.slot - HISTORY_SLOTS) * SLOT_MS);
    if (from >= this.#head.since) return;
    this.#head.since = from;
    this.#save();
  }

  /** Folds a few tables; true when no history waits any more. */
  foldHistory(tables: number): boolean {
    for (let i = 0; i < tables && this.hasHistory; i++) this.#fold(this.#nextShard());
    this.#save();
    return !this.hasHistory;
  }

  /** How a feature stands in a window. */
  standing(feature: number, window: number): Standing {
    const row = this.#features.find(feature);
    const shard = feature >>> SHARD_BITS;
    const fading = this.#fading[shard] ?? 0;
    return {
      window,
      k: row < 0 ? 0 : (this.#counts[window as 0 | 1 | 2][row] ?? 0),
      n: this.#docs[window] ?? 0,
      K: row < 0 ? 0 : (this.#before[row] ?? 0) * fading + (this.#left[row] ?? 0) * WAITING_WEIGHT,
      N: (this.#tables[shard]?.n ?? 0) * fading + (this.#waiting[shard] ?? 0) * WAITING_WEIGHT,
    };
  }

  /** Authors of the last day with a feature. */
  authorsOf(feature: number): number {
    const row = this.#features.find(feature);
    return row < 0 ? 0 : (this.#counts[2][row] ?? 0);
  }

  /** The mentions of a window that hold a feature, newest first by number, with all their features. */
  *mentionsOf(
    feature: number,
    window: number,
  ): Generator<{ readonly number: number; readonly slot: number; readonly features: Int32Array }> {
    const from = this.#head.slot - (WINDOWS[window]?.slots ?? 0);
    for (const number of this.#live.holding(feature, this.#dayFrom)) {
      const slot = this.#live.slotOf(number);
      if (slot <= from) continue;
      const count = this.#live.featuresOf(number, this.#buffer);
      yield { number, slot, features: this.#buffer.subarray(0, count) };
    }
  }

  /** The number of the log's chunk in which a mention lies, and its place there. */
  placeOf(number: number): readonly [chunk: number, place: number] {
    const chunk = this.#live.chunkNumberOf(number);
    return [chunk, number - (this.#live.startOf(chunk) ?? number)];
  }

  /** Writes the clock back to `slot`: what lies after it was mis-dated. The memory must be made anew afterwards. */
  reset(slot: number, clock: Millis): void {
    const head = this.#head;
    this.#live.takeBack((then) => then > slot, slot);
    this.#past.takeBack((then) => then > slot, slot);
    head.slot = Math.min(head.slot, slot);
    head.since = Math.min(head.since, clock);
    head.accepted = 0;
    for (const [shard, table] of this.#tables.entries()) {
      if (table.at <= slot) continue;
      table.at = slot;
      this.#state.set(`table/${shard}`, table);
    }
    this.#save();
  }

  #save(): void {
    this.#state.set('head', this.#head);
  }

  /** The features that this author has not used in the day. */
  #unused(author: number, features: readonly number[]): readonly number[] {
    let fresh = features;
    let looked = 0;
    for (let number = this.#lastBy.get(author); number >= this.#live.first && looked < AUTHOR_DOCS; ) {
      if (this.#live.slotOf(number) > this.#head.slot - DAY_SLOTS) {
        looked += 1;
        const count = this.#live.featuresOf(number, this.#other);
        const used = this.#other.subarray(0, count);
        if (fresh.some((feature) => used.includes(feature))) fresh = fresh.filter((feature) => !used.includes(feature));
      }
      number = this.#previous[number - this.#live.first] ?? -1;
    }
    return fresh.length > MOST_FEATURES ? fresh.slice(0, MOST_FEATURES) : fresh;
  }

  /** Counts a mention of the log in the windows that it still belongs to. */
  #enter(number: number): void {
    const log = this.#live;
    const author = log.authorOf(number);
    this.#previous.push(this.#lastBy.get(author));
    this.#lastBy.set(author, number);
    const count = log.featuresOf(number, this.#buffer);
    if (count === 0) return;
    const slot = log.slotOf(number);
    const age = this.#head.slot - slot;
    if (age >= DAY_SLOTS) {
      this.#wait(number, count);
      return;
    }
    const numbers = this.#bySlot.get(slot);
    if (numbers) numbers.push(number);
    else this.#bySlot.set(slot, [number]);
    const fingerprint = log.fingerprintOf(number);
    this.#copies.set(fingerprint, this.#copies.get(fingerprint) + 1);
    this.#dayFeatures += count;
    const short = age < WINDOWS[0].slots;
    const middle = age < WINDOWS[1].slots;
    for (let i = 0; i < count; i++) {
      const row = this.#features.add(this.#buffer[i] ?? 0);
      const [threes, twelves, days] = this.#counts;
      if (short) threes[row] = (threes[row] ?? 0) + 1;
      if (middle) twelves[row] = (twelves[row] ?? 0) + 1;
      days[row] = (days[row] ?? 0) + 1;
      if (days[row] === TESTED_AUTHORS) this.#tested += 1;
    }
    if (short) this.#docs[0] = (this.#docs[0] ?? 0) + 1;
    if (middle) this.#docs[1] = (this.#docs[1] ?? 0) + 1;
    this.#docs[2] = (this.#docs[2] ?? 0) + 1;
  }

  /** Takes a mention out of a window; out of the day it waits to be folded. */
  #leave(number: number, window: number): void {
    const count = this.#live.featuresOf(number, this.#buffer);
    const counts = this.#counts[window as 0 | 1 | 2];
    for (let i = 0; i < count; i++) {
      const row = this.#features.find(this.#buffer[i] ?? 0);
      if (window === 2 && counts[row] === TESTED_AUTHORS) this.#tested -= 1;
      counts[row] = (counts[row] ?? 0) - 1;
    }
    this.#docs[window] = (this.#docs[window] ?? 0) - 1;
    if (window !== 2) return;
    this.#dayFeatures -= count;
    const fingerprint = this.#live.fingerprintOf(number);
    this.#copies.set(fingerprint, this.#copies.get(fingerprint) - 1);
    this.#wait(number, count);
  }

  /** A mention older than the day, whose features are in the buffer: it waits in those tables that have not folded it. */
  #wait(number: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const feature = this.#buffer[i] ?? 0;
      if (number < (this.#tables[feature >>> SHARD_BITS]?.live ?? 0)) continue;
      const row = this.#features.add(feature);
      this.#left[row] = (this.#left[row] ?? 0) + 1;
    }
    for (let shard = 0; shard < SHARDS; shard++)
      if (number >= (this.#tables[shard]?.live ?? 0)) this.#waiting[shard] = (this.#waiting[shard] ?? 0) + 1;
  }

  /** Where the day begins, by number: the first mention that is still in it. */
  #trim(): void {
    const oldest = this.#head.slot - DAY_SLOTS;
    while (this.#dayFrom < this.#live.next && this.#live.slotOf(this.#dayFrom) <= oldest) this.#dayFrom += 1;
  }

  #fade(): void {
    for (let shard = 0; shard < SHARDS; shard++)
      this.#fading[shard] = 2 ** (((this.#tables[shard]?.at ?? 0) - this.#head.slot) / HALF_LIFE_SLOTS);
  }

  #nextShard(): number {
    const { shard } = this.#head;
    this.#head.shard = (shard + 1) % SHARDS;
    return shard;
  }

  #folds(): void {
    this.#head.sinceFold += 1;
    if (this.#head.sinceFold < FOLD_DOCS) return;
    this.#head.sinceFold = 0;
    this.#fold(this.#nextShard());
  }

  #foldOld(): void {
    const old = this.#head.slot - FOLD_SLOTS;
    for (let i = 0; i < SHARDS && (this.#tables[this.#head.shard]?.at ?? 0) <= old; i++) this.#fold(this.#nextShard());
    this.#save();
  }

  /** Folds what is older than the day into a table: it fades to the running slot, and what is left of little goes. */
  #fold(shard: number): void {
    const table = this.#tables[shard];
    if (!table) return;
    const { slot } = this.#head;
    const fading = this.#fading[shard] ?? 0;
    const added = new Map<number, number>();
    let n = table.n * fading;
    for (let number = Math.max(table.live, this.#live.first); number < this.#dayFrom; number++) {
      const count = this.#live.featuresOf(number, this.#buffer);
      if (count === 0) continue;
      const weight = weightOf(slot - this.#live.slotOf(number));
      n += weight;
      this.#waiting[shard] = (this.#waiting[shard] ?? 0) - 1;
      for (let i = 0; i < count; i++) {
        const feature = this.#buffer[i] ?? 0;
        if (feature >>> SHARD_BITS !== shard) continue;
        added.set(feature, (added.get(feature) ?? 0) + weight);
        const row = this.#features.find(feature);
        if (row >= 0 && (this.#left[row] ?? 0) > 0) this.#left[row] = (this.#left[row] ?? 0) - 1;
      }
    }
    for (let number = Math.max(table.past, this.#past.first); number < this.#past.next; number++) {
      const count = this.#past.featuresOf(number, this.#buffer);
      if (count === 0) continue;
      const weight = weightOf(slot - this.#past.slotOf(number));
      n += weight;
      for (let i = 0; i < count; i++) {
        const feature = this.#buffer[i] ?? 0;
        if (feature >>> SHARD_BITS === shard) added.set(feature, (added.get(feature) ?? 0) + weight);
      }
    }
    const counts: [feature: number, count: number][] = [];
    const { keys } = this.#features;
    for (let row = 0; row < keys.length; row++) {
      const feature = keys[row] ?? -1;
      if (feature < 0 || feature >>> SHARD_BITS !== shard || this.#before[row] === 0) continue;
      counts.push([feature, (this.#before[row] ?? 0) * fading + (added.get(feature) ?? 0)]);
      added.delete(feature);
      this.#before[row] = 0;
    }
    for (const entry of added) counts.push(entry);
    let kept = counts.filter(([, count]) => count >= LEAST);
    if (kept.length > TABLE_ROWS) kept = kept.sort(([f, a], [g, b]) => b - a || f - g).slice(0, TABLE_ROWS);
    kept.sort(([f], [g]) => f - g);
    let rows = '';
    for (const [feature, count] of kept) {
      const level = levelOf(count);
      rows += toLetters(feature, 4) + toLetters(level, 2);
      const row = this.#features.add(feature);
      this.#before[row] = countOf(level);
    }
    table.rows = rows;
    table.n = n;
    table.at = slot;
    table.live = Math.max(table.live, this.#dayFrom);
    table.past = this.#past.next;
    this.#fading[shard] = 1;
    this.#state.set(`table/${shard}`, table);
    const live = Math.min(...this.#tables.map((t) => t.live));
    const from = this.#live.first;
    if (this.#live.dropBefore(live).length > 0) this.#previous = this.#previous.slice(this.#live.first - from);
    this.#past.dropBefore(Math.min(...this.#tables.map((t) => t.past)));
  }

  #move(size: number, from: Int32Array, to: Int32Array): void {
    const before = new Float32Array(size);
    const left = new Uint16Array(size);
    const counts = [new Uint16Array(size), new Uint16Array(size), new Uint16Array(size)] as const;
    for (let i = 0; i < to.length; i++) {
      const [there, here] = [from[i] ?? 0, to[i] ?? 0];
      before[here] = this.#before[there] ?? 0;
      left[here] = this.#left[there] ?? 0;
      for (const [w, column] of counts.entries()) column[here] = this.#counts[w as 0 | 1 | 2][there] ?? 0;
    }
    this.#before = before;
    this.#left = left;
    this.#counts = counts;
  }
}

/** The state of a brand of which nothing was said before. */
export function newHead(slot: number, since: Millis): Head {
  return {
    slot,
    begun: slot,
    since,
    live: { chunk: 0, next: 0 },
    past: { chunk: 0, next: 0 },
    shard: 0,
    sinceFold: 0,
    halvings: 0,
    accepted: 0,
  };
}

const memories = new WeakMap<object, TermMemory>();

/** The memory of a state, made again from it where it is not at hand; undefined when nothing was said yet. */
export function memoryOf(state: KeyedState): TermMemory | undefined {
  const head = state.get<Head>('head');
  if (!head) return undefined;
  let memory = memories.get(head);
  if (!memory) {
    memory = new TermMemory(state, head);
    memories.set(head, memory);
  }
  return memory;
}

/** The same, begun at `slot` when nothing was said yet. */
export function beginMemory(state: KeyedState, slot: number, since: Millis): TermMemory {
  const known = memoryOf(state);
  if (known) return known;
  state.set('head', newHead(slot, since));
  return beginMemory(state, slot, since);
}

/** Forgets what was derived from a state that has been changed by hand. */
export function forgetMemory(state: KeyedState): void {
  const head = state.get<Head>('head');
  if (head) memories.delete(head);
}

function weightOf(ageSlots: number): number {
  return 2 ** (-ageSlots / HALF_LIFE_SLOTS);
}

/** Counts on a logarithmic scale, half a percent apart. */
function levelOf(count: number): number {
  return Math.max(0, Math.min(4095, Math.round(Math.log(count / LEAST) / STEP) + 1));
}

function countOf(level: number): number {
  return LEAST * Math.exp((level - 1) * STEP);
}
