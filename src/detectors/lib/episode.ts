/** The life of an episode: when a reading opens one, when it has grown enough to be told again, and when it is over. */
import { round } from '../../lib/stats.ts';
import type { Millis } from '../../model/types.ts';
import type { Exhibit } from './evidence.ts';
import type { Grid, Reading } from './volume-series.ts';

const MINUTE_MS = 60_000;
const GROWTH = 1.5;
/** How long the short windows must have been ordinary. */
const CALM_MS = 15 * MINUTE_MS;
/** An episode that nothing has borne out for a day is over, even if a blind source keeps it from being called calm. */
const FORGOTTEN_MS = 24 * 60 * MINUTE_MS;
/** Share of the threshold below which a short window is ordinary: at 2.6, what happens in one moment out of 20. */
const ORDINARY = 0.5;
/** So few mentions in a short window are ordinary, however quiet the brand is. */
const ORDINARY_MENTIONS = 2;
/** An episode covers what led to it. */
export const LEAD_MS = 60 * MINUTE_MS;

/** The numbers of one window, as they are told. */
export type Finding = {
  /** Index into the grid's windows. */
  readonly window: number;
  /** What was looked at: less than the window's length soon after another episode. */
  readonly spanMs: Millis;
  readonly observed: number;
  readonly expected: number;
  readonly excess: number;
  readonly rarity: number;
  /** Mean of the two largest rarities by the threshold. */
  readonly score: number;
  /** Share of these mentions in all mentions of the window; null where that is not known. */
  readonly share: number | null;
};

export type Episode = {
  readonly id: string;
  readonly startedAt: Millis;
  /** The largest finding in the widest window that has joined. */
  best: Finding;
  /** What was told last. */
  told: number;
  /** When an update was told last; 0: never. */
  toldAt: Millis;
  /** A longer window has joined and was not told yet. */
  joined: boolean;
  /** Mentions of the window that opened it, and since. */
  mentions: number;
  /** When a short window was unusual last. */
  seenAt: Millis;
  /** Since when the short windows are ordinary; null: they are not. */
  calmSince: Millis | null;
  readonly evidence: Exhibit[];
};

/** The span of event time that the last closed episode spoke of. */
export type Told = { readonly from: Millis; readonly to: Millis };

/** What a reading says about one of its windows. */
export function findingOf(
  reading: Reading,
  window: number,
  grid: Grid,
  threshold: number,
  share: number | null,
): Finding {
  const { buckets, observed, expected, excess, rarity } = reading.windows[window] ?? {
    buckets: 0,
    observed: 0,
    expected: 0,
    excess: 0,
    rarity: 0,
  };
  return {
    window,
    spanMs: buckets * grid.bucketMs,
    observed,
    expected: round(expected, 2),
    excess: round(excess, 2),
    rarity: round(rarity, 2),
    score: round(reading.rarity / threshold, 3),
    share: share === null ? null : round(share, 3),
  };
}

/** Whether windows that end at `stop` were spoken of by the last episode: late mentions do not tell a story twice. */
export function wasTold(told: Told | null, stop: Millis): boolean {
  return told !== null && stop <= told.to && stop > told.from - LEAD_MS;
}

/** Takes readings into an open episode: a longer window may join, the peak may rise. */
export function observe(
  episode: Episode,
  readings: readonly Reading[],
  threshold: number,
  finding: (reading: Reading, window: number) => Finding,
): void {
  for (const reading of readings) {
    for (let i = reading.windows.length - 1; i > episode.best.window; i--) {
      if ((reading.windows[i]?.rarity ?? 0) < threshold) continue;
      episode.best = finding(reading, i);
      episode.joined = true;
    }
    if ((reading.windows[episode.best.window]?.observed ?? 0) > episode.best.observed)
      episode.best = finding(reading, episode.best.window);
  }
}

/** Whether there is something new to tell. At one moment one update is told: their ids derive from the moment. */
export function hasGrown(episode: Episode, at: Millis): boolean {
  return episode.toldAt !== at && (episode.joined || episode.best.observed >= GROWTH * episode.told);
}

/** Judges the windows that ended at `at`; true when the episode is over. A blind source is no calm. */
export function isOver(
  episode: Episode,
  grid: Grid,
  reading: Reading,
  threshold: number,
  blind: boolean,
  at: Millis,
): boolean {
  const ordinary = grid.windows.every(({ short }, i) => {
    const window = reading.windows[i];
    return !short || !window || window.observed <= ORDINARY_MENTIONS || window.rarity < ORDINARY * threshold;
  });
  if (!ordinary) episode.seenAt = at;
  if (!ordinary || blind) episode.calmSince = null;
  else episode.calmSince ??= at;
  return (episode.calmSince !== null && at - episode.calmSince >= CALM_MS) || at - episode.seenAt >= FORGOTTEN_MS;
}
