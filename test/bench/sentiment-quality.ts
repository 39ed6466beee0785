/**
 * How right the models are on texts that they did not see: five-fold cross-validation of the recipes that ship, duplicates
 * removed, brands and insurers whole. `VIGIE_TEST_DATA=<folder> node test/bench/sentiment-quality.ts [languages…]`.
 */
import { createScorer } from '../../src/text/sentiment/index.ts';
import { LESSONS, languages, readExamples } from '../../src/text/sentiment/train/corpora.ts';
import { datasetOf } from '../../src/text/sentiment/train/dataset.ts';
import { qualityOf } from '../../src/text/sentiment/train/measure.ts';
import { FOLDS, recipes, UNSURE_BELOW } from '../../src/text/sentiment/train/recipe.ts';
import {
  crossValidate,
  exampleWeights,
  labelsOf,
  probabilitiesOf,
  temperatureOf,
} from '../../src/text/sentiment/train/train-language.ts';
import { testData } from '../support/data.ts';

const LABELS = ['negative', 'neutral', 'positive'];

function percent(value: number): number {
  return Math.round(value * 1000) / 10;
}

function summary(truth: readonly number[], said: readonly number[]): object {
  const { texts, accuracy, accuracyWithin, macroF1, macroF1Within, macroRecall } = qualityOf(truth, said);
  return {
    texts,
    macroF1: percent(macroF1),
    macroF1Within: percent(macroF1Within),
    macroRecall: percent(macroRecall),
    accuracy: percent(accuracy),
    accuracyWithin: percent(accuracyWithin),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
}

/** Everything that is measured of one language. */
export function qualityOfLanguage(folder: string, language: string): object {
  const recipe = recipes[language];
  if (!recipe) throw new Error(`no recipe for "${language}"`);
  const dataset = datasetOf(readExamples(folder, language), language, 2 ** recipe.bits, FOLDS);
  const { examples, labels } = dataset;
  const found = crossValidate(dataset, recipe);
  const said = labelsOf(found);
  const temperature = temperatureOf(found, dataset, exampleWeights(dataset, recipe));
  const confidences = probabilitiesOf(found, temperature).map((three) => Math.max(...three));
  const lexicon = createScorer('lexicon');
  const domains: Record<string, object> = {};
  for (const domain of new Set(examples.map((example) => example.domain))) {
    if (domain === LESSONS) continue;
    const own = examples.flatMap((example, i) => (example.domain === domain ? [i] : []));
    const truth = own.map((i) => labels[i] as number);
    const right = (i: number): number => (labels[i] === said[i] ? 1 : 0);
    const confident = own.toSorted((a, b) => (confidences[b] as number) - (confidences[a] as number));
    const half = confident.slice(0, Math.floor(own.length / 2));
    const sure = own.filter((i) => (confidences[i] as number) >= UNSURE_BELOW);
    domains[domain] = {
      ...summary(
        truth,
        own.map((i) => said[i] as number),
      ),
      surestHalfAccuracy: percent(mean(half.map(right))),
      unsureShare: percent(1 - sure.length / own.length),
      accuracyWhereSure: percent(mean(sure.map(right))),
      /** Lower edge of each tenth, how many texts, how sure, how often right. */
      reliability: Array.from({ length: 10 }, (_, tenth) => {
        const inside = own.filter((i) => Math.min(9, Math.floor((confidences[i] as number) * 10)) === tenth);
        return [
          tenth / 10,
          inside.length,
          percent(mean(inside.map((i) => confidences[i] as number))),
          percent(mean(inside.map(right))),
        ];
      }).filter(([, count]) => (count ?? 0) > 0),
      lexicon: summary(
        truth,
        own.map((i) => LABELS.indexOf(lexicon.score(examples[i]?.text ?? '', language).label)),
      ),
    };
  }
  if (language === 'en' && domains['airlines']) {
    // Brands of which no tweet was learned from, nor of any brand of their trade.
    const unseen = (i: number): boolean => examples[i]?.domain === 'airlines';
    const without = labelsOf(crossValidate(dataset, recipe, unseen));
    const own = examples.flatMap((_, i) => (unseen(i) ? [i] : []));
    domains['airlinesWithoutAirlinesInTraining'] = summary(
      own.map((i) => labels[i] as number),
      own.map((i) => without[i] as number),
    );
  }
  return { temperature, domains };
}

if (import.meta.main) {
  const [...wanted] = process.argv.slice(2);
  const folder = testData('.', 'cross-validation of sentiment');
  if (folder)
    for (const language of wanted.length > 0 ? wanted : languages)
      process.stdout.write(`${JSON.stringify({ [language]: qualityOfLanguage(folder, language) }, undefined, 1)}\n`);
}
