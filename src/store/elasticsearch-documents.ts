/** How mentions lie in Elasticsearch: names of indices, mappings, and a mention as a document. */
import { documentId } from '../lib/elasticsearch.ts';
import type { TriageStatus } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { documentOf, folded, hostOf } from '../text/query/document.ts';
import { typeValues } from '../text/query/ast.ts';
import { matches } from '../text/query/match.ts';
import { fold, terms } from '../text/tokenize.ts';
import { authorOf, feelingOf, feelings } from './selection.ts';

/** The version of the mapping of mentions: one that changes gets the next number, and months of an older one are rebuilt. */
export const mappingVersion = 1;

/** Where everything of one installation lies. */
export interface IndexNames {
  /** All mentions: an alias. */
  readonly mentions: string;
  /** Of a version of the mapping: programs of two versions may run side by side. */
  readonly template: (version: number) => string;
  readonly triage: string;
  readonly stones: string;
  /** The alias of a month, such as `2026-03`. */
  readonly month: (month: string) => string;
  /** The index behind it. */
  readonly index: (month: string, version: number) => string;
}

export function indexNames(prefix: string): IndexNames {
  return {
    mentions: `${prefix}-mentions`,
    template: (version) => `${prefix}-mentions-v${version}`,
    triage: `${prefix}-triage`,
    stones: `${prefix}-tombstones`,
    month: (month) => `${prefix}-mentions-${month}`,
    index: (month, version) => `${prefix}-mentions-${month}-v${version}`,
  };
}

/** The month of an index or of the alias of a month, and the version of its mapping (undefined for an alias). */
export function parseIndexName(
  prefix: string,
  name: string,
): { readonly month: string; readonly version: number | undefined } | undefined {
  if (!name.startsWith(`${prefix}-mentions-`)) return undefined;
  const match = /^(-?\d{4,6}-\d\d)(?:-v(\d+))?$/.exec(name.slice(`${prefix}-mentions-`.length));
  if (match?.[1] === undefined) return undefined;
  return { month: match[1], version: match[2] === undefined ? undefined : Number(match[2]) };
}

/** The month that a moment lies in, UTC. What is dated beyond the calendar lies in its first or last month. */
export function monthOf(at: Millis): string {
  const bounded = Math.min(253_402_300_799_999, Math.max(0, at));
  return new Date(Number.isFinite(bounded) ? bounded : 0).toISOString().slice(0, 7);
}

/** The end of a month, exclusive. */
export function endOf(month: string): Millis {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return Date.UTC(year, number, 1);
}

const keyword = { type: 'keyword' } as const;
/** Values to ask for; longer ones are cut when the document is made. */
const asked = Object.fromEntries(
  ['source', 'brand', 'lang', 'topic', 'country', 'from', 'name', 'type', 'site', 'host', 'url', 'links'].map(
    (name) => [name, { type: 'keyword', doc_values: false }],
  ),
);

/** Settings of every index here: one shard, because a month of mentions is small, and a copy where there is a second node. */
export const baseSettings = { number_of_shards: 1, auto_expand_replicas: '0-1' } as const;

