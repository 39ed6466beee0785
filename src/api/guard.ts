/**
 * Who may ask, until accounts exist: this computer's own programs, directly. A page of another website that runs in a
 * browser here is not one of them, nor is a name that somebody else's DNS points at 127.0.0.1.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../lib/log.ts';
import { ApiError } from './errors.ts';

export type Refusal = 'remote' | 'proxy' | 'host' | 'origin';

export interface Caller {
  /** Address of the socket's other end. */
  readonly address: string | undefined;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

const FORWARDING = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-port',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
];

/** Why a request is refused; undefined when it may pass. */
export function refusalOf({ address, method, headers }: Caller): Refusal | undefined {
  if (address === undefined || !isLoopback(address)) return 'remote';
  if (FORWARDING.some((name) => headers[name] !== undefined)) return 'proxy';
  const { host, origin } = headers;
  const name = hostName(host);
  if (name === undefined || !isLoopback(name)) return 'host';
  if (origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase()}`) return 'origin';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    // Following a link from elsewhere is fine: the other page sees nothing of the answer.
    const navigates = headers['sec-fetch-mode'] === 'navigate' && (method === 'GET' || method === 'HEAD');
    if (!navigates) return 'origin';
  }
  return undefined;
}

/** Refuses whoever may not ask, before anything else looks at the request. */
export function refuseStrangers(api: Pick<FastifyInstance, 'addHook'>, log: Logger): void {
  const refused = new Map<string, number>();
  api.addHook('onRequest', async (request) => {
    if (isOpen(request.routeOptions.url)) return;
    const address = request.socket.remoteAddress;
    const refusal = refusalOf({ address, method: request.method, headers: request.headers });
    if (refusal === undefined) return;
    const times = (refused.get(refusal) ?? 0) + 1;
    refused.set(refusal, times);
    // The 1st, 2nd, 4th, 8th, …: whoever knocks all night must not fill the log.
    if (Number.isInteger(Math.log2(times))) log.warn('api.refused', { reason: refusal, times });
    throw new ApiError(403, refusal);
  });
}

/** What anybody may ask: whether the process is there, and hooks, which ask for a signature of their own. */
function isOpen(route: string | undefined): boolean {
  return route === '/healthz' || route === '/hooks/:name';
}

/** Whether a name or an address can only mean this computer. */
export function isLoopback(name: string): boolean {
  const plain = name.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (plain === 'localhost') return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  const address = mapped ?? plain;
  if (isIPv4(address)) return address.startsWith('127.');
  return isIP(address) === 6 && /^(0{0,4}:)*:?0{0,3}1$/.test(address);
}

/** The name in a Host header, without its port. */
function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:@/?#\s[\]]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1];
}
