/** One fetched document into the entries of a feed: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed, or the reason why it is none. */
import { createHash } from 'node:crypto';
import FeedParser from 'feedparser';
import { parseFeed } from 'feedsmith';
import type { Millis } from '../../model/types.ts';
import { decodeDocument, gunzipped } from './charset.ts';
import { parseFeedDate } from './dates.ts';
import { textOfHtml } from './html.ts';
import { MAX_TEXT, webAddress } from './post.ts';

/** A larger document is no feed. */
export const MAX_FEED_BYTES = 10 * 1024 * 1024;
/** A feed that lists more is cut to its first so many. */
const MAX_ENTRIES = 5_000;
const MAX_ATTRIBUTES = 500;

/** One entry, plain: texts without HTML, links absolute. */
export type FeedEntry = {
  /** Unique in the feed: its guid, else its address, else a hash. */
  readonly id: string;
  readonly title?: string;
  readonly text: string;
  readonly url?: string;
  readonly author?: string;
  readonly lang?: string;
  readonly publishedAt?: Millis;
  readonly replies?: number;
  readonly views?: number;
};

export interface FeedDocument {
  readonly kind: 'feed';
  readonly format: 'rss' | 'atom' | 'rdf' | 'json';
  readonly title?: string;
  /** When the feed says that it was changed last. */
  readonly updatedAt?: Millis;
  readonly entries: readonly FeedEntry[];
  /** Ids that the feed says were deleted (Atom tombstones). */
  readonly deleted: readonly string[];
  /** How often the publisher wants to be asked; absent when the feed does not say. */
  readonly everyMs?: Millis;
  /** Hours (UTC, 0–23) and days in which nothing is published. */
  readonly skipHours: readonly number[];
  readonly skipDays: readonly string[];
}

export interface RefusedDocument {
  readonly kind: 'refused';
  /** One sentence that a person understands. */
  readonly reason: string;
}

