/**
 * The reading half of the Elasticsearch store. What the server can answer exactly, it answers; what only the plain matcher can
 * tell is fetched, newest first, and told here. Every read ends at its time limit.
 */
import { type Client, errors, type estypes } from '@elastic/elasticsearch';
import { isUnavailable, plainError, statusOf, typeOf } from '../lib/elasticsearch.ts';
import { TooSlow } from '../model/errors.ts';
import type { FacetField, MentionQuery, Scope, SeriesPoint, TriagedMention } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { mentionKey } from './elasticsearch-documents.ts';
import type { Months } from './elasticsearch-months.ts';
import {
  allOf,
  anyTerm,
  type Dsl,
  type ElasticsearchPlan,
  noneOf,
  oneOf,
  planForElasticsearch,
} from './elasticsearch-query.ts';
import type { Writer } from './elasticsearch-writer.ts';
import {
  bucketOf,
  checkBucket,
  decodeCursor,
  encodeCursor,
  facetSample,
  facetValues,
  feelings,
  pageLimit,
  type Position,
  topOf,
  untouched,
  visibleBrands,
} from './selection.ts';

/** A read that was translated. */
interface Selection {
  /** Whose mentions, filtered by what, without the query's tree. */
  readonly filter: Dsl;
  readonly plan: ElasticsearchPlan | undefined;
}

interface Hit {
  readonly source: Readonly<Record<string, unknown>>;
  readonly sort: readonly unknown[];
}

/** A search as it is sent; only its query is of a known shape. */
type SearchRequest = { readonly query: Dsl; readonly pit?: object; readonly [key: string]: unknown };

type Counts = Map<string, number>;
/** Facets that the server counts; the others are counted from the newest mentions. */
type KeywordField = Exclude<FacetField, 'term' | 'link' | 'topic'>;

const newestFirst = [{ at: 'desc' }, { id: 'desc' }, { brand: 'desc' }];
/** Past its limit a read is cut off by the server; this much later it is cut off here. */
const graceMs = 250;
const walkSize = 1000;
/** Most buckets of one answer; the server's own limit is 65,536. */
const mostBuckets = 10_000;
/** Most values of one list of terms that the server takes. */
const mostValues = 60_000;
/** Values that each month hands over for one facet: the first time, and when that was not enough to be sure. */
const shardSizes = [2000, 60_000] as const;

/** Reads of one store; `limitMs` bounds each. */
export class Reader {
  readonly #client: Client;
  readonly #months: Months;
  readonly #writer: Writer;
  readonly #limitMs: Millis;
  readonly #most: number;
  readonly #fresh: 'always' | 'own' | 'never';
  #running = 0;
  #seen = 0;

  /**
   * `most` reads run at a time, more are refused. `fresh`: a search sees what was written a second ago; `always` and `own`
   * make what was just written visible before each read: by anybody, or by this store.
   */
  constructor(
    parts: { readonly client: Client; readonly months: Months; readonly writer: Writer },
    options: { readonly limitMs: Millis; readonly most: number; readonly fresh: 'always' | 'own' | 'never' },
  ) {
    this.#client = parts.client;
    this.#months = parts.months;
    this.#writer = parts.writer;
    this.#limitMs = options.limitMs;
    this.#most = options.most;
    this.#fresh = options.fresh;
  }

