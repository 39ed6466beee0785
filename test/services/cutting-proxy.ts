/** Stands between a client and a server, and breaks connections at a chosen moment. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** How often an answer was kept back. */
  readonly cuts: () => number;
  /** The next request that holds this text reaches the server; the connection breaks before the answer comes back. */
  cutAnswerTo(text: string): void;
  /** From the next request that holds this text: it does (or does not) reach the server, and nothing comes back until `restore`. */
  darkFrom(text: string, reaches: boolean): void;
  restore(): void;
}

/** Starts a proxy to a local port. */
export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  let cuts = 0;
  let cutAt: string | undefined;
  let dark: { readonly text: string; readonly reaches: boolean; on: boolean } | undefined;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (dark?.on) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    let silent = false;
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data: Buffer) => {
      if (dark?.on) return;
      if (dark && data.includes(dark.text)) {
        dark.on = true;
        cuts++;
        if (dark.reaches) upstream.write(data);
        return;
      }
      if (cutAt !== undefined && data.includes(cutAt)) {
        cutAt = undefined;
        silent = true;
        cuts++;
      }
      upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => {
      if (silent) client.destroy();
      else if (!dark?.on) client.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    cuts: () => cuts,
    cutAnswerTo: (text) => {
      cutAt = text;
    },
    darkFrom: (text, reaches) => {
      dark = { text, reaches, on: false };
    },
    restore: () => {
      dark = undefined;
      for (const socket of open) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
