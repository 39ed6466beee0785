/** The life of one alert as a pure function: inactive → pending (`for`) → firing → (graver) → resolved (`keep_firing_for`). */
import type { Millis, Severity } from '../model/types.ts';

/** What is remembered of an alert between two evaluations. */
export type Phase = {
  readonly status: 'pending' | 'firing';
  /** The gravest that it has been: going back down a tier is no news. */
  readonly severity: Severity;
  readonly startsAt: Millis;
  readonly sequence: number;
  /** Since when the condition has not held; absent while it holds. */
  readonly falseSince?: Millis;
};

/** `ended`: a pending alert that never fired. */
export type Change = 'pending' | 'firing' | 'graver' | 'resolved' | 'ended';

export interface Facts {
  readonly holds: boolean;
  /** Of the gravest tier that holds; meaningless when `holds` is false. */
  readonly severity: Severity;
  readonly at: Millis;
}

export interface Patience {
  readonly forMs: Millis;
  readonly keepFiringForMs: Millis;
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/** The next phase (undefined: inactive) and what changed on the way, if anything did. */
export function transition(
  phase: Phase | undefined,
  { holds, severity, at }: Facts,
  { forMs, keepFiringForMs }: Patience,
): { readonly phase: Phase | undefined; readonly change?: Change } {
  if (!phase) {
    if (!holds) return { phase: undefined };
    const status = forMs > 0 ? 'pending' : 'firing';
    return { phase: { status, severity, startsAt: at, sequence: 1 }, change: status };
  }
  if (phase.status === 'pending') {
    if (!holds) return { phase: undefined, change: 'ended' };
    if (at - phase.startsAt < forMs) return { phase };
    return { phase: { ...phase, status: 'firing', severity, sequence: phase.sequence + 1 }, change: 'firing' };
  }
  if (!holds) {
    const falseSince = phase.falseSince ?? at;
    if (at - falseSince >= keepFiringForMs) return { phase: undefined, change: 'resolved' };
    return { phase: phase.falseSince === undefined ? { ...phase, falseSince } : phase };
  }
  if (RANK[severity] > RANK[phase.severity]) {
    const { falseSince: _, ...rest } = phase;
    return { phase: { ...rest, severity, sequence: phase.sequence + 1 }, change: 'graver' };
  }
  if (phase.falseSince === undefined) return { phase };
  const { falseSince: _, ...rest } = phase;
  return { phase: rest };
}

/** When the phase must be looked at again whatever happens; undefined: not by time alone. */
export function dueOf(phase: Phase, { forMs, keepFiringForMs }: Patience): Millis | undefined {
  if (phase.status === 'pending') return phase.startsAt + forMs;
  return phase.falseSince === undefined ? undefined : phase.falseSince + keepFiringForMs;
}
