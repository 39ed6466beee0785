/** A Jetstream server for tests: both protocols on a real port, a log that it replays from, and its failures on demand. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { type WebSocket, WebSocketServer } from 'ws';

export interface ServedEvent {
  readonly timeUs: number;
  readonly did: string;
  readonly kind: 'commit' | 'identity' | 'account';
  /** What stands under `commit`, `identity` or `account`. */
  readonly body: { readonly [key: string]: unknown };
}

export interface JetstreamOptions {
  /** The dictionary of compressed streams. */
  readonly dictionary?: Buffer;
  /** A whole answer instead of an upgrade. */
  readonly refuse?: { readonly status: number; readonly body: string; readonly retryAfterS?: number };
  /** The oldest time that is still kept, in microseconds. */
  readonly floorUs?: number;
}

export interface JetstreamServer extends AsyncDisposable {
  readonly url: string;
  /** Every request for a stream, newest last. */
  readonly requests: readonly URL[];
  readonly clients: () => number;
  /** Changes how it behaves from the next connection on. */
  set(options: JetstreamOptions): void;
  /** Adds events to the log and sends them to whoever is connected; a text goes out as it is. */
  emit(...events: readonly (ServedEvent | string)[]): void;
  /** Sends bytes as they are, once. */
  raw(frame: string | Buffer): void;
  /** Ends every connection. */
  disconnect(code?: number): void;
  /** Cuts every connection without a word. */
  cut(): void;
}

const V2 = '/xrpc/network.bsky.jetstream.subscribeEvents';

interface Client {
  readonly socket: WebSocket;
  readonly v2: boolean;
  readonly compress: boolean;
  readonly collections: readonly string[];
}

