/** Real processes on Redis and Elasticsearch, broken in every way that is named: nothing is lost, nothing is told that a calm run does not tell. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertDocument } from '../../src/alerts/project.ts';
import { MailServer } from '../notifiers/mail-server.ts';
import { AIRLINES } from '../support/airlines.ts';
import { testData } from '../support/data.ts';
import { tempFolder } from '../support/temp.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { dropIndices, elasticsearch, freePrefix } from './elasticsearch.ts';
import {
  configure,
  isSettled,
  type Left,
  leftBehind,
  look,
  Member,
  type Place,
  until,
  writeAirlines,
} from './installation.ts';
import { hasRedis, RedisServer } from './redis.ts';

const what = 'faults of an installation on Redis and Elasticsearch';
const csv = testData('streams/us-airlines-2015/Tweets.csv', what);
const server = csv && hasRedis(what) ? await elasticsearch() : undefined;

const LEASE_MS = 2_000;
const AWAY_MS = 20_000;
const brands = AIRLINES.map(([id]) => id);

interface Outcome {
  readonly left: Left;
  readonly mails: readonly string[];
}
interface Fired {
  /** Brands and the processes that analysed some of their mentions. */
  readonly readers: ReadonlyMap<string, number>;
  readonly openWhenKilled: string;
  readonly refusedCommits: number;
  readonly redisRestarts: number;
  readonly elasticsearchCuts: number;
  readonly awayMs: number;
}

/** What is done to the processes on the way; absent: nothing. */
type Break = (parts: {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redis: RedisServer;
  readonly proxy: CuttingProxy;
  readonly members: Member[];
  readonly launch: (role: string) => Promise<Member>;
}) => Promise<Fired>;

async function run(
  folder: string,
  name: string,
  prefix: string,
  breaks?: Break,
): Promise<Outcome & { readonly fired?: Fired }> {
  if (!server) throw new Error('no server');
  await using stack = new AsyncDisposableStack();
  const mail = stack.use(new MailServer());
  await mail.up();
  const redis = stack.use(await RedisServer.start());
  const proxy = stack.use(await startCuttingProxy(Number(new URL(server.url).port)));
  const place: Place = {
    folder,
    smtp: mail.url,
    scaled: {
      redis: redis.url,
      elasticsearch: { ...server, url: `http://127.0.0.1:${proxy.port}` },
      prefix,
      lease: `${LEASE_MS}ms`,
    },
  };
  const env = { SMTP_URL: mail.url, REDIS_URL: redis.url };
  const file = await configure(name, place, undefined);
  const pace = breaks ? { VIGIE_TEST_PACE_MS: '250', VIGIE_TEST_BATCH: '25' } : {};
  const members: Member[] = [];
  const launch = async (role: string): Promise<Member> => {
    const member = stack.use(new Member(file, role, { ...env, ...pace }));
    members.push(member);
    await member.address;
    return member;
  };
  await Promise.all(['ingest', 'analyse', 'analyse', 'analyse', 'alert', 'alert'].map(launch));
  const fired = await breaks?.({ file, env, redis, proxy, members, launch });
  const ended = (): number => new Set(members.flatMap(({ status }) => status.ended)).size;
  await until('every source is read to its end', () => ended() === brands.length, 120_000);
  await using kept = await look(file, env);
  await until('everything is told and shown', () => isSettled(kept.bus), 180_000);
  await Promise.all(members.map((member) => member.end()));
  const mails = mail.arrived.map(({ mail: { messageId } }) => messageId ?? '');
  return { left: await leftBehind(kept), mails, ...(fired ? { fired } : {}) };
}

