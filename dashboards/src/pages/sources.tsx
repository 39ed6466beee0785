/** What reaches us, and since when it does not. */
import type { ReactNode } from 'react';
import type { ApiSource, Sources } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { useAnswer } from '../lib/data.ts';
import { sourceName, usePage } from '../lib/page.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, ErrorNote, Waiting } from '../parts/states.tsx';

export function SourcesPage(): ReactNode {
  const { t, f } = usePage();
  const now = useNow();
  const query = useAnswer<Sources>('sources', {});
  const sources = query.data?.sources ?? [];
  const blind = sources.filter(({ blindSince }) => blindSince !== undefined).length;
  const lead =
    query.data === undefined || sources.length === 0
      ? undefined
      : blind === 0
        ? t.sources.allWell(sources.length)
        : t.sources.blind(blind);
  const ago = (time: string | undefined): ReactNode =>
    time === undefined ? (
      t.sources.never
    ) : (
      <time dateTime={time} title={f.full(Date.parse(time))}>
        {f.ago(Date.parse(time), now)}
      </time>
    );
  return (
    <>
      <PageHead title={t.sources.title} lead={lead} />
      {query.data === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : sources.length === 0 ? (
        <div className="list">
          <Empty title={t.sources.none} more={t.sources.noneMore} />
        </div>
      ) : (
        <div className="list">
          <table className="cards">
            <caption className="hidden">{t.sources.title}</caption>
            <thead>
              <tr>
                <th scope="col">{t.sources.name}</th>
                <th scope="col">{t.sources.state}</th>
                <th scope="col">{t.sources.lastRead}</th>
                <th scope="col">{t.sources.lastItem}</th>
                <th scope="col" className="num">
                  {t.sources.items}
                </th>
                <th scope="col" className="num" title={t.sources.quarantinedHint}>
                  {t.sources.quarantined}
                </th>
              </tr>
            </thead>
            <tbody>
              {sources.map((source) => (
                <tr key={source.name}>
                  <th scope="row">
                    {source.name}
                    <div className="under">{sourceName(t, source.type)}</div>
                  </th>
                  <td>
                    <State source={source} />
                  </td>
                  <td data-label={t.sources.lastRead}>{ago(source.lastReadAt)}</td>
                  <td data-label={t.sources.lastItem}>{ago(source.lastItemAt)}</td>
                  <td className="num" data-label={t.sources.items}>
                    {f.number(source.items)}
                  </td>
                  <td className="num" data-label={t.sources.quarantined}>
                    {f.number(source.quarantined)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function State({ source }: { readonly source: ApiSource }): ReactNode {
  const { t, f } = usePage();
  if (source.blindSince !== undefined) {
    return (
      <>
        <span className="tag critical">{t.sources.blindSince(f.dayTime(Date.parse(source.blindSince)))}</span>
        {source.error === undefined ? null : <div className="under">{source.error}</div>}
      </>
    );
  }
  if (source.ended) return <span className="tag">{t.sources.ended}</span>;
  if (source.lastReadAt === undefined) return <span className="tag warning">{t.sources.waiting}</span>;
  return <span className="tag positive">{t.sources.ok}</span>;
}
