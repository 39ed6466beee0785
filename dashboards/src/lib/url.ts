/** What is looked at lives in the address: the page, its filters, what is chosen. Back and forward work, links can be sent. */
import { useCallback, useMemo, useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
window.addEventListener('popstate', tell);

function tell(): void {
  for (const listener of listeners) listener();
}
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function current(): string {
  return window.location.pathname + window.location.search;
}

export type Search = Readonly<Record<string, string | undefined>>;

/** Goes to an address of this page. `replace` leaves no entry in the history: for filters while they are being set. */
export function go(to: string, { replace = false } = {}): void {
  if (to === current()) return;
  if (replace) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  tell();
}

/** Parameters that follow the reader from page to page. */
const KEPT = ['brand', 'period', 'client', 'lang'] as const;

/** An address: the parameters that are kept, then these. */
export function linkTo(path: string, search: Search = {}): string {
  const now = new URLSearchParams(window.location.search);
  const next = new URLSearchParams();
  for (const name of KEPT) {
    const value = name in search ? search[name] : (now.get(name) ?? undefined);
    if (value !== undefined && value !== '') next.set(name, value);
  }
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== '') next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? path : `${path}?${text}`;
}

export interface Place {
  readonly path: string;
  readonly search: URLSearchParams;
  /** Changes parameters of this page; undefined removes one. */
  readonly set: (changes: Search, options?: { readonly replace?: boolean }) => void;
}

export function usePlace(): Place {
  const text = useSyncExternalStore(subscribe, current);
  const { path, search } = useMemo(() => {
    const url = new URL(text, window.location.origin);
    return { path: url.pathname, search: url.searchParams };
  }, [text]);
  const set = useCallback((changes: Search, options: { readonly replace?: boolean } = {}) => {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === '') url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    go(url.pathname + url.search, { replace: options.replace ?? true });
  }, []);
  return { path, search, set };
}
