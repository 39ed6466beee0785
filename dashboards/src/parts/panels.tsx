/** One part for each type of panel that a board can have. */
import { type ReactNode, useId } from 'react';
import type { Alerts, Facets, Mentions, Panel, Params, Series } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { useAnswer } from '../lib/data.ts';
import { type Brand, nameOf, sourceName, usePage } from '../lib/page.tsx';
import { iso, PERIOD_OF, type Period, rangeOf } from '../lib/period.ts';
import { go, linkTo } from '../lib/url.ts';
import { netSentiment, totalOf, USUAL_DAYS, withUsual } from '../lib/usual.ts';
import { AlertItem } from './alert-item.tsx';
import { Explain } from './choose.tsx';
import { Link } from './link.tsx';
import { MentionCard } from './mention-card.tsx';
import { Empty, ErrorNote, Waiting } from './states.tsx';
import type { Feeling } from './tags.tsx';
import { VolumeChart } from './volume-chart.tsx';

export interface PanelProps<P extends Panel = Panel> {
  readonly panel: P;
  readonly brand: Brand;
  readonly period: Period;
}
type Of<Type extends Panel['type']> = PanelProps<Extract<Panel, { readonly type: Type }>>;

const DAY_MS = 86_400_000;

/** What a panel counts, as parameters of the API. */
function paramsOf({ panel, brand }: PanelProps, from: number, to: number): Params {
  const { q, sentiment, sources } = panel.query ?? {};
  return { brands: brand.id, q, sentiment, sources: sources?.join(','), from: iso(from), to: iso(to) };
}

/** The same as an address of the page of mentions. */
function mentionsLink(
  { panel, brand, period }: PanelProps,
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const { q, sentiment, sources } = panel.query ?? {};
  return linkTo('/mentions', { brand: brand.id, period, q, sentiment, source: sources?.join(','), ...changes });
}

