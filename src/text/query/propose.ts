/**
 * Learns from the verdict "off topic": what to add to a query so that it leaves such posts out. A word that they share and
 * real mentions do not is proposed as an exclusion; a word that real mentions have near the brand and they do not, as a NEAR.
 * Each proposal comes with what it would have removed and which real mentions it would have lost: a person decides.
 */
import { isOtherForm } from '../tokenize.ts';
import type { QueryNode } from './ast.ts';
import { showQuery } from './ast.ts';
import type { Document } from './document.ts';
import { everyday } from './everyday.ts';
import { matches } from './match.ts';
import { single } from './parse.ts';

/** A mention as judged by people: off topic, or real (everything else). */
export interface Judged {
  readonly id: string;
  readonly document: Document;
  readonly offTopic: boolean;
}

/** One change of a query, with what it would have done. */
export interface Proposal {
  readonly kind: 'exclude' | 'near';
  /** What is added: the word or phrase to exclude, or the words of which one must be near. */
  readonly clause: string;
  /** The whole query with it, to be put in the place of the old one. */
  readonly query: string;
  /** Ids of off-topic mentions that would not have come. */
  readonly removed: readonly string[];
  /** Ids of real mentions that would not have come either. */
  readonly lost: readonly string[];
}

/** Fewer verdicts teach nothing. */
export const fewestVerdicts = 5;
const mostProposals = 5;
const mostCandidates = 20;
/** A proposal must remove this share of what was off topic, */
const leastRemoved = 0.3;
/** and may lose at most this share of the real mentions. */
const mostLost = 0.1;
/** What fewer of them hold tells nothing of them. */
const leastTelling = 0.2;
const nearDistance = 10;
const mostNearWords = 5;

/**
 * Proposals for a query, best first; empty while fewer than five mentions are off topic, or when nothing tells them from
 * the real ones. Mentions that the query does not match (any more) are left out. Linear in the words of the mentions,
 * for a bounded number of candidates.
 */
export function proposeChanges(query: QueryNode, judged: readonly Judged[]): readonly Proposal[] {
  const those = judged.filter(({ document }) => matches(query, document));
  const off = those.filter(({ offTopic }) => offTopic);
  const real = those.filter(({ offTopic }) => !offTopic);
  if (off.length < fewestVerdicts) return [];
  const asked = wordsOf(query);
  const inOff = countOf(off);
  const inReal = countOf(real);
  const proposals: Proposal[] = [];

  for (const term of telling(inOff, off.length, inReal, real.length, asked)) {
    const clause = nodeOf(term);
    const changed: QueryNode = { op: 'and', of: [query, { op: 'not', of: clause }] };
    keep('exclude', clause, changed);
  }
  // Words that real mentions have and off-topic ones do not: together they say what the brand is about.
  const about = telling(inReal, real.length, inOff, off.length, asked)
    .filter((term) => !term.includes(' '))
    .slice(0, mostNearWords)
    .map(nodeOf);
  const [first] = about;
  if (first && isOfWords(query)) {
    for (let count = 1; count <= about.length; count += 1) {
      const words: QueryNode = count === 1 ? first : { op: 'or', of: about.slice(0, count) };
      keep('near', words, { op: 'near', left: query, right: words, within: nearDistance });
    }
  }
  return proposals.toSorted((a, b) => worth(b) - worth(a)).slice(0, mostProposals);

  function keep(kind: Proposal['kind'], clause: QueryNode, changed: QueryNode): void {
    const goes = ({ document }: Judged): boolean => !matches(changed, document);
    const removed = off.filter(goes).map(({ id }) => id);
    const lost = real.filter(goes).map(({ id }) => id);
    if (removed.length < off.length * leastRemoved || lost.length > real.length * mostLost) return;
    // The same effect twice is one proposal: the first, which is the more common word.
    const same = proposals.some(
      (other) =>
        other.kind === kind &&
        other.removed.length === removed.length &&
        other.removed.every((id) => removed.includes(id)),
    );
    if (!same) proposals.push({ kind, clause: showQuery(clause), query: showQuery(changed), removed, lost });
  }

  /** What is gained, in shares, a lost real mention weighing three times. */
  function worth({ removed, lost }: Proposal): number {
    return removed.length / off.length - (3 * lost.length) / Math.max(1, real.length);
  }
}

/** In how many mentions each word, hashtag, handle and pair of words is. */
function countOf(mentions: readonly Judged[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { document } of mentions) {
    const own = new Set<string>();
    let before = '';
    for (const { text, kind } of document.tokens) {
      if (kind !== 'emoji' && !isOtherForm(text)) own.add(text);
      if (kind === 'word') {
        if (before) own.add(`${before} ${text}`);
        before = text;
      } else before = '';
    }
    for (const term of own) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}

/** Terms that the first have and the second hardly, most telling first. */
function telling(
  counts: ReadonlyMap<string, number>,
  size: number,
  against: ReadonlyMap<string, number>,
  againstSize: number,
  asked: ReadonlySet<string>,
): readonly string[] {
  const score = (term: string): number =>
    (counts.get(term) ?? 0) / Math.max(1, size) - (against.get(term) ?? 0) / Math.max(1, againstSize);
  return [...counts.keys()]
    .filter(
      (term) => (counts.get(term) ?? 0) >= Math.max(2, size * leastTelling) && score(term) > 0 && !isPlain(term, asked),
    )
    .toSorted((a, b) => score(b) - score(a) || (a < b ? -1 : 1))
    .slice(0, mostCandidates);
}

/** Whether a term says nothing: everyday words, single letters, numbers, and what the query asks for itself. */
function isPlain(term: string, asked: ReadonlySet<string>): boolean {
  const words = term.split(' ');
  if (words.some((word) => asked.has(word.replace(/^[#@]/, '')))) return true;
  return words.every(
    (word) => everyday.has(word) || /^\d+$/.test(word) || (word.length < 3 && /^[a-z0-9]+$/.test(word)),
  );
}

function nodeOf(term: string): QueryNode {
  const words = term.split(' ');
  return words.length === 1 ? single(term) : { op: 'phrase', words };
}

function wordsOf(query: QueryNode): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: QueryNode): void => {
    switch (node.op) {
      case 'and':
      case 'or':
        node.of.forEach(visit);
        break;
      case 'not':
      case 'title':
        visit(node.of);
        break;
      case 'near':
      case 'onear':
        visit(node.left);
        visit(node.right);
        break;
      case 'term':
      case 'prefix':
        found.add(node.word);
        break;
      case 'phrase':
      case 'proximity':
        for (const word of node.words) found.add(word.replace(/^[#@]/, ''));
        break;
      case 'hashtag':
        found.add(node.tag);
        break;
      case 'handle':
        found.add(node.handle);
        break;
      default:
    }
  };
  visit(query);
  return found;
}

/** Whether a query can stand beside NEAR: words alone, without exclusions, which NEAR would turn into something else. */
function isOfWords(node: QueryNode): boolean {
  switch (node.op) {
    case 'or':
      return node.of.every(isOfWords);
    case 'and':
    case 'not':
    case 'title':
    case 'field':
    case 'number':
    case 'raw':
      return false;
    default:
      return true;
  }
}
