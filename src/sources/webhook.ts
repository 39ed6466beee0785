/**
 * Posts pushed to us: POST /hooks/<name>, signed. The answer is given once the posts are durable. Of a body that is wrong in
 * parts, the posts that are right are taken, the others go to the quarantine, and the answer is 422 with both: nothing is
 * lost, and a sender that repeats the whole does no harm, because ids make one post of both.
 */
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import { defineSource, type HookAnswer, type HookRequest, type SourceDeps } from '../model/define.ts';
import type { SourceBatch } from '../model/ports.ts';
import type { Json, Outcome, RawItem, UnstampedPost } from '../model/types.ts';
import { nativeIdOf } from './lib/items.ts';
import { decodeText, excerpt } from './lib/lines.ts';
import { jsonProblem } from './lib/ndjson.ts';
import { parsePost } from './lib/post.ts';
import { signatureProblem } from './lib/signature.ts';

/** No answer takes longer: proxies and senders give up at about 30 s. */
const ANSWER_MS = 25_000;
const RETRY_AFTER_S = 5;
/** One append carries at most so much, unless a single part is larger. */
const BATCH_ITEMS = 1_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** A large delivery is cut, so that it shares appends with small ones. */
const PART_ITEMS = 500;
/** More problems than this are counted, not listed. */
const MOST_PROBLEMS = 1_000;

export const webhook = defineSource({
  type: 'webhook',
  summary: 'Takes posts that are sent to POST /hooks/<name>, signed, as JSON or NDJSON.',
  config: z.strictObject({
    secret: z.string().min(1).describe('Key of the signature, shared with the sender; env:NAME or file:path.'),
    previous_secret: z
      .string()
      .min(1)
      .optional()
      .describe('The key before, accepted while senders change to the new one.'),
    source: z
      .string()
      .min(1)
      .optional()
      .describe('Network of posts that name none; the name of this source if absent.'),
    max_body_mb: z.number().positive().max(50).default(5).describe('A larger body is refused with 413.'),
    max_waiting_mb: z
      .number()
      .positive()
      .max(1_000)
      .default(32)
      .describe('Bodies that wait to be stored; beyond it senders are asked to come back (503).'),
    lateness: duration().prefault('15m').describe('Posts older than this on arrival are history.'),
  }),
  examples: [{ title: 'A crawler that posts what it finds', config: { secret: 'env:INBOX_SECRET' } }],
  create(config, deps) {
    const settings: Settings = {
      secrets: [config.secret, ...(config.previous_secret === undefined ? [] : [config.previous_secret])],
      source: config.source ?? deps.name,
      maxBodyBytes: config.max_body_mb * 1024 * 1024,
      maxWaitingBytes: config.max_waiting_mb * 1024 * 1024,
    };
    return {
      flow: 'pause',
      pushed: true,
      latenessMs: config.lateness,
      async *read(_from, signal) {
        if (signal.aborted) return;
        const inbox = new Inbox(settings, deps, signal);
        const unbind = deps.hook(deps.name, (request) => inbox.take(request));
        try {
          for (;;) {
            const batch = await inbox.next();
            if (batch === undefined) return;
            yield batch;
          }
        } finally {
          unbind();
          inbox.close();
        }
      },
      normalise,
    };
  },
});

interface Settings {
  readonly secrets: readonly string[];
  readonly source: string;
  readonly maxBodyBytes: number;
  readonly maxWaitingBytes: number;
}

/** One request under way. */
interface Delivery {
  readonly refused: readonly Refusal[];
  readonly accepted: number;
  readonly bytes: number;
  /** Parts that are not durable yet. */
  left: number;
  answered: boolean;
  readonly answer: (answer: HookAnswer) => void;
}
interface Part {
  readonly items: readonly RawItem[];
  readonly bytes: number;
  readonly delivery: Delivery;
}
/** One thing that is no post: where in the body it is, and everything that is wrong with it. */
type Refusal = { readonly index: number; readonly line?: number; readonly problems: readonly string[] };

