/** The ports: what the program asks of the outside world. Each method's comment is its contract, held by `test/contract`. */
import type { Observable } from 'rxjs';
import type {
  Entry,
  Json,
  Mention,
  Millis,
  Notification,
  Outcome,
  Query,
  RawItem,
  SentimentLabel,
  Signal,
  UnstampedPost,
} from './types.ts';

// ------------------------------------------------------------------ source

export interface SourceBatch<Cursor extends Json = Json> {
  readonly items: readonly RawItem[];
  /** Where to go on from once these items are durable. */
  readonly cursor?: Cursor;
  /** A hole the source knows of (dropped, or older than the peer keeps): becomes a gap entry. */
  readonly gap?: { readonly from: Millis; readonly to: Millis };
  /** How far the peer's time has been read by a source that is catching up; absent: to the present. Lateness is judged by it. */
  readonly readTo?: Millis;
  /** Called once these items are durable (or with the error that kept them from it): a webhook answers its caller here. */
  readonly done?: (error?: unknown) => void;
}

/** Reads one account, feed or firehose. It is asked for the next batch when the last one is durable. */
export interface Source<Cursor extends Json = Json> {
  /** What it can do when we are full: `poll` is not asked, `pause` stops reading, `rewind` reopens later, `live` drops and says so. */
  readonly flow: 'poll' | 'pause' | 'rewind' | 'live';
  /** Others send their posts to whichever process listens, and it keeps no cursor: every process may run it at the same time. */
  readonly pushed?: true;
  /** How late an item may be and still count as news; older ones are history (`backfill`). */
  readonly latenessMs: Millis;
  /** Returns when exhausted, throws a SourceError when it cannot go on, ends promptly on abort. An empty batch says "alive, nothing new". */
  read(from: Cursor | undefined, signal: AbortSignal): AsyncIterable<SourceBatch<Cursor>>;
  /** A pure function of the item. The stamps (`via`, `observedAt`, `at`, `backfill`) are put on by the pipeline. */
  normalise(item: RawItem): Outcome<UnstampedPost>;
}

// --------------------------------------------------------------------- bus

/** Proof of holding a partition or a source. A commit with an epoch older than the latest is refused. */
export interface Lease {
  readonly name: string;
  readonly epoch: number;
}
export interface Append {
  /** A key decides the partition, and entries with one key keep their order. */
  readonly to: { readonly key: string } | { readonly partition: number } | 'all';
  readonly value: Entry;
}
export interface Stored {
  readonly offset: string;
  readonly value: Entry;
}
export interface Checkpoint {
  readonly offset: string | undefined;
  readonly state: ReadonlyMap<string, Json>;
}
export interface Commit {
  readonly offset: string;
  /** Only the keys that changed; `undefined` removes one. */
  readonly state: ReadonlyMap<string, Json | undefined>;
  /** Alert transitions to act on, by id: adding one twice adds it once. */
  readonly outbox: ReadonlyMap<string, Json>;
}
/** What the alert role settles in one step. */
export interface Settlement {
  /** Outbox ids that have been taken over into `state`. */
  readonly ids: readonly string[];
  /** Lines for the notification log: each attempt to tell somebody. Equal lines are one line. */
  readonly log: readonly Json[];
  /** The alert role's own state (groups, deliveries under way), only the keys that changed. */
  readonly state: ReadonlyMap<string, Json | undefined>;
}

