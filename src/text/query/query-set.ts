/**
 * Many queries, one pass over a post.
 *
 * Every word that a query asks for has a number, and so has every pattern (`acm*`). A pass looks up each token once and
 * notes where each known word stands. A query is cut into its alternatives, and each alternative is kept under its
 * anchors: words of which every match holds at least one. Only alternatives whose anchor is there, and whose guard (a
 * second word that they cannot do without) is there too, are asked for what the anchor does not say already, on numbers
 * alone; those that consist of their anchor are not even asked. What cannot have an anchor (a pure negation, a field
 * alone) is asked every time.
 *
 * Anchors are the rarest words. How rare a word is, is guessed at first and counted from then on: after 1,000 documents,
 * and again whenever their number has doubled, the alternatives are looked at again, one a pass, and those that stand
 * under words that turned out common move. Where they stand changes the speed and never the answer.
 */
import { hashOf } from '../tokenize.ts';
import type { QueryNode } from './ast.ts';
import type { Document } from './document.ts';
import { everyday } from './everyday.ts';
import { isLike, matches } from './match.ts';
import { WordTable } from './word-table.ts';

/** A query on numbers; what it cannot say is asked of the plain evaluator. */
type Compiled =
  | { readonly op: 'word'; readonly word: number }
  | { readonly op: 'phrase' | 'one'; readonly words: readonly number[] }
  /**
   * Groups one after the other, each begun by how many words it has: one of them must be there; a count below zero: none.
   * The usual query, in one piece of memory.
   */
  | { readonly op: 'groups'; readonly words: readonly number[] }
  | { readonly op: 'and' | 'or'; readonly of: readonly Compiled[] }
  | { readonly op: 'not'; readonly of: Compiled }
  | { readonly op: 'plain'; readonly query: QueryNode };

/** Words of which every match holds at least one. */
interface Anchors {
  readonly words: readonly string[];
  /** In what share of the documents one of them is, as far as is known, summed over them. */
  readonly cost: number;
  /** Whether holding one is all that the query asks for. */
  readonly enough: boolean;
}

interface Entry {
  readonly id: string;
  readonly slot: number;
  /** All words and patterns that it asks for. */
  readonly words: ReadonlySet<string>;
  /** Its alternatives; undefined: it is asked of every document, as a whole. */
  readonly clauses: readonly Clause[] | undefined;
  readonly whole: Compiled | undefined;
}

/** One alternative of a query. */
interface Clause {
  readonly number: number;
  readonly slot: number;
  readonly part: QueryNode;
  /** Words of its query: those that only anchors or guards need are added here. */
  readonly words: Set<string>;
  /** What is left to ask when an anchor is there; undefined: nothing. */
  rest: Compiled | undefined;
  anchors: readonly string[];
}

/** Where an alternative is to stand. */
interface Plan {
  readonly anchors: Anchors;
  readonly rest: QueryNode | undefined;
  readonly guard: string | undefined;
}

interface Word {
  readonly number: number;
  readonly text: string;
  users: number;
  /** Documents that held it, since the set had seen `since` documents. */
  count: number;
  since: number;
  /** Whether anything stands under it. */
  listed: boolean;
  /**
   * What stands under it, in pairs: a clause that is asked when it is there, and the number of its guard or -1; or, below
   * zero, the inverted slot of a query that matches at once, and -1.
   */
  readonly under: number[];
}

const nothing: readonly number[] = [];
const mostPasses = 0xffff_fff0;
const literalLength = 3;
/** Documents after which alternatives are looked at again for the first time. */
const firstReview = 1_000;
/** A guess at how common a word is weighs as much as that many documents. */
const guessWeight = 50;
/** An alternative moves when that share of its cost is what remains. */
const worthMoving = 0.7;

