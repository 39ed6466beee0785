/** What `npm pack` carries runs in an empty folder: built JavaScript, the page, the rules, the migrations. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp.ts';

const ROOT = join(import.meta.dirname, '../..');

test('the tarball runs by `npx vigie` in an empty folder', async () => {
  await using folder = await tempFolder('vigie-pack-');
  const npm = (args: readonly string[], cwd: string): string =>
    execFileSync('npm', [...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, npm_config_loglevel: 'error' },
    });
  npm(['pack', '--pack-destination', folder.path], ROOT);
  const [tarball] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'));
  expect(tarball).toMatch(/^vigie-\d/);
  const listed = execFileSync('tar', ['-tzf', join(folder.path, tarball ?? '')], { encoding: 'utf8' });
  for (const needed of [
    'dist/cli/main.js',
    'dist/store/sqlite-worker.js',
    'dist/store/migrations/0001-mentions.sql',
    'dashboards/dist/index.html',
    'dashboards/boards/overview.yaml',
    'rules/bad-buzz.yaml',
  ]) {
    expect(listed).toContain(`package/${needed}`);
  }
  expect(listed).not.toMatch(/package\/(test|src\/(?!cli\/vigie\.mjs))/);

  const empty = join(folder.path, 'empty');
  await mkdir(empty);
  npm(['init', '-y'], empty);
  npm(['install', '--no-audit', '--no-fund', '--omit=dev', join(folder.path, tarball ?? '')], empty);
  // The runtime of this process first: a package does not bring its own.
  const path = `${join(process.execPath, '..')}${delimiter}${process.env['PATH']}`;
  const child = spawn('npx', ['vigie', 'start', '--port', '0'], {
    cwd: empty,
    env: { ...process.env, PATH: path, VIGIE_LOG: 'error' },
    detached: true,
  });
  try {
    let said = '';
    const link = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no link within 60 s: ${said}`)), 60_000);
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          const [found] = /http:\/\/127\.0\.0\.1:\d+\/\?link=[\w-]+/.exec(said) ?? [];
          if (!found) return;
          clearTimeout(late);
          resolve(found);
        });
      }
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    });
    const address = new URL(link).origin;
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    const signedIn = await fetch(link, { redirect: 'manual' });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^vigie-/);
    expect(await (await fetch(address, { headers: { cookie } })).text()).toContain('<div id="root"');
    let mentions = 0;
    for (let tries = 0; tries < 60 && mentions === 0; tries++) {
      const answer = await fetch(`${address}/api/v1/mentions?limit=5`, { headers: { cookie } });
      mentions = ((await answer.json()) as { items?: unknown[] }).items?.length ?? 0;
      if (mentions === 0) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(mentions).toBeGreaterThan(0);
  } finally {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  }
}, 300_000);
