import type { ReactNode } from 'react';
import type { ApiAlert } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { nameOf, usePage } from '../lib/page.tsx';
import { linkTo } from '../lib/url.ts';
import { Link } from './link.tsx';
import { SeverityTag } from './tags.tsx';

export function AlertItem({
  alert,
  current = false,
  brand = false,
  search = {},
}: {
  readonly alert: ApiAlert;
  readonly current?: boolean;
  readonly brand?: boolean;
  readonly search?: Readonly<Record<string, string | undefined>>;
}): ReactNode {
  const { t, f, brands } = usePage();
  const now = useNow();
  const startsAt = Date.parse(alert.startsAt);
  const ended = alert.endsAt === undefined ? undefined : Date.parse(alert.endsAt);
  return (
    <Link
      className={`alert-item ${alert.status === 'resolved' ? 'resolved' : alert.severity}`}
      href={linkTo(`/alerts/${encodeURIComponent(alert.id)}`, search)}
      aria-current={current ? 'true' : undefined}
    >
      <span className="line">
        <SeverityTag severity={alert.severity} />
        {brand ? <span>{nameOf(brands, alert.brand)}</span> : null}
        <time className="end" dateTime={alert.startsAt} title={f.full(startsAt)}>
          {alert.status === 'resolved' && ended !== undefined
            ? t.alerts.lasted(f.duration(ended - startsAt))
            : f.ago(startsAt, now)}
        </time>
      </span>
      <span className="name">{alert.title}</span>
      <span className="summary">{alert.summary}</span>
    </Link>
  );
}