  async search(
    scope: Scope,
    query: MentionQuery,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly items: readonly TriagedMention[]; readonly next?: string }> {
    const limit = pageLimit(page.limit);
    let after: Position | undefined = page.after === undefined ? undefined : decodeCursor(page.after);
    const selection = select(scope, query);
    if (selection === undefined) return { items: [] };
    return await this.#within(query, async (deadline) => {
      // A page that takes long is handed over half full, with a cursor to go on from, rather than not at all.
      const soft = performance.now() + this.#limitMs / 2;
      const { plan } = selection;
      const exact = plan === undefined || plan.exact;
      const wanted = allOf([selection.filter, ...(plan === undefined ? [] : [plan.maybe])]);
      const found: Mention[] = [];
      let size = exact ? limit + 1 : Math.min(walkSize, Math.max(100, 2 * limit));
      let more = false;
      search: for (;;) {
        const hits = await this.#hits(
          {
            index: this.#months.names.mentions,
            ignore_unavailable: true,
            query: wanted,
            sort: newestFirst,
            size,
            ...(after !== undefined && { search_after: [after.at, after.id, after.brand] }),
            _source: ['body', 'terms'],
            track_total_hits: false,
          },
          deadline,
        );
        for (const { source } of hits) {
          const mention = mentionIn(source);
          if (exact || plan.test(mention)) {
            if (found.length === limit) {
              more = true;
              break search;
            }
            found.push(mention);
          }
          after = mention;
        }
        if (hits.length < size) break;
        if (performance.now() > soft) {
          more = true;
          break;
        }
        size = walkSize;
      }
      const triage = await this.#writer.triageOf(
        found.map(mentionKey),
        Math.max(graceMs, deadline - performance.now()),
      );
      const items = found.map((mention, i) => ({ ...mention, triage: triage[i] ?? untouched }));
      return more && after !== undefined ? { items, next: encodeCursor(after) } : { items };
    });
  }

  async series(scope: Scope, query: MentionQuery, bucketMs: Millis): Promise<readonly SeriesPoint[]> {
    checkBucket(bucketMs);
    const selection = select(scope, query);
    if (selection === undefined) return [];
    return await this.#within(query, async (deadline) => {
      const points = new Map<Millis, { -readonly [Key in keyof SeriesPoint]: SeriesPoint[Key] }>();
      const add = (at: Millis, feeling: string, count: number) => {
        let point = points.get(at);
        if (point === undefined) points.set(at, (point = { at, count: 0, negative: 0, positive: 0, unsure: 0 }));
        point.count += count;
        if (feeling === 'negative' || feeling === 'positive' || feeling === 'unsure') point[feeling] += count;
      };
      const { sure, unsure } = opinions(selection);
      await this.#countBuckets(sure, query, bucketMs, deadline, add);
      for await (const hit of this.#walk(unsure, ['body', 'feeling', 'at'], deadline)) {
        if (selection.plan?.test(mentionIn(hit.source)) !== true) continue;
        add(bucketOf(Number(hit.source['at']), bucketMs), String(hit.source['feeling']), 1);
      }
      return [...points.values()].sort((a, b) => a.at - b.at);
    });
  }

  async facets(
    scope: Scope,
    query: MentionQuery,
    fields: readonly FacetField[],
    top: number,
  ): Promise<Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>> {
    const selection = select(scope, query);
    if (selection === undefined) return Object.fromEntries(fields.map((field) => [field, []]));
    return await this.#within(query, async (deadline) => {
      const wanted = new Set(fields);
      const keywords = [...wanted].filter((field): field is KeywordField => !isList(field));
      const lists = [...wanted].filter(isList);
      const counts = new Map<FacetField, Counts>([...wanted].map((field) => [field, new Map()]));
      await Promise.all([
        keywords.length === 0 ? undefined : this.#countKeywords(selection, keywords, top, counts, deadline),
        lists.length === 0 ? undefined : this.#countLists(selection, lists, counts, deadline),
      ]);
      return Object.fromEntries(fields.map((field) => [field, topOf(counts.get(field) ?? new Map(), top)]));
    });
  }

  async count(): Promise<number> {
    return await this.#within({}, async (deadline) => {
      const { count } = await this.#ask(deadline, (options) =>
        this.#client.count({ index: this.#months.names.mentions, ignore_unavailable: true }, options),
      );
      return count;
    });
  }

  /** Every mention of a query, newest first, in pages; one state of the store, however long it takes. */
  async *pages(scope: Scope, query: MentionQuery, limitMs: Millis): AsyncGenerator<readonly Mention[]> {
    const selection = select(scope, query);
    if (selection === undefined) return;
    const deadline = performance.now() + limitMs;
    await this.#refresh(deadline);
    const { filter, plan } = selection;
    const wanted = allOf([filter, ...(plan === undefined ? [] : [plan.maybe])]);
    let page: Mention[] = [];
    for await (const { source } of this.#walk(wanted, ['body', 'terms'], deadline)) {
      const mention = mentionIn(source);
      if (plan !== undefined && !plan.exact && !plan.test(mention)) continue;
      page.push(mention);
      if (page.length < walkSize) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  // ---------------------------------------------------------------- counting

  async #countBuckets(
    sure: Dsl,
    query: MentionQuery,
    bucketMs: Millis,
    deadline: Millis,
    add: (at: Millis, feeling: string, count: number) => void,
  ): Promise<void> {
    if (sure.match_none) return;
    const { from, to } = query;
    const fixed_interval = `${bucketMs}ms`;
    const feeling = { terms: { field: 'feeling', size: feelings.length } };
    if (from !== undefined && to !== undefined && (to - from) / bucketMs < mostBuckets) {
      const { time } = await this.#aggregate(
        sure,
        { time: { date_histogram: { field: 'at', fixed_interval, min_doc_count: 1 }, aggs: { feeling } } },
        deadline,
      );
      for (const bucket of bucketsOf(time)) {
        for (const { key, doc_count } of bucketsOf(bucket['feeling'])) add(Number(bucket.key), String(key), doc_count);
      }
      return;
    }
    // An open period may hold more buckets than one answer does.
    const sources = [
      { at: { date_histogram: { field: 'at', fixed_interval } } },
      { feeling: { terms: { field: 'feeling' } } },
    ];
    for (let after: unknown; ; ) {
      const composite = { sources, size: mostBuckets, ...(after !== undefined && { after }) };
      const { time } = await this.#aggregate(sure, { time: { composite } }, deadline);
      const buckets = bucketsOf(time);
      for (const { key, doc_count } of buckets) {
        const { at, feeling } = key as { at: Millis; feeling: string };
        add(at, feeling, doc_count);
      }
      after = (time as { after_key?: unknown } | undefined)?.after_key;
      if (buckets.length < mostBuckets || after === undefined) return;
    }
  }

  async #countKeywords(
    selection: Selection,
    fields: readonly KeywordField[],
    top: number,
    counts: ReadonlyMap<FacetField, Counts>,
    deadline: Millis,
  ): Promise<void> {
    const { sure, unsure } = opinions(selection);
    for await (const { source } of this.#walk(unsure, ['body', ...fields.map(columnOf)], deadline)) {
      if (selection.plan?.test(mentionIn(source)) !== true) continue;
      for (const field of fields) {
        const value = source[columnOf(field)];
        if (typeof value === 'string') increase(counts.get(field), value, 1);
      }
    }
    if (sure.match_none) return;
    const size = Math.min(mostBuckets, Math.max(1, Math.trunc(top)));
    let open = fields;
    for (const shard_size of shardSizes) {
      const answer = await this.#aggregate(
        sure,
        Object.fromEntries(
          open.map((field) => [
            field,
            { terms: { field: columnOf(field), size, shard_size: Math.max(shard_size, size) } },
          ]),
        ),
        deadline,
      );
      const missing: Record<string, object> = {};
      const again: KeywordField[] = [];
      const taken = new Map<KeywordField, readonly Bucket[]>();
      for (const field of open) {
        const buckets = bucketsOf(answer[field]);
        const { doc_count_error_upper_bound: error = 0, sum_other_doc_count: other = 0 } = (answer[field] ?? {}) as {
          doc_count_error_upper_bound?: number;
          sum_other_doc_count?: number;
        };
        // Months hand over their most frequent values; only when each gave enough is the sum of them right.
        if (error > 0 && shard_size !== shardSizes.at(-1)) {
          again.push(field);
          continue;
        }
        taken.set(field, buckets);
        const listed = new Set(buckets.map(({ key }) => String(key)));
        const rest = [...(counts.get(field)?.keys() ?? [])].filter((value) => !listed.has(value));
        // Values that were found here may have been found there too, below the top.
        if (other > 0 && rest.length > 0) {
          const include = rest.slice(0, mostValues);
          missing[field] = { terms: { field: columnOf(field), size: include.length, include } };
        }
      }
      if (Object.keys(missing).length > 0) {
        const more = await this.#aggregate(sure, missing, deadline);
        for (const [field, answered] of Object.entries(more)) {
          const key = field as KeywordField;
          taken.set(key, [...(taken.get(key) ?? []), ...bucketsOf(answered)]);
        }
      }
      for (const [field, buckets] of taken) {
        for (const { key, doc_count } of buckets) increase(counts.get(field), String(key), doc_count);
      }
      open = again;
      if (open.length === 0) return;
    }
  }

  async #countLists(
    selection: Selection,
    fields: readonly FacetField[],
    counts: ReadonlyMap<FacetField, Counts>,
    deadline: Millis,
  ): Promise<void> {
    const { filter, plan } = selection;
    const wanted = allOf([filter, foreign, ...(plan === undefined ? [] : [plan.maybe])]);
    const exact = plan === undefined || plan.exact;
    const columns = fields.map((field) => (field === 'term' ? 'terms' : `${field}s`));
    let left = facetSample;
    for await (const { source } of this.#walk(wanted, exact ? columns : [...columns, 'body'], deadline)) {
      if (!exact && !plan.test(mentionIn(source))) continue;
      const mention = {
        terms: splitTerms(source['terms']),
        links: (source['links'] ?? []) as readonly string[],
        topics: (source['topics'] ?? []) as readonly string[],
      } as Mention;
      for (const field of fields) {
        const values = counts.get(field);
        for (const value of facetValues(mention, untouched, field)) increase(values, value, 1);
      }
      left -= 1;
      if (left === 0) return;
    }
  }

  // ------------------------------------------------------------------ asking

  async #within<T>(query: MentionQuery, read: (deadline: Millis) => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) throw new TooSlow('too many reads are under way');
    this.#running += 1;
    try {
      const deadline = performance.now() + this.#limitMs;
      // Posts that are asked for by name are evidence: they are looked up as they are now.
      if (this.#fresh === 'always' || query.ids !== undefined) await this.#refresh(deadline);
      else if (this.#fresh === 'own' && this.#seen !== this.#writer.changes) await this.#refresh(deadline);
      return await read(deadline);
    } finally {
      this.#running -= 1;
    }
  }

  async #refresh(deadline: Millis): Promise<void> {
    const { changes } = this.#writer;
    await this.#ask(deadline, (options) =>
      this.#client.indices.refresh(
        { index: this.#months.names.mentions, ignore_unavailable: true, allow_no_indices: true },
        options,
      ),
    );
    this.#seen = changes;
  }

  /** Every document of a query, newest first, at one point in time. */
  async *#walk(query: Dsl, fields: readonly string[], deadline: Millis): AsyncGenerator<Hit> {
    if (query.match_none) return;
    const keep_alive = `${Math.ceil(Math.max(1000, deadline - performance.now()) / 1000) + 5}s`;
    let id: string;
    try {
      const opened = await this.#ask(deadline, (options) =>
        this.#client.openPointInTime(
          { index: this.#months.names.mentions, keep_alive, ignore_unavailable: true },
          options,
        ),
      );
      id = opened.id;
    } catch (error) {
      // There is no month yet.
      if (statusOf(error) === 404) return;
      throw error;
    }
    try {
      let after: readonly unknown[] | undefined;
      for (;;) {
        const hits: readonly Hit[] = await this.#hits(
          {
            pit: { id, keep_alive },
            query,
            sort: newestFirst,
            size: walkSize,
            ...(after !== undefined && { search_after: after }),
            _source: [...fields],
            track_total_hits: false,
          },
          deadline,
        );
        yield* hits;
        after = hits.at(-1)?.sort;
        if (hits.length < walkSize || after === undefined) return;
      }
    } finally {
      // It closes by itself, a little later.
      await this.#client.closePointInTime({ id }, { requestTimeout: 2000 }).catch(() => undefined);
    }
  }

  async #hits(request: SearchRequest, deadline: Millis): Promise<readonly Hit[]> {
    const { hits } = await this.#search(request, deadline);
    return hits.hits.map(({ _source, sort }) => ({
      source: (_source ?? {}) as Readonly<Record<string, unknown>>,
      sort: sort ?? [],
    }));
  }

  async #aggregate(
    query: Dsl,
    aggs: Readonly<Record<string, object>>,
    deadline: Millis,
  ): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#search(
      {
        index: this.#months.names.mentions,
        ignore_unavailable: true,
        query,
        size: 0,
        track_total_hits: false,
        aggs,
      },
      deadline,
    );
    return answer.aggregations ?? {};
  }

  async #search(request: SearchRequest, deadline: Millis): Promise<estypes.SearchResponse> {
    const answer = await this.#ask(deadline, (options) =>
      this.#client.search(
        {
          ...request,
          timeout: `${Math.max(1, Math.ceil(deadline - performance.now()))}ms`,
          ...(request.pit === undefined && { allow_partial_search_results: false }),
        } as estypes.SearchRequest,
        options,
      ),
    );
    if (answer.timed_out || answer._shards.failed > 0) throw tooSlow();
    return answer;
  }

  /** One request within the time that is left; a busy server is asked again. */
  async #ask<T>(deadline: Millis, request: (options: { readonly requestTimeout: number }) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const left = deadline - performance.now();
      if (left <= 0) throw tooSlow();
      try {
        return await request({ requestTimeout: Math.ceil(left) + graceMs });
      } catch (error) {
        if (error instanceof errors.TimeoutError || saysTooSlow(error)) throw tooSlow();
        if (statusOf(error) === 404) throw error;
        if (!isUnavailable(error)) throw plainError(error);
        const waitMs = 50 * 2 ** attempt;
        if (performance.now() + waitMs > deadline || attempt === 4) {
          if (statusOf(error) === 429) throw tooSlow();
          throw plainError(error);
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
}

interface Bucket {
  readonly key: unknown;
  readonly doc_count: number;
  readonly [aggregation: string]: unknown;
}

function bucketsOf(aggregation: unknown): readonly Bucket[] {
  return (aggregation as { readonly buckets?: readonly Bucket[] } | undefined)?.buckets ?? [];
}

/** Not the brand's own posts: they are no opinion. */
const foreign: Dsl = { term: { own: false } };

/** Answers undefined when nothing can be found: an empty scope. Throws a RangeError on a query tree that is none. */
function select(scope: Scope, query: MentionQuery): Selection | undefined {
  const plan = query.query === undefined ? undefined : planForElasticsearch(query.query);
  const brands = visibleBrands(scope, query);
  if (brands.length === 0) return undefined;
  const filter: Dsl[] = [{ term: { client: scope.client } }, listed('brand', brands)];
  if (query.sources !== undefined) filter.push(listed('source', query.sources));
  if (query.sentiment !== undefined) filter.push({ term: { feeling: query.sentiment } });
  if (query.triage !== undefined) filter.push({ term: { triage: query.triage } });
  if (query.ids !== undefined) filter.push(listed('id', query.ids));
  const { from, to } = query;
  if (from !== undefined || to !== undefined) {
    const bounds = { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) };
    filter.push({ range: { at: bounds } });
  }
  const all = allOf(filter);
  return all.match_none ? undefined : { filter: all, plan };
}

