/**
 * The demonstration: a fictional dairy and its two competitors, fourteen quiet days, then a bad buzz that starts small on one
 * network and spreads. Everything is invented; the same seed and start give the same posts.
 */
import { type Random, seededRandom } from '../lib/random.ts';
import type { Millis, UnstampedPost } from '../model/types.ts';
import { type Phrase, phrases } from './phrases.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Days of history before the demonstration's clock begins to run. */
const QUIET_DAYS = 14;
/** How long the demonstration runs, in its own time. */
const RUN_MS = 6 * HOUR;
/** The first post of the bad buzz, after the start. */
const CRISIS_AFTER_MS = 14 * MINUTE;

export interface Scenario {
  /** A configuration file for it. */
  readonly config: string;
  /** In the order of their observation. */
  readonly posts: readonly UnstampedPost[];
  /** From here on the time passes as people watch. */
  readonly pacedFrom: Millis;
}

export const DEMO_CONFIG = `language: fr
timezone: Europe/Paris
brands:
  - id: solenval
    name: Solenval
    query: 'solenval OR #solenval OR "p''tit solen"'
    languages: [fr, en]
    own: { x: [solenval_fr], bluesky: [solenval.example] }
    competitors: [montclairet, aubrelle]
  - { id: montclairet, name: Montclairet, query: 'montclairet', languages: [fr, en], role: competitor }
  - { id: aubrelle, name: Ferme d’Aubrelle, query: 'aubrelle', languages: [fr, en], role: competitor }
receivers:
  - { name: demonstration, console: {}, email: { to: [communication@solenval.example] } }
route: { receiver: demonstration }
`;

/** Mentions an hour on an ordinary day, by brand. */
const RATES = [
  ['solenval', 7],
  ['montclairet', 5],
  ['aubrelle', 3],
] as const;

/** Share of the day's mentions by hour, Paris time, 1 on average. */
const DAYTIME = [
  0.3, 0.2, 0.1, 0.1, 0.1, 0.3, 0.6, 1, 1.2, 1.2, 1.2, 1.3, 1.5, 1.4, 1.2, 1.1, 1.1, 1.3, 1.6, 1.8, 1.9, 1.7, 1.2, 0.6,
];

/** Makes the posts of a demonstration that begins at `start`. */
export function demoScenario(start: Millis, seed = 7): Scenario {
  const random = seededRandom(seed);
  const posts = [
    ...ordinaryDays(random, start),
    ...falseTrail(random, start),
    ...crisis(random, start + CRISIS_AFTER_MS),
  ];
  posts.sort((a, b) => observed(a) - observed(b) || (a.id < b.id ? -1 : 1));
  return { config: DEMO_CONFIG, posts, pacedFrom: start };
}

function observed(post: UnstampedPost): Millis {
  return post.observedAt ?? post.publishedAt ?? 0;
}

/** Ordinary talk is even: people write all day, and no two hours of one day are far apart. */
function* ordinaryDays(random: Random, start: Millis): Generator<UnstampedPost> {
  const owed = new Map<string, number>();
  const written = new Map<string, number>();
  for (let at = start - QUIET_DAYS * DAY; at < start + RUN_MS; at += 10 * MINUTE) {
    const hour = (new Date(at).getUTCHours() + 1) % 24;
    for (const [brand, rate] of RATES) {
      const due = (owed.get(brand) ?? 0.5) + (rate / 6) * (DAYTIME[hour] ?? 1);
      const count = Math.floor(due);
      for (let i = 0; i < count; i++) {
        const n = (written.get(brand) ?? 0) + 1;
        written.set(brand, n);
        const part = (i + 0.2 + 0.6 * random.next()) / count;
        yield post(random, phraseFor(brand, n), brand, at + Math.floor(part * 10 * MINUTE));
      }
      owed.set(brand, due - count);
    }
  }
  for (let day = 1; day <= QUIET_DAYS; day += 3) {
    yield {
      ...post(random, phrases.own, 'solenval', start - day * DAY + HOUR),
      source: 'x',
      author: SOLENVAL,
    };
  }
}

const SOLENVAL = { id: 'solenval_fr', handle: 'solenval_fr', name: 'Solenval', followers: 48_200, verified: true };

/** The moods take turns: one in ten complains, whoever writes. */
function phraseFor(brand: string, n: number): readonly Phrase[] {
  if (n % 12 === 7) return phrases.review;
  if (n % 10 === 3) return phrases.negative;
  if (n % 3 === 0) return phrases.positive;
  return brand === 'solenval' && n % 150 === 1 ? phrases.press : phrases.neutral;
}

/** The evening before, a competition makes many people write at once: loud, cheerful, and no reason to alert. */
function* falseTrail(random: Random, start: Millis): Generator<UnstampedPost> {
  const at = start - 26 * HOUR;
  for (let i = 0; i < 22; i++) yield post(random, phrases.contest, 'montclairet', at + random.between(0, 90 * MINUTE));
}

interface Wave {
  readonly source: string;
  readonly phrases: readonly Phrase[];
  /** After the first post. */
  readonly fromMs: Millis;
  readonly toMs: Millis;
  readonly posts: number;
}

