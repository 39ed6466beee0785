/** A record of Bluesky as a post: text with its whole addresses, tags, card, quote and reply. */
import type { Json, Outcome, RawItem, UnstampedPost } from '../../model/types.ts';
import { parseInstant, parsePost, webAddress } from './post.ts';

/** What travels from the frame to `normalise`. */
export type BlueskyItem =
  | {
      readonly op: 'create' | 'update';
      readonly did: string;
      readonly rkey: string;
      /** When the server saw it. */
      readonly seenAt: number;
      readonly record: Json;
      readonly profile?: BlueskyProfile;
    }
  | { readonly op: 'delete'; readonly did: string; readonly rkey: string }
  | { readonly problem: string };

/** What is known of an author beside the stream. */
export type BlueskyProfile = {
  readonly handle?: string;
  readonly name?: string;
  readonly followers?: number;
  readonly verified?: boolean;
};

type Fields = { readonly [key: string]: Json | undefined };

const POST = 'app.bsky.feed.post';

/** Makes the post of an item; pure. */
export function normaliseBluesky({ nativeId, body }: RawItem): Outcome<UnstampedPost> {
  if (!isFields(body)) return { kind: 'quarantine', reason: 'not an item of the stream' };
  const { op, did, rkey, problem, record, seenAt } = body;
  if (typeof problem === 'string') return { kind: 'quarantine', reason: problem };
  if (typeof did !== 'string' || typeof rkey !== 'string' || did === '' || rkey === '') {
    return { kind: 'quarantine', reason: `${nativeId.slice(0, 200)}: no did or no record key` };
  }
  const id = `${did}/${rkey}`;
  if (op === 'delete') return { kind: 'keep', value: { id: `bluesky:${id}`, source: 'bluesky', op, text: '' } };
  if (!isFields(record)) return { kind: 'quarantine', reason: `post ${id.slice(0, 200)}: no record` };
  const written = textOf(record['text']);
  const card = cardOf(record['embed']);
  const { text, links, tags } = readFacets(written, record['facets']);
  for (const tag of listOf(record['tags'])) if (typeof tag === 'string' && tag !== '') tags.add(tag.slice(0, 640));
  if (card?.url !== undefined) links.add(card.url);
  if (text.trim() === '' && card?.title === undefined) return { kind: 'drop', reason: 'no-text' };
  const refs = refsOf(record);
  const profile = isFields(body['profile']) ? body['profile'] : {};
  const handle = textOf(profile['handle']);
  const parsed = parsePost(
    {
      id,
      op: op === 'update' ? 'update' : 'create',
      // A card alone is what the post says.
      text: text.trim() === '' ? (card?.title ?? '') : text,
      ...(text.trim() === '' || card?.title === undefined ? {} : { title: card.title }),
      ...langOf(record['langs']),
      url: `https://bsky.app/profile/${did}/post/${rkey}`,
      publishedAt: createdAt(record['createdAt'], seenAt),
      author: {
        id: did,
        ...(handle === '' ? {} : { handle: handle.slice(0, 500) }),
        ...(textOf(profile['name']) === '' ? {} : { name: textOf(profile['name']).slice(0, 500) }),
        ...(typeof profile['followers'] === 'number' && profile['followers'] >= 0
          ? { followers: profile['followers'] }
          : {}),
        ...(profile['verified'] === true ? { verified: true } : {}),
        url: `https://bsky.app/profile/${handle === '' ? did : handle}`,
      },
      ...(Object.keys(refs).length === 0 ? {} : { refs }),
      ...(tags.size === 0 ? {} : { tags: [...tags] }),
    },
    { source: 'bluesky' },
  );
  if (!('post' in parsed)) {
    return { kind: 'quarantine', reason: `post ${id.slice(0, 200)}: ${parsed.problems.join('; ')}` };
  }
  return { kind: 'keep', value: links.size === 0 ? parsed.post : { ...parsed.post, links: [...links] } };
}

/** The author's claim; the server's time where the claim is none. */
function createdAt(claim: Json | undefined, seenAt: Json | undefined): Json {
  if (typeof claim === 'string' && 'at' in parseInstant(claim)) return claim;
  return typeof seenAt === 'number' && 'at' in parseInstant(seenAt) ? seenAt : null;
}

function langOf(langs: Json | undefined): { readonly lang?: string } {
  const [lang] = listOf(langs);
  return typeof lang === 'string' && lang.length <= 35 && /^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(lang) ? { lang } : {};
}

// ------------------------------------------------------------------ facets

interface Place {
  readonly from: number;
  readonly to: number;
  readonly uri: string;
}

/**
 * Facets count in bytes of UTF-8. A displayed address is shortened: the whole one takes its place; behind other words it
 * is only listed. Facets that point outside the text, into the middle of a letter, or over one another are left alone.
 */
