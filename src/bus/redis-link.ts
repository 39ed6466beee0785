/** Connections to Redis: one server, Sentinel or Cluster; the scripts; what is tried again, and for how long. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
// Imported by name: a test that fakes the timers of `globalThis` does not hold up Redis.
import { clearTimeout, setTimeout } from 'node:timers';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Millis } from '../model/types.ts';

/** Where Redis is, as its address says. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Number of the database; 0 in a Cluster. */
  readonly db: number;
  /** The name under which the Sentinels know the primary; empty otherwise. */
  readonly master: string;
}

const ADDRESS = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/]*)@)?([^/?#@]+)(?:\/([^?#]*))?$/;

/**
 * Reads `redis://user:password@host:port/db`, `redis+sentinel://…@host:port,host:port/primary/db` or
 * `redis+cluster://…@host:port,host:port`; `rediss` for TLS. Undefined when it is none: the text is a secret, so no error quotes it.
 */
export function parseRedisUrl(url: string): RedisAddress | undefined {
  const [, scheme, kind = 'single', user, hostList = '', path = ''] = ADDRESS.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  const hosts = hostList.split(',').map((text) => /^(\[[0-9a-f:]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(text));
  const steps = path.split('/').filter((step) => step !== '');
  const master = kind === 'sentinel' ? decode(steps.shift() ?? '') : '';
  const db = Number(steps.shift() ?? 0);
  if (hosts.includes(null) || steps.length > 0 || !Number.isInteger(db) || db < 0) return undefined;
  if (kind === 'sentinel' ? !master : master !== '' || (kind === 'single' && hosts.length > 1)) return undefined;
  if (kind === 'cluster' && db !== 0) return undefined;
  const colon = user?.indexOf(':') ?? -1;
  const username = colon < 0 ? user : user?.slice(0, colon);
  return {
    kind: kind as RedisAddress['kind'],
    tls: scheme === 'rediss',
    hosts: hosts.map((found) => ({
      host: (found?.[1] ?? '').replace(/^\[|\]$/g, ''),
      port: Number(found?.[2] ?? (kind === 'sentinel' ? 26_379 : 6379)),
    })),
    username: username ? decode(username) : undefined,
    password: colon < 0 ? undefined : decode(user?.slice(colon + 1) ?? ''),
    db,
    master,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface RedisLinkOptions {
  /** See `parseRedisUrl`. Throws a TypeError when it is no such address. */
  readonly url: string;
  /** Certificate of the authority that signed the server's, PEM; the system's authorities unless told. */
  readonly ca?: string;
  /** Password of the Sentinels; none unless told. */
  readonly sentinelPassword?: string;
  /** After this long without success an operation fails. 10 s unless told. */
  readonly timeoutMs?: Millis;
  /** Replicas that must have a write before it counts, and how long to wait for them. None unless told. */
  readonly replicas?: { readonly count: number; readonly waitMs: Millis };
  /** Told of each connection that fails, and when one is there again (undefined). */
  readonly onState?: (error: string | undefined) => void;
}

export type RedisClient = Redis | Cluster;

/** A script of `lua/`, run by its digest. */
export interface Script {
  readonly sha: string;
  readonly text: string;
}

/** Reads a script; what its keys, arguments and answer are stands at its head. */
export function script(name: string): Script {
  const text = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
  return { text, sha: hash('sha1', text) };
}

/** Redis did not answer in time, or cannot do it now. Whether the last write happened is not known. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/** One try of a command: then the connection counts as dead. */
const TRY_MS = 5_000;
/** Errors after which the same command may succeed: lost connections, and servers that load, fail over or move slots. */
const PASSING =
  /connection is closed|connection close|isn't writeable|writable|timed out|timeout|max retries|maxretries|socket closed|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|not connected|all sentinels|startup nodes|refresh slots|cluster isn't ready|too many cluster redirections|cluster is not reachable|^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|UNBLOCKED|NOREPLICAS|BUSY|NOTREPLICATED)\b/i;

/** The connections of one bus. What it runs must be harmless when it runs twice: a lost answer is asked for again. */
export class RedisLink {
  readonly kind: RedisAddress['kind'];
  readonly timeoutMs: Millis;
  readonly main: RedisClient;
  #address: RedisAddress;
  #options: RedisLinkOptions;
  #clients = new Set<RedisClient>();
  #over = new AbortController();
  #down = new Map<RedisClient, string>();

  constructor(options: RedisLinkOptions) {
    const address = parseRedisUrl(options.url);
    if (address === undefined) {
      throw new TypeError(
        'not an address of Redis: redis://user:password@host:port/db, redis+sentinel://host:port,host:port/primary or redis+cluster://host:port,host:port; rediss for TLS',
      );
    }
    this.kind = address.kind;
    this.#address = address;
    this.#options = options;
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.main = this.connect('main');
  }

  get closed(): boolean {
    return this.#over.signal.aborted;
  }

  /** One more connection of its own; `blockMs`: the longest that a command of it blocks. */
  connect(name: string, blockMs: Millis = 0): RedisClient {
    const client = open(this.#address, this.#options, `vigie-${name}`, TRY_MS + blockMs);
    this.#clients.add(client);
    client.on('error', (error: unknown) => this.#tell(client, messageOf(error)));
    client.on('ready', () => this.#tell(client, undefined));
    return client;
  }

  /** Ends one connection. */
  drop(client: RedisClient): void {
    this.#clients.delete(client);
    this.#down.delete(client);
    client.disconnect();
  }

  /** Tries until it succeeds or the time is over, then throws RedisUnavailable; errors that stay are thrown at once. */
  async ask<T>(
    what: string,
    work: (client: RedisClient) => Promise<T>,
    { client = this.main, withinMs = this.timeoutMs }: { client?: RedisClient; withinMs?: Millis } = {},
  ): Promise<T> {
    const until = performance.now() + withinMs;
    let told = '';
    for (let attempt = 0; ; attempt++) {
      let reason: string;
      try {
        await ready(client, until - performance.now(), this.#over.signal);
        return await within(work(client), until - performance.now(), this.#over.signal);
      } catch (error) {
        // Not as the cause: it carries the command with all that was to be written.
        reason = messageOf(error);
      }
      if (this.closed) throw new Error('the bus is closed');
      if (!PASSING.test(reason)) throw explained(what, reason);
      if (told === '' || !/^(timed out|not connected)$/.test(reason)) told = reason;
      const waitMs = Math.min(25 * 2 ** Math.min(attempt, 10), 1_000);
      if (performance.now() + waitMs >= until) {
        const last = this.#down.get(client) ?? told;
        throw new RedisUnavailable(`Redis: ${what}: no success within ${withinMs} ms (${last})`);
      }
      await pause(waitMs, this.#over.signal);
    }
  }

  /** Runs a script; a write counts once as many replicas as configured have it. */
  run(
    { sha, text }: Script,
    what: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    { write = false, withinMs }: { write?: boolean; withinMs?: Millis } = {},
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    const { replicas } = this.#options;
    return this.ask(
      what,
      async (client) => {
        if (!write || replicas === undefined) {
          try {
            return await client.call('evalsha', [sha, ...rest]);
          } catch (error) {
            if (!isUnknownScript(error)) throw error;
            return await client.call('eval', [text, ...rest]);
          }
        }
        for (const first of [true, false]) {
          // In one pipeline both go to the same server over the same connection, which is what WAIT looks at.
          const pipeline = client.pipeline();
          const results = await (first ? pipeline.call('evalsha', sha, ...rest) : pipeline.call('eval', text, ...rest))
            .wait(replicas.count, replicas.waitMs)
            .exec();
          const [[failed, answer], [waitFailed, reached]] = results as [
            [Error | null, unknown],
            [Error | null, number],
          ];
          if (failed && first && isUnknownScript(failed)) continue;
          if (failed ?? waitFailed) throw failed ?? waitFailed;
          if (reached >= replicas.count) return answer;
          throw new Error(`NOTREPLICATED ${reached} of ${replicas.count} replicas had it after ${replicas.waitMs} ms`);
        }
        throw new Error('the script is not there although it was just sent');
      },
      withinMs === undefined ? {} : { withinMs },
    );
  }

  /** Ends every connection and every wait. */
  close(): void {
    this.#over.abort();
    for (const client of this.#clients) client.disconnect();
    this.#clients.clear();
  }

  #tell(client: RedisClient, error: string | undefined): void {
    if (this.closed || !this.#clients.has(client) || this.#down.get(client) === error) return;
    const was = this.#down.size > 0;
    if (error === undefined) this.#down.delete(client);
    else this.#down.set(client, error);
    if (error !== undefined && !was) this.#options.onState?.(error);
    if (was && this.#down.size === 0) this.#options.onState?.(undefined);
  }
}

function open(address: RedisAddress, options: RedisLinkOptions, name: string, tryMs: Millis): RedisClient {
  const { kind, hosts, username, password, db, master, tls } = address;
  const secure = tls ? { tls: options.ca === undefined ? {} : { ca: options.ca } } : {};
  const common = {
    ...secure,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    connectionName: name,
    connectTimeout: TRY_MS,
    commandTimeout: tryMs,
    socketTimeout: tryMs,
    // What was under way when a connection broke is decided by `ask`, which knows what may be repeated.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
  } satisfies RedisOptions;
  const retryStrategy = (times: number): Millis => Math.min(25 * 2 ** Math.min(times, 10), 2_000);
  if (kind === 'cluster') {
    return new Cluster([...hosts], {
      redisOptions: common,
      clusterRetryStrategy: retryStrategy,
      enableOfflineQueue: false,
      slotsRefreshTimeout: 2_000,
      // A certificate is checked against the name, so the name must stay one.
      ...(tls ? { dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host) } : {}),
    });
  }
  // A primary that became a replica says READONLY: look for the new one.
  const base = { ...common, db, retryStrategy, enableOfflineQueue: false, reconnectOnError };
  if (kind === 'single') return new Redis({ ...base, ...hosts[0] });
  return new Redis({
    ...base,
    sentinels: [...hosts],
    name: master,
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: TRY_MS,
    ...(tls ? { sentinelTLS: secure.tls ?? {}, enableTLSForSentinelMode: true } : {}),
    ...(options.sentinelPassword === undefined ? {} : { sentinelPassword: options.sentinelPassword }),
  });
}

function reconnectOnError(error: Error): boolean {
  return error.message.startsWith('READONLY');
}

/** The first words of what went wrong, without the command and its arguments. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

function isUnknownScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT');
}

function explained(what: string, reason: string): Error {
  if (/^OOM\b/.test(reason)) {
    return new Error(`Redis is full (maxmemory): ${what} was not written, nothing of it`);
  }
  return new Error(`Redis: ${what}: ${reason}`);
}

/** Resolves when the connection is ready to take commands. */
function ready(client: RedisClient, ms: Millis, over: AbortSignal): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer);
      client.off('ready', ok);
      over.removeEventListener('abort', closed);
      if (error) reject(error);
      else resolve();
    };
    const ok = (): void => end();
    const closed = (): void => end(new Error('closed'));
    const timer = setTimeout(() => end(new Error('not connected')), Math.max(0, ms));
    client.on('ready', ok);
    over.addEventListener('abort', closed, { once: true });
    if (over.aborted) closed();
  });
}

function within<T>(work: Promise<T>, ms: Millis, over: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('closed'));
    const timer = setTimeout(() => reject(new Error('timed out')), Math.max(0, ms));
    over.addEventListener('abort', closed, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      over.removeEventListener('abort', closed);
    });
  });
}

/** Resolves after `ms`, or on abort. */
export function pause(ms: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
