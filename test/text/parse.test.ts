/** What is said of a query that cannot be read: where, and what to write instead. */
import { describe, expect, it } from 'vitest';
import { say } from '../../src/i18n/index.ts';
import { query as sentences } from '../../src/i18n/query.ts';
import { parseQuery } from '../../src/text/query/parse.ts';

describe('parseQuery', () => {
  it.each([
    ['', 'query.empty', ''],
    ['   ', 'query.empty', '   '],
    ['acme "service client', 'query.openQuote', '"service client'],
    ['(acme OR globex', 'query.openParenthesis', '('],
    ['acme)', 'query.closeParenthesis', ')'],
    ['()', 'query.emptyGroup', '()'],
    ['""', 'query.emptyPhrase', '""'],
    ['acme OU globex', 'query.frenchOperator', 'OU'],
    ['acme ET panne', 'query.frenchOperator', 'ET'],
    ['acme SAUF foot', 'query.frenchOperator', 'SAUF'],
    ['acme AND', 'query.missingOperand', 'AND'],
    ['AND acme', 'query.missingOperand', 'AND'],
    ['acme OR', 'query.missingOperand', 'OR'],
    ['OR acme', 'query.missingOperand', 'OR'],
    ['acme NEAR/3', 'query.missingOperand', 'NEAR/3'],
    ['acme NOT', 'query.missingAfterNot', 'NOT'],
    ['sorce:x', 'query.unknownField', 'sorce:'],
    ['https://example.org/a', 'query.address', 'https://example.org/a'],
    ['www.example.org', 'query.address', 'www.example.org'],
    ['source: x', 'query.missingValue', 'source:'],
    ['sentiment:bad', 'query.badValue', 'bad'],
    ['lang:français', 'query.badValue', 'français'],
    ['type:tweet', 'query.badValue', 'tweet'],
    ['rating:many', 'query.badNumber', 'many'],
    ['title:(source:x)', 'query.fieldGroup', 'source:'],
    ['ac*', 'query.shortWildcard', 'ac*'],
    ['a*me', 'query.innerWildcard', 'a*me'],
    ['??', 'query.loneWildcard', '??'],
    ['"a b"~100', 'query.badDistance', '~100'],
    ['a NEAR/x b', 'query.badDistance', 'NEAR/x'],
    ['a NEAR/3 source:x', 'query.nearOperand', 'NEAR/3'],
    ['acme |', 'query.noWord', '|'],
    [`"${'a '.repeat(201)}"`, 'query.longPhrase', `"${'a '.repeat(201)}"`],
    [`(${'a '.repeat(20)}) NEAR/3 (${'b '.repeat(20)})`, 'query.nearPairs', 'NEAR/3'],
  ])('%j → %s at %j', (source, key, place) => {
    const { query, problems } = parseQuery(source);
    expect(query).toBeUndefined();
    expect(problems.map((problem) => problem.text.key)).toEqual([key]);
    expect(source.slice(problems[0]?.start, problems[0]?.end)).toBe(place);
  });

  it('says every problem at once', () => {
    const { problems } = parseQuery('foo:x OU (rating:many "open');
    expect(problems.map((problem) => problem.text.key).toSorted()).toEqual([
      'query.badNumber',
      'query.frenchOperator',
      'query.openParenthesis',
      'query.openQuote',
      'query.unknownField',
    ]);
  });

  it('proposes the nearest field', () => {
    const [problem] = parseQuery('autor:x').problems;
    expect(say('fr', problem!.text)).toContain('author:');
    expect(say('en', problem!.text)).toContain('author:');
  });

  it('leaves everyday words in upper case alone', () => {
    expect(parseQuery('ETE OR OUI').problems).toEqual([]);
  });

  it('has the same sentences in both languages', () => {
    expect(Object.keys(sentences.fr)).toEqual(Object.keys(sentences.en));
  });
});
