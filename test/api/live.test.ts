import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ApiLiveEvent, liveMessage } from '../../src/api/contract.ts';
import { createLiveHub, type LiveSocket } from '../../src/api/live.ts';
import { alertOf, fill, mentionOf, noon, openWorld, signalOf, type World } from './support.ts';

class Watcher implements AsyncDisposable {
  readonly messages: ApiLiveEvent[][] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('message', (data: Buffer) => {
      this.messages.push(liveMessage.parse(JSON.parse(data.toString())).events);
    });
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
  }
  get events(): ApiLiveEvent[] {
    return this.messages.flat();
  }
  async until(what: (events: ApiLiveEvent[]) => boolean): Promise<void> {
    const deadline = performance.now() + 5_000;
    while (!what(this.events)) {
      if (performance.now() > deadline) throw new Error(`not seen: ${JSON.stringify(this.events).slice(0, 2_000)}`);
      await sleep(10);
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

async function watch(world: World, path = '/api/v1/live', headers?: Record<string, string>): Promise<Watcher> {
  const { port } = new URL(await world.server.listen());
  return new Watcher(`ws://127.0.0.1:${port}${path}`, headers);
}

const kinds = (events: readonly ApiLiveEvent[]) => events.map(({ kind }) => kind);

describe('live events', () => {
  test('reach a reader together, in order, in its language, of its brands alone', async () => {
    await using world = await openWorld();
    await fill(world);
    await using watcher = await watch(world, '/api/v1/live?lang=en');
    await watcher.until((events) => events.length === 1);
    expect(watcher.events[0]).toEqual({ kind: 'hello', demo: false, now: '2026-03-03T12:10:00.000Z' });
    world.server.publish({ kind: 'mention', mention: mentionOf('x:10') });
    world.server.publish({ kind: 'mention', mention: mentionOf('x:11', { client: 'martin', brand: 'other' }) });
    world.server.publish({ kind: 'mention', mention: mentionOf('x:12', { brand: 'not-configured' }) });
    world.server.publish({ kind: 'signal', client: 'dupont', signal: signalOf(noon) });
    world.server.publish({ kind: 'signal', client: 'martin', signal: signalOf(noon) });
    world.server.publish({ kind: 'alert', alert: alertOf(noon) });
    world.server.publish({ kind: 'removed', id: 'x:10' });
    await watcher.until((events) => kinds(events).includes('removed'));
    expect(kinds(watcher.messages[1]!)).toEqual(['mention', 'signal', 'alert', 'removed']);
    expect(watcher.messages[1]![2]).toMatchObject({ alert: { summary: 'Acme: 71 mentions' } });
    expect(JSON.stringify(watcher.events)).not.toContain('"terms"');

    const payload = { brand: 'acme', status: 'answered', version: '' };
    await world.server.inject({ method: 'POST', url: '/api/v1/mentions/x:1/triage', payload });
    await watcher.until((events) => kinds(events).includes('triage'));
    expect(watcher.events.at(-1)).toMatchObject({ kind: 'triage', id: 'x:1', triage: { status: 'answered' } });
  });

  test('can be asked for some brands only', async () => {
    await using world = await openWorld();
    await using watcher = await watch(world, '/api/v1/live?brands=globex,other');
    await watcher.until((events) => events.length === 1);
    world.server.publish({ kind: 'mention', mention: mentionOf('x:10') });
    world.server.publish({ kind: 'mention', mention: mentionOf('x:11', { client: 'martin', brand: 'other' }) });
    world.server.publish({ kind: 'mention', mention: mentionOf('x:12', { brand: 'globex' }) });
    await watcher.until((events) => events.length === 2);
    expect(watcher.events[1]).toMatchObject({ mention: { id: 'x:12' } });
  });

  test('that are too many become one resync, and the newest', async () => {
    await using world = await openWorld();
    await using watcher = await watch(world);
    await watcher.until((events) => events.length === 1);
    for (let i = 0; i < 2_500; i++) world.server.publish({ kind: 'mention', mention: mentionOf(`x:${i}`) });
    await watcher.until((events) => events.length > 1);
    expect(kinds(watcher.events).filter((kind) => kind === 'resync')).toHaveLength(1);
    expect(watcher.events[1]).toEqual({ kind: 'resync' });
    expect(watcher.events).toHaveLength(1 + 1 + 500);
    expect(watcher.events.at(-1)).toMatchObject({ mention: { id: 'x:2499' } });
  });

  test.each<[string, string, Record<string, string>, number]>([
    ['another website', '/api/v1/live', { origin: 'https://evil.example.org' }, 403],
    ['a foreign name', '/api/v1/live', { host: 'evil.example.org' }, 403],
    ['a proxy', '/api/v1/live', { 'x-forwarded-for': '203.0.113.9' }, 403],
    ['an unknown client', '/api/v1/live?client=nobody', {}, 404],
    ['an unknown language', '/api/v1/live?lang=de', {}, 400],
  ])('are refused to %s', async (_who, path, headers, status) => {
    await using world = await openWorld();
    const { port } = new URL(await world.server.listen());
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const answer = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('open', () => resolve('open'));
      socket.on('error', () => undefined);
    });
    expect(answer).toBe(status);
    socket.terminate();
  });

  test('are not for plain requests', async () => {
    await using world = await openWorld();
    expect((await world.get('/api/v1/live')).statusCode).toBe(426);
  });

  test('end with the server, quickly, with readers and a hanging request', async () => {
    const world = await openWorld({ closeLimitMs: 300 });
    world.server.hook('inbox', () => new Promise(() => undefined));
    const watcher = await watch(world);
    await watcher.until((events) => events.length === 1);
    const { port } = new URL(watcher.socket.url);
    const hanging = fetch(`http://127.0.0.1:${port}/hooks/inbox`, { method: 'POST', body: '{}' }).catch(() => 'cut');
    await sleep(50);
    const before = performance.now();
    await world[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await watcher.closed).toBe(1001);
    expect(await hanging).toBe('cut');
    expect(world.lines.join('')).toContain('api.closed-by-force');
  });

  test('are limited to so many readers', async () => {
    await using world = await openWorld({ mostReaders: 1 });
    await using first = await watch(world);
    await first.until((events) => events.length === 1);
    const second = new Watcher(first.socket.url);
    expect(await second.closed).toBe(1013);
  });
});

