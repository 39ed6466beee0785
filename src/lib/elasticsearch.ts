/** What the store and the desk share of Elasticsearch: a client, writes that wait for a busy server, and names of documents. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import type { Millis } from '../model/types.ts';

/** How to reach a cluster. */
export interface ElasticsearchConnection {
  /** Such as https://search.example.org:9200; holds no password. */
  readonly url: string;
  /** Either a key, or a user with a password; neither where security is off. */
  readonly apiKey?: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates to trust, PEM; those of the system when left out. */
  readonly ca?: string;
}

/** What writing needs beside the client. */
export interface BulkOptions {
  /** Longest that one write may take, its retries included. 60 s unless told. */
  readonly writeTimeoutMs?: Millis;
  /** Spreads the retries of many processes; Math.random unless told. */
  readonly random?: () => number;
}

/** One line or two of a bulk request, as JSON. */
export interface BulkOperation {
  readonly action: string;
  readonly source?: string;
}

/** What became of one operation: its HTTP status, and why it was refused. */
export interface BulkAnswer {
  readonly status: number;
  readonly reason?: string;
}

/** Most operations and bytes (in UTF-16 units) of one bulk request. */
const bulkOperations = 1000;
const bulkUnits = 4_000_000;
const firstWaitMs = 50;
const longestWaitMs = 3000;

/** Makes a client; nothing is asked of the server yet. Retries are the caller's: none happen behind its back. */
export function createClient(connection: ElasticsearchConnection): Client {
  const { url, apiKey, username, password, ca } = connection;
  return new Client({
    node: url,
    maxRetries: 0,
    requestTimeout: 30_000,
    ...(apiKey !== undefined && { auth: { apiKey } }),
    ...(apiKey === undefined && username !== undefined && { auth: { username, password: password ?? '' } }),
    ...(ca !== undefined && { tls: { ca } }),
  });
}

/**
 * Sends operations in bulk, and again those that a busy server did not take, ever later. Answers what became of each, in their
 * order; throws when the server still does not take them after `writeTimeoutMs`. Whatever is sent may arrive twice, so each
 * operation must be one that can be repeated.
 */
export async function bulk(
  client: Client,
  operations: readonly BulkOperation[],
  options: BulkOptions = {},
): Promise<readonly BulkAnswer[]> {
  const end = performance.now() + (options.writeTimeoutMs ?? 60_000);
  const answers: BulkAnswer[] = [];
  for (let first = 0; first < operations.length; ) {
    let last = first;
    for (let units = 0; last < operations.length && last - first < bulkOperations; last++) {
      units += (operations[last]?.action.length ?? 0) + (operations[last]?.source?.length ?? 0);
      if (units > bulkUnits && last > first) break;
    }
    answers.push(...(await sendUntilTaken(client, operations.slice(first, last), end, options.random ?? Math.random)));
    first = last;
  }
  return answers;
}

/** Asks something that may be asked twice, again and ever later while the server is busy or away, for `writeTimeoutMs` at most. */
export async function patiently<T>(
  request: (transport: { readonly requestTimeout: number }) => Promise<T>,
  options: BulkOptions = {},
): Promise<T> {
  const end = performance.now() + (options.writeTimeoutMs ?? 60_000);
  const random = options.random ?? Math.random;
  for (let attempt = 0; ; attempt++) {
    try {
      return await request({ requestTimeout: Math.min(30_000, Math.max(1000, end - performance.now())) });
    } catch (error) {
      const waitMs = waitBefore(attempt, random);
      if (!isUnavailable(error) || performance.now() + waitMs > end) throw error;
      await sleep(waitMs);
    }
  }
}

function waitBefore(attempt: number, random: () => number): Millis {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** attempt) * (0.5 + random());
}

