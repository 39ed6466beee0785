/** The installation's clock: in a replay it is the file's and runs faster, so it is asked for again and again. */
import { useSyncExternalStore } from 'react';

let offsetMs = 0;
let known = false;
let shown = Date.now();
const listeners = new Set<() => void>();

/** The server said what time it is. */
export function clockSaid(iso: string): void {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return;
  offsetMs = at - Date.now();
  known = true;
  tick();
}
/** Something arrived at this time: the clock cannot be behind it. */
export function clockReached(iso: string): void {
  const at = Date.parse(iso);
  if (known && at > now()) {
    offsetMs = at - Date.now();
    tick();
  }
}
export function now(): number {
  return Date.now() + offsetMs;
}
function tick(): void {
  const next = now();
  // Ages are told in seconds at the finest.
  if (Math.abs(next - shown) < 900) return;
  shown = next;
  for (const listener of listeners) listener();
}
setInterval(tick, 5_000);

/** The time, fresh enough to tell ages by. */
export function useNow(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}