/** One network, then the next: each begins later and louder, and ebbs away. */
const WAVES: readonly Wave[] = [
  { source: 'bluesky', phrases: phrases.crisis, fromMs: 2 * MINUTE, toMs: 40 * MINUTE, posts: 34 },
  { source: 'x', phrases: phrases.crisis, fromMs: 12 * MINUTE, toMs: 110 * MINUTE, posts: 150 },
  { source: 'forum', phrases: phrases.crisisForum, fromMs: 25 * MINUTE, toMs: 170 * MINUTE, posts: 32 },
  { source: 'reviews', phrases: phrases.crisisReview, fromMs: 35 * MINUTE, toMs: 200 * MINUTE, posts: 22 },
  { source: 'press', phrases: phrases.crisisPress, fromMs: 48 * MINUTE, toMs: 190 * MINUTE, posts: 14 },
  { source: 'x', phrases: phrases.crisisEnglish, fromMs: 60 * MINUTE, toMs: 180 * MINUTE, posts: 40 },
];

function* crisis(random: Random, at: Millis): Generator<UnstampedPost> {
  const first: UnstampedPost = {
    id: 'bluesky:did:plc:demo-lea/3lfirst',
    source: 'bluesky',
    op: 'create',
    lang: 'fr',
    text: 'Un morceau de plastique tranchant dans le yaourt P’tit Solen de ma fille. Elle saigne. @solenval vous attendez quoi pour réagir ? C’est dangereux. #solenval',
    publishedAt: at,
    author: { id: 'did:plc:demo-lea', handle: 'lea-m.example', name: 'Léa M.', followers: 840 },
    url: 'https://social.example/lea-m/3lfirst',
  };
  yield first;
  const reposted: string[] = [first.id];
  for (const wave of WAVES) {
    for (let i = 0; i < wave.posts; i++) {
      // Squaring puts most of a wave into its first half: a steep rise and a long tail.
      const when = at + wave.fromMs + Math.floor(random.next() ** 2 * (wave.toMs - wave.fromMs));
      const made = { ...post(random, wave.phrases, 'solenval', when), source: wave.source };
      const id = `${wave.source}:${made.id.slice(made.id.indexOf(':') + 1)}`;
      const repost = (wave.source === 'x' || wave.source === 'bluesky') && random.next() < 0.2;
      yield { ...made, id, ...(repost ? { refs: { repostOf: first.id }, text: first.text } : {}) };
      if (random.next() < 0.02) reposted.push(id);
    }
  }
  yield {
    ...post(random, phrases.answer, 'solenval', at + 75 * MINUTE),
    source: 'x',
    author: SOLENVAL,
  };
  const deleted = reposted[1];
  if (deleted !== undefined)
    yield { id: deleted, source: deleted.split(':')[0] ?? 'x', op: 'delete', text: '', observedAt: at + 4 * HOUR };
}

function post(random: Random, from: readonly Phrase[], brand: string, at: Millis): UnstampedPost {
  const phrase = random.pick(from as readonly [Phrase, ...Phrase[]]);
  const source = phrase.source ?? random.pick(['x', 'x', 'bluesky', 'forum', 'instagram'] as const);
  const who = random.between(1, 4_000);
  const name = `${random.pick(FIRST)} ${random.pick(LAST)}`;
  const followers = Math.round(10 ** (1 + random.next() * 2.6)) * (phrase.reach ?? 1);
  const native = `demo-${at.toString(36)}-${random.between(0, 1_679_615).toString(36)}`;
  return {
    id: `${source}:${native}`,
    source,
    op: 'create',
    lang: phrase.lang ?? 'fr',
    text: fill(random, phrase.text, brand),
    ...(phrase.title === undefined ? {} : { title: fill(random, phrase.title, brand) }),
    ...(phrase.rating === undefined ? {} : { rating: phrase.rating }),
    publishedAt: at,
    url: `https://${source}.example/${native}`,
    author: phrase.medium
      ? { id: phrase.medium, name: phrase.medium, followers }
      : { id: `demo-${who}`, handle: `${name.toLowerCase().replace(/[^a-z]+/g, '_')}${who}`, name, followers },
    engagement: { likes: random.poisson(3), reposts: random.poisson(0.6), replies: random.poisson(0.8) },
  };
}

const NAMES: Readonly<Record<string, string>> = {
  solenval: 'Solenval',
  montclairet: 'Montclairet',
  aubrelle: 'Ferme d’Aubrelle',
};
const FIRST = [
  'Camille',
  'Nadia',
  'Hugo',
  'Inès',
  'Marc',
  'Sofia',
  'Yanis',
  'Claire',
  'Paul',
  'Maud',
  'Karim',
  'Élise',
  'Tom',
  'Jeanne',
] as const;
const LAST = ['R.', 'B.', 'Lemoine', 'Diallo', 'Petit', 'Garnier', 'K.', 'Moreau', 'Faure', 'N.', 'Blanchet'] as const;
const TASTES = ['vanille', 'citron', 'framboise', 'nature', 'châtaigne', 'abricot', 'coco', 'fraise'] as const;
const TOWNS = ['Nantes', 'Lille', 'Rennes', 'Grenoble', 'Tours', 'Dijon', 'Brest', 'Pau'] as const;

/** `{b}` the brand, `{t}` a taste, `{v}` a town, `{n}` a small number. */
function fill(random: Random, text: string, brand: string): string {
  return text
    .replaceAll('{b}', NAMES[brand] ?? brand)
    .replaceAll('{t}', random.pick(TASTES))
    .replaceAll('{v}', random.pick(TOWNS))
    .replaceAll('{n}', String(random.between(2, 9)));
}