async function sendUntilTaken(
  client: Client,
  operations: readonly BulkOperation[],
  end: Millis,
  random: () => number,
): Promise<readonly BulkAnswer[]> {
  const answers: BulkAnswer[] = Array.from({ length: operations.length }, () => ({ status: 0 }));
  let open = operations.map((_, i) => i);
  for (let attempt = 0; ; attempt++) {
    const left = end - performance.now();
    let why: unknown;
    try {
      const sent = open.map((i) => operations[i]).filter((operation) => operation !== undefined);
      const got = await send(client, sent, Math.max(1000, left));
      const again: number[] = [];
      for (const [k, i] of open.entries()) {
        const answer = got[k] ?? { status: 0, reason: 'no answer' };
        answers[i] = answer;
        if (isPassing(answer.status, answer.reason)) again.push(i);
      }
      if (again.length === 0) return answers;
      open = again;
      why = answers[again[0] ?? 0]?.reason;
    } catch (error) {
      if (!isUnavailable(error)) throw plainError(error);
      why = plainError(error).message;
    }
    const waitMs = waitBefore(attempt, random);
    if (performance.now() + waitMs > end) {
      throw new Error(
        `Elasticsearch did not take ${open.length} of ${operations.length} writes in time: ${String(why)}`,
      );
    }
    await sleep(waitMs);
  }
}

interface BulkItem {
  readonly status: number;
  readonly error?: {
    readonly type?: string;
    readonly reason?: string;
    readonly caused_by?: { readonly reason?: string };
  };
}

async function send(
  client: Client,
  operations: readonly BulkOperation[],
  timeoutMs: Millis,
): Promise<readonly BulkAnswer[]> {
  const lines: string[] = [];
  for (const { action, source } of operations) {
    lines.push(action);
    if (source !== undefined) lines.push(source);
  }
  const answer = (await client.bulk(
    { operations: lines, filter_path: ['items.*.status', 'items.*.error'] },
    { requestTimeout: Math.min(30_000, timeoutMs) },
  )) as unknown as { readonly items?: readonly Readonly<Record<string, BulkItem>>[] };
  return (answer.items ?? []).map((item) => {
    const { status, error } = Object.values(item)[0] ?? { status: 0 };
    if (error === undefined) return { status };
    const cause = error.caused_by?.reason;
    return { status, reason: `${error.type}: ${error.reason}${cause === undefined ? '' : ` (${cause})`}` };
  });
}

/** Whether a refusal passes by itself: the queue is full, a shard moves, or an index is closed to writes while it is rebuilt. */
function isPassing(status: number, reason: string | undefined): boolean {
  if (status === 429 || status === 502 || status === 503 || status === 504) return true;
  return status === 403 && reason?.startsWith('cluster_block_exception') === true;
}

/** Whether an error says that the server cannot be reached or cannot keep up now. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof errors.ConnectionError || error instanceof errors.TimeoutError) return true;
  if (error instanceof errors.NoLivingConnectionsError) return true;
  return error instanceof errors.ResponseError && isPassing(error.statusCode ?? 0, undefined);
}

/** The HTTP status of an answer that was none of success; undefined when it is no answer at all. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof errors.ResponseError ? error.statusCode : undefined;
}

/** The kind of a refusal, such as `version_conflict_engine_exception`. */
export function typeOf(error: unknown): string | undefined {
  if (!(error instanceof errors.ResponseError)) return undefined;
  const body = error.body as { error?: { type?: string } | string } | undefined;
  return typeof body?.error === 'object' ? body.error.type : undefined;
}

/** An error that says what happened and holds nothing of the request: the client's own carry headers with the credentials. */
export function plainError(error: unknown): Error {
  if (error instanceof errors.ResponseError) {
    const { error: told } = (error.body ?? {}) as { error?: { reason?: string } };
    const reason = told?.reason === undefined || error.message.includes(told.reason) ? '' : `: ${told.reason}`;
    return new Error(`Elasticsearch: ${error.message}${reason}`.slice(0, 2000));
  }
  if (error instanceof errors.ElasticsearchClientError)
    return new Error(`Elasticsearch: ${error.message}`.slice(0, 2000));
  return error instanceof Error ? error : new Error(String(error));
}

/** The id of a document: the key itself, or its hash where the key is too long for an id or is no text. */
export function documentId(key: string): string {
  if (key.isWellFormed() && Buffer.byteLength(key) <= 512) return key;
  return `sha256:${createHash('sha256').update(JSON.stringify(key)).digest('hex')}`;
}

/** The state of a document as one word: what a reader has seen and a writer hands back. */
export function versionIn(document: { readonly _seq_no?: number; readonly _primary_term?: number }): string {
  return `${document._seq_no}.${document._primary_term}`;
}

/** The two numbers of such a word, which the server compares; undefined when it is none. */
export function parseVersion(version: string): { readonly seqNo: number; readonly term: number } | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(version);
  return match === null ? undefined : { seqNo: Number(match[1]), term: Number(match[2]) };
}
