/** The program as somebody who has never heard of it meets it: one command, a link, a board that moves, an alert, and what to do about it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsThere, buildPage, openBrowser, openPage } from './support.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
/** A fresh start takes in fourteen days first. */
const START_MS = 60_000;
const MOVES_MS = 15_000;
const ALERT_MS = 90_000;

interface Program extends AsyncDisposable {
  /** The address that it printed: with its sign-in link. */
  readonly link: string;
}

async function startDemo(): Promise<Program> {
  const data = await mkdtemp(join(tmpdir(), 'vigie-e2e-'));
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--data', data], {
    cwd: data,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const link = await new Promise<string>((found, failed) => {
    const limit = setTimeout(() => failed(new Error(`no address in ${START_MS} ms:\n${said}`)), START_MS);
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const printed = /^(?!\{).*?(http:\/\/127\.0\.0\.1:\d+(?:\/\?link=[\w-]+)?)\s/m.exec(said)?.[1];
      if (printed === undefined) return;
      clearTimeout(limit);
      found(printed);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => failed(new Error(`ended with ${code}:\n${said}`)));
  });
  return {
    link,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(force);
      await rm(data, { recursive: true, force: true });
    },
  };
}

describe.skipIf(!browserIsThere())('the demonstration', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildPage();
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => await browser?.close());

  test('fresh start, link, movement, alert, evidence, triage by keyboard, the other language', async () => {
    await using program = await startDemo();
    const { page, context, complaints } = await openPage(browser);
    await page.goto(program.link);
    await page.getByRole('heading', { name: 'Solenval', level: 1 }).waitFor({ timeout: 30_000 });
    const opened = Date.now();
    await page.getByText('Démonstration', { exact: true }).waitFor();

    // It moves.
    const figure = page.locator('.figure', { hasText: 'Mentions' }).first().locator('a.value');
    await figure.waitFor();
    const before = await figure.innerText();
    await expect.poll(() => figure.innerText(), { timeout: MOVES_MS }).not.toBe(before);
    const moved = Date.now() - opened;

    // The bad buzz makes an alert, which is read out.
    const news = page.locator('[aria-live="assertive"]');
    await news.getByText('Solenval').waitFor({ timeout: ALERT_MS });
    const alerted = Date.now() - opened;
    console.info(`demonstration: moves after ${moved} ms, alerts after ${alerted} ms`);
    expect(alerted).toBeLessThan(ALERT_MS);
    await news.getByRole('link', { name: 'Ouvrir l’alerte' }).click();
    await page.getByRole('heading', { name: 'Pourquoi cette alerte' }).waitFor();
    expect(await page.locator('.because li').count()).toBeGreaterThan(0);
    expect(await page.locator('.evidence .mention').count()).toBeGreaterThan(0);
    expect(await page.locator('.timeline li').count()).toBeGreaterThan(0);

    // The queue, by keyboard.
    await page.getByRole('link', { name: 'À traiter' }).first().click();
    const desk = page.getByRole('region', { name: 'Mention en cours' });
    await desk.waitFor();
    const queue = page.locator('.queue-item');
    const waiting = await queue.count();
    await page.keyboard.press('r');
    await page.getByText('Notée comme répondue').waitFor();
    await expect.poll(() => queue.count()).toBe(waiting - 1);
    await page.keyboard.press('u');
    await expect.poll(() => queue.count()).toBe(waiting);

    // The other language, every page.
    await page.getByRole('button', { name: 'English' }).first().click();
    for (const name of ['Overview', 'Mentions', 'Alerts', 'Sources']) {
      await page
        .getByRole('link', { name: new RegExp(`^${name}`) })
        .first()
        .click();
      await page.locator('h1').waitFor();
      await page.getByText('Demonstration', { exact: true }).waitFor();
    }
    expect(complaints).toEqual([]);
    await context.close();
  }, 240_000);
});
