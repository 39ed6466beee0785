/** Redis for the tests: processes of their own on free ports, which may be paused, killed and started again. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

const run = promisify(execFile);
const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
const version = Number(/v=(\d+)/.exec(found.stdout ?? '')?.[1] ?? 0);

/**
 * Whether tests can have a Redis. Where there is none they are left out, and what was left out is named; with
 * `VIGIE_SERVICES=required` that is an error instead.
 */
export function hasRedis(what: string): boolean {
  if (version >= 7) return true;
  const why = version === 0 ? 'redis-server is not installed' : `redis-server ${version} is too old`;
  if (process.env['VIGIE_SERVICES'] === 'required') throw new Error(`${what} cannot be left out: ${why}`);
  console.warn(`skipped: ${what} (${why})`);
  return false;
}

export interface RedisServerOptions {
  /** Lines of its configuration beside those that every server here has. */
  readonly config?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** Encrypted connections only, with a certificate made for the occasion. */
  readonly tls?: boolean;
  /** A user beside the default one, with these rights; the address is then this user's. */
  readonly user?: { readonly name: string; readonly password: string; readonly rights: string };
  /** Runs as a Sentinel. */
  readonly sentinel?: boolean;
}

/** A Redis process; disposing of it kills it and removes its files. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  /** Its address, password and all. */
  readonly url: string;
  /** The authority of its certificate, PEM; undefined without TLS. */
  readonly ca: string | undefined;
  #sentinel: boolean;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, url: string, ca: string | undefined, sentinel: boolean) {
    this.port = port;
    this.folder = folder;
    this.url = url;
    this.ca = ca;
    this.#sentinel = sentinel;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'vigie-redis-'));
    const port = await freePort();
    const { password, tls = false, config = {}, sentinel = false, user } = options;
    const lines = {
      ...(tls ? { port: '0', 'tls-port': String(port), ...(await certificate(folder)) } : { port: String(port) }),
      bind: '127.0.0.1',
      dir: folder,
      ...(sentinel ? {} : { appendonly: 'yes', appendfsync: 'everysec', save: '""', 'repl-diskless-sync-delay': '0' }),
      ...(password === undefined ? {} : { requirepass: quoted(password), masterauth: quoted(password) }),
      ...(user === undefined ? {} : { user: `${user.name} on ${quoted(`>${user.password}`)} ${user.rights}` }),
      ...config,
    };
    writeFileSync(
      join(folder, 'redis.conf'),
      Object.entries(lines)
        .map(([key, value]) => `${key} ${value}\n`)
        .join(''),
    );
    const login = user ?? (password === undefined ? undefined : { name: '', password });
    const who = login === undefined ? '' : `${login.name}:${encodeURIComponent(login.password)}@`;
    const ca = tls ? await readFile(join(folder, 'ca.crt'), 'utf8') : undefined;
    const server = new RedisServer(port, folder, `${tls ? 'rediss' : 'redis'}://${who}localhost:${port}`, ca, sentinel);
    await server.up();
    return server;
  }

  /** Starts it, also again after it was killed; resolves when it answers. */
  async up(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const args = [join(this.folder, 'redis.conf'), ...(this.#sentinel ? ['--sentinel'] : [])];
    this.#process = spawn('redis-server', args, { stdio: ['ignore', log, log] });
    closeSync(log);
    await using client = this.client();
    const child = this.#process;
    const answers = async (): Promise<boolean> => child.exitCode !== null || (await client.redis.ping()) === 'PONG';
    await until(`redis-server on port ${this.port}`, answers);
    if (child.exitCode !== null) throw new Error(await readFile(join(this.folder, 'log'), 'utf8'));
  }

  /** A plain connection to look and to meddle with. */
  client(): AsyncDisposable & { readonly redis: Redis } {
    const tls = this.ca === undefined ? {} : { tls: { ca: this.ca } };
    const redis = new Redis(this.url, { ...tls, retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    return {
      redis,
      async [Symbol.asyncDispose]() {
        redis.disconnect();
      },
    };
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(name);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill(signal);
    if (signal === 'SIGKILL') running.kill('SIGCONT');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Three primaries that share the slots. */
export async function startCluster(
  options: Pick<RedisServerOptions, 'user'> = {},
): Promise<{ readonly url: string } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  try {
    const servers: RedisServer[] = [];
    for (let i = 0; i < 3; i++) {
      const config = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' };
      servers.push(stack.use(await RedisServer.start({ ...options, config })));
    }
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
    await run('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'], { timeout: 30_000 });
    for (const server of servers) {
      await using client = server.client();
      await until('the cluster', async () => (await client.redis.cluster('INFO')).includes('cluster_state:ok'));
    }
    const owned = stack.move();
    const login = options.user ? `${options.user.name}:${encodeURIComponent(options.user.password)}@` : '';
    return { url: `redis+cluster://${login}${hosts.join(',')}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } finally {
    await stack.disposeAsync();
  }
}

/** A primary with a replica, and three Sentinels that put the replica in its place within about a second. */
export async function startSentinels(): Promise<
  { readonly url: string; readonly primary: RedisServer; readonly replica: RedisServer } & AsyncDisposable
> {
  const stack = new AsyncDisposableStack();
  try {
    const primary = stack.use(await RedisServer.start());
    const replica = stack.use(await RedisServer.start({ config: { replicaof: `127.0.0.1 ${primary.port}` } }));
    await using client = replica.client();
    await until('the replica', async () => (await client.redis.info()).includes('master_link_status:up'));
    const sentinels: RedisServer[] = [];
    for (let i = 0; i < 3; i++) {
      const config = {
        'sentinel monitor vigie': `127.0.0.1 ${primary.port} 2`,
        'sentinel down-after-milliseconds vigie': '500',
        'sentinel failover-timeout vigie': '3000',
      };
      sentinels.push(stack.use(await RedisServer.start({ sentinel: true, config })));
    }
    for (const sentinel of sentinels) {
      await using own = sentinel.client();
      const knows = async (): Promise<boolean> => {
        const fields = (await own.redis.call('SENTINEL', 'MASTER', 'vigie')) as string[];
        const field = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
        return field('num-other-sentinels') === '2' && field('num-slaves') === '1';
      };
      await until('the sentinels', knows);
    }
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`);
    const owned = stack.move();
    const url = `redis+sentinel://${hosts.join(',')}/vigie`;
    return { url, primary, replica, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } finally {
    await stack.disposeAsync();
  }
}

/** Asks again and again until it is so; throws after 20 s. */
async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    const answer = await Promise.race([ask().catch(() => false), sleep(2_000, false)]);
    if (answer) return;
    if (performance.now() > end) throw new Error(`${what} did not come up within 20 s`);
    await sleep(30);
  }
}

/** A value of a configuration file, whatever is in it. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    // A node of a cluster also takes the port 10,000 above its own.
    if (port < 55_000) return port;
  }
}

/** An authority and a certificate for localhost, signed by it. */
async function certificate(folder: string): Promise<Readonly<Record<string, string>>> {
  const path = (name: string): string => join(folder, name);
  const key = (name: string): readonly string[] => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    path(name),
  ];
  writeFileSync(path('san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await run('openssl', [
    'req',
    '-x509',
    ...key('ca.key'),
    '-out',
    path('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  ]);
  await run('openssl', ['req', ...key('own.key'), '-out', path('own.csr'), '-subj', '/CN=localhost']);
  const signed = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('san')];
  await run('openssl', ['x509', '-req', '-in', path('own.csr'), '-out', path('own.crt'), '-days', '2', ...signed]);
  return {
    'tls-cert-file': path('own.crt'),
    'tls-key-file': path('own.key'),
    'tls-ca-cert-file': path('ca.crt'),
    'tls-auth-clients': 'no',
  };
}
