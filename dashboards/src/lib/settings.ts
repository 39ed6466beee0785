/** What a reader prefers, kept in this browser. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

export function readSetting(name: string): string | undefined {
  try {
    return window.localStorage.getItem(`vigie.${name}`) ?? undefined;
  } catch {
    // Storage can be forbidden: then nothing is kept.
    return undefined;
  }
}

export function writeSetting(name: string, value: string): void {
  try {
    window.localStorage.setItem(`vigie.${name}`, value);
  } catch {
    kept.set(name, value);
  }
  for (const listener of listeners) listener();
}
/** Where storage is forbidden, until the page is left. */
const kept = new Map<string, string>();

export function useSetting(name: string): string | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => readSetting(name) ?? kept.get(name),
  );
}
