/** A store that lives in memory: for tests and backtests. Writing is cheap; reading looks at everything. */
import { Conflict, NotFound } from '../model/errors.ts';
import type { MentionQuery, MentionStore, Scope, SeriesPoint, Triage, TriagedMention } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { planQuery } from './query.ts';
import {
  bucketOf,
  checkBucket,
  comparePositions,
  decodeCursor,
  encodeCursor,
  facetSample,
  facetValues,
  feelingOf,
  feelings,
  pageLimit,
  topOf,
  triageStates,
  untouched,
  visibleBrands,
} from './selection.ts';

/** Makes an empty store. */
export function createMemoryStore(): MentionStore {
  /** By post id, then by brand. */
  const posts = new Map<string, Map<string, Mention>>();
  const buried = new Map<string, { readonly all: boolean; readonly brands: Map<string, Millis> }>();
  const triages = new Map<string, Triage>();
  let size = 0;

  function put(mention: Mention): void {
    const { id, brand, observedAt } = mention;
    const stone = buried.get(id);
    if (stone !== undefined && (stone.all || (stone.brands.get(brand) ?? -Infinity) >= observedAt)) return;
    let brands = posts.get(id);
    if (brands === undefined) posts.set(id, (brands = new Map()));
    const old = brands.get(brand);
    if (old === undefined) size += 1;
    else if (old.observedAt > observedAt || old === mention) return;
    else if (old.observedAt === observedAt && JSON.stringify(old) >= JSON.stringify(mention)) return;
    brands.set(brand, mention);
  }

  function erase(id: string, brand: string): void {
    const brands = posts.get(id);
    if (brands?.delete(brand) === true) size -= 1;
    if (brands?.size === 0) posts.delete(id);
  }

  function triageOf(mention: Pick<Mention, 'id' | 'brand'>): Triage {
    return triages.get(`${mention.id}\n${mention.brand}`) ?? untouched;
  }

  /** What a query finds, in no order. */
  function* select(scope: Scope, query: MentionQuery): Generator<Mention> {
    const brands = new Set(visibleBrands(scope, query));
    const sources = query.sources === undefined ? undefined : new Set(query.sources);
    const plan = query.query === undefined ? undefined : planQuery(query.query);
    const ids = query.ids === undefined ? posts.keys() : new Set(query.ids);
    for (const id of ids) {
      for (const mention of posts.get(id)?.values() ?? []) {
        if (mention.client !== scope.client || !brands.has(mention.brand)) continue;
        if (sources !== undefined && !sources.has(mention.source)) continue;
        if (query.from !== undefined && mention.at < query.from) continue;
        if (query.to !== undefined && mention.at >= query.to) continue;
        if (query.sentiment !== undefined && feelings[feelingOf(mention.sentiment)] !== query.sentiment) continue;
        if (query.triage !== undefined && triageOf(mention).status !== query.triage) continue;
        if (plan !== undefined && !plan.test(mention)) continue;
        yield mention;
      }
    }
  }

  return {
    async put(mentions) {
      for (const mention of mentions) put(mention);
    },

    async remove(removals) {
      for (const { id, brands, observedAt } of removals) {
        const stone = buried.get(id) ?? { all: false, brands: new Map<string, Millis>() };
        buried.set(id, brands === undefined ? { ...stone, all: true } : stone);
        for (const brand of brands ?? [...(posts.get(id)?.keys() ?? [])]) {
          stone.brands.set(brand, Math.max(stone.brands.get(brand) ?? -Infinity, observedAt));
          const old = posts.get(id)?.get(brand);
          if (brands === undefined || (old !== undefined && old.observedAt <= observedAt)) erase(id, brand);
        }
      }
    },

    async search(scope, query, page) {
      const limit = pageLimit(page.limit);
      const after = page.after === undefined ? undefined : decodeCursor(page.after);
      const found = [...select(scope, query)]
        .filter((mention) => after === undefined || comparePositions(mention, after) > 0)
        .sort(comparePositions);
      const items: readonly TriagedMention[] = found
        .slice(0, limit)
        .map((mention) => ({ ...mention, triage: triageOf(mention) }));
      const last = items.at(-1);
      return found.length > limit && last !== undefined ? { items, next: encodeCursor(last) } : { items };
    },

    async series(scope, query, bucketMs) {
      checkBucket(bucketMs);
      const points = new Map<Millis, { -readonly [Key in keyof SeriesPoint]: SeriesPoint[Key] }>();
      for (const mention of select(scope, query)) {
        if (mention.own) continue;
        const at = bucketOf(mention.at, bucketMs);
        let point = points.get(at);
        if (point === undefined) points.set(at, (point = { at, count: 0, negative: 0, positive: 0, unsure: 0 }));
        point.count += 1;
        const feeling = feelings[feelingOf(mention.sentiment)];
        if (feeling !== undefined && feeling !== 'neutral') point[feeling] += 1;
      }
      return [...points.values()].sort((a, b) => a.at - b.at);
    },

    async facets(scope, query, fields, top) {
      const opinions = [...select(scope, query)].filter((mention) => !mention.own).sort(comparePositions);
      const answer: Record<string, readonly { readonly value: string; readonly count: number }[]> = {};
      for (const field of fields) {
        const sampled = field === 'term' || field === 'link' || field === 'topic';
        const counts = new Map<string, number>();
        for (const mention of sampled ? opinions.slice(0, facetSample) : opinions) {
          for (const value of facetValues(mention, triageOf(mention), field)) {
            counts.set(value, (counts.get(value) ?? 0) + 1);
          }
        }
        answer[field] = topOf(counts, top);
      }
      return answer;
    },

    async setTriage(scope, mentionId, brand, triage, seen) {
      if (!triageStates.includes(triage.status)) throw new RangeError(`no such state of triage: ${triage.status}`);
      const mention = posts.get(mentionId)?.get(brand);
      if (mention === undefined || mention.client !== scope.client || !scope.brands.includes(brand)) {
        throw new NotFound(`no mention ${mentionId} of ${brand}`);
      }
      const before = triageOf(mention);
      if (before.version !== seen) throw new Conflict(`the triage of ${mentionId} was changed meanwhile`);
      const after: Triage = { ...triage, version: String(Number(before.version === '' ? 0 : before.version) + 1) };
      triages.set(`${mentionId}\n${brand}`, after);
      return after;
    },

    async count() {
      return size;
    },

    async [Symbol.asyncDispose]() {
      posts.clear();
      buried.clear();
      triages.clear();
      size = 0;
    },
  };
}