/** Queries by id, matched together. Ids come back in ascending order of their code units. */
export class QuerySet {
  private readonly entries = new Map<string, Entry>();
  /** By slot; slots of removed queries are used again. */
  private readonly slots: (Entry | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  private readonly words = new WordTable<Word>();
  private numbers = 0;
  private readonly freeNumbers: number[] = [];
  /** Patterns by the first letters that they spell out, and those that spell out too few. */
  private readonly patterns = new Map<string, Word[]>();
  private readonly loosePatterns: Word[] = [];
  private readonly always: number[] = [];
  /** Ids in order, and the place of each slot among them. */
  private readonly order: Entry[] = [];
  private ids: readonly string[] = [];
  private ranks = new Int32Array(64);
  private ranksValid = true;

  private pass = 0;
  /** By slot: the pass in which it last matched. */
  private matched = new Uint32Array(64);
  private readonly clauses: (Clause | undefined)[] = [];
  private readonly freeClauses: number[] = [];
  /** By clause: the pass in which it was last asked, the slot of its query, and what is left to ask where that is groups. */
  private asked = new Uint32Array(64);
  private slotOf = new Uint32Array(64);
  private readonly groups: (readonly number[] | undefined)[] = [];
  /** By number: the pass in which the word was last there, and its last event. */
  private seen = new Uint32Array(64);
  private last = new Uint32Array(64);
  /** Each event is a word at a position; those of one word are a chain backwards, which 0 ends. */
  private events = 0;
  private eventPosition = new Uint32Array(256);
  private eventBefore = new Uint32Array(256);
  /** Numbers plus one of the up to three words at each position: itself, its bare word, its other form. */
  private at = new Uint32Array(256);
  /** What stands under the words that are there; what lies behind `presentCount` is of earlier passes. */
  private readonly present: (readonly number[])[] = [];
  private presentCount = 0;
  private found = new Int32Array(64);
  private foundCount = 0;

  private documents = 0;
  private reviewAt = firstReview;
  private reviewed = 0;
  private readonly costOf = (text: string): number => {
    const word = this.words.get(text);
    const guess = guessOf(text);
    if (!word) return guess;
    return (word.count + guess * guessWeight) / (this.documents - word.since + guessWeight);
  };

  get size(): number {
    return this.entries.size;
  }

  /** Adds a query, or replaces the one of that id. */
  add(id: string, query: QueryNode): void {
    this.remove(id);
    const slot = this.freeSlots.pop() ?? this.slots.length;
    const words = new Set<string>();
    const parts = alternativesOf(query);
    const plans = parts.map((part) => planOf(part, this.costOf));
    const clauses: Clause[] = [];
    plans.forEach((plan, i) => {
      const part = parts[i];
      if (plan && part) clauses.push(this.addClause(slot, part, plan, words));
    });
    const anchored = clauses.length === parts.length;
    if (!anchored) for (const clause of clauses) this.dropClause(clause);
    const whole = anchored ? undefined : this.compile(query, words);
    const entry: Entry = { id, slot, words, clauses: anchored ? clauses : undefined, whole };
    this.slots[slot] = entry;
    this.entries.set(id, entry);
    if (slot >= this.matched.length) {
      this.matched = grown(this.matched, slot);
      const ranks = new Int32Array(this.matched.length);
      ranks.set(this.ranks);
      this.ranks = ranks;
      this.found = new Int32Array(this.matched.length);
    }
    this.matched[slot] = 0;
    if (!anchored) this.always.push(slot);
    this.order.splice(this.rankOf(id), 0, entry);
    this.ranksValid = false;
  }

  /** Answers whether there was such a query. */
  remove(id: string): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    this.entries.delete(id);
    this.slots[entry.slot] = undefined;
    this.freeSlots.push(entry.slot);
    this.order.splice(this.rankOf(id), 1);
    this.ranksValid = false;
    if (!entry.clauses) this.always.splice(this.always.indexOf(entry.slot), 1);
    for (const clause of entry.clauses ?? []) this.dropClause(clause);
    for (const word of entry.words) this.release(word);
    return true;
  }

