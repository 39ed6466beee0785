/** What is wrong in a rule file is said where it stands, with what was probably meant, in the reader's language. */
import { describe, expect, it } from 'vitest';
import type { Language } from '../../src/i18n/index.ts';
import { loadRules } from '../../src/rules/load.ts';
import { brand } from './support.ts';

const BRANDS = [
  brand('acme', { competitors: ['globex'] }),
  brand('globex', { role: 'competitor' }),
  brand('far', { client: 'other' }),
];

function problems(text: string, language: Language = 'en'): string[] {
  return loadRules([{ file: 'r.yaml', text }], { brands: BRANDS, language }).problems.map(
    ({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`,
  );
}

/** The problems of one condition at line 4, column 11 and on. */
function condition(text: string, language: Language = 'en'): string[] {
  return problems(`rules:\n  - id: a\n    brands: [acme]\n    when: ${text}\n`, language).map((line) =>
    line.replace('r.yaml:4:', ''),
  );
}

describe('loadRules', () => {
  it('reads the rules of the documentation', () => {
    const text = `
rules:
  - id: bad-buzz
    title: { fr: Bad buzz, en: Bad buzz }
    brands: [acme]
    when:
      all:
        - { signal: negative-surge, scope: "*", field: score, op: ">=", than: 1 }
        - { metric: negative_share, window: 1h, op: ">=", than: 40%, min: 20 }
        - any:
            - { metric: mentions, window: 1h, filter: "source:x", op: ">=", than: 3, vs: usual }
            - { metric: authors, window: 1h, filter: "sentiment:negative", op: ">=", than: 10 }
    for: 5m
    keep_firing_for: 30m
    severity: warning
    tiers:
      - { severity: critical, when: { metric: mentions, window: 1h, op: ">=", than: 10, vs: usual, min: 50 } }
    labels: { team: press }
    summary: { fr: "{{ brand.name }} : {{ mentions_1h }} mentions en 1 h", en: "{{ brand.name }}: {{ mentions_1h }} mentions in 1 h" }
  - id: leak-then-journalist
    when: { sequence: [ { signal: emerging-term }, { signal: influencer } ], within: 6h }
    severity: critical
`;
    const { rules, problems: found } = loadRules([{ file: 'r.yaml', text }], { brands: BRANDS, language: 'en' });
    expect(found).toEqual([]);
    const [first, second] = rules?.rules ?? [];
    expect(first).toMatchObject({ brands: ['acme'], forMs: 300_000, keepFiringForMs: 1_800_000, line: 3 });
    const leaves = first?.when.kind === 'all' ? first.when.of : [];
    expect(leaves[1]).toMatchObject({ than: 0.4, min: 20, windowMs: 3_600_000 });
    expect(leaves[2]).toMatchObject({ of: [{ vs: { kind: 'usual' }, min: 5 }, { min: 0 }] });
    expect(second).toMatchObject({ brands: ['acme', 'globex', 'far'], title: { fr: 'leak-then-journalist' } });
  });

  it('says what a typo was meant to be, in both languages', () => {
    const text = `rules:
  - id: a
    tittle: x
    brands: [acne]
    when:
      all:
        - { signal: negative-serge }
        - { metric: mention, window: 1h, op: ">=", than: 3 }
        - { metric: mentions, windw: 1h, op: ">=", than: 3 }
`;
    expect(problems(text)).toEqual([
      'r.yaml:3:5: unknown key "tittle": did you mean "title"?',
      'r.yaml:9:31: unknown key "windw": did you mean "window"?',
    ]);
    const rest = text.replace('tittle', 'title').replace('windw', 'window');
    expect(problems(rest)).toEqual([
      'r.yaml:4:14: the brand "acne" is not in the configuration: did you mean "acme"?',
      'r.yaml:7:21: no detector is called "negative-serge": did you mean "negative-surge"?',
      'r.yaml:8:21: unknown metric "mention": did you mean "mentions"?',
    ]);
    expect(problems(rest, 'fr')).toEqual([
      'r.yaml:4:14: la marque « acne » n’est pas dans la configuration : vouliez-vous écrire « acme » ?',
      'r.yaml:7:21: aucun détecteur ne s’appelle « negative-serge » : vouliez-vous écrire « negative-surge » ?',
      'r.yaml:8:21: la mesure « mention » n’existe pas : vouliez-vous écrire « mentions » ?',
    ]);
  });

  // § stands before the place that the complaint must point at.
  it.each([
    [
      '{ metric: mentions, window: §1 hour, op: ">=", than: 3 }',
      'rules.when.window: not a duration: write a number and a unit, such as 90s, 5m, 12h or 7d.',
    ],
    [
      '§{ metric: mentions, op: ">=", than: 3 }',
      'window is missing: over how long is mentions measured? For example 1h.',
    ],
    ['{ metric: mentions, window: §90s, op: ">=", than: 3 }', 'the window must be a multiple of 1m.'],
    ['{ metric: mentions, window: §31m, op: ">=", than: 3, vs: yesterday }', 'the window must be a multiple of 5m.'],
    ['{ metric: mentions, window: §30d, op: ">=", than: 3 }', 'the window is too long: 7d at most.'],
    ['{ metric: mentions, window: 1h, op: ">=", than: §40% }', 'mentions is a number: "40%" is none.'],
    [
      '{ metric: negative_share, window: 1h, op: ">=", than: §40 }',
      'negative_share goes from 0 to 1: write "40%", or a share such as 0.4.',
    ],
    [
      '{ metric: mentions, window: 1h, op: ">=", than: §0 }',
      'this would always be true: mentions is never negative. Write a larger limit after >=.',
    ],
    [
      '{ metric: mentions, window: 1h, op: §"=>", than: 3 }',
      'rules.when.op: not a possible value; write one of: >, >=, <, <=, ==, !=.',
    ],
    [
      '{ metric: mentions, window: 1h, op: ">=", than: 3, vs: §usualy }',
      'cannot compare with "usualy": did you mean "usual"?',
    ],
    [
      '{ metric: mentions, window: 1h, op: ">=", than: 3, vs: §"brand:far" }',
      '"acme" cannot be compared with "far": they are not of one client and group. Limit the rule with brands: to brands of client "other", group "all".',
    ],
    [
      '{ metric: mentions, window: 1h, op: ">=", than: 3, vs: §"brand:globe" }',
      'the brand "globe" is not in the configuration: did you mean "globex"?',
    ],
    [
      '{ metric: net_sentiment, window: 1h, op: "<=", than: 3, vs: §usual }',
      'net_sentiment cannot be compared with "usual": remove vs, and write a number after than.',
    ],
    [
      '{ metric: minutes_since_last, window: §1h, op: ">=", than: 3 }',
      'minutes_since_last has no window: remove window.',
    ],
    ['§{ signal: spike, field: score, op: ">=" }', 'field, op and than go together: write all three, or none.'],
    ['{ signal: spike, field: §scor, op: ">=", than: 1 }', 'a signal has no field "scor": did you mean "score"?'],
    [
      '{ sequence: [ §{ sequence: [ { signal: spike }, { signal: spike } ], within: 1h }, { signal: spike } ], within: 1h }',
      'a sequence cannot hold another one.',
    ],
    ['§[ 1 ]', 'rules.when: not the right kind of value: a set of keys and values is needed.'],
  ])('refuses %s', (text, wanted) => {
    expect(condition(text.replace('§', ''))).toEqual([`${11 + text.indexOf('§')}: ${wanted}`]);
  });

  it('points into a filter and into a template', () => {
    expect(
      condition('{ metric: mentions, filter: \'fire AND "open\', window: 1h, op: ">=", than: 3 }', 'fr')[0],
    ).toMatch(/^49: Ce guillemet/);
    expect(condition('{ metric: mentions, filter: "source:x OU y", window: 1h, op: ">=", than: 3 }')[0]).toMatch(
      /^49: /,
    );
    expect(
      problems(
        'rules:\n  - id: a\n    title: "Much {{ brand.nam }} and {{ mentions_1x }}"\n    when: { learning: true }\n',
      ),
    ).toEqual([
      'r.yaml:3:21: "brand.nam" cannot be filled in: did you mean "brand.name"?',
      'r.yaml:3:41: "mentions_1x" cannot be filled in: did you mean "mentions_1h"?',
    ]);
  });

  it('takes files together, all or nothing', () => {
    const rule = (id: string) => `rules:\n  - id: ${id}\n    when: { learning: true }\n`;
    const context = { brands: BRANDS, language: 'en' as const };
    const both = loadRules(
      [
        { file: 'a.yaml', text: rule('one') },
        { file: 'b.yaml', text: rule('one') },
      ],
      context,
    );
    expect(both.rules).toBeUndefined();
    expect(both.problems).toEqual([
      { file: 'b.yaml', line: 2, column: 9, message: 'the rule "one" is there already: a.yaml:2. Give it another id.' },
    ]);
    expect(
      loadRules(
        [
          { file: 'a.yaml', text: rule('one') },
          { file: 'b.yaml', text: rule('two') },
        ],
        context,
      ).rules?.rules,
    ).toHaveLength(2);
  });

  it('says what is not YAML, and a tier that is not graver', () => {
    expect(problems('rules: [', 'fr')[0]).toMatch(/^r.yaml:1:9: ce n’est pas du YAML valable/);
    expect(
      problems(
        'rules:\n  - id: a\n    when: { learning: true }\n    tiers: [ { severity: info, when: { learning: true } } ]\n',
      ),
    ).toEqual(['r.yaml:4:26: a tier must be graver than the rule: the rule is "warning", the tier is "info".']);
  });
});
