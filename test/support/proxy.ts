/** A server in front of another one, that a test lets fail. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Requests that were handed on. */
  readonly passed: () => number;
}

/** Hands requests on to `target`, unless `fail` answers one itself (true) or cuts its connection (`cut`). */
export async function makeProxy(
  target: string,
  fail: (request: IncomingMessage, body: Buffer, response: ServerResponse) => boolean | 'cut',
): Promise<Proxy> {
  let passed = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const failed = fail(incoming, body, response);
      if (failed === 'cut') incoming.socket.destroy();
      if (failed !== false) return;
      passed += 1;
      const outgoing = request(
        new URL(incoming.url ?? '/', target),
        { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      outgoing.on('error', () => incoming.socket.destroy());
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed: () => passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
