/**
 * What the HTTP interface takes and answers: shared by the server and by whoever calls it, so nothing of Node or of the
 * server is imported here. Times are ISO 8601 in UTC, shares 0..1.
 */
import { z } from 'zod';

// ------------------------------------------------------------------ limits

/** Mentions of one page at most. */
export const MOST_MENTIONS = 200;
/** Points of one series at most. */
export const MOST_POINTS = 5_000;
/** Live events held for one reader at most; beyond, it is told to load anew. */
export const MOST_LIVE_EVENTS = 1_000;
/** Time between two live messages. */
export const LIVE_EVERY_MS = 250;

// ------------------------------------------------------------------- parts

const time = z.iso.datetime().describe('Time, ISO 8601, UTC.');
const count = z.int().min(0);

export const sentimentLabel = z.enum(['negative', 'neutral', 'positive']);
export const triageStatus = z.enum(['open', 'assigned', 'snoozed', 'answered', 'escalated', 'dismissed']);
export const severity = z.enum(['info', 'warning', 'critical']);

export const author = z.object({
  id: z.string(),
  handle: z.string().optional(),
  name: z.string().optional(),
  followers: count.optional().describe('Absent is unknown, not zero.'),
  verified: z.boolean().optional(),
  url: z.string().optional(),
});

export const triage = z.object({
  status: triageStatus,
  assignee: z.string().optional(),
  until: time.optional().describe('Until when it is snoozed.'),
  verdict: z.enum(['off-topic', 'negative', 'neutral', 'positive']).optional(),
  note: z.string().optional(),
  version: z.string().describe('Send it back with a change; empty while nobody has touched the mention.'),
});

export const mention = z.object({
  id: z.string().describe('<source>:<id in the source>'),
  brand: z.string(),
  source: z.string().describe('The network: x, bluesky, press, …'),
  via: z.string().describe('The configured source that took it in.'),
  author: author.optional(),
  title: z.string().optional(),
  text: z.string(),
  language: z.string().describe('ISO 639-1, und when unsure.'),
  url: z.string().optional(),
  engagement: z
    .object({
      likes: z.number().optional(),
      reposts: z.number().optional(),
      replies: z.number().optional(),
      quotes: z.number().optional(),
      views: z.number().optional(),
    })
    .optional(),
  refs: z
    .object({
      replyTo: z.string().optional(),
      repostOf: z.string().optional(),
      quoteOf: z.string().optional(),
      root: z.string().optional(),
    })
    .optional(),
  rating: z.number().optional(),
  publishedAt: time,
  observedAt: time,
  at: time.describe('Event time: the earlier of published and observed.'),
  backfill: z.boolean().describe('History when it came: never a reason to alert.'),
  own: z.boolean().describe('By one of the brand’s own accounts.'),
  sentiment: z.object({
    label: sentimentLabel,
    score: z.number(),
    confidence: z.number(),
    unsure: z.boolean().describe('The label is a guess.'),
    words: z.array(z.string()).describe('The words that pulled the verdict, strongest first.'),
  }),
  topics: z.array(z.string()),
  links: z.array(z.string()),
  duplicateOf: z.string().optional().describe('The first mention of the same story.'),
  triage,
});
export type ApiMention = z.output<typeof mention>;

export const signal = z.object({
  id: z.string(),
  detector: z.string(),
  brand: z.string(),
  scope: z.string(),
  window: z.string(),
  state: z.enum(['open', 'update', 'close']),
  startedAt: time,
  at: time,
  observed: z.number(),
  expected: z.number(),
  score: z.number().describe('1 at the threshold.'),
  values: z.record(z.string(), z.number()),
  explain: z.string().describe('In the reader’s language.'),
  evidence: z.array(z.string()).describe('Ids of posts.'),
});
export type ApiSignal = z.output<typeof signal>;

export const alert = z.object({
  id: z.string(),
  rule: z.string(),
  brand: z.string(),
  scope: z.string(),
  status: z.enum(['pending', 'firing', 'resolved']),
  severity,
  labels: z.record(z.string(), z.string()),
  title: z.string().describe('In the reader’s language.'),
  summary: z.string().describe('In the reader’s language.'),
  because: z.array(z.string()).describe('What was true, with its numbers, in the reader’s language.'),
  observed: z.number(),
  expected: z.number(),
  window: z.string(),
  story: z.string().optional(),
  sequence: count,
  at: time,
  startsAt: time,
  endsAt: time.optional(),
  evidence: z.array(z.string()).describe('Ids of posts.'),
});
export type ApiAlert = z.output<typeof alert>;

