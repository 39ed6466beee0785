/** Alerts, and everything behind one: what was seen, what is usual, why, which posts, since when, what would end it. */
import { type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components';
import { type AlertDetail, type Alerts, ApiError, type ApiAlert, type Facets, type Series } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { useAnswer } from '../lib/data.ts';
import type { Format } from '../lib/format.ts';
import { nameOf, usePage } from '../lib/page.tsx';
import { iso } from '../lib/period.ts';
import { go, linkTo, usePlace } from '../lib/url.ts';
import { USUAL_DAYS, withUsual } from '../lib/usual.ts';
import { AlertItem } from '../parts/alert-item.tsx';
import { Choose, Segments } from '../parts/choose.tsx';
import { icons } from '../parts/icons.tsx';
import { Link } from '../parts/link.tsx';
import { MentionCard } from '../parts/mention-card.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, ErrorNote, Waiting } from '../parts/states.tsx';
import { SeverityTag } from '../parts/tags.tsx';
import { VolumeChart } from '../parts/volume-chart.tsx';

const PAGE = 50;
const MOST = 200;
const SHOWN_EVIDENCE = 6;
const MINUTES_15 = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function AlertsPage({ id }: { readonly id: string | undefined }): ReactNode {
  const { t, lang, brands } = usePage();
  const { search, set } = usePlace();
  const status = search.get('status') ?? 'all';
  const brand = search.get('of') ?? 'all';
  const [limit, setLimit] = useState(PAGE);
  const query = useAnswer<Alerts>('alerts', {
    brands: brand === 'all' ? undefined : brand,
    status: status === 'all' ? undefined : status,
    limit,
    lang,
  });
  const items = query.data?.items ?? [];
  const kept = { status: status === 'all' ? undefined : status, of: brand === 'all' ? undefined : brand };
  return (
    <>
      <PageHead title={t.alerts.title}>
        {brands.brands.length > 1 ? (
          <Choose
            label={t.app.brand}
            value={brand}
            unset="all"
            options={[
              { id: 'all', name: t.mentions.allBrands },
              ...brands.brands.map(({ id, name }) => ({ id, name })),
            ]}
            onChange={(of) => set({ of: of === 'all' ? undefined : of })}
          />
        ) : null}
        <Segments
          label={t.alerts.filter}
          value={status}
          options={[
            { id: 'all', name: t.alerts.all },
            { id: 'firing', name: t.alerts.firing },
            { id: 'resolved', name: t.alerts.resolved },
          ]}
          onChange={(next) => set({ status: next === 'all' ? undefined : next })}
        />
      </PageHead>
      {query.data === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : items.length === 0 && id === undefined ? (
        <div className="list">
          <Empty
            title={status === 'all' && brand === 'all' ? t.alerts.noneEver : t.alerts.noneMatch}
            more={status === 'all' ? t.alerts.noneMore : undefined}
          />
        </div>
      ) : (
        <div className={id === undefined ? 'split' : 'split chosen-one'}>
          <div className="aside">
            <ul className="list" aria-label={t.alerts.title}>
              {items.map((alert) => (
                <li key={alert.id}>
                  <AlertItem alert={alert} current={alert.id === id} brand={brands.brands.length > 1} search={kept} />
                </li>
              ))}
            </ul>
            {query.data.next === undefined || limit >= MOST ? null : (
              <p className="waiting">
                <Button className="button small" onPress={() => setLimit(Math.min(MOST, limit + PAGE))}>
                  {t.alerts.more}
                </Button>
              </p>
            )}
          </div>
          {id === undefined ? (
            <div className="detail needs-choice">
              <div className="list">
                <Empty title={t.alerts.choose} />
              </div>
            </div>
          ) : (
            <Detail key={id} id={id} back={linkTo('/alerts', kept)} />
          )}
        </div>
      )}
    </>
  );
}

function Detail({ id, back }: { readonly id: string; readonly back: string }): ReactNode {
  const { t, lang } = usePage();
  const query = useAnswer<AlertDetail>(`alerts/${encodeURIComponent(id)}`, { lang });
  return (
    <div className="detail">
      <Link href={back} className="button small back-link">
        {icons.back}
        {t.alerts.back}
      </Link>
      {query.data !== undefined ? (
        <DetailOf {...query.data} />
      ) : query.error instanceof ApiError && query.error.status === 404 ? (
        <div className="list">
          <Empty title={t.alerts.gone} />
        </div>
      ) : query.error ? (
        <ErrorNote error={query.error} retry={query.refetch} />
      ) : (
        <Waiting />
      )}
    </div>
  );
}

function DetailOf({ alert, evidence, missing, history }: AlertDetail): ReactNode {
  const { t, f, brands } = usePage();
  const now = useNow();
  const [all, setAll] = useState(false);
  const startsAt = Date.parse(alert.startsAt);
  const endsAt = alert.endsAt === undefined ? undefined : Date.parse(alert.endsAt);
  const times = alert.expected > 0 ? alert.observed / alert.expected : undefined;
  const shown = all ? evidence : evidence.slice(0, SHOWN_EVIDENCE);
  return (
    <>
      <section className="panel" aria-labelledby="alert-title">
        <div className="detail-head">
          <div className="words">
            <div className="tag-line">
              <SeverityTag severity={alert.severity} />
              <span>{nameOf(brands, alert.brand)}</span>
              <span>
                {t.alertStatus[alert.status]} ·{' '}
                <time dateTime={alert.startsAt} title={f.full(startsAt)}>
                  {endsAt === undefined
                    ? t.alerts.since(f.sameDay(startsAt, now) ? f.time(startsAt) : f.dayTime(startsAt))
                    : `${f.dayTime(startsAt)}, ${t.alerts.lasted(f.duration(endsAt - startsAt))}`}
                </time>
              </span>
            </div>
            <h2 id="alert-title">{alert.title}</h2>
            <p>{alert.summary}</p>
          </div>
          <dl className="pair">
            <div>
              <dt>
                {t.alerts.observed} {t.alerts.on(windowWords(alert.window, f))}
              </dt>
              <dd>{f.decimal(alert.observed)}</dd>
            </div>
            <div>
              <dt>{t.alerts.expected}</dt>
              <dd className="was">{f.decimal(alert.expected)}</dd>
            </div>
            {times === undefined || times < 1.5 ? null : (
              <div>
                <dt>{t.alerts.ratio}</dt>
                <dd className="times">{t.alerts.times(times >= 10 ? f.number(times) : f.decimal(times))}</dd>
              </div>
            )}
          </dl>
        </div>
      </section>
      <div className="two">
        <section className="panel" aria-labelledby="alert-why">
          <header>
            <h2 id="alert-why">{t.alerts.why}</h2>
          </header>
          <ul className="because">
            {alert.because.map((reason) => (
              <li key={reason}>
                <span>{reason}</span>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel" aria-labelledby="alert-calm">
          <header>
            <h2 id="alert-calm">{t.alerts.calm}</h2>
          </header>
          <Calm alert={alert} />
        </section>
      </div>
      <Around alert={alert} />
      <div className="two evidence">
        <section className="panel" aria-labelledby="alert-evidence">
          <header>
            <h2 id="alert-evidence">{t.alerts.evidence}</h2>
            <span className="amount">{f.number(evidence.length)}</span>
          </header>
          {evidence.length === 0 ? (
            <Empty slim title={t.alerts.evidenceNone} />
          ) : (
            <ul className="stack">
              {shown.map((mention) => (
                <li key={mention.id}>
                  <MentionCard mention={mention} />
                </li>
              ))}
            </ul>
          )}
          {evidence.length > shown.length ? (
            <Button className="button small more" onPress={() => setAll(true)}>
              {t.alerts.more}
            </Button>
          ) : null}
          {missing.length === 0 ? null : <p className="under">{t.alerts.missing(missing.length)}</p>}
        </section>
        <section className="panel" aria-labelledby="alert-timeline">
          <header>
            <h2 id="alert-timeline">{t.alerts.timeline}</h2>
          </header>
          <ol className="timeline">
            {history.map((step, index) => (
              <li key={step.sequence} className={step.status === 'resolved' ? '' : step.severity}>
                <time dateTime={step.at} title={f.full(Date.parse(step.at))}>
                  {f.sameDay(Date.parse(step.at), now) ? f.time(Date.parse(step.at)) : f.dayTime(Date.parse(step.at))}
                </time>
                <span>{stepWords(t, history, index)}</span>
                <small>{t.alerts.values(f.decimal(step.observed), f.decimal(step.expected))}</small>
              </li>
            ))}
          </ol>
        </section>
      </div>
    </>
  );
}

function stepWords(t: ReturnType<typeof usePage>['t'], history: AlertDetail['history'], index: number): string {
  const [before, step] = [history[index - 1], history[index]];
  if (step === undefined) return '';
  if (before?.status !== step.status) {
    return step.status === 'firing' && before === undefined
      ? `${t.alerts.history.firing} (${t.severity[step.severity].toLowerCase()})`
      : t.alerts.history[step.status];
  }
  return before.severity === step.severity
    ? t.alerts.goesOn
    : t.alerts.becomes(t.severity[step.severity].toLowerCase());
}

/** What is known about its end: the level, and how few accounts carry it. */
function Calm({ alert }: { readonly alert: ApiAlert }): ReactNode {
  const { t, f } = usePage();
  const params = {
    brands: alert.brand,
    sentiment: 'negative',
    from: iso(Date.parse(alert.startsAt) - HOUR_MS),
    to: alert.endsAt,
  };
  const authors = useAnswer<Facets>('facets', { ...params, fields: 'author', top: 3 });
  const labels = useAnswer<Facets>('facets', { ...params, fields: 'sentiment', top: 10 });
  if (alert.status === 'resolved') return <p>{t.alerts.calmOver}</p>;
  const total = labels.data?.facets['sentiment']?.find(({ value }) => value === 'negative')?.count ?? 0;
  const loudest = authors.data?.facets['author']?.reduce((sum, { count }) => sum + count, 0) ?? 0;
  return (
    <ul className="because">
      <li>
        <span>{t.alerts.calmLevel(f.decimal(alert.expected), windowWords(alert.window, f))}</span>
      </li>
      {total < 5 ? null : loudest / total >= 0.25 ? (
        <li>
          <span>{t.alerts.calmTop(f.share(loudest / total), f.number(total - loudest))}</span>
        </li>
      ) : (
        <li>
          <span>{t.alerts.calmSpread}</span>
        </li>
      )}
      <li>
        <span>{t.alerts.calmRule(alert.rule)}</span>
      </li>
    </ul>
  );
}

/** The brand's volume from six hours before the alert to now, or to some time after its end. */
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A window as the rule file writes it (6h, 15m), as people write it. */
function windowWords(window: string, f: Format): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(window) ?? [];
  return count === undefined ? window : f.duration(Number(count) * (UNIT_MS[unit ?? ''] ?? 0));
}

function Around({ alert }: { readonly alert: ApiAlert }): ReactNode {
  const { t, brands } = usePage();
  const now = useNow();
  const startsAt = Date.parse(alert.startsAt);
  const end = Math.min(now, (alert.endsAt === undefined ? now : Date.parse(alert.endsAt)) + 2 * HOUR_MS);
  const long = end - startsAt > 18 * HOUR_MS;
  const bucketMs = long ? HOUR_MS : MINUTES_15;
  const from = Math.floor((startsAt - 6 * HOUR_MS) / bucketMs) * bucketMs;
  const to = Math.min((Math.floor(end / bucketMs) + 1) * bucketMs, from + 96 * bucketMs);
  const query = useAnswer<Series>('series', {
    brands: alert.brand,
    bucket: long ? '1h' : '15m',
    from: iso(from - USUAL_DAYS * DAY_MS),
    to: iso(to),
  });
  const link = (start: number, stop: number, feeling?: string): string =>
    linkTo('/mentions', { brand: alert.brand, from: iso(start), to: iso(stop), sentiment: feeling });
  return (
    <section className="panel" aria-labelledby="alert-around">
      <header>
        <h2 id="alert-around">{t.alerts.around}</h2>
        <Link className="button plain small" href={link(startsAt - HOUR_MS, to)}>
          {t.alerts.seeAll}
        </Link>
      </header>
      {query.data === undefined ? (
        query.error ? (
          <ErrorNote error={query.error} retry={query.refetch} />
        ) : (
          <Waiting />
        )
      ) : (
        <VolumeChart
          low
          buckets={withUsual(
            query.data.points.map((point) => ({ ...point, at: Date.parse(point.at) })),
            { from, to, bucketMs: query.data.bucketMs },
          )}
          bucketMs={query.data.bucketMs}
          now={now}
          moment={startsAt}
          label={t.volume.label(nameOf(brands, alert.brand))}
          linkOf={link}
          open={go}
        />
      )}
    </section>
  );
}
