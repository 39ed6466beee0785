/** The parser of the query language: recursive descent over lexemes, linear in the source, and every problem at once. */
import { closest, distance } from 'fastest-levenshtein';
import type { Text } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';
import { fold, tokenize } from '../tokenize.ts';
import type { Comparison, NumberField, QueryNode, TextField } from './ast.ts';
import { isAlternatives, numberFields, sentimentValues, sizeOf, textFields, typeValues } from './ast.ts';

/** One thing wrong in a query. Offsets count UTF-16 code units of the source, the end exclusive. */
export interface QueryProblem {
  readonly start: number;
  readonly end: number;
  readonly text: Text;
}

/** `query` is there when there is no problem. */
export interface ParsedQuery {
  readonly query?: QueryNode;
  readonly problems: readonly QueryProblem[];
}

/** Longest source that is taken, in UTF-16 code units. */
export const maxQueryLength = 50_000;
/** Most groups, negations and NEARs inside one another. */
export const maxQueryDepth = 64;
/** Most words of one phrase. */
export const maxPhraseWords = 200;
/** Most pairs of words, one of each side, of which a NEAR with AND or NOT in a side can ask. */
export const maxNearPairs = 400;
/** Most problems that are listed. */
const maxProblems = 50;
const defaultDistance = 10;
const maxDistance = 99;
const minPrefixLetters = 3;

/** Letters that no text of ours uses stand for `?` and `*` while the tokenizer folds the words around them. */
const questionLetter = '\ua78f';
const starLetter = '\ua7f7';
const onlyQuestions = /^\ua78f+$/;

type Lexeme =
  | { readonly kind: '(' | ')' | 'end' | 'line' | '-'; readonly start: number; readonly end: number }
  | { readonly kind: 'operator'; readonly name: 'AND' | 'OR' | 'NOT'; readonly start: number; readonly end: number }
  | {
      readonly kind: 'near';
      readonly name: 'NEAR' | 'ONEAR';
      readonly within: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'field'; readonly name: string; readonly start: number; readonly end: number }
  | {
      readonly kind: 'quote';
      readonly text: string;
      readonly within: number | undefined;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'word'; readonly text: string; readonly start: number; readonly end: number };

const closers: Readonly<Record<string, string>> = { '"': '"”', '“': '”"', '„': '“”"', '«': '»' };
const frenchOperators: Readonly<Record<string, string>> = { OU: 'OR', ET: 'AND', SAUF: 'NOT' };
const fieldNames: readonly string[] = [...textFields, ...numberFields, 'title', 'raw'];
/** Marks that people write between words and that mean nothing here. */
const idle = new Set(['-', '–', '—', '&', '+', ',', ';', '.', '·', '•', '…', '/', ':', '!']);

/** Reads a query. Never throws; what is wrong is said with its place and with what to write instead. */
export function parseQuery(source: string): ParsedQuery {
  if (source.length > maxQueryLength) {
    const text: Text = { key: 'query.tooLong', values: { max: maxQueryLength } };
    return { problems: [{ start: maxQueryLength, end: source.length, text }] };
  }
  const parser = new Parser(source);
  const query = parser.run();
  return query && parser.problems.length === 0 ? { query, problems: [] } : { problems: parser.problems };
}

class Parser {
  readonly problems: QueryProblem[] = [];
  private readonly source: string;
  private readonly lexemes: readonly Lexeme[];
  private at = 0;
  private depth = 0;
  private tooDeep = false;
  /** The field whose group is being read. */
  private field: { readonly name: string } | undefined;

  constructor(source: string) {
    this.source = source;
    this.lexemes = this.lex();
  }

  run(): QueryNode | undefined {
    if (this.peek().kind === 'end') {
      if (this.problems.length === 0) this.problem(0, this.source.length, 'query.empty');
      return undefined;
    }
    const nodes: QueryNode[] = [];
    while (this.peek().kind !== 'end') {
      const node = this.or();
      if (node) nodes.push(node);
      const next = this.peek();
      if (next.kind === ')') {
        this.problem(next.start, next.end, 'query.closeParenthesis');
        this.at += 1;
      }
    }
    if (nodes.length === 0 && this.problems.length === 0) this.problem(0, this.source.length, 'query.empty');
    return nodes[0];
  }

