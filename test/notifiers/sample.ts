/** A notification as the alert role makes it, with texts of our own. */
import type { Alert, Brief, EvidencePost, Notification } from '../../src/model/types.ts';

export const AT = Date.parse('2026-03-12T13:14:00Z');
const minutes = (n: number): number => n * 60_000;

export function sampleAlert(over: Partial<Alert> = {}): Alert {
  return {
    id: `bad-buzz:acme:*:${AT - minutes(12)}`,
    client: 'default',
    rule: 'bad-buzz',
    brand: 'acme',
    scope: '*',
    status: 'firing',
    severity: 'critical',
    labels: { team: 'press' },
    title: { fr: 'Bad buzz', en: 'Bad buzz' },
    summary: {
      fr: 'Une vidéo sur un yaourt périmé est reprise par des comptes très suivis.',
      en: 'A video of an out-of-date yoghurt is being shared by widely followed accounts.',
    },
    because: [],
    observed: 71,
    expected: 3.1,
    window: '15m',
    sequence: 2,
    at: AT,
    startsAt: AT - minutes(12),
    evidence: ['x:1', 'x:2', 'press:3'],
    ...over,
  };
}

export function samplePost(over: Partial<EvidencePost> = {}): EvidencePost {
  return {
    id: 'x:1',
    source: 'x',
    text: 'J’ai ouvert un yaourt Acme périmé depuis trois mois, acheté ce matin. Le magasin me rit au nez. #acme',
    at: AT - minutes(26),
    sentiment: 'negative',
    url: 'https://x.example/lea/status/1',
    author: { id: '1', handle: 'lea_m', name: 'Léa Martin', followers: 312, url: 'https://x.example/lea' },
    ...over,
  };
}

export function sampleBrief(over: Partial<Brief> = {}): Brief {
  const counts = [2, 1, 3, 2, 1, 2, 4, 6, 9, 15, 24, 32];
  return {
    brandName: 'Acme',
    client: 'default',
    from: AT - minutes(60),
    to: AT,
    mentions: 101,
    negative: 63,
    positive: 4,
    authors: 58,
    reach: 1_204_300,
    sources: [
      { value: 'x', count: 71 },
      { value: 'bluesky', count: 22 },
      { value: 'press', count: 8 },
    ],
    topAuthors: [
      {
        author: {
          id: '7',
          handle: 'conso_alerte',
          name: 'Conso Alerte',
          followers: 482_000,
          url: 'https://x.example/ca',
        },
        source: 'x',
        posts: 21,
      },
      {
        author: { id: '8', handle: 'jt20h', name: 'Le JT', followers: 690_400, verified: true },
        source: 'x',
        posts: 14,
      },
      { author: { id: '1', handle: 'lea_m', name: 'Léa Martin', followers: 312 }, source: 'x', posts: 11 },
    ],
    terms: [
      { value: 'yaourt', count: 64 },
      { value: 'périmé', count: 51 },
      { value: 'remboursement', count: 17 },
      { value: '#boycottacme', count: 12 },
    ],
    first: samplePost(),
    posts: [
      samplePost(),
      samplePost({
        id: 'x:2',
        text: 'Trois mois de retard sur la date, et personne ne répond chez Acme. On en parle ?',
        at: AT - minutes(9),
        url: 'https://x.example/ca/status/2',
        author: { id: '7', handle: 'conso_alerte', name: 'Conso Alerte', followers: 482_000, verified: true },
        copies: 34,
      }),
      samplePost({
        id: 'press:3',
        source: 'press',
        sentiment: 'neutral',
        text: 'Acme : un yaourt périmé vendu en magasin, la marque n’a pas encore réagi',
        at: AT - minutes(4),
        url: 'https://journal.example/acme-yaourt',
        author: { id: 'journal.example', name: 'Le Journal du matin' },
      }),
    ],
    freshness: [
      { source: 'x-search', lastReadAt: AT - minutes(1) },
      { source: 'press', lastReadAt: AT - minutes(4) },
      { source: 'bluesky', lastReadAt: AT - minutes(72), blindSince: AT - minutes(72) },
    ],
    topThreeShare: 0.455,
    pace: counts.map((count, i) => ({
      at: AT - minutes(60 - 5 * i),
      count,
      negative: Math.round(count * Math.min(0.8, 0.1 + i * 0.07)),
    })),
    ...over,
  };
}

export function sample(over: Partial<Notification> = {}): Notification {
  return {
    key: '9f2c41d07ab3e655/pr-team/1',
    reason: 'first',
    incident: '9f2c41d07ab3e655',
    receiver: 'pr-team',
    language: 'fr',
    timezone: 'Europe/Paris',
    demo: false,
    at: AT,
    brandName: 'Acme',
    alerts: [
      sampleAlert(),
      sampleAlert({
        id: `surge:acme:x:${AT}`,
        rule: 'surge',
        scope: 'x',
        severity: 'warning',
        title: { fr: 'Emballement sur un réseau', en: 'Surge on one network' },
        startsAt: AT - minutes(7),
      }),
    ],
    brief: sampleBrief(),
    ...over,
  };
}
