/**
 * Named points at which a test may kill the process: `VIGIE_CRASH=commit:3` kills it with SIGKILL the third time that it
 * passes `commit`. Unset, a point costs one comparison.
 */
export type CrashPoint = 'append' | 'put' | 'commit' | 'sent' | 'logged';

const [armed, count] = (process.env['VIGIE_CRASH'] ?? '').split(':');
let left = Number(count ?? 1);

/** Passes the point, or dies on it when it is armed. */
export function crashPoint(point: CrashPoint): void {
  if (point !== armed || --left > 0) return;
  process.stderr.write(`crash point ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}