  private addClause(slot: number, part: QueryNode, plan: Plan, words: Set<string>): Clause {
    const number = this.freeClauses.pop() ?? this.clauses.length;
    const clause: Clause = { number, slot, part, words, rest: undefined, anchors: [] };
    this.clauses[number] = clause;
    if (number >= this.asked.length) {
      this.asked = grown(this.asked, number);
      this.slotOf = grown(this.slotOf, number);
    }
    this.asked[number] = 0;
    this.slotOf[number] = slot;
    // All that it could stand under is counted from now on.
    for (const word of requiredBy(part)) this.numberOf(word, words);
    this.place(clause, plan);
    return clause;
  }

  private dropClause(clause: Clause): void {
    this.displace(clause);
    this.clauses[clause.number] = undefined;
    this.groups[clause.number] = undefined;
    this.freeClauses.push(clause.number);
  }

  private place(clause: Clause, { anchors, rest, guard }: Plan): void {
    const { number, slot, words } = clause;
    clause.anchors = anchors.words;
    clause.rest = rest && this.compile(rest, words);
    this.groups[number] = clause.rest && groupsOf(clause.rest);
    const guardNumber = guard === undefined ? -1 : this.numberOf(guard, words);
    for (const anchor of anchors.words) {
      this.numberOf(anchor, words);
      const word = this.words.get(anchor);
      if (!word) continue;
      word.listed = true;
      if (rest) word.under.push(number, guardNumber);
      else word.under.push(~slot, -1);
    }
  }

  private displace({ number, slot, rest, anchors }: Clause): void {
    for (const anchor of anchors) {
      const word = this.words.get(anchor);
      if (!word) continue;
      dropPair(word.under, rest ? number : ~slot);
      word.listed = word.under.length > 0;
    }
  }

  /** Looks at one alternative again; after the last one, at none until the documents have doubled. */
  private review(): void {
    const clause = this.clauses[this.reviewed];
    this.reviewed += 1;
    if (clause?.rest) {
      const plan = planOf(clause.part, this.costOf);
      const cost = clause.anchors.reduce((sum, anchor) => sum + this.costOf(anchor), 0);
      if (plan && plan.anchors.cost < cost * worthMoving) {
        this.displace(clause);
        this.place(clause, plan);
      }
    }
    if (this.reviewed < this.clauses.length) return;
    this.reviewed = 0;
    this.reviewAt = this.documents * 2;
  }

  /** Ids of the queries that the document matches. */
  match(document: Document): string[] {
    this.begin();
    if (this.words.size > 0) this.note(document);
    const { present, presentCount, asked, matched, seen, pass, groups, slotOf } = this;
    for (let i = 0; i < presentCount; i += 1) {
      const under = present[i] ?? nothing;
      for (let k = 0; k < under.length; k += 2) {
        const number = under[k] ?? 0;
        if (number < 0) {
          if (matched[~number] !== pass) this.keep(~number);
          continue;
        }
        const guard = under[k + 1] ?? -1;
        if ((guard >= 0 && seen[guard] !== pass) || asked[number] === pass) continue;
        asked[number] = pass;
        const slot = slotOf[number] ?? 0;
        if (matched[slot] === pass) continue;
        const group = groups[number];
        if (group ? this.holdsGroups(group) : this.holdsRest(number, document)) this.keep(slot);
      }
    }
    for (const slot of this.always) {
      const whole = this.slots[slot]?.whole;
      if (whole && this.holds(whole, document)) this.keep(slot);
    }
    if (this.documents >= this.reviewAt) this.review();
    return this.foundCount === 0 ? [] : this.sortedIds();
  }

  private keep(slot: number): void {
    this.matched[slot] = this.pass;
    this.found[this.foundCount] = slot;
    this.foundCount += 1;
  }

