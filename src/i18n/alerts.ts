/** What the messages about alerts say. */
import { parseDuration } from '../lib/duration.ts';
import type { Dictionary, Format, Sentence } from './language.ts';

type Values = Parameters<Sentence>[0];

const fr: Readonly<Record<string, Sentence>> = {
  'alerts.severity': ({ severity }) => ({ critical: 'Critique', warning: 'Alerte' })[String(severity)] ?? 'Info',
  'alerts.resolved': () => 'Terminé',
  'alerts.reminder': () => 'Rappel',
  'alerts.demo': () => 'Démo',
  'alerts.demo-note': () => 'Démonstration : ces messages sont inventés ou rejoués, aucune crise n’est en cours.',
  'alerts.and': ({ a, b }) => `${a}, ${b}`,
  'alerts.colon': ({ a, b }) => `${a} : ${b}`,
  'alerts.in-window': ({ what, window }, f) => (window === '' ? `${what}` : `${what} en ${windowOf(window, f)}`),
  'alerts.times': ({ ratio }, f) => `×${ratioOf(Number(ratio), f)}`,
  'alerts.against-usual': ({ ratio, expected }, f) =>
    `${ratioOf(Number(ratio), f)} fois plus que d’habitude (${f.number(Number(expected))})`,
  'alerts.against-none': () => 'd’habitude, presque rien',
  'alerts.against': ({ expected }) => `habituellement ${expected}`,
  'alerts.against-limit': ({ expected }) => `seuil de la règle : ${expected}`,
  'alerts.against-reference': ({ expected }) => `contre ${expected}`,
  'alerts.count': ({ measure, value }, f) => countOf(String(measure), Number(value), f, frenchMeasures),
  'alerts.observed': () => 'Constaté',
  'alerts.expected': ({ is }) => ({ limit: 'Seuil', reference: 'Comparé à' })[String(is)] ?? 'Habituel',
  'alerts.window': () => 'Sur',
  'alerts.negative-share': () => 'Négatif, 1\u00a0h',
  'alerts.window-value': ({ window }, f) => windowOf(window, f),
  'alerts.share': ({ share }, f) => f.share(Number(share)),
  'alerts.since': ({ time, ago }, f) =>
    Number(ago) < 60_000
      ? `Commencé à l’instant, à ${time}.`
      : `Commencé à ${time}, il y a ${f.duration(Number(ago))}.`,
  'alerts.lasted': ({ start, end, ms }, f) => `De ${start} à ${end}, soit ${f.duration(Number(ms))}.`,
  'alerts.over': ({ brand }) => `Retour au calme pour ${brand}`,
  'alerts.over-note': () => 'Les raisons de l’alerte ne tiennent plus.',
  'alerts.reminder-note': ({ ago }, f) => `Rappel : l’alerte dure depuis ${f.duration(Number(ago))}.`,
  'alerts.pace-up': ({ recent, before }, f) =>
    `Ça accélère : ${mentions(recent, f)} sur les 15 dernières minutes, ${f.number(Number(before))} sur les 15 précédentes.`,
  'alerts.pace-new': ({ recent }, f) =>
    `Ça démarre : ${mentions(recent, f)} sur les 15 dernières minutes, aucune sur les 15 précédentes.`,
  'alerts.pace-flat': ({ recent, before }, f) =>
    `Le rythme se maintient : ${mentions(recent, f)} sur les 15 dernières minutes, ${f.number(Number(before))} sur les 15 précédentes.`,
  'alerts.pace-down': ({ recent, before }, f) =>
    `Ça ralentit : ${mentions(recent, f)} sur les 15 dernières minutes, ${f.number(Number(before))} sur les 15 précédentes.`,
  'alerts.pace-legend': ({ from, to }) => `De ${from} à ${to}, par 5 minutes. En rouge : les mentions négatives.`,
  'alerts.hour': ({ mentions: n, authors, reach, partial }, f) =>
    `En une heure : ${mentions(n, f)}, ${Number(partial) ? 'au moins ' : ''}${f.number(Number(authors))} ${f.plural(Number(authors), 'auteur', 'auteurs')}, portée potentielle ${f.number(Number(reach))} (somme des abonnés de chaque auteur).`,
  'alerts.tone': ({ negative, positive, share }, f) =>
    `Tonalité : ${f.number(Number(negative))} ${f.plural(Number(negative), 'négative', 'négatives')} (${f.share(Number(share))}), ${f.number(Number(positive))} ${f.plural(Number(positive), 'positive', 'positives')}.`,
  'alerts.to-read': () => 'À lire',
  'alerts.first-post': () => 'Premier message',
  'alerts.spread-post': () => 'Le plus relayé',
  'alerts.copies': ({ copies }, f) => `repris ${f.number(Number(copies))} fois`,
  'alerts.followers': ({ followers }, f) =>
    `${f.number(Number(followers))} ${f.plural(Number(followers), 'abonné', 'abonnés')}`,
  'alerts.verified': () => 'compte vérifié',
  'alerts.unknown-author': () => 'Auteur inconnu',
  'alerts.network': ({ source }) => networkOf(String(source), frenchNetworks),
  'alerts.open-post': ({ source }) =>
    Object.hasOwn(NETWORKS, String(source)) ? `Lire sur ${NETWORKS[String(source)]}` : 'Lire le message',
  'alerts.sentiment': ({ label }) => ({ negative: 'négatif', positive: 'positif' })[String(label)] ?? 'neutre',
  'alerts.who': () => 'Qui en parle le plus',
  'alerts.posts-by': ({ posts }, f) => `${f.number(Number(posts))} ${f.plural(Number(posts), 'message', 'messages')}`,
  'alerts.where': () => 'Où, et avec quels mots',
  'alerts.sources': () => 'Réseaux',
  'alerts.terms': () => 'Mots',
  'alerts.why': () => 'Pourquoi cette alerte',
  'alerts.calm': () => 'Ce qui la calmerait',
  'alerts.without-three': ({ share, names, left }, f) =>
    `Sans ${names}, il resterait ${mentions(left, f)} sur l’heure : ces trois auteurs en font ${f.share(Number(share))}.`,
  'alerts.closes': () =>
    'L’alerte se refermera d’elle-même quand ces raisons ne tiendront plus. Vous en serez prévenu.',
  'alerts.closes-usual': ({ usual, window }, f) =>
    `L’alerte se refermera d’elle-même quand ces raisons ne tiendront plus (l’habitude est de ${usual} en ${windowOf(window, f)}). Vous en serez prévenu.`,
  'alerts.freshness': () => 'Lecture des sources',
  'alerts.read-at': ({ source, time }) => `${source} : lue à ${time}`,
  'alerts.never-read': ({ source }) => `${source} : pas encore lue`,
  'alerts.blind': ({ source, time }) => `aveugle sur ${source} depuis ${time}`,
  'alerts.blind-note': ({ list }) => `Attention : ${list}. Les chiffres peuvent être trop bas.`,
  'alerts.no-brief': () =>
    'Les messages, les auteurs et les sources n’ont pas pu être réunis à temps : l’alerte est partie sans les attendre.',
  'alerts.others': ({ count }, f) =>
    Number(count) > 1 ? `Aussi dans cet incident (${f.number(Number(count))})` : 'Aussi dans cet incident',
  'alerts.other': ({ severity, title, scope, status, since }) =>
    `${status === 'resolved' ? 'Terminé' : severity} · ${title}${scope === '*' ? '' : ` (${scope})`}, depuis ${since}`,
  'alerts.rule': ({ rule, incident }) => `Règle ${rule} · incident ${incident}`,
  'alerts.sent-to': ({ receiver }) => `Envoyé par Vigie au destinataire « ${receiver} » de votre configuration.`,
  'alerts.open': () => 'Ouvrir Vigie',
};

