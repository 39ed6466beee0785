/** Search and filters over a list that never jumps: what is new waits behind a button. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Button, Input, SearchField } from 'react-aria-components';
import { ApiError, type ApiMention, type Facets, get, type Mentions, type Params } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { queryClient, useAnswer } from '../lib/data.ts';
import { brandOf, sourceName, usePage } from '../lib/page.tsx';
import { iso, PERIOD_OF, periodOf } from '../lib/period.ts';
import { usePlace } from '../lib/url.ts';
import { Choose, Explain } from '../parts/choose.tsx';
import { icons } from '../parts/icons.tsx';
import { MentionCard } from '../parts/mention-card.tsx';
import { PageHead, PeriodChoice } from '../parts/page-head.tsx';
import { Empty, ErrorNote, Waiting } from '../parts/states.tsx';

const PAGE = 60;
/** While one types, the search waits this long. */
const TYPED_MS = 450;
const FEELINGS = ['negative', 'neutral', 'positive', 'unsure'] as const;
const STATUSES = ['open', 'assigned', 'answered', 'escalated', 'dismissed'] as const;

export function MentionsPage(): ReactNode {
  const { t, f, lang, brands } = usePage();
  const { search, set } = usePlace();
  const wanted = search.get('brand');
  const brand = wanted === 'all' ? undefined : brandOf(brands, wanted);
  const period = periodOf(search.get('period'));
  const q = search.get('q') ?? '';
  const source = search.get('source') ?? '';
  const sentiment = search.get('sentiment') ?? '';
  const status = search.get('status') ?? '';
  const [from, to] = [search.get('from'), search.get('to')];
  const moment = from !== null && !Number.isNaN(Date.parse(from));

  // The period's start stands still while one reads; a new search moves it.
  const now = useNow();
  const filterKey = [wanted, period, q, source, sentiment, status, from, to, lang].join('|');
  const start = useMemo(() => Math.floor((now - PERIOD_OF[period].ms) / 60_000) * 60_000, [filterKey]);
  const params: Params = {
    brands: brand?.id,
    q,
    sources: source,
    sentiment,
    triage: status,
    from: moment ? from : iso(start),
    to: moment && to !== null ? to : undefined,
    lang,
  };
  const key = JSON.stringify(params);

  const list = useInfiniteQuery({
    queryKey: ['mentions', params],
    queryFn: ({ pageParam, signal }) => get<Mentions>('mentions', { ...params, limit: PAGE, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const facets = useAnswer<Facets>(
    'facets',
    { ...params, sources: undefined, fields: 'source', top: 30 },
    { enabled: !list.isError },
  );
  const counted = useAnswer<Facets>('facets', { ...params, fields: 'sentiment', top: 10 }, { enabled: !list.isError });

  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const newest = useNewOnes(params, items, list.isSuccess && !(moment && to !== null));
  const total = counted.data?.facets['sentiment']?.reduce((sum, { count }) => sum + count, 0);
  const filtered = q !== '' || source !== '' || sentiment !== '' || status !== '' || moment;
  const clear = (): void =>
    set({ q: undefined, source: undefined, sentiment: undefined, status: undefined, from: undefined, to: undefined });

  return (
    <>
      <PageHead title={t.mentions.title}>
        <Choose
          label={t.app.brand}
          value={brand?.id ?? 'all'}
          options={[{ id: 'all', name: t.mentions.allBrands }, ...brands.brands.map(({ id, name }) => ({ id, name }))]}
          onChange={(id) => set({ brand: id })}
        />
        {moment ? null : <PeriodChoice value={period} />}
      </PageHead>
      <search aria-label={t.mentions.search}>
        <SearchBox value={q} onChange={(text) => set({ q: text })} />
        {list.error ? <QueryError error={list.error} q={q} retry={() => list.refetch()} /> : null}
        <div className="filters">
          <Choose
            label={t.sentiment.label}
            value={sentiment === '' ? 'all' : sentiment}
            unset="all"
            options={[
              { id: 'all', name: t.sentiment.all },
              ...FEELINGS.map((id) => ({
                id,
                name: t.sentiment.many[id],
                count: sentiment === '' ? countIn(counted.data, 'sentiment', id, f.number) : undefined,
              })),
            ]}
            onChange={(id) => set({ sentiment: id === 'all' ? undefined : id })}
          />
          <Choose
            label={t.mentions.source}
            value={source === '' ? 'all' : source}
            unset="all"
            options={[
              { id: 'all', name: t.mentions.allSources },
              ...[
                ...new Set([
                  ...(facets.data?.facets['source'] ?? []).map(({ value }) => value),
                  ...(source === '' ? [] : [source]),
                ]),
              ].map((id) => ({ id, name: sourceName(t, id), count: countIn(facets.data, 'source', id, f.number) })),
            ]}
            onChange={(id) => set({ source: id === 'all' ? undefined : id })}
          />
          <Choose
            label={t.status.label}
            value={status === '' ? 'all' : status}
            unset="all"
            options={[{ id: 'all', name: t.status.all }, ...STATUSES.map((id) => ({ id, name: t.status[id] }))]}
            onChange={(id) => set({ status: id === 'all' ? undefined : id })}
          />
          {moment ? (
            <span className="chosen">
              {to === null
                ? t.mentions.from(f.dayTime(Date.parse(from)))
                : t.mentions.exact(
                    f.dayTime(Date.parse(from)),
                    f.sameDay(Date.parse(from), Date.parse(to)) ? f.time(Date.parse(to)) : f.dayTime(Date.parse(to)),
                  )}
              <Button
                className="icon-button"
                aria-label={`${t.app.close} : ${t.mentions.moment}`}
                onPress={() => set({ from: undefined, to: undefined })}
              >
                {icons.close}
              </Button>
            </span>
          ) : null}
          {filtered ? (
            <Button className="button plain" onPress={clear}>
              {t.mentions.clear}
            </Button>
          ) : null}
        </div>
      </search>
      {list.isPending && list.error === null ? <Waiting /> : null}
      {list.isSuccess && items.length === 0 ? (
        <div className="list">
          <Empty
            title={filtered ? t.mentions.none : t.mentions.noneEver}
            more={filtered ? t.mentions.noneMore : t.mentions.noneEverMore}
          >
            {filtered ? (
              <Button className="button" onPress={clear}>
                {t.mentions.clear}
              </Button>
            ) : null}
          </Empty>
        </div>
      ) : null}
      {items.length > 0 ? (
        <>
          <div className="pill-line" aria-live="polite">
            {newest === 0 ? null : (
              <Button
                className="pill"
                onPress={() => {
                  void queryClient.resetQueries({ queryKey: ['mentions', params] });
                  window.scrollTo({ top: 0 });
                }}
              >
                {icons.up}
                {newest >= PAGE ? t.mentions.newMany(PAGE) : t.mentions.newOnes(newest)}
              </Button>
            )}
          </div>
          <p className="count-line" role="status">
            {total === undefined ? '' : t.mentions.count(Math.max(total, items.length), f)}
          </p>
          <Rows
            key={key}
            items={items}
            brand={brand === undefined}
            more={list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined}
          />
          <p className="waiting">
            {list.hasNextPage ? t.mentions.moreLoading : t.mentions.end}
            {list.isFetchNextPageError ? (
              <Button className="button small" onPress={() => void list.fetchNextPage()}>
                {t.app.retry}
              </Button>
            ) : null}
          </p>
        </>
      ) : null}
    </>
  );
}

function countIn(
  facets: Facets | undefined,
  field: string,
  id: string,
  write: (n: number) => string,
): string | undefined {
  if (facets === undefined) return undefined;
  return write(facets.facets[field]?.find(({ value }) => value === id)?.count ?? 0);
}

/** How many mentions of this search came since the list was loaded. The server answers it: it alone knows what matches. */
function useNewOnes(params: Params, items: readonly ApiMention[], enabled: boolean): number {
  const head = useAnswer<Mentions>('mentions', { ...params, limit: PAGE }, { name: 'head', enabled });
  const known = useMemo(() => new Set(items.map(({ id, brand }) => `${id} ${brand}`)), [items]);
  const top = items[0];
  if (!enabled || head.data === undefined || head.isPlaceholderData) return 0;
  return head.data.items.filter(
    ({ id, brand, at }) => !known.has(`${id} ${brand}`) && (top === undefined || at >= top.at),
  ).length;
}

function SearchBox({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const { t } = usePage();
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return undefined;
    const timer = setTimeout(() => send(text), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const send = (next: string): void => {
    sent.current = next.trim();
    onChange(next.trim());
  };
  return (
    <div className="filters">
      <SearchField
        className="search"
        aria-label={t.mentions.search}
        value={text}
        onChange={setText}
        onSubmit={send}
        onClear={() => send('')}
      >
        {icons.search}
        <Input placeholder={t.mentions.placeholder} spellCheck={false} autoComplete="off" maxLength={2_000} />
        <Button className="icon-button clear">{icons.close}</Button>
      </SearchField>
      <Explain label={t.mentions.help}>
        <strong>{t.mentions.helpTitle}</strong>
        <dl className="help-rows">
          {t.mentions.helpRows.map(([example, meaning]) => (
            <div className="help-row" key={example}>
              <dt>{example}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <p>{t.mentions.helpFold}</p>
      </Explain>
    </div>
  );
}

/** What the server says of the query, with the place it speaks of. */
function QueryError({
  error,
  q,
  retry,
}: {
  readonly error: Error;
  readonly q: string;
  readonly retry: () => unknown;
}): ReactNode {
  const { t } = usePage();
  const problems = error instanceof ApiError ? error.problems.filter(({ path }) => path === 'q') : [];
  if (problems.length === 0) return <ErrorNote error={error} retry={retry} />;
  return (
    <div className="query-error" role="alert">
      {t.mentions.badQuery}
      {problems.map(({ message, from = 0, to = from }, index) => (
        <div key={index}>
          <code>
            {q.slice(0, from)}
            <mark>{q.slice(from, Math.max(to, from + 1)) || ' '}</mark>
            {q.slice(Math.max(to, from + 1))}
          </code>
          {message} <span className="hidden">({t.mentions.at(from + 1)})</span>
        </div>
      ))}
    </div>
  );
}

function Rows({
  items,
  brand,
  more,
}: {
  readonly items: readonly ApiMention[];
  readonly brand: boolean;
  readonly more: (() => void) | undefined;
}): ReactNode {
  const { t } = usePage();
  const place = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(place.current?.offsetTop ?? 0), []);
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => 104,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => `${items[index]?.id} ${items[index]?.brand}`,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more !== undefined && last >= items.length - 15) more();
  }, [last, items.length, more]);
  return (
    <>
      <div className="list">
        <ul className="virtual" aria-label={t.mentions.list} ref={place} style={{ height: rows.getTotalSize() }}>
          {shown.map(({ index, key, start }) => {
            const mention = items[index];
            if (mention === undefined) return null;
            return (
              <li
                key={String(key)}
                ref={rows.measureElement}
                data-index={index}
                aria-setsize={items.length}
                aria-posinset={index + 1}
                style={{ transform: `translateY(${start - margin}px)` }}
              >
                <MentionCard mention={mention} brand={brand} heading="h2" />
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}
