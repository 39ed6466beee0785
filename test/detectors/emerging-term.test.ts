import { describe, expect, it } from 'vitest';
import { emergingTerm } from '../../src/detectors/emerging-term.ts';
import { featuresOf, ownWords, singular, wordOf } from '../../src/detectors/lib/features.ts';
import { IntMap } from '../../src/detectors/lib/int-table.ts';
import { fromLetters, hash24, toLetters } from '../../src/detectors/lib/letters.ts';
import { binomialTail, negativeBinomialTail } from '../../src/detectors/lib/tails.ts';
import type { Brand, Mention } from '../../src/model/types.ts';
import { terms } from '../../src/text/tokenize.ts';
import type { DriveOptions } from './drive.ts';
import { DAY, Drive, HOUR, mention, MINUTE, moments, seeded, T0 } from './drive.ts';

const acme: Brand = {
  id: 'acme-air',
  name: 'Acme Air',
  query: '(acmeair OR @flyacme) AND NOT cartoon',
  languages: ['fr'],
  own: { x: ['@acme_news'] },
  competitors: [],
  role: 'own',
  client: 'client',
  group: 'default',
};

const words =
  'panier tarif ecran livreur vitrine couleur bouton recette velo musee jardin moteur carnet piano nuage'.split(' ');

/** Each says four words out of fifteen. */
function calm(index: number): Partial<Mention> {
  const random = seeded(index + 99);
  return {
    author: { id: `calm-${index % 300}` },
    terms: Array.from({ length: 4 }, () => words[Math.floor(random() * words.length)] ?? ''),
  };
}

function drive(options: DriveOptions = {}, config: { mute?: string[] } = {}): Drive {
  const detector = emergingTerm.create(emergingTerm.config.parse(config), {
    latenessMs: () => 0,
    brands: [{ ...acme, id: 'acme' }],
  });
  const watch = {
    calm,
    surge: (index: number) => ({ author: { id: `new-${index}` }, terms: [...(calm(index).terms ?? []), 'licorne'] }),
  };
  return new Drive(detector, { watch, ...options });
}

const start = T0 + 5 * DAY + 10 * HOUR;
const ready = (options?: DriveOptions, config?: { mute?: string[] }) =>
  drive(options, config).all(moments(seeded(1), T0, start, 6));

describe('a new word', () => {
  it('is told after a few authors, with the posts that hold it', () => {
    const run = ready().surge([1, 9, 20, 33, 41, 52, 60].map((m) => start + m * MINUTE));
    const [opened] = run.opened();
    expect(opened?.scope).toBe('term:licorne');
    expect(opened?.observed).toBeLessThanOrEqual(6);
    expect(opened?.expected).toBeLessThan(0.5);
    expect(opened?.evidence).toHaveLength(opened?.observed ?? 0);
    expect(opened?.values['learning']).toBe(1);
    expect(run.opened()).toHaveLength(1);
  });

  it('is no news when one author repeats it, or when many copy one text', () => {
    const one = ready();
    for (let m = 0; m < 40; m++) one.say(start + m * MINUTE, { author: { id: 'loud' }, terms: ['licorne', `w${m}`] });
    expect(one.opened()).toEqual([]);
    const copied = ready();
    for (let m = 0; m < 40; m++)
      copied.say(start + m * MINUTE, { author: { id: `bot-${m}` }, terms: ['licorne'], fingerprint: 'same' });
    expect(copied.opened()).toEqual([]);
  });

  it('is no news when it is the brand, a muted campaign, decoration or a small word', () => {
    const run = ready({}, { mute: ['#SummerSale'.toLowerCase()] });
    for (let m = 0; m < 30; m++)
      run.say(start + m * MINUTE, {
        author: { id: `a-${m}` },
        terms: ['acmeair', '@flyacme', '#summersale', '🔴', 'tomorrow', '2024'],
      });
    expect(run.signals).toEqual([]);
  });

  it('of every morning is told of twice at most', () => {
    const run = drive();
    for (let day = 0; day < 14; day++) {
      const times = moments(seeded(day), T0 + day * DAY, T0 + (day + 1) * DAY, 6);
      const morning = Array.from({ length: 9 }, (_, i) => T0 + day * DAY + 7 * HOUR + i * 7 * MINUTE);
      for (const at of [...times, ...morning].sort((a, b) => a - b)) {
        if (day >= 3 && morning.includes(at)) run.say(at, { author: { id: `m-${at}` }, terms: ['#lamatinale'] });
        else run.say(at);
      }
    }
    expect(run.opened('term:lamatinale').length).toBeGreaterThan(0);
    expect(run.opened('term:lamatinale').length).toBeLessThanOrEqual(2);
  });

  it('brings the others of its story along, and escalates', () => {
    const run = ready();
    for (let m = 0; m < 120; m++)
      run.say(start + m * MINUTE, {
        author: { id: `n-${m}` },
        terms: ['licorne', 'usine', 'arcenciel', words[m % 15] ?? ''],
      });
    expect(run.opened()).toHaveLength(1);
    const last = run.signals.at(-1);
    expect(last?.state).toBe('update');
    expect(last?.values['escalations']).toBeGreaterThanOrEqual(2);
    expect(last?.values['terms']).toBeGreaterThanOrEqual(3);
    expect(run.signals.length).toBeLessThan(15);
  });

  it('of another story is not hidden behind an older one', () => {
    const run = ready();
    run.surge(Array.from({ length: 8 }, (_, i) => start + i * 6 * MINUTE));
    run.all(moments(seeded(3), start + HOUR, start + 12 * HOUR, 6)).to(start + 12 * HOUR);
    expect(run.closed()).toHaveLength(1);
    for (let m = 0; m < 60; m++)
      run.say(start + 12 * HOUR + m * MINUTE, {
        author: { id: `other-${m}` },
        terms: ['licorne', 'metro', 'station'],
      });
    expect(run.opened().length).toBeGreaterThanOrEqual(2);
  });
});

