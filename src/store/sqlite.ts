/**
 * The embedded store. All its work is done in worker threads: one writes, a few read. `node:sqlite` blocks the thread that
 * calls it, and neither indexing nor a board may hold up the thread that raises alerts.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crashPoint } from '../lib/crash-point.ts';
import { Conflict, NotFound, TooSlow } from '../model/errors.ts';
import type {
  FacetField,
  MentionQuery,
  MentionStore,
  Scope,
  SeriesPoint,
  Triage,
  TriagedMention,
} from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { splitTerms, toLines } from './sqlite-rows.ts';
import type { Answer, Failure, ReadRequest, ReadStart, Start, WriteRequest } from './sqlite-wire.ts';
import type { Removal } from './sqlite-writer.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder is made. */
  readonly path: string;
  /** Longest that one read may take before it is stopped with TooSlow. 5 s unless told. */
  readonly readTimeoutMs?: Millis;
  /** Reads that run at the same time; others wait, each for its time limit at most. 2 unless told. */
  readonly readers?: number;
  /** The file never grows beyond this; a write that would fails as on a full disk. As large as the disk unless told. */
  readonly maxBytes?: number;
  /** The counts of an hour are brought up to date once nothing was written to it for this long; until then reads count its mentions. 2 s unless told. */
  readonly recountAfterMs?: Millis;
}

/** One found mention, as a reader hands it over. */
type Item = { readonly mention: Omit<Mention, 'terms'>; readonly terms: string; readonly triage: Triage };

type Unnumbered<R> = R extends { readonly id: number } ? Omit<R, 'id'> : never;
type ReadCall =
  Unnumbered<ReadRequest> extends infer R ? (R extends { limitMs: Millis } ? Omit<R, 'limitMs'> : never) : never;

/** Past its limit a read ends by itself; this much later the thread that still has not answered is ended. */
const graceMs = 250;
/** Reads that may wait for a reader; more are refused at once. */
const maxWaiting = 256;
/** A write waits for others to the same file and for the disk; longer than this, the thread is taken for dead. */
const writeTimeoutMs = 120_000;
const openTimeoutMs = 30_000;