  private begin(): void {
    this.pass += 1;
    if (this.pass > mostPasses) {
      this.pass = 1;
      this.asked.fill(0);
      this.matched.fill(0);
      this.seen.fill(0);
    }
    this.documents += 1;
    this.presentCount = 0;
    this.foundCount = 0;
    this.events = 0;
  }

  private sortedIds(): string[] {
    const { order, ranks, found, foundCount } = this;
    if (!this.ranksValid) {
      for (let rank = 0; rank < order.length; rank += 1) ranks[order[rank]?.slot ?? 0] = rank;
      this.ids = order.map(({ id }) => id);
      this.ranksValid = true;
    }
    for (let i = 0; i < foundCount; i += 1) found[i] = ranks[found[i] ?? 0] ?? 0;
    if (foundCount > 24) found.subarray(0, foundCount).sort();
    else insertionSort(found, foundCount);
    const answer: string[] = [];
    for (let i = 0; i < foundCount; i += 1) answer.push(this.ids[found[i] ?? 0] ?? '');
    return answer;
  }

  // ------------------------------------------------------------ one pass

  /** Notes which known words and patterns the document holds, and where. */
  private note(document: Document): void {
    const { words: known } = this;
    const { tokens } = document;
    const patterns = this.patterns.size > 0 || this.loosePatterns.length > 0;
    if (tokens.length * 3 > this.at.length) this.at = new Uint32Array(tokens.length * 4);
    const { at } = this;
    for (let position = 0; position < tokens.length; position += 1) {
      const token = tokens[position];
      if (!token) continue;
      const { text, kind, other } = token;
      const word = known.find(text, token.hash);
      const place = position * 3;
      at[place] = word ? this.put(word, position) : 0;
      at[place + 1] = 0;
      at[place + 2] = 0;
      if (patterns) this.putPatterns(text, position);
      if (kind === 'hashtag' || kind === 'handle') {
        const bare = text.slice(1);
        const same = known.find(bare, hashOf(bare));
        if (same) at[place + 1] = this.put(same, position);
        if (patterns) this.putPatterns(bare, position);
      }
      if (other !== '') {
        const whole = kind === 'word' ? other.replaceAll("'", '') : other;
        const same = known.find(whole, hashOf(whole));
        if (same) at[place + 2] = this.put(same, position);
        if (patterns) this.putPatterns(whole, position);
      }
    }
  }

  /** Notes a word at a position and answers its number plus one. */
  private put(word: Word, position: number): number {
    const { number } = word;
    const event = this.events + 1;
    this.events = event;
    if (event >= this.eventBefore.length) {
      this.eventBefore = grown(this.eventBefore, event);
      this.eventPosition = grown(this.eventPosition, event);
    }
    this.eventPosition[event] = position;
    if (this.seen[number] === this.pass) this.eventBefore[event] = this.last[number] ?? 0;
    else {
      this.seen[number] = this.pass;
      this.eventBefore[event] = 0;
      word.count += 1;
      if (word.listed) {
        this.present[this.presentCount] = word.under;
        this.presentCount += 1;
      }
    }
    this.last[number] = event;
    return number + 1;
  }

  private putPatterns(key: string, position: number): void {
    const listed = this.patterns.get(key.slice(0, literalLength));
    if (listed) for (const pattern of listed) if (isLike(pattern.text, key)) this.put(pattern, position);
    for (const pattern of this.loosePatterns) if (isLike(pattern.text, key)) this.put(pattern, position);
  }

  private holds(query: Compiled, document: Document): boolean {
    switch (query.op) {
      case 'word':
        return this.seen[query.word] === this.pass;
      case 'and':
        for (const child of query.of) if (!this.holds(child, document)) return false;
        return true;
      case 'or':
        for (const child of query.of) if (this.holds(child, document)) return true;
        return false;
      case 'not':
        return !this.holds(query.of, document);
      case 'one':
        for (const word of query.words) if (this.seen[word] === this.pass) return true;
        return false;
      case 'groups':
        return this.holdsGroups(query.words);
      case 'phrase':
        return this.holdsPhrase(query.words, document.tokens.length);
      default:
        return matches(query.query, document);
    }
  }

