/** What an alert mail says, in words and in order; `html.ts` and `text.ts` only lay it out. */
import { languageOf, say } from '../../i18n/index.ts';
import type { Alert, Author, Brief, EvidencePost, Millis, Notification } from '../../model/types.ts';
import { clean, cut, inLanguage, leadOf, ratioOf, type Say, sayFor, subjectOf, titleOf } from './subject.ts';

export interface PostView {
  /** `Premier message`, for the one or two that stand out. */
  readonly badge?: string;
  readonly author: string;
  /** Handle, audience, network, time: what places the author. */
  readonly about: string;
  readonly text: string;
  readonly tone: 'negative' | 'neutral' | 'positive';
  readonly toneLabel: string;
  readonly copies?: string;
  readonly link?: { readonly url: string; readonly label: string };
}

export interface Bar {
  /** Height, 0..1 of the highest. */
  readonly height: number;
  /** The part of it that is negative, 0..1. */
  readonly negative: number;
}

export interface MailView {
  readonly language: 'fr' | 'en';
  readonly subject: string;
  readonly demo?: string;
  readonly tone: 'critical' | 'warning' | 'info' | 'calm';
  readonly tag: string;
  readonly brand: string;
  readonly when: string;
  readonly headline: string;
  readonly under: string;
  /** One sentence why. */
  readonly sentence: string;
  readonly figures: readonly { readonly label: string; readonly value: string }[];
  readonly timing: readonly string[];
  readonly warning?: string;
  readonly pace?: { readonly bars: readonly Bar[]; readonly legend: string };
  readonly posts: readonly PostView[];
  readonly authors: readonly {
    readonly name: string;
    readonly about: string;
    readonly url?: string;
    readonly posts: string;
  }[];
  readonly where: readonly { readonly label: string; readonly value: string }[];
  readonly because: readonly string[];
  readonly calm: readonly string[];
  readonly others: readonly string[];
  readonly freshness: readonly string[];
  readonly footer: readonly string[];
  readonly open?: { readonly url: string; readonly label: string };
  readonly titles: Readonly<Record<'toRead' | 'who' | 'where' | 'why' | 'calm' | 'others' | 'freshness', string>>;
}

const DAY_MS = 86_400_000;
const POSTS = 5;

/** Puts a notification into words. Everything that people wrote is one clean line, not yet escaped. */
export function mailView(notification: Notification): MailView {
  const t = sayFor(notification);
  const { brief, at } = notification;
  const alert = leadOf(notification);
  const time = clockFor(notification);
  const isOver = notification.reason === 'resolved';
  const brand = clean(notification.brandName);
  const severity = t('severity', { severity: alert?.severity ?? 'info' });
  const blind = (brief?.freshness ?? []).flatMap(({ source, blindSince }) =>
    blindSince === undefined ? [] : [t('blind', { source: clean(source), time: time(blindSince) })],
  );
  return {
    language: languageOf(notification.language),
    subject: subjectOf(notification),
    ...(notification.demo ? { demo: t('demo-note') } : {}),
    tone: isOver ? 'calm' : (alert?.severity ?? 'info'),
    tag: isOver ? t('resolved') : notification.reason === 'repeat' ? `${t('reminder')} · ${severity}` : severity,
    brand,
    when: time(at, true),
    headline: isOver || !alert ? t('over', { brand }) : level(t, alert),
    under: alert ? under(t, alert, notification, isOver) : '',
    sentence: isOver ? t('over-note') : alert ? whyOf(alert, notification) : '',
    figures: isOver || !alert ? [] : figures(t, alert, brief),
    timing: alert ? timing(t, time, alert, notification, isOver) : [],
    ...(blind.length > 0
      ? { warning: t('blind-note', { list: blind.join(', ') }) }
      : brief
        ? {}
        : { warning: t('no-brief') }),
    ...(!isOver && brief?.pace && brief.pace.length > 0 ? { pace: paceOf(t, time, brief.pace) } : {}),
    posts: brief ? postsOf(t, time, brief) : [],
    authors: (brief?.topAuthors ?? []).slice(0, POSTS).map(({ author, source, posts }) => ({
      name: nameOf(t, author),
      about: [handleOf(author), audienceOf(t, author), networkName(t, source)].filter(Boolean).join(' · '),
      ...(linkOf(author.url) ? { url: linkOf(author.url) as string } : {}),
      posts: t('posts-by', { posts }),
    })),
    where: brief ? whereOf(t, brief) : [],
    because: isOver
      ? []
      : (alert?.because ?? []).map((text) =>
          clean(say(languageOf(notification.language), text, notification.timezone)),
        ),
    calm: isOver || !alert ? [] : calmOf(t, alert, brief),
    others: notification.alerts.slice(1).map((other) =>
      t('other', {
        severity: t('severity', { severity: other.severity }),
        title: titleOf(other, notification),
        scope: clean(other.scope),
        status: other.status,
        since: time(other.startsAt),
      }),
    ),
    freshness: (brief?.freshness ?? []).map(({ source, lastReadAt, blindSince }) =>
      blindSince !== undefined
        ? t('blind', { source: clean(source), time: time(blindSince) })
        : lastReadAt === undefined
          ? t('never-read', { source: clean(source) })
          : t('read-at', { source: clean(source), time: time(lastReadAt) }),
    ),
    footer: [
      ...(alert ? [t('rule', { rule: clean(alert.rule), incident: notification.incident })] : []),
      t('sent-to', { receiver: clean(notification.receiver) }),
    ],
    ...(linkOf(notification.publicUrl)
      ? { open: { url: linkOf(notification.publicUrl) as string, label: t('open') } }
      : {}),
    titles: {
      toRead: t('to-read'),
      who: t('who'),
      where: t('where'),
      why: t('why'),
      calm: t('calm'),
      others: t('others', { count: Math.max(0, notification.alerts.length - 1) }),
      freshness: t('freshness'),
    },
  };
}

