/** Press and blogs: RSS, Atom and JSON feeds, polled politely. */
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import { defineSource, type SourceDeps } from '../model/define.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceBatch } from '../model/ports.ts';
import type { Json, Millis, Outcome, RawItem, UnstampedPost } from '../model/types.ts';
import {
  contentHash,
  type FeedDocument,
  type FeedEntry,
  MAX_FEED_BYTES,
  parseFeedDocument,
  secondaryKey,
  shortHash,
} from './lib/feed-document.ts';
import { type FetchedDocument, FetchFailed, fetchDocument, retryAfterOf } from './lib/fetch-document.ts';
import { parsePost } from './lib/post.ts';

/** No feed is asked more often. */
const FLOOR_MS = 60_000;
/** What a publisher asks for is heeded up to this: a feed must not go unread for a week. */
const HINT_CAP_MS = 6 * 3_600_000;
/** A feed without anything new for so long is asked hourly. */
const ASLEEP_AFTER_MS = 14 * 86_400_000;
const ASLEEP_EVERY_MS = 3_600_000;
const BACK_OFF_CAP_MS = 3_600_000;
/** Entries remembered of each feed, beyond those that it lists now. */
const REMEMBERED = 300;
/** Stands for the content of an entry that was deleted. */
const DELETED = '-';
const BATCH_ITEMS = 500;
/** Feeds asked at once. */
const AT_ONCE = 4;
const USER_AGENT = 'Vigie (feed reader)';
const ACCEPT =
  'application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5';

export const feed = defineSource({
  type: 'feed',
  summary: 'Polls RSS, Atom and JSON feeds.',
  config: z.strictObject({
    urls: z
      .array(z.url({ protocol: /^https?$/, error: 'not a web address: write https://…' }))
      .min(1)
      .describe('Addresses of the feeds.'),
    every: duration().prefault('5m').describe('Time between two polls of a feed; at least 60s.'),
    respect_hints: z
      .boolean()
      .default(true)
      .describe('Ask less often where a feed wishes so (ttl, sy:updatePeriod, Cache-Control, skipHours, skipDays).'),
    source: z.string().min(1).default('press').describe('Network that the posts belong to.'),
    lateness: duration().prefault('6h').describe('Entries older than this on arrival are history.'),
    timeout: duration().prefault('30s').describe('A feed that has not answered by then counts as failed.'),
    allow_private: z
      .boolean()
      .default(false)
      .describe('Whether feeds may lie on this machine or in a private network.'),
  }),
  examples: [
    { title: 'Two newspapers', config: { urls: ['https://example.org/rss', 'https://example.net/atom.xml'] } },
    {
      title: 'A forum, every two minutes',
      config: { urls: ['https://forum.example.org/latest.rss'], every: '2m', source: 'forum' },
    },
  ],
  create(config, deps) {
    const settings: Settings = {
      urls: [...new Set(config.urls)],
      everyMs: Math.max(FLOOR_MS, config.every),
      respectHints: config.respect_hints,
      source: config.source,
      latenessMs: config.lateness,
      timeoutMs: config.timeout,
      allowPrivate: config.allow_private,
    };
    return {
      flow: 'poll',
      latenessMs: config.lateness,
      read: (from, signal) => poll(settings, deps, (from ?? {}) as FeedCursor, signal),
      normalise,
    };
  },
});

interface Settings {
  readonly urls: readonly string[];
  readonly everyMs: Millis;
  readonly respectHints: boolean;
  readonly source: string;
  readonly latenessMs: Millis;
  readonly timeoutMs: Millis;
  readonly allowPrivate: boolean;
}

/** What is known of each feed, by its configured address. */
type FeedCursor = { readonly [url: string]: FeedMemory };
type FeedMemory = {
  readonly etag?: string;
  readonly modified?: string;
  /** Where it has moved for good. */
  readonly movedTo?: string;
  /** It answered 410: never asked again. */
  readonly gone?: boolean;
  /** When something new came last. */
  readonly newAt: Millis;
  /** Hash of id → hash of content, hash of address and title (`-`: deleted); the oldest first. */
  readonly known: { readonly [id: string]: string };
};