/** A partitioned log, the checkpoints of its readers, and the leases that say who may read. */
export interface Bus extends AsyncDisposable {
  readonly partitions: number;
  /** The partition of a key: the same for every process and every start. */
  partitionOf(key: string): number;
  /** Returns when the entries are durable. The source's cursor moves with them or after them, never before. */
  append(entries: readonly Append[], cursor?: { readonly source: string; readonly value: Json }): Promise<void>;
  cursor(source: string): Promise<Json | undefined>;
  /**
   * The largest `observedAt` ever appended, so that a restarted process never stamps below it; undefined on an empty log.
   * A `reset` entry to all partitions starts it anew.
   */
  head(): Promise<Millis | undefined>;
  /** Up to `max` entries after `offset`. Waits a moment for the first; an empty answer: nothing came. */
  read(partition: number, offset: string | undefined, max: number, signal: AbortSignal): Promise<readonly Stored[]>;
  load(partition: number): Promise<Checkpoint>;
  /** The acknowledgement: offset, state and outbox move together or not at all. Throws LeaseLost on a stale epoch. */
  commit(partition: number, lease: Lease, commit: Commit): Promise<void>;
  /** Transitions not yet acted on, oldest first, of all partitions. Waits a moment for the first. */
  outbox(max: number, signal: AbortSignal): Promise<readonly { readonly id: string; readonly value: Json }[]>;
  /** The alert role's state. */
  loadAlerts(): Promise<ReadonlyMap<string, Json>>;
  /** Writes log and state and takes the ids out of the outbox, in one step; repeating it changes nothing. Throws LeaseLost on a stale epoch. */
  settle(lease: Lease, settlement: Settlement): Promise<void>;
  /** The notification log, newest first. */
  notificationLog(max: number): Promise<readonly Json[]>;
  /** Drops entries that are older than `before` and that their partition's checkpoint has passed. Answers how many. */
  trim(before: Millis): Promise<number>;
  /** Emits a lease when it is won, `undefined` when it is lost; unsubscribing gives it back. */
  lease(name: string): Observable<Lease | undefined>;
}

// ---------------------------------------------------------------- detector

/**
 * Small values by key; only what was set since the last commit is written. A value belongs to the one who set it: it may be
 * changed in place and then set again, which marks it to be written. Values must survive JSON.
 */
export interface KeyedState {
  get<T extends Json>(key: string): T | undefined;
  set(key: string, value: Json | undefined): void;
}

/** Folds the mentions of one brand. Depends on its arguments alone: a replay gives the same signals. */
export interface Detector {
  readonly name: string;
  /** Never called for backfill (see onHistory), nor for the brand's own posts, nor twice for one mention. */
  onMention(state: KeyedState, mention: Mention, clock: Millis, emit: (signal: Signal) => void): void;
  /** A mention that is history: it may teach, and never raises a signal. */
  onHistory(state: KeyedState, mention: Mention, clock: Millis): void;
  /** The next moment at which `onClock` has something to do; undefined: nothing until the next mention. */
  nextDue(state: KeyedState, brand: string): Millis | undefined;
  /** Called for every due moment that the clock passes, in order, with that moment as `due`, before what made the clock move. */
  onClock(state: KeyedState, brand: string, due: Millis, emit: (signal: Signal) => void): void;
  /** A source was blind between the two: these buckets teach nothing. Called before the clock moves to the gap's arrival. */
  onGap(state: KeyedState, brand: string, via: string, from: Millis, to: Millis): void;
  /** A post was deleted, or no longer names the brand: it leaves the evidence of open episodes; counts that were taken stay. */
  onRemove(state: KeyedState, brand: string, postId: string): void;
  /** The clock went back to `clock`: what lies after it was mis-dated and is forgotten. */
  onReset(state: KeyedState, brand: string, clock: Millis): void;
}

// ----------------------------------------------------------------- notifier

/** Tells people over one channel. Retrying, grouping and muting are not its business. */
export interface Notifier {
  readonly channel: string;
  /** Resolves when the channel accepted it; throws a NotifyError that says whether trying again can help. */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
  /** Checks address and credentials without telling anybody; run by `check` and by the settings page. */
  verify(signal: AbortSignal): Promise<void>;
}

// ------------------------------------------------------------------- store

export type TriageStatus = 'open' | 'assigned' | 'snoozed' | 'answered' | 'escalated' | 'dismissed';

export type Triage = {
  readonly status: TriageStatus;
  readonly assignee?: string;
  readonly until?: Millis;
  readonly verdict?: 'off-topic' | SentimentLabel;
  readonly note?: string;
  /** Changes with every write; `''` for a mention that nobody has touched. */
  readonly version: string;
};
/** Whose mentions may be seen. Every read takes one; the server makes it from the session, never from the request. */
export interface Scope {
  readonly client: string;
  /** Ids of the brands that may be seen. */
  readonly brands: readonly string[];
}
export interface MentionQuery {
  /** The tree of the query language; each store translates it, and one property test holds both to the matcher. */
  readonly query?: Query;
  readonly brands?: readonly string[];
  readonly sources?: readonly string[];
  /** A label means the sure ones: a guess is `unsure`, whatever its label. */
  readonly sentiment?: SentimentLabel | 'unsure';
  readonly triage?: TriageStatus;
  /** Inclusive. */
  readonly from?: Millis;
  /** Exclusive. */
  readonly to?: Millis;
  /** Exactly these posts. */
  readonly ids?: readonly string[];
}
export type TriagedMention = Mention & { readonly triage: Triage };
export interface SeriesPoint {
  /** Start of the bucket. */
  readonly at: Millis;
  readonly count: number;
  readonly negative: number;
  readonly positive: number;
  readonly unsure: number;
}
/** Fields by which `facets` can count. */
export type FacetField =
  | 'source'
  | 'sentiment'
  | 'language'
  | 'author'
  | 'brand'
  | 'term'
  | 'link'
  | 'topic'
  | 'triage';

