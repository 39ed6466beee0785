/** What every desk does alike. */
import { Conflict } from '../model/errors.ts';

/** Entries of a journal that are read at a time. */
export const journalPage = 500;

/** Throws Conflict unless what was seen is what is there (undefined: nothing). */
export function checkSeen(what: string, seen: string | undefined, there: string | undefined): void {
  if (seen === there) return;
  if (seen === undefined) throw new Conflict(`${what} exists already`);
  if (there === undefined) throw new Conflict(`${what} is not there any more`);
  throw new Conflict(`${what} has changed since it was read`);
}

/** Throws a RangeError on a name with half a surrogate pair: it has no place in the order of ids, nor in UTF-8. */
export function checkNames(...names: readonly string[]): void {
  for (const name of names) {
    if (!name.isWellFormed()) throw new RangeError(`not a name: ${JSON.stringify(name)}`);
  }
}

/** Answers the limit of a page, or throws a RangeError when it is not a whole number from 1. */
export function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return limit;
  throw new RangeError(`limit must be a whole number from 1, not ${limit}`);
}

/** A position in a journal as a number; the start is 0. Throws a RangeError on a text that is none. */
export function parsePosition(after: string | undefined): number {
  if (after === undefined) return 0;
  if (!/^\d{1,15}$/.test(after)) throw new RangeError(`not a position in a journal: '${after}'`);
  return Number(after);
}
