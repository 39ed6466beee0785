/** What a browser has to load before it shows anything: built anew, measured as it travels. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../dashboards');
const MOST_INITIAL = 250_000;
const folder = mkdtempSync(join(tmpdir(), 'vigie-page-'));

beforeAll(async () => {
  // Without it React's own checks for developers would be in the measure.
  vi.stubEnv('NODE_ENV', 'production');
  await build({ root: ROOT, configFile: join(ROOT, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function sizeOf(file: string): number {
  return gzipSync(readFileSync(join(folder, file)), { level: 9 }).length;
}
function named(html: string, pattern: RegExp): string[] {
  return [...html.matchAll(pattern)].map(([, path]) => String(path).replace(/^\//, ''));
}

test('the page starts with at most 250 kB of JavaScript, gzipped; charts come later', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const scripts = [...named(html, /<script[^>]*src="([^"]+)"/g), ...named(html, /modulepreload"[^>]*href="([^"]+)"/g)];
  expect(scripts.length).toBeGreaterThan(0);
  const initial = scripts.reduce((sum, file) => sum + sizeOf(file), 0);
  const assets = readdirSync(join(folder, 'assets')).filter((file) => file.endsWith('.js'));
  const charts = assets.find((file) => file.startsWith('echarts'));
  console.info(
    `page: ${initial} B of JavaScript at first, ${charts ? sizeOf(`assets/${charts}`) : 0} B with the first chart`,
  );
  expect(initial).toBeLessThanOrEqual(MOST_INITIAL);
  expect(charts).toBeDefined();
  expect(scripts.some((file) => file.includes('echarts'))).toBe(false);
});

test('nothing inline, and nothing from elsewhere', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=/);
  const css = readdirSync(join(folder, 'assets')).filter((file) => file.endsWith('.css'));
  for (const text of [html, ...css.map((file) => readFileSync(join(folder, 'assets', file), 'utf8'))])
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|url\(\s*["']?(?:https?:)?\/\/|@import/);
});
