/** What happens right now, over one WebSocket that comes back by itself; and the time at which it was lost, for people. */
import { useSyncExternalStore } from 'react';
import type { ApiLiveEvent } from './api.ts';
import { clockReached, clockSaid } from './clock.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly back: boolean }
  | { readonly kind: 'lost'; readonly since: number; readonly long: boolean };

type Listener = (events: readonly ApiLiveEvent[]) => void;

/** After this long the page says since when it is offline, instead of that it tries. */
const LONG_MS = 60_000;
const SLOWEST_MS = 30_000;
const FIRST_MS = 500;
const OPEN_LIMIT_MS = 10_000;
/** How long “live again” is said. */
const BACK_MS = 5_000;

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let state: LiveState = { kind: 'connecting' };
let socket: WebSocket | undefined;
let wanted: string | undefined;
let attempt = 0;
let lostAt: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let mood: ReturnType<typeof setTimeout> | undefined;

function become(next: LiveState): void {
  state = next;
  for (const watcher of watchers) watcher();
}

/** Connects with these parameters; the same ones again change nothing. */
export function connectLive(search: string): void {
  if (wanted === search) return;
  wanted = search;
  attempt = 0;
  open();
}

export function disconnectLive(): void {
  wanted = undefined;
  clearTimeout(timer);
  drop();
}

/** Tries at once: somebody asked, the network is back, or the page is looked at again. */
export function retryLive(): void {
  if (wanted === undefined || state.kind !== 'lost') return;
  attempt = 0;
  open();
}

export function onLive(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

function drop(): void {
  const old = socket;
  socket = undefined;
  old?.close();
}

function open(): void {
  if (wanted === undefined) return;
  clearTimeout(timer);
  drop();
  const url = new URL(`/api/v1/live?${wanted}`, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const mine = new WebSocket(url);
  socket = mine;
  const limit = setTimeout(() => mine.close(), OPEN_LIMIT_MS);
  mine.addEventListener('open', () => clearTimeout(limit));
  mine.addEventListener('message', ({ data }) => {
    if (mine !== socket) return;
    const { events } = JSON.parse(String(data)) as { events: ApiLiveEvent[] };
    if (state.kind !== 'live') arrived();
    for (const event of events) {
      if (event.kind === 'hello') clockSaid(event.now);
      else if (event.kind === 'mention') clockReached(event.mention.observedAt);
    }
    for (const listener of listeners) listener(events);
  });
  mine.addEventListener('close', () => {
    clearTimeout(limit);
    if (mine !== socket) return;
    socket = undefined;
    lost();
  });
}

function arrived(): void {
  const back = lostAt !== undefined;
  lostAt = undefined;
  attempt = 0;
  clearTimeout(mood);
  become({ kind: 'live', back });
  if (back) {
    // What happened meanwhile is loaded again.
    for (const listener of listeners) listener([{ kind: 'resync' }]);
    mood = setTimeout(() => become({ kind: 'live', back: false }), BACK_MS);
  }
}

function lost(): void {
  if (wanted === undefined) return;
  const since = (lostAt ??= Date.now());
  const long = Date.now() - since >= LONG_MS;
  if (state.kind !== 'lost' || state.long !== long) {
    clearTimeout(mood);
    become({ kind: 'lost', since, long });
    if (!long) mood = setTimeout(() => state.kind === 'lost' && become({ kind: 'lost', since, long: true }), LONG_MS);
  }
  const wait = Math.min(SLOWEST_MS, FIRST_MS * 2 ** attempt);
  attempt += 1;
  // Not all pages of an office at the same moment.
  timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
}

window.addEventListener('online', retryLive);
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') retryLive();
});
