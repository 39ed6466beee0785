/**
 * The same configuration and posts through one process on files, and through nine on Redis and Elasticsearch: the same mentions,
 * signals, alerts, messages, and the same answers to what boards ask.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MentionQuery, MentionStore } from '../../src/model/ports.ts';
import type { Json } from '../../src/model/types.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { MailServer } from '../notifiers/mail-server.ts';
import { dropIndices, elasticsearch, type ElasticsearchServer, freePrefix } from '../services/elasticsearch.ts';
import {
  canonical,
  configure,
  isSettled,
  type Left,
  leftBehind,
  look,
  Member,
  until,
  writeAirlines,
} from '../services/installation.ts';
import { hasRedis, RedisServer } from '../services/redis.ts';
import { AIRLINES } from '../support/airlines.ts';
import { testData } from '../support/data.ts';
import { tempFolder } from '../support/temp.ts';

const what = 'parity of one process and many';
const csv = testData('streams/us-airlines-2015/Tweets.csv', what);
const server: ElasticsearchServer | undefined = csv && hasRedis(what) ? await elasticsearch() : undefined;
const ROLES = ['ingest', 'ingest', 'ingest', 'analyse', 'analyse', 'analyse', 'alert', 'alert', 'web'];
const scope = { client: 'default', brands: AIRLINES.map(([id]) => id) };
const HOUR = 3_600_000;

interface Outcome {
  readonly left: Left;
  readonly mails: readonly string[];
  readonly answers: Readonly<Record<string, string>>;
  /** Brands analysed by each analysing process, sources read to their end by each reading one. */
  readonly shares: readonly number[];
}

/** What boards ask, and a few things that people search for. */
function questions(): readonly (readonly [string, MentionQuery])[] {
  const q = (text: string): MentionQuery => {
    const { query } = parseQuery(text);
    if (query === undefined) throw new Error(`no query: ${text}`);
    return { query };
  };
  const day = Date.parse('2015-02-22T08:00:00Z');
  return [
    ['everything', {}],
    ['one day', { from: day, to: day + 24 * HOUR }],
    ['negative', { sentiment: 'negative' }],
    ['unsure', { sentiment: 'unsure' }],
    ['words', q('delayed OR cancelled')],
    ['phrase', q('"customer service" AND NOT thanks')],
    ['beginning', q('flight*')],
    ...AIRLINES.map(([id]): readonly [string, MentionQuery] => [
      `negative of ${id}`,
      { brands: [id], sentiment: 'negative' },
    ]),
  ];
}

async function ask(store: MentionStore): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const say = (name: string, value: unknown): void => void (answers[name] = canonical(value as Json));
  for (const [name, query] of questions()) {
    say(`${name}: series`, await store.series(scope, query, HOUR));
    say(
      `${name}: facets`,
      await store.facets(
        scope,
        query,
        ['source', 'sentiment', 'language', 'author', 'brand', 'triage', 'term', 'link'],
        10,
      ),
    );
    const { items } = await store.search(scope, query, { limit: 50 });
    say(
      `${name}: first page`,
      items.map(({ id, brand }) => `${brand} ${id}`),
    );
  }
  say('count', await store.count());
  return answers;
}

async function run(
  folder: string,
  name: string,
  roles: readonly string[],
  scaled?: { redis: string; elasticsearch: ElasticsearchServer; prefix: string },
): Promise<Outcome> {
  await using mail = new MailServer();
  await mail.up();
  const env = { SMTP_URL: mail.url, ...(scaled ? { REDIS_URL: scaled.redis } : {}) };
  const file = await configure(name, { folder, smtp: mail.url, ...(scaled ? { scaled } : {}) }, undefined);
  await using stack = new AsyncDisposableStack();
  const members = roles.map((role) => stack.use(new Member(file, role, env)));
  await Promise.all(members.map(({ address }) => address));
  const ended = (): number => new Set(members.flatMap(({ status }) => status.ended)).size;
  await until('every source is read to its end', () => ended() === AIRLINES.length, 120_000);
  if (scaled) {
    await using kept = await look(file, env);
    await until('everything is told and shown', () => isSettled(kept.bus), 120_000);
  }
  const shares = members.map(({ status }) => Object.keys(status.mentions).length);
  if (!scaled) {
    // Its files belong to the one process; it stops once nothing was analysed for a while.
    let before = '';
    await until(
      'nothing more comes',
      async () => {
        const now = canonical(members.map(({ status }) => status.mentions)) + String(mail.arrived.length);
        const same = now === before;
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return same;
      },
      120_000,
    );
  }
  await Promise.all(members.map((member) => member.end()));
  await using kept = await look(file, env);
  expect(await isSettled(kept.bus)).toBe(true);
  return {
    left: await leftBehind(kept),
    mails: mail.arrived.map(({ mail: { messageId } }) => messageId ?? '').sort(),
    answers: await ask(kept.store),
    shares,
  };
}

describe.skipIf(!csv || !server)(what, () => {
  const prefix = freePrefix();
  let one: Outcome;
  let many: Outcome;
  beforeAll(async () => {
    if (!csv || !server) return;
    await using folder = await tempFolder('vigie-parity-');
    await using redis = await RedisServer.start();
    await writeAirlines(csv, folder.path);
    one = await run(folder.path, 'one', ['ingest,analyse,alert,web']);
    many = await run(folder.path, 'many', ROLES, { redis: redis.url, elasticsearch: server, prefix });
  }, 300_000);
  afterAll(async () => {
    if (server) await dropIndices(server, prefix);
  });

  test('there is something to compare', () => {
    expect(one.left.mentions.length).toBeGreaterThan(13_000);
    expect(one.left.alerts.length).toBeGreaterThanOrEqual(4);
    expect(one.left.signals.length).toBeGreaterThanOrEqual(4);
    expect(one.left.told.length).toBeGreaterThanOrEqual(4);
    expect(one.mails.length).toBe(one.left.told.length);
  });
  test('the work was shared: three processes analysed', () => {
    const analysing = many.shares.filter((_, i) => ROLES[i] === 'analyse');
    expect(analysing.filter((brands) => brands > 0)).toHaveLength(3);
    expect(analysing.reduce((sum, brands) => sum + brands, 0)).toBe(AIRLINES.length);
  });
  test('the same mentions, to the last field', () => expect(many.left.mentions).toEqual(one.left.mentions));
  test('the same signals', () => expect(many.left.signals).toEqual(one.left.signals));
  test('the same alerts', () => expect(many.left.alerts).toEqual(one.left.alerts));
  test('the same messages, each sent once', () => {
    expect(many.left.told).toEqual(one.left.told);
    expect(many.mails).toEqual(one.mails);
    expect(new Set(many.mails).size).toBe(many.mails.length);
  });
  test('the same answers to what boards ask', () => expect(many.answers).toEqual(one.answers));
});
