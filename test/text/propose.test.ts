/** What off-topic verdicts teach, and what they do not. */
import { describe, expect, it } from 'vitest';
import { documentOf } from '../../src/text/query/document.ts';
import { matches } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { type Judged, proposeChanges } from '../../src/text/query/propose.ts';

const query = (source: string) => parseQuery(source).query!;
const judged = (texts: readonly string[], offTopic: boolean): Judged[] =>
  texts.map((text, i) => ({ id: `${offTopic ? 'off' : 'real'}:${i}`, document: documentOf({ text }), offTopic }));

const fruit = judged(
  [
    'Une orange pressée au petit déjeuner, quel jus',
    'Recette : gâteau au jus d’orange',
    'Le jus de cette orange est acide',
    'Un verre de jus, une orange, le soleil',
    'Orange sanguine contre orange à jus',
  ],
  true,
);
const clients = judged(
  [
    'Ma facture Orange a doublé',
    'Orange : la fibre est coupée, facture payée',
    'Toujours sans réseau chez Orange',
    'Facture Orange incompréhensible',
    'La facture de mon réseau Orange',
    'Panne de réseau Orange ce soir',
  ],
  false,
);

describe('proposeChanges', () => {
  it('needs five verdicts', () => {
    expect(proposeChanges(query('orange'), [...fruit.slice(1), ...clients])).toEqual([]);
    expect(proposeChanges(query('orange'), [...fruit, ...clients]).length).toBeGreaterThan(0);
  });

  it('proposes to exclude what the off-topic mentions share, with what it removes and loses', () => {
    const proposals = proposeChanges(query('orange'), [...fruit, ...clients]);
    expect(proposals[0]).toEqual({
      kind: 'exclude',
      clause: 'jus',
      query: 'orange AND NOT jus',
      removed: fruit.map(({ id }) => id),
      lost: [],
    });
  });

  it('proposes a NEAR of what real mentions speak of', () => {
    const near = proposeChanges(query('orange'), [...fruit, ...clients]).find(({ kind }) => kind === 'near');
    expect(near?.query).toBe('orange NEAR/10 (facture OR reseau)');
    expect(near?.removed).toHaveLength(5);
    expect(near?.lost).toEqual([]);
  });

  it('says which real mentions it would have lost, and answers what the matcher answers', () => {
    const more = judged(
      Array.from({ length: 12 }, (_, i) => `Orange facture ${i} et réseau`),
      false,
    ).map((each) => ({
      ...each,
      id: `more ${each.id}`,
    }));
    const torn = judged(['Orange m’offre un jus avec ma facture'], false).map((each) => ({ ...each, id: 'torn' }));
    const all = [...fruit, ...clients, ...more, ...torn];
    const proposals = proposeChanges(query('orange'), all);
    expect(proposals.find(({ clause }) => clause === 'jus')?.lost).toEqual(['torn']);
    for (const proposal of proposals) {
      const changed = query(proposal.query);
      const gone = all.filter(({ document }) => !matches(changed, document)).map(({ id }) => id);
      expect([...proposal.removed, ...proposal.lost].toSorted()).toEqual(gone.toSorted());
    }
  });

  it('proposes nothing that real mentions share as well, nor everyday words, nor the brand itself', () => {
    const same = judged(
      Array.from({ length: 6 }, () => 'Orange et la panne de la fibre'),
      true,
    );
    const alike = judged(
      Array.from({ length: 6 }, () => 'Orange et la panne de la fibre'),
      false,
    );
    expect(proposeChanges(query('orange'), [...same, ...alike])).toEqual([]);
    const bare = judged(
      Array.from({ length: 6 }, () => 'et la Orange de la'),
      true,
    );
    expect(proposeChanges(query('orange'), [...bare, ...clients]).filter(({ kind }) => kind === 'exclude')).toEqual([]);
  });

  it('leaves mentions out that the query does not match any more', () => {
    expect(proposeChanges(query('orange NOT jus'), [...fruit, ...clients])).toEqual([]);
  });

  it('proposes no NEAR for a query that excludes or asks of fields', () => {
    for (const source of ['orange NOT peugeot', 'orange -lang:de'])
      expect(proposeChanges(query(source), [...fruit, ...clients]).map(({ kind }) => kind)).not.toContain('near');
  });
});
