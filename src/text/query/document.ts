/** A post made ready for queries: tokenized once, on first need, whatever the number of queries asked of it. */
import type { Mention } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';
import { fold, links, tokenize } from '../tokenize.ts';

type Fields = Pick<
  Mention,
  | 'title'
  | 'author'
  | 'url'
  | 'lang'
  | 'language'
  | 'links'
  | 'source'
  | 'rating'
  | 'sentiment'
  | 'brand'
  | 'topics'
  | 'refs'
  | 'extra'
>;

/** What a query can ask of: any post or mention, or a text alone. What a post does not have, no field query matches. */
export type Queried = { readonly text: string } & { readonly [Key in keyof Fields]?: Fields[Key] | undefined };

/** Tokens that are there already, so that ingestion tokenizes once. */
export type Tokenized = { readonly title?: readonly Token[]; readonly text: readonly Token[] };

/**
 * Title and text as one row of tokens, the title first: a phrase may run from one into the other, exactly as in the
 * stores, which index the terms of both in that order.
 */
export interface Document {
  readonly post: Queried;
  readonly tokens: readonly Token[];
  /** How many of `tokens` belong to the title. */
  readonly titleTokens: number;
  /** Positions of every key under which a token is found: itself, its bare word, its other form; ascending. */
  readonly keys: ReadonlyMap<string, readonly number[]>;
  /** The title alone. */
  readonly title: Document;
  readonly links: readonly string[];
}

/** Makes a document of a post. Give the tokens when they are known. */
export function documentOf(post: Queried, tokenized?: Tokenized): Document {
  return new LazyDocument(post, tokenized);
}

class LazyDocument implements Document {
  readonly post: Queried;
  private readonly given: Tokenized | undefined;
  private row: readonly Token[] | undefined;
  private titleCount = 0;
  private index: ReadonlyMap<string, readonly number[]> | undefined;
  private titleOnly: Document | undefined;
  private found: readonly string[] | undefined;

  constructor(post: Queried, given: Tokenized | undefined) {
    this.post = post;
    this.given = given;
  }

  get tokens(): readonly Token[] {
    if (this.row) return this.row;
    const text = this.given?.text ?? tokenize(this.post.text);
    const { title } = this.post;
    if (title) {
      const head = this.given?.title ?? tokenize(title);
      this.titleCount = head.length;
      this.row = [...head, ...text];
    } else this.row = text;
    return this.row;
  }

  get titleTokens(): number {
    return this.tokens.length === 0 ? 0 : this.titleCount;
  }

  get keys(): ReadonlyMap<string, readonly number[]> {
    return (this.index ??= indexOf(this.tokens));
  }

  get title(): Document {
    return (this.titleOnly ??= documentOf(
      { text: this.post.title ?? '' },
      { text: this.tokens.slice(0, this.titleTokens) },
    ));
  }

  get links(): readonly string[] {
    return (this.found ??= this.post.links ?? [...links(this.post.title ?? ''), ...links(this.post.text)]);
  }
}

function indexOf(tokens: readonly Token[]): ReadonlyMap<string, readonly number[]> {
  const index = new Map<string, number[]>();
  const put = (key: string, position: number): void => {
    const known = index.get(key);
    if (!known) index.set(key, [position]);
    else if (known.at(-1) !== position) known.push(position);
  };
  for (let position = 0; position < tokens.length; position += 1) {
    const token = tokens[position];
    if (!token) continue;
    put(token.text, position);
    if (token.kind === 'hashtag' || token.kind === 'handle') put(token.text.slice(1), position);
    if (token.other) put(token.kind === 'word' ? token.other.replaceAll("'", '') : token.other, position);
  }
  return index;
}

/** Whether a token goes by this key: itself, its bare word, its other form. */
export function tokenHas(token: Token, key: string): boolean {
  if (token.text === key) return true;
  if (
    (token.kind === 'hashtag' || token.kind === 'handle') &&
    token.text.length === key.length + 1 &&
    token.text.endsWith(key)
  ) {
    return true;
  }
  if (!token.other) return false;
  return (token.kind === 'word' ? token.other.replaceAll("'", '') : token.other) === key;
}

/** The host of an address in lower case, without `www.`; empty when there is none. */
export function hostOf(url: string | undefined): string {
  const match = /^(?:[a-z][a-z0-9+.-]*:)?\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(url ?? '');
  return (match?.[1] ?? '').toLowerCase().replace(/^www\./, '');
}

/** A field's value as queries compare it. */
export function folded(value: string | undefined): string {
  return value === undefined ? '' : fold(value).trim();
}
