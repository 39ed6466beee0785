/** Bars of mentions by sentiment, with the usual band behind them; every bar opens its mentions, and a table says the same. */
import type { ECharts, EChartsCoreOption } from 'echarts/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { usePage } from '../lib/page.tsx';
import { useTheme } from '../lib/theme.ts';
import type { UsualBucket } from '../lib/usual.ts';
import { icons } from './icons.tsx';
import { Link } from './link.tsx';
import { Waiting } from './states.tsx';
import type { Feeling } from './tags.tsx';

interface Props {
  readonly buckets: readonly UsualBucket[];
  readonly bucketMs: number;
  readonly now: number;
  readonly label: string;
  /** The address of the mentions of one bar, or of one sentiment of it. */
  readonly linkOf: (from: number, to: number, feeling?: Feeling) => string;
  readonly open: (href: string) => void;
  readonly low?: boolean;
  /** A moment to draw a line at. */
  readonly moment?: number | undefined;
}

const SERIES = ['negative', 'unsure', 'neutral', 'positive'] as const;

function valueOf(bucket: UsualBucket, feeling: Feeling): number {
  return feeling === 'neutral'
    ? Math.max(0, bucket.count - bucket.negative - bucket.positive - bucket.unsure)
    : bucket[feeling];
}

export function VolumeChart(props: Props): ReactNode {
  const { t } = usePage();
  const [table, setTable] = useState(false);
  const band = props.buckets.some(({ usual }) => usual !== undefined);
  return (
    <>
      {table ? <VolumeTable {...props} /> : <Canvas {...props} />}
      <div className="legend">
        {SERIES.map((feeling) => (
          <span key={feeling}>
            <i className={`key ${feeling}`} />
            {t.sentiment.many[feeling]}
          </span>
        ))}
        {band ? (
          <span title={t.volume.bandHint}>
            <i className="key band" />
            {t.volume.band}
          </span>
        ) : (
          <span>{t.volume.noBand}</span>
        )}
        <Button className="button plain small legend-end" onPress={() => setTable(!table)}>
          {icons.table}
          {table ? t.volume.chart : t.volume.table}
        </Button>
      </div>
    </>
  );
}

