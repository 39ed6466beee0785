/** A real SMTP server as a process of its own: prints when each message was accepted, by its subject. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: (stream, _session, done) => {
    let head = '';
    stream.on('data', (chunk: Buffer) => {
      if (head.length < 8_192) head += chunk.toString('latin1');
    });
    stream.on('end', () => {
      done();
      const at = Date.now();
      const brand = /trigger-(\d+)/.exec(head.replaceAll(/=\r?\n|\r?\n[ \t]/g, ''))?.[0];
      process.stdout.write(`${JSON.stringify({ at, brand })}\n`);
    });
  },
});
server.on('error', () => {});
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`${JSON.stringify({ port: (server.server.address() as AddressInfo).port })}\n`),
);
