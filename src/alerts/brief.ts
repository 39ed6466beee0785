/** Gathers the facts beside an alert: who, where, since when, what to read. An alert never waits for it beyond a limit. */
import type { MentionStore, Scope } from '../model/ports.ts';
import type { Alert, Author, Brand, Brief, EvidencePost, Mention, Millis, SourceHealth } from '../model/types.ts';
import { isTelling } from './common-words.ts';

export interface BriefDeps {
  readonly store: MentionStore;
  readonly brands: readonly Brand[];
  readonly health: readonly SourceHealth[];
  readonly sleep: (ms: Millis, signal: AbortSignal) => Promise<void>;
  /** 800 ms unless told. */
  readonly limitMs?: Millis;
}

const HOUR_MS = 3_600_000;
const STEPS = 12;
/** Mentions that are looked at one by one, the newest first. */
const MOST_LOOKED_AT = 500;
const MOST_POSTS = 6;
const MOST_LISTED = 8;

/** Facts of the hour before the alert's last transition; undefined when the store took longer than the limit or failed. */
export async function gatherBrief(alerts: readonly Alert[], deps: BriefDeps): Promise<Brief | undefined> {
  const [lead] = alerts;
  if (!lead) return undefined;
  const done = new AbortController();
  try {
    return await Promise.race([
      gather(lead, alerts, deps),
      deps.sleep(deps.limitMs ?? 800, done.signal).then(() => undefined),
    ]);
  } catch {
    return undefined;
  } finally {
    done.abort();
  }
}

async function gather(
  lead: Alert,
  alerts: readonly Alert[],
  { store: whole, brands, health }: BriefDeps,
): Promise<Brief> {
  const store = whole.urgent ?? whole;
  const { client, brand } = lead;
  const brandName = brands.find(({ id }) => id === brand)?.name ?? brand;
  const scope: Scope = { client, brands: [brand] };
  // Ends of queries are exclusive: the mention that raised the alert belongs to its hour.
  const to = Math.max(...alerts.map(({ at }) => at)) + 1;
  const from = to - HOUR_MS;
  const period = { brands: [brand], from, to };
  const ids = [...new Set(alerts.flatMap(({ evidence }) => evidence))].slice(0, 50);
  const [recent, evidence, facets, points] = await Promise.all([
    store.search(scope, period, { limit: MOST_LOOKED_AT }),
    ids.length > 0 ? store.search(scope, { brands: [brand], ids }, { limit: ids.length }) : { items: [] },
    store.facets(scope, period, ['source', 'term'], 60),
    store.series(scope, period, 60_000),
  ]);
  const looked = recent.items.filter(({ own }) => !own);
  const partial = recent.next !== undefined;
  const total = partial
    ? {
        mentions: points.reduce((n, { count }) => n + count, 0),
        negative: points.reduce((n, { negative }) => n + negative, 0),
        positive: points.reduce((n, { positive }) => n + positive, 0),
      }
    : { mentions: looked.length, negative: count(looked, 'negative'), positive: count(looked, 'positive') };
  const authors = authorsOf(looked);
  const posts = toRead(evidence.items, looked);
  const first = [...evidence.items].sort((a, b) => a.at - b.at)[0];
  const threeLoudest = authors.slice(0, 3).reduce((n, { posts }) => n + posts, 0);
  return {
    brandName,
    client,
    from,
    to,
    ...total,
    authors: authors.length,
    reach: authors.reduce((n, { author }) => n + (author.followers ?? 0), 0),
    sources: (facets['source'] ?? []).slice(0, MOST_LISTED),
    topAuthors: authors.slice(0, 5),
    terms: (facets['term'] ?? []).filter(({ value }) => isTelling(value, brandName)).slice(0, MOST_LISTED),
    ...(first ? { first: postOf(first, undefined) } : {}),
    posts,
    freshness: health
      .filter(({ ended }) => !ended)
      .slice(0, 20)
      .map(({ name, lastReadAt, blindSince }) => ({
        source: name,
        ...(lastReadAt === undefined ? {} : { lastReadAt }),
        ...(blindSince === undefined ? {} : { blindSince }),
      })),
    topThreeShare: looked.length === 0 ? 0 : threeLoudest / looked.length,
    pace: Array.from({ length: STEPS }, (_, i) => {
      const start = from + (i * HOUR_MS) / STEPS;
      const end = start + HOUR_MS / STEPS;
      // The store's minutes do not begin with our hour: one belongs where its middle lies.
      const within = points.filter(({ at }) => at + 30_000 >= start && at + 30_000 < end);
      const late = i === STEPS - 1 ? points.filter(({ at }) => at + 30_000 >= end) : [];
      const early = i === 0 ? points.filter(({ at }) => at + 30_000 < start) : [];
      const all = [...early, ...within, ...late];
      return {
        at: start,
        count: all.reduce((n, point) => n + point.count, 0),
        negative: all.reduce((n, point) => n + point.negative, 0),
      };
    }),
    ...(partial ? { partial } : {}),
  };
}

