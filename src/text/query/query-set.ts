/** Many queries, one pass over a post: only queries that hold a word of the post are asked. */
import type { QueryNode } from './ast.ts';
import type { Document } from './document.ts';
import { isLike, matches } from './match.ts';

interface Entry {
  readonly id: string;
  readonly query: QueryNode;
  /** Under which keys and patterns it is kept; undefined: it is asked of every document. */
  readonly anchors: Anchors | undefined;
  /** The pass in which it was last asked, so that it is asked once. */
  asked: number;
}

/** Keys and patterns of which every match holds at least one. `cost` estimates how many documents hold one. */
interface Anchors {
  readonly keys: readonly string[];
  readonly patterns: readonly string[];
  readonly cost: number;
}

/** Queries by id, matched together. Ids come back in ascending order of their code units. */
export class QuerySet {
  private readonly entries = new Map<string, Entry>();
  private readonly byKey = new Map<string, Set<Entry>>();
  private readonly byPattern = new Map<string, Set<Entry>>();
  private readonly always = new Set<Entry>();
  private pass = 0;

  get size(): number {
    return this.entries.size;
  }

  /** Adds a query, or replaces the one of that id. */
  add(id: string, query: QueryNode): void {
    this.remove(id);
    const entry: Entry = { id, query, anchors: anchorsOf(query), asked: 0 };
    this.entries.set(id, entry);
    if (!entry.anchors) this.always.add(entry);
    else {
      for (const key of entry.anchors.keys) put(this.byKey, key, entry);
      for (const pattern of entry.anchors.patterns) put(this.byPattern, pattern, entry);
    }
  }

  /** Answers whether there was such a query. */
  remove(id: string): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    this.entries.delete(id);
    if (!entry.anchors) this.always.delete(entry);
    else {
      for (const key of entry.anchors.keys) take(this.byKey, key, entry);
      for (const pattern of entry.anchors.patterns) take(this.byPattern, pattern, entry);
    }
    return true;
  }

  /** Ids of the queries that the document matches. */
  match(document: Document): string[] {
    this.pass += 1;
    const found: string[] = [];
    for (const entry of this.always) this.ask(entry, document, found);
    if (this.byKey.size > 0) {
      for (const key of document.keys.keys()) {
        const entries = this.byKey.get(key);
        if (entries) for (const entry of entries) this.ask(entry, document, found);
      }
    }
    if (this.byPattern.size > 0) {
      for (const [pattern, entries] of this.byPattern) {
        for (const key of document.keys.keys()) {
          if (isLike(pattern, key)) {
            for (const entry of entries) this.ask(entry, document, found);
            break;
          }
        }
      }
    }
    return found.length > 1 ? found.sort() : found;
  }

  private ask(entry: Entry, document: Document, found: string[]): void {
    if (entry.asked === this.pass) return;
    entry.asked = this.pass;
    if (matches(entry.query, document)) found.push(entry.id);
  }
}

function put(index: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const known = index.get(key);
  if (known) known.add(entry);
  else index.set(key, new Set([entry]));
}

function take(index: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const known = index.get(key);
  known?.delete(entry);
  if (known?.size === 0) index.delete(key);
}

/** Short words are common, long ones are rare: a stand-in for counting, good enough to choose the rarer side. */
function costOf(key: string): number {
  return 64 / (1 + key.length ** 2);
}

function keyAnchors(words: readonly string[]): Anchors | undefined {
  let best: Anchors | undefined;
  for (const word of words) {
    const pattern = word.endsWith('*') || word.includes('?');
    const cost = costOf(word) * (pattern ? 4 : 1);
    if (!best || cost < best.cost) {
      best = pattern ? { keys: [], patterns: [word], cost } : { keys: [word], patterns: [], cost };
    }
  }
  return best;
}

function cheapest(candidates: readonly (Anchors | undefined)[]): Anchors | undefined {
  let best: Anchors | undefined;
  for (const candidate of candidates) if (candidate && (!best || candidate.cost < best.cost)) best = candidate;
  return best;
}

function union(parts: readonly (Anchors | undefined)[]): Anchors | undefined {
  const keys = new Set<string>();
  const patterns = new Set<string>();
  let cost = 0;
  for (const part of parts) {
    if (!part) return undefined;
    for (const key of part.keys) keys.add(key);
    for (const pattern of part.patterns) patterns.add(pattern);
    cost += part.cost;
  }
  return { keys: [...keys], patterns: [...patterns], cost };
}

/** What every match of a query holds one of; undefined when nothing is sure, as in a pure negation. */
function anchorsOf(query: QueryNode): Anchors | undefined {
  switch (query.op) {
    case 'and':
      return cheapest(query.of.map(anchorsOf));
    case 'or':
      return union(query.of.map(anchorsOf));
    case 'term':
      return keyAnchors([query.word]);
    case 'emoji':
      return keyAnchors([query.emoji]);
    case 'hashtag':
      return keyAnchors([`#${query.tag}${query.prefix ? '*' : ''}`]);
    case 'handle':
      return keyAnchors([`@${query.handle}${query.prefix ? '*' : ''}`]);
    case 'prefix':
      return keyAnchors([`${query.word}*`]);
    case 'wildcard':
      return keyAnchors([query.pattern]);
    case 'phrase':
    case 'proximity':
      return keyAnchors(query.words);
    case 'near':
    case 'onear':
      // A side with a negation may hold without any of its words.
      return cheapest([anchorsOf(query.left), anchorsOf(query.right)].filter(() => !negates(query)));
    case 'title':
      return anchorsOf(query.of);
    default:
      return undefined;
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