/** One of some values, however many. */
function listed(field: string, values: readonly string[]): Dsl {
  const unique = [...new Set(values)];
  if (unique.length <= mostValues) return anyTerm(field, unique);
  const parts: Dsl[] = [];
  for (let i = 0; i < unique.length; i += mostValues)
    parts.push({ terms: { [field]: unique.slice(i, i + mostValues) } });
  return { bool: { should: parts, minimum_should_match: 1 } };
}

/** The opinions of a selection: those that the server is sure of, and those that have to be tried. */
function opinions({ filter, plan }: Selection): { readonly sure: Dsl; readonly unsure: Dsl } {
  const scope = allOf([filter, foreign]);
  if (plan === undefined) return { sure: scope, unsure: oneOf([]) };
  return {
    sure: allOf([scope, plan.sure]),
    unsure: plan.exact ? oneOf([]) : allOf([scope, plan.maybe, noneOf(plan.sure)]),
  };
}

function isList(field: FacetField): field is 'term' | 'link' | 'topic' {
  return field === 'term' || field === 'link' || field === 'topic';
}

/** The field of a document that a facet counts. */
function columnOf(field: KeywordField): string {
  return field === 'sentiment' ? 'feeling' : field;
}

function increase(counts: Counts | undefined, value: string, count: number): void {
  counts?.set(value, (counts.get(value) ?? 0) + count);
}

function mentionIn(source: Readonly<Record<string, unknown>>): Mention {
  const mention = JSON.parse(String(source['body'])) as Omit<Mention, 'terms'>;
  return { ...mention, terms: splitTerms(source['terms']) };
}

function splitTerms(terms: unknown): readonly string[] {
  return typeof terms === 'string' && terms !== '' ? terms.split(' ') : [];
}

function tooSlow(): TooSlow {
  return new TooSlow('the read took longer than its limit and was stopped');
}

/** Whether a refusal says that the time was over, or that the answer would have been too large to make. */
function saysTooSlow(error: unknown): boolean {
  const type = typeOf(error);
  if (type === 'timeout_exception' || type === 'task_cancelled_exception') return true;
  if (type !== 'search_phase_execution_exception' || !(error instanceof errors.ResponseError)) return false;
  return /time_exceeded|timeout_exception|[Tt]ime exceeded|too_many_buckets/.test(JSON.stringify(error.body));
}