function VolumeTable({ buckets, bucketMs, now, label, linkOf }: Props): ReactNode {
  const { t, f } = usePage();
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="dense">
        <caption className="hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t.volume.when}</th>
            <th scope="col" className="num">
              {t.volume.total}
            </th>
            {SERIES.map((feeling) => (
              <th key={feeling} scope="col" className="num">
                {t.sentiment.many[feeling]}
              </th>
            ))}
            <th scope="col" className="num">
              {t.volume.usual}
            </th>
          </tr>
        </thead>
        <tbody>
          {[...buckets].reverse().map((bucket) => {
            const to = bucket.at + bucketMs;
            return (
              <tr key={bucket.at}>
                <th scope="row">
                  <Link href={linkOf(bucket.at, to)}>{f.dayTime(bucket.at)}</Link>
                  {to > now ? ` (${t.volume.running})` : ''}
                </th>
                <td className="num">{f.number(bucket.count)}</td>
                {SERIES.map((feeling) => {
                  const value = valueOf(bucket, feeling);
                  return (
                    <td key={feeling} className="num">
                      {value === 0 ? '0' : <Link href={linkOf(bucket.at, to, feeling)}>{f.number(value)}</Link>}
                    </td>
                  );
                })}
                <td className="num">
                  {bucket.usual === undefined
                    ? '–'
                    : t.volume.range(f.number(bucket.usual.low), f.number(bucket.usual.high))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** The scale grows at once and shrinks only when it is far too large, so that a live chart does not breathe. */
function scaleFor(max: number, held: number): number {
  const wanted = Math.max(4, max * 1.08);
  const step = 10 ** Math.floor(Math.log10(wanted));
  const nice = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * step >= wanted) ?? 10;
  const next = Math.max(4, nice * step);
  return held >= next && held <= next * 2 ? held : next;
}

function Canvas(props: Props): ReactNode {
  const { t, f } = usePage();
  const theme = useTheme();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const held = useRef(0);
  const latest = useRef(props);
  latest.current = props;
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | undefined;
    void import('./echarts.ts').then(({ init }) => {
      if (gone || place.current === null) return;
      const made = init(place.current, undefined, { renderer: 'canvas' });
      chart.current = made;
      made.on('click', (event) => {
        const { buckets, bucketMs, linkOf, open } = latest.current;
        const bucket = buckets[event.dataIndex];
        const feeling = SERIES.find((name) => name === event.seriesId);
        if (bucket !== undefined) open(linkOf(bucket.at, bucket.at + bucketMs, feeling));
      });
      // Beside a bar, the whole hour.
      made.getZr().on('click', (event) => {
        if (event.target !== undefined) return;
        const [index] = made.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
        const { buckets, bucketMs, linkOf, open } = latest.current;
        const bucket = index === undefined ? undefined : buckets[index];
        if (bucket !== undefined && made.containPixel('grid', [event.offsetX, event.offsetY]))
          open(linkOf(bucket.at, bucket.at + bucketMs));
      });
      observer = new ResizeObserver(() => made.resize());
      observer.observe(place.current);
      setReady(true);
    });
    return () => {
      gone = true;
      observer?.disconnect();
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);

  useEffect(() => {
    if (!ready || chart.current === undefined) return;
    const { buckets, bucketMs, now, moment } = props;
    const css = getComputedStyle(document.documentElement);
    const colour = (name: string): string => css.getPropertyValue(name).trim();
    const max = Math.max(0, ...buckets.map(({ count, usual }) => Math.max(count, usual?.high ?? 0)));
    held.current = scaleFor(max, held.current);
    const days = bucketMs >= 6 * 3_600_000;
    const tip = (index: number): string => {
      const bucket = buckets[index];
      if (bucket === undefined) return '';
      const rows = SERIES.map(
        (feeling) =>
          `<div><i class="key ${feeling}"></i><span>${t.sentiment.many[feeling]}</span><span>${f.number(valueOf(bucket, feeling))}</span></div>`,
      );
      const usual =
        bucket.usual === undefined
          ? ''
          : `<div><i class="key band"></i><span>${t.volume.usual}</span><span>${t.volume.range(f.number(bucket.usual.low), f.number(bucket.usual.high))}</span></div>`;
      const running = bucket.at + bucketMs > now ? ` (${t.volume.running})` : '';
      return `<div class="tip"><b>${f.dayTime(bucket.at)}${running} · ${f.number(bucket.count)}</b>${rows.toReversed().join('')}${usual}</div>`;
    };
    const marked = moment === undefined ? -1 : buckets.findIndex(({ at }) => moment >= at && moment < at + bucketMs);
    const option: EChartsCoreOption = {
      animationDuration: 250,
      animationDurationUpdate: 250,
      aria: { enabled: true, label: { enabled: false }, decal: { show: true, decals: [{ color: 'rgba(0,0,0,0)' }] } },
      textStyle: { fontFamily: css.getPropertyValue('--font'), color: colour('--ink-2') },
      grid: { left: 4, right: 8, top: 14, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      tooltip: {
        trigger: 'axis',
        axisPointer: { type: 'shadow', shadowStyle: { color: colour('--band') } },
        backgroundColor: colour('--surface'),
        borderColor: colour('--line-strong'),
        textStyle: { color: colour('--ink'), fontSize: 13 },
        transitionDuration: 0,
        confine: true,
        formatter: (items: unknown) => tip((items as { dataIndex: number }[])[0]?.dataIndex ?? -1),
      },
      xAxis: {
        type: 'category',
        data: buckets.map(({ at }) => (days ? f.day(at) : f.time(at))),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour('--line-strong') } },
        axisLabel: {
          color: colour('--ink-3'),
          fontSize: 12,
          hideOverlap: true,
          interval: days ? (index: number) => index % 4 === 0 : 'auto',
        },
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: held.current,
        splitNumber: 4,
        minInterval: 1,
        axisLabel: { color: colour('--ink-3'), fontSize: 12, formatter: (value: number) => f.short(value) },
        splitLine: { lineStyle: { color: colour('--line') } },
      },
      series: [
        {
          id: 'low',
          type: 'line',
          stack: 'band',
          silent: true,
          symbol: 'none',
          data: buckets.map(({ usual }) => usual?.low ?? null),
          lineStyle: { opacity: 0 },
          areaStyle: { opacity: 0 },
          smooth: 0.3,
          z: 1,
        },
        {
          id: 'high',
          type: 'line',
          stack: 'band',
          silent: true,
          symbol: 'none',
          data: buckets.map(({ usual }) => (usual === undefined ? null : usual.high - usual.low)),
          lineStyle: { opacity: 0 },
          areaStyle: { color: colour('--band'), opacity: 1 },
          smooth: 0.3,
          z: 1,
        },
        ...SERIES.map((feeling) => ({
          id: feeling,
          type: 'bar' as const,
          stack: 'volume',
          barMaxWidth: 34,
          barCategoryGap: '22%',
          cursor: 'pointer',
          data: buckets.map((bucket) => valueOf(bucket, feeling)),
          itemStyle: {
            color: colour(`--bar-${feeling}`),
            ...(feeling === 'negative'
              ? {
                  decal: {
                    symbol: 'rect',
                    color: colour('--negative'),
                    dashArrayX: [1, 0],
                    dashArrayY: [2, 4],
                    rotation: -Math.PI / 4,
                  },
                }
              : {}),
          },
          emphasis: { disabled: true },
          z: 3,
          ...(feeling === 'negative' && marked >= 0
            ? {
                markLine: {
                  silent: true,
                  symbol: 'none',
                  data: [{ xAxis: marked }],
                  lineStyle: { color: colour('--critical'), width: 1.5, type: 'solid' },
                  label: { show: false },
                },
              }
            : {}),
        })),
        {
          id: 'middle',
          type: 'line',
          silent: true,
          symbol: 'none',
          data: buckets.map(({ usual }) => usual?.middle ?? null),
          lineStyle: { color: colour('--band-line'), width: 1.5, type: [4, 4] },
          smooth: 0.3,
          z: 4,
        },
      ],
    };
    chart.current.setOption(option, { replaceMerge: ['series'] });
  });

  return (
    <div className={props.low ? 'chart low' : 'chart'} role="img" aria-label={props.label} data-theme={theme}>
      <div ref={place} aria-hidden="true" />
      {ready ? null : <Waiting />}
    </div>
  );
}
