/**
 * The nouns of the program: what travels, what is kept, what is told. Imports nothing.
 * What travels or is kept as state is a `type`: an interface is not assignable to Json.
 */

/** Milliseconds since the epoch, UTC. */
export type Millis = number;

/** Anything that survives a trip through JSON: what state, cursors and log entries are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A brand query as a plain tree: `text/query` makes it; matcher, stores and sources read it (its ops: `text/query/ast.ts`). */
export type Query = { readonly op: string; readonly [key: string]: Json | undefined };

/** What a source hands over: its own words, not yet ours. */
export type RawItem = {
  /** The platform's id of the item, unique in the source. */
  readonly nativeId: string;
  readonly body: Json;
};

/** Who wrote a post. */
export type Author = {
  readonly id: string;
  readonly handle?: string;
  readonly name?: string;
  /** Count of followers; absent is unknown, not zero. */
  readonly followers?: number;
  readonly verified?: boolean;
  readonly url?: string;
};

/** Counts as the platform gave them last; absent is unknown, not zero. */
export type Engagement = {
  readonly likes?: number;
  readonly reposts?: number;
  readonly replies?: number;
  readonly quotes?: number;
  readonly views?: number;
};

/** Ids of other posts (`<source>:<nativeId>`). */
export type Refs = {
  readonly replyTo?: string;
  readonly repostOf?: string;
  readonly quoteOf?: string;
  readonly root?: string;
};

/**
 * One public message in our words: the post of the public interface, with times in Millis.
 * `source` is the network (x, bluesky, press, forum, …), `via` the configured source that took it in.
 */
export type Post = {
  /** `<source>:<nativeId>`, unique in the network: feed host + guid, Mastodon uri, Bluesky did/rkey. */
  readonly id: string;
  readonly source: string;
  readonly via: string;
  /** A delete carries its id and nothing else; a rating may come without a text. */
  readonly op: 'create' | 'update' | 'delete';
  readonly author?: Author;
  readonly title?: string;
  readonly text: string;
  /** BCP 47, as the platform or the author claims it. */
  readonly lang?: string;
  readonly url?: string;
  readonly engagement?: Engagement;
  readonly refs?: Refs;
  /** Stars, 1..5, of a review. */
  readonly rating?: number;
  /** Keys of the post that we do not know, kept as they came. */
  readonly extra?: { readonly [key: string]: Json | undefined };
  /** The author's claim. */
  readonly publishedAt: Millis;
  /** When we took it in: stamped once, when it is appended. */
  readonly observedAt: Millis;
  /** Event time: min(publishedAt, observedAt), never moved afterwards. */
  readonly at: Millis;
  /** Older than its source's lateness when it came: stored and learned from, never a reason to alert. */
  readonly backfill: boolean;
};

/** A post as its source gives it: the stamps are put on by the pipeline, a missing `publishedAt` becomes the arrival. */
export type UnstampedPost = Omit<Post, 'via' | 'observedAt' | 'at' | 'backfill' | 'publishedAt'> & {
  readonly publishedAt?: Millis;
  /** Every address that the post points to, where the source knows more than its text shows (shortened, cards). */
  readonly links?: readonly string[];
  /** Only a line of history (file, import, backtest) states when it was observed; live it is stamped. */
  readonly observedAt?: Millis;
};

export type SentimentLabel = 'negative' | 'neutral' | 'positive';

/** What a text feels. `unsure`: the label is a guess; boards and metrics leave it out of negative and positive. */
export type Sentiment = {
  readonly label: SentimentLabel;
  /** -1 (negative) .. 1 (positive). */
  readonly score: number;
  /** 0..1. */
  readonly confidence: number;
  readonly unsure: boolean;
  /** The words that pulled the verdict, strongest first. */
  readonly words: readonly string[];
};

/** A post about one watched brand, judged: the unit that is partitioned, stored, counted and triaged. */
export type Mention = Post & {
  readonly client: string;
  readonly brand: string;
  /** Written by one of the brand's own accounts: shown, never counted as opinion. */
  readonly own: boolean;
  /** ISO 639-1, or `und` when unsure. */
  readonly language: string;
  readonly sentiment: Sentiment;
  /** Folded tokens, computed once at ingestion, used by detectors, stores and duplicates alike. */
  readonly terms: readonly string[];
  readonly topics: readonly string[];
  readonly links: readonly string[];
  /** Hash of the folded text without links, mentions and case: equal texts have equal fingerprints. */
  readonly fingerprint: string;
  /** The first mention of the same story, when this one repeats it. */
  readonly duplicateOf?: string;
};

