import type { Dictionary, Format, Sentence } from './language.ts';

type Values = Parameters<Sentence>[0];

/** Less than this rounds to none. */
const LEAST_TOLD = 0.05;
/** No-break spaces, as French wants them: a narrow one before `;`, a full one before `:` and `%`. */
const THIN = '\u202f';
const SPACE = '\u00a0';

export const detectors: Dictionary = {
  fr: {
    'detectors.spike.open': (v, f) => `${levelFr(v, f, false)}${rareFr(v, f)}.${learningFr(v, f)}`,
    'detectors.spike.update': (v, f) => `La hausse s’amplifie${SPACE}: ${levelFr(v, f, false)}.`,
    'detectors.spike.close': (v, f) => `${overFr(v, f)}${SPACE}: au plus fort, ${levelFr(v, f, false)}.`,
    'detectors.negative-surge.open': (v, f) =>
      `${levelFr(v, f, true)}${shareFr(v, f)}${rareFr(v, f)}.${learningFr(v, f)}`,
    'detectors.negative-surge.update': (v, f) =>
      `La vague négative s’amplifie${SPACE}: ${levelFr(v, f, true)}${shareFr(v, f)}.`,
    'detectors.negative-surge.close': (v, f) =>
      `${overFr(v, f)}${SPACE}: au plus fort, ${levelFr(v, f, true)}${shareFr(v, f)}.`,
    'detectors.copy-paste.open': (v, f) => `${copiesFr(v, f)}.`,
    'detectors.copy-paste.update': (v, f) => `Le texte se répand${SPACE}: ${copiesFr(v, f)}.`,
    'detectors.copy-paste.close': (v, f) => `Le texte ne circule plus${SPACE}; en tout, ${copiesFr(v, f)}.`,
    'detectors.emerging-term.open': (v, f) => `${termFr(v, f)}${chanceFr(v, f)}.${learningFr(v, f)}`,
    'detectors.emerging-term.update': (v, f) => `De plus en plus de monde${SPACE}: ${termFr(v, f)}.`,
    'detectors.emerging-term.close': (v, f) => `On n’en parle presque plus${SPACE}; au plus fort, ${termFr(v, f)}.`,
  },
  en: {
    'detectors.spike.open': (v, f) => `${levelEn(v, f, false)}${rareEn(v, f)}.${learningEn(v, f)}`,
    'detectors.spike.update': (v, f) => `Still growing: ${levelEn(v, f, false)}.`,
    'detectors.spike.close': (v, f) => `${overEn(v, f)}: ${levelEn(v, f, false)} at its height.`,
    'detectors.negative-surge.open': (v, f) =>
      `${levelEn(v, f, true)}${shareEn(v, f)}${rareEn(v, f)}.${learningEn(v, f)}`,
    'detectors.negative-surge.update': (v, f) =>
      `The negative wave is growing: ${levelEn(v, f, true)}${shareEn(v, f)}.`,
    'detectors.negative-surge.close': (v, f) =>
      `${overEn(v, f)}: ${levelEn(v, f, true)}${shareEn(v, f)} at its height.`,
    'detectors.copy-paste.open': (v, f) => `${copiesEn(v, f)}.`,
    'detectors.copy-paste.update': (v, f) => `The text is spreading: ${copiesEn(v, f)}.`,
    'detectors.copy-paste.close': (v, f) => `The text has stopped going round; in all, ${copiesEn(v, f)}.`,
    'detectors.emerging-term.open': (v, f) => `${termEn(v, f)}${chanceEn(v, f)}.${learningEn(v, f)}`,
    'detectors.emerging-term.update': (v, f) => `More and more people: ${termEn(v, f)}.`,
    'detectors.emerging-term.close': (v, f) => `Hardly spoken of any more; at its height, ${termEn(v, f)}.`,
  },
};

function levelFr(v: Values, f: Format, negative: boolean): string {
  const observed = number(v, 'observed');
  const what = negative
    ? f.plural(observed, 'mention négative', 'mentions négatives')
    : f.plural(observed, 'mention', 'mentions');
  return `${f.number(observed)} ${what}${on(v, ' sur ')} en ${f.duration(number(v, 'spanMs'))}, ${awaitedFr(number(v, 'expected'), f)}${hourly(v) ? ' à cette heure' : ''}`;
}

function levelEn(v: Values, f: Format, negative: boolean): string {
  const observed = number(v, 'observed');
  const what = `${negative ? 'negative ' : ''}${f.plural(observed, 'mention', 'mentions')}`;
  return `${f.number(observed)} ${what}${on(v, ' on ')} in ${f.duration(number(v, 'spanMs'))}, ${awaitedEn(number(v, 'expected'), f)}${hourly(v) ? ' at this hour' : ''}`;
}

/** Topics that are not words of the text, as people call them. */
const TOPICS: Readonly<Record<string, readonly [fr: string, en: string]>> = {
  delay: ['les retards et l’attente', 'delays and waiting'],
  cancellation: ['les annulations', 'cancellations'],
  lost: ['les objets et colis perdus', 'lost items and parcels'],
  refund: ['les remboursements', 'refunds'],
  price: ['les prix', 'prices'],
  staff: ['le personnel', 'the staff'],
  support: ['le service client', 'customer service'],
  queue: ['les files d’attente', 'queues'],
  booking: ['les réservations et les commandes', 'bookings and orders'],
  outage: ['les pannes', 'outages'],
  quality: ['la qualité et la propreté', 'quality and cleanliness'],
  health: ['la santé', 'health'],
  safety: ['la sécurité des personnes', 'safety'],
  privacy: ['les données et les arnaques', 'data and scams'],
  ethics: ['l’éthique et la justice', 'ethics and justice'],
};