describe('a reader that does not keep up', () => {
  function slowSocket() {
    const listeners = new Map<string, () => void>();
    const sent: string[] = [];
    let terminated = false;
    const socket: LiveSocket & { bufferedAmount: number } = {
      bufferedAmount: 0,
      send: (text) => void sent.push(text),
      ping: () => undefined,
      close: () => undefined,
      terminate: () => {
        terminated = true;
      },
      on: (event, listener) => listeners.set(event, listener),
    };
    return { socket, sent, listeners, terminated: () => terminated };
  }
  const options = { now: () => noon, timezone: 'UTC', demo: false, mostEvents: 10, everyMs: 5 };
  const reader = { scope: { client: 'dupont', brands: ['acme'] }, language: 'fr' as const };

  test('gets nothing until its bytes have gone out, then a resync instead of a heap of old news', async () => {
    const hub = createLiveHub(options);
    const { socket, sent } = slowSocket();
    hub.attach(socket, reader);
    socket.bufferedAmount = 5_000_000;
    for (let i = 0; i < 25; i++) hub.publish({ kind: 'mention', mention: mentionOf(`x:${i}`) });
    await sleep(30);
    expect(sent).toHaveLength(1);
    socket.bufferedAmount = 0;
    await sleep(30);
    expect(sent).toHaveLength(2);
    const { events } = liveMessage.parse(JSON.parse(sent[1]!));
    expect(kinds(events)).toEqual(['resync', ...Array<string>(5).fill('mention')]);
    hub.close();
  });

  test('and does not answer any more is let go', async () => {
    const hub = createLiveHub({ ...options, pingEveryMs: 10 });
    const dead = slowSocket();
    const alive = slowSocket();
    hub.attach(dead.socket, reader);
    hub.attach({ ...alive.socket, ping: () => alive.listeners.get('pong')?.() }, reader);
    await sleep(60);
    expect([dead.terminated(), alive.terminated(), hub.readers()]).toEqual([true, false, 1]);
    hub.close();
    expect(hub.readers()).toBe(0);
  });
});
