/** Files of posts: NDJSON or CSV, once or as they grow. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import { defineSource, type SourceDeps } from '../model/define.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceBatch } from '../model/ports.ts';
import type { UnstampedPost } from '../model/types.ts';
import { type DateOrder, isTimezone } from './lib/dates.ts';
import { batchesOf, batchOf, postOfItem } from './lib/items.ts';
import { excerpt, type PostLine, utf16Of } from './lib/lines.ts';
import { parsePost } from './lib/post.ts';
import { formatOfName, type Place, type PostFormat, PostReader } from './lib/post-lines.ts';

const CHUNK_BYTES = 256 * 1024;
/** So much of a file's beginning tells whether it is still the one that was read. */
const HEAD_BYTES = 1_024;
/** Between two looks at a file that is followed. */
const FOLLOW_MS = 1_000;
/** A followed file that stays silent says that it is alive so often. */
const ALIVE_MS = 30_000;

/** Options of a document's text that no document states itself. */
export const documentOptions = {
  format: z
    .enum(['auto', 'ndjson', 'csv'])
    .default('auto')
    .describe('How the posts are written; auto goes by the name of the file and its first line.'),
  timezone: z
    .string()
    .refine(isTimezone, 'not a time zone: write Europe/Paris, UTC or another IANA name')
    .default('Europe/Paris')
    .describe('Zone of the dates in a CSV file that name none.'),
  dates: z
    .enum(['auto', 'day-first', 'month-first'])
    .default('auto')
    .describe('Order of 4/5/2024 in a CSV file; auto is day first, unless a date can only be read the other way.'),
};

/** Where each file was left; `head` tells whether it is still the same file. */
type FileCursor = { readonly [path: string]: FilePlace };
type FilePlace = { readonly offset: number; readonly line: number; readonly head: string; readonly dates?: DateOrder };

export const file = defineSource({
  type: 'file',
  summary: 'Reads posts from NDJSON and CSV files, French exports included.',
  config: z.strictObject({
    paths: z.array(z.string().min(1)).min(1).describe('The files, read in this order.'),
    ...documentOptions,
    follow: z.boolean().default(false).describe('Stay at the end of the files and read what is written to them later.'),
    source: z
      .string()
      .min(1)
      .optional()
      .describe('Network of posts that name none; the name of this source if absent.'),
    lateness: duration().prefault('6h').describe('Posts older than this on arrival are history.'),
  }),
  examples: [
    { title: 'An export of a social listening tool', config: { paths: ['exports/mentions.csv'], format: 'csv' } },
    {
      title: 'A file that another program writes to',
      config: { paths: ['/var/lib/crawler/posts.ndjson'], follow: true },
    },
  ],
  create(config, deps) {
    const source = config.source ?? deps.name;
    return {
      flow: 'poll',
      latenessMs: config.lateness,
      read: (from, signal) => readFiles(config, deps, (from ?? {}) as FileCursor, signal),
      normalise: (item) => postOfItem(item, source),
    };
  },
});

interface FileConfig {
  readonly paths: readonly string[];
  readonly format: PostFormat;
  readonly timezone: string;
  readonly dates: DateOrder | 'auto';
  readonly follow: boolean;
}

async function* readFiles(
  config: FileConfig,
  deps: SourceDeps,
  from: FileCursor,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const cursor: { [path: string]: FilePlace } = { ...from };
  const failed = new Map<string, unknown>();
  let lastBatchAt = deps.now();
  for (;;) {
    for (const path of config.paths) {
      try {
        for await (const batch of readOne(path, config, cursor, signal)) {
          yield batch;
          lastBatchAt = deps.now();
          if (signal.aborted) return;
        }
        failed.delete(path);
      } catch (error) {
        failed.set(path, error);
      }
      if (signal.aborted) return;
    }
    if (failed.size > 0 && (!config.follow || failed.size === config.paths.length)) throw unreadable(failed);
    if (!config.follow) return;
    if (deps.now() - lastBatchAt >= ALIVE_MS) {
      yield { items: [] };
      lastBatchAt = deps.now();
    }
    await deps.sleep(FOLLOW_MS, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
  }
}

function unreadable(failed: ReadonlyMap<string, unknown>): SourceError {
  const reasons = [...failed].map(([path, error]) => `${path}: ${reasonOf(error)}`);
  return new SourceError(`cannot read ${reasons.join(', ')}`, { retryable: true, cause: failed.values().next().value });
}

function reasonOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'access is denied';
  return error instanceof Error ? error.message : String(error);
}

