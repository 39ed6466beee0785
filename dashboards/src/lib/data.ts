/** Queries of the page, and what live events do to them. */
import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { ApiError, type ApiAlert, type AlertDetail, type Alerts, get, type Params, type Sources } from './api.ts';
import { onLive } from './live.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Live events say when something changed; this is the net below them.
      staleTime: 60_000,
      gcTime: 300_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      retryDelay: (attempt) => Math.min(4_000, 600 * 2 ** attempt),
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** One answer of the server. What was there stays while the next one loads, so that nothing jumps. `name` is the query's, where it is not the path. */
export function useAnswer<T>(
  path: string,
  params: Params,
  options: { readonly enabled?: boolean; readonly name?: string } = {},
): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [options.name ?? path, params],
    queryFn: ({ signal }) => get<T>(path, params, signal),
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
  });
}

/** Counts are asked for again at most this often while mentions stream in. */
const COUNT_EVERY_MS = 3_000;
const COUNTED = ['series', 'facets', 'head', 'latest'];

/** Keeps the queries current with what happens. */
export function useLiveData(): void {
  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const count = (): void => {
      waiting ??= setTimeout(
        () => {
          waiting = undefined;
          last = Date.now();
          void queryClient.invalidateQueries({ predicate: ({ queryKey }) => COUNTED.includes(String(queryKey[0])) });
        },
        Math.max(250, last + COUNT_EVERY_MS - Date.now()),
      );
    };
    const off = onLive((events) => {
      let alerted = false;
      for (const event of events) {
        switch (event.kind) {
          case 'mention':
          case 'removed':
          case 'triage':
            count();
            break;
          case 'alert':
            alerted = true;
            keepAlert(event.alert);
            break;
          case 'source':
            keepSource(event.source);
            break;
          case 'resync':
            void queryClient.invalidateQueries();
            break;
          default:
            break;
        }
      }
      if (alerted) {
        void queryClient.invalidateQueries({ queryKey: ['alerts'] });
        void queryClient.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('alerts/') });
      }
    });
    return () => {
      off();
      clearTimeout(waiting);
    };
  }, []);
}

function keepAlert(alert: ApiAlert): void {
  queryClient.setQueriesData<AlertDetail>({ queryKey: [`alerts/${encodeURIComponent(alert.id)}`] }, (known) =>
    known && known.alert.sequence <= alert.sequence ? { ...known, alert } : known,
  );
  queryClient.setQueriesData<Alerts>({ queryKey: ['alerts'] }, (known) =>
    known === undefined || !Array.isArray(known.items)
      ? known
      : {
          ...known,
          items: known.items.map((item) => (item.id === alert.id && item.sequence <= alert.sequence ? alert : item)),
        },
  );
}

function keepSource(source: Sources['sources'][number]): void {
  queryClient.setQueriesData<Sources>({ queryKey: ['sources'] }, (known) =>
    known === undefined
      ? known
      : {
          ...known,
          sources: known.sources.some(({ name }) => name === source.name)
            ? known.sources.map((item) => (item.name === source.name ? source : item))
            : [...known.sources, source],
        },
  );
}
