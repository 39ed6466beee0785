/** What both stores agree on: the order of mentions, the page cursor, what is filtered and counted by. */
import type { FacetField, MentionQuery, Scope, Triage, TriageStatus } from '../model/ports.ts';
import type { Mention, Millis, Sentiment } from '../model/types.ts';
import { isOtherForm } from '../text/tokenize.ts';

/** The four feelings that counts tell apart; an unsure label counts as unsure alone. Databases keep the position. */
export const feelings = ['negative', 'neutral', 'positive', 'unsure'] as const;

/** The states of triage; databases keep the position. */
export const triageStates: readonly TriageStatus[] = [
  'open',
  'assigned',
  'snoozed',
  'answered',
  'escalated',
  'dismissed',
];

/** The triage of a mention that nobody has touched. */
export const untouched: Triage = { status: 'open', version: '' };

/** Most mentions that one page holds. */
export const maxPage = 1000;

/** Terms, links and topics are counted over this many of the newest matching mentions. */
export const facetSample = 5000;

/** Fields that hold many values per mention. */
export type ListField = 'term' | 'link' | 'topic';

/** Position in `feelings`. */
export function feelingOf(sentiment: Sentiment): number {
  return sentiment.unsure ? 3 : feelings.indexOf(sentiment.label);
}

/** How facets name an author: the handle, else the platform's id; `''` where the author is unknown. */
export function authorOf(mention: Mention): string {
  return mention.author?.handle ?? mention.author?.id ?? '';
}

/** The values that a mention has in a facet field, each once. */
export function facetValues(mention: Mention, triage: Triage, field: FacetField): Iterable<string> {
  switch (field) {
    case 'source':
      return [mention.source];
    case 'sentiment':
      return [feelings[feelingOf(mention.sentiment)] ?? 'unsure'];
    case 'language':
      return [mention.language];
    case 'brand':
      return [mention.brand];
    case 'author':
      return authorOf(mention) === '' ? [] : [authorOf(mention)];
    case 'triage':
      return [triage.status];
    // Another form of a word is the same word once more.
    case 'term':
      return new Set(mention.terms.filter((term) => !isOtherForm(term)));
    default:
      return listOf(mention, field);
  }
}

/** The values of a field that holds many, each once. */
export function listOf(mention: Pick<Mention, 'links' | 'topics'>, field: 'link' | 'topic'): ReadonlySet<string> {
  return new Set(field === 'link' ? mention.links : mention.topics);
}

/** The largest counts first, equal ones by value. */
export function topOf(
  counts: ReadonlyMap<string, number>,
  top: number,
): readonly { readonly value: string; readonly count: number }[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || compareText(a.value, b.value))
    .slice(0, Math.max(0, top));
}

/** The brands that a read may look at: those of the scope, and of them those asked for. */
export function visibleBrands(scope: Scope, query: MentionQuery): readonly string[] {
  const asked = query.brands === undefined ? undefined : new Set(query.brands);
  return [...new Set(scope.brands)].filter((brand) => asked === undefined || asked.has(brand));
}

/** The start of the bucket that a moment lies in. */
export function bucketOf(at: Millis, bucketMs: Millis): Millis {
  return Math.floor(at / bucketMs) * bucketMs;
}

/** Where a mention stands in the order of reading. */
export interface Position {
  readonly at: Millis;
  readonly id: string;
  readonly brand: string;
}

/** Newest first, then by id and brand, both descending. */
export function comparePositions(a: Position, b: Position): number {
  return b.at - a.at || compareText(b.id, a.id) || compareText(b.brand, a.brand);
}

/** Orders texts as their UTF-8 bytes do, which is how databases order them. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    // Surrogates stand for code points above all others, though their code units lie below U+E000.
    return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.at, position.id, position.brand])).toString('base64url');
}

/** Throws a RangeError on what is no cursor of ours. A cursor only says where to go on, never what may be seen. */
export function decodeCursor(cursor: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    parts = undefined;
  }
  if (Array.isArray(parts)) {
    const [at, id, brand] = parts as unknown[];
    if (typeof at === 'number' && typeof id === 'string' && typeof brand === 'string') return { at, id, brand };
  }
  throw new RangeError('the page cursor is not one that this store gave out');
}

/** The number of mentions that a page may hold. */
export function pageLimit(limit: number): number {
  return Math.min(maxPage, Math.max(1, Math.trunc(limit)));
}

/** Throws a RangeError unless buckets of this length can be counted. */
export function checkBucket(bucketMs: Millis): void {
  if (!Number.isSafeInteger(bucketMs) || bucketMs < 1000) {
    throw new RangeError(`a bucket is a whole number of milliseconds, one second or more, not ${bucketMs}`);
  }
}