export async function startJetstream(first: JetstreamOptions = {}): Promise<JetstreamServer> {
  let options = first;
  const log: { readonly seq: number; readonly event: ServedEvent | string }[] = [];
  const requests: URL[] = [];
  const clients = new Map<WebSocket, Client>();
  const sockets = new Set<Socket>();
  const http = createServer((_request, response) => response.writeHead(404).end());
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const ws = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (all) => [...all][0] ?? false,
  });

  const send = (client: Client, seq: number, event: ServedEvent | string): void => {
    if (typeof event === 'string') {
      client.socket.send(event);
      return;
    }
    if (
      event.kind === 'commit' &&
      client.collections.length > 0 &&
      !client.collections.includes(String(event.body['collection']))
    )
      return;
    const text = client.v2 ? v2Frame(seq, event) : v1Frame(event);
    if (client.compress && options.dictionary) {
      client.socket.send(zstdCompressSync(Buffer.from(text), { dictionary: options.dictionary }), { binary: true });
    } else client.socket.send(text);
  };

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'ws://localhost');
    requests.push(url);
    const refusal: JetstreamOptions['refuse'] = options.refuse ?? problemOf(url, options);
    if (refusal) {
      const wait = refusal.retryAfterS !== undefined ? `Retry-After: ${refusal.retryAfterS}\r\n` : '';
      socket.end(
        `HTTP/1.1 ${refusal.status} No\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(refusal.body)}\r\n${wait}Connection: close\r\n\r\n${refusal.body}`,
      );
      return;
    }
    ws.handleUpgrade(request, socket, head, (client) => {
      const v2 = url.pathname === V2;
      const query = url.searchParams;
      const known: Client = {
        socket: client,
        v2,
        compress: query.get('compress') === 'true' || query.has('zstdDictionary'),
        collections: query.getAll(v2 ? 'collections' : 'wantedCollections'),
      };
      const asked = query.get('cursor');
      if (asked !== null) replay(known, Number(asked));
      clients.set(client, known);
      client.on('close', () => clients.delete(client));
      // A client of the second protocol has nothing to say.
      client.on('message', () => client.close(1008));
    });
  });

  function replay(client: Client, cursor: number): void {
    const bySeq = client.v2 && cursor < 1e15;
    const floorUs = options.floorUs ?? 0;
    if (client.v2 && !bySeq && cursor < floorUs) {
      client.socket.send(
        JSON.stringify({
          $type: 'message',
          payload: { $type: 'network.bsky.jetstream.subscribeEvents#info', name: 'OutdatedCursor', message: 'clamped' },
        }),
      );
    }
    for (const { seq, event } of log) {
      if (timeOf(event) < floorUs) continue;
      if (bySeq ? seq >= cursor : timeOf(event) >= cursor) send(client, seq, event);
    }
  }

  function problemOf(
    url: URL,
    { floorUs, dictionary }: JetstreamOptions,
  ): { readonly status: number; readonly body: string } | undefined {
    const bad = (error: string, message: string) => ({ status: 400, body: JSON.stringify({ error, message }) });
    if (url.pathname !== '/subscribe' && url.pathname !== V2) return { status: 404, body: '{}' };
    const query = url.searchParams;
    if (url.pathname === V2 && query.has('wantedCollections')) return bad('InvalidRequest', 'unknown parameter');
    if (url.pathname === '/subscribe' && query.has('kinds')) return bad('InvalidRequest', 'unknown parameter');
    const compress = query.get('compress') === 'true' || query.has('zstdDictionary');
    if (compress && !dictionary) return bad('UnknownZstdDictionary', 'no dictionary');
    const cursor = Number(query.get('cursor') ?? Number.NaN);
    const lowest = log.find(({ event }) => timeOf(event) >= (floorUs ?? 0))?.seq ?? 0;
    if (url.pathname === V2 && cursor < 1e15 && cursor < lowest) return bad('CursorTooOld', `the oldest is ${lowest}`);
    return undefined;
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    clients: () => clients.size,
    set: (next) => {
      options = next;
    },
    emit: (...events) => {
      for (const event of events) {
        log.push({ seq: log.length + 1, event });
        for (const client of clients.values()) send(client, log.length, event);
      }
    },
    raw: (frame) => {
      for (const { socket } of clients.values()) socket.send(frame);
    },
    disconnect: (code = 1001) => {
      for (const { socket } of clients.values()) socket.close(code);
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients.values()) socket.terminate();
      for (const socket of sockets) socket.destroy();
      ws.close();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

function timeOf(event: ServedEvent | string): number {
  return typeof event === 'string' ? Number.POSITIVE_INFINITY : event.timeUs;
}

function v1Frame({ did, timeUs, kind, body }: ServedEvent): string {
  return JSON.stringify({ did, time_us: timeUs, kind, [kind]: body });
}

function v2Frame(seq: number, { did, timeUs, kind, body }: ServedEvent): string {
  const time = `${new Date(Math.floor(timeUs / 1_000)).toISOString().slice(0, -1)}${String(timeUs % 1_000).padStart(3, '0')}Z`;
  const head = { $type: `network.bsky.jetstream.subscribeEvents#${kind}`, seq, did, time };
  return JSON.stringify({
    $type: 'message',
    payload: kind === 'commit' ? { ...head, ...body } : { ...head, [kind]: body },
  });
}

let revs = 0;

/** A commit of a post. */
export function postEvent(options: {
  readonly rkey: string;
  readonly text?: string;
  readonly did?: string;
  readonly timeUs?: number;
  readonly operation?: 'create' | 'update' | 'delete';
  readonly record?: { readonly [key: string]: unknown };
  readonly rev?: string;
}): ServedEvent {
  const {
    rkey,
    text = 'hello',
    did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    timeUs = Date.now() * 1_000,
    operation = 'create',
  } = options;
  revs += 1;
  return {
    did,
    timeUs,
    kind: 'commit',
    body: {
      rev: options.rev ?? `rev${String(revs).padStart(10, '0')}`,
      operation,
      collection: 'app.bsky.feed.post',
      rkey,
      ...(operation === 'delete'
        ? {}
        : {
            record: {
              $type: 'app.bsky.feed.post',
              createdAt: new Date(Math.floor(timeUs / 1_000)).toISOString(),
              langs: ['en'],
              ...options.record,
              text,
            },
            cid: 'bafyreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
          }),
    },
  };
}
