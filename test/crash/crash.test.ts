/**
 * The real program, killed at its named points while 20,000 posts come in on two roads. Afterwards nothing is lost, nothing
 * is doubled, and the alerts are those of the calm run. The suite is itself tested: with the outbox outside the transaction it
 * finds alerts missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.ts';
import type { CrashPoint } from '../../src/lib/crash-point.ts';
import { configFor, groupsFor, linesOf, RULES, SECRET, signature } from './scenario.ts';

const POINTS: readonly CrashPoint[] = ['append', 'put', 'commit', 'sent', 'logged'];
const HITS = 3;
const CHUNK = 40;

interface Mail {
  readonly messageId: string;
  /** Which life of the process sent it. */
  readonly life: number;
}

/** A real SMTP server that counts what it accepted. */
class Mailbox implements AsyncDisposable {
  readonly mails: Mail[] = [];
  life = 0;
  readonly #server: SMTPServer;
  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, _session, done) => {
        void this.#take(stream, done);
      },
    });
    // A killed client's connection is reset: that is what we are here for.
    this.#server.on('error', () => {});
  }
  async #take(stream: Readable, done: (error?: Error) => void): Promise<void> {
    try {
      const { messageId } = await simpleParser(stream);
      this.mails.push({ messageId: messageId ?? '', life: this.life });
      done();
    } catch (error) {
      done(error as Error);
    }
  }
  static async open(): Promise<Mailbox> {
    const box = new Mailbox();
    await new Promise<void>((resolve) => box.#server.listen(0, '127.0.0.1', resolve));
    return box;
  }
  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

interface Status {
  readonly sources: readonly { readonly name: string; readonly items: number; readonly ended: boolean }[];
  readonly outbox: number;
  readonly sending: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly address: Promise<string>;
  readonly ended: Promise<{ readonly signal: NodeJS.Signals | null; readonly stderr: string }>;
  status: Status | undefined;
}

function launch(file: string, env: Record<string, string>): Running {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'process.ts'), file], {
    env: { ...process.env, VIGIE_LOG: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const told = Promise.withResolvers<string>();
  const running: Running = {
    child,
    address: told.promise,
    ended: new Promise((resolve) => child.once('exit', (_code, signal) => resolve({ signal, stderr }))),
    status: undefined,
  };
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const value = JSON.parse(line) as Status & { address?: string };
    if (value.address) told.resolve(value.address);
    else running.status = value;
  });
  void running.ended.then(({ stderr: why }) => told.reject(new Error(`ended before it answered: ${why}`)));
  told.promise.catch(() => {});
  return running;
}

/** Sends every line in order, each until it is accepted, to whatever address the process has now. */
class Sender {
  readonly #lines = linesOf('hook').map((line) => JSON.stringify(line));
  next = 0;
  address: string | undefined;
  stopped = false;

  get total(): number {
    return this.#lines.length;
  }
  get done(): boolean {
    return this.next >= this.#lines.length;
  }

