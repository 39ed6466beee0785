import { describe, expect, it } from 'vitest';
import { createLexiconScorer } from '../../src/text/sentiment/index.ts';

const scorer = createLexiconScorer();

describe('the lexicon scorer', () => {
  it.each([
    ['fr', 'C’est une honte, service client injoignable', 'negative'],
    ['fr', 'Quelle arnaque, fuyez !', 'negative'],
    ['fr', 'L’application ne marche pas', 'negative'],
    ['fr', 'Je ne recommande pas du tout', 'negative'],
    ['fr', 'Je n’aime pas ce produit', 'negative'],
    ['fr', 'ça fonctionne plus depuis hier', 'negative'],
    ['fr', 'toujours pas de réponse', 'negative'],
    ['fr', 'Produit magnifique, je recommande', 'positive'],
    ['fr', 'Merci beaucoup, équipe géniale', 'positive'],
    ['fr', 'Aucun problème, livraison rapide', 'positive'],
    ['fr', 'Pas mal du tout', 'positive'],
    ['fr', 'Le magasin ouvre à neuf heures', 'neutral'],
    ['fr', '😡😡😡', 'negative'],
    ['en', 'This is a terrible company, worst service ever', 'negative'],
    ['en', 'I do not like this', 'negative'],
    ['en', "it doesn't work, so frustrating", 'negative'],
    ['en', 'bad luck', 'negative'],
    ['en', 'I love this, thank you', 'positive'],
    ['en', 'not bad at all', 'positive'],
    ['en', 'great flight :)', 'positive'],
    ['en', 'The shop opens at nine', 'neutral'],
    ['es', 'Me encanta, excelente servicio', 'positive'],
    ['es', 'horrible, un desastre', 'negative'],
    ['de', 'Das ist wunderbar', 'positive'],
    ['it', 'un servizio pessimo', 'negative'],
    ['pt', 'obrigado, excelente', 'positive'],
  ])('%s: %s → %s', (language, text, label) => {
    const sentiment = scorer.score(text, language);
    expect(sentiment.label).toBe(label);
    expect(Math.sign(sentiment.score) * (label === 'negative' ? -1 : 1)).toBeGreaterThanOrEqual(0);
  });

  it('says which words pulled, strongest first', () => {
    expect(scorer.score('Service correct mais quelle arnaque, panne hier', 'fr').words.slice(0, 2)).toEqual([
      'arnaque',
      'panne',
    ]);
  });

  it('is unsure where it knows no word of the language', () => {
    expect(scorer.score('palvelu ei vastaa', 'fi')).toEqual({
      label: 'neutral',
      score: 0,
      confidence: 0,
      unsure: true,
      words: [],
    });
    expect(scorer.score('', 'und').unsure).toBe(true);
    expect(scorer.score('constructor __proto__ toString', 'constructor').unsure).toBe(true);
    expect(scorer.score('constructor __proto__ hasOwnProperty', 'en').label).toBe('neutral');
  });

  it('reads emoji in every language', () => {
    expect(scorer.score('palvelu 😡', 'fi').label).toBe('negative');
  });

  it('takes no address for an emoticon', () => {
    expect(scorer.score('https://acme.fr/a', 'en').words).toEqual([]);
    expect(scorer.score('à 10:30', 'fr').words).toEqual([]);
  });

  it('stays within its scales', () => {
    for (const text of ['honte '.repeat(500), 'génial '.repeat(500), 'love hate '.repeat(200)]) {
      for (const language of ['fr', 'en']) {
        const { score, confidence } = scorer.score(text, language);
        expect(Math.abs(score)).toBeLessThanOrEqual(1);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }
    }
  });
});