const workerFile = new URL(`./sqlite-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Opens the store and brings its schema up to date. Throws when the file cannot be opened. */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<MentionStore> {
  await mkdir(dirname(options.path), { recursive: true });
  const writer = await startThread(writerOf(options));
  return new SqliteMentionStore(options, writer);
}

class SqliteMentionStore implements MentionStore {
  readonly #options: SqliteStoreOptions;
  readonly #pools: readonly ReaderPool[];
  readonly #people: Reads;
  readonly urgent: Reads;
  #writer: Promise<Thread>;
  #closed: Promise<void> | undefined;

  constructor(options: SqliteStoreOptions, writer: Thread) {
    this.#options = options;
    this.#writer = Promise.resolve(writer);
    const limitMs = options.readTimeoutMs ?? 5000;
    const boards = new ReaderPool({ path: options.path, urgent: false }, Math.max(1, options.readers ?? 2));
    const alerts = new ReaderPool({ path: options.path, urgent: true }, 1);
    this.#pools = [boards, alerts];
    this.#people = new Reads(boards, limitMs);
    this.urgent = new Reads(alerts, limitMs);
  }

  async put(mentions: readonly Mention[]): Promise<void> {
    if (mentions.length === 0) return;
    await this.#write({ kind: 'put', lines: toLines(mentions) });
    crashPoint('put');
  }

  async remove(posts: readonly Removal[]): Promise<void> {
    if (posts.length > 0) await this.#write({ kind: 'remove', posts });
  }

  search(...args: Parameters<Reads['search']>): ReturnType<Reads['search']> {
    return this.#people.search(...args);
  }

  series(...args: Parameters<Reads['series']>): ReturnType<Reads['series']> {
    return this.#people.series(...args);
  }

  facets(...args: Parameters<Reads['facets']>): ReturnType<Reads['facets']> {
    return this.#people.facets(...args);
  }

  async setTriage(
    scope: Scope,
    mentionId: string,
    brand: string,
    triage: Omit<Triage, 'version'>,
    seen: string,
  ): Promise<Triage> {
    return (await this.#write({ kind: 'setTriage', scope, mentionId, brand, triage, seen })) as Triage;
  }

  count(): Promise<number> {
    return this.#people.count();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The readers first: the last connection to close writes the log back into the file and deletes it.
    await Promise.all(this.#pools.map((pool) => pool.close()));
    const writer = await this.#writer.catch(() => undefined);
    if (writer === undefined || writer.dead) return;
    await writer.ask({ kind: 'close' }, writeTimeoutMs).catch(() => undefined);
    await writer.end();
  }

  async #write(request: Unnumbered<WriteRequest>): Promise<unknown> {
    if (this.#closed !== undefined) throw new Error('the store is closed');
    return await (await this.#alive()).ask(request, writeTimeoutMs);
  }

  /** The writer; a new one when the last one died. */
  async #alive(): Promise<Thread> {
    const current = this.#writer;
    const thread = await current.catch(() => undefined);
    if (thread !== undefined && !thread.dead) return thread;
    if (this.#writer === current) {
      this.#writer = startThread(writerOf(this.#options));
    }
    return await this.#writer;
  }
}

/** The reads of one pool of readers, with their time limit. */
class Reads {
  readonly #pool: ReaderPool;
  readonly #limitMs: Millis;

  constructor(pool: ReaderPool, limitMs: Millis) {
    this.#pool = pool;
    this.#limitMs = limitMs;
  }

  async search(
    scope: Scope,
    query: MentionQuery,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly items: readonly TriagedMention[]; readonly next?: string }> {
    const json = (await this.#ask({ kind: 'search', scope, query, page })) as string;
    const { items, next } = JSON.parse(json) as { items: Item[]; next?: string };
    const found = items.map(({ mention, terms, triage }) => ({ ...mention, terms: splitTerms(terms), triage }));
    return next === undefined ? { items: found } : { items: found, next };
  }

  async series(scope: Scope, query: MentionQuery, bucketMs: Millis): Promise<readonly SeriesPoint[]> {
    return (await this.#ask({ kind: 'series', scope, query, bucketMs })) as readonly SeriesPoint[];
  }

  async facets(
    scope: Scope,
    query: MentionQuery,
    fields: readonly FacetField[],
    top: number,
  ): Promise<Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>> {
    return (await this.#ask({ kind: 'facets', scope, query, fields, top })) as Record<
      string,
      readonly { readonly value: string; readonly count: number }[]
    >;
  }

  async count(): Promise<number> {
    return (await this.#ask({ kind: 'count' })) as number;
  }

  #ask(request: ReadCall): Promise<unknown> {
    return this.#pool.ask(request, this.#limitMs);
  }
}

interface Waiting {
  readonly request: ReadCall;
  readonly limitMs: Millis;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Readers, started when they are needed, one read at a time each. One that does not stop in time is replaced. */
class ReaderPool {
  readonly #reads: Pick<ReadStart, 'path' | 'urgent'>;
  readonly #size: number;
  readonly #idle: Thread[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #all = new Set<Thread>();
  /** Threads that run, start or have not yet ended: never more than twice the size. */
  #slots = 0;
  #busy = 0;
  #closed = false;

  constructor(reads: Pick<ReadStart, 'path' | 'urgent'>, size: number) {
    this.#reads = reads;
    this.#size = size;
  }

  ask(request: ReadCall, limitMs: Millis): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    if (this.#waiting.length >= maxWaiting) return Promise.reject(new TooSlow('too many reads are waiting'));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        request,
        limitMs,
        resolve,
        reject,
        timer: setTimeout(() => {
          const place = this.#waiting.indexOf(waiting);
          if (place >= 0) this.#waiting.splice(place, 1);
          reject(new TooSlow('the read waited for its turn longer than its limit'));
        }, limitMs),
      };
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new Error('the store is closed'));
    }
    await Promise.all([...this.#all].map((thread) => thread.end()));
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#busy < this.#size) {
      const thread = this.#idle.pop();
      if (thread === undefined && this.#slots >= 2 * this.#size) return;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      clearTimeout(waiting.timer);
      this.#busy += 1;
      void this.#run(waiting, thread).finally(() => {
        this.#busy -= 1;
        this.#next();
      });
    }
  }

  async #run({ request, limitMs, resolve, reject }: Waiting, idle: Thread | undefined): Promise<void> {
    let thread = idle;
    try {
      thread ??= await this.#start();
      resolve(await thread.ask({ ...request, limitMs }, limitMs + graceMs));
    } catch (error) {
      reject(error instanceof Unanswered ? new TooSlow('the read did not stop at its limit and was ended') : error);
      // Its thread is inside one step of SQLite, which ends when it ends; another one takes its place meanwhile.
      if (error instanceof Unanswered) void thread?.end();
    }
    if (thread !== undefined && !thread.dead) this.#idle.push(thread);
  }

  async #start(): Promise<Thread> {
    this.#slots += 1;
    try {
      const thread = await startThread({ role: 'read', ...this.#reads });
      this.#all.add(thread);
      void thread.ended.then(() => {
        this.#all.delete(thread);
        this.#slots -= 1;
        const place = this.#idle.indexOf(thread);
        if (place >= 0) this.#idle.splice(place, 1);
        this.#next();
      });
      if (this.#closed) await thread.end();
      return thread;
    } catch (error) {
      this.#slots -= 1;
      throw error;
    }
  }
}

/** A thread gave no answer in time. */
class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/** A worker thread that answers requests by their numbers. It keeps the process alive only while one is open. */
class Thread {
  readonly #worker: Worker;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  #nextId = 0;
  dead = false;
  readonly ended: Promise<void>;

  constructor(worker: Worker) {
    this.#worker = worker;
    let cause: unknown;
    worker.on('message', ({ id, value, failure }: Answer) => {
      const call = this.#open.get(id);
      if (call === undefined) return;
      this.#settle(id);
      if (failure === undefined) call.resolve(value);
      else call.reject(errorOf(failure));
    });
    worker.on('error', (error) => {
      cause = error;
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    worker.on('exit', () => {
      this.dead = true;
      for (const [id, { reject }] of this.#open) {
        this.#settle(id);
        reject(cause ?? new Error('a thread of the store ended before it answered'));
      }
      resolve();
    });
  }

  /** Resolves when the worker says that it is ready. */
  opened(): Promise<unknown> {
    return this.#expect(this.#nextId++, openTimeoutMs);
  }

  ask(request: Unnumbered<WriteRequest> | Unnumbered<ReadRequest>, timeoutMs: Millis): Promise<unknown> {
    if (this.dead) return Promise.reject(new Error('a thread of the store has ended'));
    const id = this.#nextId++;
    const answer = this.#expect(id, timeoutMs);
    this.#worker.postMessage({ ...request, id }, []);
    return answer;
  }

  /** Ends the thread; whoever waits for an answer gets an error. */
  async end(): Promise<void> {
    this.dead = true;
    await this.#worker.terminate();
  }

  #expect(id: number, timeoutMs: Millis): Promise<unknown> {
    if (this.#open.size === 0) this.#worker.ref();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      this.#settle(id);
      reject(new Unanswered('a thread of the store did not answer in time'));
      void this.end();
    }, timeoutMs);
    this.#open.set(id, {
      resolve: (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
    return promise;
  }

  #settle(id: number): void {
    this.#open.delete(id);
    if (this.#open.size === 0 && !this.dead) this.#worker.unref();
  }
}

function writerOf({ path, maxBytes, recountAfterMs = 2000 }: SqliteStoreOptions): Start {
  return { role: 'write', path, recountAfterMs, ...(maxBytes !== undefined && { maxBytes }) };
}

async function startThread(data: Start): Promise<Thread> {
  const thread = new Thread(new Worker(workerFile, { workerData: data, name: `store-${data.role}` }));
  await thread.opened();
  return thread;
}

function errorOf({ name, message }: Failure): Error {
  switch (name) {
    case 'Conflict':
      return new Conflict(message);
    case 'NotFound':
      return new NotFound(message);
    case 'TooSlow':
      return new TooSlow(message);
    case 'RangeError':
      return new RangeError(message);
    default:
      return new Error(message);
  }
}
