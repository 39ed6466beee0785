import { describe, expect, it } from 'vitest';
import type { Notification } from '../../src/model/types.ts';
import { htmlOf } from '../../src/notifiers/mail/html.ts';
import { clean, cut, subjectOf } from '../../src/notifiers/mail/subject.ts';
import { textOf } from '../../src/notifiers/mail/text.ts';
import { mailView } from '../../src/notifiers/mail/view.ts';
import { AT, sample, sampleAlert, sampleBrief, samplePost } from './sample.ts';

/** Both parts of a mail as a reader sees them: spaces that do not break are spaces. */
function parts(notification: Notification): { readonly text: string; readonly html: string; readonly seen: string } {
  const view = mailView(notification);
  const plain = (s: string): string => s.replace(/[\u00a0\u202f]/g, ' ');
  const html = htmlOf(view);
  const seen = html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
  return { text: plain(textOf(view)), html: plain(html), seen: plain(seen) };
}

function plainSubject(notification: Notification): string {
  return subjectOf(notification).replace(/[\u00a0\u202f]/g, ' ');
}

describe('the subject', () => {
  it.each([
    [{}, '[Critique] Acme : 71 mentions en 15 min (×23), bad buzz'],
    [{ language: 'en' }, '[Critical] Acme: 71 mentions in 15 min (×23), bad buzz'],
    [{ demo: true }, '[Démo] [Critique] Acme : 71 mentions en 15 min (×23), bad buzz'],
    [{ reason: 'repeat' }, '[Rappel · Critique] Acme : 71 mentions en 15 min (×23), bad buzz'],
    [{ reason: 'resolved' }, '[Terminé] Acme : bad buzz'],
    [{ reason: 'resolved', language: 'en' }, '[Resolved] Acme: bad buzz'],
    [
      { alerts: [sampleAlert({ measure: 'negative_share', observed: 0.62, expected: 0.1, severity: 'warning' })] },
      '[Alerte] Acme : 62 % de mentions négatives en 15 min (×6,2), bad buzz',
    ],
    [
      { alerts: [sampleAlert({ measure: 'negative_authors', observed: 12, expected: 0, window: '1h' })] },
      '[Critique] Acme : 12 auteurs mécontents en 1 h, bad buzz',
    ],
    [
      { alerts: [sampleAlert({ measure: 'kpi:calls', observed: 7, title: { fr: 'SAV débordé' } })], language: 'en' },
      '[Critical] Acme: calls 7 in 15 min (×2.3), SAV débordé',
    ],
    [
      {
        alerts: [
          sampleAlert({ measure: 'negative_authors', observed: 12, expected: 10, expectedIs: 'limit', window: '' }),
        ],
      },
      '[Critique] Acme : 12 auteurs mécontents, bad buzz',
    ],
    [
      { alerts: [sampleAlert({ title: { fr: 'Bad buzz : Acme' } })] },
      '[Critique] Acme : 71 mentions en 15 min (×23), bad buzz',
    ],
    [{ alerts: [sampleAlert({ title: {} })] }, '[Critique] Acme : 71 mentions en 15 min (×23), bad-buzz'],
  ] as const)('%# %o', (over, subject) => {
    expect(plainSubject(sample(over as Partial<Notification>))).toBe(subject);
  });

  it('is never longer than 90 characters and tears no letter apart', () => {
    const subject = subjectOf(sample({ brandName: '👩‍👩‍👧‍👦'.repeat(20) }));
    expect(subject.length).toBeLessThanOrEqual(90);
    expect(subject.isWellFormed()).toBe(true);
    expect(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 14)).toBe('👩‍👩‍👧‍👦…');
  });
});