/**
 * What travels in the log. Deletes, updates and gaps go to every partition, where they are looked up by id.
 * An update is also appended as a mention for each brand it matches now; a brand that is not in `brands` loses the mention.
 */
export type Entry =
  | { readonly kind: 'mention'; readonly mention: Mention }
  | { readonly kind: 'update'; readonly id: string; readonly brands: readonly string[]; readonly observedAt: Millis }
  | { readonly kind: 'delete'; readonly id: string; readonly observedAt: Millis }
  | {
      readonly kind: 'gap';
      readonly via: string;
      readonly from: Millis;
      readonly to: Millis;
      readonly observedAt: Millis;
    }
  | {
      readonly kind: 'kpi';
      readonly brand: string;
      readonly name: string;
      readonly value: number;
      readonly at: Millis;
      readonly observedAt: Millis;
    }
  | { readonly kind: 'tick'; readonly observedAt: Millis }
  /** The wall clock had jumped ahead and came back: the partition's clock goes back to `observedAt`. */
  | { readonly kind: 'reset'; readonly observedAt: Millis };

/** A sentence with its numbers, put into words for each reader (`i18n`), never before. Durations are in ms, shares 0..1. */
export type Text = {
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;
};

/** What became of one item in one step. Nothing disappears without a name. */
export type Outcome<T> =
  | { readonly kind: 'keep'; readonly value: T }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'quarantine'; readonly reason: string; readonly error?: unknown };

/** One step of the pipeline, and all an enricher is: a named function of its argument alone. */
export interface Step<A, B> {
  readonly name: string;
  readonly run: (item: A) => Outcome<B>;
}

/**
 * What a detector sees, from its first moment to its end: a fact with numbers, not yet a judgement.
 * It opens when the running window crosses, updates when it grows by half, and closes when its short windows (15 min, 1 h)
 * have been ordinary for 15 minutes. A rule's condition on it holds while it is open.
 */
export type Signal = {
  /** `<detector>:<brand>:<scope>:<window>:<startedAt>`; scope is `*`, a source, `term:x` or a story's id. */
  readonly id: string;
  readonly detector: string;
  readonly brand: string;
  readonly scope: string;
  /** As people write it: `15m`, `1h`, `6h`. */
  readonly window: string;
  readonly state: 'open' | 'update' | 'close';
  readonly startedAt: Millis;
  readonly at: Millis;
  readonly observed: number;
  readonly expected: number;
  /** 1 at the threshold. */
  readonly score: number;
  readonly values: Readonly<Record<string, number>>;
  readonly explain: Text;
  /** Ids of the posts that show it best, for the person who will read the alert. */
  readonly evidence: readonly string[];
};

export type Severity = 'info' | 'warning' | 'critical';

/** One rule being true for one brand and scope, from its first moment to its end. */
export type Alert = {
  /** `<rule>:<brand>:<scope>:<startsAt>`; the outbox holds transitions: alert id + sequence number. */
  readonly id: string;
  readonly client: string;
  readonly rule: string;
  readonly brand: string;
  readonly scope: string;
  readonly status: 'pending' | 'firing' | 'resolved';
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  /** The rule's title and summary in each language it has, templates filled in. */
  readonly title: Readonly<Record<string, string>>;
  readonly summary: Readonly<Record<string, string>>;
  /** Which parts of the condition were true, with their numbers. */
  readonly because: readonly Text[];
  readonly observed: number;
  readonly expected: number;
  /** The metric that `observed` and `expected` count (`mentions`, `negative`, `authors`, …); absent: mentions. */
  readonly measure?: string;
  /** What `expected` is: the usual level (also when absent), a rule's fixed limit, or another period or brand. */
  readonly expectedIs?: 'usual' | 'limit' | 'reference';
  readonly window: string;
  readonly story?: string;
  /** Counts the transitions of this alert from 1. */
  readonly sequence: number;
  readonly at: Millis;
  readonly startsAt: Millis;
  readonly endsAt?: Millis;
  readonly evidence: readonly string[];
};

