/** The board that people see first. */
import type { ReactNode } from 'react';
import type { Alerts, Board, Series } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { useAnswer } from '../lib/data.ts';
import { type Brand, brandOf, usePage } from '../lib/page.tsx';
import { iso, periodOf } from '../lib/period.ts';
import { linkTo, usePlace } from '../lib/url.ts';
import { USUAL_DAYS, withUsual } from '../lib/usual.ts';
import { BrandChoice, PageHead, PeriodChoice } from '../parts/page-head.tsx';
import { Link } from '../parts/link.tsx';
import { PanelOf } from '../parts/panels.tsx';
import { ErrorNote, Waiting } from '../parts/states.tsx';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTES_15 = HOUR_MS / 4;

export function Overview({ board: id = 'overview' }: { readonly board?: string }): ReactNode {
  const { lang, brands } = usePage();
  const { search } = usePlace();
  const brand = brandOf(brands, search.get('brand'));
  const period = periodOf(search.get('period'));
  const board = useAnswer<Board>(`boards/${id}`, {});
  if (brand === undefined) return null;
  return (
    <>
      <PageHead title={brand.name} lead={<Headline brand={brand} />}>
        <BrandChoice value={brand.id} />
        <PeriodChoice value={period} />
      </PageHead>
      {board.data === undefined ? (
        board.error ? (
          <ErrorNote error={board.error} retry={board.refetch} />
        ) : (
          <Waiting />
        )
      ) : (
        <div className="board" aria-label={board.data.title[lang]}>
          {board.data.panels.map((panel) => (
            <PanelOf key={panel.id} panel={panel} brand={brand} period={period} />
          ))}
        </div>
      )}
    </>
  );
}

/** The last hour in one sentence, beside what is usual, and what goes on. */
function Headline({ brand }: { readonly brand: Brand }): ReactNode {
  const { t, f, lang } = usePage();
  const now = useNow();
  const to = (Math.floor(now / MINUTES_15) + 1) * MINUTES_15;
  const from = to - HOUR_MS;
  const series = useAnswer<Series>('series', {
    brands: brand.id,
    bucket: '15m',
    from: iso(from - USUAL_DAYS * DAY_MS),
    to: iso(to),
  });
  const alerts = useAnswer<Alerts>('alerts', { brands: brand.id, status: 'firing', limit: 20, lang });
  if (series.data === undefined) return t.app.loading;
  const points = series.data.points.map((point) => ({ ...point, at: Date.parse(point.at) }));
  const hour = withUsual(points, { from, to, bucketMs: MINUTES_15 });
  const count = hour.reduce((sum, bucket) => sum + bucket.count, 0);
  const usual = hourly(points, from);
  const times = usual === undefined || usual < 1 ? undefined : count / usual;
  const firing = alerts.data?.items.length ?? 0;
  return (
    <>
      <Link href={linkTo('/mentions', { brand: brand.id, from: iso(from), to: iso(to) })}>
        <b>{t.overview.headline(count, f)}</b>
      </Link>
      {usual === undefined ? null : times !== undefined && times >= 2 && count >= 5 ? (
        <>
          , <span className="up">{t.overview.headlineTimes(times, f)}</span>
        </>
      ) : (
        `, ${t.overview.headlineUsual(usual, f)}`
      )}
      {' · '}
      {firing === 0 ? t.overview.noAlert : <Link href={linkTo('/alerts')}>{t.overview.alertsNow(firing)}</Link>}
    </>
  );
}

/** The median of the same hour on the days before. */
function hourly(points: readonly { readonly at: number; readonly count: number }[], from: number): number | undefined {
  const first = points[0]?.at;
  if (first === undefined) return undefined;
  const counts: number[] = [];
  for (let day = 1; day <= USUAL_DAYS; day++) {
    const start = from - day * DAY_MS;
    if (start <= first) break;
    counts.push(points.reduce((sum, { at, count }) => (at >= start && at < start + HOUR_MS ? sum + count : sum), 0));
  }
  if (counts.length < 5) return undefined;
  return counts.sort((a, b) => a - b)[Math.floor(counts.length / 2)];
}
