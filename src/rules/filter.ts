/** Which mentions a metric counts: its own filter and the rule's networks together. */
import type { Mention, Query } from '../model/types.ts';
import { isQueryNode } from '../text/query/ast.ts';
import { type Document, documentOf } from '../text/query/document.ts';
import { matches } from '../text/query/match.ts';
import type { FoldFilter } from './metrics.ts';

let lastMention: Mention | undefined;
let lastDocument: Document | undefined;

/** Several filters ask of the same mention: it is tokenized once at most. */
function documentFor(mention: Mention): Document {
  if (mention !== lastMention || !lastDocument) {
    lastMention = mention;
    lastDocument = documentOf(mention);
  }
  return lastDocument;
}

/** Stays the same as long as the filter means the same; empty: every mention. */
export function filterKey(text: string, sources: readonly string[] | undefined): string {
  if (!sources) return text === '' ? '' : `|${text}`;
  return `${[...new Set(sources)].sort().join(',')}|${text}`;
}

/** Makes the filter of a leaf. Throws when the filter is not among the parsed ones: load has checked it. */
export function filterOf(
  text: string,
  sources: readonly string[] | undefined,
  parsed: ReadonlyMap<string, Query>,
): FoldFilter {
  const query = text === '' ? undefined : parsed.get(text);
  if (text !== '' && (!query || !isQueryNode(query))) throw new Error(`the filter "${text}" was not parsed`);
  const node = query && isQueryNode(query) ? query : undefined;
  const networks = sources ? new Set(sources) : undefined;
  return {
    key: filterKey(text, sources),
    matches: (mention) =>
      (networks?.has(mention.source) ?? true) && (node === undefined || matches(node, documentFor(mention))),
  };
}