const en: Readonly<Record<string, Sentence>> = {
  'alerts.severity': ({ severity }) => ({ critical: 'Critical', warning: 'Warning' })[String(severity)] ?? 'Info',
  'alerts.resolved': () => 'Resolved',
  'alerts.reminder': () => 'Reminder',
  'alerts.demo': () => 'Demo',
  'alerts.demo-note': () => 'Demonstration: these posts are made up or replayed, no crisis is under way.',
  'alerts.and': ({ a, b }) => `${a}, ${b}`,
  'alerts.colon': ({ a, b }) => `${a}: ${b}`,
  'alerts.in-window': ({ what, window }, f) => (window === '' ? `${what}` : `${what} in ${windowOf(window, f)}`),
  'alerts.times': ({ ratio }, f) => `×${ratioOf(Number(ratio), f)}`,
  'alerts.against-usual': ({ ratio, expected }, f) =>
    `${ratioOf(Number(ratio), f)} times the usual level (${f.number(Number(expected))})`,
  'alerts.against-none': () => 'usually next to nothing',
  'alerts.against': ({ expected }) => `usually ${expected}`,
  'alerts.against-limit': ({ expected }) => `the rule’s limit: ${expected}`,
  'alerts.against-reference': ({ expected }) => `against ${expected}`,
  'alerts.count': ({ measure, value }, f) => countOf(String(measure), Number(value), f, englishMeasures),
  'alerts.observed': () => 'Observed',
  'alerts.expected': ({ is }) => ({ limit: 'Limit', reference: 'Against' })[String(is)] ?? 'Usual',
  'alerts.window': () => 'Within',
  'alerts.negative-share': () => 'Negative, 1\u00a0h',
  'alerts.window-value': ({ window }, f) => windowOf(window, f),
  'alerts.share': ({ share }, f) => f.share(Number(share)),
  'alerts.since': ({ time, ago }, f) =>
    Number(ago) < 60_000 ? `Started just now, at ${time}.` : `Started at ${time}, ${f.duration(Number(ago))} ago.`,
  'alerts.lasted': ({ start, end, ms }, f) => `From ${start} to ${end}, ${f.duration(Number(ms))} in all.`,
  'alerts.over': ({ brand }) => `${brand} is back to normal`,
  'alerts.over-note': () => 'The reasons for the alert no longer hold.',
  'alerts.reminder-note': ({ ago }, f) => `Reminder: the alert has lasted ${f.duration(Number(ago))}.`,
  'alerts.pace-up': ({ recent, before }, f) =>
    `Speeding up: ${mentions(recent, f)} in the last 15 minutes, ${f.number(Number(before))} in the 15 before.`,
  'alerts.pace-new': ({ recent }, f) =>
    `Just starting: ${mentions(recent, f)} in the last 15 minutes, none in the 15 before.`,
  'alerts.pace-flat': ({ recent, before }, f) =>
    `Holding its pace: ${mentions(recent, f)} in the last 15 minutes, ${f.number(Number(before))} in the 15 before.`,
  'alerts.pace-down': ({ recent, before }, f) =>
    `Slowing down: ${mentions(recent, f)} in the last 15 minutes, ${f.number(Number(before))} in the 15 before.`,
  'alerts.pace-legend': ({ from, to }) => `From ${from} to ${to}, by 5 minutes. Red: negative mentions.`,
  'alerts.hour': ({ mentions: n, authors, reach, partial }, f) =>
    `Within an hour: ${mentions(n, f)}, ${Number(partial) ? 'at least ' : ''}${f.number(Number(authors))} ${f.plural(Number(authors), 'author', 'authors')}, potential reach ${f.number(Number(reach))} (sum of each author’s followers).`,
  'alerts.tone': ({ negative, positive, share }, f) =>
    `Tone: ${f.number(Number(negative))} negative (${f.share(Number(share))}), ${f.number(Number(positive))} positive.`,
  'alerts.to-read': () => 'To read',
  'alerts.first-post': () => 'First post',
  'alerts.spread-post': () => 'Most spread',
  'alerts.copies': ({ copies }, f) => `repeated ${f.number(Number(copies))} times`,
  'alerts.followers': ({ followers }, f) =>
    `${f.number(Number(followers))} ${f.plural(Number(followers), 'follower', 'followers')}`,
  'alerts.verified': () => 'verified account',
  'alerts.unknown-author': () => 'Unknown author',
  'alerts.network': ({ source }) => networkOf(String(source), englishNetworks),
  'alerts.open-post': ({ source }) =>
    Object.hasOwn(NETWORKS, String(source)) ? `Read on ${NETWORKS[String(source)]}` : 'Read the post',
  'alerts.sentiment': ({ label }) => String(label),
  'alerts.who': () => 'Who talks about it most',
  'alerts.posts-by': ({ posts }, f) => `${f.number(Number(posts))} ${f.plural(Number(posts), 'post', 'posts')}`,
  'alerts.where': () => 'Where, and in which words',
  'alerts.sources': () => 'Networks',
  'alerts.terms': () => 'Words',
  'alerts.why': () => 'Why this alert',
  'alerts.calm': () => 'What would calm it down',
  'alerts.without-three': ({ share, names, left }, f) =>
    `Without ${names}, ${mentions(left, f)} would be left of the hour: these three authors make up ${f.share(Number(share))}.`,
  'alerts.closes': () => 'The alert closes by itself once these reasons no longer hold. You will be told.',
  'alerts.closes-usual': ({ usual, window }, f) =>
    `The alert closes by itself once these reasons no longer hold (the usual level is ${usual} in ${windowOf(window, f)}). You will be told.`,
  'alerts.freshness': () => 'How fresh the sources are',
  'alerts.read-at': ({ source, time }) => `${source}: read at ${time}`,
  'alerts.never-read': ({ source }) => `${source}: not read yet`,
  'alerts.blind': ({ source, time }) => `blind on ${source} since ${time}`,
  'alerts.blind-note': ({ list }) => `Please note: ${list}. The figures may be too low.`,
  'alerts.no-brief': () => 'Posts, authors and sources could not be gathered in time: the alert went out without them.',
  'alerts.others': ({ count }, f) =>
    Number(count) > 1 ? `Also in this incident (${f.number(Number(count))})` : 'Also in this incident',
  'alerts.other': ({ severity, title, scope, status, since }) =>
    `${status === 'resolved' ? 'Resolved' : severity} · ${title}${scope === '*' ? '' : ` (${scope})`}, since ${since}`,
  'alerts.rule': ({ rule, incident }) => `Rule ${rule} · incident ${incident}`,
  'alerts.sent-to': ({ receiver }) => `Sent by Vigie to the receiver “${receiver}” of your configuration.`,
  'alerts.open': () => 'Open Vigie',
};

