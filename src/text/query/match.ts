/** Whether a post matches: one query by its meaning, and many queries in one pass that asks only those that can match. */
import type { Token } from '../tokenize.ts';
import { fold } from '../tokenize.ts';
import type { QueryNode, TextField } from './ast.ts';
import { isAlternatives } from './ast.ts';
import type { Document } from './document.ts';
import { folded, hostOf, tokenHas } from './document.ts';

/** Whether a document matches a query: the meaning of the language, written for reading rather than for speed. */
export function matches(query: QueryNode, document: Document): boolean {
  switch (query.op) {
    case 'and':
      return query.of.every((child) => matches(child, document));
    case 'or':
      return query.of.some((child) => matches(child, document));
    case 'not':
      return !matches(query.of, document);
    case 'near':
    case 'onear':
      if (isAlternatives(query.left) && isAlternatives(query.right)) return spansOf(query, document).length > 0;
      return isNear(query.left, query.right, query.within, query.op === 'onear', document);
    case 'title':
      return Boolean(document.post.title) && matches(query.of, document.title);
    case 'field':
      return fieldMatches(query.field, query.value, query.prefix === true, document);
    case 'number':
      return numberMatches(query, document);
    case 'raw':
      return (
        rawPlaces(query.text, document.post.text).length > 0 ||
        rawPlaces(query.text, document.post.title ?? '').length > 0
      );
    default:
      return hasSpan(query, document);
  }
}

/** From the first to the last position of something found, both inclusive. */
export type Span = readonly [first: number, last: number];

function hasSpan(node: QueryNode, document: Document): boolean {
  // A plain word needs no list of places.
  if (node.op === 'term') return document.keys.has(node.word);
  if (node.op === 'emoji') return document.keys.has(node.emoji);
  if (node.op === 'hashtag' && !node.prefix) return document.keys.has(`#${node.tag}`);
  if (node.op === 'handle' && !node.prefix) return document.keys.has(`@${node.handle}`);
  return spansOf(node, document).length > 0;
}

/** Where a query of words is found, in the order of the text; empty when it is not, and for what has no place. */
export function spansOf(node: QueryNode, document: Document): readonly Span[] {
  switch (node.op) {
    case 'term':
      return ones(document.keys.get(node.word));
    case 'emoji':
      return ones(document.keys.get(node.emoji));
    case 'hashtag':
      return ones(positionsOf(`#${node.tag}${node.prefix ? '*' : ''}`, document));
    case 'handle':
      return ones(positionsOf(`@${node.handle}${node.prefix ? '*' : ''}`, document));
    case 'prefix':
      return ones(positionsOf(`${node.word}*`, document));
    case 'wildcard':
      return ones(positionsOf(node.pattern, document));
    case 'phrase':
      return phraseSpans(node.words, document);
    case 'proximity':
      return proximitySpans(node.words, node.within, document);
    case 'or': {
      const words = new Set(node.of.flatMap((child) => (child.op === 'term' ? [child.word] : [])));
      const spans = [...words].flatMap((word) => ones(document.keys.get(word)));
      return sorted(spans.concat(node.of.flatMap((child) => (child.op === 'term' ? [] : spansOf(child, document)))));
    }
    case 'and': {
      const all = node.of.filter((child) => child.op !== 'not').map((child) => spansOf(child, document));
      return all.some((spans) => spans.length === 0) ? [] : sorted(all.flat());
    }
    case 'near':
    case 'onear': {
      const known = nearby.get(document) ?? new Map<QueryNode, readonly Span[]>();
      nearby.set(document, known);
      const spans = known.get(node) ?? nearSpans(node.left, node.right, node.within, node.op === 'onear', document);
      known.set(node, spans);
      return spans;
    }
    default:
      return [];
  }
}

/** What NEARs found, by document: each link of a chain asks for what the links before it found. */
const nearby = new WeakMap<Document, Map<QueryNode, readonly Span[]>>();

function ones(positions: readonly number[] | undefined): readonly Span[] {
  return positions ? positions.map((position) => [position, position] as const) : [];
}

