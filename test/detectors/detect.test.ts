import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { DetectOptions } from '../../src/cli/detect.ts';
import { detectLines } from '../../src/cli/detect.ts';
import { testData } from '../support/data.ts';
import { DAY, HOUR, MINUTE, T0, seeded } from './drive.ts';

const SHIPPED: DetectOptions = { intervalMs: 5 * MINUTE, threshold: 2.6 };

/** What comes out of lines of CSV: rows and complaints, as they are printed. */
function detect(lines: readonly string[], options: DetectOptions = SHIPPED): { rows: string[]; refused: string[] } {
  const judge = detectLines(options);
  const rows: string[] = [];
  const refused: string[] = [];
  for (const [i, line] of lines.entries()) {
    const answer = judge({ number: i + 1, text: line, size: line.length, end: 0 });
    if (answer && 'print' in answer) rows.push(answer.print);
    else if (answer) refused.push(`line ${i + 1}: ${answer.refuse}`);
  }
  return { rows, refused };
}

function stamp(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** Steady counts with surges at the given rows, each higher than the one before: what was seen before is less unusual. */
function table(rows: number, surges: readonly number[], intervalMs = 5 * MINUTE): string[] {
  const random = seeded(3);
  const lines = ['timestamp,value'];
  for (let i = 0; i < rows; i++) {
    const surge = surges.findIndex((s) => i >= s && i < s + 6);
    const value = 2 + Math.floor(random() * 2) + 40 * (surge + 1);
    lines.push(`${stamp(T0 + 173_000 + i * intervalMs)},${value}`);
  }
  return lines;
}

function alerts(rows: readonly string[]): number[] {
  return rows.flatMap((row, i) => (row.endsWith(',1') ? [i] : []));
}

describe('vigie detect', () => {
  it('answers every row with a score, and alerts once a day at most', () => {
    const { rows, refused } = detect(table(4000, [1500, 1600, 2000, 2600]));
    expect(refused).toEqual([]);
    expect(rows).toHaveLength(4000);
    expect(rows.every((row) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+,\d+\.\d{4},[01]$/.test(row))).toBe(true);
    // 1600 lies within a day of 1500; a surge must outdo those before it.
    expect(alerts(rows)).toEqual([1500, 2002, 2602]);
    expect(Number(rows[1604]?.split(',')[2])).toBeGreaterThan(2.6);
    expect(Number(rows[1400]?.split(',')[2])).toBeLessThan(2.6);
  });

  it('does not look ahead: the answer to a beginning is the beginning of the answer', () => {
    const lines = table(2500, [900, 1700]);
    const whole = detect(lines).rows;
    for (const length of [1, 2, 600, 901, 902, 1500, 1703]) {
      expect(detect(lines.slice(0, length + 1)).rows).toEqual(whole.slice(0, length));
    }
    const other = [...lines.slice(0, 1201), ...table(2500, [1201]).slice(1201)];
    expect(detect(other).rows.slice(0, 1200)).toEqual(whole.slice(0, 1200));
  });

  it('says what is wrong with a line, and where, and goes on', () => {
    const good = table(3, []);
    const { rows, refused } = detect([
      ...good,
      'yesterday,3',
      `${stamp(T0 + DAY)},many`,
      `${stamp(T0 + DAY)},`,
      `${stamp(T0 + DAY)},-1`,
      stamp(T0 + DAY),
      `${stamp(T0)},1`,
      '',
      '2024-05-08T00:00:00+02:00,2',
      '"2024-05-08 00:05:00","3"',
    ]);
    expect(rows).toHaveLength(5);
    expect(refused).toEqual([
      'line 5: not a timestamp: "yesterday"',
      'line 6: not a count: "many"',
      'line 7: not a count: ""',
      'line 8: not a count: "-1"',
      'line 9: 1 fields instead of timestamp,value',
      `line 10: "${stamp(T0)}" is before the line above`,
    ]);
  });

  it('heeds the threshold, and the interval', () => {
    expect(alerts(detect(table(3000, [2000]), { ...SHIPPED, threshold: 4 }).rows)).toEqual([]);
    const hours = { intervalMs: HOUR, threshold: 2.2 };
    expect(alerts(detect(table(1000, [800], HOUR), hours).rows)).toContain(800);
    const minutes = { intervalMs: MINUTE, threshold: 2.6 };
    const found = alerts(detect(table(6000, [5000], MINUTE), minutes).rows);
    expect(found).toHaveLength(1);
    expect(found[0]).toBeGreaterThanOrEqual(5000);
    expect(found[0]).toBeLessThan(5005);
  });

  it('takes missing rows for unknown, not for calm', () => {
    const lines = table(3000, []);
    const holed = [...lines.slice(0, 1500), ...lines.slice(2200)];
    expect(alerts(detect(holed).rows)).toEqual([]);
  });

  it('is a filter from stdin to stdout', async () => {
    const command = fileURLToPath(new URL('../../src/cli/detect.ts', import.meta.url));
    const script = `const { detectCommand } = await import(${JSON.stringify(command)}); await detectCommand().parseAsync(['--threshold', '2.6'], { from: 'user' });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe', timeout: 20_000 });
    const lines = [...table(1600, [1500]), 'nonsense,1'];
    child.stdin.end(`${lines.join('\r\n')}\r\n`);
    const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [header, ...rows] = out.trimEnd().split('\n');
    expect(header).toBe('timestamp,value,anomaly_score,alert');
    expect(rows).toEqual(detect(lines).rows);
    expect(alerts(rows)).toEqual([1500]);
    expect(complaints).toContain('line 1602: not a timestamp: "nonsense"');
  });
});

describe('vigie detect on labelled counts of tweets', () => {
  const folder = testData('nab', 'hits and false alerts on labelled series');

  it.runIf(folder)('hits every labelled window with few false alerts, also at thresholds near the shipped one', () => {
    const root = folder ?? '';
    const windows = JSON.parse(readFileSync(join(root, 'windows.json'), 'utf8')) as Record<string, [string, string][]>;
    for (const [scale, least] of [
      [0.9, 16],
      [1, 16],
      [1.1, 16],
    ] as const) {
      let hits = 0;
      let labelled = 0;
      let wrong = 0;
      let days = 0;
      for (const name of readdirSync(root).filter((file) => file.endsWith('.csv'))) {
        const lines = readFileSync(join(root, name), 'utf8').trimEnd().split('\n');
        const { rows, refused } = detect(lines, { ...SHIPPED, threshold: 2.6 * scale });
        expect(refused).toEqual([]);
        const spans = (Object.entries(windows).find(([key]) => key.endsWith(name))?.[1] ?? []).map(([from, to]) => [
          from.slice(0, 19),
          to.slice(0, 19),
        ]);
        // The benchmark leaves the first 750 rows to learning.
        const raised = alerts(rows).flatMap((i) => (i < 750 ? [] : [rows[i]?.slice(0, 19) ?? '']));
        const inside = (at: string, [from = '', to = '']: readonly string[]) => at >= from && at <= to;
        hits += spans.filter((span) => raised.some((at) => inside(at, span))).length;
        labelled += spans.length;
        wrong += raised.filter((at) => !spans.some((span) => inside(at, span))).length;
        days += (rows.length - 750) / 288;
      }
      expect(labelled).toBe(16);
      expect(hits).toBeGreaterThanOrEqual(least);
      expect(wrong / days).toBeLessThanOrEqual(0.12);
    }
  });
});