export const alerts: Dictionary = { fr: typographic(fr), en };

function windowOf(window: Values[string] | undefined, f: Format): string {
  const ms = parseDuration(String(window));
  return ms === undefined ? String(window) : f.duration(ms);
}

function ratioOf(ratio: number, f: Format): string {
  return f.number(ratio >= 10 ? Math.round(ratio) : Math.round(ratio * 10) / 10);
}

type Measure = (value: number, f: Format) => string;

const frenchMeasures: Readonly<Record<string, Measure>> = {
  mentions: counted('mention', 'mentions'),
  negative: counted('mention négative', 'mentions négatives'),
  positive: counted('mention positive', 'mentions positives'),
  neutral: counted('mention neutre', 'mentions neutres'),
  unsure: counted('mention au ton incertain', 'mentions au ton incertain'),
  negative_share: (value, f) => `${f.share(value)} de mentions négatives`,
  net_sentiment: (value, f) => `une tonalité nette de ${f.number(value)}`,
  authors: counted('auteur', 'auteurs'),
  negative_authors: counted('auteur mécontent', 'auteurs mécontents'),
  networks: counted('réseau', 'réseaux'),
  stories: counted('sujet', 'sujets'),
  reach: (value, f) => `une portée potentielle de ${f.number(value)}`,
  engagement: counted('réaction', 'réactions'),
  share_of_voice: (value, f) => `${f.share(value)} de part de voix`,
  growth: (value, f) => `une croissance de ${f.share(value)}`,
  minutes_since_last: (value, f) => `${f.duration(value * 60_000)} de silence`,
};

