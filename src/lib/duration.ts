/** Durations as people write them (`90s`, `5m`, `12h`, `7d`) and as the program counts them (ms). */
import { z } from 'zod';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Parses `90s`, `1h30m`, `500ms`; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    total += Number(amount) * UNITS[unit as keyof typeof UNITS];
  return total;
}

/** The shortest way to write a duration: 900000 → `15m`, 5400000 → `90m`; `0s` for nothing. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= UNITS[unit] && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return ms === 0 ? '0s' : `${ms}ms`;
}

/** A zod field that takes a written duration and gives milliseconds. */
export function duration() {
  return z
    .string()
    .refine((text) => parseDuration(text) !== undefined, {
      message: 'not a duration: write a number and a unit, such as 90s, 5m, 12h or 7d',
      params: { say: 'config.duration' },
    })
    .transform((text) => parseDuration(text) ?? 0);
}