  async run(): Promise<void> {
    while (!this.done && !this.stopped) {
      const body = this.#lines.slice(this.next, this.next + CHUNK).join('\n');
      const accepted = this.address !== undefined && (await this.#post(body));
      if (accepted) this.next += CHUNK;
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #post(body: string): Promise<boolean> {
    try {
      const answer = await fetch(`${this.address}/hooks/inbox`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-ndjson', 'x-vigie-signature': signature(body, Date.now()) },
        signal: AbortSignal.timeout(10_000),
      });
      await answer.arrayBuffer();
      return answer.status === 202;
    } catch {
      return false;
    }
  }
}

interface Left {
  /** `<brand> <post id>`, sorted. */
  readonly mentions: readonly string[];
  /** Alert id, status and sequence as the desk has them, sorted. */
  readonly alerts: readonly string[];
  readonly resolved: number;
  readonly mails: readonly Mail[];
  /** Keys of the messages that the notification log calls sent, sorted. */
  readonly logged: readonly string[];
  readonly hits: ReadonlyMap<CrashPoint, number>;
}

/** Runs the whole input; `plan` says where each life of the process is killed, the last life runs to the end. */
async function runAll(
  plan: readonly { readonly point: CrashPoint; readonly pass: number }[],
  env: Record<string, string> = {},
): Promise<Left> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-crash-'));
  await using box = await Mailbox.open();
  try {
    const archive = join(folder, 'archive.ndjson');
    const lines = linesOf('file');
    await writeFile(archive, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    await mkdir(join(folder, 'rules'));
    await writeFile(join(folder, 'rules', 'rules.yaml'), RULES);
    await using partitions = new MemoryBus({ partitions: 2 });
    const groups = groupsFor((key) => partitions.partitionOf(key));
    const file = join(folder, 'vigie.yaml');
    await writeFile(file, configFor({ groups, smtpPort: box.port, file: archive }));

    const sender = new Sender();
    const sending = sender.run();
    const hits = new Map<CrashPoint, number>();
    const common = { INBOX_SECRET: SECRET, SMTP_URL: `smtp://127.0.0.1:${box.port}` };
    try {
      for (const { point, pass } of [...plan, { point: undefined, pass: 0 }]) {
        const running = launch(file, point ? { ...common, ...env, VIGIE_CRASH: `${point}:${pass}` } : common);
        box.life += 1;
        sender.address = await running.address.catch(() => undefined);
        if (point) {
          const { signal, stderr } = await Promise.race([running.ended, finished(running, sender)]);
          if (stderr === FINISHED) {
            // Everything was through before this point was passed often enough: the plan was too greedy.
            running.child.kill('SIGKILL');
            await running.ended;
            break;
          }
          expect(signal).toBe('SIGKILL');
          expect(stderr).toContain(`crash point ${point}`);
          hits.set(point, (hits.get(point) ?? 0) + 1);
        } else {
          await finished(running, sender);
          running.child.kill('SIGTERM');
          await running.ended;
        }
      }
    } finally {
      sender.stopped = true;
      await sending;
    }
    return { ...(await leftBehind(join(folder, 'data'))), mails: box.mails, hits };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FINISHED = 'finished';

/** Resolves when both roads are at their end and nothing waits to be told. */
async function finished(running: Running, sender: Sender): Promise<{ signal: null; stderr: string }> {
  for (let quiet = 0; quiet < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const { status } = running;
    const archive = status?.sources.find(({ name }) => name === 'archive');
    quiet = status && sender.done && archive?.ended && status.outbox === 0 && status.sending === 0 ? quiet + 1 : 0;
    if (running.child.exitCode !== null || running.child.signalCode !== null) return new Promise(() => {});
  }
  return { signal: null, stderr: FINISHED };
}

async function leftBehind(data: string): Promise<Pick<Left, 'mentions' | 'alerts' | 'resolved' | 'logged'>> {
  using store = new DatabaseSync(join(data, 'mentions.db'), { readOnly: true });
  const mentions = (
    store.prepare('select word.text as brand, mention.id from mention join word on word.n = mention.brand').all() as {
      brand: string;
      id: string;
    }[]
  )
    .map(({ brand, id }) => `${brand} ${id}`)
    .sort();
  using desk = new DatabaseSync(join(data, 'desk.db'), { readOnly: true });
  const documents = (desk.prepare("select value from document where kind = 'alert'").all() as { value: string }[]).map(
    ({ value }) => (JSON.parse(value) as { alert: { id: string; status: string; sequence: number; at: number } }).alert,
  );
  using bus = new DatabaseSync(join(data, 'bus.db'), { readOnly: true });
  const lines = (bus.prepare('select value from notification').all() as { value: string }[]).map(
    ({ value }) => JSON.parse(value) as { key: string; outcome: string },
  );
  return {
    mentions,
    logged: lines
      .filter(({ outcome }) => outcome === 'sent')
      .map(({ key }) => key)
      .sort(),
    alerts: documents.map(({ id, status, sequence, at }) => `${id} ${status} ${sequence} ${at}`).sort(),
    resolved: documents.filter(({ status }) => status === 'resolved').length,
  };
}

/** Passes of each point before the kill: mentions flow from the first second, messages come with the surges. */
const PASSES: Readonly<Record<CrashPoint, number>> = { append: 12, put: 9, commit: 11, sent: 1, logged: 1 };

describe('killed at its named points', () => {
  let calm: Left;
  let wild: Left;

  beforeAll(async () => {
    calm = await runAll([]);
    const plan = Array.from({ length: HITS }, () => POINTS.map((point) => ({ point, pass: PASSES[point] }))).flat();
    wild = await runAll(plan);
  }, 240_000);

  test('the calm run has something to lose', () => {
    expect(calm.mentions.length).toBeGreaterThanOrEqual(19_000);
    expect(calm.alerts.length).toBeGreaterThanOrEqual(5);
    expect(calm.resolved).toBeGreaterThanOrEqual(3);
    expect(calm.mails.length).toBeGreaterThanOrEqual(8);
    expect(new Set(calm.mails.map(({ messageId }) => messageId)).size).toBe(calm.mails.length);
  });

  test('each point was hit at least three times', () => {
    expect(Object.fromEntries(wild.hits)).toEqual(
      Object.fromEntries(POINTS.map((point) => [point, expect.toSatisfy((hits: number) => hits >= HITS)])),
    );
  });

  test('every accepted post is stored exactly once', () => {
    expect(wild.mentions).toEqual(calm.mentions);
  });

  test('the alerts are those of the calm run', () => {
    expect(wild.alerts).toEqual(calm.alerts);
  });

  test('each message was sent once, but in the named window, and then with the same Message-ID', () => {
    const times = (mails: readonly Mail[]): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const { messageId } of mails) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
      return counts;
    };
    const sent = times(wild.mails);
    expect([...sent.keys()].sort()).toEqual([...times(calm.mails).keys()].sort());
    // What was logged as sent was never sent again, and no life sent a message twice: a repeat was accepted in a life that
    // was killed before it could log it, and went out again in a later one.
    expect(wild.logged).toEqual(calm.logged);
    expect(new Set(wild.logged).size).toBe(wild.logged.length);
    expect(new Set(wild.mails.map(({ messageId, life }) => `${messageId} ${life}`)).size).toBe(wild.mails.length);
    const repeats = [...sent.values()].reduce((total, count) => total + count - 1, 0);
    expect(repeats).toBeGreaterThanOrEqual(wild.hits.get('sent') ?? 0);
    expect(repeats).toBeLessThanOrEqual([...wild.hits.values()].reduce((total, hits) => total + hits, 0));
  });
});

describe('killed just after deciding to tell somebody', () => {
  const lives = Array.from({ length: 4 }, () => ({ point: 'commit' as const, pass: 1_000_000 }));

  test('loses nothing; and the suite sees what is lost when the outbox is outside the transaction', async () => {
    const sound = await runAll(lives, { VIGIE_TEST_OUTBOX: 'inside:2' });
    const mutant = await runAll(lives, { VIGIE_TEST_OUTBOX: 'outside:2' });
    expect(sound.hits.get('commit')).toBe(lives.length);
    expect(mutant.hits.get('commit')).toBe(lives.length);
    expect(mutant.mentions).toEqual(sound.mentions);
    const calm = await runAll([]);
    expect(sound.alerts).toEqual(calm.alerts);
    expect(mutant.alerts).not.toEqual(calm.alerts);
  }, 300_000);
});