/** Times of the message's day as `14:02`, others with their date; `full` always with it. */
function clockFor({ language, timezone, at }: Notification): (at: Millis, full?: boolean) => string {
  const locale = languageOf(language) === 'fr' ? 'fr-FR' : 'en-GB';
  const short = new Intl.DateTimeFormat(locale, { timeZone: timezone, hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(locale, { timeZone: timezone, day: 'numeric', month: 'long' });
  const whole = new Intl.DateTimeFormat(locale, { timeZone: timezone, day: 'numeric', month: 'long', year: 'numeric' });
  const today = whole.format(at);
  return (moment, full = false) => {
    const days = full ? `${whole.format(moment)}, ` : whole.format(moment) === today ? '' : `${day.format(moment)}, `;
    return `${days}${short.format(moment)}`;
  };
}

function level(t: Say, alert: Alert): string {
  const what = t('count', { measure: measureOf(alert), value: alert.observed });
  return t('in-window', { what, window: alert.window });
}

function under(t: Say, alert: Alert, notification: Notification, isOver: boolean): string {
  const title = titleOf(alert, notification);
  if (isOver) return title;
  return `${title} · ${comparison(t, alert)}`;
}

/** Against what the level is to be seen. */
function comparison(t: Say, alert: Alert): string {
  const expected = t('count', { measure: measureOf(alert), value: alert.expected });
  if (alert.expectedIs === 'limit' || alert.expectedIs === 'reference')
    return t(`against-${alert.expectedIs}`, { expected });
  const ratio = ratioOf(alert);
  if (ratio !== undefined) return t('against-usual', { ratio, expected: alert.expected });
  return alert.expected < 0.05 ? t('against-none') : t('against', { expected });
}

function whyOf(alert: Alert, notification: Notification): string {
  const summary = clean(inLanguage(alert.summary, notification));
  const [first] = alert.because;
  return summary || (first ? clean(say(languageOf(notification.language), first, notification.timezone)) : '');
}

function figures(t: Say, alert: Alert, brief: Brief | undefined): MailView['figures'] {
  const value = (n: number): string =>
    t('count', { measure: measureOf(alert), value: n })
      .replace(/^\D*?(-?[\d.,\s\u00a0\u202f]+%?).*$/u, '$1')
      .trim();
  const judged = brief ? brief.mentions : 0;
  return [
    { label: t('observed'), value: value(alert.observed) },
    { label: t('expected', { is: alert.expectedIs ?? 'usual' }), value: value(alert.expected) },
    ...(alert.window === '' ? [] : [{ label: t('window'), value: t('window-value', { window: alert.window }) }]),
    ...(judged > 0 && brief
      ? [{ label: t('negative-share'), value: t('share', { share: brief.negative / judged }) }]
      : []),
  ];
}

function measureOf(alert: Alert): string {
  return alert.measure ?? 'mentions';
}

function timing(
  t: Say,
  time: (at: Millis) => string,
  alert: Alert,
  notification: Notification,
  isOver: boolean,
): string[] {
  const { at, reason, brief } = notification;
  if (isOver) {
    const end = alert.endsAt ?? alert.at;
    return [t('lasted', { start: time(alert.startsAt), end: time(end), ms: Math.max(0, end - alert.startsAt) })];
  }
  const ago = Math.max(0, at - alert.startsAt);
  const lines = [reason === 'repeat' ? t('reminder-note', { ago }) : t('since', { time: time(alert.startsAt), ago })];
  if (!brief) return lines;
  if (brief.pace && brief.pace.length >= 6 && brief.to - brief.from <= DAY_MS) {
    const sum = (points: readonly { readonly count: number }[]): number =>
      points.reduce((n, { count }) => n + count, 0);
    const recent = sum(brief.pace.slice(-3));
    const before = sum(brief.pace.slice(-6, -3));
    const key = before === 0 ? 'new' : recent >= before * 1.25 ? 'up' : recent <= before * 0.8 ? 'down' : 'flat';
    if (recent > 0 || before > 0) lines.push(t(`pace-${key}`, { recent, before }));
  }
  lines.push(
    t('hour', { mentions: brief.mentions, authors: brief.authors, reach: brief.reach, partial: brief.partial ? 1 : 0 }),
  );
  if (brief.mentions > 0)
    lines.push(
      t('tone', { negative: brief.negative, positive: brief.positive, share: brief.negative / brief.mentions }),
    );
  return lines;
}

function paceOf(t: Say, time: (at: Millis) => string, pace: NonNullable<Brief['pace']>): NonNullable<MailView['pace']> {
  const highest = Math.max(1, ...pace.map(({ count }) => count));
  const step = (pace[1]?.at ?? 0) - (pace[0]?.at ?? 0);
  return {
    bars: pace.map(({ count, negative }) => ({ height: count / highest, negative: count > 0 ? negative / count : 0 })),
    legend: t('pace-legend', { from: time(pace[0]?.at ?? 0), to: time((pace.at(-1)?.at ?? 0) + step) }),
  };
}

function postsOf(t: Say, time: (at: Millis) => string, { first, posts }: Brief): readonly PostView[] {
  const others = posts.filter(({ id }) => id !== first?.id).slice(0, first ? POSTS - 1 : POSTS);
  const [top] = others;
  return [
    ...(first ? [postOf(t, time, first, t('first-post'))] : []),
    ...others.map((post) =>
      postOf(t, time, post, post === top && (post.copies ?? 0) > 1 ? t('spread-post') : undefined),
    ),
  ];
}

function postOf(t: Say, time: (at: Millis) => string, post: EvidencePost, badge: string | undefined): PostView {
  const url = linkOf(post.url);
  const { author } = post;
  return {
    ...(badge === undefined ? {} : { badge }),
    author: author ? nameOf(t, author) : t('unknown-author'),
    about: [
      author && handleOf(author),
      author && audienceOf(t, author),
      author?.verified && t('verified'),
      networkName(t, post.source),
      time(post.at),
    ]
      .filter(Boolean)
      .join(' · '),
    text: cut(clean(post.text), 280),
    tone: post.sentiment,
    toneLabel: t('sentiment', { label: post.sentiment }),
    ...((post.copies ?? 0) > 1 ? { copies: t('copies', { copies: post.copies ?? 0 }) } : {}),
    ...(url ? { link: { url, label: t('open-post', { source: post.source }) } } : {}),
  };
}

function nameOf(t: Say, author: Author): string {
  return cut(clean(author.name ?? author.handle ?? author.id), 60) || t('unknown-author');
}

function handleOf(author: Author): string {
  const handle = clean(author.handle ?? '').replace(/^@/, '');
  return handle === '' || author.name === undefined ? '' : `@${cut(handle, 40)}`;
}

function audienceOf(t: Say, author: Author): string {
  return author.followers === undefined ? '' : t('followers', { followers: author.followers });
}

function networkName(t: Say, source: string): string {
  return t('network', { source: cut(clean(source), 40) });
}

function whereOf(t: Say, { sources, terms }: Brief): MailView['where'] {
  const list = (values: Brief['terms'], name: (value: string) => string): string =>
    values
      .slice(0, 8)
      .map(({ value, count }) => `${name(value)}\u00a0(${count})`)
      .join(', ');
  return [
    ...(sources.length > 0 ? [{ label: t('sources'), value: list(sources, (value) => networkName(t, value)) }] : []),
    ...(terms.length > 0 ? [{ label: t('terms'), value: list(terms, (value) => cut(clean(value), 40)) }] : []),
  ];
}

/** Three loud authors are worth naming when the rest would be well below what raised the alert. */
function calmOf(t: Say, alert: Alert, brief: Brief | undefined): readonly string[] {
  const lines: string[] = [];
  const names = (brief?.topAuthors ?? []).slice(0, 3).map(({ author }) => nameOf(t, author));
  if (brief && names.length === 3 && brief.topThreeShare >= 0.4 && brief.mentions >= 10) {
    const left = Math.round(brief.mentions * (1 - brief.topThreeShare));
    lines.push(t('without-three', { share: brief.topThreeShare, names: names.join(', '), left }));
  }
  const usual = t('count', { measure: measureOf(alert), value: alert.expected });
  const isUsual = alert.expected >= 0.05 && (alert.expectedIs ?? 'usual') === 'usual' && alert.window !== '';
  lines.push(isUsual ? t('closes-usual', { usual, window: alert.window }) : t('closes'));
  return lines;
}

/** Only addresses of the web become links. */
function linkOf(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed && (parsed.protocol === 'https:' || parsed.protocol === 'http:') ? parsed.href : undefined;
}
