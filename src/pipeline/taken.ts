/** What was taken in before, as sources may ask it of the store: deletes of anything else need not travel. */
import type { Taken } from '../model/define.ts';
import type { MentionQuery, MentionStore, Scope } from '../model/ports.ts';
import type { Brand, Millis } from '../model/types.ts';
import { fold } from '../text/tokenize.ts';

/** A restarted process first reads what its log still holds: until then anything may be on its way to the store. */
const SETTLED_AFTER_MS = 120_000;
const AT_ONCE = 200;
/** Posts of one author that are taken out at once; an account with more is a robot, and the rest stays. */
const MOST_OF_AN_AUTHOR = 2_000;

/** Asks the store for all clients of these brands. `startedAt` is when the process began. */
export function takenFrom(
  store: Pick<MentionStore, 'search'>,
  brands: readonly Pick<Brand, 'id' | 'client'>[],
  now: () => Millis,
): Taken {
  const startedAt = now();
  const byClient = Map.groupBy(brands, ({ client }) => client);
  const scopes: readonly Scope[] = [...byClient].map(([client, of]) => ({ client, brands: of.map(({ id }) => id) }));
  return {
    async has(ids) {
      if (now() - startedAt < SETTLED_AFTER_MS) return ids.map(() => true);
      const found = new Set<string>();
      for (const scope of scopes) {
        for (let at = 0; at < ids.length; at += AT_ONCE) {
          const asked = ids.slice(at, at + AT_ONCE);
          // One post may be a mention of several brands.
          await collect(store, scope, { ids: asked }, found, Number.POSITIVE_INFINITY);
        }
      }
      return ids.map((id) => found.has(id));
    },
    async by(source, author) {
      const found = new Set<string>();
      const query = { op: 'and', of: [field('source', source), field('from', fold(author))] };
      for (const scope of scopes) await collect(store, scope, { query }, found, MOST_OF_AN_AUTHOR);
      return [...found];
    },
  };
}

async function collect(
  store: Pick<MentionStore, 'search'>,
  scope: Scope,
  query: MentionQuery,
  found: Set<string>,
  most: number,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = { limit: AT_ONCE, ...(after === undefined ? {} : { after }) };
    const { items, next } = await store.search(scope, query, page);
    for (const { id } of items) found.add(id);
    after = next;
  } while (after !== undefined && found.size < most);
}

function field(name: string, value: string): { readonly op: string; readonly field: string; readonly value: string } {
  return { op: 'field', field: name, value };
}
