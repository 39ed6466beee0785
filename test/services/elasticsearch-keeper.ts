/** Keeps one Elasticsearch running for as long as its owner lives. A process of its own, because test workers come and go. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { chownSync, openSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ElasticsearchServer, image, type KeeperTask, writeState } from './elasticsearch.ts';

const run = promisify(execFile);
/** Whoever is nobody: the server refuses to run as root. */
const nobody = 65_534;
const heapMb = 768;
const startLimitMs = 170_000;
const username = 'vigie-test';
const password = 'only-for-tests';

const task = JSON.parse(process.argv[2] ?? '') as KeeperTask;
const before = performance.now();
let stop = async (): Promise<void> => {};
try {
  const server = task.home === undefined ? await container() : await process_(task.home, task.java ?? '');
  await writeState(join(task.folder, 'state.json'), { server });
  while (isAlive(task.owner)) await sleep(500);
} catch (error) {
  await writeState(join(task.folder, 'state.json'), { failed: String(error) });
  console.error(error);
  while (isAlive(task.owner)) await sleep(500);
}
await stop();
await rm(task.folder, { recursive: true, force: true, maxRetries: 5 });

async function process_(home: string, java: string): Promise<ElasticsearchServer> {
  const root = process.getuid?.() === 0;
  const config = join(task.folder, 'config');
  const port = await freePort();
  for (const name of ['config', 'data', 'logs', 'tmp']) await mkdir(join(task.folder, name), { recursive: true });
  for (const name of readdirSync(join(home, 'config'))) await copyFile(join(home, 'config', name), join(config, name));
  await writeFile(
    join(config, 'jvm.options'),
    [
      `-Xms${heapMb}m`,
      `-Xmx${heapMb}m`,
      '-XX:+UseSerialGC',
      '-Djava.io.tmpdir=${ES_TMPDIR}',
      '-XX:+ExitOnOutOfMemoryError',
      '20-:--add-modules=jdk.incubator.vector',
    ].join('\n'),
  );
  const settings: Record<string, string> = {
    'discovery.type': 'single-node',
    'cluster.name': `vigie-test-${task.owner}`,
    'http.port': String(port),
    'http.host': '127.0.0.1',
    'transport.host': '127.0.0.1',
    'transport.port': String(await freePort()),
    'path.data': join(task.folder, 'data'),
    'path.logs': join(task.folder, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    'xpack.security.enabled': String(task.secure),
    'cluster.max_shards_per_node': '5000',
  };
  let ca: string | undefined;
  if (task.secure) {
    ca = await makeCertificate(java, config);
    await writeFile(join(config, 'users'), `${username}:${hashOf(password)}\n`);
    await writeFile(join(config, 'users_roles'), `superuser:${username}\n`);
    settings['xpack.security.http.ssl.enabled'] = 'true';
    settings['xpack.security.http.ssl.keystore.path'] = 'http.p12';
    settings['xpack.security.http.ssl.keystore.password'] = password;
    settings['xpack.security.authc.api_key.enabled'] = 'true';
  }
  if (root) own(task.folder);
  const log = openSync(join(task.folder, 'server.log'), 'a');
  const child: ChildProcess = spawn(
    join(java, 'bin/java'),
    [
      '-Xshare:auto',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${home}/lib/tools/server-launcher/*`,
      'org.elasticsearch.server.launcher.ServerLauncher',
      ...Object.entries(settings).flatMap(([name, value]) => ['-E', `${name}=${value}`]),
    ],
    {
      cwd: home,
      stdio: ['ignore', log, log],
      detached: true,
      ...(root && { uid: nobody, gid: nobody }),
      env: {
        PATH: process.env['PATH'],
        JAVA: join(java, 'bin/java'),
        JAVA_TYPE: 'ES_JAVA_HOME',
        ES_JAVA_HOME: java,
        ES_HOME: home,
        ES_PATH_CONF: config,
        ES_DISTRIBUTION_TYPE: 'zip',
        ES_TMPDIR: join(task.folder, 'tmp'),
      },
    },
  );
  let failed = false;
  child.on('error', () => (failed = true));
  const ended = () => failed || child.exitCode !== null || child.signalCode !== null;
  stop = async () => {
    if (ended() || child.pid === undefined) return;
    // The launcher and the server that it started are one group.
    process.kill(-child.pid, 'SIGKILL');
    for (let i = 0; i < 100 && !ended(); i++) await sleep(50);
  };
  const server: Omit<ElasticsearchServer, 'startMs'> = {
    url: `${task.secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    ...(task.secure && { username, password }),
    ...(ca !== undefined && { ca }),
    from: 'maven',
  };
  await answering(server, ended);
  return { ...server, startMs: Math.round(performance.now() - before) };
}

async function container(): Promise<ElasticsearchServer> {
  const port = await freePort();
  const { stdout } = await run(
    'docker',
    [
      'run',
      '--detach',
      '--rm',
      '--publish',
      `127.0.0.1:${port}:9200`,
      '--env',
      'discovery.type=single-node',
      '--env',
      'xpack.security.enabled=false',
      '--env',
      `ES_JAVA_OPTS=-Xms${heapMb}m -Xmx${heapMb}m`,
      image,
    ],
    { timeout: startLimitMs },
  );
  const id = stdout.trim();
  stop = async () => void (await run('docker', ['kill', id]).catch(() => undefined));
  const server = { url: `http://127.0.0.1:${port}`, from: 'docker' as const };
  await answering(server, () => false);
  return { ...server, startMs: Math.round(performance.now() - before) };
}

/** Resolves when the server answers that it can take work. */
async function answering(server: Omit<ElasticsearchServer, 'startMs'>, ended: () => boolean): Promise<void> {
  for (const end = performance.now() + startLimitMs; performance.now() < end; await sleep(200)) {
    if (!isAlive(task.owner)) throw new Error('the run is over');
    if (ended()) throw new Error(`the server ended while it started:\n${await tail()}`);
    if (await healthy(server)) return;
  }
  throw new Error(`the server did not answer in time:\n${await tail()}`);
}

async function healthy(server: Omit<ElasticsearchServer, 'startMs'>): Promise<boolean> {
  const url = `${server.url}/_cluster/health?wait_for_status=yellow&timeout=1s`;
  if (server.ca === undefined)
    return await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
  return await new Promise((resolve) => {
    get(url, { agent: new Agent({ ca: server.ca }), auth: `${username}:${password}` }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

/** A certificate that the server signed itself, made by the tool that comes with every Java. */
async function makeCertificate(java: string, config: string): Promise<string> {
  const store = ['-keystore', join(config, 'http.p12'), '-storepass', password, '-alias', 'http'];
  const tool = join(java, 'bin/keytool');
  await run(tool, [
    '-genkeypair',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    '-dname',
    'CN=localhost',
    '-ext',
    'SAN=dns:localhost,ip:127.0.0.1',
    '-validity',
    '30',
    '-storetype',
    'PKCS12',
    ...store,
  ]);
  const { stdout } = await run(tool, ['-exportcert', '-rfc', ...store]);
  return stdout;
}

/** A password as the server's file of users holds it. */
function hashOf(secret: string): string {
  const salt = randomBytes(32);
  const hash = pbkdf2Sync(secret, salt, 10_000, 32, 'sha512');
  return `{PBKDF2}10000$${salt.toString('base64')}$${hash.toString('base64')}`;
}

async function tail(): Promise<string> {
  return (await readFile(join(task.folder, 'server.log'), 'utf8').catch(() => '')).slice(-3000);
}

function own(folder: string): void {
  chownSync(folder, nobody, nobody);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, name), nobody, nobody);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
