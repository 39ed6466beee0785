/** The worker threads of the SQLite store: one writes, the others read. `sqlite.ts` starts them and talks to them. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Millis } from '../model/types.ts';
import { openReader } from './sqlite-reader.ts';
import { openWriter } from './sqlite-writer.ts';
import type { Failure, ReadRequest, ReadStart, Request, Start, WriteRequest, WriteStart } from './sqlite-wire.ts';

/** Longest that recounting goes on while a write may be waiting. */
const sliceMs = 5;
/** How long recounting rests between two slices while writes come in, and while none do. */
const busyRestMs = 250;
const idleRestMs = 10;

const port = parentPort;
const start = workerData as Start;
if (port === null) throw new Error('sqlite-worker runs as a worker thread');
if (start.role === 'write') write(port, start);
else read(port, start);

function write(port: MessagePort, options: WriteStart): void {
  const writer = openWriter(options);
  let timer: NodeJS.Timeout | undefined;
  let lastWrite = -Infinity;
  function recountIn(ms: Millis): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      let left: ReturnType<typeof writer.recount> = 'later';
      try {
        left = writer.recount(options.recountAfterMs, sliceMs);
      } catch {
        // The hours stay marked, and reads count their mentions: a full disk costs time, not truth.
      }
      const busy = performance.now() - lastWrite < busyRestMs;
      if (left !== 'done') recountIn(left === 'now' && !busy ? idleRestMs : busyRestMs);
    }, ms);
  }
  function wrote(): undefined {
    lastWrite = performance.now();
    recountIn(Math.min(busyRestMs, Math.max(idleRestMs, options.recountAfterMs)));
  }
  recountIn(idleRestMs);
  port.on('message', (request: WriteRequest) => {
    answer(port, request, () => {
      switch (request.kind) {
        case 'put':
          writer.put(request.lines);
          return wrote();
        case 'remove':
          writer.remove(request.posts);
          return wrote();
        case 'setTriage':
          return writer.setTriage(request.scope, request.mentionId, request.brand, request.triage, request.seen);
        case 'close':
          clearTimeout(timer);
          writer.close();
          port.close();
          return undefined;
        default:
          return request satisfies never;
      }
    });
  });
  port.postMessage({ id: 0 });
}

/** How much a reader stands back for the threads that write and alert (nice levels; 19 is the most). */
const readerNice = 15;

/** Lowers this thread's share of a busy processor. Linux alone gives threads a share of their own; elsewhere nothing changes. */
function standBack(): void {
  try {
    const [, thread] = /task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    if (thread !== undefined) setPriority(Number(thread), readerNice);
  } catch {
    // Without it reads compete as equals.
  }
}

function read(port: MessagePort, { path, urgent }: ReadStart): void {
  if (!urgent) standBack();
  const reader = openReader(path);
  port.on('message', (request: ReadRequest) => {
    answer(port, request, () => {
      const { limitMs } = request;
      switch (request.kind) {
        case 'search':
          return reader.search(request.scope, request.query, request.page, limitMs);
        case 'series':
          return reader.series(request.scope, request.query, request.bucketMs, limitMs);
        case 'facets':
          return reader.facets(request.scope, request.query, request.fields, request.top, limitMs);
        case 'count':
          return reader.count();
        default:
          return request satisfies never;
      }
    });
  });
  port.postMessage({ id: 0 });
}

function answer(port: MessagePort, request: Request, work: () => unknown): void {
  try {
    port.postMessage({ id: request.id, value: work() });
  } catch (error) {
    const failure: Failure =
      error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error', message: String(error) };
    port.postMessage({ id: request.id, failure });
  }
}