  private holdsRest(number: number, document: Document): boolean {
    const rest = this.clauses[number]?.rest;
    return rest !== undefined && this.holds(rest, document);
  }

  private holdsGroups(words: readonly number[]): boolean {
    const { seen, pass } = this;
    let at = 0;
    while (at < words.length) {
      const count = words[at] ?? 0;
      const end = at + 1 + (count < 0 ? -count : count);
      let there = false;
      for (let i = at + 1; i < end && !there; i += 1) there = seen[words[i] ?? 0] === pass;
      if (there === count < 0) return false;
      at = end;
    }
    return true;
  }

  private holdsPhrase(words: readonly number[], length: number): boolean {
    const { seen, pass, at, eventBefore, eventPosition } = this;
    for (const word of words) if (seen[word] !== pass) return false;
    const start = words[0] ?? 0;
    for (let event = this.last[start] ?? 0; event !== 0; event = eventBefore[event] ?? 0) {
      const position = eventPosition[event] ?? 0;
      if (position + words.length > length) continue;
      let whole = true;
      for (let i = 1; whole && i < words.length; i += 1) {
        const place = (position + i) * 3;
        const wanted = (words[i] ?? 0) + 1;
        whole = at[place] === wanted || at[place + 1] === wanted || at[place + 2] === wanted;
      }
      if (whole) return true;
    }
    return false;
  }

  // ------------------------------------------------------------ the words

  private compile(query: QueryNode, words: Set<string>): Compiled {
    switch (query.op) {
      case 'and': {
        const of = query.of.map((child) => this.compile(child, words));
        const groups = of.map(groupOf);
        const flat = groups.flatMap((group) => group ?? []);
        return groups.includes(undefined) ? { op: 'and', of } : { op: 'groups', words: flat };
      }
      case 'or': {
        const of = query.of.map((child) => this.compile(child, words));
        const numbers = of.flatMap((child) => (child.op === 'word' ? [child.word] : []));
        return numbers.length < of.length ? { op: 'or', of } : { op: 'one', words: numbers };
      }
      case 'not':
        return { op: 'not', of: this.compile(query.of, words) };
      case 'phrase':
        // A token can be like several patterns at once: such a phrase is asked of the plain evaluator.
        if (query.words.length === 0 || query.words.some(isPattern)) return { op: 'plain', query };
        return { op: 'phrase', words: query.words.map((word) => this.numberOf(word, words)) };
      default: {
        const word = wordOf(query);
        return word === undefined ? { op: 'plain', query } : { op: 'word', word: this.numberOf(word, words) };
      }
    }
  }

  /** The number of a word, of which a query is a user once, however often it asks for it. */
  private numberOf(text: string, words: Set<string>): number {
    const known = words.has(text) ? this.words.get(text) : undefined;
    if (known) return known.number;
    words.add(text);
    return this.hold(text).number;
  }

  /** The word of that text with one more user. */
  private hold(text: string): Word {
    const known = this.words.get(text);
    if (known) {
      known.users += 1;
      return known;
    }
    const number = this.freeNumbers.pop() ?? this.numbers;
    if (number === this.numbers) this.numbers += 1;
    const word: Word = { number, text, users: 1, count: 0, since: this.documents, listed: false, under: [] };
    if (number >= this.seen.length) {
      this.seen = grown(this.seen, number);
      this.last = grown(this.last, number);
    }
    this.seen[number] = 0;
    this.words.add(word);
    if (isPattern(text)) {
      const literal = literalOf(text);
      const list =
        literal.length < literalLength
          ? this.loosePatterns
          : (this.patterns.get(literal.slice(0, literalLength)) ?? []);
      list.push(word);
      if (literal.length >= literalLength) this.patterns.set(literal.slice(0, literalLength), list);
    }
    return word;
  }