function count(mentions: readonly Mention[], label: 'negative' | 'positive'): number {
  return mentions.filter(({ sentiment }) => !sentiment.unsure && sentiment.label === label).length;
}

/** Loudest first, then by audience. Mentions without an author count as one unknown each and are not named. */
function authorsOf(
  mentions: readonly Mention[],
): { readonly author: Author; readonly source: string; readonly posts: number }[] {
  const byId = new Map<string, { author: Author; source: string; posts: number }>();
  for (const { author, source } of mentions) {
    if (!author) continue;
    const key = `${source}:${author.id}`;
    const known = byId.get(key);
    byId.set(key, known ? { ...known, posts: known.posts + 1 } : { author, source, posts: 1 });
  }
  return [...byId.values()].sort(
    (a, b) =>
      b.posts - a.posts ||
      (b.author.followers ?? 0) - (a.author.followers ?? 0) ||
      (a.author.id < b.author.id ? -1 : 1),
  );
}

/** The evidence and what is negative beside it: one post a story, most copied first, then by reactions and audience. */
function toRead(evidence: readonly Mention[], looked: readonly Mention[]): readonly EvidencePost[] {
  const all = [...new Map([...looked, ...evidence].map((mention) => [mention.id, mention])).values()];
  const stories = storiesOf(all);
  const copies = new Map<string, number>();
  for (const { id } of looked) copies.set(stories(id), (copies.get(stories(id)) ?? 0) + 1);
  const known = new Map<string, Mention>();
  const negative = looked.filter(({ sentiment }) => sentiment.label === 'negative' && !sentiment.unsure);
  for (const mention of [...evidence, ...negative].filter(({ own }) => !own)) {
    const before = known.get(stories(mention.id));
    if (!before || mention.at < before.at) known.set(stories(mention.id), mention);
  }
  const proof = new Set(evidence.map(({ id }) => stories(id)));
  const copiesOf = ({ id }: Mention): number => copies.get(stories(id)) ?? 1;
  return [...known.values()]
    .sort(
      (a, b) =>
        copiesOf(b) - copiesOf(a) ||
        Number(proof.has(stories(b.id))) - Number(proof.has(stories(a.id))) ||
        weight(b) - weight(a) ||
        (a.id < b.id ? -1 : 1),
    )
    .slice(0, MOST_POSTS)
    .map((mention) => postOf(mention, copiesOf(mention)));
}

/** The story of each post: what it repeats, or the first post with the very same words. */
function storiesOf(mentions: readonly Mention[]): (id: string) => string {
  const byWords = new Map<string, string>();
  const stories = new Map<string, string>();
  for (const { id, duplicateOf, fingerprint } of mentions.toSorted((a, b) => a.at - b.at)) {
    const story = (fingerprint === '' ? undefined : byWords.get(fingerprint)) ?? duplicateOf ?? id;
    if (fingerprint !== '') byWords.set(fingerprint, story);
    stories.set(id, story);
  }
  return (id) => stories.get(id) ?? id;
}

/** Reactions count for more than an audience that may not have read it. */
function weight({ engagement, author }: Mention): number {
  const { likes = 0, reposts = 0, replies = 0, quotes = 0 } = engagement ?? {};
  return likes + 3 * (reposts + quotes) + 2 * replies + (author?.followers ?? 0) / 1_000;
}

function postOf(mention: Mention, copies: number | undefined): EvidencePost {
  const { id, source, title, text, at, sentiment, url, author } = mention;
  return {
    id,
    source,
    text: [title, text].filter(Boolean).join(' – ').slice(0, 1_000),
    at,
    sentiment: sentiment.unsure ? 'neutral' : sentiment.label,
    ...(url === undefined ? {} : { url }),
    ...(author === undefined ? {} : { author }),
    ...(copies === undefined || copies < 2 ? {} : { copies }),
  };
}
