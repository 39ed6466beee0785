/** A server that holds a bad buzz of our own: fourteen calm days, then an hour of complaints, and the alert about them. */
import { newestFirst } from '../../src/model/ids.ts';
import type { Alert, Mention } from '../../src/model/types.ts';
import { alertOf, brandOf, mentionOf, openWorld, type World } from '../api/support.ts';
import type { ServerOptions } from '../../src/api/server.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const ALERT_TITLE = 'Bad buzz';
export const CLIENT = 'maison';

export function complaint(id: string, at: number, text: string, changes: Partial<Mention> = {}): Mention {
  return mentionOf(id, {
    client: CLIENT,
    brand: 'brume',
    at,
    text,
    author: { id, handle: `h-${id.replace(/\W/g, '')}`, name: `Personne ${id.slice(-3)}`, followers: 120 },
    url: 'https://social.example/post',
    engagement: { likes: 3, reposts: 2 },
    sentiment: { label: 'negative', score: -0.8, confidence: 0.9, unsure: false, words: ['cassée', 'honte'] },
    ...changes,
  });
}

/** What is watched: a brand and a competitor, invented. */
export const BRANDS = [
  brandOf('brume', { client: CLIENT, name: 'Brume', competitors: ['rosee'] }),
  brandOf('rosee', { client: CLIENT, name: 'Rosée', role: 'competitor' }),
];

export interface Seeded extends World {
  readonly now: number;
  readonly alert: Alert;
}

export async function openSeeded(options: Partial<ServerOptions> = {}, { empty = false } = {}): Promise<Seeded> {
  // On the wall clock: the page asks for periods up to now.
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  const world = await openWorld({
    brands: BRANDS,
    now: () => Date.now(),
    signIn: true,
    demo: true,
    sources: () => [
      {
        name: 'presse',
        type: 'feed',
        startedAt: now - DAY,
        lastReadAt: now - MINUTE,
        lastItemAt: now - HOUR,
        ended: false,
        items: 41,
        quarantined: 0,
      },
      {
        name: 'reseaux',
        type: 'webhook',
        startedAt: now - DAY,
        lastReadAt: now - 3 * HOUR,
        blindSince: now - 3 * HOUR,
        error: 'HTTP 503',
        ended: false,
        items: 1_204,
        quarantined: 2,
      },
    ],
    ...options,
  });
  const startsAt = now - 40 * MINUTE;
  const first = complaint(
    'x:buzz-0',
    startsAt - 5 * MINUTE,
    'La bouilloire Brume cassée au bout de deux jours, une honte.',
  );
  const alert = alertOf(startsAt, {
    client: CLIENT,
    brand: 'brume',
    severity: 'critical',
    title: { fr: ALERT_TITLE, en: ALERT_TITLE },
    summary: { fr: '30 mentions négatives en 1 h.', en: '30 negative mentions in 1 h.' },
    because: [{ key: 'because.learning', values: {} }],
    observed: 30,
    expected: 1.5,
    window: '1h',
    sequence: 2,
    evidence: [first.id, 'x:buzz-1', 'x:gone'],
  });
  if (!empty) {
    const mentions: Mention[] = [first];
    for (let i = 1; i < 30; i++)
      mentions.push(
        complaint(
          `x:buzz-${i}`,
          startsAt + i * MINUTE,
          `Bouilloire Brume n° ${i} cassée, et le service client ne répond pas.`,
        ),
      );
    for (let hour = 1; hour < 14 * 24; hour++) {
      const at = now - hour * HOUR;
      mentions.push(
        mentionOf(`press:calm-${hour}`, {
          client: CLIENT,
          brand: 'brume',
          at,
          source: 'press',
          text: `Brume, au fil des heures (${hour})`,
          title: 'Une maison tranquille',
        }),
        mentionOf(`x:other-${hour}`, {
          client: CLIENT,
          brand: 'rosee',
          at,
          text: 'Rosée',
          sentiment: { label: 'positive', score: 0.6, confidence: 0.9, unsure: false, words: ['belle'] },
        }),
      );
    }
    await world.store.put(mentions);
    const { sequence: _, ...step } = { ...alert, sequence: 0 };
    const history = [
      { sequence: 1, status: step.status, severity: 'warning', at: startsAt, observed: 8, expected: 1.5 },
      {
        sequence: 2,
        status: step.status,
        severity: 'critical',
        at: startsAt + 10 * MINUTE,
        observed: 30,
        expected: 1.5,
      },
    ];
    await world.desk.put(CLIENT, 'alert', newestFirst(startsAt, alert.id), { alert, history }, undefined);
  }
  return { ...world, now, alert, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}
