/** Which posts show an episode best: the first one, then those that most people can have seen, then the earliest. */
import type { Mention, Millis } from '../../model/types.ts';

/** How many posts a signal shows at most. */
export const MOST_EVIDENCE = 10;
const MOST_PER_SLOT = 4;
const SLOTS = 2;
const SLOT_MS = 15 * 60_000;
/** What one like, answer or repost says about the number of people who saw a post. */
const SEEN_PER_REACTION = 20;

/** A post that may be shown; `weight` is about how many people can have seen it. */
export type Exhibit = readonly [id: string, at: Millis, weight: number];

/** Candidates of a quarter of an hour: kept before anything is known to happen, so that an alert can show how it began. */
export type Slot = { readonly slot: number; posts: Exhibit[] };

/** A mention as a candidate. */
export function exhibitOf({ id, at, author, engagement }: Mention): Exhibit {
  const reactions =
    (engagement?.likes ?? 0) + (engagement?.reposts ?? 0) + (engagement?.replies ?? 0) + (engagement?.quotes ?? 0);
  return [id, at, Math.max(author?.followers ?? 0, engagement?.views ?? 0) + SEEN_PER_REACTION * reactions];
}

/** Adds a candidate; the two quarters that were added to last are kept. */
export function addCandidate(slots: Slot[], exhibit: Exhibit): void {
  const slot = Math.floor(exhibit[1] / SLOT_MS);
  const known = slots.find((s) => s.slot === slot);
  if (known) {
    add(known.posts, exhibit, MOST_PER_SLOT);
    return;
  }
  slots.push({ slot, posts: [exhibit] });
  if (slots.length > SLOTS) slots.shift();
}

/** The candidates of a span of time, best first. */
export function candidates(slots: readonly Slot[], from: Millis, to: Millis): Exhibit[] {
  const chosen: Exhibit[] = [];
  for (const { posts } of slots) {
    for (const post of posts) if (post[1] >= from && post[1] < to) addEvidence(chosen, post);
  }
  return chosen;
}

/** Adds a post to the evidence, in place; the least telling one leaves when there are too many, the first one never. */
export function addEvidence(evidence: Exhibit[], exhibit: Exhibit): void {
  add(evidence, exhibit, MOST_EVIDENCE);
}

/** The posts' ids: the first post, then the others, best first. */
export function idsOf(evidence: readonly Exhibit[]): string[] {
  const first = earliest(evidence);
  return evidence
    .map(([id], i) => ({ id, i }))
    .sort((a, b) => Number(b.i === first) - Number(a.i === first) || a.i - b.i)
    .map(({ id }) => id);
}

/** `list` is kept in order, best first. */
function add(list: Exhibit[], exhibit: Exhibit, most: number): void {
  let place = list.length;
  while (place > 0 && better(exhibit, list[place - 1])) place -= 1;
  if (list.some(([id]) => id === exhibit[0])) return;
  list.splice(place, 0, exhibit);
  if (list.length <= most) return;
  const last = list.length - 1;
  list.splice(earliest(list) === last ? last - 1 : last, 1);
}

function better(a: Exhibit, b: Exhibit | undefined): boolean {
  if (!b) return true;
  if (a[2] !== b[2]) return a[2] > b[2];
  return a[1] < b[1];
}

function earliest(list: readonly Exhibit[]): number {
  let first = 0;
  for (let i = 1; i < list.length; i++) if ((list[i]?.[1] ?? 0) < (list[first]?.[1] ?? 0)) first = i;
  return first;
}
