/** Signals, alerts and notifications as programs read them: one JSON object a line. */
import type { Delivery } from '../alerts/dispatcher.ts';
import { type Language, say } from '../i18n/index.ts';
import type { Alert, Signal } from '../model/types.ts';

export interface EventWords {
  readonly language: Language;
  readonly timezone: string;
}

export function signalEvent(signal: Signal, { language, timezone }: EventWords) {
  const { id, detector, brand, scope, state, at, startedAt, window, observed, expected, score, explain, evidence } =
    signal;
  return {
    type: 'signal' as const,
    id,
    detector,
    brand,
    scope,
    state,
    at: iso(at),
    startedAt: iso(startedAt),
    window,
    observed: rounded(observed),
    expected: rounded(expected),
    score: rounded(score),
    explain: say(language, explain, timezone),
    evidence,
  };
}

export function alertEvent(alert: Alert, { language, timezone }: EventWords) {
  const { id, rule, brand, scope, severity, status, startsAt, at, observed, expected, window, because, evidence } =
    alert;
  return {
    type: 'alert' as const,
    id,
    rule,
    brand,
    scope,
    severity,
    status,
    startsAt: iso(startsAt),
    at: iso(at),
    observed: rounded(observed),
    expected: rounded(expected),
    window,
    because: because.map((text) => say(language, text, timezone)),
    evidence,
  };
}

/** One line per alert and channel of a delivery. */
export function notificationEvents({ incident, receiver, reason, at, alerts }: Delivery, channels: readonly string[]) {
  return alerts.flatMap(({ id }) =>
    channels.map((channel) => ({
      type: 'notification' as const,
      alert: id,
      incident,
      receiver,
      channel,
      reason,
      at: iso(at),
    })),
  );
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
