/**
 * A WebSocket that is kept open: rotates hosts, waits between tries, notices silence, stops reading when we are slow.
 * Between the peer that pushes and the source that is pulled stands one bounded buffer.
 */
import { WebSocket } from 'ws';
import { BoundedBuffer } from '../../lib/bounded-buffer.ts';
import type { SocketConnection, SocketEnd, SocketEvents, SourceDeps } from '../../model/define.ts';
import { SourceError } from '../../model/errors.ts';
import type { Millis } from '../../model/types.ts';

/** What a protocol says to its socket. */
export interface StreamProtocol<T> {
  /** How many hosts there are to take turns. */
  readonly hosts: number;
  /** Asked before each try. */
  readonly target: (host: number) => { readonly url: string; readonly protocols: readonly string[] };
  /** Takes one message; what is to be handed on is given to `keep` with its size. Answers why the connection must end, if it must. */
  readonly frame: (data: Buffer, binary: boolean, keep: (value: T, bytes: number) => void) => string | undefined;
  /** Told of each end; answers an error when trying again cannot help, and `at-once` when the next try will be another one. */
  readonly ended: (end: SocketEnd) => SourceError | 'at-once' | undefined;
}

export interface StreamLimits {
  /** Without a byte or a ping for so long, a connection is dead. */
  readonly silenceMs: Millis;
  /** At this many waiting bytes reading stops; it goes on at half. */
  readonly highBytes: number;
  /** A pause longer than this ends the connection: it is opened again, from the cursor, when there is room. */
  readonly pauseMs: Millis;
  /** Whoever waits for messages is woken so often, although none came. */
  readonly tickMs: Millis;
}

/** What is remembered of failures from one `read` to the next. */
export interface StreamMemory {
  host: number;
  /** In a row, since a connection was healthy. */
  failures: number;
  /** Of these, the last in a row that did not even open. */
  unopened: number;
  /** When a connection last gave a sign of life. */
  aliveAt: Millis | undefined;
}

const FIRST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 60_000;
const LEAST_WAIT_MS = 100;
/** A connection that lived so long was healthy: what fails next is a first failure. */
const HEALTHY_MS = 60_000;
/** Failing for so long, the source says so. */
const UNSAID_MS = 15_000;
/** Room for the largest message that is asked for, with its envelope. */
const MOST_MESSAGE_BYTES = 4 * 1024 * 1024;
const HANDSHAKE_MS = 15_000;
const MOST_REFUSAL_BYTES = 4_096;

type StreamDeps = Pick<SourceDeps, 'connect' | 'now' | 'sleep' | 'random'>;

/** Identity: one connection at a time, and what waits. Touches the network from `open` on. */
export class SocketStream<T> implements Disposable {
  readonly #protocol: StreamProtocol<T>;
  readonly #limits: StreamLimits;
  readonly #deps: StreamDeps;
  readonly #memory: StreamMemory;
  readonly #buffer: BoundedBuffer<T>;
  readonly #stop = new AbortController();
  #connection: SocketConnection | undefined;
  #opened = false;
  #pausedAt: Millis | undefined;
  #drained: (() => void) | undefined;
  #failure: SourceError | undefined;