/** What is not worth keeping over a restart. */
interface FeedState {
  dueAt: Millis;
  failures: number;
  reason: string | undefined;
  gone: boolean;
}

async function* poll(
  settings: Settings,
  deps: SourceDeps,
  from: FeedCursor,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const cursor: { [url: string]: FeedMemory } = {};
  const states = new Map<string, FeedState>();
  for (const url of settings.urls) {
    const memory = from[url];
    if (memory) cursor[url] = memory;
    states.set(url, { dueAt: 0, failures: 0, reason: undefined, gone: memory?.gone === true });
  }
  for (;;) {
    const alive = [...states].filter(([, state]) => !state.gone);
    if (alive.length === 0) throw new SourceError('every feed is gone for good (410)', { retryable: false });
    const due = alive.filter(([, state]) => state.dueAt <= deps.now());
    for (let at = 0; at < due.length; at += AT_ONCE) {
      const wave = due.slice(at, at + AT_ONCE);
      const answers = await Promise.all(wave.map(([url]) => ask(url, cursor[url], settings, deps, signal)));
      if (signal.aborted) return;
      for (const [index, [url, state]] of wave.entries()) {
        const answer = answers[index];
        if (answer === undefined) continue;
        for (const batch of take(url, answer, state, cursor, settings, deps.now())) {
          yield batch;
          if (signal.aborted) return;
        }
      }
    }
    throwIfAllFail(states, deps.now());
    const next = Math.min(...[...states.values()].filter(({ gone }) => !gone).map(({ dueAt }) => dueAt));
    if (Number.isFinite(next))
      await deps.sleep(Math.max(100, next - deps.now()), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    if (signal.aborted) return;
  }
}

function throwIfAllFail(states: ReadonlyMap<string, FeedState>, now: Millis): void {
  const alive = [...states].filter(([, { gone }]) => !gone);
  if (alive.length === 0 || alive.some(([, { failures }]) => failures === 0)) return;
  const reasons = alive.slice(0, 5).map(([url, { reason }]) => `${shown(url)}: ${reason}`);
  const more = alive.length > 5 ? `, and ${alive.length - 5} more` : '';
  const next = Math.min(...alive.map(([, { dueAt }]) => dueAt));
  throw new SourceError(`no feed can be read: ${reasons.join('; ')}${more}`, {
    retryable: true,
    retryAfterMs: Math.max(1_000, next - now),
  });
}

// --------------------------------------------------------------------- ask

type Answer =
  | { readonly kind: 'feed'; readonly document: FeedDocument; readonly fetched: FetchedDocument }
  | { readonly kind: 'unchanged'; readonly fetched: FetchedDocument }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: Millis };

async function ask(
  url: string,
  memory: FeedMemory | undefined,
  settings: Settings,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const fetched = await fetchDocument(memory?.movedTo ?? url, {
      fetch: deps.fetch,
      headers: {
        accept: ACCEPT,
        'user-agent': USER_AGENT,
        ...(memory?.etag === undefined ? {} : { 'if-none-match': memory.etag }),
        ...(memory?.modified === undefined ? {} : { 'if-modified-since': memory.modified }),
      },
      maxBytes: MAX_FEED_BYTES,
      timeoutMs: settings.timeoutMs,
      allowPrivate: settings.allowPrivate,
      signal,
    });
    if (fetched.status === 304) return { kind: 'unchanged', fetched };
    if (fetched.status === 410) return { kind: 'gone' };
    if (fetched.status !== 200) {
      const retryAfterMs = retryAfterOf(fetched.headers, deps.now());
      return {
        kind: 'failed',
        reason: `HTTP ${fetched.status}`,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      };
    }
    const contentType = fetched.headers.get('content-type') ?? undefined;
    const document = await parseFeedDocument(fetched.bytes, { url: fetched.url, contentType });
    return document.kind === 'feed' ? { kind: 'feed', document, fetched } : { kind: 'failed', reason: document.reason };
  } catch (error) {
    if (error instanceof FetchFailed) return { kind: 'failed', reason: error.message };
    throw error;
  }
}

// -------------------------------------------------------------------- take