export const sourceHealth = z.object({
  name: z.string(),
  type: z.string(),
  startedAt: time,
  lastReadAt: time.optional(),
  lastItemAt: time.optional(),
  blindSince: time.optional().describe('Set while it fails: the last successful read.'),
  error: z.string().optional(),
  ended: z.boolean(),
  items: count,
  quarantined: count,
});
export type ApiSource = z.output<typeof sourceHealth>;

export const problem = z.object({
  /** Where in the request: a parameter or a path into the body. */
  path: z.string(),
  message: z.string(),
  from: count.optional().describe('First character concerned, from 0.'),
  to: count.optional().describe('Behind the last one.'),
});

export const errorAnswer = z.object({
  error: z.object({
    code: z.string().describe('For programs; stays the same in every language.'),
    message: z.string().describe('For people, in the reader’s language.'),
    problems: z.array(problem).optional(),
  }),
});
export type ErrorAnswer = z.output<typeof errorAnswer>;

// ---------------------------------------------------------------- requests

const listOf = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .string()
    .max(20_000)
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .pipe(z.array(item).max(1_000));
const limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const cursor = z.string().min(1).max(2_000).optional().describe('`next` of the page before.');
const client = z.string().max(64).optional().describe('One of the installation’s clients; the first when left out.');
const lang = z
  .enum(['fr', 'en'])
  .optional()
  .describe('Language of the answer; else Accept-Language, else the installation’s.');
const instant = z.iso.datetime({ offset: true }).optional();

const filters = {
  client,
  lang,
  brands: listOf(z.string()).optional().describe('Ids of brands, separated by commas.'),
  sources: listOf(z.string()).optional().describe('Networks, separated by commas.'),
  sentiment: z.enum(['negative', 'neutral', 'positive', 'unsure']).optional(),
  triage: triageStatus.optional(),
  from: instant.describe('Inclusive.'),
  to: instant.describe('Exclusive.'),
  q: z.string().max(20_000).optional().describe('In the query language.'),
};

export const mentionsQuery = z.object({ ...filters, limit: limit(MOST_MENTIONS, 50), after: cursor });
export const mentionsAnswer = z.object({ items: z.array(mention), next: z.string().optional() });

export const seriesQuery = z.object({
  ...filters,
  bucket: z
    .enum(['1m', '5m', '15m', '1h', '6h', '1d'])
    .default('1h')
    .describe('Width of a point; a period without `from` is the last 24 hours.'),
});
export const seriesAnswer = z.object({
  from: time,
  to: time,
  bucketMs: count,
  points: z
    .array(z.object({ at: time, count, negative: count, positive: count, unsure: count }))
    .describe('Empty buckets are left out.'),
});

export const facetField = z.enum([
  'source',
  'sentiment',
  'language',
  'author',
  'brand',
  'term',
  'link',
  'topic',
  'triage',
]);
export const facetsQuery = z.object({
  ...filters,
  fields: listOf(facetField)
    .prefault('source,sentiment,language')
    .describe(
      'By what to count, separated by commas: source, sentiment, language, author, brand, term, link, topic, triage.',
    ),
  top: limit(100, 10),
});
export const facetsAnswer = z.object({
  from: time.optional(),
  to: time.optional(),
  facets: z.record(z.string(), z.array(z.object({ value: z.string(), count }))),
});

export const alertsQuery = z.object({
  client,
  lang,
  brands: listOf(z.string()).optional(),
  status: z.enum(['pending', 'firing', 'resolved']).optional(),
  limit: limit(200, 50),
  after: cursor,
});
export const alertsAnswer = z.object({ items: z.array(alert), next: z.string().optional() });
export const oneQuery = z.object({ client, lang });
export const idParams = z.object({ id: z.string().min(1).max(2_000) });
export const alertAnswer = z.object({
  alert,
  history: z
    .array(alert.pick({ sequence: true, status: true, severity: true, at: true, observed: true, expected: true }))
    .describe('Its transitions, oldest first.'),
  evidence: z.array(mention).describe('The posts behind it, newest first.'),
  missing: z.array(z.string()).describe('Ids of evidence that is not there any more.'),
});
export const signalsQuery = alertsQuery.omit({ status: true }).extend({ state: signal.shape.state.optional() });
export const signalsAnswer = z.object({ items: z.array(signal), next: z.string().optional() });

