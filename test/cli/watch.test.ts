/** `vigie watch` against a server of our own: lines, counts, alerts, wrong queries, no network. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { cut, plainText, WatchView } from '../../src/cli/watch-view.ts';
import type { Alert, Mention } from '../../src/model/types.ts';
import { postEvent, startJetstream } from '../support/jetstream-server.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

function vigie(args: readonly string[], lang = 'fr_FR.UTF-8') {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, LANG: lang, LC_ALL: '' } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const over = new Promise<number | null>((done) => child.on('close', done));
  return {
    said: () => said,
    over,
    stop: () => child.kill('SIGINT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await over;
      clearTimeout(timer);
    },
  };
}

test('shows mentions and alerts as they come, and the address of the page', { timeout: 60_000 }, async () => {
  await using server = await startJetstream();
  await using program = vigie(['watch', 'acme', '--endpoint', server.url]);
  await expect.poll(() => server.clients(), { timeout: 15_000 }).toBe(1);
  for (let person = 0; person < 24; person += 1) {
    const did = `did:plc:${String.fromCharCode(97 + person).repeat(24)}`;
    const text = `Acme is a scandal, terrible and broken ${person}\u001b[31m`;
    server.emit(
      postEvent({ rkey: `p${person}`, did, text }),
      postEvent({ rkey: `q${person}`, did, text: 'something else' }),
    );
  }
  await expect.poll(() => program.said(), { timeout: 15_000 }).toMatch(/− Acme is a scandal.* 23/);
  expect(program.said()).toMatch(/La page : http:\/\/127\.0\.0\.1:\d+/);
  expect(program.said()).not.toContain('something else');
  expect(program.said()).not.toContain('\u001b');
  await expect.poll(() => program.said(), { timeout: 15_000 }).toContain('Relié à Bluesky');
  program.stop();
  expect(await program.over).toBe(0);
});

test('a wrong query ends with 2 and the place', { timeout: 20_000 }, async () => {
  await using program = vigie(['watch', 'acme AND (foo'], 'en_GB');
  expect(await program.over).toBe(2);
  expect(program.said()).toContain('  acme AND (foo\n           ^\n');
});

test('without a network it says so in plain words and goes on trying', { timeout: 30_000 }, async () => {
  await using program = vigie(['watch', 'acme', '--endpoint', 'ws://127.0.0.1:1']);
  await expect.poll(() => program.said(), { timeout: 20_000 }).toContain('Bluesky est injoignable');
  program.stop();
  expect(await program.over).toBe(0);
});

test('in a terminal it draws at most four times a second, in one write, within the screen', async () => {
  const writes: string[] = [];
  const now = 1_700_000_000_000;
  const screen = { isTTY: true, columns: () => 60, rows: () => 20, colour: false };
  {
    using view = new WatchView({
      screen: { ...screen, write: (text) => void writes.push(text) },
      language: 'en',
      query: 'acme',
      now: () => now,
    });
    view.open('http://127.0.0.1:1');
    for (let i = 0; i < 2_000; i += 1) view.mention(mention(i, now - (i % 2) * 3_000_000));
    view.alert({ ...firing, at: now });
    await new Promise((done) => setTimeout(done, 400));
    expect(writes.length).toBeLessThanOrEqual(4);
    const last = writes.at(-1) ?? '';
    expect(last).toContain('2,000 mentions in an hour, 1,000 in 10 minutes');
    expect(last).toContain('Bad buzz: Acme');
    const lines = last.split('\n').slice(0, -1);
    expect(lines.length).toBeLessThanOrEqual(19);
    // oxlint-disable-next-line no-control-regex
    for (const line of lines) expect(line.replaceAll(/\u001b\[[?0-9]*[a-zA-Z]/g, '').length).toBeLessThanOrEqual(60);
  }
  expect(writes.at(-1)).toContain('\u001b[?1049l');
});

test('strangers give no orders to the terminal', () => {
  expect(plainText('a\u001b]0;title\u0007b\nc\u202ed')).toBe('a ]0;title b c d');
  expect(cut('日本語のテキスト', 7)).toBe('日本…');
});

function mention(number: number, at: number): Mention {
  return {
    id: `bluesky:${number}`,
    source: 'bluesky',
    via: 'bluesky',
    op: 'create',
    text: `Acme number ${number} ${'long '.repeat(40)}`,
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: 'default',
    brand: 'watch',
    own: false,
    language: 'en',
    sentiment: { label: 'neutral', score: 0, confidence: 1, unsure: false, words: [] },
    terms: [],
    topics: [],
    links: [],
    fingerprint: '',
  };
}

const firing: Alert = {
  id: 'bad-buzz:watch:*:1',
  client: 'default',
  rule: 'bad-buzz',
  brand: 'watch',
  scope: '*',
  status: 'firing',
  severity: 'critical',
  labels: {},
  title: { en: 'Bad buzz: Acme', fr: 'Bad buzz : Acme' },
  summary: {},
  because: [],
  observed: 1,
  expected: 1,
  window: '1h',
  sequence: 1,
  at: 0,
  startsAt: 0,
  evidence: [],
};