/** Settings and mappings of a month of mentions. */
export const mentionIndex = {
  settings: {
    ...baseSettings,
    // Set, so that a shard which nobody reads is refreshed too: the check for a mention in another month relies on it.
    refresh_interval: '1s',
    analysis: {
      // Terms are made and folded by our own tokenizer: no term holds a blank.
      tokenizer: { terms: { type: 'whitespace', max_token_length: 1_000_000 } },
      filter: {
        // Lucene takes no term of more than 32,766 bytes.
        cut: { type: 'truncate', length: 250 },
        elision: {
          type: 'elision',
          articles_case: true,
          articles: ['l', 'm', 't', 'qu', 'n', 's', 'j', 'd', 'c', 'jusqu', 'quoiqu', 'lorsqu', 'puisqu'],
        },
        french: { type: 'stemmer', language: 'light_french' },
        possessive: { type: 'stemmer', language: 'possessive_english' },
        english: { type: 'stemmer', language: 'english' },
      },
      analyzer: {
        terms: { type: 'custom', tokenizer: 'terms', filter: ['cut'] },
        similar_fr: {
          type: 'custom',
          tokenizer: 'standard',
          filter: ['elision', 'lowercase', 'french', 'asciifolding'],
        },
        similar_en: {
          type: 'custom',
          tokenizer: 'standard',
          filter: ['possessive', 'lowercase', 'english', 'asciifolding'],
        },
      },
    },
  },
  mappings: {
    dynamic: false,
    _meta: { version: mappingVersion },
    properties: {
      id: keyword,
      client: keyword,
      brand: keyword,
      source: keyword,
      via: keyword,
      language: keyword,
      feeling: keyword,
      score: { type: 'float' },
      own: { type: 'boolean' },
      backfill: { type: 'boolean' },
      author: { type: 'keyword', ignore_above: 1000 },
      topics: { type: 'keyword', ignore_above: 1000 },
      links: { type: 'keyword', ignore_above: 1000 },
      url: { type: 'keyword', index: false, doc_values: false },
      fingerprint: keyword,
      duplicateOf: { type: 'keyword', ignore_above: 1000 },
      triage: keyword,
      followers: { type: 'double' },
      rating: { type: 'double' },
      at: { type: 'date', format: 'epoch_millis' },
      observedAt: { type: 'date', format: 'epoch_millis' },
      terms: { type: 'text', analyzer: 'terms', norms: false },
      titleTerms: { type: 'text', analyzer: 'terms', norms: false },
      hasTitle: { type: 'boolean' },
      // The text as it is read, by its stems: for those who ask for similar forms of a word.
      similar: {
        type: 'text',
        analyzer: 'similar_fr',
        norms: false,
        fields: { en: { type: 'text', analyzer: 'similar_en', norms: false } },
      },
      asked: { properties: asked },
      long: { type: 'keyword', doc_values: false },
      // The mention without its terms, as JSON: nothing else gives it back to the letter.
      body: { type: 'keyword', index: false, doc_values: false },
    },
  },
} as const;

/** What people say of mentions; no part of the mention's own document, so that writing the one never touches the other. */
export const triageIndex = {
  settings: baseSettings,
  mappings: {
    dynamic: false,
    properties: {
      client: keyword,
      brand: keyword,
      id: { type: 'keyword', ignore_above: 1000 },
      status: keyword,
      assignee: keyword,
      until: { type: 'date', format: 'epoch_millis' },
      verdict: keyword,
      note: { type: 'keyword', index: false, doc_values: false },
    },
  },
} as const;

/** What was removed: a document per post. */
export const stoneIndex = {
  settings: baseSettings,
  mappings: {
    dynamic: false,
    properties: {
      id: { type: 'keyword', ignore_above: 1000 },
      all: { type: 'boolean' },
      brands: { type: 'object', enabled: false },
    },
  },
} as const;

/** The id of a mention's document, and of its triage. */
export function mentionKey(mention: { readonly id: string; readonly brand: string }): string {
  return documentId(`${mention.id}|${mention.brand}`);
}

/** A mention that is to be written. */
export interface Draft {
  readonly key: string;
  readonly month: string;
  readonly mention: Mention;
  /** The mention without its terms, as JSON. */
  readonly body: string;
  /** The terms, blanks between. */
  readonly terms: string;
}

export function draftOf(mention: Mention): Draft {
  return {
    key: mentionKey(mention),
    month: monthOf(mention.at),
    mention,
    body: JSON.stringify({ ...mention, terms: undefined }),
    terms: mention.terms.join(' '),
  };
}

/** What of a kept document decides whether it is newer. */
export interface Kept {
  readonly observedAt: Millis;
  readonly body: string;
  readonly terms: string;
}

