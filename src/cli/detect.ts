/** `vigie detect`: a table of counts in, the same table with a score and an alert column out. */
import { Command, InvalidArgumentError } from 'commander';
import { judgeRows } from '../detectors/lib/judge-rows.ts';
import { gateOf, volumeConfig } from '../detectors/lib/volume-config.ts';
import { parseDuration } from '../lib/duration.ts';
import type { Millis } from '../model/types.ts';
import type { Line } from '../sources/lib/lines.ts';
import { print } from './io.ts';
import type { LineAnswer } from './stdin-lines.ts';
import { answerLines } from './stdin-lines.ts';

const DEFAULTS = volumeConfig.parse({});
const DAY_MS = 86_400_000;

/** What the command line says. */
export interface DetectOptions {
  readonly intervalMs: Millis;
  readonly threshold: number;
}

/** Judges lines of CSV one after the other; the first may be a header. Each row depends on those before it alone. */
export function detectLines({ intervalMs, threshold }: DetectOptions): (line: Line) => LineAnswer {
  const judge = judgeRows({ intervalMs, threshold, ...gateOf(DEFAULTS) });
  let latest = Number.NEGATIVE_INFINITY;
  return ({ number, text, size }) => {
    if (text === undefined) return { refuse: `too long (${size} bytes)` };
    if (text.trim() === '') return undefined;
    const fields = text
      .replace(/^\uFEFF/, '')
      .split(',')
      .map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
    const [stamp = '', amount = ''] = fields;
    if (number === 1 && stamp.toLowerCase() === 'timestamp') return undefined;
    if (fields.length !== 2) return { refuse: `${fields.length} fields instead of timestamp,value` };
    const at = timeOf(stamp);
    if (at === undefined) return { refuse: `not a timestamp: ${shown(stamp)}` };
    const value = amount === '' ? Number.NaN : Number(amount);
    if (!Number.isFinite(value) || value < 0) return { refuse: `not a count: ${shown(amount)}` };
    if (at < latest) return { refuse: `${shown(stamp)} is before the line above` };
    latest = at;
    const { score, alert } = judge(at, value);
    return { print: `${stamp},${amount},${score.toFixed(4)},${alert ? 1 : 0}` };
  };
}

/** The command. Reads stdin, writes stdout, complains on stderr; a bad line never stops it. */
export function detectCommand(): Command {
  return new Command('detect')
    .description(
      'Finds unusual volume in counts. Reads CSV timestamp,value on stdin; writes CSV timestamp,value,anomaly_score,alert.',
    )
    .option(
      '--interval <duration>',
      'time between two rows; missing rows count as unknown, not as 0',
      intervalOf,
      300_000,
    )
    .option('--threshold <score>', 'score from which a row alerts', thresholdOf, DEFAULTS.threshold)
    .action(async ({ interval, threshold }: { interval: Millis; threshold: number }) => {
      await print('timestamp,value,anomaly_score,alert');
      await answerLines(detectLines({ intervalMs: interval, threshold }));
    });
}

/** ISO 8601, with a space or a T, and UTC where no zone is given. */
function timeOf(text: string): Millis | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
    text,
  );
  if (!match) return undefined;
  const [, day, clock = '00:00', zone = 'Z'] = match;
  const at = Date.parse(`${day}T${clock}${zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}

function intervalOf(text: string): Millis {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000 || ms > DAY_MS)
    throw new InvalidArgumentError('Write a duration from 1s to 1d, such as 5m or 1h.');
  return ms;
}

function thresholdOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Write a number above 0, such as 2.6.');
  return value;
}

/** What was written, short enough for a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