/** What an answer brings: at least one batch, so that the source is seen to be alive. */
function* take(
  url: string,
  answer: Answer,
  state: FeedState,
  cursor: { [url: string]: FeedMemory },
  settings: Settings,
  now: Millis,
): Generator<SourceBatch> {
  const memory = cursor[url];
  if (answer.kind === 'failed') {
    state.failures += 1;
    const wait = Math.min(BACK_OFF_CAP_MS, settings.everyMs * 2 ** Math.min(state.failures - 1, 10));
    state.dueAt = now + Math.max(wait, answer.retryAfterMs ?? 0);
    const known = state.reason === answer.reason;
    state.reason = answer.reason;
    // Beside feeds that work, one that fails would not be seen: it is named once per reason, in the quarantine.
    if (!known && settings.urls.length > 1) yield { items: [failureItem(url, answer.reason)] };
    return;
  }
  state.failures = 0;
  state.reason = undefined;
  if (answer.kind === 'gone') {
    state.gone = true;
    cursor[url] = { ...(memory ?? { newAt: now, known: {} }), gone: true };
    yield {
      items: [failureItem(url, 'it is gone for good (HTTP 410) and will not be asked again')],
      cursor: { ...cursor },
    };
    return;
  }
  const { fetched } = answer;
  const movedTo = fetched.movedTo ?? memory?.movedTo;
  const place = movedTo === undefined ? {} : { movedTo };
  if (answer.kind === 'unchanged') {
    const kept = memory ?? { newAt: now, known: {} };
    cursor[url] = { ...kept, ...place };
    state.dueAt = now + intervalOf(undefined, fetched, kept.newAt, settings, now);
    yield { items: [], cursor: { ...cursor } };
    return;
  }
  const { document } = answer;
  const { items, known } = changes(url, document, memory, settings, now);
  const newAt = items.length > 0 || memory === undefined ? now : memory.newAt;
  const etag = fetched.headers.get('etag');
  const modified = fetched.headers.get('last-modified');
  state.dueAt = now + intervalOf(document, fetched, newAt, settings, now);
  let remembered = { ...memory?.known };
  for (let at = 0; at === 0 || at < items.length; at += BATCH_ITEMS) {
    const part = items.slice(at, at + BATCH_ITEMS);
    const last = at + BATCH_ITEMS >= items.length;
    for (const { key, mark } of part) {
      remembered[key] = mark;
    }
    // The answer counts as read with its last part only: until then it must be fetched again whole.
    if (last) remembered = { ...newest(remembered, known, REMEMBERED), ...known };
    cursor[url] = {
      ...(last && etag !== null ? { etag } : {}),
      ...(last && modified !== null ? { modified } : {}),
      ...place,
      newAt,
      known: { ...remembered },
    };
    yield { items: part.map(({ item }) => item), cursor: { ...cursor } };
  }
}

interface Change {
  readonly item: RawItem;
  readonly key: string;
  readonly mark: string;
}

/** What is new, edited or deleted against what is known; `known` are the marks of all that the document lists. */
function changes(
  url: string,
  document: FeedDocument,
  memory: FeedMemory | undefined,
  settings: Settings,
  now: Millis,
): { readonly items: readonly Change[]; readonly known: { readonly [key: string]: string } } {
  const host = new URL(url).hostname;
  const items: Change[] = [];
  const known: { [key: string]: string } = {};
  const stories = new Set(Object.values(memory?.known ?? {}));
  for (const entry of document.entries) {
    const key = shortHash(entry.id);
    const mark = `${contentHash(entry)} ${secondaryKey(entry)}`;
    known[key] = mark;
    const before = memory?.known[key];
    // Unchanged, or the same story under the new ids of a site that has moved.
    if (before === mark || (before === undefined && stories.has(mark))) continue;
    const first = memory === undefined;
    items.push({
      item: itemOf(host, entry, before === undefined ? 'create' : 'update', document, first, settings, now),
      key,
      mark,
    });
  }
  for (const id of document.deleted) {
    const key = shortHash(id);
    // Listed and deleted at once: it came back.
    if (key in known) continue;
    known[key] = DELETED;
    if (memory?.known[key] === DELETED) continue;
    const body = { op: 'delete', source: settings.source, id: `${host}/${id}` };
    items.push({ item: { nativeId: body.id, body }, key, mark: DELETED });
  }
  return { items, known };
}