  private release(text: string): void {
    const word = this.words.get(text);
    if (!word) return;
    word.users -= 1;
    if (word.users > 0) return;
    this.words.delete(word);
    this.freeNumbers.push(word.number);
    if (!isPattern(text)) return;
    const literal = literalOf(text).slice(0, literalLength);
    const list = literal.length < literalLength ? this.loosePatterns : this.patterns.get(literal);
    if (!list) return;
    list.splice(list.indexOf(word), 1);
    if (list.length === 0) this.patterns.delete(literal);
  }

  /** Where an id stands, or would stand, in the order. */
  private rankOf(id: string): number {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.order[middle]?.id ?? '') < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A part of a conjunction as a group of words, where it is one. */
function groupOf(query: Compiled): readonly number[] | undefined {
  switch (query.op) {
    case 'word':
      return [1, query.word];
    case 'one':
      return [query.words.length, ...query.words];
    case 'not': {
      const of = query.of.op === 'not' ? undefined : groupOf(query.of);
      return of && [-(of[0] ?? 0), ...of.slice(1)];
    }
    default:
      return undefined;
  }
}

function groupsOf(query: Compiled): readonly number[] | undefined {
  return query.op === 'groups' ? query.words : groupOf(query);
}

function grown(array: Uint32Array<ArrayBuffer>, index: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(array.length * 2, index + 1));
  larger.set(array);
  return larger;
}

/** Takes out the pair that begins with `value`, putting the last pair in its place. */
function dropPair(list: number[], value: number): void {
  for (let at = 0; at < list.length; at += 2) {
    if (list[at] !== value) continue;
    list.copyWithin(at, list.length - 2);
    list.length -= 2;
    return;
  }
}

function insertionSort(array: Int32Array, count: number): void {
  for (let i = 1; i < count; i += 1) {
    const value = array[i] ?? 0;
    let k = i - 1;
    while (k >= 0 && (array[k] ?? 0) > value) {
      array[k + 1] = array[k] ?? 0;
      k -= 1;
    }
    array[k + 1] = value;
  }
}

function isPattern(word: string): boolean {
  return word.endsWith('*') || word.includes('?');
}

/** The letters that a pattern spells out before its first `?` or its `*`. */
function literalOf(pattern: string): string {
  const question = pattern.indexOf('?');
  const end = question >= 0 ? question : pattern.length;
  return pattern.slice(0, pattern.endsWith('*') ? Math.min(end, pattern.length - 1) : end);
}

/** The word or pattern that a leaf of the tree stands for, as documents know it. */
function wordOf(query: QueryNode): string | undefined {
  switch (query.op) {
    case 'term':
      return query.word;
    case 'emoji':
      return query.emoji;
    case 'prefix':
      return `${query.word}*`;
    case 'wildcard':
      return query.pattern;
    case 'hashtag':
      return `#${query.tag}${query.prefix ? '*' : ''}`;
    case 'handle':
      return `@${query.handle}${query.prefix ? '*' : ''}`;
    default:
      return undefined;
  }
}

/** In what share of the documents a word may be that has not been counted: everyday words are common, and so are short ones. */
function guessOf(word: string): number {
  const share = everyday.has(word) ? 0.3 : 0.2 / (1 + word.length ** 2);
  return isPattern(word) ? share * 4 : share;
}

type CostOf = (word: string) => number;

function cheapest(candidates: readonly (Anchors | undefined)[]): Anchors | undefined {
  let best: Anchors | undefined;
  for (const candidate of candidates) if (candidate && (!best || candidate.cost < best.cost)) best = candidate;
  return best;
}

