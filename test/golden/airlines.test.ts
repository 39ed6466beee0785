/**
 * A real storm: six US airlines in February 2015. What is reported is listed in `airlines.events.txt` and explained there; the
 * same bytes come out whatever the batch size and the order of the input, and from a durable bus that was killed on the way.
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HistoryEvent, runHistory } from '../../src/cli/history.ts';
import { readRules } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { seededRandom } from '../../src/lib/random.ts';
import type { UnstampedPost } from '../../src/model/types.ts';
import { airlineConfig, airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';
import { tempFolder } from '../support/temp.ts';

const GOLDEN = join(import.meta.dirname, 'airlines.events.txt');
const file = testData('streams/us-airlines-2015/Tweets.csv', 'golden backtest of the airlines');

async function run(posts: readonly UnstampedPost[], batchSize: number): Promise<string[]> {
  const config = await loadConfig({ text: airlineConfig, folder: import.meta.dirname }, { env: {} });
  const lines: string[] = [];
  await runHistory({
    posts,
    config,
    rules: await readRules({ ...config, rules: undefined }),
    batchSize,
    onEvent: (event) => void lines.push(JSON.stringify(event)),
  });
  return lines;
}

/** `02-22 08:41  us-airways  volume-spike  firing warning`, Pacific time. */
function summary(line: string): string[] {
  const event = JSON.parse(line) as HistoryEvent;
  if (event.type !== 'alert') return [];
  const at = new Date(Date.parse(event.at) - 8 * 3_600_000).toISOString().slice(5, 16).replace('T', ' ');
  return [`${at}  ${event.brand}  ${event.rule}  ${event.scope}  ${event.status} ${event.severity}`];
}

describe.skipIf(!file)('the airlines of February 2015', () => {
  let posts: UnstampedPost[];
  let lines: string[];

  beforeAll(async () => {
    posts = await airlinePosts(file ?? '');
    lines = await run(posts, 500);
  }, 120_000);

  test('alerts for US Airways and for United on 22 February, Pacific time', () => {
    const alerts = lines.flatMap(summary);
    for (const brand of ['us-airways', 'united']) {
      expect(
        alerts.filter(
          (alert) => alert.startsWith('02-22') && alert.includes(`  ${brand}  `) && alert.includes('firing'),
        ),
      ).not.toEqual([]);
    }
  });

  test('what else is reported is known', async () => {
    const alerts = lines.flatMap(summary);
    if (process.env['UPDATE_GOLDEN'])
      await writeFile(
        GOLDEN,
        `${(await readFile(GOLDEN, 'utf8').catch(() => ''))
          .split('\n')
          .filter((line) => line.startsWith('#'))
          .join('\n')}\n${alerts.join('\n')}\n`,
      );
    const known = (await readFile(GOLDEN, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(alerts).toEqual(known);
  });

  test('the same bytes with --batch 1 and --batch 1000, and from shuffled input', async () => {
    const random = seededRandom(3);
    const shuffled = posts
      .map((post) => ({ post, key: random.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ post }) => post);
    const [one, thousand, mixed] = [await run(posts, 1), await run(posts, 1000), await run(shuffled, 321)];
    expect(one).toEqual(lines);
    expect(thousand).toEqual(lines);
    expect(mixed).toEqual(lines);
  }, 180_000);

  test('the same events from a durable bus that was killed and went on', async () => {
    await using folder = await tempFolder('vigie-golden-');
    const lives: (NodeJS.Signals | null)[] = [];
    const out = join(folder.path, 'events.ndjson');
    for (const crash of ['append:5', 'append:7', 'commit:7', 'commit:11', undefined]) {
      const { signal, stderr } = await life([file ?? '', folder.path, out], crash);
      lives.push(signal);
      if (crash) expect(stderr).toContain(`crash point ${crash.split(':')[0]}`);
      else expect(stderr).toBe('');
    }
    expect(lives).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', null]);
    const resumed = (await readFile(out, 'utf8')).trim().split('\n');
    expect(resumed).toEqual(lines.filter((line) => !line.startsWith('{"type":"notification"')));
  }, 180_000);
});

function life(
  args: readonly string[],
  crash: string | undefined,
): Promise<{ signal: NodeJS.Signals | null; stderr: string }> {
  const { VIGIE_CRASH: _crash, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed.ts'), ...args], {
    env: crash ? { ...env, VIGIE_CRASH: crash } : env,
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('exit', (_code, signal) => resolve({ signal, stderr })));
}