describe('the mail', () => {
  it('says what PR people expect, in text and in HTML', () => {
    const { text, seen } = parts(sample());
    for (const fact of [
      'Acme',
      '71 mentions en 15 min',
      '23 fois plus que d’habitude (3,1)',
      'Une vidéo sur un yaourt périmé',
      'Commencé à 14:02, il y a 12 min.',
      'Ça accélère : 71 mentions sur les 15 dernières minutes, 19 sur les 15 précédentes.',
      '101 mentions, 58 auteurs, portée potentielle 1 204 300',
      '63 négatives (62 %), 4 positives',
      'Négatif',
      'Premier message',
      'Léa Martin',
      '312 abonnés',
      'acheté ce matin',
      'Le plus relayé',
      'repris 34 fois',
      'compte vérifié',
      'Le Journal du matin',
      '21 messages',
      'X (71), Bluesky (22), presse (8)',
      'yaourt (64)',
      'Sans Conso Alerte, Le JT, Léa Martin, il resterait 55 mentions',
      'L’alerte se refermera d’elle-même quand ces raisons ne tiendront plus',
      'Emballement sur un réseau (x), depuis 14:07',
      'aveugle sur bluesky depuis 13:02',
      'press : lue à 14:10',
      'Règle bad-buzz · incident 9f2c41d07ab3e655',
    ]) {
      expect(text).toContain(fact);
      expect(seen).toContain(fact);
    }
    for (const url of ['https://x.example/lea/status/1', 'https://journal.example/acme-yaourt', 'https://x.example/ca'])
      expect(text).toContain(url);
  });

  it('says the same in English', () => {
    const { text, seen } = parts(sample({ language: 'en-GB' }));
    for (const fact of [
      '71 mentions in 15 min',
      '23 times the usual level (3.1)',
      'Started at 14:02, 12 min ago.',
      'Speeding up',
      'potential reach 1,204,300',
      'First post',
      'Without Conso Alerte, Le JT, Léa Martin, 55 mentions would be left',
      'blind on bluesky since 13:02',
      'Rule bad-buzz',
    ]) {
      expect(text).toContain(fact);
      expect(seen).toContain(fact);
    }
    expect(text).not.toMatch(/ :/);
  });

  it('does not call a rule’s limit the usual level', () => {
    const alert = sampleAlert({
      measure: 'negative_authors',
      observed: 12,
      expected: 10,
      expectedIs: 'limit',
      window: '1h',
    });
    const { text, seen } = parts(sample({ alerts: [alert] }));
    for (const part of [text, seen]) {
      expect(part).toContain('seuil de la règle : 10 auteurs mécontents');
      expect(part).not.toMatch(/habitude|Habituel/);
    }
  });

  it('gives the reasons in words', () => {
    const because = [{ key: 'alerts.without-three', values: { share: 0.5, names: 'x', left: 3 } }];
    const { text, seen } = parts(sample({ alerts: [sampleAlert({ because })] }));
    expect(text).toContain('il resterait 3 mentions');
    expect(seen).toContain('il resterait 3 mentions');
  });

  it('says so when the facts could not be gathered, and still says the alert', () => {
    const { brief: _, ...bare } = sample();
    const { text, seen } = parts(bare);
    for (const part of [text, seen]) {
      expect(part).toContain('n’ont pas pu être réunis à temps');
      expect(part).toContain('71 mentions en 15 min');
      expect(part).not.toContain('À lire');
      expect(part).not.toMatch(/undefined|NaN/);
    }
  });

  it('says the end as an end', () => {
    const alert = sampleAlert({ status: 'resolved', endsAt: AT + 3 * 3_600_000 });
    const { text, seen } = parts(sample({ reason: 'resolved', alerts: [alert], at: AT + 4 * 3_600_000 }));
    for (const part of [text, seen]) {
      expect(part).toContain('Retour au calme pour Acme');
      expect(part).toContain('De 14:02 à 17:14, soit 3 h 12.');
      expect(part).not.toContain('Ce qui la calmerait');
    }
  });

  it('is labelled in the demonstration, in subject and both parts', () => {
    const { text, seen } = parts(sample({ demo: true }));
    for (const part of [text, seen]) expect(part).toContain('aucune crise n’est en cours');
    expect(parts(sample()).seen).not.toContain('Démonstration');
  });

  it('has a button only where the pages have an address', () => {
    expect(parts(sample()).html).not.toContain('Ouvrir Vigie');
    const { html, text } = parts(sample({ publicUrl: 'https://vigie.example.org' }));
    expect(html).toContain('href="https://vigie.example.org/"');
    expect(text).toContain('https://vigie.example.org/');
  });

  it('escapes everything that people wrote, and links to the web alone', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&\u202e\u0000\r\n<script>';
    const url = 'javascript:alert(1)';
    const author = { id: evil, name: evil, handle: evil, url };
    const post = samplePost({ text: evil, url, author, source: evil });
    const { html, text } = parts(
      sample({
        brandName: evil,
        receiver: evil,
        alerts: [
          sampleAlert({ title: { fr: evil }, summary: { fr: evil }, rule: evil, because: [{ key: evil, values: {} }] }),
          sampleAlert({ scope: evil, title: { fr: evil } }),
        ],
        brief: sampleBrief({
          first: post,
          posts: [post, samplePost({ id: 'x:9', url: 'data:text/html,x' })],
          topAuthors: [{ author, source: evil, posts: 3 }],
          terms: [{ value: evil, count: 1 }],
          sources: [{ value: evil, count: 1 }],
          freshness: [{ source: evil, blindSince: AT }],
        }),
        publicUrl: url,
      }),
    );
    expect(html).not.toMatch(/<img|<script|onerror=alert\(1\)>"/);
    expect(html).not.toContain('javascript:');
    expect(html).not.toContain('data:text');
    for (const character of ['\u202e', '\u0000']) expect(html + text).not.toContain(character);
    expect(clean('54\u00a0%  de\n\n45\u202f331\u00a0\u00a0x')).toBe('54\u00a0% de 45\u202f331 x');
    expect(clean(evil)).toBe('<img src=x onerror=alert(1)>"\'& <script>');
  });

  it('loads nothing from anywhere', () => {
    const { html } = parts(sample({ publicUrl: 'https://vigie.example.org' }));
    expect(html).not.toMatch(/<(img|link|script|iframe|object|form)|url\(|@import|srcset|background=/i);
  });

  it('shows times of other days with their date', () => {
    const { text } = parts(sample({ alerts: [sampleAlert({ startsAt: AT - 30 * 3_600_000 })] }));
    expect(text).toContain('Commencé à 11 mars, 08:14');
  });
});