function union(parts: readonly (Anchors | undefined)[]): Anchors | undefined {
  const words = new Set<string>();
  let cost = 0;
  let enough = true;
  for (const part of parts) {
    if (!part) return undefined;
    for (const word of part.words) words.add(word);
    cost += part.cost;
    enough &&= part.enough;
  }
  return { words: [...words], cost, enough };
}

function notEnough(anchors: Anchors | undefined): Anchors | undefined {
  return anchors?.enough ? { ...anchors, enough: false } : anchors;
}

/** The alternatives of a query: one of them holds exactly when the query does. */
function alternativesOf(query: QueryNode): readonly QueryNode[] {
  return query.op === 'or' ? query.of.flatMap(alternativesOf) : [query];
}

/** What has to hold all together for a query to hold. */
function partsOf(query: QueryNode): readonly QueryNode[] {
  return query.op === 'and' ? query.of.flatMap(partsOf) : [query];
}

/** Where to look for a query; undefined when nothing is sure to be there, as in a pure negation. */
function planOf(query: QueryNode, costOf: CostOf): Plan | undefined {
  const parts = partsOf(query).map((part) => ({ part, anchors: anchorsOf(part, costOf) }));
  const anchors = cheapest(parts.map((each) => each.anchors));
  if (!anchors) return undefined;
  // What is least often true is asked first.
  const rest = parts
    .filter((each) => each.anchors !== anchors || !anchors.enough)
    .toSorted((a, b) => (a.anchors?.cost ?? Infinity) - (b.anchors?.cost ?? Infinity))
    .map(({ part }) => part);
  const [only] = rest;
  const asked: QueryNode | undefined = rest.length > 1 ? { op: 'and', of: rest } : only;
  return { anchors, rest: asked, guard: asked && guardOf(asked, anchors.words, costOf) };
}

/** The rarest single word, beside the anchors, that a query cannot do without. */
function guardOf(query: QueryNode, anchors: readonly string[], costOf: CostOf): string | undefined {
  let guard: string | undefined;
  for (const word of requiredBy(query)) {
    if (!anchors.includes(word) && (guard === undefined || costOf(word) < costOf(guard))) guard = word;
  }
  return guard;
}

function requiredBy(query: QueryNode): readonly string[] {
  switch (query.op) {
    case 'and':
      return query.of.flatMap(requiredBy);
    case 'phrase':
    case 'proximity':
      return query.words;
    case 'near':
    case 'onear':
      return negates(query) ? [] : [...requiredBy(query.left), ...requiredBy(query.right)];
    case 'title':
      return requiredBy(query.of);
    default: {
      const word = wordOf(query);
      return word === undefined ? [] : [word];
    }
  }
}

/** The anchors of a query; undefined when nothing is sure to be there. */
function anchorsOf(query: QueryNode, costOf: CostOf): Anchors | undefined {
  const oneOf = (word: string): Anchors => ({ words: [word], cost: costOf(word), enough: true });
  switch (query.op) {
    case 'and':
      return notEnough(cheapest(query.of.map((child) => anchorsOf(child, costOf))));
    case 'or':
      return union(query.of.map((child) => anchorsOf(child, costOf)));
    case 'phrase':
    case 'proximity':
      return notEnough(cheapest(query.words.map(oneOf)));
    case 'near':
    case 'onear':
      // A side with a negation may hold without any of its words.
      return negates(query)
        ? undefined
        : notEnough(cheapest([anchorsOf(query.left, costOf), anchorsOf(query.right, costOf)]));
    case 'title':
      return notEnough(anchorsOf(query.of, costOf));
    default: {
      const word = wordOf(query);
      return word === undefined ? undefined : oneOf(word);
    }
  }
}

function negates(node: QueryNode): boolean {
  switch (node.op) {
    case 'not':
      return true;
    case 'and':
    case 'or':
      return node.of.some(negates);
    case 'near':
    case 'onear':
      return negates(node.left) || negates(node.right);
    default:
      return false;
  }
}
