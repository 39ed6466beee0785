/** What a reason of an alert says: a limit in words, never the operator of the rule file. */
import { expect, test } from 'vitest';
import { say } from '../../src/i18n/index.ts';

const limits = [
  ['>', 'plus de 5', 'more than 5'],
  ['>=', 'au moins 5', 'at least 5'],
  ['<', 'moins de 5', 'less than 5'],
  ['<=', 'au plus 5', 'at most 5'],
  ['==', 'exactement 5', 'exactly 5'],
  ['!=', 'autre que 5', 'other than 5'],
] as const;

test.each(limits)('%s is said in words', (op, fr, en) => {
  const text = {
    key: 'rules.metric',
    values: { metric: 'negative_authors', value: 49, windowMs: 6 * 3_600_000, op, than: 5 },
  };
  expect(say('fr', text)).toBe(`49 auteurs mécontents en 6 h (seuil : ${fr})`);
  expect(say('en', text)).toBe(`49 unhappy authors in 6 h (threshold: ${en})`);
});