/** Gathers concurrent requests into batches. Identity: the requests that wait. */
class Inbox {
  readonly #settings: Settings;
  readonly #deps: SourceDeps;
  readonly #signal: AbortSignal;
  readonly #open = new Set<Delivery>();
  #waiting: Part[] = [];
  #bytes = 0;
  #wake: (() => void) | undefined;
  readonly #onAbort = (): void => {
    this.#refuseWaiting();
    this.#wake?.();
  };

  constructor(settings: Settings, deps: SourceDeps, signal: AbortSignal) {
    this.#settings = settings;
    this.#deps = deps;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async take({ headers, body }: HookRequest): Promise<HookAnswer> {
    const { secrets, source, maxBodyBytes, maxWaitingBytes } = this.#settings;
    if (body.byteLength > maxBodyBytes) {
      return {
        status: 413,
        body: { error: `the body has ${body.byteLength} bytes, at most ${maxBodyBytes} are taken` },
      };
    }
    const problem = signatureProblem(headerOf(headers, 'x-vigie-signature'), body, secrets, this.#deps.now());
    if (problem !== undefined) return { status: 401, body: { error: problem } };
    if (this.#signal.aborted) return later('shutting down');
    if (this.#bytes + body.byteLength > maxWaitingBytes && this.#open.size > 0)
      return later('too much is waiting to be stored');
    const { items, refused } = readBody(body, source);
    if (items.length === 0 && refused.length === 0) return { status: 202, body: { accepted: 0 } };
    return await this.#store(items, refused, body.byteLength);
  }

  async #store(items: readonly RawItem[], refused: readonly Refusal[], bytes: number): Promise<HookAnswer> {
    const { promise, resolve } = Promise.withResolvers<HookAnswer>();
    const answered = new AbortController();
    const parts = Math.ceil(items.length / PART_ITEMS);
    const delivery: Delivery = {
      refused,
      accepted: items.length - refused.length,
      bytes,
      left: parts,
      answered: false,
      answer: (answer) => {
        if (delivery.answered) return;
        delivery.answered = true;
        this.#open.delete(delivery);
        this.#bytes -= bytes;
        answered.abort();
        resolve(answer);
      },
    };
    this.#open.add(delivery);
    this.#bytes += bytes;
    for (let at = 0; at < items.length; at += PART_ITEMS) {
      this.#waiting.push({ items: items.slice(at, at + PART_ITEMS), bytes: bytes / parts, delivery });
    }
    this.#wake?.();
    this.#deps.sleep(ANSWER_MS, answered.signal).then(
      () => {
        // A sleep may also resolve because it was aborted.
        if (!answered.signal.aborted) this.#giveUp(delivery);
      },
      () => undefined,
    );
    return await promise;
  }

  /** The next batch: everything that waits, up to the limits of one append. Undefined when the source is stopped. */
  async next(): Promise<SourceBatch | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#signal.aborted) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    if (this.#signal.aborted) return undefined;
    let count = 0;
    let items = 0;
    let bytes = 0;
    for (const part of this.#waiting) {
      if (count > 0 && (items + part.items.length > BATCH_ITEMS || bytes + part.bytes > BATCH_BYTES)) break;
      count += 1;
      items += part.items.length;
      bytes += part.bytes;
    }
    const parts = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    let settled = false;
    return {
      items: parts.flatMap((part) => part.items),
      done: (error) => {
        if (settled) return;
        settled = true;
        for (const { delivery } of parts) {
          delivery.left -= 1;
          if (error !== undefined) this.#giveUp(delivery, 'it could not be stored');
          else if (delivery.left === 0) delivery.answer(durable(delivery));
        }
      },
    };
  }

  /** Answers whoever still waits and lets go of everything. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#waiting = [];
    for (const delivery of this.#open) delivery.answer(later('shutting down'));
  }

  /** What was handed over already may become durable all the same; a repeat does no harm. */
  #giveUp(delivery: Delivery, reason = 'it took too long to store'): void {
    this.#waiting = this.#waiting.filter((part) => part.delivery !== delivery);
    delivery.answer(later(reason));
  }

  #refuseWaiting(): void {
    const parts = this.#waiting;
    this.#waiting = [];
    for (const { delivery } of parts) delivery.answer(later('shutting down'));
  }
}