function itemOf(
  host: string,
  entry: FeedEntry,
  op: 'create' | 'update',
  document: FeedDocument,
  first: boolean,
  settings: Settings,
  now: Millis,
): RawItem {
  const nativeId = `${host}/${entry.id}`;
  // On the first read of a feed nobody knows when an undated entry came: it is history, not news of this minute.
  const undated = first ? Math.min(document.updatedAt ?? now, now - settings.latenessMs - 60_000) : undefined;
  const publishedAt = entry.publishedAt ?? undated;
  const engagement = {
    ...(entry.replies === undefined ? {} : { replies: entry.replies }),
    ...(entry.views === undefined ? {} : { views: entry.views }),
  };
  const extra = {
    ...(document.title === undefined ? {} : { feed: document.title }),
    ...(entry.publishedAt === undefined ? { undated: true } : {}),
  };
  const outlet = document.title ?? host;
  const body: { [key: string]: Json } = {
    op,
    source: settings.source,
    id: nativeId,
    text: entry.text,
    author:
      entry.author === undefined ? { id: host, name: outlet } : { id: `${host}/${entry.author}`, name: entry.author },
    ...(entry.title === undefined ? {} : { title: entry.title }),
    ...(entry.url === undefined ? {} : { url: entry.url }),
    ...(entry.lang === undefined ? {} : { lang: entry.lang }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...(Object.keys(engagement).length === 0 ? {} : { engagement }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  return { nativeId, body };
}

function normalise(item: RawItem): Outcome<UnstampedPost> {
  const { body } = item;
  if (typeof body === 'object' && body !== null && 'problem' in body) {
    return { kind: 'quarantine', reason: typeof body.problem === 'string' ? body.problem : 'not an entry' };
  }
  const parsed = parsePost(body, { source: 'press' });
  return 'post' in parsed
    ? { kind: 'keep', value: parsed.post }
    : { kind: 'quarantine', reason: `entry ${item.nativeId.slice(0, 200)}: ${parsed.problems.join('; ')}` };
}

function failureItem(url: string, reason: string): RawItem {
  return { nativeId: `feed ${shown(url)}`, body: { problem: `feed ${shown(url)}: ${reason}` } };
}

/** An address as messages show it: without credentials and parameters, where secrets lie. */
function shown(url: string): string {
  const { host, pathname } = new URL(url);
  const path = pathname.length > 60 ? `${pathname.slice(0, 57)}…` : pathname;
  return `${host}${path}`;
}

/** The newest of what is remembered and not listed any more. */
function newest(
  remembered: { readonly [key: string]: string },
  listed: { readonly [key: string]: string },
  max: number,
): { [key: string]: string } {
  const entries = Object.entries(remembered).filter(([key]) => !(key in listed));
  return Object.fromEntries(entries.slice(Math.max(0, entries.length - max)));
}

// ---------------------------------------------------------------- interval

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** How long to wait before asking again. */
function intervalOf(
  document: FeedDocument | undefined,
  fetched: FetchedDocument,
  newAt: Millis,
  settings: Settings,
  now: Millis,
): Millis {
  const asleep = now - newAt > ASLEEP_AFTER_MS ? ASLEEP_EVERY_MS : 0;
  if (!settings.respectHints) return Math.max(settings.everyMs, asleep);
  const maxAge = Number(/\bmax-age=(\d+)/i.exec(fetched.headers.get('cache-control') ?? '')?.[1] ?? 0) * 1_000;
  const hint = Math.min(HINT_CAP_MS, Math.max(maxAge, document?.everyMs ?? 0));
  let wait = Math.max(settings.everyMs, asleep, hint);
  const silent = (at: Millis): boolean => {
    const date = new Date(at);
    const day = DAYS[date.getUTCDay()] ?? '';
    return (
      document !== undefined && (document.skipHours.includes(date.getUTCHours()) || document.skipDays.includes(day))
    );
  };
  while (wait < HINT_CAP_MS && silent(now + wait)) wait += 15 * 60_000;
  return wait;
}