/** Whether a draft wins over what is kept. Two texts of one moment: the same one stays, whichever came first. */
export function isNewer(draft: Draft, kept: Kept): boolean {
  const observedAt = Math.trunc(draft.mention.observedAt);
  if (observedAt !== kept.observedAt) return observedAt > kept.observedAt;
  return `${draft.body}\n${draft.terms}` > `${kept.body}\n${kept.terms}`;
}

/**
 * The version under which a draft is written first: the server refuses it where a newer one is. There is room below the next
 * millisecond for what else changes a document: triage, and texts of one moment.
 */
export function versionOf(observedAt: Millis): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.trunc(observedAt) * 1024));
}

const longestValue = 1000;

/** A draft as the document that is indexed, as JSON. */
export function toSource(draft: Draft, triage: TriageStatus): string {
  const { mention } = draft;
  const { author, url, refs } = mention;
  const long: string[] = [];
  const cut = (name: string, values: readonly (string | undefined)[]) => {
    const there = values.filter((value) => value !== undefined && value !== '') as string[];
    if (there.some((value) => value.length > longestValue)) long.push(name);
    return there.length === 0 ? undefined : there.map((value) => value.slice(0, longestValue));
  };
  const country = mention.extra?.['country'];
  const host = hostOf(url);
  const name = authorOf(mention);
  return JSON.stringify({
    id: mention.id,
    client: mention.client,
    brand: mention.brand,
    source: mention.source,
    via: mention.via,
    language: mention.language,
    feeling: feelings[feelingOf(mention.sentiment)],
    score: mention.sentiment.score,
    own: mention.own,
    backfill: mention.backfill,
    author: name === '' ? undefined : name,
    topics: mention.topics,
    links: mention.links,
    url,
    fingerprint: mention.fingerprint,
    duplicateOf: mention.duplicateOf,
    triage,
    followers: author?.followers,
    rating: mention.rating,
    at: Math.trunc(mention.at),
    observedAt: Math.trunc(mention.observedAt),
    terms: draft.terms,
    titleTerms: mention.title ? terms(mention.title).join(' ') : undefined,
    hasTitle: Boolean(mention.title),
    similar: mention.title ? `${mention.title}\n${mention.text}` : mention.text,
    asked: {
      source: cut('source', [folded(mention.source)]),
      brand: cut('brand', [folded(mention.brand)]),
      lang: cut('lang', [languageOf(mention.language || mention.lang)]),
      topic: cut('topic', mention.topics.map(folded)),
      country: cut('country', [typeof country === 'string' ? folded(country) : undefined]),
      from: cut('from', [folded(author?.handle?.replace(/^@/, '')), folded(author?.id)]),
      name: cut('name', [folded(author?.name)]),
      type: refs === undefined && mention.rating === undefined ? ['post'] : typesOf(mention),
      site: cut('site', parentsOf(host)),
      host: cut('host', [host]),
      url: cut('url', [url?.toLowerCase()]),
      links: cut(
        'links',
        mention.links.map((link) => link.toLowerCase()),
      ),
    },
    long: long.length === 0 ? undefined : long,
    body: draft.body,
  });
}

/** The values of `type:` that hold of a mention. */
function typesOf(mention: Mention): readonly string[] {
  const document = documentOf(mention);
  return typeValues.filter((value) => matches({ op: 'field', field: 'type', value }, document));
}

/** A language without its region, as `lang:` compares it. */
function languageOf(tag: string | undefined): string {
  return tag === undefined ? '' : fold(tag).replace(/[-_].*$/s, '');
}

/** A host and all domains that it lies in. */
function parentsOf(host: string): readonly string[] {
  const parents: string[] = [];
  for (let rest = host, count = 0; rest !== '' && count < 20; count++) {
    parents.push(rest);
    const dot = rest.indexOf('.');
    rest = dot < 0 ? '' : rest.slice(dot + 1);
  }
  return parents;
}