export const sourcesAnswer = z.object({
  sources: z.array(sourceHealth),
  quarantined: count.describe('Items kept aside since the start, all sources together.'),
});
export const brandsAnswer = z.object({
  client: z.string(),
  clients: z.array(z.string()),
  brands: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      query: z.string(),
      languages: z.array(z.string()),
      role: z.enum(['own', 'competitor']),
      competitors: z.array(z.string()),
      group: z.string(),
    }),
  ),
});
export const proposalsAnswer = z.object({
  verdicts: count.describe('Mentions with the verdict off-topic among those that were looked at.'),
  needed: count.describe('So many verdicts are needed before anything is proposed.'),
  looked: count.describe('The newest mentions of the brand, of which the proposals are made.'),
  proposals: z
    .array(
      z.object({
        kind: z.enum(['exclude', 'near']),
        clause: z.string().describe('What is excluded, or what has to be near.'),
        query: z.string().describe('The whole query with it.'),
        removed: z.array(z.string()).describe('Ids of off-topic mentions that would not have come.'),
        lost: z.array(z.string()).describe('Ids of real mentions that would not have come either.'),
      }),
    )
    .describe('Best first. Nothing is changed: the query is the configuration’s.'),
});
export const aboutAnswer = z.object({
  version: z.string(),
  demo: z.boolean().describe('True in the demonstration and in replays: to be said on every page.'),
  language: z.enum(['fr', 'en']),
  timezone: z.string(),
  now: time.describe('The installation’s clock, which in a replay is the file’s.'),
});

export const triageBody = z.strictObject({
  brand: z.string().min(1).max(64),
  status: triageStatus,
  assignee: z.string().max(200).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  verdict: z.enum(['off-topic', 'negative', 'neutral', 'positive']).optional(),
  note: z.string().max(5_000).optional(),
  version: z.string().max(200).describe('The version that was seen; empty for an untouched mention.'),
});
export type TriageBody = z.output<typeof triageBody>;
export const triageAnswer = z.object({ triage });

export const healthAnswer = z.object({ status: z.literal('ok') });
export const readyAnswer = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().optional() })),
});

// -------------------------------------------------------------------- live

export const liveQuery = z.object({
  client,
  lang,
  brands: listOf(z.string()).optional().describe('Only of these brands; all when left out.'),
});

/** What a mention shows while it streams by; the rest is loaded when somebody opens it. */
export const liveEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), demo: z.boolean(), now: time }),
  z.object({ kind: z.literal('mention'), mention: mention.omit({ triage: true }) }),
  z.object({ kind: z.literal('removed'), id: z.string(), brand: z.string().optional() }),
  z.object({ kind: z.literal('signal'), signal }),
  z.object({ kind: z.literal('alert'), alert }),
  z.object({ kind: z.literal('source'), source: sourceHealth }),
  z.object({ kind: z.literal('triage'), id: z.string(), brand: z.string(), triage }),
  z.object({ kind: z.literal('resync') }).describe('Events were left out: load again what is shown.'),
]);
export type ApiLiveEvent = z.output<typeof liveEvent>;

/** One message of the socket: what happened since the last one, oldest first. */
export const liveMessage = z.object({ events: z.array(liveEvent) });
export type ApiLiveMessage = z.output<typeof liveMessage>;

// ------------------------------------------------------------------- pages

export const sessionAnswer = z.object({
  signedIn: z.boolean(),
  token: z.string().optional().describe('Send it back as X-Vigie-Token with every change.'),
  expiresAt: time.optional(),
  demo: z.boolean(),
  language: z.enum(['fr', 'en']),
});

const inLanguages = z.strictObject({ fr: z.string().min(1).max(100), en: z.string().min(1).max(100) });
const panelQuery = z.strictObject({
  q: z.string().max(2_000).optional().describe('In the query language.'),
  sentiment: mentionsQuery.shape.sentiment,
  sources: z.array(z.string()).max(50).optional(),
});
const panelParts = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  title: inLanguages,
  span: z.int().min(1).max(12).describe('Columns of twelve; on a narrow screen every panel has all.'),
  query: panelQuery.optional().describe('Narrows what is counted; brand and period are the reader’s.'),
};
const top = z.int().min(1).max(20);

/** One panel of a board; each type is drawn by a part of the page. */
export const panel = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('figures'),
    ...panelParts,
    figures: z.array(z.enum(['mentions', 'negative', 'net_sentiment', 'share_of_voice'])).min(1),
  }),
  z.strictObject({ type: z.literal('volume'), ...panelParts }),
  z.strictObject({ type: z.literal('share'), ...panelParts }),
  z.strictObject({ type: z.literal('alerts'), ...panelParts }),
  z.strictObject({
    type: z.literal('facet'),
    ...panelParts,
    field: z.enum(['source', 'author', 'term', 'language', 'topic']),
    top,
  }),
  z.strictObject({ type: z.literal('mentions'), ...panelParts, top }),
]);

/** A board as data: `dashboards/boards/<id>.yaml`. */
export const boardAnswer = z.strictObject({
  id: panelParts.id,
  title: inLanguages,
  panels: z.array(panel).min(1).max(30),
});
export type ApiBoard = z.output<typeof boardAnswer>;
export const boardsAnswer = z.object({ boards: z.array(boardAnswer) });