describe('what a mention says', () => {
  it('is its words without plural, hashtags by their body, telling emoji', () => {
    const said = (text: string) =>
      featuresOf(mention('x:1', T0, { terms: terms(text) }), ownWords(acme)).map(({ name }) => name);
    expect(said('L’usine d’Acme Air brûle !! https://example.org/a #Incendie 🔥 🔴 @flyacme 25 10h30')).toEqual([
      'usine',
      'brule',
      'incendie',
      '🔥',
      'topic:health',
      'topic:safety',
    ]);
    expect(said("l'usine l’usine usines #usine")).toEqual(['usine']);
    expect(said('cartoon')).toEqual(['cartoon']);
    expect(wordOf('4u9525')).toBe('4u9525');
    expect([singular('bags'), singular('bus'), singular('glass'), singular('companies')]).toEqual([
      'bag',
      'bus',
      'glass',
      'company',
    ]);
  });

  it('is not the context that a query asks for', () => {
    const own = ownWords({ ...acme, name: 'Orange', query: 'orange AND (fibre OR box)' });
    expect([own.has('orange'), own.has('fibre'), own.has('box')]).toEqual([true, false, false]);
  });
});

describe('the parts', () => {
  it('has the tails that the books have', () => {
    // P(X ≥ 3), r = 2, p = 1/3: 1 − (4/9 + 8/27 + 4/27).
    expect(negativeBinomialTail(3, 2, 1 / 3)).toBeCloseTo(1 - 24 / 27, 10);
    expect(negativeBinomialTail(200, 0.5, 0.1)).toBeGreaterThan(0);
    expect(binomialTail(2, 3, 0.5)).toBeCloseTo(0.5, 10);
    expect(binomialTail(0, 3, 0.5)).toBeCloseTo(1, 10);
  });

  it('reads the letters that it writes', () => {
    for (const value of [0, 1, 63, 64, 4095, 0xffffff])
      expect(fromLetters(`x${toLetters(value, 4)}`, 1, 4)).toBe(value);
    const hashes = new Set(Array.from({ length: 20_000 }, (_, i) => hash24(`word${i}`)));
    expect(hashes.size).toBeGreaterThan(19_950);
  });

  it('keeps numbers by number, as a Map does', () => {
    const [table, map] = [new IntMap(0, (value) => value !== 0), new Map<number, number>()];
    const random = seeded(5);
    for (let i = 0; i < 20_000; i++) {
      const key = Math.floor(random() * 4000);
      const value = Math.floor(random() * 3);
      table.set(key, value);
      map.set(key, value);
    }
    for (let key = 0; key < 4000; key++) expect(table.get(key)).toBe(map.get(key) ?? 0);
  });
});

describe('a loud brand', () => {
  it('is looked at in part, in bounded state, and its stories are still found', () => {
    const run = drive();
    const random = seeded(8);
    for (let at = T0; at < T0 + 3 * DAY; at += 4000)
      run.say(at, {
        author: { id: `l-${Math.floor(random() * 1e6)}` },
        terms: Array.from({ length: 10 }, () => `w${Math.floor(random() ** 3 * 30_000)}`),
      });
    expect(run.bytes).toBeLessThan(1_000_000);
    const before = run.opened().length;
    for (let at = T0 + 3 * DAY; at < T0 + 3 * DAY + HOUR; at += 2000)
      run.say(at, {
        author: { id: `l-${Math.floor(random() * 1e6)}` },
        terms: [
          ...Array.from({ length: 8 }, () => `w${Math.floor(random() ** 3 * 30_000)}`),
          ...(at % 6000 === 0 ? ['licorne'] : []),
        ],
      });
    expect(run.opened('term:licorne')).toHaveLength(1);
    expect(before).toBeLessThanOrEqual(1);
    expect(run.opened('term:licorne')[0]?.values['every']).toBeGreaterThan(1);
  });
});