function sorted(spans: readonly Span[]): readonly Span[] {
  return spans.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** Whether a key is like a pattern in which `?` is one character and a last `*` is anything. */
export function isLike(pattern: string, key: string): boolean {
  const open = pattern.endsWith('*');
  const wanted = open ? pattern.slice(0, -1) : pattern;
  if (!wanted.includes('?')) return open ? key.startsWith(wanted) : key === wanted;
  let at = 0;
  for (const letter of wanted) {
    if (at >= key.length) return false;
    const width = (key.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    if (letter !== '?' && !key.startsWith(letter, at)) return false;
    at += letter === '?' ? width : letter.length;
  }
  return open || at === key.length;
}

function isPattern(word: string): boolean {
  return word.endsWith('*') || word.includes('?');
}

/** Positions of a word of a phrase, which may be a pattern. A pattern without a sigil asks the bare words. */
function positionsOf(word: string, document: Document): readonly number[] {
  if (!isPattern(word)) return document.keys.get(word) ?? [];
  const found = new Set<number>();
  for (const [key, positions] of document.keys) {
    if (isLike(word, key)) for (const position of positions) found.add(position);
  }
  return [...found].toSorted((a, b) => a - b);
}

function tokenIs(token: Token | undefined, word: string): boolean {
  if (!token) return false;
  if (!isPattern(word)) return tokenHas(token, word);
  if (isLike(word, token.text)) return true;
  if ((token.kind === 'hashtag' || token.kind === 'handle') && isLike(word, token.text.slice(1))) return true;
  return token.other !== '' && isLike(word, token.kind === 'word' ? token.other.replaceAll("'", '') : token.other);
}

function phraseSpans(words: readonly string[], document: Document): readonly Span[] {
  const [first] = words;
  if (first === undefined) return [];
  const { tokens } = document;
  const spans: Span[] = [];
  for (const position of positionsOf(first, document)) {
    let whole = position + words.length <= tokens.length;
    for (let i = 1; whole && i < words.length; i += 1) whole = tokenIs(tokens[position + i], words[i] ?? '');
    if (whole) spans.push([position, position + words.length - 1]);
  }
  return spans;
}

/** Shortest stretches that hold every word (as often as it is asked for) with at most `within` others between. */
function proximitySpans(words: readonly string[], within: number, document: Document): readonly Span[] {
  const wanted = new Map<string, number>();
  for (const word of words) wanted.set(word, (wanted.get(word) ?? 0) + 1);
  const events: { readonly position: number; readonly word: string }[] = [];
  for (const word of wanted.keys()) for (const position of positionsOf(word, document)) events.push({ position, word });
  events.sort((a, b) => a.position - b.position);
  const spans: Span[] = [];
  const held = new Map<string, number>();
  let complete = 0;
  let left = 0;
  for (const { position, word } of events) {
    const count = (held.get(word) ?? 0) + 1;
    held.set(word, count);
    if (count === wanted.get(word)) complete += 1;
    while (complete === wanted.size) {
      const from = events[left];
      if (!from) break;
      if (position - from.position + 1 <= words.length + within) spans.push([from.position, position]);
      const rest = (held.get(from.word) ?? 0) - 1;
      held.set(from.word, rest);
      if (rest === (wanted.get(from.word) ?? 0) - 1) complete -= 1;
      left += 1;
    }
  }
  return spans;
}

/** `(a OR b) NEAR c` is one of them near, `(a b) NEAR c` each of them, and `(a NOT b) NEAR c` a near and b not near. */
function isNear(left: QueryNode, right: QueryNode, within: number, ordered: boolean, document: Document): boolean {
  // Any of these near any of those is asked at once: words on both sides must not multiply.
  if (isAlternatives(left) && isAlternatives(right)) {
    return nearSpans(left, right, within, ordered, document).length > 0;
  }
  if (left.op === 'and') return left.of.every((child) => isNear(child, right, within, ordered, document));
  if (left.op === 'not') return !isNear(left.of, right, within, ordered, document);
  if (left.op === 'or') return left.of.some((child) => isNear(child, right, within, ordered, document));
  if (right.op === 'and') return right.of.every((child) => isNear(left, child, within, ordered, document));
  if (right.op === 'not') return !isNear(left, right.of, within, ordered, document);
  if (right.op === 'or') return right.of.some((child) => isNear(left, child, within, ordered, document));
  return nearSpans(left, right, within, ordered, document).length > 0;
}

/**
 * Stretches from one side to the other with at most `within` words between, never overlapping. Each span is paired with
 * the nearest of the other side before it and after it: all that is near is found, and the work stays linear.
 */
function nearSpans(
  left: QueryNode,
  right: QueryNode,
  within: number,
  ordered: boolean,
  document: Document,
): readonly Span[] {
  const a = spansOf(left, document);
  if (a.length === 0) return [];
  const b = spansOf(right, document);
  if (b.length === 0) return [];
  const spans: Span[] = [];
  collectPairs(a, b, within, spans);
  if (!ordered) collectPairs(b, a, within, spans);
  return shortest(spans);
}

/** The shortest stretch from each beginning and to each end, so that a chain of NEARs does not multiply them. */
function shortest(spans: readonly Span[]): readonly Span[] {
  if (spans.length < 2) return spans;
  const kept = new Set<Span>();
  // By beginning, then end: the first of each beginning. By end, then beginning: the last of each end.
  const rows = sorted(spans).filter(
    (span, i, all) => i === 0 || span[0] !== all[i - 1]?.[0] || span[1] !== all[i - 1]?.[1],
  );
  rows.forEach((span, i) => {
    if (span[0] !== rows[i - 1]?.[0]) kept.add(span);
  });
  const ends = rows.toSorted((a, b) => a[1] - b[1] || a[0] - b[0]);
  ends.forEach((span, i) => {
    if (span[1] !== ends[i + 1]?.[1]) kept.add(span);
  });
  return rows.filter((span) => kept.has(span));
}

/** For each span of one side the nearest of the other, `before` ending ahead of where `after` begins. */
function collectPairs(before: readonly Span[], after: readonly Span[], within: number, spans: Span[]): void {
  const ends = before.toSorted((x, y) => x[1] - y[1]);
  let at = 0;
  let nearest: Span | undefined;
  for (const span of after) {
    for (let next = ends[at]; next && next[1] < span[0]; next = ends[at]) {
      nearest = next;
      at += 1;
    }
    if (nearest && span[0] - nearest[1] - 1 <= within) spans.push([nearest[0], span[1]]);
  }
  at = after.length - 1;
  nearest = undefined;
  for (const span of ends.toReversed()) {
    for (let next = after[at]; next && next[0] > span[1]; next = after[at]) {
      nearest = next;
      at -= 1;
    }
    if (nearest && nearest[0] - span[1] - 1 <= within) spans.push([span[0], nearest[1]]);
  }
}

const wordChar = /[\p{L}\p{N}\p{M}_]/u;

/** Offsets at which a text holds these characters, not inside a longer word. */
export function rawPlaces(wanted: string, text: string): readonly number[] {
  const places: number[] = [];
  if (wanted === '') return places;
  const head = wordChar.test(pointAt(wanted, 0));
  const tail = wordChar.test(pointAt(wanted, wanted.length - (isLowSurrogate(wanted, wanted.length - 1) ? 2 : 1)));
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const before = at > 0 ? pointAt(text, at - (isLowSurrogate(text, at - 1) ? 2 : 1)) : '';
    const after = pointAt(text, at + wanted.length);
    if (!(head && wordChar.test(before)) && !(tail && wordChar.test(after))) places.push(at);
  }
  return places;
}

function pointAt(text: string, at: number): string {
  const point = text.codePointAt(at);
  return point === undefined ? '' : String.fromCodePoint(point);
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff && at > 0;
}

function numberMatches(query: QueryNode & { readonly op: 'number' }, { post }: Document): boolean {
  const value = query.field === 'rating' ? post.rating : post.author?.followers;
  if (value === undefined || value === null) return false;
  switch (query.compare) {
    case '<':
      return value < query.value;
    case '<=':
      return value <= query.value;
    case '>':
      return value > query.value;
    case '>=':
      return value >= query.value;
    default:
      return value === query.value;
  }
}

function same(value: string | undefined, wanted: string, prefix: boolean): boolean {
  if (!value) return false;
  const have = folded(value);
  return prefix ? have.startsWith(wanted) : have === wanted;
}

function fieldMatches(field: TextField, wanted: string, prefix: boolean, document: Document): boolean {
  const { post } = document;
  switch (field) {
    case 'source':
      return same(post.source, wanted, prefix);
    case 'brand':
      return same(post.brand, wanted, prefix);
    case 'lang':
      return languageOf(post.language) === wanted || (!post.language && languageOf(post.lang) === wanted);
    case 'sentiment':
      if (!post.sentiment) return false;
      return wanted === 'unsure' ? post.sentiment.unsure : !post.sentiment.unsure && post.sentiment.label === wanted;
    case 'type':
      return typeMatches(wanted, document);
    case 'topic':
      return post.topics?.some((topic) => same(topic, wanted, prefix)) ?? false;
    case 'country': {
      const country = post.extra?.['country'];
      return typeof country === 'string' && same(country, wanted, prefix);
    }
    case 'from':
      return same(post.author?.handle?.replace(/^@/, ''), wanted, prefix) || same(post.author?.id, wanted, prefix);
    case 'author':
      return (
        same(post.author?.handle?.replace(/^@/, ''), wanted, prefix) ||
        same(post.author?.id, wanted, prefix) ||
        nameHolds(post.author?.name, wanted, prefix)
      );
    case 'site': {
      const host = hostOf(post.url);
      return host !== '' && (prefix ? host.startsWith(wanted) : host === wanted || host.endsWith(`.${wanted}`));
    }
    case 'url':
      return post.url?.toLowerCase().includes(wanted) ?? false;
    case 'links':
      return document.links.some((link) => link.toLowerCase().includes(wanted));
    default:
      return field satisfies never;
  }
}

function languageOf(tag: string | undefined): string {
  return tag === undefined ? '' : fold(tag).replace(/[-_].*$/s, '');
}

/** Whether a name holds these words side by side. */
function nameHolds(name: string | undefined, wanted: string, prefix: boolean): boolean {
  if (!name) return false;
  const have = folded(name);
  for (let at = have.indexOf(wanted); at >= 0; at = have.indexOf(wanted, at + 1)) {
    const begins = at === 0 || !wordChar.test(have.charAt(at - 1));
    const ends = prefix || at + wanted.length === have.length || !wordChar.test(have.charAt(at + wanted.length));
    if (begins && ends) return true;
  }
  return false;
}

function typeMatches(wanted: string, { post }: Document): boolean {
  const { refs } = post;
  const review = post.rating !== undefined && post.rating !== null;
  switch (wanted) {
    case 'reply':
      return Boolean(refs?.replyTo);
    case 'repost':
      return Boolean(refs?.repostOf);
    case 'quote':
      return Boolean(refs?.quoteOf);
    case 'review':
      return review;
    default:
      return !refs?.replyTo && !refs?.repostOf && !refs?.quoteOf && !review;
  }
}

export { QuerySet } from './query-set.ts';
