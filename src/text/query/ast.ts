/**
 * The tree of the query language. A tree is plain data, assignable to `Query` of the model; whoever meets an `op` that
 * it does not know must refuse it.
 *
 * Words are folded (lower case, no accents, no apostrophes). Meaning of a word: itself, itself as a hashtag or a handle,
 * itself after an elision or before a possessive; the terms to look for are `formsOf(word)` of the tokenizer.
 */
import type { Query } from '../../model/types.ts';

/** Fields compared as text. */
export const textFields = [
  'author',
  'from',
  'site',
  'url',
  'links',
  'lang',
  'country',
  'source',
  'sentiment',
  'brand',
  'type',
  'topic',
] as const;
/** One of `textFields`. */
export type TextField = (typeof textFields)[number];

/** Fields compared as numbers. */
export const numberFields = ['rating', 'followers'] as const;
/** One of `numberFields`. */
export type NumberField = (typeof numberFields)[number];

/** What `sentiment:` takes; `unsure` is a label that is a guess, and the other three leave such guesses out. */
export const sentimentValues = ['negative', 'neutral', 'positive', 'unsure'] as const;
/** What `type:` takes: `post` answers nobody and repeats nobody. */
export const typeValues = ['post', 'reply', 'repost', 'quote', 'review'] as const;

/** How `rating:` and `followers:` compare. */
export type Comparison = '=' | '<' | '<=' | '>' | '>=';

/** One node of a tree, and all below it. */
export type QueryNode =
  /** All of them. */
  | { readonly op: 'and'; readonly of: readonly QueryNode[] }
  /** One of them. */
  | { readonly op: 'or'; readonly of: readonly QueryNode[] }
  | { readonly op: 'not'; readonly of: QueryNode }
  /** One bare word. */
  | { readonly op: 'term'; readonly word: string }
  /** Words, hashtags, handles that begin so. */
  | { readonly op: 'prefix'; readonly word: string }
  /** `?` stands for one character; may end with `*`. */
  | { readonly op: 'wildcard'; readonly pattern: string }
  /** Words side by side. A word may begin with `#` or `@`, be an emoji, hold `?` or end with `*`. */
  | { readonly op: 'phrase'; readonly words: readonly string[] }
  /** All of these words, in any order, with at most `within` other words between the first and the last. */
  | { readonly op: 'proximity'; readonly words: readonly string[]; readonly within: number }
  /** One side near the other with at most `within` words between; `onear`: the left side comes first. */
  | { readonly op: 'near' | 'onear'; readonly left: QueryNode; readonly right: QueryNode; readonly within: number }
  /** That hashtag alone; `prefix`: hashtags that begin so. Without the sigil. */
  | { readonly op: 'hashtag'; readonly tag: string; readonly prefix?: true }
  /** That handle alone, as named in the text; `prefix`: handles that begin so. Without the sigil. */
  | { readonly op: 'handle'; readonly handle: string; readonly prefix?: true }
  /** Without a skin tone it matches every skin tone. */
  | { readonly op: 'emoji'; readonly emoji: string }
  /** Exactly these characters, in title or text, not inside a longer word. */
  | { readonly op: 'raw'; readonly text: string }
  /** The query, asked of the title alone. */
  | { readonly op: 'title'; readonly of: QueryNode }
  /** A field of the post; `prefix`: that begins so. `value` is folded. */
  | { readonly op: 'field'; readonly field: TextField; readonly value: string; readonly prefix?: true }
  /** A number of the post; a post that does not have it never matches. */
  | { readonly op: 'number'; readonly field: NumberField; readonly compare: Comparison; readonly value: number };

/** Names of the nodes. */
export type QueryOp = QueryNode['op'];

const ops: ReadonlySet<string> = new Set<QueryOp>([
  'and',
  'or',
  'not',
  'term',
  'prefix',
  'wildcard',
  'phrase',
  'proximity',
  'near',
  'onear',
  'hashtag',
  'handle',
  'emoji',
  'raw',
  'title',
  'field',
  'number',
]);

