/**
 * Finds one text in many mouths, words lost or added on the way: MinHash over the words (24 permutations, 8 bands of 3), joined
 * where at least half of the permutations agree. Broder, "On the resemblance and containment of documents" (1997).
 *
 * State of a brand: `head`, `log/<n>` (the day's signatures: as features of a DocLog, 3 permutations of 8 bits each),
 * `clusters`, `ids/<n>`, `via`.
 */
import { round } from '../../lib/stats.ts';
import type { Detector, KeyedState } from '../../model/ports.ts';
import type { Mention, Millis, Signal } from '../../model/types.ts';
import { isOtherForm } from '../../text/tokenize.ts';
import { DocLog, type LogEnds } from './doc-log.ts';
import { MOST_EVIDENCE } from './evidence.ts';
import { IntMap } from './int-table.ts';
import { hash24 } from './letters.ts';
import { forgetId, idAt, noteId } from './post-ids.ts';
import { feeds, noteVia } from './vias.ts';

const HOUR_MS = 3_600_000;
const SLOT_MS = HOUR_MS / 2;
const DAY_MS = 24 * HOUR_MS;
const DAY_SLOTS = DAY_MS / SLOT_MS;
const SILENT_MS = 2 * DAY_MS;
const BANDS = 8;
const ROWS = 3;
const PERMUTATIONS = BANDS * ROWS;
/** Permutations that agree in texts that share half of their words. */
const ALIKE = 12;
/** Texts of fewer words are alike by chance. */
const LEAST_WORDS = 8;
const MOST_WORDS = 200;
/** Mentions that are compared with: of one day, and no more than these. */
const MOST_DOCS = 2048;
/** Mentions whose moment is known to the millisecond. */
const MOST_RECENT = 32;
const MOST_CLUSTERS = 64;
const MOST_AUTHORS = 200;
const GROWTH = 1.5;
const QUIET_MS = 6 * HOUR_MS;
/** Accounts that post the same thing within these seconds do so together. */
const TOGETHER_MS = 10_000;
const LEAST_TOGETHER = 3;

export interface CopyOptions {
  readonly name: string;
  readonly authors: number;
}

type Head = {
  readonly log: LogEnds;
  since: Millis;
  /** When the newest mentions were published, by number. */
  recent: [number: number, at: Millis][];
};
type Cluster = {
  /** Number of its first mention, in 24 bits. */
  readonly root: number;
  /** Id of its first mention. */
  readonly first: string;
  authors: number[];
  /** Authors that are not in the list any more. */
  more: number;
  mentions: number;
  evidence: string[];
  /** Authors of the last seconds, with their moment; and the most that there were. */
  burst: [at: Millis, author: number][];
  together: number;
  startedAt: Millis;
  /** 0: not told. */
  told: number;
  toldAt: Millis;
  seenAt: Millis;
  blindTo: Millis;
  closed: boolean;
};
type Clusters = { list: Cluster[] };
type Emit = (signal: Signal) => void;

/** Which mention had a band last, made again from the log at any time. */
class Bands {
  readonly log: DocLog;
  readonly #last: IntMap;
  readonly #buffer = new Int32Array(64);
  readonly #other = new Int32Array(64);

  constructor(state: KeyedState, head: Head) {
    this.log = new DocLog(state, 'log', head.log);
    this.#last = new IntMap(-1, (number) => number >= this.log.first);
    for (let number = this.log.first; number < this.log.next; number++) this.enter(number);
  }

