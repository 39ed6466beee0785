/** Light or dark: as the reader chose, else as the system is. */
import { useSyncExternalStore } from 'react';
import { readSetting, writeSetting } from './settings.ts';

export type Theme = 'light' | 'dark';

const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
system.addEventListener('change', apply);

function current(): Theme {
  const chosen = readSetting('theme');
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

export function apply(): void {
  document.documentElement.dataset['theme'] = current();
  for (const listener of listeners) listener();
}

export function chooseTheme(theme: Theme): void {
  writeSetting('theme', theme);
  apply();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