/** Whether a tree of the model is one of this language, by its root. Trees come from `parseQuery`, so the root is enough. */
export function isQueryNode(query: Query): query is QueryNode & Query {
  return ops.has(query.op);
}

/** A tree as a person would write it: parsing it again gives the same tree. */
export function showQuery(node: QueryNode): string {
  switch (node.op) {
    case 'and':
      return node.of
        .map((child) => (child.op === 'or' || child.op === 'and' ? `(${showQuery(child)})` : showQuery(child)))
        .join(' AND ');
    case 'or':
      return node.of.map((child) => (child.op === 'or' ? `(${showQuery(child)})` : showQuery(child))).join(' OR ');
    case 'not':
      return `NOT ${group(node.of)}`;
    case 'term':
      return node.word;
    case 'prefix':
      return `${node.word}*`;
    case 'wildcard':
      return node.pattern;
    case 'phrase':
      return `"${node.words.join(' ')}"`;
    case 'proximity':
      return `"${node.words.join(' ')}"~${node.within}`;
    case 'near':
    case 'onear': {
      const left = node.left.op === 'near' || node.left.op === 'onear' ? showQuery(node.left) : group(node.left);
      return `${left} ${node.op.toUpperCase()}/${node.within} ${group(node.right)}`;
    }
    case 'hashtag':
      return `#${node.tag}${node.prefix ? '*' : ''}`;
    case 'handle':
      return `@${node.handle}${node.prefix ? '*' : ''}`;
    case 'emoji':
      return node.emoji;
    case 'raw':
      return `raw:${quoted(node.text)}`;
    case 'title':
      return `title:${group(node.of)}`;
    case 'field':
      return `${node.field}:${plainValue.test(node.value) ? node.value : quoted(node.value)}${node.prefix ? '*' : ''}`;
    case 'number':
      return `${node.field}:${node.compare === '=' ? '' : node.compare}${node.value}`;
    default:
      return node satisfies never;
  }
}

/** A value that needs no quotation marks; one that ends with `*` does, unless it is meant to be open. */
const plainValue = /^[^\s()"“”«»„*]+$/;

function quoted(text: string): string {
  return /["”]/.test(text) ? `«${text}»` : `"${text}"`;
}

function group(node: QueryNode): string {
  return ['and', 'or', 'not', 'near', 'onear'].includes(node.op) ? `(${showQuery(node)})` : showQuery(node);
}

/** Whether a side of NEAR is words and alternatives of words, without AND or NOT at its top. */
export function isAlternatives(node: QueryNode): boolean {
  return node.op === 'or' ? node.of.every(isAlternatives) : node.op !== 'and' && node.op !== 'not';
}

/** How many nodes a tree has. */
export function sizeOf(node: QueryNode): number {
  switch (node.op) {
    case 'and':
    case 'or':
      return node.of.reduce((sum, child) => sum + sizeOf(child), 1);
    case 'not':
    case 'title':
      return 1 + sizeOf(node.of);
    case 'near':
    case 'onear':
      return 1 + sizeOf(node.left) + sizeOf(node.right);
    default:
      return 1;
  }
}

/** The fields that a query asks of, `title` and `raw` included. */
export function fieldsOf(node: QueryNode): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (child: QueryNode): void => {
    switch (child.op) {
      case 'and':
      case 'or':
        child.of.forEach(visit);
        break;
      case 'not':
        visit(child.of);
        break;
      case 'title':
        found.add('title');
        visit(child.of);
        break;
      case 'near':
      case 'onear':
        visit(child.left);
        visit(child.right);
        break;
      case 'field':
      case 'number':
        found.add(child.field);
        break;
      case 'raw':
        found.add('raw');
        break;
      default:
    }
  };
  visit(node);
  return found;
}