  enter(number: number): void {
    const count = this.log.featuresOf(number, this.#buffer);
    for (let band = 0; band < count; band++) this.#last.set(keyOf(band, this.#buffer[band] ?? 0), number);
  }

  /** The latest mention that is most like a signature, not older than `slot`; -1: none. */
  nearest(signature: readonly number[], slot: number): number {
    let best = -1;
    let most = ALIKE - 1;
    for (let band = 0; band < BANDS; band++) {
      const number = this.#last.get(keyOf(band, signature[band] ?? 0));
      if (number < this.log.first || number === best || this.log.slotOf(number) < slot) continue;
      this.log.featuresOf(number, this.#other);
      const alike = agreeing(signature, this.#other);
      if (alike > most || (alike === most && best >= 0 && number > best)) {
        best = number;
        most = alike;
      }
    }
    return best;
  }
}

const memories = new WeakMap<object, Bands>();

function bandsOf(state: KeyedState, head: Head): Bands {
  let bands = memories.get(head);
  if (!bands) {
    bands = new Bands(state, head);
    memories.set(head, bands);
  }
  return bands;
}

/** The detector; `copy-paste.ts` gives it its settings. */
export function createCopyDetector({ name, authors: least }: CopyOptions): Detector {
  function onMention(state: KeyedState, mention: Mention, clock: Millis, emit: Emit): void {
    const head = begin(state, mention.at);
    noteVia(state, mention.via, clock);
    const signature = signatureOf(mention);
    if (!signature) return;
    const bands = bandsOf(state, head);
    const { log } = bands;
    const slot = Math.floor(Math.min(mention.at, clock) / SLOT_MS);
    const author = hash24(mention.author ? `${mention.source}:${mention.author.id}` : mention.id);
    const near = bands.nearest(signature, slot - DAY_SLOTS);
    const number = log.next;
    const root = near >= 0 ? log.fingerprintOf(near) : number & 0xffffff;
    const rootAuthor = near >= 0 ? log.authorOf(near) : author;
    const rootId = near >= 0 ? idAt(state, placeOf(log, near)) : '';
    log.append(slot, author, root, signature);
    bands.enter(number);
    noteId(state, placeOf(log, number), mention.id);
    let oldest = Math.max(log.first, log.next - MOST_DOCS);
    while (oldest < log.next && log.slotOf(oldest) < Math.floor(clock / SLOT_MS) - DAY_SLOTS) oldest += 1;
    log.dropBefore(oldest);
    const nearAt = head.recent.find(([other]) => other === near)?.[1];
    head.recent.push([number, mention.at]);
    if (head.recent.length > MOST_RECENT) head.recent.shift();
    state.set('head', head);
    if (near < 0) return;
    const clusters = state.get<Clusters>('clusters') ?? { list: [] };
    let cluster = clusters.list.find((candidate) => candidate.root === root);
    if (!cluster) {
      cluster = newCluster(root, rootId || mention.id, rootAuthor, mention, clock);
      if (nearAt !== undefined) cluster.burst.push([nearAt, rootAuthor]);
      clusters.list.push(cluster);
      forgetOld(clusters, clock);
    }
    join(cluster, mention, author, clock);
    if (clock - head.since >= SILENT_MS) tell(cluster, mention, clock, emit);
    state.set('clusters', clusters);
  }

  function tell(cluster: Cluster, mention: Mention, clock: Millis, emit: Emit): void {
    const authors = countOf(cluster);
    if (cluster.closed || authors < least) return;
    if (cluster.told === 0) {
      cluster.startedAt = mention.at;
      cluster.told = authors;
      cluster.toldAt = clock;
      emit(signalOf(mention.brand, cluster, 'open', clock));
    } else if (cluster.toldAt !== clock && authors >= GROWTH * cluster.told) {
      cluster.told = authors;
      cluster.toldAt = clock;
      emit(signalOf(mention.brand, cluster, 'update', clock));
    }
  }

  function signalOf(brand: string, cluster: Cluster, kind: Signal['state'], at: Millis): Signal {
    const observed = countOf(cluster);
    const values = {
      mentions: cluster.mentions,
      together: cluster.together,
      coordinated: cluster.together >= LEAST_TOGETHER ? 1 : 0,
    };
    return {
      id: `${name}:${brand}:${cluster.first}:24h:${cluster.startedAt}`,
      detector: name,
      brand,
      scope: cluster.first,
      window: '24h',
      state: kind,
      startedAt: cluster.startedAt,
      at,
      observed,
      // A text has one author.
      expected: 1,
      score: round(observed / least, 2),
      values,
      explain: {
        key: `detectors.${name}.${kind}`,
        values: { ...values, observed, lastedMs: Math.max(0, at - cluster.startedAt) },
      },
      evidence: [...cluster.evidence],
    };
  }

  function onHistory(state: KeyedState, mention: Mention): void {
    begin(state, mention.at);
  }

  function nextDue(state: KeyedState): Millis | undefined {
    let due = Infinity;
    for (const cluster of state.get<Clusters>('clusters')?.list ?? [])
      if (isOpen(cluster)) due = Math.min(due, endOf(cluster));
    return due === Infinity ? undefined : due;
  }

  function onClock(state: KeyedState, brand: string, due: Millis, emit: Emit): void {
    const clusters = state.get<Clusters>('clusters');
    if (!clusters) return;
    for (const cluster of clusters.list) {
      if (!isOpen(cluster) || endOf(cluster) > due) continue;
      cluster.closed = true;
      emit(signalOf(brand, cluster, 'close', due));
    }
    state.set('clusters', clusters);
  }

  function onGap(state: KeyedState, _brand: string, via: string, from: Millis, to: Millis): void {
    const clusters = state.get<Clusters>('clusters');
    if (!clusters || to <= from || !feeds(state, via)) return;
    for (const cluster of clusters.list)
      if (isOpen(cluster) && to > cluster.blindTo && from <= endOf(cluster)) cluster.blindTo = to;
    state.set('clusters', clusters);
  }

  function onRemove(state: KeyedState, _brand: string, postId: string): void {
    forgetId(state, postId);
    const clusters = state.get<Clusters>('clusters');
    if (!clusters?.list.some(({ evidence }) => evidence.includes(postId))) return;
    for (const cluster of clusters.list) cluster.evidence = cluster.evidence.filter((id) => id !== postId);
    state.set('clusters', clusters);
  }

  function onReset(state: KeyedState, _brand: string, clock: Millis): void {
    const head = state.get<Head>('head');
    if (!head) return;
    const slot = Math.floor(clock / SLOT_MS);
    bandsOf(state, head).log.takeBack((then) => then > slot, slot);
    memories.delete(head);
    head.since = Math.min(head.since, clock);
    head.recent = head.recent.filter(([, at]) => at <= clock);
    state.set('head', head);
    const clusters = state.get<Clusters>('clusters');
    for (const cluster of clusters?.list ?? []) {
      cluster.seenAt = Math.min(cluster.seenAt, clock);
      cluster.blindTo = Math.min(cluster.blindTo, clock);
      if (cluster.toldAt > clock) cluster.toldAt = 0;
      cluster.burst = cluster.burst.filter(([at]) => at <= clock);
    }
    if (clusters) state.set('clusters', clusters);
  }

  return { name, onMention, onHistory, nextDue, onClock, onGap, onRemove, onReset };
}

function begin(state: KeyedState, at: Millis): Head {
  const known = state.get<Head>('head');
  if (known) {
    if (at < known.since) {
      known.since = at;
      state.set('head', known);
    }
    return known;
  }
  const head: Head = { log: { chunk: 0, next: 0 }, since: at, recent: [] };
  state.set('head', head);
  return head;
}

function newCluster(root: number, first: string, author: number, { at }: Mention, clock: Millis): Cluster {
  return {
    root,
    first,
    authors: [author],
    more: 0,
    mentions: 1,
    evidence: [first],
    burst: [],
    together: 1,
    startedAt: at,
    told: 0,
    toldAt: 0,
    seenAt: clock,
    blindTo: 0,
    closed: false,
  };
}

function join(cluster: Cluster, { id, at }: Mention, author: number, clock: Millis): void {
  cluster.mentions += 1;
  cluster.seenAt = clock;
  if (!cluster.evidence.includes(id)) {
    cluster.evidence.splice(1, 0, id);
    if (cluster.evidence.length > MOST_EVIDENCE) cluster.evidence.pop();
  }
  if (!cluster.authors.includes(author)) {
    cluster.authors.push(author);
    if (cluster.authors.length > MOST_AUTHORS) {
      cluster.authors.shift();
      cluster.more += 1;
    }
  }
  cluster.burst = cluster.burst
    .filter(([then, who]) => Math.abs(at - then) <= TOGETHER_MS && who !== author)
    .slice(-20);
  cluster.burst.push([at, author]);
  cluster.together = Math.max(cluster.together, cluster.burst.length);
}

/** Clusters of which nothing was heard for a day go; then, if there are too many, the ones that were never told. */
function forgetOld(clusters: Clusters, clock: Millis): void {
  clusters.list = clusters.list.filter((cluster) => isOpen(cluster) || clock - cluster.seenAt < DAY_MS);
  while (clusters.list.length > MOST_CLUSTERS) {
    const silent = clusters.list.findIndex(({ told }) => told === 0);
    const over = clusters.list.findIndex((cluster) => !isOpen(cluster));
    clusters.list.splice(silent >= 0 ? silent : Math.max(0, over), 1);
  }
}

function isOpen({ told, closed }: Cluster): boolean {
  return told > 0 && !closed;
}

function endOf({ seenAt, blindTo }: Cluster): Millis {
  return Math.max(seenAt, blindTo) + QUIET_MS;
}

function countOf({ authors, more }: Cluster): number {
  return authors.length + more;
}

function placeOf(log: DocLog, number: number): readonly [number, number] {
  const chunk = log.chunkNumberOf(number);
  return [chunk, number - (log.startOf(chunk) ?? number)];
}

const seeds = Array.from({ length: PERMUTATIONS }, (_, i) => Math.imul(i + 1, 0x9e3779b1) | 1);

/** Eight bands of three permutations, 8 bits of each; undefined for a repost, and for a text too short to be told from others. */
function signatureOf({ terms, refs }: Mention): number[] | undefined {
  if (refs?.repostOf !== undefined || terms[0] === 'rt') return undefined;
  const words: number[] = [];
  for (const term of terms) {
    if (words.length >= MOST_WORDS) break;
    const first = term.charCodeAt(0);
    if (first === 0x40 || isOtherForm(term)) continue;
    const word = hash24(first === 0x23 ? term.slice(1) : term);
    if (!words.includes(word)) words.push(word);
  }
  if (words.length < LEAST_WORDS) return undefined;
  const signature: number[] = [];
  for (let band = 0; band < BANDS; band++) {
    let code = 0;
    for (let row = 0; row < ROWS; row++) {
      const seed = seeds[band * ROWS + row] ?? 1;
      let least = 0x7fffffff;
      for (let i = 0; i < words.length; i++) {
        let hash = Math.imul((words[i] ?? 0) ^ seed, 0x85ebca6b);
        hash = Math.imul(hash ^ (hash >>> 15), seed);
        hash ^= hash >>> 13;
        if (hash < least) least = hash;
      }
      // The smallest hashes begin alike: the last bits are the ones that differ.
      code = (code << 8) | (least & 0xff);
    }
    signature.push(code);
  }
  return signature;
}

/** Permutations in which two signatures agree. */
function agreeing(a: readonly number[], b: Int32Array): number {
  let count = 0;
  for (let band = 0; band < BANDS; band++) {
    const different = (a[band] ?? 0) ^ (b[band] ?? 0);
    if ((different & 0xff0000) === 0) count += 1;
    if ((different & 0xff00) === 0) count += 1;
    if ((different & 0xff) === 0) count += 1;
  }
  return count;
}

function keyOf(band: number, code: number): number {
  return (band << 24) | code;
}
