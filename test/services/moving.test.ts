/**
 * An installation that moves in the middle of an alert: from files to files with other partitions, and to Redis and Elasticsearch.
 * It goes on where it was, with all that people did, and ends where one ends that never moved.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { openKept, start } from '../../src/app.ts';
import { exportLines, type Line, MoveRefused, restoreLines } from '../../src/cli/moving.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import type { AlertDocument } from '../../src/alerts/project.ts';
import type { Json } from '../../src/model/types.ts';
import { linesOf, ROADS, RULES } from '../crash/scenario.ts';
import { tempFolder } from '../support/temp.ts';
import { dropIndices, elasticsearch, freePrefix } from './elasticsearch.ts';
import { canonical, isSettled, type Left, leftBehind, until } from './installation.ts';
import { hasRedis, RedisServer } from './redis.ts';

const brands = ROADS.file;
const log = createLogger({ level: 'error' });
/** Ten minutes into the second surge. */
const CUT = new Date(Date.parse('2026-11-01T00:00:00Z') + 5.5 * 86_400_000 + 10 * 60_000).toISOString();

interface Home {
  readonly name: string;
  readonly partitions: number;
  readonly middle?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const scope = { client: 'default', brands };
type End = Left & { readonly desk: readonly string[] };

async function configOf(folder: string, { name, middle = '', env = {} }: Home) {
  const text = `language: en
timezone: UTC
data: ./${name}
rules: ./rules.d
server: { port: 0 }
${middle}
brands:
${brands.map((id) => `  - { id: ${id}, name: ${id}, query: '${id}', languages: [en], group: ${id} }`).join('\n')}
sources: [{ type: file, name: archive, paths: ['./posts.ndjson'] }]
receivers: [{ name: pr, console: {} }]
route: { receiver: pr, group_by: [brand, rule] }
`.replace('./posts.ndjson', join(folder, 'posts.ndjson'));
  return await loadConfig({ text, folder }, { env });
}

async function open(folder: string, home: Home) {
  return await openKept(await configOf(folder, home), { log, partitions: home.partitions });
}

/** Runs to the end of the file, and until everything that follows is told. */
async function runOn(folder: string, home: Home): Promise<void> {
  let bus: Parameters<typeof isSettled>[0] | undefined;
  await using app = await start(await configOf(folder, home), {
    log,
    trustObservedAt: true,
    ticks: false,
    partitions: home.partitions,
    batchSize: 200,
    signIn: false,
    print: () => undefined,
    wrapBus: (made) => (bus = made),
  });
  await until('the file is read', () => app.health().every(({ ended }) => ended), 60_000);
  await until('everything is told', async () => bus !== undefined && (await isSettled(bus)), 60_000);
}

/** What people do, and what is under way, at the moment of the move. */
async function touch(folder: string, home: Home): Promise<void> {
  await using kept = await open(folder, home);
  const { items } = await kept.store.search(scope, {}, { limit: 3 });
  const [first, , third] = items;
  if (!first || !third) throw new Error('there are no mentions');
  const decided = { status: 'assigned', assignee: 'ana', note: 'call them', verdict: 'negative' } as const;
  await kept.store.setTriage(scope, first.id, first.brand, decided, first.triage.version);
  await kept.desk.put('default', 'view', 'mine', { title: 'Mine', brands: ['cedar'] }, undefined);
  for (const step of [1, 2, 3]) await kept.desk.append('default', 'audit', { step });
  // In the log but not analysed, in the outbox but not told.
  await kept.bus.append([{ to: 'all', value: { kind: 'delete', id: third.id, observedAt: third.observedAt } }]);
  const { items: alerts } = await kept.desk.list('default', 'alert', { limit: 1 });
  if (alerts[0] === undefined) throw new Error('there are no alerts');
  const { alert } = alerts[0].value as unknown as AlertDocument;
  const carried = {
    ...alert,
    id: `${alert.id}-carried`,
    sequence: 1,
    status: 'firing',
    scope: 'carried',
    labels: { ...alert.labels, rule: 'carried' },
    rule: 'carried',
  };
  const partition = kept.bus.partitionOf(`default/${alert.brand}`);
  const { offset } = await kept.bus.load(partition);
  const outbox = new Map([['carried', { kind: 'alert', alert: carried } as unknown as Json]]);
  const lease = Promise.withResolvers<Parameters<typeof kept.bus.commit>[1]>();
  const holding = kept.bus.lease(`partition/${partition}`).subscribe((won) => won && lease.resolve(won));
  await kept.bus.commit(partition, await lease.promise, { offset: offset ?? '', state: new Map(), outbox });
  holding.unsubscribe();
}

async function end(folder: string, home: Home): Promise<End> {
  await using kept = await open(folder, home);
  const desk: string[] = [];
  for await (const item of kept.desk.everything()) {
    if (item.type === 'entry' || item.kind === 'view') desk.push(canonical(item));
  }
  const left = await leftBehind(kept, brands);
  // The version of a decision is each store's own.
  const mentions = left.mentions.map((text) => text.replace(/"version":"[^"]*"/, '"version":"…"')).toSorted();
  return { ...left, mentions, desk };
}

async function move(folder: string, from: Home, to: Home): Promise<readonly Line[]> {
  const lines: Line[] = [];
  {
    await using kept = await open(folder, from);
    for await (const line of exportLines(kept, await configOf(folder, from)))
      lines.push(JSON.parse(JSON.stringify(line)) as Line);
  }
  await using kept = await open(folder, to);
  await restoreLines(kept, await configOf(folder, to), fed(lines));
  return lines;
}

async function* fed(lines: readonly Line[]): AsyncGenerator<Line> {
  yield* lines;
}

/** The whole story, moved at the cut when there is somewhere to go. */
async function story(
  from: Home,
  to: Home | undefined,
): Promise<{ readonly end: End; readonly lines: readonly Line[] }> {
  await using folder = await tempFolder('vigie-moving-');
  const { path } = folder;
  const posts = linesOf('file');
  const text = (some: typeof posts): string => some.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(path, 'posts.ndjson'), text(posts.filter(({ publishedAt }) => publishedAt < CUT)));
  await mkdir(join(path, 'rules.d'));
  await writeFile(join(path, 'rules.d', 'rules.yaml'), RULES);
  await runOn(path, from);
  await touch(path, from);
  const lines = to ? await move(path, from, to) : [];
  await appendFile(join(path, 'posts.ndjson'), text(posts.filter(({ publishedAt }) => publishedAt >= CUT)));
  const home = to ?? from;
  await runOn(path, home);
  return { end: await end(path, home), lines };
}

const files: Home = { name: 'files', partitions: 1 };
let stayed: End;
beforeAll(async () => {
  stayed = (await story(files, undefined)).end;
}, 120_000);

test('there is something to move, an alert is open at the cut, and all of it is in the end', () => {
  expect(stayed.mentions.length).toBeGreaterThan(9_000);
  expect(stayed.alerts.filter((text) => text.includes('carried'))).toHaveLength(1);
  expect(stayed.alerts.length).toBeGreaterThanOrEqual(5);
  expect(stayed.mentions.filter((text) => text.includes('call them'))).toHaveLength(1);
  expect(stayed.desk).toHaveLength(4);
  expect(stayed.told.filter((text) => text.includes('carried'))).toHaveLength(1);
});

test('from files to files, into more partitions', async () => {
  const { end: moved, lines } = await story(files, { name: 'other', partitions: 5 });
  const open = lines.filter(
    (line) => line.type === 'document' && line.kind === 'alert' && JSON.stringify(line.value).includes('"firing"'),
  );
  expect(open.length).toBeGreaterThan(0);
  expect(lines.filter(({ type }) => type === 'entry').length).toBeGreaterThan(0);
  expect(lines.filter(({ type }) => type === 'outbox').length).toBe(1);
  expectSame(moved);
}, 120_000);

function expectSame(moved: End): void {
  expect(moved.mentions.length).toBe(stayed.mentions.length);
  expect(moved).toEqual(stayed);
}

const what = 'moving to Redis and Elasticsearch';
const server = hasRedis(what) ? await elasticsearch() : undefined;
describe.skipIf(!server)(what, () => {
  test('from files to Redis and Elasticsearch, and back', async () => {
    if (!server) return;
    await using redis = await RedisServer.start();
    const prefix = freePrefix();
    const scaled: Home = {
      name: 'scaled',
      partitions: 4,
      env: { REDIS_URL: redis.url },
      middle: `bus: { type: redis, url: env:REDIS_URL, partitions: 4, lease: 1s }\nstore: { type: elasticsearch, url: '${server.url}', prefix: ${prefix} }`,
    };
    try {
      expectSame((await story(files, scaled)).end);
      await using folder = await tempFolder('vigie-moving-back-');
      await mkdir(join(folder.path, 'rules.d'));
      await move(folder.path, scaled, files);
      expectSame(await end(folder.path, files));
    } finally {
      await dropIndices(server, prefix);
    }
  }, 120_000);
});

describe('an export', () => {
  const header: Line = { type: 'vigie', format: 1, partitions: 1 };
  test.each([
    ['of something else', [{ type: 'end', lines: 0 }] as Line[], /no export of Vigie/],
    ['that was cut off', [header], /its end is missing/],
    ['with a hole', [header, { type: 'end', lines: 7 }] as Line[], /not whole: 1 lines of 7/],
    ['with something behind its end', [header, { type: 'end', lines: 1 }, header] as Line[], /follows the end/],
  ])('%s is refused', async (_what, lines, message) => {
    await using folder = await tempFolder('vigie-moving-');
    await writeRules(folder.path);
    await using kept = await open(folder.path, files);
    const config = await configOf(folder.path, files);
    await expect(restoreLines(kept, config, fed(lines))).rejects.toThrow(message);
  });

  test('does not go into an installation that holds something', async () => {
    await using folder = await tempFolder('vigie-moving-');
    await writeRules(folder.path);
    await using kept = await open(folder.path, files);
    await kept.desk.put('default', 'view', 'mine', {}, undefined);
    const config = await configOf(folder.path, files);
    await expect(restoreLines(kept, config, fed([header, { type: 'end', lines: 1 }]))).rejects.toThrow(MoveRefused);
  });
});

async function writeRules(folder: string): Promise<void> {
  await mkdir(join(folder, 'rules.d'));
}

test('the commands write and read a file that only its owner may read', async () => {
  const vigie = (...args: string[]) => promisify(execFile)(process.execPath, ['src/cli/main.ts', ...args]);
  await using folder = await tempFolder('vigie-moving-');
  const config = join(folder.path, 'vigie.yaml');
  await writeFile(config, 'language: en\nbrands: [{ id: acme, name: Acme, query: acme }]\n');
  await writeFile(
    join(folder.path, 'posts.ndjson'),
    `${JSON.stringify({ id: '1', source: 'x', text: 'acme', publishedAt: '2026-01-01T00:00:00Z' })}\n`,
  );
  await vigie('import', '--config', config, join(folder.path, 'posts.ndjson'));
  const file = join(folder.path, 'all.ndjson');
  await vigie('export', '--config', config, file);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file, 'utf8')).split('\n').filter((line) => line.includes('"type":"mention"'))).toHaveLength(
    1,
  );
  await vigie('restore', '--config', config, '--data', join(folder.path, 'new'), file);
  await expect(vigie('restore', '--config', config, '--data', join(folder.path, 'new'), file)).rejects.toThrow(
    /not empty/,
  );
});
