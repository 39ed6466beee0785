/** What people and machines send us by mistake: each a clear answer, nothing stops, and what was refused is kept. */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type App, start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import { tempFolder } from '../support/temp.ts';

const SECRET = 'a-long-enough-secret';

async function run(data: string): Promise<App> {
  const config = await loadConfig(
    {
      text: `language: en
server: { port: 0 }
brands: [{ id: acme, name: Acme, query: acme }]
sources: [{ type: webhook, name: inbox, secret: env:S }]
data: ${data}
`,
      folder: data,
    },
    { env: { S: SECRET } },
  );
  return start(config, { log: createLogger({ level: 'silent' }), print: () => {} });
}

async function send(
  app: App,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; answer: string; retryAfter: string | null }> {
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', SECRET).update(`${t}.`).update(body).digest('hex');
  const response = await fetch(`${app.address}/hooks/inbox`, {
    method: 'POST',
    body,
    headers: { 'x-vigie-signature': `t=${t},v1=${v1}` },
  });
  return { status: response.status, answer: await response.text(), retryAfter: response.headers.get('retry-after') };
}

/** Ids of the mentions that are stored, once `count` of them are or five seconds have gone. */
async function stored(app: App, count: number): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const { items } = await app.store.search({ client: 'default', brands: ['acme'] }, {}, { limit: 200 });
    if (items.length >= count || tries > 50) return items.map(({ id }) => id).sort();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function quarantined(data: string): Promise<string> {
  const folder = join(data, 'quarantine');
  const files = await readdir(folder).catch(() => []);
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('');
}

describe('by webhook', () => {
  test('malformed JSON, wrong types, impossible dates, invalid UTF-8 and posts of 10 MB', async () => {
    await using folder = await tempFolder('vigie-bad-');
    await using app = await run(folder.path);
    const now = new Date().toISOString();

    expect((await send(app, '{"id": 1, "text": "acme')).status).toBe(422);
    const types = await send(
      app,
      JSON.stringify([
        { id: 'a', text: 42 },
        { id: 'ok', text: 'acme is here', publishedAt: now },
        { text: 'acme without an id' },
      ]),
    );
    expect(types.status).toBe(422);
    expect(JSON.parse(types.answer)).toMatchObject({ accepted: 1, refused: 2 });
    const dates = await send(
      app,
      [
        { id: 'd1970', text: 'acme', publishedAt: '1970-01-01T00:00:00Z' },
        { id: 'd2099', text: 'acme', publishedAt: '2099-01-01T00:00:00Z' },
      ]
        .map((post) => JSON.stringify(post))
        .join('\n'),
    );
    expect([202, 422]).toContain(dates.status);
    const latin = await send(
      app,
      Buffer.concat([Buffer.from('{"id":"latin","text":"acme tr'), Buffer.from([0xe8]), Buffer.from('s cher"}')]),
    );
    expect(latin.status).toBeGreaterThanOrEqual(200);
    const large = await send(app, JSON.stringify({ id: 'large', text: `acme ${'x'.repeat(10e6)}` }));
    expect(large.status).toBe(413);
    expect(large.answer).toMatch(/at most/);
    expect((await send(app, JSON.stringify({ id: 'last', text: 'acme again', publishedAt: now }))).status).toBe(202);

    const ids = await stored(app, 3);
    expect(ids).toContain('inbox:ok');
    expect(ids).toContain('inbox:last');
    expect(ids).toContain('inbox:d2099');
    const kept = await quarantined(folder.path);
    expect(kept).toContain('42');
    expect(kept).toContain('acme without an id');
  });
});

describe('a full disk', () => {
  test('is told to the sender, nothing stops, and what comes once there is room is taken', async (context) => {
    await using folder = await tempFolder('vigie-full-');
    const disk = join(folder.path, 'disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      console.warn('SKIPPED: a full disk – no right to mount a tmpfs');
      context.skip();
      return;
    }
    using _mounted = { [Symbol.dispose]: () => execFileSync('umount', ['-l', disk]) };
    await using app = await run(disk);
    const posts = (from: number, count: number): string =>
      Array.from({ length: count }, (_, i) =>
        JSON.stringify({ id: `p${from + i}`, text: `acme ${'word '.repeat(200)}${from + i}` }),
      ).join('\n');
    const accepted: string[] = [];
    let refused: Awaited<ReturnType<typeof send>> | undefined;
    await writeFile(join(disk, 'ballast'), Buffer.alloc(7e6)).catch(() => {});
    for (let from = 0; from < 20_000 && !refused; from += 200) {
      const answer = await send(app, posts(from, 200));
      if (answer.status === 202) for (let i = 0; i < 200; i++) accepted.push(`inbox:p${from + i}`);
      else refused = answer;
    }
    expect(refused?.status).toBe(503);
    expect(refused?.retryAfter).toMatch(/^\d+$/);
    expect((await fetch(`${app.address}/healthz`)).status).toBe(200);

    await rm(join(disk, 'ballast'), { force: true });
    let status = 0;
    for (let tries = 0; tries < 60 && status !== 202; tries++) {
      ({ status } = await send(app, JSON.stringify({ id: 'after', text: 'acme after' })));
      if (status !== 202) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(status).toBe(202);
    for (let tries = 0; tries < 100 && (await app.store.count()) < accepted.length + 1; tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await app.store.count()).toBeGreaterThanOrEqual(accepted.length + 1);
  }, 120_000);
});
