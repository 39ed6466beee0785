import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLexiconScorer, createLinearScorer, createScorer } from '../../src/text/sentiment/index.ts';
import { readExamples } from '../../src/text/sentiment/train/corpora.ts';
import { datasetOf, foldsOf, withoutCopies } from '../../src/text/sentiment/train/dataset.ts';
import { qualityOf } from '../../src/text/sentiment/train/measure.ts';
import type { Recipe } from '../../src/text/sentiment/train/recipe.ts';
import {
  crossValidate,
  exampleWeights,
  labelsOf,
  probabilitiesOf,
  temperatureOf,
  trainModel,
} from '../../src/text/sentiment/train/train-language.ts';
import { decodeModel, encodeModel } from '../../src/text/sentiment/weights.ts';
import { tokenize } from '../../src/text/tokenize.ts';
import { ownSentences, spansOf } from '../support/own-sentences.ts';

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

describe('the linear scorer', () => {
  const linear = createScorer('linear');

  it.each([
    ['fr', 'C’est une honte, service client injoignable', 'negative'],
    ['fr', 'L’application ne marche pas', 'negative'],
    ['fr', 'toujours pas de réponse depuis trois semaines', 'negative'],
    ['fr', 'Merci beaucoup, équipe géniale', 'positive'],
    ['fr', 'Produit magnifique, je recommande', 'positive'],
    ['fr', '😡😡😡', 'negative'],
    ['fr', 'Merci pour rien 🙃', 'negative'],
    ['en', 'This is a terrible company, worst service ever', 'negative'],
    ['en', 'I do not like this', 'negative'],
    ['en', 'I love this, thank you', 'positive'],
    ['en', 'The shop opens at nine', 'neutral'],
    ['en', 'Great, another outage 🙄', 'negative'],
    ['es', 'Me encanta, excelente servicio', 'positive'],
    ['es', 'horrible, un desastre', 'negative'],
    ['de', 'Das ist wunderbar, danke', 'positive'],
    ['de', 'furchtbar, nie wieder', 'negative'],
    ['it', 'un servizio pessimo, vergogna', 'negative'],
    ['it', 'bellissimo, grazie', 'positive'],
    ['pt', 'obrigado, excelente', 'positive'],
    ['pt', 'que vergonha, péssimo', 'negative'],
  ])('%s: %s → %s', (language, text, label) => {
    const sentiment = linear.score(text, language);
    expect(sentiment.label).toBe(label);
    if (label !== 'neutral') expect(Math.sign(sentiment.score)).toBe(label === 'positive' ? 1 : -1);
  });

  it('says which words pulled', () => {
    expect(linear.score('Quelle arnaque, le livreur a cassé la vitre', 'fr').words).toContain('arnaque');
    expect(linear.score('The crew was wonderful', 'en').words[0]).toBe('wonderful');
  });

  it('judges as the lists do where there is no model, and knows nothing of nothing', () => {
    const lexicon = createScorer('lexicon');
    for (const [text, language] of [
      ['wat een ramp, vreselijk', 'nl'],
      ['palvelu 😡', 'fi'],
      ['constructor __proto__', 'constructor'],
      ['../../etc/passwd', '../fr'],
    ] as const)
      expect(linear.score(text, language)).toEqual(lexicon.score(text, language));
    for (const text of ['', '   ', '...'])
      expect(linear.score(text, 'fr')).toEqual({ label: 'neutral', score: 0, confidence: 0, unsure: true, words: [] });
  });

  it('depends on its arguments alone, whatever was judged before', () => {
    const texts = ownSentences('fr').map(({ text }) => text);
    const first = texts.map((text) => createLinearScorer().score(text, 'fr'));
    const warm = createLinearScorer();
    for (const text of texts.toReversed()) warm.score(text, 'fr');
    for (const text of texts) warm.score(text, 'en');
    expect(texts.map((text) => warm.score(text, 'fr', tokenize(text)))).toEqual(first);
  });

  it('stays within its scales, and takes a very long text in its stride', () => {
    for (const text of [
      'honte '.repeat(5000),
      'génial 👏 '.repeat(2000),
      ':) '.repeat(3000),
      '#'.repeat(9000),
      '@a '.repeat(4000),
    ]) {
      for (const language of ['fr', 'en']) {
        const { score, confidence, words } = linear.score(text, language);
        expect(Math.abs(score)).toBeLessThanOrEqual(1);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(words.length).toBeLessThanOrEqual(8);
      }
    }
  });

  it('weighs the clause of the brand', () => {
    const toward = (text: string, brand: string, language: string): string => {
      const tokens = tokenize(text);
      return linear.score(text, language, tokens, spansOf(brand, tokens)).label;
    };
    const text = 'Chez Lumeo on est ravis, équipe adorable et rapide. Voltix est une honte, une arnaque.';
    expect(toward(text, 'lumeo', 'fr')).toBe('positive');
    expect(toward(text, 'voltix', 'fr')).toBe('negative');
    expect(toward('Lumeo is so much better than Voltix.', 'lumeo', 'en')).toBe('positive');
    expect(toward('Lumeo is so much better than Voltix.', 'voltix', 'en')).toBe('negative');
    const unnamed = 'Quelle arnaque';
    expect(linear.score(unnamed, 'fr', tokenize(unnamed), [{ from: 7, to: 8 }])).toEqual(linear.score(unnamed, 'fr'));
  });

  it('is right more often on our own hard sentences than the lists', () => {
    const lexicon = createScorer('lexicon');
    for (const language of ['fr', 'en'] as const) {
      const sentences = ownSentences(language);
      expect(sentences.length).toBe(language === 'fr' ? 200 : 100);
      const right = { linear: 0, lexicon: 0, brand: 0 };
      for (const { text, label, about } of sentences) {
        const tokens = tokenize(text);
        if (linear.score(text, language).label === label) right.linear += 1;
        if (lexicon.score(text, language).label === label) right.lexicon += 1;
        if (linear.score(text, language, tokens, spansOf(about, tokens)).label === label) right.brand += 1;
      }
      expect(right.linear).toBeGreaterThan(right.lexicon);
      expect(right.brand).toBeGreaterThan(right.linear);
    }
  });
});