/** Reads a document that came from `url`. Never throws: what is no feed is refused with the reason. */
export async function parseFeedDocument(
  bytes: Uint8Array,
  from: { readonly url: string; readonly contentType?: string | undefined },
): Promise<FeedDocument | RefusedDocument> {
  let text: string;
  try {
    text = decodeDocument(gunzipped(bytes, MAX_FEED_BYTES), from.contentType).replace(/^[\uFEFF\s\0]+/, '');
  } catch {
    return refused(`the compressed document is damaged or unpacks to more than ${MAX_FEED_BYTES / 1024 / 1024} MB`);
  }
  if (text === '') return refused('the document is empty');
  if (/^[{[]/.test(text)) return readJson(text, from.url);
  const start = text.search(/<(?:\?xml|!DOCTYPE|!--|[a-z])/i);
  if (start === -1) return refused('the document is neither XML nor JSON');
  const xml = text.slice(start);
  if (hasSwollenTag(xml)) return refused('the document has a tag with hundreds of attributes');
  const strict = readStrict(xml, from.url);
  const promised = /<(?:[\w.-]+:)?(?:item|entry)[\s>]/i.test(xml);
  if (strict && (strict.entries.length > 0 || !promised)) return strict;
  const tolerant = await readTolerant(xml, from.url);
  if (tolerant && (!strict || tolerant.entries.length > strict.entries.length)) return tolerant;
  return strict ?? refused(whyNot(xml));
}

function refused(reason: string): RefusedDocument {
  return { kind: 'refused', reason };
}

function whyNot(xml: string): string {
  const root = /<(?![?!])\s*([\w:.-]+)/.exec(xml)?.[1]?.toLowerCase();
  if (root === 'html' || /^<!doctype html/i.test(xml)) {
    const links = xml.slice(0, 200_000).match(/<link\b[^<>]{0,1000}>/gi) ?? [];
    const link = links.find((tag) => /\btype=["']application\/(?:rss|atom|feed)\+(?:xml|json)["']/i.test(tag));
    const href = link && /\bhref=["']([^"']+)["']/i.exec(link)?.[1];
    return `this is a web page, not a feed${href ? `; the page names this feed: ${href.slice(0, 300)}` : ''}`;
  }
  if (root === 'opml') return 'this is a list of feeds (OPML), not a feed';
  if (root === 'sitemapindex' || root === 'urlset') return 'this is a sitemap, not a feed';
  if (root === undefined) return 'the document has no XML element';
  if (/^(?:[\w.-]+:)?(?:rss|feed|rdf|channel)$/.test(root))
    return `the document begins like a feed (<${root}>), but nothing in it can be read`;
  return `the document is XML, but no feed: it begins with <${root.slice(0, 60)}>`;
}

// ------------------------------------------------------------ common entry

/** An entry as a parser gives it: texts may hold HTML. */
interface RawEntry {
  readonly guid?: string | undefined;
  readonly link?: string | undefined;
  readonly title?: string | undefined;
  /** The fullest first; the first that says something is taken. */
  readonly bodies: readonly (string | undefined)[];
  readonly authors: readonly (string | undefined)[];
  readonly dates: readonly (string | Date | null | undefined)[];
  readonly lang?: string | undefined;
  readonly base?: string | undefined;
  readonly replies?: number | undefined;
  readonly views?: number | undefined;
}

interface FeedFacts {
  readonly format: FeedDocument['format'];
  readonly url: string;
  /** What relative links are relative to. */
  readonly base?: string | undefined;
  readonly title?: string | undefined;
  readonly lang?: string | undefined;
  readonly authors: readonly (string | undefined)[];
  readonly dates: readonly (string | Date | null | undefined)[];
  readonly everyMs?: Millis | undefined;
  readonly skipHours?: readonly number[] | undefined;
  readonly skipDays?: readonly string[] | undefined;
  readonly deleted?: readonly string[];
}

function assemble(facts: FeedFacts, raw: readonly RawEntry[]): FeedDocument {
  const title = facts.title === undefined ? undefined : textOfHtml(facts.title).slice(0, 500);
  const updatedAt = firstDate(facts.dates);
  const entries = raw.slice(0, MAX_ENTRIES).map((entry) => entryOf(entry, facts));
  return {
    kind: 'feed',
    format: facts.format,
    ...(title ? { title } : {}),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    entries: distinct(entries),
    deleted: facts.deleted ?? [],
    ...(facts.everyMs === undefined ? {} : { everyMs: facts.everyMs }),
    skipHours: facts.skipHours ?? [],
    skipDays: facts.skipDays ?? [],
  };
}

function entryOf(raw: RawEntry, facts: FeedFacts): FeedEntry {
  const feedBase = absolute(facts.base, facts.url) ?? facts.url;
  const base = absolute(raw.base, feedBase) ?? feedBase;
  const guid = raw.guid?.trim();
  const address = absolute(raw.link, base) ?? (guid === undefined ? undefined : webAddress(guid));
  const url = address === undefined ? undefined : targetOf(address);
  const title = raw.title === undefined ? '' : textOfHtml(raw.title).replace(/\s+/g, ' ');
  const body = firstText(raw.bodies);
  const publishedAt = firstDate(raw.dates);
  const author = firstAuthor([...raw.authors, ...facts.authors]);
  const lang = languageTag(raw.lang) ?? languageTag(facts.lang);
  const key =
    guid ||
    (url === undefined ? undefined : withoutTracking(url)) ||
    shortHash(`${title}\n${publishedAt ?? ''}\n${body.slice(0, 200)}`);
  return {
    id: key.length > 800 ? `${key.slice(0, 700)}#${shortHash(key)}` : key,
    // Without a body the title is all that is said.
    ...(title === '' || body === '' ? {} : { title: cut(title, 1_000) }),
    text: cut(body === '' ? title : body, MAX_TEXT),
    ...(url === undefined ? {} : { url }),
    ...(author === undefined ? {} : { author }),
    ...(lang === undefined ? {} : { lang }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...(raw.replies === undefined || !(raw.replies >= 0) ? {} : { replies: raw.replies }),
    ...(raw.views === undefined || !(raw.views >= 0) ? {} : { views: raw.views }),
  };
}

/** Entries that share an id but neither address nor title are different ones: the id is then made of all three. */
function distinct(entries: readonly FeedEntry[]): readonly FeedEntry[] {
  const byId = Map.groupBy(entries, ({ id }) => id);
  return [...byId.values()].flatMap((same) => {
    const byStory = new Map(same.map((entry) => [secondaryKey(entry), entry]));
    if (byStory.size === 1) return same.slice(0, 1);
    return [...byStory].map(([key, entry]) => ({ ...entry, id: `${entry.id}#${key}` }));
  });
}

/** Address and title of an entry, hashed: what stays when a site that moves gives its entries new ids. */
export function secondaryKey(entry: FeedEntry): string {
  return shortHash(
    `${entry.url === undefined ? '' : withoutTracking(entry.url)}\n${entry.title ?? entry.text.slice(0, 200)}`,
  );
}

/** What a reader would see changed, hashed. */
export function contentHash(entry: FeedEntry): string {
  return shortHash(`${entry.title ?? ''}\n${entry.text}\n${entry.url === undefined ? '' : withoutTracking(entry.url)}`);
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

function firstText(bodies: readonly (string | undefined)[]): string {
  for (const body of bodies) {
    const text = body === undefined ? '' : textOfHtml(body);
    if (text !== '') return text;
  }
  return '';
}

function firstDate(dates: readonly (string | Date | null | undefined)[]): Millis | undefined {
  for (const date of dates) {
    const at = date instanceof Date ? date.getTime() : parseFeedDate(date ?? undefined);
    if (at !== undefined && !Number.isNaN(at)) return at;
  }
  return undefined;
}

/** `jane@example.org (Jane Doe)` and `Jane Doe <jane@example.org>` are Jane Doe. */
function firstAuthor(authors: readonly (string | undefined)[]): string | undefined {
  for (const author of authors) {
    const text =
      author === undefined
        ? ''
        : textOfHtml(author.slice(0, 1_000).replace(/<([^<>\s]+@[^<>\s]+)>/g, '($1)')).replace(/\s+/g, ' ');
    const name = /^\S+@\S+\s*\((.+)\)$/.exec(text)?.[1] ?? /^(.+?)\s*\(\S+@\S+\)$/.exec(text)?.[1] ?? text;
    if (name !== '') return cut(name, 200);
  }
  return undefined;
}

function languageTag(text: string | undefined): string | undefined {
  const tag = text?.trim().replaceAll('_', '-');
  return tag !== undefined && tag.length <= 35 && /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(tag) ? tag : undefined;
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text;
}

// ------------------------------------------------------------------- links

function absolute(link: string | undefined, base: string): string | undefined {
  const trimmed = link?.trim();
  if (trimmed === undefined || trimmed === '' || trimmed.length > 4_000 || !URL.canParse(trimmed, base))
    return undefined;
  const url = new URL(trimmed, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** Where a redirect of Google Alerts or Google's search leads; any other address as it is. */
function targetOf(address: string): string {
  const url = new URL(address);
  if (!/^(?:www\.)?google\.[a-z.]{2,6}$/.test(url.hostname) || url.pathname !== '/url') return address;
  const target = url.searchParams.get('url') ?? url.searchParams.get('q');
  return (target === null ? undefined : webAddress(target)) ?? address;
}

const TRACKING =
  /^(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|xtor|igshid|ns_\w+|at_\w+|cmpid|ocid|wt_mc|feature|ref_src)$/i;

/** The address without what only says where the reader came from. */
export function withoutTracking(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  const names = [...url.searchParams.keys()];
  for (const name of names) if (TRACKING.test(name)) url.searchParams.delete(name);
  if (/^#(?:xtor|utm_)/.test(url.hash)) url.hash = '';
  return url.href;
}

// ----------------------------------------------------------- strict parser

function readStrict(text: string, url: string): FeedDocument | undefined {
  try {
    const parsed = parseFeed(text, { maxItems: MAX_ENTRIES });
    if (parsed.format === 'rss') return ofRss(parsed.feed, url);
    if (parsed.format === 'rdf') return ofRdf(parsed.feed, url);
    if (parsed.format === 'atom') return ofAtom(parsed.feed, text, url);
    return ofJson(parsed.feed, url);
  } catch {
    // Not well-formed or no feed: the tolerant parser decides, and the reason is found out at the end.
    return undefined;
  }
}

type Parsed = ReturnType<typeof parseFeed<string>>;
type FeedOf<F extends Parsed['format']> = Extract<Parsed, { format: F }>['feed'];

function ofRss(feed: FeedOf<'rss'>, url: string): FeedDocument {
  const facts: FeedFacts = {
    format: 'rss',
    url,
    base: feed.xml?.base ?? feed.link,
    title: feed.title,
    lang: feed.language ?? feed.dc?.languages?.[0],
    authors: [feed.dc?.creators?.[0], personName(feed.managingEditor)],
    dates: [feed.lastBuildDate, feed.pubDate, feed.dc?.dates?.[0], feed.atom?.updated],
    everyMs: longest(feed.ttl === undefined ? undefined : feed.ttl * 60_000, periodOf(feed.sy)),
    skipHours: feed.skipHours?.map((hour) => hour % 24),
    skipDays: feed.skipDays?.map((day) => day.toLowerCase()),
  };
  return assemble(
    facts,
    (feed.items ?? []).map((item): RawEntry => {
      const permalink = item.guid?.isPermaLink === false ? undefined : item.guid?.value;
      return {
        guid: item.guid?.value ?? item.atom?.id,
        link: item.link ?? atomLink(item.atom?.links) ?? webAddress(permalink ?? ''),
        title: item.title ?? item.dc?.titles?.[0] ?? item.media?.title?.value,
        bodies: [
          item.content?.encoded,
          item.atom?.content?.value,
          item.description,
          item.dc?.descriptions?.[0],
          item.itunes?.summary,
          item.media?.description?.value,
        ],
        authors: [
          item.dc?.creators?.join(', '),
          ...(item.authors ?? []).map(personName),
          item.itunes?.author,
          item.atom?.authors?.[0]?.name,
        ],
        dates: [
          item.pubDate,
          item.dc?.dates?.[0],
          ...(item.dcterms?.created ?? []),
          item.atom?.published,
          item.atom?.updated,
        ],
        lang: item.dc?.languages?.[0] ?? item.xml?.lang,
        base: item.xml?.base,
        replies: item.slash?.comments ?? item.thr?.total,
        views: item.media?.community?.statistics?.views,
      };
    }),
  );
}

function ofRdf(feed: FeedOf<'rdf'>, url: string): FeedDocument {
  const facts: FeedFacts = {
    format: 'rdf',
    url,
    base: feed.xml?.base ?? feed.link,
    title: feed.title,
    lang: feed.dc?.languages?.[0],
    authors: [feed.dc?.creators?.[0]],
    dates: [feed.dc?.dates?.[0]],
    everyMs: periodOf(feed.sy),
  };
  return assemble(
    facts,
    (feed.items ?? []).map(
      (item): RawEntry => ({
        guid: item.rdf?.about ?? item.dc?.identifiers?.[0],
        link: item.link,
        title: item.title ?? item.dc?.titles?.[0],
        bodies: [item.content?.encoded, item.description, item.dc?.descriptions?.[0]],
        authors: [item.dc?.creators?.join(', ')],
        dates: [item.dc?.dates?.[0], ...(item.dcterms?.created ?? [])],
        lang: item.dc?.languages?.[0],
        base: item.xml?.base,
        replies: item.slash?.comments,
      }),
    ),
  );
}

function ofAtom(feed: FeedOf<'atom'>, text: string, url: string): FeedDocument {
  const facts: FeedFacts = {
    format: 'atom',
    url,
    base: feed.xml?.base ?? atomLink(feed.links),
    title: feed.title?.value,
    lang: feed.xml?.lang,
    authors: [feed.authors?.[0]?.name],
    dates: [feed.updated],
    everyMs: periodOf(feed.sy),
    deleted: tombstones(text),
  };
  return assemble(
    facts,
    (feed.entries ?? []).map((entry): RawEntry => {
      const group = entry.media?.groups?.[0];
      return {
        guid: entry.id,
        link: atomLink(entry.links),
        title: entry.title?.value ?? group?.title?.value,
        bodies: [
          entry.content?.value,
          entry.summary?.value,
          group?.description?.value,
          entry.media?.description?.value,
        ],
        authors: [
          ...(entry.authors ?? []).map(({ name }) => name),
          entry.dc?.creators?.[0],
          entry.source?.authors?.[0]?.name,
        ],
        dates: [entry.published, entry.dc?.dates?.[0], entry.updated],
        lang: entry.xml?.lang ?? entry.content?.xml?.lang,
        base: entry.xml?.base,
        replies: entry.thr?.total,
        views: group?.community?.statistics?.views,
      };
    }),
  );
}

function ofJson(feed: FeedOf<'json'>, url: string): FeedDocument {
  const facts: FeedFacts = {
    format: 'json',
    url,
    base: feed.home_page_url,
    title: feed.title,
    lang: feed.language,
    authors: [feed.authors?.[0]?.name],
    dates: [],
  };
  return assemble(
    facts,
    (feed.items ?? []).map(
      (item): RawEntry => ({
        guid: item.id,
        link: item.url ?? item.external_url,
        title: item.title,
        bodies: [item.content_html, item.content_text, item.summary],
        authors: (item.authors ?? []).map(({ name }) => name),
        dates: [item.date_published, item.date_modified],
        lang: item.language,
      }),
    ),
  );
}

function readJson(text: string, url: string): FeedDocument | RefusedDocument {
  const feed = readStrict(text, url);
  if (feed) return feed;
  try {
    JSON.parse(text);
    return refused('the document is JSON, but no JSON Feed');
  } catch {
    return refused('the document begins like JSON, but cannot be read');
  }
}

function personName(person: { readonly name?: string; readonly email?: string } | undefined): string | undefined {
  return person?.name ?? person?.email;
}

function atomLink(
  links: readonly { readonly href?: string; readonly rel?: string; readonly type?: string }[] | undefined,
): string | undefined {
  const alternate = links?.filter(({ rel }) => rel === undefined || rel === 'alternate') ?? [];
  return (alternate.find(({ type }) => type === undefined || type.includes('html')) ?? alternate[0])?.href;
}

function longest(...times: readonly (Millis | undefined)[]): Millis | undefined {
  const known = times.filter((time): time is Millis => time !== undefined && Number.isFinite(time));
  return known.length === 0 ? undefined : Math.max(...known);
}

const PERIODS: Readonly<{ [period: string]: Millis }> = {
  hourly: 3_600_000,
  daily: 86_400_000,
  weekly: 604_800_000,
  monthly: 2_592_000_000,
  yearly: 31_536_000_000,
};

function periodOf(
  sy: { readonly updatePeriod?: string; readonly updateFrequency?: number } | undefined,
): Millis | undefined {
  const period = PERIODS[sy?.updatePeriod?.trim().toLowerCase() ?? ''];
  return period === undefined ? undefined : period / Math.max(1, sy?.updateFrequency ?? 1);
}

/** Deleted entries of RFC 6721, which no parser here knows; looked for outside comments and CDATA. */
function tombstones(xml: string): readonly string[] {
  if (!xml.includes('deleted-entry')) return [];
  return [...withoutQuoted(xml).matchAll(/<(?:[\w.-]{1,50}:)?deleted-entry\b([^<>]{0,2000})/g)].flatMap(
    ([, attributes = '']) => {
      const [, double, single] = /\bref\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(attributes) ?? [];
      const id = textOfHtml(double ?? single ?? '');
      return id === '' ? [] : [id];
    },
  );
}

/** Parsers take the square of a tag's attributes: a tag with hundreds of them is no feed's. */
function hasSwollenTag(xml: string): boolean {
  const bare = withoutQuoted(xml);
  for (let at = bare.indexOf('<'); at !== -1; ) {
    const close = bare.indexOf('>', at);
    const end = close === -1 ? bare.length : close;
    if (end - at > 5_000 && bare.slice(at, end).split('=', MAX_ATTRIBUTES + 2).length > MAX_ATTRIBUTES + 1) return true;
    at = bare.indexOf('<', end);
  }
  return false;
}

/** The markup without comments and CDATA sections; what opens one and never closes it ends the document. */
function withoutQuoted(xml: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = xml.indexOf('<!'); at !== -1; at = xml.indexOf('<!', from)) {
    const close = xml.startsWith('<!--', at) ? '-->' : xml.startsWith('<![CDATA[', at) ? ']]>' : undefined;
    const end = close === undefined ? at + 2 : xml.indexOf(close, at);
    kept.push(xml.slice(from, at));
    if (end === -1) return kept.join('');
    from = close === undefined ? end : end + close.length;
  }
  kept.push(xml.slice(from));
  return kept.join('');
}

// --------------------------------------------------------- tolerant parser

/** The second parser reads what is not well-formed; undefined when it finds no feed either. */
async function readTolerant(xml: string, url: string): Promise<FeedDocument | undefined> {
  const { promise, resolve } = Promise.withResolvers<FeedDocument | undefined>();
  const parser = new FeedParser({ feedurl: url, addmeta: false, resume_saxerror: true });
  const items: FeedParser.Item[] = [];
  const finish = (): void => {
    const { meta } = parser;
    const type = meta['#type'] as FeedParser.Type | undefined;
    if (type === undefined && items.length === 0) return resolve(undefined);
    resolve(ofTolerant(type ?? 'rss', meta, items, xml, url));
  };
  // Each stumble of the XML reader is an error event after which it goes on; only the last word counts.
  parser.on('error', (error: Error) => {
    if (error.message === 'Not a feed') resolve(undefined);
  });
  parser.on('readable', () => {
    for (let item = parser.read(); item !== null; item = parser.read())
      if (items.length < MAX_ENTRIES) items.push(item);
  });
  parser.on('end', finish);
  try {
    parser.end(Buffer.from(xml));
  } catch {
    resolve(undefined);
  }
  const giveUp = setTimeout(finish, 5_000);
  try {
    return await promise;
  } finally {
    clearTimeout(giveUp);
  }
}

function ofTolerant(
  type: FeedParser.Type,
  meta: FeedParser.Meta,
  items: readonly FeedParser.Item[],
  xml: string,
  url: string,
): FeedDocument {
  const facts: FeedFacts = {
    format: type,
    url,
    base: orNothing(meta.link),
    title: orNothing(meta.title),
    lang: orNothing(meta.language),
    authors: [orNothing(meta.author)],
    dates: [meta.date],
    deleted: type === 'atom' ? tombstones(xml) : [],
  };
  return assemble(
    facts,
    items.map(
      (item): RawEntry => ({
        guid: orNothing(item.guid),
        link: orNothing(item.origlink) ?? orNothing(item.link),
        title: orNothing(item.title),
        bodies: [orNothing(item.description), orNothing(item.summary)],
        authors: [orNothing(item.author)],
        dates: [writtenDate(item), item.pubdate, item.date],
      }),
    ),
  );
}

/** The date as it was written: the parser's own reading knows fewer spellings. */
function writtenDate(item: FeedParser.Item): string | undefined {
  const fields = item as unknown as Readonly<Record<string, { readonly '#'?: unknown } | undefined>>;
  for (const name of ['rss:pubdate', 'dc:date', 'atom:published', 'atom:issued', 'atom:updated']) {
    const text = fields[name]?.['#'];
    if (typeof text === 'string' && text.trim() !== '') return text;
  }
  return undefined;
}

function orNothing(text: string | null | undefined): string | undefined {
  return text ?? undefined;
}