function copiesFr(v: Values, f: Format): string {
  const together =
    number(v, 'coordinated') === 1 ? `, dont ${f.number(number(v, 'together'))} en quelques secondes` : '';
  return `${f.number(number(v, 'observed'))} auteurs publient presque le même texte (${f.number(number(v, 'mentions'))} mentions)${together}`;
}

function copiesEn(v: Values, f: Format): string {
  const together = number(v, 'coordinated') === 1 ? `, ${f.number(number(v, 'together'))} of them within seconds` : '';
  return `${f.number(number(v, 'observed'))} authors post nearly the same text (${f.number(number(v, 'mentions'))} mentions)${together}`;
}

function termFr(v: Values, f: Format): string {
  const observed = number(v, 'observed');
  return `${f.number(observed)} ${f.plural(observed, 'auteur', 'auteurs')} en ${f.duration(number(v, 'spanMs'))} ${topic(v) ? f.plural(observed, 'évoque', 'évoquent') : f.plural(observed, 'emploie', 'emploient')} ${said(v, 'fr')}, ${awaitedFr(number(v, 'expected'), f)}`;
}

function termEn(v: Values, f: Format): string {
  const observed = number(v, 'observed');
  return `${f.number(observed)} ${f.plural(observed, 'author', 'authors')} in ${f.duration(number(v, 'spanMs'))} ${topic(v) ? 'speak of' : 'use'} ${said(v, 'en')}, ${awaitedEn(number(v, 'expected'), f)}`;
}

/** The word with what it comes with, or the topic. */
function said(v: Values, language: 'fr' | 'en'): string {
  const name = topic(v);
  const others = String(v['with'] ?? '');
  const quote = (word: string): string => (language === 'fr' ? `«${SPACE}${word}${SPACE}»` : `“${word}”`);
  const what = name ? (TOPICS[name]?.[language === 'fr' ? 0 : 1] ?? name) : quote(String(v['term'] ?? ''));
  if (others === '') return what;
  return language === 'fr' ? `${what} (avec ${others})` : `${what} (with ${others})`;
}

function topic(v: Values): string | undefined {
  const term = String(v['term'] ?? '');
  return term.startsWith('topic:') ? term.slice('topic:'.length) : undefined;
}

function chanceFr(v: Values, f: Format): string {
  return `${THIN}; le hasard fait cela moins d’une fois en ${f.number(chanceDays(v))} jours`;
}

function chanceEn(v: Values, f: Format): string {
  return `; chance does this less than once in ${f.number(chanceDays(v))} days`;
}

/** Days in which chance brings it once; nobody can know that of years. */
function chanceDays(v: Values): number {
  return Math.min(1000, Math.max(1, Math.floor(1 / Math.max(number(v, 'perDay'), 1e-9))));
}

function awaitedFr(expected: number, f: Format): string {
  return expected < LEAST_TOLD
    ? 'presque aucune attendue'
    : `${f.number(expected)} ${f.plural(expected, 'attendue', 'attendues')}`;
}

function awaitedEn(expected: number, f: Format): string {
  return `${expected < LEAST_TOLD ? 'hardly any' : f.number(expected)} expected`;
}

function rareFr(v: Values, f: Format): string {
  return `${THIN}; c’est plus que dans ${f.number(calmerPercent(v))}${SPACE}% des moments passés`;
}

function rareEn(v: Values, f: Format): string {
  return `; that is more than in ${f.number(calmerPercent(v))}% of past moments`;
}

function shareFr(v: Values, f: Format): string {
  return v['share'] === undefined ? '' : `, soit ${f.share(number(v, 'share'))} des mentions`;
}

function shareEn(v: Values, f: Format): string {
  return v['share'] === undefined ? '' : `, ${f.share(number(v, 'share'))} of all mentions`;
}

function learningFr(v: Values, f: Format): string {
  if (number(v, 'learning') === 0) return '';
  return ` Vigie apprend encore ce qui est habituel ici (${f.duration(number(v, 'ageHours') * 3_600_000)} d’historique).`;
}

function learningEn(v: Values, f: Format): string {
  if (number(v, 'learning') === 0) return '';
  return ` Vigie is still learning what is usual here (${f.duration(number(v, 'ageHours') * 3_600_000)} of history).`;
}

function overFr(v: Values, f: Format): string {
  return `Retour à la normale après ${f.duration(number(v, 'lastedMs'))}`;
}

function overEn(v: Values, f: Format): string {
  return `Back to normal after ${f.duration(number(v, 'lastedMs'))}`;
}

/** The network, where it is one and not the brand as a whole. */
function on(v: Values, word: string): string {
  const scope = String(v['scope'] ?? '*');
  return scope === '*' ? '' : `${word}${scope}`;
}

/** Whether what is expected follows the hour of the day. */
function hourly(v: Values): boolean {
  return number(v, 'hourly') === 1;
}

/** How many percent of past moments were calmer: never 100, which nobody can know. */
function calmerPercent(v: Values): number {
  return Math.min(99.9, Math.floor((1 - 10 ** -number(v, 'rarity')) * 1000) / 10);
}

function number(v: Values, name: string): number {
  return Number(v[name] ?? 0);
}
