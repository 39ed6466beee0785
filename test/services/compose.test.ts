/**
 * docker-compose.yml: valid for docker-compose 1.29; and what it starts, started as plain processes with the same commands,
 * environment, secrets and health checks. Images are not built and no container runs here.
 */
import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { leastRole } from '../../src/store/elasticsearch.ts';
import { MailServer } from '../notifiers/mail-server.ts';
import { SECRET, signature } from '../crash/scenario.ts';
import { tempFolder } from '../support/temp.ts';
import { dropIndices, elasticsearch, freePrefix } from './elasticsearch.ts';
import { until } from './installation.ts';
import { hasRedis, RedisServer } from './redis.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'docker-compose.yml');

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly mem_limit?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}
const compose = parse(await readFile(FILE, 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const VIGIE = ['ingest', 'analyse', 'alert', 'web'];

const has = await run('docker-compose', ['--version']).then(
  () => true,
  () => {
    console.warn('skipped: docker-compose config (docker-compose is not installed)');
    return false;
  },
);

test.skipIf(!has)('docker-compose takes it', async () => {
  await run('docker-compose', ['-f', FILE, 'config', '-q'], { cwd: ROOT });
});

test('every service is limited, checked, not root, and reached from this computer alone', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    expect([name, service.mem_limit]).toEqual([name, expect.any(String)]);
    expect([name, service.user]).toEqual([name, expect.stringMatching(/^(?!root|0(:|$))./)]);
    if (name !== 'setup') expect([name, service.healthcheck?.test.length]).toEqual([name, expect.any(Number)]);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const [key, value] of Object.entries(service.environment ?? {}))
      if (/password|secret|key/i.test(key)) expect(value).toMatch(/^\/run\/secrets\//);
  }
  expect(VIGIE.map((role) => compose.services[role]?.command?.at(-1))).toEqual(VIGIE);
});

test('the user of Elasticsearch has the least rights', async () => {
  expect(JSON.parse(await readFile(join(ROOT, 'docker/role.json'), 'utf8'))).toEqual(leastRole('vigie'));
});

const server = hasRedis('the containers as processes') ? await elasticsearch() : undefined;

describe.skipIf(!server)('the containers as processes', () => {
  const stack = new AsyncDisposableStack();
  const prefix = freePrefix();
  const ports = new Map<string, number>();
  const children = new Map<string, ChildProcess>();
  let folder = '';
  let stderr = '';

  beforeAll(async () => {
    if (!server) return;
    folder = stack.use(await tempFolder('vigie-compose-')).path;
    const redis = stack.use(await RedisServer.start({ password: 'only-for-tests' }));
    const mail = stack.use(new MailServer());
    await mail.up();
    // What the containers see: their secrets, their configuration, the names of their network.
    await cp(join(ROOT, 'docker'), join(folder, 'docker'), { recursive: true });
    await run('sh', [join(folder, 'docker/secrets.sh')]);
    const secrets = join(folder, 'docker/secrets');
    const redisUrl = await readFile(join(secrets, 'redis_url'), 'utf8');
    expect(redisUrl).toBe(`redis://:${await readFile(join(secrets, 'redis_password'), 'utf8')}@redis:6379/0`);
    for (const name of new Set(VIGIE.flatMap((role) => compose.services[role]?.secrets ?? []))) {
      expect(compose.secrets[name]?.file).toBe(`./docker/secrets/${name}`);
      await readFile(join(secrets, name));
    }
    await writeFile(join(secrets, 'redis_url'), redis.url);
    await writeFile(join(secrets, 'inbox_secret'), SECRET);
    const here = (text: string): string =>
      text
        .replaceAll('/run/secrets', secrets)
        .replaceAll('/etc/vigie/vigie.yaml', join(folder, 'vigie.yaml'))
        .replaceAll('http://elasticsearch:9200', server.url)
        .replaceAll('smtp://mail:1025?ignoreTLS=true', mail.url)
        .replaceAll(': /data', `: ${folder}/data`)
        .replaceAll('prefix: vigie', `prefix: ${prefix}`);
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'vigie.yaml'), here(await readFile(join(folder, 'docker/vigie.yaml'), 'utf8')));
    for (const role of VIGIE) {
      const { command = [], environment = {} } = compose.services[role] as Service;
      const port = await freePort();
      ports.set(role, port);
      // Here all share one network, there each has its own: only the port is another.
      const args = [join(ROOT, 'src/cli/main.ts'), ...command.map(here), '--port', String(port)];
      const env = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, here(value)]));
      const child = spawn(process.execPath, args, {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr?.on('data', (chunk: Buffer) => (stderr += `${role}: ${chunk.toString()}`));
      children.set(role, child);
    }
    const gate = compose.services['gate'] as Service;
    ports.set('gate', await freePort());
    const [, script = ''] = gate.entrypoint ?? [];
    const args = [
      join(ROOT, script),
      ...(gate.command ?? []).map((port) => String(ports.get(port === '4601' ? 'gate' : 'web'))),
    ];
    children.set('gate', spawn(process.execPath, args, { stdio: 'inherit' }));
  }, 90_000);

  afterAll(async () => {
    await Promise.all(
      [...children.values()].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }),
    );
    await stack.disposeAsync();
    if (server) await dropIndices(server, prefix);
  }, 60_000);

  async function isHealthy(name: string): Promise<boolean> {
    const [kind, command = '', ...args] = compose.services[name]?.healthcheck?.test ?? [];
    expect([kind, command]).toEqual(['CMD', 'node']);
    const own = args.map((arg) => arg.replace(/127\.0\.0\.1:460[01]/, `127.0.0.1:${ports.get(name)}`));
    return await run(process.execPath, own).then(
      () => true,
      () => false,
    );
  }

  test('become healthy', async () => {
    for (const name of [...VIGIE, 'gate']) {
      await until(`${name} is healthy (${stderr})`, () => isHealthy(name), 40_000);
    }
  }, 120_000);

  test('take a post at the published port, and say so once it is durable', async () => {
    const body = JSON.stringify({
      id: '1',
      source: 'x',
      text: 'marque exemple',
      publishedAt: new Date().toISOString(),
    });
    const answer = await fetch(`http://localhost:${ports.get('gate')}/hooks/inbox`, {
      method: 'POST',
      body,
      headers: { 'x-vigie-signature': signature(body, Date.now()) },
    });
    expect(answer.status).toBe(202);
  });

  test('show the page at the published port', async () => {
    const answer = await fetch(`http://localhost:${ports.get('gate')}/api/v1/session`);
    expect(answer.status).toBe(200);
  });

  test('are unhealthy when their process is gone', async () => {
    const child = children.get('alert') as ChildProcess;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    expect(await isHealthy('alert')).toBe(false);
    expect(await isHealthy('analyse')).toBe(true);
  });
});

async function freePort(): Promise<number> {
  const socket = createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as { port: number };
  socket.close();
  await once(socket, 'close');
  return port;
}
