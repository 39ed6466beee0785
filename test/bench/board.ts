/** How long a board's queries take over a million mentions in SQLite: the slowest of their 95th percentiles. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const MENTIONS = 1_000_000;
/** What the overview asks. */
const ASKED = [
  'series, a brand by the hour',
  'series, all brands by the day',
  'facets, a brand',
  'facets, its authors',
  'newest 50',
  'newest 50, filtered',
];

export async function bench(): Promise<object> {
  const printed = execFileSync(process.execPath, [join(import.meta.dirname, 'store.ts'), String(MENTIONS), '10'], {
    encoding: 'utf8',
    maxBuffer: 16e6,
  });
  const figures = JSON.parse(printed) as {
    mentions: number;
    putsPerSecond: number;
    readMs: Record<string, { p50: number; p95: number }>;
  };
  const asked = Object.fromEntries(ASKED.map((name) => [name, figures.readMs[name]]));
  return {
    p95Ms: Math.max(...ASKED.map((name) => figures.readMs[name]?.p95 ?? Infinity)),
    mentions: figures.mentions,
    limit: { p95Ms: 150 },
    putsPerSecond: figures.putsPerSecond,
    asked,
  };
}