const allFaults: Break = async ({ file, env, redis, proxy, members, launch }) => {
  const analysing = (): Member[] => members.filter(({ roles, isOver }) => roles === 'analyse' && !isOver);
  const readers = (): Map<string, number> =>
    new Map(brands.map((brand) => [brand, members.filter(({ status }) => (status.mentions[brand] ?? 0) > 0).length]));
  await until('every partition is read', () => [...readers().values()].every((count) => count > 0), 60_000);

  // Three others take the place of three: each partition goes to another process.
  const first = analysing();
  await Promise.all(first.map(() => launch('analyse')));
  await Promise.all(first.map((member) => member.end()));
  await until('every partition is read by others', () => [...readers().values()].every((count) => count > 1), 60_000);

  await redis.kill('SIGKILL');
  await sleep(500);
  await redis.up();

  // Stopped with a commit in its hands until somebody else has begun.
  const stopped = analysing()[0] as Member;
  stopped.child.kill('SIGUSR2');
  await sleep(1_000 + LEASE_MS * 2.5);
  stopped.child.kill('SIGCONT');
  await until('a late commit is refused', () => stopped.status.lost > 0, 10_000);

  const open = await openAlert(file, env);
  const victim = analysing().find(({ status }) => (status.mentions[open.brand] ?? 0) > 0) as Member;
  await victim.end('SIGKILL');
  const stillOpen = await openAlert(file, env, open.id);
  await launch('analyse');

  const cutsBefore = proxy.cuts();
  const from = performance.now();
  proxy.darkFrom('_bulk', false);
  await until('Elasticsearch is missed', () => proxy.cuts() > cutsBefore, 30_000);
  await sleep(AWAY_MS);
  proxy.restore();
  return {
    readers: readers(),
    openWhenKilled: stillOpen.id,
    refusedCommits: members.reduce((sum, { status }) => sum + status.lost, 0),
    redisRestarts: 1,
    elasticsearchCuts: proxy.cuts() - cutsBefore,
    awayMs: performance.now() - from,
  };
};

/** An alert that is firing, as the desk has it; waits for one. */
async function openAlert(
  file: string,
  env: Readonly<Record<string, string>>,
  wanted?: string,
): Promise<{ readonly id: string; readonly brand: string }> {
  await using kept = await look(file, env);
  let found: { readonly id: string; readonly brand: string } | undefined;
  await until(
    'an alert is open',
    async () => {
      const { items } = await kept.desk.list('default', 'alert', { limit: 100 });
      found = items
        .map(({ value }) => (value as unknown as AlertDocument).alert)
        .find(({ id, status }) => status === 'firing' && (wanted === undefined || id === wanted));
      return found !== undefined;
    },
    90_000,
  );
  return found as { id: string; brand: string };
}

describe.skipIf(!server)(what, () => {
  const prefixes = [freePrefix(), freePrefix()] as const;
  let calm: Outcome;
  let wild: Outcome & { readonly fired?: Fired };

  beforeAll(async () => {
    if (!csv) return;
    await using folder = await tempFolder('vigie-faults-');
    await writeAirlines(csv, folder.path);
    calm = await run(folder.path, 'calm', prefixes[0]);
    wild = await run(folder.path, 'wild', prefixes[1], allFaults);
  }, 420_000);
  afterAll(async () => {
    if (server) for (const prefix of prefixes) await dropIndices(server, prefix);
  }, 60_000);

  test('every fault has fired', () => {
    expect([...(wild.fired?.readers ?? [])].filter(([, count]) => count < 2)).toEqual([]);
    expect(wild.fired).toMatchObject({ openWhenKilled: expect.any(String), redisRestarts: 1, elasticsearchCuts: 1 });
    expect(wild.fired?.refusedCommits).toBeGreaterThan(0);
    expect(wild.fired?.awayMs).toBeGreaterThanOrEqual(AWAY_MS);
  });
  test('every accepted post is stored once, to the last field', () => {
    expect(calm.left.mentions.length).toBeGreaterThan(13_000);
    expect(wild.left.mentions).toEqual(calm.left.mentions);
  });
  test('signals and alerts are those of the calm run', () => {
    expect(calm.left.alerts.length).toBeGreaterThanOrEqual(4);
    expect(wild.left.signals).toEqual(calm.left.signals);
    expect(wild.left.alerts).toEqual(calm.left.alerts);
  });
  test('the same messages, none twice: no fault hit the named windows', () => {
    expect(wild.left.told).toEqual(calm.left.told);
    expect(wild.mails.toSorted()).toEqual(calm.mails.toSorted());
    expect(new Set(wild.mails).size).toBe(wild.mails.length);
  });
});
