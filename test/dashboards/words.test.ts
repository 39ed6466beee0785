import { expect, test } from 'vitest';
import { en } from '../../dashboards/src/i18n/en.ts';
import { fr } from '../../dashboards/src/i18n/fr.ts';
import { formatFor } from '../../dashboards/src/lib/format.ts';

/** Every leaf with its path; functions are called with plain arguments. */
function leaves(value: unknown, language: 'fr' | 'en', path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    const f = formatFor(language, 'Europe/Paris');
    const call = value as (...values: unknown[]) => string;
    const number = /plural|number|decimal|short|=== 1/.test(String(value));
    return [[path, number ? call(2, f) : call('2', '3')]];
  }
  return Object.entries(value as object).flatMap(([key, part]) => leaves(part, language, `${path}.${key}`));
}

test('both languages say the same things, and say something', () => {
  const [french, english] = [leaves(fr, 'fr'), leaves(en, 'en')];
  const keys = (list: [string, string][]): string[] =>
    list.map(([path]) => path).filter((path) => !path.includes('helpRows'));
  expect(keys(english)).toEqual(keys(french));
  expect(keys(french).length).toBeGreaterThan(200);
  for (const [path, text] of [...french, ...english]) {
    expect(text.trim(), path).not.toBe('');
    expect(text, path).not.toMatch(/undefined|\[object|NaN/);
  }
});

test('French has its own spaces and apostrophes, English has none of them', () => {
  for (const [path, text] of leaves(fr, 'fr')) {
    if (path.includes('helpRows')) continue;
    expect(text, path).not.toMatch(/ [;!?»:]|« |\w'\w/);
  }
  for (const [path, text] of leaves(en, 'en')) expect(text, path).not.toMatch(/[\u00a0\u202f][;:!?]|\w'\w/);
});

test('numbers, shares and ages as each language writes them', () => {
  const [french, english] = [formatFor('fr', 'Europe/Paris'), formatFor('en', 'Europe/Paris')];
  expect(french.number(12_345)).toBe('12\u202f345');
  expect(english.number(12_345)).toBe('12,345');
  expect(french.share(0.62)).toMatch(/^62\s%$/);
  expect(french.signed(-35)).toBe('−35');
  expect(english.signed(4)).toBe('+4');
  const noon = Date.UTC(2026, 6, 1, 12);
  expect(french.time(noon)).toBe('14:00');
  expect(french.ago(noon - 98 * 60_000, noon)).toBe('il y a 1 h 38');
  expect(english.ago(noon - 10_000, noon)).toBe('just now');
  expect(english.ago(noon + 10_000, noon)).toBe('just now');
});
