/** A real SMTP server in the process, as healthy or as ill as a test wants it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface Arrived {
  readonly to: readonly string[];
  readonly raw: string;
  readonly mail: ParsedMail;
}

export class MailServer implements AsyncDisposable {
  readonly arrived: Arrived[] = [];
  /** Message-IDs of every message whose data came, whether it was then taken or not. */
  readonly seen: string[] = [];
  /** Answer to data; undefined takes it. */
  status: number | undefined;
  /** Answers by recipient, to RCPT. */
  readonly refuses = new Map<string, number>();
  /** Waits before it answers data. */
  delay: () => Promise<void> = async () => {};
  readonly password: string | undefined;
  #server: SMTPServer | undefined;
  #port = 0;

  constructor(password?: string) {
    this.password = password;
  }

  get url(): string {
    return `smtp://${this.password === undefined ? '' : `vigie:${this.password}@`}127.0.0.1:${this.#port}?ignoreTLS=true`;
  }

  async #take(envelope: Pick<Arrived, 'to' | 'raw'>, bytes: Buffer): Promise<void> {
    await this.delay();
    if (this.status !== undefined) throw answer(this.status);
    this.arrived.push({ ...envelope, mail: await simpleParser(bytes) });
  }

  /** Listens, on the port that it had before if it was up before. */
  async up(): Promise<void> {
    this.#server = new SMTPServer({
      disabledCommands: ['STARTTLS', ...(this.password === undefined ? ['AUTH'] : [])],
      allowInsecureAuth: true,
      authOptional: this.password === undefined,
      closeTimeout: 50,
      disableReverseLookup: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'vigie' && password === this.password ? done(null, { user: username }) : done(answer(535)),
      onRcptTo: ({ address }, _session, done) => {
        const code = this.refuses.get(address);
        done(code === undefined ? null : answer(code));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('latin1');
          this.seen.push(/^message-id: (.*)$/im.exec(raw)?.[1]?.trim() ?? '');
          const to = session.envelope.rcptTo.map(({ address }) => address);
          void this.#take({ to, raw }, Buffer.concat(chunks)).then(
            () => setImmediate(done),
            (error: Error) => setImmediate(done, error),
          );
        });
      },
    });
    this.#server.on('error', () => {});
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server.server, 'listening');
    this.#port = (this.#server.server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

/** What a server says may hold what nobody is to read. */
function answer(code: number): Error {
  return Object.assign(new Error(`answer ${code} secret-of-server`), { responseCode: code });
}

/** A server that is up. */
export async function openMailServer(password?: string): Promise<MailServer> {
  const server = new MailServer(password);
  await server.up();
  return server;
}
