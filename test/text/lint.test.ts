import { describe, expect, it } from 'vitest';
import { say } from '../../src/i18n/index.ts';
import { lintQuery } from '../../src/text/query/lint.ts';
import { parseQuery } from '../../src/text/query/parse.ts';

function advice(source: string): readonly string[] {
  return lintQuery(parseQuery(source).query!).map(({ text, clause }) => {
    expect(say('fr', text)).not.toBe(text.key);
    expect(say('en', text)).not.toBe(text.key);
    return `${text.key} ${clause}`;
  });
}

describe('lintQuery', () => {
  it.each([
    ['acme', []],
    ['acme NOT foot', []],
    ['NOT foot', ['query.onlyNot NOT foot']],
    ['acme\nNOT foot', ['query.onlyNot NOT foot']],
    ['NOT (NOT acme)', []],
    ['-foot -rugby', ['query.onlyNot NOT foot AND NOT rugby']],
    ['orange', ['query.homonym orange']],
    ['Orange NOT fruit', ['query.homonym orange']],
    ['orange (client OR facture)', []],
    ['@orange OR #orange', []],
    ['acme OR les', ['query.flood les']],
    ['acme les', []],
    ['acme panne NOT panne', ['query.neverTrue panne']],
    ['acme -(foot OR acme)', ['query.neverTrue acme']],
    ['globex OR (acme -acme)', ['query.neverTrue acme']],
  ] as const)('%j → %j', (source, expected) => {
    expect(advice(source)).toEqual(expected);
  });
});
