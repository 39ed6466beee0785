/** The shape that every pluggable file exports: registry, docs, checks and tests live off it. */
import type { z } from 'zod';
import type { Detector, Notifier, Source } from './ports.ts';
import type { Brand, Millis, Query } from './types.ts';

/** What every source, detector and notifier says about itself. */
export interface Definition<Schema extends z.ZodType, Made, Deps> {
  /** A noun in kebab-case: what a person writes after `type:`. */
  readonly type: string;
  /** One sentence, with a full stop. */
  readonly summary: string;
  /** Strict object; every field has a description and, where there is a sane one, a default. */
  readonly config: Schema;
  /** Shown in the docs and run by test/docs.test.ts. */
  readonly examples: readonly { readonly title: string; readonly config: z.input<Schema> }[];
  create(config: z.output<Schema>, deps: Deps): Made;
}

/** One request that a webhook took in; `body` holds the raw bytes that were signed. */
export interface HookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}
/** What to answer the sender. `retryAfterS` goes out as Retry-After. */
export interface HookAnswer {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
  readonly retryAfterS?: number;
}
/** Handles one delivery; resolves when the posts are durable or the delivery is refused. */
export type HookHandler = (request: HookRequest) => Promise<HookAnswer>;

/** What a WebSocket tells its owner. After `onEnd` nothing more comes. */
export interface SocketEvents {
  readonly onOpen: () => void;
  /** One whole message. The bytes may belong to a larger buffer: copy what is kept. */
  readonly onFrame: (data: Buffer, binary: boolean) => void;
  /** The peer gave a sign of life that is no message. */
  readonly onPing: () => void;
  readonly onEnd: (end: SocketEnd) => void;
}
/** Why a WebSocket is no more. */
export interface SocketEnd {
  readonly reason: string;
  /** The code of a close frame. */
  readonly code?: number;
  /** The HTTP answer that refused the connection, with the beginning of its body. */
  readonly status?: number;
  readonly body?: string;
  readonly retryAfterMs?: Millis;
}
/** A WebSocket that can pause, as sources hold it. */
export interface SocketConnection {
  /** Stops reading from the network; what was read already may still come. */
  pause(): void;
  resume(): void;
  /** Closes at once, without a farewell. */
  end(): void;
}
/** Opens a WebSocket; failures come as `onEnd`, never as exceptions. */
export type Connect = (
  url: string,
  options: { readonly protocols: readonly string[] },
  events: SocketEvents,
) => SocketConnection;

/**
 * What was taken in before, as a source may ask it to hand on deletes of nothing else. Where it cannot be sure (a post may
 * still be on its way from the log to the store) it answers yes.
 */
export interface Taken {
  /** Whether posts of these ids were taken in, in the order asked. */
  has(ids: readonly string[]): Promise<readonly boolean[]>;
  /** Ids of the posts of an author (`author.id`) on a network (`source`). */
  by(source: string, author: string): Promise<readonly string[]>;
}

/** All that a source may touch of the world; tests hand in their own, so that 24 h pass in milliseconds. */
export interface SourceDeps {
  /** The configured source's name: `via` of its posts. */
  readonly name: string;
  readonly fetch: typeof globalThis.fetch;
  /** Binds POST /hooks/<name>; answers a function that unbinds it. */
  readonly hook: (name: string, handler: HookHandler) => () => void;
  /** What the brands ask for, to be pushed down to the platform's own filter where it has one. */
  readonly queries: () => readonly Query[];
  readonly now: () => Millis;
  readonly sleep: (ms: Millis, signal: AbortSignal) => Promise<void>;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** Opens WebSockets; absent: real ones. */
  readonly connect?: Connect;
  /** What was taken in before; absent: it cannot be asked, and every delete is handed on. */
  readonly taken?: Taken;
  /** 0 ≤ x < 1, for the jitter of waits; absent: the platform's own. */
  readonly random?: () => number;
}

export type SourceDefinition<S extends z.ZodType> = Definition<S, Source, SourceDeps>;

export function defineSource<S extends z.ZodType>(definition: SourceDefinition<S>): SourceDefinition<S> {
  return definition;
}

/** What a detector may know beside its arguments: all fixed for a run. */
export interface DetectorDeps {
  /** How late mentions of a configured source may be and still be counted as news. */
  readonly latenessMs: (via: string) => Millis;
  /** What the brands are called, so that their own names are no news; absent: unknown. */
  readonly brands?: readonly Brand[];
}

export type DetectorDefinition<S extends z.ZodType> = Definition<S, Detector, DetectorDeps>;

export function defineDetector<S extends z.ZodType>(definition: DetectorDefinition<S>): DetectorDefinition<S> {
  return definition;
}

/** All that a notifier may touch of the world. */
export interface NotifierDeps {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => Millis;
  /** Installation-wide SMTP; absent: mails become `.eml` files in `mailFolder`. */
  readonly smtp?: { readonly url: string; readonly from: string };
  readonly mailFolder: string;
  readonly from: string;
  /** Where the console notifier prints. */
  readonly print: (line: string) => void;
}

export type NotifierDefinition<S extends z.ZodType> = Definition<S, Notifier, NotifierDeps>;

export function defineNotifier<S extends z.ZodType>(definition: NotifierDefinition<S>): NotifierDefinition<S> {
  return definition;
}
