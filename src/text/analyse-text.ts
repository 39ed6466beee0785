/** Everything that is known of a post's words after one pass, so that ingestion tokenizes once. */
import type { Tokenized } from './query/document.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Token } from './tokenize.ts';
import { scan, termsOf } from './tokenize.ts';

/** What `analyseText` finds. */
export type TextAnalysis = {
  /** For `documentOf`, the language detector and the sentiment scorer. */
  readonly tokenized: Tokenized;
  /** Of the text alone. */
  readonly tokens: readonly Token[];
  /** Of title and text, as a mention carries them. */
  readonly terms: readonly string[];
  /** Of title and text, each once. */
  readonly links: readonly string[];
  /** Of the text, or of the title where there is no text. */
  readonly fingerprint: string;
};

/** Reads a post's title and text once. */
export function analyseText(post: { readonly text: string; readonly title?: string | undefined }): TextAnalysis {
  const { text, title } = post;
  const body = scan(text);
  if (!title) {
    return {
      tokenized: { text: body.tokens },
      tokens: body.tokens,
      terms: termsOf(body.tokens),
      links: body.links.length > 1 ? [...new Set(body.links)] : body.links,
      fingerprint: fingerprintOf(body.tokens, text),
    };
  }
  const head = scan(title);
  return {
    tokenized: { title: head.tokens, text: body.tokens },
    tokens: body.tokens,
    terms: termsOf([...head.tokens, ...body.tokens]),
    links: [...new Set([...head.links, ...body.links])],
    fingerprint: body.tokens.length > 0 ? fingerprintOf(body.tokens, text) : fingerprintOf(head.tokens, title),
  };
}