function readFacets(
  written: string,
  facets: Json | undefined,
): { readonly text: string; readonly links: Set<string>; readonly tags: Set<string> } {
  const links = new Set<string>();
  const tags = new Set<string>();
  const places: Place[] = [];
  for (const facet of listOf(facets).slice(0, MOST_FACETS)) {
    if (!isFields(facet)) continue;
    for (const feature of listOf(facet['features']).slice(0, MOST_FACETS)) {
      if (!isFields(feature)) continue;
      if (feature['$type'] === 'app.bsky.richtext.facet#tag' && typeof feature['tag'] === 'string') {
        tags.add(feature['tag'].slice(0, 640));
      }
      if (feature['$type'] !== 'app.bsky.richtext.facet#link' || typeof feature['uri'] !== 'string') continue;
      const uri = feature['uri'].length <= 4_000 ? webAddress(feature['uri']) : undefined;
      if (uri === undefined) continue;
      links.add(uri);
      const index = isFields(facet['index']) ? facet['index'] : {};
      const { byteStart, byteEnd } = index;
      if (typeof byteStart === 'number' && typeof byteEnd === 'number')
        places.push({ from: byteStart, to: byteEnd, uri });
    }
  }
  if (places.length === 0) return { text: written, links, tags };
  const bytes = Buffer.from(written, 'utf8');
  let text = '';
  let at = 0;
  for (const { from, to, uri } of places.toSorted((a, b) => a.from - b.from)) {
    if (!(from >= at && to > from && to <= bytes.length)) continue;
    if (isInside(bytes, from) || isInside(bytes, to)) continue;
    const shown = bytes.toString('utf8', from, to);
    if (!isShortened(shown, uri)) continue;
    text += bytes.toString('utf8', at, from) + spaceAfter(text, bytes, at, from) + uri;
    at = to;
    // What follows must not become part of the address.
    if (at < bytes.length && !/^\s/.test(bytes.toString('utf8', at, Math.min(at + 4, bytes.length)))) text += ' ';
  }
  return { text: text + bytes.toString('utf8', at), links, tags };
}

const MOST_FACETS = 100;

/** An address begins a word of its own. */
function spaceAfter(text: string, bytes: Buffer, at: number, from: number): string {
  const before = from > at ? bytes.toString('utf8', Math.max(at, from - 1), from) : text.slice(-1);
  return before === '' || /[\s("'«[]$/.test(before) ? '' : ' ';
}

/** Whether a byte is in the middle of a letter. */
function isInside(bytes: Buffer, at: number): boolean {
  return at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

function isShortened(shown: string, uri: string): boolean {
  const bare = (address: string): string =>
    address
      .replace(/^https?:\/\//i, '')
      .replace(/^www\./i, '')
      .toLowerCase();
  const head = bare(shown.trim().replace(/(…|\.\.\.)$/, ''));
  return head.includes('.') && bare(uri).startsWith(head.replace(/\/$/, ''));
}

// ---------------------------------------------------------- cards and refs

function cardOf(embed: Json | undefined): { readonly title?: string; readonly url?: string } | undefined {
  if (!isFields(embed)) return undefined;
  const media = isFields(embed['media']) ? embed['media'] : embed;
  const { external } = media;
  if (!isFields(external)) return undefined;
  const title = textOf(external['title']).trim().slice(0, 2_000);
  const uri = textOf(external['uri']);
  const url = uri.length <= 4_000 ? webAddress(uri) : undefined;
  return { ...(title === '' ? {} : { title }), ...(url === undefined ? {} : { url }) };
}

function refsOf(record: Fields): { [key: string]: string } {
  const refs: { [key: string]: string } = {};
  const put = (key: string, ref: Json | undefined): void => {
    const id = isFields(ref) ? idOf(textOf(ref['uri'])) : undefined;
    if (id !== undefined) refs[key] = id;
  };
  const { reply, embed } = record;
  if (isFields(reply)) {
    put('replyTo', reply['parent']);
    put('root', reply['root']);
  }
  if (isFields(embed)) {
    const quoted = embed['record'];
    // A quote with pictures holds the reference one level deeper.
    put('quoteOf', isFields(quoted) && isFields(quoted['record']) ? quoted['record'] : quoted);
  }
  return refs;
}

/** `at://<did>/app.bsky.feed.post/<rkey>` as `<did>/<rkey>`. */
function idOf(uri: string): string | undefined {
  const [, did, collection, rkey] = /^at:\/\/([^/]{1,300})\/([^/]+)\/([^/]{1,512})$/.exec(uri) ?? [];
  return collection === POST ? `${did}/${rkey}` : undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
