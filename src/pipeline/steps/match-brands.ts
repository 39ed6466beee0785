import type { Brand, Outcome, Step, UnstampedPost } from '../../model/types.ts';
import { type Document, documentOf } from '../../text/query/document.ts';
import { QuerySet } from '../../text/query/match.ts';
import { parseQuery } from '../../text/query/parse.ts';

/** A post with the brands that it names, and the tokens that all later steps share. */
export interface MatchedPost {
  readonly post: UnstampedPost;
  readonly document: Document;
  readonly brands: readonly Brand[];
}

/** Finds the brands that a post names, all queries in one pass. Throws when a brand's query does not parse: load checks it. */
export function matchBrands(brands: readonly Brand[]): Step<UnstampedPost, MatchedPost> {
  const byId = new Map(brands.map((brand) => [brand.id, brand]));
  const queries = new QuerySet();
  for (const brand of brands) {
    const { query } = parseQuery(brand.query);
    if (!query) throw new Error(`the query of brand "${brand.id}" does not parse`);
    queries.add(brand.id, query);
  }
  return {
    name: 'match-brands',
    run: (post): Outcome<MatchedPost> => {
      const document = documentOf(post);
      // A delete goes to whoever has the post; an edit also tells the brands that it no longer names.
      if (post.op === 'delete') return { kind: 'keep', value: { post, document, brands: [] } };
      const named = queries.match(document).flatMap((id) => byId.get(id) ?? []);
      if (named.length === 0 && post.op !== 'update') return { kind: 'drop', reason: 'no-brand' };
      return { kind: 'keep', value: { post, document, brands: named } };
    },
  };
}

/** Whether one of the brand's own accounts wrote the post. */
export function isOwn(brand: Brand, post: Pick<UnstampedPost, 'source' | 'author'>): boolean {
  const accounts = brand.own[post.source];
  if (!accounts || !post.author) return false;
  const { id, handle } = post.author;
  return accounts.some((account) => account === id || (handle !== undefined && bare(account) === bare(handle)));
}

function bare(handle: string): string {
  return handle.replace(/^@/, '').toLowerCase();
}
