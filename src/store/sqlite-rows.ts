/** What the writing and the reading half of the SQLite store both know of its rows. */
import type { Triage } from '../model/ports.ts';
import type { Mention, SentimentLabel } from '../model/types.ts';
import { triageStates, untouched } from './selection.ts';

/** Lengths of the buckets that are counted in advance. */
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export const triageColumns = 'status, assignee, until, verdict, note, version';

/** Makes a triage of a row of `triage`, or of there being none. */
export function readTriage(row: Readonly<Record<string, unknown>> | undefined): Triage {
  if (row === undefined) return untouched;
  const { assignee, until, verdict, note } = row;
  return {
    status: triageStates[Number(row['status'])] ?? 'open',
    ...(typeof assignee === 'string' && { assignee }),
    ...(typeof until === 'number' && { until }),
    ...(typeof verdict === 'string' && { verdict: verdict as 'off-topic' | SentimentLabel }),
    ...(typeof note === 'string' && { note }),
    version: String(row['version']),
  };
}

/** Mentions as the writer takes them: for each, a line of JSON without the terms, and a line of terms, blanks between. */
export function toLines(mentions: readonly Mention[]): string {
  return mentions
    .map((mention) => {
      const terms = mention.terms.join(' ');
      // A term holds no white space; one that did would else end the line.
      const line = terms.includes('\n') ? terms.replaceAll('\n', ' ') : terms;
      return `${JSON.stringify({ ...mention, terms: undefined })}\n${line}`;
    })
    .join('\n');
}

/** The terms of one such line. */
export function splitTerms(line: string): readonly string[] {
  return line === '' ? [] : line.split(' ');
}