/**
 * Keeps mentions for reading. Writing one twice, or in another order, leaves the same behind: `remove` leaves a tombstone
 * that `put` respects, the newer text (by observedAt) wins, and `put` never touches triage.
 * A mention is (post id, brand).
 */
export interface MentionStore extends AsyncDisposable {
  put(mentions: readonly Mention[]): Promise<void>;
  /** Removes posts for every brand, or for the named brands only (an edit that no longer names them; a later edit may bring it back). */
  remove(
    posts: readonly { readonly id: string; readonly brands?: readonly string[]; readonly observedAt: Millis }[],
  ): Promise<void>;
  /**
   * Newest first (at, id). Pages by cursor, never by offset: the inbox grows while it is read. A page holds 1000 mentions at
   * most; one that would take too long is handed over with what was found so far, even nothing, and `next` to go on from.
   * Throws RangeError on a cursor or a query tree that is none.
   */
  search(
    scope: Scope,
    query: MentionQuery,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly items: readonly TriagedMention[]; readonly next?: string }>;
  /**
   * Counts per bucket (from the epoch, UTC), empty buckets left out. The brand's own posts are not counted here nor in facets:
   * they are no opinion. Recomputed for a bucket that changed, never incremented: a replay cannot double them.
   */
  series(scope: Scope, query: MentionQuery, bucketMs: Millis): Promise<readonly SeriesPoint[]>;
  /**
   * The most frequent values of each field, equal ones in the order of the alphabet. An author is named by the handle, else by
   * the platform's id. Terms, links and topics are counted over the 5000 newest mentions that match.
   */
  facets(
    scope: Scope,
    query: MentionQuery,
    fields: readonly FacetField[],
    top: number,
  ): Promise<Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>>;
  /** Throws Conflict when `seen` is no longer the version, NotFound when the mention is not in the scope. */
  setTriage(
    scope: Scope,
    mentionId: string,
    brand: string,
    triage: Omit<Triage, 'version'>,
    seen: string,
  ): Promise<Triage>;
  /** How many mentions it holds, for health and tests. */
  count(): Promise<number>;
  /** The same reads for alerts, which do not wait behind people's; absent where reads do not wait for one another. */
  readonly urgent?: Pick<MentionStore, 'search' | 'series' | 'facets'>;
}

// -------------------------------------------------------------------- desk

/** Something on a desk: a document, or an entry of a journal. */
export type DeskItem =
  | {
      readonly type: 'document';
      readonly client: string;
      readonly kind: string;
      readonly id: string;
      readonly value: Json;
    }
  | { readonly type: 'entry'; readonly client: string; readonly journal: string; readonly entry: Json };

/**
 * What people make: users, incidents, silences, verdicts, rule drafts, saved views. Small documents with a version,
 * and journals that only grow (audit, incident logs). SQLite embedded, Elasticsearch scaled (`if_seq_no`).
 */
export interface Desk extends AsyncDisposable {
  get(
    client: string,
    kind: string,
    id: string,
  ): Promise<{ readonly value: Json; readonly version: string } | undefined>;
  /** Answers the new version. Throws Conflict when `seen` is no longer the version (undefined: must not exist yet). A value of undefined deletes. */
  put(client: string, kind: string, id: string, value: Json | undefined, seen: string | undefined): Promise<string>;
  list(
    client: string,
    kind: string,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{
    readonly items: readonly { readonly id: string; readonly value: Json; readonly version: string }[];
    readonly next?: string;
  }>;
  append(client: string, journal: string, entry: Json): Promise<void>;
  /** Oldest first, after a position `at` of an earlier answer. */
  read(client: string, journal: string, after?: string): AsyncIterable<{ readonly at: string; readonly entry: Json }>;
  /** All of it, to be moved: documents first, then entries, those of one journal oldest first. What changes meanwhile may be missing. */
  everything(): AsyncIterable<DeskItem>;
}