describe('training', () => {
  const recipe: Recipe = { bits: 12, c: 1, epochs: 6, domains: {}, evened: { umsab: 0.5 } };
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-train-'));
    const own = join(folder, 'umsab/french');
    mkdirSync(own, { recursive: true });
    const sentences = ownSentences('fr').filter(({ about }) => about === '');
    const write = (part: string, some: typeof sentences): void => {
      writeFileSync(join(own, `${part}_text.txt`), some.map(({ text }) => text).join('\n'));
      const labels = some.map(({ label }) => ['negative', 'neutral', 'positive'].indexOf(label));
      writeFileSync(join(own, `${part}_labels.txt`), labels.join('\n'));
    };
    write('train', sentences.slice(0, 120));
    write('val', sentences.slice(100));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function train(): { readonly bytes: Uint8Array; readonly dataset: ReturnType<typeof datasetOf> } {
    const dataset = datasetOf(readExamples(folder, 'fr'), 'fr', 2 ** recipe.bits, 5);
    const found = crossValidate(dataset, recipe);
    const temperature = temperatureOf(found, dataset, exampleWeights(dataset, recipe));
    return { bytes: trainModel(dataset, 'fr', recipe, temperature), dataset };
  }

  it('gives the same bytes each time', () => {
    expect(Buffer.from(train().bytes).equals(Buffer.from(train().bytes))).toBe(true);
  });

  it('learns, and what ships says what was trained', () => {
    const { bytes, dataset } = train();
    writeFileSync(join(folder, 'fr.bin'), bytes);
    const scorer = createLinearScorer({ folder: pathToFileURL(`${folder}/`) });
    const said = dataset.examples.map(({ text }) => scorer.score(text, 'fr').label);
    const right = said.filter((label, i) => ['negative', 'neutral', 'positive'][dataset.labels[i]!] === label).length;
    expect(right / said.length).toBeGreaterThan(0.85);
    const { header } = decodeModel(bytes);
    expect(header.language).toBe('fr');
    expect(header.temperature).toBeGreaterThan(0.1);
  });

  it('drops copies before it cuts folds', () => {
    const { dataset } = train();
    expect(readExamples(folder, 'fr').length).toBeGreaterThan(dataset.examples.length);
    const copies = withoutCopies([
      { domain: 'a', text: 'RT @x Hello world http://a.b/1', label: 0 },
      { domain: 'a', text: 'hello, world! http://a.b/2 @y', label: 1 },
      { domain: 'a', text: 'http://a.b', label: 1 },
    ]);
    expect(copies.map(({ label }) => label)).toEqual([0]);
  });

  it('keeps a brand in one fold', () => {
    const examples = Array.from({ length: 200 }, (_, i) => ({
      domain: 'd',
      text: `text ${'abcdefghij'[i % 10]} ${i}x`,
      label: i % 3,
      ...(i < 120 ? { group: `brand ${i % 6}` } : {}),
    }));
    const folds = foldsOf(examples, 5);
    for (let brand = 0; brand < 6; brand += 1)
      expect(new Set(examples.flatMap((e, i) => (e.group === `brand ${brand}` ? [folds[i]] : []))).size).toBe(1);
    expect(new Set(folds.subarray(120)).size).toBe(5);
  });

  it('finds the temperature that makes confidence true', () => {
    const labels = Uint8Array.from({ length: 3000 }, (_, i) => (i % 10 < 7 ? 0 : i % 2 === 0 ? 1 : 2));
    // Says 0 each time, far too surely: it is right seven times in ten.
    const found = Float64Array.from({ length: 9000 }, (_, i) => (i % 3 === 0 ? 8 : 0));
    const dataset = { labels, examples: [], rows: datasetOf([], 'fr', 16, 5).rows, folds: new Uint8Array(0) };
    const temperature = temperatureOf(found, dataset, new Float32Array(3000).fill(1));
    expect(probabilitiesOf(found, temperature)[0]?.[0]).toBeCloseTo(0.7, 2);
    expect([...labelsOf(found).subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('measures', () => {
    const quality = qualityOf([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0]);
    expect(quality.accuracy).toBeCloseTo(4 / 6);
    expect(quality.macroF1).toBeCloseTo((2 / 4 + 4 / 5 + 2 / 3) / 3);
    expect(quality.macroRecall).toBeCloseTo((0.5 + 1 + 0.5) / 3);
    expect(quality.accuracyWithin).toBeGreaterThan(0.1);
  });

  it('reads its own files and refuses others', () => {
    const weights = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i) * (i % 5));
    const bytes = encodeModel(
      { language: 'fr', bits: 4, bias: [0.1, -0.2], temperature: 1.5, unsureBelow: 0.5 },
      weights,
    );
    const model = decodeModel(bytes);
    expect(model.header).toMatchObject({ language: 'fr', bits: 4, temperature: 1.5 });
    for (const [i, weight] of weights.entries()) {
      const values = i % 2 === 0 ? model.negative : model.positive;
      expect(values[model.bytes[i]!]).toBeCloseTo(weight, 1);
    }
    expect(() => decodeModel(bytes.subarray(0, 100))).toThrow('not a model file');
    expect(() => decodeModel(new Uint8Array(9))).toThrow('not a model file');
  });
});
