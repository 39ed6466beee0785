import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HookAnswer } from '../../src/model/define.ts';
import type { Source, SourceBatch } from '../../src/model/ports.ts';
import { sign } from '../../src/sources/lib/signature.ts';
import { webhook } from '../../src/sources/webhook.ts';
import { sourceContract } from '../contract/source.ts';
import { make, reasonsOf, type TestDeps, testDeps } from './support.ts';

const SECRET = 'correct-horse-battery';
const signed = (body: string | Uint8Array, at = Date.now(), secret = SECRET) => ({
  'x-vigie-signature': sign(secret, at, body),
});
const post = (id: string, more: object = {}) => ({ id, text: `post ${id}`, ...more });

sourceContract('webhook', () => {
  const test = testDeps();
  const waiting: string[] = [];
  const deliver = (body: string): void => {
    void (async () => {
      while (!test.bound()) await delay(5);
      await test.post(body, signed(body));
    })();
  };
  return Promise.resolve({
    create: () => {
      for (const body of waiting.splice(0)) deliver(body);
      return make(webhook, { secret: SECRET, source: 'crm' }, test.deps);
    },
    touched: test.touched,
    offer: (ids: readonly string[]) => {
      waiting.push(JSON.stringify(ids.map((id) => post(id))));
      return Promise.resolve();
    },
    postId: (id: string) => `crm:${id}`,
    twins: () =>
      [
        { nativeId: '7', body: { post: { id: 'crm:7', source: 'crm', op: 'create', text: 'one' } } },
        { nativeId: '7', body: { post: { id: 'crm:7', source: 'crm', op: 'update', text: 'two' } } },
      ] as const,
    secrets: [SECRET],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

interface Running extends AsyncDisposable {
  readonly test: TestDeps;
  readonly source: Source;
  /** The batches read so far; each is acknowledged by `settle`. */
  readonly batches: SourceBatch[];
  readonly stop: AbortController;
}

/** Runs the source with a reader that settles each batch by `settle`. */
async function run(
  config: object = {},
  settle: (batch: SourceBatch) => Promise<void> | void = (batch) => batch.done?.(),
  overrides: Parameters<typeof testDeps>[0] = {},
): Promise<Running> {
  const test = testDeps(overrides);
  const source = make(webhook, { secret: SECRET, ...config }, test.deps);
  const stop = new AbortController();
  const batches: SourceBatch[] = [];
  const reading = (async () => {
    for await (const batch of source.read(undefined, stop.signal)) {
      batches.push(batch);
      await settle(batch);
    }
  })();
  while (!test.bound()) await delay(1);
  return {
    test,
    source,
    batches,
    stop,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await reading;
    },
  };
}

const send = ({ test }: Running, value: unknown): Promise<HookAnswer> => {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  return test.post(body, signed(body));
};

describe('webhook', () => {
  test('answers 202 only when the posts are durable', async () => {
    const { promise: durable, resolve: makeDurable } = Promise.withResolvers<void>();
    await using running = await run({}, async (batch) => {
      await durable;
      batch.done?.();
    });
    let answered: HookAnswer | undefined;
    const sending = send(running, post('1')).then((answer) => (answered = answer));
    await delay(50);
    expect(running.batches).toHaveLength(1);
    expect(answered).toBeUndefined();
    makeDurable();
    await sending;
    expect(answered).toEqual({ status: 202, body: { accepted: 1 } });
  });

  test('takes one post, a list and NDJSON', async () => {
    await using running = await run();
    expect(await send(running, post('1'))).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await send(running, [post('2'), post('3')])).toMatchObject({ status: 202, body: { accepted: 2 } });
    expect(await send(running, `\uFEFF${JSON.stringify(post('4'))}\r\n\n${JSON.stringify(post('5'))}\n`)).toMatchObject(
      { status: 202, body: { accepted: 2 } },
    );
    expect(await send(running, JSON.stringify(post('6'), undefined, 2))).toMatchObject({ status: 202 });
    expect(await send(running, [])).toEqual({ status: 202, body: { accepted: 0 } });
    expect(running.batches.flatMap((batch) => batch.items.map((item) => item.nativeId))).toEqual(
      ['1', '2', '3', '4', '5', '6'].map((id) => `test:${id}`),
    );
  });

  test('refuses a missing, malformed, foreign, altered or old signature', async () => {
    await using running = await run({ previous_secret: 'older-secret' });
    const body = JSON.stringify(post('1'));
    const attempts: Record<string, Record<string, string>> = {
      missing: {},
      empty: { 'x-vigie-signature': '' },
      malformed: { 'x-vigie-signature': 'sha256=00' },
      short: { 'x-vigie-signature': `t=${Math.floor(Date.now() / 1000)},v1=ab` },
      foreign: signed(body, Date.now(), 'another'),
      altered: signed(`${body} `),
      old: signed(body, Date.now() - 6 * 60_000),
      future: signed(body, Date.now() + 6 * 60_000),
      twoTimes: { 'x-vigie-signature': `t=1,${sign(SECRET, Date.now(), body)}` },
    };
    for (const [name, headers] of Object.entries(attempts)) {
      const answer = await running.test.post(body, headers);
      expect(answer.status, name).toBe(401);
      expect(JSON.stringify(answer)).not.toContain(SECRET);
    }
    expect(running.batches).toHaveLength(0);
    expect((await running.test.post(body, signed(body, Date.now() - 4 * 60_000))).status).toBe(202);
    expect((await running.test.post(body, signed(body, Date.now(), 'older-secret'))).status).toBe(202);
    const capital = sign(SECRET, Date.now(), body);
    expect((await running.test.post(body, { 'X-Vigie-Signature': capital })).status).toBe(202);
  });

  test('verifies the bytes that came, not what they decode to', async () => {
    await using running = await run();
    const body = Buffer.from('{"id":"1","text":"caf\xe9"}', 'latin1');
    expect((await running.test.post(body, signed(body))).status).toBe(202);
    expect(running.batches[0]?.items[0]?.body).toMatchObject({ post: { text: 'café' } });
  });

  test('tells all that is wrong, takes what is right, and keeps the rest for the quarantine', async () => {
    await using running = await run();
    const answer = await send(running, [
      post('1'),
      { text: 'no id' },
      7,
      post('4', { publishedAt: '1970-01-01', rating: 9 }),
      post('5'),
    ]);
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual({
      error: 'some of the posts are wrong',
      accepted: 2,
      refused: 3,
      problems: [
        { index: 1, problems: ['id: missing, and there is no url to stand for it'] },
        { index: 2, problems: ['expected one JSON object, found a number'] },
        { index: 3, problems: ['publishedAt: "1970-01-01" is before the year 2000', 'rating: stars go from 1 to 5'] },
      ],
    });
    const items = running.batches.flatMap((batch) => batch.items);
    expect(items).toHaveLength(5);
    expect(reasonsOf(running.source, items)).toHaveLength(3);
    const lines = await send(running, `${JSON.stringify(post('6'))}\n{"id":\n{"id":"8"}\n`);
    expect(lines).toMatchObject({ status: 422, body: { accepted: 1, problems: [{ line: 2 }, { line: 3 }] } });
    expect(await send(running, '{"id": "9", "text"')).toMatchObject({
      status: 422,
      body: { accepted: 0, problems: [{ index: 0 }] },
    });
    expect(await send(running, ' \n ')).toMatchObject({ status: 422 });
  });

  test('refuses a body that is too large', async () => {
    await using running = await run({ max_body_mb: 0.001 });
    expect((await send(running, post('1', { text: 'x'.repeat(2_000) }))).status).toBe(413);
    expect((await send(running, post('2'))).status).toBe(202);
  });

  test('gathers concurrent requests into few appends, and answers each its own', async () => {
    await using running = await run({}, async (batch) => {
      await delay(20);
      batch.done?.();
    });
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => send(running, index % 3 === 0 ? { id: `${index}` } : post(`${index}`))),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? 422 : 202)),
    );
    expect(running.batches.length).toBeLessThan(10);
    expect(running.batches.flatMap((batch) => batch.items)).toHaveLength(300);
  });

  test('cuts a large delivery and answers it when its last part is durable', async () => {
    let answered = false;
    const answeredBefore: boolean[] = [];
    await using running = await run({}, async (batch) => {
      await delay(5);
      answeredBefore.push(answered);
      batch.done?.();
    });
    const posts = Array.from({ length: 2_001 }, (_, index) => post(`${index}`));
    const answer = await send(running, posts).finally(() => {
      answered = true;
    });
    expect(answer).toEqual({ status: 202, body: { accepted: 2_001 } });
    expect(running.batches.map((batch) => batch.items.length)).toEqual([1_000, 1_000, 1]);
    expect(answeredBefore).toEqual([false, false, false]);
  });

  test('asks to come back when the buffer is full', async () => {
    const { promise: durable, resolve: makeDurable } = Promise.withResolvers<void>();
    await using running = await run({ max_waiting_mb: 0.01 }, async (batch) => {
      await durable;
      batch.done?.();
    });
    const large = (id: string) => send(running, post(id, { text: 'x'.repeat(4_000) }));
    const first = large('1');
    const second = large('2');
    const third = await large('3');
    expect(third).toMatchObject({ status: 503, retryAfterS: expect.any(Number) });
    makeDurable();
    expect([(await first).status, (await second).status]).toEqual([202, 202]);
    const again = await Promise.all([large('3'), large('4')]);
    expect(again.map(({ status }) => status)).toEqual([202, 202]);
  });

  test('never lets a sender wait longer than 25 s, and drops what was not handed over', async () => {
    const timers: { ms: number; fire: () => void }[] = [];
    await using running = await run({}, () => new Promise<void>((resolve) => stops.push(resolve)), {
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          timers.push({ ms, fire: resolve });
          signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    });
    const first = send(running, post('1'));
    await delay(10);
    const second = send(running, post('2'));
    await delay(10);
    expect(timers.map(({ ms }) => ms)).toEqual([25_000, 25_000]);
    for (const timer of timers) timer.fire();
    expect((await first).status).toBe(503);
    expect((await second).status).toBe(503);
    for (const stop of stops.splice(0)) stop();
    await delay(10);
    expect(running.batches).toHaveLength(1);
  });
  const stops: (() => void)[] = [];

  test('answers 503 when storing fails and on shutdown', async () => {
    await using running = await run({}, (batch) => batch.done?.(new Error('disk full')));
    expect(await send(running, post('1'))).toMatchObject({ status: 503, retryAfterS: expect.any(Number) });
    await using busy = await run({}, () => new Promise<void>((resolve) => stops.push(resolve)));
    const first = send(busy, post('1'));
    await delay(10);
    const second = send(busy, post('2'));
    busy.stop.abort();
    expect((await second).status).toBe(503);
    expect((await send(busy, post('3'))).status).toBe(503);
    for (const stop of stops.splice(0)) stop();
    expect((await first).status).toBe(503);
    await delay(10);
    expect(busy.test.bound()).toBe(false);
  });

  test('a repeated request makes the same ids again', async () => {
    await using running = await run();
    const body = JSON.stringify([post('1'), { url: 'https://example.org/a', text: 'by address' }]);
    const headers = signed(body);
    await running.test.post(body, headers);
    await running.test.post(body, headers);
    const ids = running.batches.map((batch) =>
      batch.items.map((item) => running.source.normalise(item)).map((o) => (o.kind === 'keep' ? o.value.id : '')),
    );
    expect(ids[0]).toEqual(['test:1', 'test:https://example.org/a']);
    expect(ids[1]).toEqual(ids[0]);
  });
});