function later(reason: string): HookAnswer {
  return { status: 503, body: { error: `not taken: ${reason}` }, retryAfterS: RETRY_AFTER_S };
}

function durable({ accepted, refused }: Delivery): HookAnswer {
  if (refused.length === 0) return { status: 202, body: { accepted } };
  const problems = refused.slice(0, MOST_PROBLEMS);
  return {
    status: 422,
    body: { error: 'some of the posts are wrong', accepted, refused: refused.length, problems },
  };
}

function headerOf(headers: HookRequest['headers'], name: string): string | undefined {
  return headers[name] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

// -------------------------------------------------------------------- body

/** A post that was checked when it came in, or what is wrong with it. */
type HookItem = { readonly post: UnstampedPost } | { readonly problem: string; readonly raw: Json };

interface Body {
  readonly items: readonly RawItem[];
  readonly refused: readonly Refusal[];
}

/** Reads one post, a list of posts, or NDJSON: which of the three it is shows in the body. */
function readBody(bytes: Uint8Array, source: string): Body {
  const text = decodeText(bytes).replace(/^\uFEFF/, '');
  if (text.trim() === '') return wholeRefused('the body is empty', '');
  try {
    const value = JSON.parse(text) as Json;
    return collect(
      (Array.isArray(value) ? (value as readonly Json[]) : [value]).map((value) => ({ value })),
      source,
    );
  } catch (error) {
    const lines = readLines(text);
    // Without one line that stands alone it is a broken document, not a list of lines.
    const ndjson = lines.length > 1 && lines.some(({ value }) => typeof value === 'object' && value !== null);
    return ndjson ? collect(lines, source) : wholeRefused(`not JSON: ${jsonProblem(error)}`, excerpt(text));
  }
}

interface Found {
  readonly line?: number;
  readonly value?: Json;
  readonly problem?: string;
  readonly raw?: string;
}

function readLines(text: string): readonly Found[] {
  return text.split('\n').flatMap((row, index): Found[] => {
    if (row.trim() === '') return [];
    try {
      return [{ line: index + 1, value: JSON.parse(row) as Json }];
    } catch (error) {
      return [{ line: index + 1, problem: `not JSON: ${jsonProblem(error)}`, raw: excerpt(row) }];
    }
  });
}

function wholeRefused(problem: string, raw: string): Body {
  const body: HookItem = { problem, raw };
  return { items: [{ nativeId: 'body', body }], refused: [{ index: 0, problems: [problem] }] };
}

function collect(found: readonly Found[], source: string): Body {
  const items: RawItem[] = [];
  const refused: Refusal[] = [];
  for (const [index, { line, value = null, problem, raw }] of found.entries()) {
    const parsed = problem === undefined ? parsePost(value, { source }) : { problems: [problem] };
    if ('post' in parsed) {
      const body: HookItem = { post: parsed.post };
      items.push({ nativeId: parsed.post.id, body });
      continue;
    }
    const { problems } = parsed;
    refused.push({ index, ...(line === undefined ? {} : { line }), problems });
    const where = line === undefined ? `post ${index + 1}` : `line ${line}`;
    const body: HookItem = { problem: `${where}: ${problems.join('; ')}`, raw: raw ?? excerpt(JSON.stringify(value)) };
    items.push({ nativeId: nativeIdOf(value) ?? where, body });
  }
  return { items, refused };
}

function normalise(item: RawItem): Outcome<UnstampedPost> {
  const body = item.body as HookItem | null;
  if (body !== null && typeof body === 'object' && 'post' in body) return { kind: 'keep', value: body.post };
  const problem = body !== null && typeof body === 'object' && 'problem' in body ? body.problem : 'not a delivery';
  return { kind: 'quarantine', reason: problem };
}