/** One post as an alert shows it. */
export type EvidencePost = {
  readonly id: string;
  readonly source: string;
  readonly text: string;
  readonly at: Millis;
  readonly sentiment: SentimentLabel;
  readonly url?: string;
  readonly author?: Author;
  /** Posts that repeat this one, itself included, where known. */
  readonly copies?: number;
};

/** The facts beside an alert, gathered from the store when it is sent: who, where, since when, what to read. */
export type Brief = {
  readonly brandName: string;
  readonly client: string;
  /** The hour before `to`. */
  readonly from: Millis;
  readonly to: Millis;
  readonly mentions: number;
  readonly negative: number;
  readonly positive: number;
  /** Distinct authors in the period. */
  readonly authors: number;
  /** Σ followers of the distinct authors: potential reach. */
  readonly reach: number;
  readonly sources: readonly { readonly value: string; readonly count: number }[];
  readonly topAuthors: readonly { readonly author: Author; readonly source: string; readonly posts: number }[];
  readonly terms: readonly { readonly value: string; readonly count: number }[];
  /** The earliest post of the evidence. */
  readonly first?: EvidencePost;
  /** Posts to read, most spread first. */
  readonly posts: readonly EvidencePost[];
  /** Each source of the brand with its last successful read; `blindSince` when it fails now. */
  readonly freshness: readonly {
    readonly source: string;
    readonly lastReadAt?: Millis;
    readonly blindSince?: Millis;
  }[];
  /** The share of the period's mentions by its three loudest authors, 0..1: without them there may be no alert. */
  readonly topThreeShare: number;
  /** Mentions per twelfth of the period, oldest first, empty ones included: how fast it grows. */
  readonly pace?: readonly { readonly at: Millis; readonly count: number; readonly negative: number }[];
  /** True when the period held too many mentions to look at each: authors and reach are then lower bounds. */
  readonly partial?: boolean;
};

/** Why people are told: a first alert, a graver or wider one, a reminder, or the end. */
export type NotificationReason = 'first' | 'changed' | 'repeat' | 'resolved';

/** What a notifier is given: everything it needs to tell people, and a key that stays the same on every attempt. */
export type Notification = {
  /** The same on every attempt, so that a receiver that can will show it once. */
  readonly key: string;
  readonly reason: NotificationReason;
  /** The notification group, until incidents exist. */
  readonly incident: string;
  readonly receiver: string;
  readonly language: string;
  readonly timezone: string;
  /** True in the demonstration and in replays: said everywhere. */
  readonly demo: boolean;
  readonly at: Millis;
  /** The brand's name as people write it. */
  readonly brandName: string;
  /** Gravest first, then newest: what goes on, and what ended since the last message. */
  readonly alerts: readonly Alert[];
  /** Facts for the alerts' brand; absent where the store could not be asked in time, which is then said. */
  readonly brief?: Brief;
  /** Base address of the pages, when one is configured. */
  readonly publicUrl?: string;
};

/** A watched brand as the configuration gives it. */
export type Brand = {
  /** a-z, 0-9 and `-`. */
  readonly id: string;
  readonly name: string;
  /** In the query language. */
  readonly query: string;
  /** ISO 639-1; posts in other languages are still kept. */
  readonly languages: readonly string[];
  /** Own accounts (handle or id) by source. */
  readonly own: Readonly<Record<string, readonly string[]>>;
  /** Ids of other brands. */
  readonly competitors: readonly string[];
  /** `competitor`: counted and compared; shipped rules leave it alone. */
  readonly role: 'own' | 'competitor';
  readonly client: string;
  /** Within a client: rules compare brands of one group. */
  readonly group: string;
};

/** What waits in the outbox: alert transitions to tell people of, and signals to show. Ids: see `outboxId`. */
export type OutboxItem =
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'signal'; readonly client: string; readonly signal: Signal };

/** How a configured source is doing; everything since the process started, times undefined before the first. */
export type SourceHealth = {
  /** The configured name: `via` of its posts. */
  readonly name: string;
  readonly type: string;
  readonly startedAt: Millis;
  readonly lastReadAt?: Millis;
  readonly lastItemAt?: Millis;
  /** Set while it fails, to the last successful read. */
  readonly blindSince?: Millis;
  /** Why it fails now, without secrets. */
  readonly error?: string;
  /** True when it came to its end (a file). */
  readonly ended: boolean;
  readonly items: number;
  readonly quarantined: number;
};
