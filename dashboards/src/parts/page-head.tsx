import type { ReactNode } from 'react';
import { nameOf, usePage } from '../lib/page.tsx';
import { PERIODS, type Period } from '../lib/period.ts';
import { usePlace } from '../lib/url.ts';
import { Choose, Segments } from './choose.tsx';

export function PageHead({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="top">
      <div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p className="lead">{lead}</p>}
      </div>
      {children === undefined ? null : <div className="controls">{children}</div>}
    </div>
  );
}

export function BrandChoice({ value }: { readonly value: string }): ReactNode {
  const { t, brands } = usePage();
  const { set } = usePlace();
  if (brands.brands.length < 2) return null;
  return (
    <Choose
      label={t.app.brand}
      value={value}
      options={brands.brands.map(({ id }) => ({ id, name: nameOf(brands, id) }))}
      onChange={(brand) => set({ brand }, { replace: false })}
    />
  );
}

export function PeriodChoice({ value }: { readonly value: Period }): ReactNode {
  const { t } = usePage();
  const { set } = usePlace();
  return (
    <Segments
      label={t.app.period}
      value={value}
      options={PERIODS.map((id) => ({ id, name: t.period[id] }))}
      onChange={(period) => set({ period, from: undefined, to: undefined }, { replace: false })}
    />
  );
}
