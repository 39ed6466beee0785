/** One document by HTTP: redirects followed here, so that each address on the way is checked; bounded in bytes and time. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { Millis } from '../../model/types.ts';

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly timeoutMs: Millis;
  /** Whether addresses of private networks may be asked. */
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

export interface FetchedDocument {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** Where the document lay in the end. */
  readonly url: string;
  /** The new address, when every redirect on the way was permanent. */
  readonly movedTo?: string;
}

/** The document could not be fetched; the message names no credentials. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

const MAX_REDIRECTS = 5;

/** Fetches a document. Throws FetchFailed on refusal, time-out, network errors and documents over the limit. */
export async function fetchDocument(address: string, options: FetchOptions): Promise<FetchedDocument> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), options.timeoutMs);
  const stop = (): void => timeout.abort();
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    return await follow(address, options, timeout.signal);
  } catch (error) {
    if (options.signal.aborted) throw new FetchFailed('stopped', { cause: error });
    if (timeout.signal.aborted) throw new FetchFailed(`no answer within ${options.timeoutMs / 1_000} s`);
    if (error instanceof FetchFailed) throw error;
    throw new FetchFailed(networkReason(error));
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
  }
}

async function follow(address: string, options: FetchOptions, signal: AbortSignal): Promise<FetchedDocument> {
  let url = new URL(address);
  const credentials = credentialsOf(url);
  let permanent = true;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    await checkAddress(url, options.allowPrivate);
    const bare = withoutCredentials(url);
    const response = await options.fetch(bare.href, {
      redirect: 'manual',
      signal,
      headers: {
        ...options.headers,
        // What opens one site is not shown to another.
        ...(credentials !== undefined && url.origin === new URL(address).origin ? { authorization: credentials } : {}),
      },
    });
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (location === null) {
      const bytes = await readBody(response, options.maxBytes);
      const moved = hops > 0 && permanent ? { movedTo: bare.href } : {};
      return { status: response.status, headers: response.headers, bytes, url: bare.href, ...moved };
    }
    await response.body?.cancel();
    if (!URL.canParse(location, bare.href)) throw new FetchFailed('redirected to something that is no address');
    permanent &&= response.status === 301 || response.status === 308;
    url = new URL(location, bare.href);
  }
  throw new FetchFailed(`redirected more than ${MAX_REDIRECTS} times`);
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  if (!response.body) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body and with it the connection.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): FetchFailed {
  return new FetchFailed(`the document is larger than ${Math.round(maxBytes / 1024 / 1024)} MB`);
}

function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

const REASONS: Readonly<{ [code: string]: string }> = {
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'no answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
  UND_ERR_SOCKET: 'the connection was cut',
};

/** What failed below HTTP, by the code alone: messages may hold the address with its secrets. */
function networkReason(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') return REASONS[code] ?? `the connection failed (${code})`;
  }
  return 'the connection failed';
}

// ----------------------------------------------------------------- private

const inside = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  inside.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inside.addSubnet(net, bits, 'ipv6');
}

/** Whether an IP address belongs to this machine or to a private network. */
export function isPrivateAddress(ip: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;
  return inside.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Refuses what is not http(s), and hosts inside the own network unless they are allowed. The name is looked up again for the
 * connection: whoever may change a name's address between the two is not kept out by this.
 */
async function checkAddress(url: URL, allowPrivate: boolean): Promise<void> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchFailed('only http and https addresses are read');
  if (allowPrivate) return;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  if (addresses.some(isPrivateAddress)) {
    throw new FetchFailed('the address lies in a private network (the setting allow_private permits it)');
  }
}

/** The wait that a Retry-After header asks for, in seconds or as a date; undefined without one. At most a day. */
export function retryAfterOf(headers: Headers, now: Millis): Millis | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 86_400_000);
}
