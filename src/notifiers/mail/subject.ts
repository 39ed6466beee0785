/** The one line that says what an alert is about: subject of mails, line of the console. */
import { languageOf, say } from '../../i18n/index.ts';
import type { Alert, Notification } from '../../model/types.ts';

const MOST = 90;

/** Puts a sentence of the `alerts` area into the notification's language. */
export type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string;

export function sayFor({ language, timezone }: Pick<Notification, 'language' | 'timezone'>): Say {
  const reader = languageOf(language);
  return (key, values = {}) => say(reader, { key: `alerts.${key}`, values }, timezone);
}

/** The alert that a message is about: the gravest one that goes on, else the first. */
export function leadOf(notification: Notification): Alert | undefined {
  return notification.alerts[0];
}

/** A text in the notification's language, else in any that it has. */
export function inLanguage(
  texts: Readonly<Record<string, string>>,
  notification: Pick<Notification, 'language'>,
): string {
  return texts[languageOf(notification.language)] ?? Object.values(texts)[0] ?? '';
}

/** The rule's title, or its id where it has none; a brand at its end, which stands beside it anyway, is left out. */
export function titleOf(alert: Alert, notification: Pick<Notification, 'language' | 'brandName'>): string {
  const title = clean(inLanguage(alert.title, notification));
  const brand = clean(notification.brandName);
  const bare =
    brand !== '' && title.endsWith(brand) ? title.slice(0, -brand.length).replace(/[\s:,–—-]+$/u, '') : title;
  return bare || title || alert.rule;
}

/** How many times the usual; undefined where there is no usual level to speak of or it is not exceeded. */
export function ratioOf({ observed, expected, expectedIs }: Pick<Alert, 'observed' | 'expected' | 'expectedIs'>) {
  if (expectedIs === 'limit' || expectedIs === 'reference') return undefined;
  return expected >= 0.05 && observed > expected * 1.05 ? observed / expected : undefined;
}

/** At most 90 characters, such as `[Critique] Acme : 71 mentions en 15 min (×23), bad buzz`. */
export function subjectOf(notification: Notification): string {
  const t = sayFor(notification);
  const alert = leadOf(notification);
  if (!alert) return t('resolved');
  const brand = clean(notification.brandName);
  const isOver = notification.reason === 'resolved';
  const severity = t('severity', { severity: alert.severity });
  const tag = isOver ? t('resolved') : notification.reason === 'repeat' ? `${t('reminder')} · ${severity}` : severity;
  const ratio = ratioOf(alert);
  const level = t('in-window', {
    what: t('count', { measure: alert.measure ?? 'mentions', value: alert.observed }),
    window: alert.window,
  });
  const what = isOver
    ? lower(titleOf(alert, notification))
    : `${level}${ratio === undefined ? '' : ` (${t('times', { ratio })})`}, ${lower(titleOf(alert, notification))}`;
  return cut(`${notification.demo ? `[${t('demo')}] ` : ''}[${tag}] ${t('colon', { a: brand, b: what })}`, MOST);
}

/** A title within a sentence; one that begins with an abbreviation or a name in capitals keeps it. */
function lower(title: string): string {
  return /^\p{Lu}\p{Ll}/u.test(title) ? title[0]?.toLowerCase() + title.slice(1) : title;
}

/**
 * One line of what people wrote: no control characters, none that turn the direction of what follows. A single
 * no-break space stays, or « 54 % » would be torn at the end of a line.
 */
export function clean(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, '')
    .replace(/\s+/g, (gap) => (/^[\u00a0\u202f]$/.test(gap) ? gap : ' '))
    .trim();
}

const letters = new Intl.Segmenter('fr', { granularity: 'grapheme' });

/** At most `most` UTF-16 units, no letter or emoji torn apart; what is cut ends in `…`, at a word where one is near. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let head = '';
  for (const { segment } of letters.segment(text.slice(0, most * 2))) {
    if (head.length + segment.length > most - 1) break;
    head += segment;
  }
  const space = head.lastIndexOf(' ');
  return `${(space > most * 0.7 ? head.slice(0, space) : head).trimEnd()}…`;
}