function Frame({
  panel,
  children,
  aside,
  className = '',
}: {
  readonly panel: Panel;
  readonly children: ReactNode;
  readonly aside?: ReactNode;
  readonly className?: string;
}): ReactNode {
  const { lang } = usePage();
  const id = useId();
  const wide = panel.span >= 7 ? ' wide' : '';
  return (
    <section className={`panel span-${panel.span}${wide} ${className}`} aria-labelledby={id} data-panel={panel.id}>
      <header>
        <h2 id={id}>{panel.title[lang]}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function PanelOf(props: PanelProps): ReactNode {
  const { panel } = props;
  switch (panel.type) {
    case 'figures':
      return <Figures {...props} panel={panel} />;
    case 'volume':
      return <Volume {...props} panel={panel} />;
    case 'share':
      return <ShareOfVoice {...props} panel={panel} />;
    case 'alerts':
      return <AlertsNow {...props} panel={panel} />;
    case 'facet':
      return <Facet {...props} panel={panel} />;
    case 'mentions':
      return <Latest {...props} panel={panel} />;
    default:
      return null;
  }
}

/** The series of a panel with its usual band: one request, shared by all panels that count the same. */
export function useVolume(props: PanelProps) {
  const now = useNow();
  const { from, to } = rangeOf(props.period, now);
  const { bucket, bucketMs } = PERIOD_OF[props.period];
  const query = useAnswer<Series>('series', { ...paramsOf(props, from - USUAL_DAYS * DAY_MS, to), bucket });
  const points = query.data?.bucketMs === bucketMs ? query.data.points : undefined;
  const buckets =
    points === undefined
      ? undefined
      : withUsual(
          points.map((point) => ({ ...point, at: Date.parse(point.at) })),
          { from, to, bucketMs },
        );
  return { query, buckets, bucketMs, now, from, to };
}

function useBrandCounts(props: PanelProps) {
  const { brand, period } = props;
  const now = useNow();
  const { from, to } = rangeOf(period, now);
  const ids = [brand.id, ...brand.competitors];
  const asked = { ...paramsOf(props, from, to), brands: ids.join(','), fields: 'brand', top: 100 };
  const all = useAnswer<Facets>('facets', asked, { enabled: ids.length > 1 });
  const negative = useAnswer<Facets>('facets', { ...asked, sentiment: 'negative' }, { enabled: ids.length > 1 });
  const countOf = (facets: Facets | undefined, id: string): number =>
    facets?.facets['brand']?.find(({ value }) => value === id)?.count ?? 0;
  const rows = ids.map((id) => ({ id, count: countOf(all.data, id), negative: countOf(negative.data, id) }));
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return { all, rows, total, alone: ids.length < 2 };
}

function Figures(props: Of<'figures'>): ReactNode {
  const { panel } = props;
  const { t, f, lang } = usePage();
  const { query, buckets, bucketMs, now } = useVolume(props);
  const share = useBrandCounts(props);
  if (buckets === undefined) {
    return (
      <section className="panel span-12" aria-label={panel.title[lang]}>
        {query.error ? <ErrorNote error={query.error} retry={query.refetch} /> : <Waiting />}
      </section>
    );
  }
  const total = totalOf(buckets, now, bucketMs);
  const judged = total.count - total.unsure;
  const net = netSentiment(total);
  const own = share.rows[0]?.count ?? 0;
  const far = total.usual !== undefined && total.count > 10 && total.count > total.usual * 1.5;
  const shown: Record<
    (typeof panel.figures)[number],
    { value: string; note: string; href: string; up?: boolean } | undefined
  > = {
    mentions: {
      value: f.number(total.count),
      note:
        total.usual === undefined
          ? t.figures.noUsual
          : far
            ? t.figures.times(f.decimal(total.count / Math.max(1, total.usual)), f.number(total.usual))
            : t.figures.usual(f.number(total.usual)),
      href: mentionsLink(props),
      up: far,
    },
    negative: {
      value: f.number(total.negative),
      note: t.figures.ofMentions(judged === 0 ? '–' : f.share(total.negative / judged)),
      href: mentionsLink(props, { sentiment: 'negative' }),
    },
    net_sentiment: {
      value: net === undefined ? '–' : f.signed(net),
      note: t.figures.scale,
      href: mentionsLink(props),
    },
    share_of_voice: share.alone
      ? undefined
      : {
          value: share.total === 0 ? '–' : f.share(own / share.total),
          note: t.figures.shareOf(f.number(own), f.number(share.total)),
          href: mentionsLink(props, { brand: 'all' }),
        },
  };
  return (
    <section className="panel figures span-12 wide" aria-label={panel.title[lang]} data-panel={panel.id}>
      {panel.figures.map((name) => {
        const figure = shown[name];
        if (figure === undefined) return null;
        return (
          <div className="figure" key={name}>
            <h2>
              {t.figures[name]}
              <Explain label={`${t.figures.formula} : ${t.figures[name]}`}>
                <p>{t.figures.formulas[name]}</p>
                {name === 'net_sentiment' || name === 'negative' ? (
                  <p>
                    {t.figures.sample(f.number(judged), f.number(total.unsure))}{' '}
                    {name === 'net_sentiment' ? t.figures.net(f.number(total.positive), f.number(total.negative)) : ''}
                  </p>
                ) : null}
              </Explain>
            </h2>
            <Link className="value" href={figure.href} title={t.figures.see}>
              {figure.value}
              <span className="hidden"> – {t.figures.see}</span>
            </Link>
            <p className={figure.up ? 'note up' : 'note'}>{figure.note}</p>
          </div>
        );
      })}
    </section>
  );
}

function Volume(props: Of<'volume'>): ReactNode {
  const { t } = usePage();
  const { query, buckets, bucketMs, now } = useVolume(props);
  return (
    <Frame panel={props.panel}>
      {buckets === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : buckets.every(({ count }) => count === 0) ? (
        <Empty title={t.overview.noMentionYet} more={t.overview.noMentionMore} />
      ) : (
        <VolumeChart
          buckets={buckets}
          bucketMs={bucketMs}
          now={now}
          label={t.volume.label(props.brand.name)}
          linkOf={(from, to, feeling?: Feeling) =>
            mentionsLink(props, {
              from: iso(from),
              to: iso(to),
              ...(feeling === undefined ? {} : { sentiment: feeling }),
            })
          }
          open={go}
        />
      )}
    </Frame>
  );
}

function AlertsNow({ panel, brand }: Of<'alerts'>): ReactNode {
  const { t, lang } = usePage();
  const query = useAnswer<Alerts>('alerts', { brands: brand.id, status: 'firing', limit: 20, lang });
  return (
    <Frame
      panel={panel}
      aside={
        <Link href={linkTo('/alerts')} className="button plain small">
          {t.alerts.all}
        </Link>
      }
    >
      {query.data === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : query.data.items.length === 0 ? (
        <Empty slim title={t.alerts.none} more={t.alerts.noneMore} />
      ) : (
        <ul className="stack alerts-now">
          {gravestFirst(query.data.items)
            .slice(0, 5)
            .map((alert) => (
              <li key={alert.id}>
                <AlertItem alert={alert} />
              </li>
            ))}
        </ul>
      )}
    </Frame>
  );
}

const GRAVITY = { critical: 0, warning: 1, info: 2 } as const;

function gravestFirst(alerts: Alerts['items']): Alerts['items'] {
  return alerts.toSorted((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity]);
}

function ShareOfVoice(props: Of<'share'>): ReactNode {
  const { t, f, brands } = usePage();
  const { all, rows, total, alone } = useBrandCounts(props);
  return (
    <Frame panel={props.panel}>
      {alone ? (
        <Empty slim title={t.share.none} more={t.share.alone} />
      ) : all.data === undefined ? (
        all.error ? (
          <ErrorNote error={all.error} retry={all.refetch} />
        ) : (
          <Waiting />
        )
      ) : (
        <ul className="rows" aria-label={t.share.label}>
          {rows.map(({ id, count, negative }) => (
            <li key={id}>
              <Link className="row-bar" href={mentionsLink(props, { brand: id })}>
                <span className="name">{nameOf(brands, id)}</span>
                <span className="amount">
                  {f.share(total === 0 ? 0 : count / total)}{' '}
                  <small>
                    {f.number(count)}
                    <span className="beside"> · {t.share.negative(f.share(count === 0 ? 0 : negative / count))}</span>
                  </small>
                </span>
                <Bar
                  share={total === 0 ? 0 : count / total}
                  part={count === 0 ? 0 : negative / count}
                  self={id === props.brand.id}
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Frame>
  );
}

/** A bar whose negative part comes first. Widths are set by script: no inline style is allowed in the page's text. */
function Bar({
  share,
  part = 0,
  self = false,
}: {
  readonly share: number;
  readonly part?: number;
  readonly self?: boolean;
}): ReactNode {
  return (
    <span className="bar" aria-hidden="true">
      {part === 0 ? null : <span className="negative" style={{ width: `${share * part * 100}%` }} />}
      <span className={self ? 'self' : undefined} style={{ width: `${share * (1 - part) * 100}%` }} />
    </span>
  );
}

/** A value as the query language takes it. */
function quoted(value: string): string {
  return /^[\p{L}\p{N}_]+$/u.test(value) ? value : `"${value.replaceAll('"', ' ')}"`;
}

function Facet(props: Of<'facet'>): ReactNode {
  const { panel, period } = props;
  const { t, f } = usePage();
  const now = useNow();
  const { from, to } = rangeOf(period, now);
  const query = useAnswer<Facets>('facets', { ...paramsOf(props, from, to), fields: panel.field, top: panel.top });
  const asked = panel.query?.sentiment;
  const negative = useAnswer<Facets>(
    'facets',
    { ...paramsOf(props, from, to), fields: panel.field, top: 100, sentiment: 'negative' },
    { enabled: panel.field === 'source' && asked === undefined },
  );
  const negativeOf = (value: string, count: number): number =>
    asked === 'negative'
      ? 1
      : (negative.data?.facets[panel.field]?.find((other) => other.value === value)?.count ?? 0) / Math.max(1, count);
  // Somebody who wrote once is nobody to look for.
  const counts = query.data?.facets[panel.field]?.filter(({ count }) => panel.field !== 'author' || count > 1);
  const most = Math.max(1, ...(counts ?? []).map(({ count }) => count));
  const name = (value: string): string => (panel.field === 'source' ? sourceName(t, value) : value);
  const href = (value: string): string =>
    panel.field === 'source'
      ? mentionsLink(props, { source: value })
      : mentionsLink(props, {
          q: [panel.query?.q, panel.field === 'author' ? `author:${quoted(value)}` : quoted(value)]
            .filter((part) => part !== undefined)
            .map((part, _, all) => (all.length > 1 ? `(${part})` : part))
            .join(' '),
        });
  return (
    <Frame panel={panel}>
      {counts === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : counts.length === 0 ? (
        <Empty
          slim
          title={panel.field === 'author' ? t.facet.noRepeat : t.facet.none}
          more={panel.field === 'author' ? t.facet.noRepeatMore : undefined}
        />
      ) : (
        <ul className="rows">
          {counts.map(({ value, count }) => (
            <li key={value}>
              <Link className="row-bar" href={href(value)}>
                <span className="name">{name(value)}</span>
                <span className="amount">{f.number(count)}</span>
                <Bar share={count / most} part={negativeOf(value, count)} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Frame>
  );
}

function Latest(props: Of<'mentions'>): ReactNode {
  const { panel, period } = props;
  const { t } = usePage();
  const now = useNow();
  const { from, to } = rangeOf(period, now);
  const query = useAnswer<Mentions>('mentions', { ...paramsOf(props, from, to), limit: panel.top }, { name: 'latest' });
  return (
    <Frame
      panel={panel}
      aside={
        <Link className="button plain small" href={mentionsLink(props)}>
          {t.alerts.all}
        </Link>
      }
    >
      {query.data === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : query.data.items.length === 0 ? (
        <Empty slim title={t.facet.none} />
      ) : (
        <ul className="stack">
          {query.data.items.map((mention) => (
            <li key={`${mention.id} ${mention.brand}`}>
              <MentionCard mention={mention} />
            </li>
          ))}
        </ul>
      )}
    </Frame>
  );
}