async function* readOne(
  path: string,
  config: FileConfig,
  cursor: { [path: string]: FilePlace },
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  await using document = await openDocument(path);
  const known = cursor[path];
  const same =
    known !== undefined && known.offset <= document.size && known.head === (await headOf(document, known.offset));
  const place = same ? known : { offset: 0, line: 0, head: '' };
  if (place.offset >= document.size) return;
  const format = config.format === 'auto' ? formatOfName(path) : config.format;
  const dates = config.dates === 'auto' ? (place.dates ?? 'auto') : config.dates;
  const header = await headerOf(document, format, place);
  const reader = new PostReader(format, { timezone: config.timezone, dates }, place, header);
  for await (const chunk of chunksOf(document, place.offset, signal)) {
    // A followed file may end in the middle of a line: its rest comes later.
    const lines = chunk === undefined ? (config.follow ? [] : reader.end()) : reader.push(chunk);
    for (const batch of batchesOf(lines)) {
      const last = batch.at(-1);
      if (last === undefined) continue;
      const order = reader.dateOrder;
      cursor[path] = {
        offset: last.end,
        line: last.lastLine ?? last.line,
        head: await headOf(document, last.end),
        ...(order === undefined ? {} : { dates: order }),
      };
      yield batchOf(batch, path, { ...cursor });
      if (signal.aborted) return;
    }
  }
}

// --------------------------------------------------------------- documents

/** An open file; one in UTF-16 is read as if it were UTF-8, and offsets count those bytes. */
interface Document extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly size: number;
  readonly utf16: 'utf-16le' | 'utf-16be' | undefined;
}

async function openDocument(path: string): Promise<Document> {
  const handle = await open(path, 'r');
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('this is not a regular file');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const utf16 = utf16Of(buffer.subarray(0, bytesRead));
    // Each character of two bytes becomes up to three.
    const size = utf16 === undefined ? stat.size : stat.size * 2;
    return { handle, size, utf16, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The bytes from an offset on, then `undefined` for the end. */
async function* chunksOf(
  document: Document,
  offset: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array | undefined> {
  const { handle, utf16 } = document;
  const decoder = utf16 && new TextDecoder(utf16);
  let position = utf16 === undefined ? offset : 0;
  let skip = utf16 === undefined ? 0 : offset;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    if (signal?.aborted === true) return;
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position);
    position += bytesRead;
    const read = buffer.subarray(0, bytesRead);
    const bytes = decoder ? Buffer.from(decoder.decode(read, { stream: bytesRead > 0 })) : read;
    const dropped = Math.min(skip, bytes.length);
    skip -= dropped;
    if (dropped < bytes.length) yield bytes.subarray(dropped);
    if (bytesRead === 0) break;
  }
  yield undefined;
}

async function headOf(document: Document, offset: number): Promise<string> {
  const length = Math.min(HEAD_BYTES, offset);
  const { buffer, bytesRead } = await document.handle.read(Buffer.alloc(length), 0, length, 0);
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16);
}

/** The header of a CSV file that is read from its middle. */
async function headerOf(document: Document, format: PostFormat, place: Place): Promise<string | undefined> {
  if (format === 'ndjson' || place.offset === 0) return undefined;
  const reader = new PostReader(format, { timezone: 'UTC', dates: 'auto' });
  for await (const chunk of chunksOf(document, 0)) {
    if (chunk === undefined) reader.end();
    else reader.push(chunk);
    if (reader.decided) break;
  }
  return reader.header;
}

// ----------------------------------------------------------- whole documents

/** One post of a file, or why there is none on that line. */
export interface FilePost {
  readonly line: number;
  readonly post?: UnstampedPost;
  readonly problems?: readonly string[];
  /** The beginning of a line that could not be used. */
  readonly raw?: string;
}

export interface ReadPostsOptions {
  /** Network of posts that name none. */
  readonly source: string;
  readonly format?: PostFormat;
  /** IANA zone of CSV dates that name none; Europe/Paris if absent. */
  readonly timezone?: string;
  readonly dates?: DateOrder | 'auto';
}

/** Reads a whole file of posts, line by line, for import, backtest and replay. Throws only when the file cannot be read. */
export async function* readPostsFile(path: string, options: ReadPostsOptions): AsyncGenerator<FilePost> {
  await using document = await openDocument(path);
  const { format = formatOfName(path), timezone = 'Europe/Paris', dates = 'auto' } = options;
  const reader = new PostReader(format, { timezone, dates });
  for await (const chunk of chunksOf(document, 0)) {
    for (const line of chunk === undefined ? reader.end() : reader.push(chunk)) yield filePost(line, options.source);
  }
}

function filePost(line: PostLine, source: string): FilePost {
  if (line.problem !== undefined) {
    return { line: line.line, problems: [line.problem], ...(line.raw === undefined ? {} : { raw: line.raw }) };
  }
  const parsed = parsePost(line.value, { source });
  if ('post' in parsed) return { line: line.line, post: parsed.post };
  return { line: line.line, problems: parsed.problems, raw: excerpt(JSON.stringify(line.value)) };
}
