/** NDJSON: one post a line. A line that is none is handed on with its number and the reason. */
import type { Json } from '../../model/types.ts';
import { excerpt, type Line, type PostLine, tooLong } from './lines.ts';

/** Reads one line; undefined for an empty one. */
export function readJsonLine(line: Line): PostLine | undefined {
  const { number, end, text, size } = line;
  if (text === undefined) return tooLong(line);
  if (text.trim() === '') return undefined;
  try {
    return { line: number, end, size, value: JSON.parse(text) as Json };
  } catch (error) {
    return { line: number, end, size, problem: `not JSON: ${jsonProblem(error)}`, raw: excerpt(text) };
  }
}

/** What the JSON parser said, without the piece of the document that it quotes. */
export function jsonProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/,? ?(?:\.{3})?".*" is not valid JSON$/s, '').replace(/^(.{200}).*$/s, '$1…');
}