  private problem(
    start: number,
    end: number,
    key: string,
    values: Readonly<Record<string, string | number>> = {},
  ): undefined {
    if (this.problems.length < maxProblems) this.problems.push({ start, end, text: { key, values } });
    return undefined;
  }

  // ------------------------------------------------------------- lexemes

  private lex(): readonly Lexeme[] {
    const { source } = this;
    const found: Lexeme[] = [];
    let i = 0;
    let line = false;
    const push = (lexeme: Lexeme): void => {
      if (line) {
        const last = found.at(-1);
        if (last && endsOperand(last) && beginsOperand(lexeme)) {
          found.push({ kind: 'line', start: lexeme.start, end: lexeme.start });
        }
        line = false;
      }
      found.push(lexeme);
    };
    while (i < source.length) {
      const char = source.charAt(i);
      if (/\s/.test(char)) {
        if (char === '\n' || char === '\r') line = true;
        i += 1;
      } else if (char === '(' || char === ')') {
        push({ kind: char, start: i, end: i + 1 });
        i += 1;
      } else if (closers[char] !== undefined) {
        const quote = this.lexQuote(i);
        push(quote);
        i = quote.end;
      } else if (char === '-' && i + 1 < source.length && /[^\s)\-–—]/.test(source.charAt(i + 1))) {
        push({ kind: '-', start: i, end: i + 1 });
        i += 1;
      } else {
        const before = found.at(-1);
        const isValue = before?.kind === 'field' && before.end === i;
        const name = isValue ? undefined : /^([\p{L}_]+):/u.exec(source.slice(i, i + 40))?.[1];
        if (name !== undefined && isField(name, source.slice(i + name.length + 1, i + name.length + 3))) {
          push({ kind: 'field', name: name.toLowerCase(), start: i, end: i + name.length + 1 });
          i += name.length + 1;
        } else {
          const word = this.lexWord(i, isValue);
          push(word);
          i = word.end;
        }
      }
    }
    found.push({ kind: 'end', start: source.length, end: source.length });
    return found;
  }

  private lexQuote(start: number): Lexeme & { readonly kind: 'quote' } {
    const { source } = this;
    const closer = closers[source.charAt(start)] ?? '"';
    let end = start + 1;
    while (end < source.length && !closer.includes(source.charAt(end))) end += 1;
    if (end >= source.length) {
      this.problem(start, source.length, 'query.openQuote');
      return { kind: 'quote', text: source.slice(start + 1), within: undefined, start, end: source.length };
    }
    const text = source.slice(start + 1, end);
    end += 1;
    let within: number | undefined;
    if (source.charAt(end) === '~') {
      const from = end;
      end += 1;
      while (end < source.length && /[\p{L}\p{N}]/u.test(source.charAt(end))) end += 1;
      within = this.distance(source.slice(from + 1, end), from, end, '~') ?? 0;
    }
    return { kind: 'quote', text, within, start, end };
  }

  private distance(text: string, start: number, end: number, operator: string): number | undefined {
    if (/^\d{1,3}$/.test(text) && Number(text) <= maxDistance) return Number(text);
    return this.problem(start, end, 'query.badDistance', { operator, max: maxDistance });
  }

  private lexWord(start: number, value: boolean): Lexeme {
    const { source } = this;
    let end = start + 1;
    while (end < source.length && !/[\s()"“”«»„]/.test(source.charAt(end))) end += 1;
    const text = source.slice(start, end);
    if (value) return { kind: 'word', text, start, end };
    if (text === 'AND' || text === 'OR' || text === 'NOT') return { kind: 'operator', name: text, start, end };
    const near = /^(O?NEAR)(?:\/(.*))?$/s.exec(text);
    if (near) {
      const name = near[1] === 'NEAR' ? 'NEAR' : 'ONEAR';
      const written = near[2];
      const within =
        written === undefined ? defaultDistance : (this.distance(written, start, end, `${name}/`) ?? defaultDistance);
      return { kind: 'near', name, within, start, end };
    }
    const write = Object.hasOwn(frenchOperators, text) ? frenchOperators[text] : undefined;
    if (write) {
      this.problem(start, end, 'query.frenchOperator', { found: text, write });
      return { kind: 'operator', name: write === 'OR' ? 'OR' : write === 'AND' ? 'AND' : 'NOT', start, end };
    }
    return { kind: 'word', text, start, end };
  }

  private peek(): Lexeme {
    return this.lexemes[this.at] ?? { kind: 'end', start: this.source.length, end: this.source.length };
  }

  // ------------------------------------------------------------- grammar

  private or(): QueryNode | undefined {
    const of: QueryNode[] = [];
    for (;;) {
      const before = this.peek();
      if (isOr(before)) {
        this.problem(before.start, before.end, 'query.missingOperand', { operator: 'OR' });
        this.at += 1;
        continue;
      }
      const node = this.and();
      if (node) of.push(node);
      const next = this.peek();
      if (!isOr(next) && next.kind !== 'line') break;
      this.at += 1;
      const after = this.peek();
      if (after.kind === 'end' || after.kind === ')') {
        this.problem(next.start, next.end, 'query.missingOperand', { operator: 'OR' });
        break;
      }
    }
    return joined('or', of);
  }

  private and(): QueryNode | undefined {
    const of: QueryNode[] = [];
    let operator: Lexeme | undefined;
    for (;;) {
      const next = this.peek();
      if (next.kind === 'end' || next.kind === ')' || next.kind === 'line' || isOr(next)) {
        if (operator) this.problem(operator.start, operator.end, 'query.missingOperand', { operator: 'AND' });
        break;
      }
      if (next.kind === 'operator' && next.name === 'AND') {
        if (operator || of.length === 0)
          this.problem(next.start, next.end, 'query.missingOperand', { operator: 'AND' });
        operator = next;
        this.at += 1;
        continue;
      }
      const node = this.unary();
      operator = undefined;
      if (node) of.push(node);
    }
    return joined('and', of);
  }

  private unary(): QueryNode | undefined {
    const next = this.peek();
    const negation = next.kind === '-' || (next.kind === 'operator' && next.name === 'NOT');
    if (!negation) return this.near();
    this.at += 1;
    const after = this.peek();
    const nothing =
      after.kind === 'end' ||
      after.kind === ')' ||
      after.kind === 'near' ||
      (after.kind === 'operator' && after.name !== 'NOT');
    if (nothing) {
      return this.problem(next.start, next.end, 'query.missingAfterNot', { operator: next.kind === '-' ? '-' : 'NOT' });
    }
    const of = this.deeper(next, () => (isNegation(after) ? this.unary() : this.near()));
    return of && { op: 'not', of };
  }

  private near(): QueryNode | undefined {
    let left = this.primary();
    let chain = 0;
    for (let next = this.peek(); next.kind === 'near'; next = this.peek()) {
      this.at += 1;
      const operator = next.name;
      chain += 1;
      const right = this.startsPrimary() ? this.primary() : undefined;
      if (!right && this.problems.length === 0)
        this.problem(next.start, next.end, 'query.missingOperand', { operator });
      if (!left && this.problems.length === 0) this.problem(next.start, next.end, 'query.missingOperand', { operator });
      if (this.field && this.field.name !== 'title') {
        this.problem(next.start, next.end, 'query.nearOperand', { operator });
      }
      if (!left || !right) continue;
      if (!isOfWords(left) || !isOfWords(right)) {
        this.problem(next.start, next.end, 'query.nearOperand', { operator });
        continue;
      }
      if (!(isAlternatives(left) && isAlternatives(right)) && sizeOf(left) * sizeOf(right) > maxNearPairs) {
        this.problem(next.start, next.end, 'query.nearPairs', { operator });
        continue;
      }
      if (chain > maxQueryDepth) {
        if (!this.tooDeep) this.problem(next.start, next.end, 'query.tooDeep', { max: maxQueryDepth });
        this.tooDeep = true;
        continue;
      }
      left = { op: operator === 'NEAR' ? 'near' : 'onear', left, right, within: next.within };
    }
    return left;
  }

  private startsPrimary(): boolean {
    const { kind } = this.peek();
    return kind === '(' || kind === 'field' || kind === 'quote' || kind === 'word';
  }

  private primary(): QueryNode | undefined {
    const next = this.peek();
    if (next.kind === 'near') return undefined;
    this.at += 1;
    switch (next.kind) {
      case '(':
        return this.group(next);
      case 'field':
        return this.fieldValue(next);
      case 'quote':
        return this.field && this.field.name !== 'title'
          ? this.valueOf(this.field.name, next.text, next, true)
          : this.phrase(next);
      case 'word':
        return this.field && this.field.name !== 'title'
          ? this.valueOf(this.field.name, next.text, next, false)
          : this.word(next.text, next);
      default:
        return this.problem(next.start, next.end, 'query.missingOperand', { operator: 'AND' });
    }
  }

  private deeper(from: Lexeme, read: () => QueryNode | undefined): QueryNode | undefined {
    if (this.depth >= maxQueryDepth) {
      if (!this.tooDeep) this.problem(from.start, from.end, 'query.tooDeep', { max: maxQueryDepth });
      this.tooDeep = true;
      // What is too deep is not read: its problems would bury this one.
      this.at = this.lexemes.length;
      return undefined;
    }
    this.depth += 1;
    const node = read();
    this.depth -= 1;
    return node;
  }

  private group(open: Lexeme): QueryNode | undefined {
    const first = this.peek();
    if (first.kind === ')') {
      this.at += 1;
      return this.problem(open.start, first.end, 'query.emptyGroup');
    }
    const node = this.deeper(open, () => this.or());
    const close = this.peek();
    if (close.kind === ')') this.at += 1;
    else if (!this.tooDeep) this.problem(open.start, open.end, 'query.openParenthesis');
    return node;
  }

  private fieldValue(field: Lexeme & { readonly kind: 'field' }): QueryNode | undefined {
    const { name } = field;
    const next = this.peek();
    if (name === 'http' || name === 'https') {
      if (next.kind === 'word') this.at += 1;
      return this.problem(field.start, next.kind === 'word' ? next.end : field.end, 'query.address');
    }
    if (!fieldNames.includes(name)) {
      if (next.kind === 'word' || next.kind === 'quote') this.at += 1;
      const nearest = closest(name, fieldNames);
      const near = distance(name, nearest) <= Math.max(1, Math.floor(nearest.length / 3)) ? nearest : '';
      return this.problem(field.start, field.end, 'query.unknownField', { field: name, near });
    }
    if (this.field) {
      if (next.kind === 'word' || next.kind === 'quote') this.at += 1;
      return this.problem(field.start, field.end, 'query.fieldGroup', { field: this.field.name });
    }
    const attached = next.start === field.end && (next.kind === '(' || next.kind === 'quote' || next.kind === 'word');
    if (!attached) return this.problem(field.start, field.end, 'query.missingValue', { field: name });
    this.field = { name };
    const node = this.primary();
    this.field = undefined;
    return name === 'title' ? node && { op: 'title', of: node } : node;
  }

  // -------------------------------------------------------------- values

  private phrase(quote: Lexeme & { readonly kind: 'quote' }): QueryNode | undefined {
    const { start, end } = quote;
    const marked = quote.text.replaceAll('?', questionLetter).replaceAll('*', starLetter);
    const words: string[] = [];
    for (const token of tokenize(marked)) {
      // A question mark that stands alone ends a sentence.
      if (onlyQuestions.test(token.text)) continue;
      const word = this.pattern(keyOf(token), start, end);
      if (word === undefined) return undefined;
      words.push(word);
    }
    if (words.length === 0) return this.problem(start, end, 'query.emptyPhrase');
    if (words.length > maxPhraseWords) return this.problem(start, end, 'query.longPhrase', { max: maxPhraseWords });
    if (words.length === 1 && words[0] !== undefined) return single(words[0]);
    return quote.within === undefined ? { op: 'phrase', words } : { op: 'proximity', words, within: quote.within };
  }

  private word(text: string, { start, end }: Lexeme): QueryNode | undefined {
    if (idle.has(text)) return undefined;
    const marked = text.replaceAll('?', questionLetter).replaceAll('*', starLetter);
    const tokens = tokenize(marked);
    if (tokens.length === 0) {
      if (/^https?:|^www\./i.test(text)) return this.problem(start, end, 'query.address');
      return this.problem(start, end, 'query.noWord', { found: text });
    }
    const words: string[] = [];
    for (const token of tokens) {
      const word = this.pattern(keyOf(token), start, end);
      if (word === undefined) return undefined;
      words.push(word);
    }
    if (words.length > maxPhraseWords) return this.problem(start, end, 'query.longPhrase', { max: maxPhraseWords });
    if (words.length === 1 && words[0] !== undefined) return single(words[0]);
    const phrase: QueryNode = { op: 'phrase', words };
    // Scripts without spaces give one word per character, while a hashtag is one token whatever its script.
    const unbroken = tokens.every(
      (token, i) => token.kind === 'word' && (i === 0 || token.start === tokens[i - 1]?.end),
    );
    if (!unbroken) return phrase;
    const whole = words.join('');
    if (whole.includes('*') || whole.includes('?')) return phrase;
    return { op: 'or', of: [phrase, { op: 'hashtag', tag: whole }, { op: 'handle', handle: whole }] };
  }

  /** Puts `?` and `*` back into a folded word and checks that they stand where they may. */
  private pattern(key: string, start: number, end: number): string | undefined {
    if (!key.includes(questionLetter) && !key.includes(starLetter)) return key;
    const word = key.replaceAll(questionLetter, '?').replaceAll(starLetter, '*');
    const star = word.indexOf('*');
    const letters = word.replace(/[?*#@]/g, '').length;
    if (star >= 0 && star < word.length - 1) return this.problem(start, end, 'query.innerWildcard');
    if (star >= 0 && letters < minPrefixLetters) {
      return this.problem(start, end, 'query.shortWildcard', { min: minPrefixLetters });
    }
    if (letters === 0) return this.problem(start, end, 'query.loneWildcard');
    return word;
  }

  private valueOf(name: string, text: string, at: Lexeme, quoted: boolean): QueryNode | undefined {
    const { start, end } = at;
    const written = text.trim();
    if (!written) return this.problem(start, end, 'query.missingValue', { field: name });
    if (name === 'raw') return { op: 'raw', text: quoted ? text : written };
    const number = numberFields.find((field) => field === name);
    if (number) return this.number(number, written, at);
    const field = textFields.find((candidate) => candidate === name);
    if (!field) return undefined;
    const prefix = !quoted && written.endsWith('*');
    const read = fieldText(field, prefix ? written.slice(0, -1) : written);
    // Folding can open a space inside a value that was written as one word.
    const value = quoted ? read : read.replace(/[\s*]+/g, '');
    const allowed = allowedValues(field);
    const fits = allowed
      ? allowed.includes(value) && !prefix
      : value !== '' && (field !== 'lang' || /^[a-z]{2,3}$/.test(value));
    if (!fits) {
      const list = allowed?.join(', ') ?? (field === 'lang' ? 'fr, en, de…' : `${field}:acme`);
      return this.problem(start, end, 'query.badValue', { field, found: written, allowed: list });
    }
    return prefix ? { op: 'field', field, value, prefix } : { op: 'field', field, value };
  }

  private number(field: NumberField, written: string, { start, end }: Lexeme): QueryNode | undefined {
    const range = /^(.+?)\.\.(.+)$/.exec(written);
    if (range) {
      const from = numberOf(range[1] ?? '');
      const to = numberOf(range[2] ?? '');
      if (from === undefined || to === undefined)
        return this.problem(start, end, 'query.badNumber', { field, found: written });
      return {
        op: 'and',
        of: [
          { op: 'number', field, compare: '>=', value: from },
          { op: 'number', field, compare: '<=', value: to },
        ],
      };
    }
    const match = /^(<=|>=|<|>|=|≤|≥)?(.+)$/.exec(written);
    const value = numberOf(match?.[2] ?? '');
    if (value === undefined) return this.problem(start, end, 'query.badNumber', { field, found: written });
    const sign = (match?.[1] ?? '=').replace('≤', '<=').replace('≥', '>=');
    const compare: Comparison = sign === '<' || sign === '<=' || sign === '>' || sign === '>=' ? sign : '=';
    return { op: 'number', field, compare, value };
  }
}

/** Whether a word before a colon means a field: a known one always, another one where a value follows. */
function isField(name: string, after: string): boolean {
  return fieldNames.includes(name.toLowerCase()) || /^[\p{L}\p{N}"“«(@#<>=/]/u.test(after);
}

function isOr(lexeme: Lexeme): boolean {
  return lexeme.kind === 'operator' && lexeme.name === 'OR';
}

function isNegation(lexeme: Lexeme): boolean {
  return lexeme.kind === '-' || (lexeme.kind === 'operator' && lexeme.name === 'NOT');
}

function endsOperand(lexeme: Lexeme): boolean {
  return lexeme.kind === 'word' || lexeme.kind === 'quote' || lexeme.kind === ')';
}

function beginsOperand(lexeme: Lexeme): boolean {
  if (lexeme.kind === 'operator') return lexeme.name === 'NOT';
  return lexeme.kind !== 'near' && lexeme.kind !== ')' && lexeme.kind !== 'end';
}

function joined(op: 'and' | 'or', of: readonly QueryNode[]): QueryNode | undefined {
  return of.length > 1 ? { op, of } : of[0];
}

/** Whether a tree speaks of words alone, so that it has places in the text. */
function isOfWords(node: QueryNode): boolean {
  switch (node.op) {
    case 'and':
    case 'or':
      return node.of.every(isOfWords);
    case 'not':
      return isOfWords(node.of);
    case 'field':
    case 'number':
    case 'raw':
    case 'title':
      return false;
    default:
      return true;
  }
}

/** Under which key a document knows this token: as it was written, elision and skin tone included. */
function keyOf(token: Token): string {
  if (!token.other) return token.text;
  return token.kind === 'word' ? token.other.replaceAll("'", '') : token.other;
}

const emojiStart = /^[^\p{L}\p{N}\p{M}#@_]/u;

/** The node of a query that is one word of a phrase. */
export function single(word: string): QueryNode {
  const star = word.endsWith('*');
  const bare = star ? word.slice(0, -1) : word;
  if (bare.includes('?')) return { op: 'wildcard', pattern: word };
  if (bare.startsWith('#'))
    return star ? { op: 'hashtag', tag: bare.slice(1), prefix: true } : { op: 'hashtag', tag: bare.slice(1) };
  if (bare.startsWith('@')) {
    return star ? { op: 'handle', handle: bare.slice(1), prefix: true } : { op: 'handle', handle: bare.slice(1) };
  }
  if (star) return { op: 'prefix', word: bare };
  return emojiStart.test(bare) ? { op: 'emoji', emoji: bare } : { op: 'term', word: bare };
}

function numberOf(text: string): number | undefined {
  const match = /^(\d{1,12}(?:[.,]\d{1,6})?)(k|m)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = match[2]?.toLowerCase();
  return Number((match[1] ?? '').replace(',', '.')) * (unit === 'k' ? 1000 : unit === 'm' ? 1_000_000 : 1);
}

function allowedValues(field: TextField): readonly string[] | undefined {
  if (field === 'sentiment') return sentimentValues;
  return field === 'type' ? typeValues : undefined;
}

/** How the value of a field is written in the tree. */
function fieldText(field: TextField, written: string): string {
  const folded = fold(written).trim();
  switch (field) {
    case 'author':
    case 'from':
      return folded.replace(/^@/, '');
    case 'site':
      return folded
        .replace(/^https?:\/\//, '')
        .replace(/^www\./, '')
        .replace(/[/?#:].*$/s, '');
    case 'url':
    case 'links':
      // Addresses keep their accents: they are compared in lower case only.
      return written
        .toLowerCase()
        .trim()
        .replace(/^https?:\/\//, '');
    case 'lang':
      return folded.replace(/[-_].*$/s, '');
    default:
      return folded;
  }
}
