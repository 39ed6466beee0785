/** Whether a set of queries answers as each query alone does, while queries come, are replaced and go. */
import { deepStrictEqual } from 'node:assert/strict';
import type { QueryNode } from '../../src/text/query/ast.ts';
import type { Queried } from '../../src/text/query/document.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { matches, QuerySet } from '../../src/text/query/match.ts';
import type { Compared } from './random-queries.ts';

/** Throws where they differ; counts what was compared into `seen`. */
export function compareOnce(queries: readonly QueryNode[], posts: readonly Queried[], seen: Compared): void {
  const set = new QuerySet();
  const ids = new Map<string, QueryNode>();
  queries.forEach((query, i) => {
    // Some ids come twice: the later query replaces the earlier one.
    const id = `q${i % 20}`;
    set.add(id, query);
    ids.set(id, query);
  });
  for (const one of posts) {
    const expected = [...ids].filter(([, query]) => matches(query, documentOf(one))).map(([id]) => id);
    deepStrictEqual(set.match(documentOf(one)), expected.toSorted());
    seen.pairs += ids.size;
    seen.hits += expected.length;
    const [gone] = ids.keys();
    if (gone !== undefined && ids.size > 1) {
      deepStrictEqual(set.remove(gone), true);
      ids.delete(gone);
    }
  }
  deepStrictEqual(set.size, ids.size);
}
