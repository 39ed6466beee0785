/** Lines of a document as raw items, and back: what file and stdin share. */
import type { SourceBatch } from '../../model/ports.ts';
import type { Json, Outcome, RawItem, UnstampedPost } from '../../model/types.ts';
import type { PostLine } from './lines.ts';
import { parsePost } from './post.ts';

const MAX_ITEMS = 500;
const MAX_BYTES = 1024 * 1024;

/** A line as the pipeline carries it; `nativeId` is the post's own id where it has one. */
export function itemOf(line: PostLine, document: string): RawItem {
  const position = `${document}:${line.line}`;
  if (line.problem !== undefined) {
    return {
      nativeId: position,
      body: { line: line.line, problem: line.problem, ...(line.raw === undefined ? {} : { raw: line.raw }) },
    };
  }
  const value = line.value ?? null;
  return { nativeId: nativeIdOf(value) ?? position, body: { line: line.line, post: value } };
}

/** The id or url that a value of the public format states. */
export function nativeIdOf(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { id, url } = value as { readonly id?: Json; readonly url?: Json };
  for (const given of [id, url]) {
    if (typeof given === 'string' && given !== '') return given;
    if (typeof given === 'number') return String(given);
  }
  return undefined;
}

/** Makes the post of an item that `itemOf` made; what is none goes to the quarantine as `line N: reason`. */
export function postOfItem(item: RawItem, source: string): Outcome<UnstampedPost> {
  const body = item.body as { readonly line?: number; readonly post?: Json; readonly problem?: string } | null;
  const at = body?.line === undefined ? '' : `line ${body.line}: `;
  if (body?.problem !== undefined) return { kind: 'quarantine', reason: `${at}${body.problem}` };
  const parsed = parsePost(body?.post, { source });
  return 'post' in parsed
    ? { kind: 'keep', value: parsed.post }
    : { kind: 'quarantine', reason: `${at}${parsed.problems.join('; ')}` };
}

/** Cuts lines into batches of at most 500 items or 1 MB; one line larger than that is a batch of its own. */
export function* batchesOf(lines: readonly PostLine[]): Generator<readonly PostLine[]> {
  let batch: PostLine[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (batch.length > 0 && (batch.length >= MAX_ITEMS || bytes + line.size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += line.size;
  }
  if (batch.length > 0) yield batch;
}

/** A batch whose cursor is already known. */
export function batchOf(lines: readonly PostLine[], document: string, cursor?: Json): SourceBatch {
  const items = lines.map((line) => itemOf(line, document));
  return cursor === undefined ? { items } : { items, cursor };
}