  constructor(protocol: StreamProtocol<T>, limits: StreamLimits, deps: StreamDeps, memory: StreamMemory) {
    this.#protocol = protocol;
    this.#limits = limits;
    this.#deps = deps;
    this.#memory = memory;
    this.#buffer = new BoundedBuffer<T>({
      highBytes: limits.highBytes,
      onFull: () => {
        this.#pausedAt = deps.now();
        this.#connection?.pause();
      },
      onDrained: () => {
        this.#pausedAt = undefined;
        this.#connection?.resume();
        this.#drained?.();
      },
    });
  }

  /** Begins to connect, and goes on until it is disposed of. */
  open(): void {
    this.#keepOpen().catch((error: unknown) => {
      this.#fail(new SourceError('the connection cannot be kept open', { retryable: true, cause: error }));
    });
    void this.#tick();
  }

  /** Wakes whoever waits, now and then: one timer for all waits. */
  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#deps.sleep(this.#limits.tickMs, signal);
      this.#buffer.wake();
    }
  }

  /** Whether a connection is open now. */
  get isOpen(): boolean {
    return this.#opened;
  }

  /** How much waits. */
  get waiting(): number {
    return this.#buffer.size;
  }

  /** Waits until something is there, or until the next tick. Throws when nothing waits and the stream has failed. */
  async ready(): Promise<void> {
    if (this.#buffer.size > 0) return;
    if (this.#failure) throw this.#failure;
    if (this.#stop.signal.aborted) return;
    await this.#buffer.ready();
    if (this.#buffer.size === 0 && this.#failure) throw this.#failure;
  }

  take(maxItems: number, maxBytes: number, last?: (value: T) => boolean): readonly T[] {
    return this.#buffer.take(maxItems, maxBytes, last);
  }

  [Symbol.dispose](): void {
    const connection = this.#connection;
    this.#stop.abort();
    connection?.end();
    this.#drained?.();
    this.#buffer.wake();
  }

  async #keepOpen(): Promise<void> {
    const { now, sleep } = this.#deps;
    const { signal } = this.#stop;
    const memory = this.#memory;
    memory.aliveAt ??= now();
    while (!signal.aborted) {
      await this.#room();
      if (signal.aborted) return;
      const { end, openedAt, slow } = await this.#connectOnce();
      if (signal.aborted) return;
      // It was us who were slow: the same host, as soon as there is room.
      if (slow) continue;
      const verdict = this.#protocol.ended(end);
      if (verdict instanceof SourceError) {
        this.#fail(verdict);
        return;
      }
      const healthy = openedAt !== undefined && now() - openedAt >= HEALTHY_MS;
      memory.failures = healthy ? 1 : memory.failures + 1;
      if (verdict === 'at-once' && memory.failures < MOST_AT_ONCE) continue;
      // A healthy host gets a second chance: it may only have been restarted.
      if (!healthy) memory.host = (memory.host + 1) % this.#protocol.hosts;
      const waitMs = Math.max(this.#waitMs(), end.retryAfterMs ?? 0);
      memory.unopened = openedAt === undefined ? memory.unopened + 1 : 0;
      const tried = memory.unopened >= Math.max(2, this.#protocol.hosts);
      if (tried || now() - (memory.aliveAt ?? 0) >= UNSAID_MS) {
        this.#fail(new SourceError(`no connection: ${end.reason}`, { retryable: true, retryAfterMs: waitMs }));
        return;
      }
      await sleep(waitMs, signal);
    }
  }

  /** Full jitter over a doubling range; the first try after a healthy connection comes at once. */
  #waitMs(): Millis {
    const { failures } = this.#memory;
    if (failures <= 1) return LEAST_WAIT_MS;
    const range = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 2, 10));
    return Math.max(LEAST_WAIT_MS, Math.round(range * (this.#deps.random ?? Math.random)()));
  }

  async #room(): Promise<void> {
    if (this.#pausedAt === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = resolve;
    await promise;
    this.#drained = undefined;
  }

  #fail(failure: SourceError): void {
    this.#failure = failure;
    this.#buffer.wake();
  }

  /** One connection from its first byte to its end. */
  async #connectOnce(): Promise<Life> {
    const { now } = this.#deps;
    const { url, protocols } = this.#protocol.target(this.#memory.host);
    const { promise, resolve } = Promise.withResolvers<Life>();
    const over = new AbortController();
    const life = { heardAt: now(), heard: false, openedAt: undefined as Millis | undefined };
    const settle = (end: SocketEnd, slow = false): void => {
      if (over.signal.aborted) return;
      if (life.heard) this.#memory.aliveAt = now();
      ended = true;
      over.abort();
      this.#connection = undefined;
      this.#opened = false;
      resolve({ end, openedAt: life.openedAt, slow });
    };
    let ended = false;
    const keep = (value: T, bytes: number): void => this.#buffer.push(value, bytes);
    const events: SocketEvents = {
      onOpen: () => {
        if (over.signal.aborted) return;
        life.heard = true;
        life.openedAt = now();
        this.#opened = true;
      },
      onPing: () => {
        life.heard = true;
      },
      onFrame: (data, binary) => {
        if (ended) return;
        // The time is asked for by the watch, not for each of thousands of messages.
        life.heard = true;
        const reason = this.#protocol.frame(data, binary, keep);
        if (reason === undefined) return;
        connection.end();
        settle({ reason });
      },
      onEnd: (end) => settle(end),
    };
    const connection = (this.#deps.connect ?? connectWebSocket)(url, { protocols }, events);
    this.#connection = connection;
    this.#stop.signal.addEventListener('abort', () => settle({ reason: 'stopped' }), { once: true });
    void this.#watch(life, over.signal, (end, slow) => {
      connection.end();
      settle(end, slow);
    });
    return await promise;
  }

  /** Ends a connection that says nothing, or that has been paused for too long. A pause counts as life. */
  async #watch(
    life: { heardAt: Millis; heard: boolean },
    over: AbortSignal,
    giveUp: (end: SocketEnd, slow: boolean) => void,
  ): Promise<void> {
    const { now, sleep } = this.#deps;
    const { silenceMs, pauseMs } = this.#limits;
    for (;;) {
      const dueAt = this.#pausedAt === undefined ? life.heardAt + silenceMs : this.#pausedAt + pauseMs;
      await sleep(Math.max(1, Math.min(dueAt - now(), WATCH_MS)), over);
      if (over.aborted) return;
      if (life.heard || this.#pausedAt !== undefined) {
        life.heardAt = now();
        life.heard = false;
        this.#memory.aliveAt = life.heardAt;
      }
      if (this.#pausedAt !== undefined) {
        if (now() - this.#pausedAt >= pauseMs) giveUp({ reason: 'we were slow for too long' }, true);
      } else if (now() - life.heardAt >= silenceMs) {
        giveUp({ reason: `silent for ${Math.round(silenceMs / 1_000)} s` }, false);
      }
    }
  }
}

interface Life {
  readonly end: SocketEnd;
  readonly openedAt: Millis | undefined;
  readonly slow: boolean;
}

/** A pause can begin at any time: the watch looks this often. */
const WATCH_MS = 15_000;
/** Another question is asked at once only so often: a server that refuses each is failing. */
const MOST_AT_ONCE = 3;

/** A real WebSocket. Compression by the protocol itself is never offered. */
export function connectWebSocket(
  url: string,
  { protocols }: { readonly protocols: readonly string[] },
  events: SocketEvents,
): SocketConnection {
  let ended = false;
  const end = (reason: SocketEnd): void => {
    if (ended) return;
    ended = true;
    events.onEnd(reason);
  };
  const socket = new WebSocket(url, [...protocols], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: MOST_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_MS,
    headers: { 'user-agent': 'Vigie' },
  });
  socket.on('open', events.onOpen);
  socket.on('ping', events.onPing);
  socket.on('message', (data, binary) => {
    if (!ended) events.onFrame(data as Buffer, binary);
  });
  socket.on('unexpected-response', (request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refused = (): void => {
      const seconds = Number(response.headers['retry-after']);
      end({
        reason: `refused with HTTP ${response.statusCode}`,
        status: response.statusCode ?? 0,
        body: Buffer.concat(chunks).toString('utf8').slice(0, MOST_REFUSAL_BYTES),
        ...(seconds > 0 && seconds < 3_600 ? { retryAfterMs: seconds * 1_000 } : {}),
      });
      request.destroy();
    };
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_REFUSAL_BYTES) chunks.push(chunk);
      else refused();
    });
    response.on('end', refused);
    response.on('error', refused);
  });
  socket.on('error', (error: Error & { code?: string }) => end({ reason: plain(error) }));
  socket.on('close', (code, reason) =>
    end({
      reason: `closed with ${code}${reason.length > 0 ? ` (${reason.toString('utf8').slice(0, 200)})` : ''}`,
      code,
    }),
  );
  return {
    pause: () => {
      if (socket.readyState === WebSocket.OPEN) socket.pause();
    },
    resume: () => {
      if (socket.isPaused) socket.resume();
    },
    end: () => {
      ended = true;
      socket.terminate();
    },
  };
}

/** The message of a network error; where many addresses were tried it has none of its own. */
function plain(error: Error & { readonly code?: string }): string {
  return error.message !== '' ? error.message : (error.code ?? error.name);
}