const englishMeasures: Readonly<Record<string, Measure>> = {
  mentions: counted('mention', 'mentions'),
  negative: counted('negative mention', 'negative mentions'),
  positive: counted('positive mention', 'positive mentions'),
  neutral: counted('neutral mention', 'neutral mentions'),
  unsure: counted('mention of unsure tone', 'mentions of unsure tone'),
  negative_share: (value, f) => `${f.share(value)} negative mentions`,
  net_sentiment: (value, f) => `a net sentiment of ${f.number(value)}`,
  authors: counted('author', 'authors'),
  negative_authors: counted('unhappy author', 'unhappy authors'),
  networks: counted('network', 'networks'),
  stories: counted('story', 'stories'),
  reach: (value, f) => `a potential reach of ${f.number(value)}`,
  engagement: counted('reaction', 'reactions'),
  share_of_voice: (value, f) => `${f.share(value)} share of voice`,
  growth: (value, f) => `a growth of ${f.share(value)}`,
  minutes_since_last: (value, f) => `${f.duration(value * 60_000)} of silence`,
};

const NETWORKS: Readonly<Record<string, string>> = {
  x: 'X',
  bluesky: 'Bluesky',
  mastodon: 'Mastodon',
  facebook: 'Facebook',
  instagram: 'Instagram',
  youtube: 'YouTube',
  linkedin: 'LinkedIn',
  tiktok: 'TikTok',
  reddit: 'Reddit',
};
const frenchNetworks: Readonly<Record<string, string>> = { press: 'presse', review: 'avis', reviews: 'avis' };
const englishNetworks: Readonly<Record<string, string>> = { review: 'reviews' };

