/** A real browser and the built page. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { build } from 'vite';
import { vi } from 'vitest';

const DASHBOARDS = resolve(import.meta.dirname, '../../dashboards');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a browser; without one these tests are skipped aloud, or fail where services are required. */
export function browserIsThere(): boolean {
  if (existsSync(CHROMIUM)) return true;
  const words = `no Chromium at ${CHROMIUM}: install it (apt-get install chromium) or name it in CHROMIUM`;
  if (process.env['VIGIE_SERVICES'] === 'required') throw new Error(words);
  console.warn(`skipped: the page in a browser (${words})`);
  return false;
}

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
    ],
  });
}

/** Builds the page into `into`, or beside the program. */
export async function buildPage(into = join(DASHBOARDS, 'dist')): Promise<void> {
  vi.stubEnv('NODE_ENV', 'production');
  try {
    await build({
      root: DASHBOARDS,
      configFile: join(DASHBOARDS, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: into, emptyOutDir: true },
    });
  } finally {
    vi.unstubAllEnvs();
  }
}

/** A folder like `dashboards/`, with the page built into it. */
export async function builtDashboards(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-dashboards-'));
  await cp(join(DASHBOARDS, 'boards'), join(folder, 'boards'), { recursive: true });
  await buildPage(join(folder, 'dist'));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

export interface Look {
  readonly lang?: 'fr' | 'en';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page of its own, and what its console complained of. */
export async function openPage(
  browser: Browser,
  { lang = 'fr', theme = 'light', width = 1440 }: Look = {},
): Promise<{ readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 844 : 900 },
    colorScheme: theme,
    locale: lang === 'fr' ? 'fr-FR' : 'en-GB',
    reducedMotion: 'reduce',
  });
  await context.addInitScript(`localStorage.setItem('vigie.lang', '${lang}')`);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A refused request is told here too; what the page says of it is what is tested.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, context, complaints };
}
