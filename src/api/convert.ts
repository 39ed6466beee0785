/** From the program's nouns to the contract's: times become ISO 8601, texts become sentences of the reader's language. */
import { type Language, say } from '../i18n/index.ts';
import type { Triage, TriagedMention } from '../model/ports.ts';
import type { Alert, Mention, Millis, Signal, SourceHealth } from '../model/types.ts';
import type { ApiAlert, ApiMention, ApiSignal, ApiSource } from './contract.ts';

/** Whom an answer is for. */
export interface Reader {
  readonly language: Language;
  readonly timezone: string;
}

/** The years that ISO 8601 writes with four digits. */
const FIRST = Date.UTC(0, 0, 1) - 60_000_000_000_000;
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export function iso(at: Millis): string {
  return new Date(Math.min(Math.max(at, FIRST), LAST)).toISOString();
}

export function toApiTriage({ until, ...rest }: Triage): ApiMention['triage'] {
  return { ...rest, ...(until === undefined ? {} : { until: iso(until) }) };
}

export function toApiMention({ triage, ...mention }: TriagedMention): ApiMention {
  return { ...toLiveMention(mention), triage: toApiTriage(triage) };
}

/** A mention without what people made of it, as it streams by. */
export function toLiveMention(mention: Mention): Omit<ApiMention, 'triage'> {
  const { author, title, url, engagement, refs, rating, duplicateOf } = mention;
  return {
    id: mention.id,
    brand: mention.brand,
    source: mention.source,
    via: mention.via,
    ...(author === undefined ? {} : { author }),
    ...(title === undefined ? {} : { title }),
    text: mention.text,
    language: mention.language,
    ...(url === undefined ? {} : { url }),
    ...(engagement === undefined ? {} : { engagement }),
    ...(refs === undefined ? {} : { refs }),
    ...(rating === undefined ? {} : { rating }),
    publishedAt: iso(mention.publishedAt),
    observedAt: iso(mention.observedAt),
    at: iso(mention.at),
    backfill: mention.backfill,
    own: mention.own,
    sentiment: { ...mention.sentiment, words: [...mention.sentiment.words] },
    topics: [...mention.topics],
    links: [...mention.links],
    ...(duplicateOf === undefined ? {} : { duplicateOf }),
  };
}

export function toApiSignal(signal: Signal, { language, timezone }: Reader): ApiSignal {
  return {
    ...signal,
    values: { ...signal.values },
    startedAt: iso(signal.startedAt),
    at: iso(signal.at),
    explain: say(language, signal.explain, timezone),
    evidence: [...signal.evidence],
  };
}

export function toApiAlert(alert: Alert, { language, timezone }: Reader): ApiAlert {
  const { story, endsAt } = alert;
  return {
    id: alert.id,
    rule: alert.rule,
    brand: alert.brand,
    scope: alert.scope,
    status: alert.status,
    severity: alert.severity,
    labels: { ...alert.labels },
    title: inLanguage(alert.title, language) ?? alert.rule,
    summary: inLanguage(alert.summary, language) ?? '',
    because: alert.because.map((text) => say(language, text, timezone)),
    observed: alert.observed,
    expected: alert.expected,
    window: alert.window,
    ...(story === undefined ? {} : { story }),
    sequence: alert.sequence,
    at: iso(alert.at),
    startsAt: iso(alert.startsAt),
    ...(endsAt === undefined ? {} : { endsAt: iso(endsAt) }),
    evidence: [...alert.evidence],
  };
}

export function toApiSource(health: SourceHealth): ApiSource {
  const { lastReadAt, lastItemAt, blindSince, error } = health;
  return {
    name: health.name,
    type: health.type,
    startedAt: iso(health.startedAt),
    ...(lastReadAt === undefined ? {} : { lastReadAt: iso(lastReadAt) }),
    ...(lastItemAt === undefined ? {} : { lastItemAt: iso(lastItemAt) }),
    ...(blindSince === undefined ? {} : { blindSince: iso(blindSince) }),
    ...(error === undefined ? {} : { error }),
    ended: health.ended,
    items: health.items,
    quarantined: health.quarantined,
  };
}

function inLanguage(texts: Readonly<Record<string, string>>, language: Language): string | undefined {
  return texts[language] ?? Object.values(texts)[0];
}