/** A network's own name where it has one, the word of the language where it is a kind, else what it is called. */
function networkOf(source: string, kinds: Readonly<Record<string, string>>): string {
  const known = { ...NETWORKS, ...kinds };
  return Object.hasOwn(known, source) ? (known[source] as string) : source;
}

function counted(one: string, other: string): Measure {
  return (value, f) => `${f.number(value)} ${f.plural(value, one, other)}`;
}

/** A metric's value with its unit; one that has no words here (a KPI) is given by its name. */
function countOf(measure: string, value: number, f: Format, words: Readonly<Record<string, Measure>>): string {
  const known = words[measure];
  return known ? known(value, f) : `${measure.replace(/^kpi:/, '')} ${f.number(value)}`;
}

function mentions(count: Values[string] | undefined, f: Format): string {
  return `${f.number(Number(count))} ${f.plural(Number(count), 'mention', 'mentions')}`;
}

/** French puts spaces that do not break before double punctuation and inside quotes. */
function typographic(sentences: Readonly<Record<string, Sentence>>): Readonly<Record<string, Sentence>> {
  return Object.fromEntries(
    Object.entries(sentences).map(([key, sentence]): [string, Sentence] => [
      key,
      (values, format) =>
        sentence(values, format)
          .replace(/ ([:»])/g, '\u00a0$1')
          .replace(/« /g, '«\u00a0')
          .replace(/ ([;!?])/g, '\u202f$1'),
    ]),
  );
}
