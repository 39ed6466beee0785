/** `node src/text/sentiment/train/main.ts --data <folder> --out <folder> [languages…]`: trains and writes one model file per language. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LESSONS, languages, readExamples } from './corpora.ts';
import { datasetOf } from './dataset.ts';
import { qualityOf } from './measure.ts';
import { FOLDS, recipes } from './recipe.ts';
import { crossValidate, exampleWeights, labelsOf, temperatureOf, trainModel } from './train-language.ts';

const { values, positionals } = parseArgs({
  options: { data: { type: 'string' }, out: { type: 'string' } },
  allowPositionals: true,
});
if (values.data === undefined) throw new Error('usage: main.ts --data <folder> [--out <folder>] [languages…]');
const out = values.out ?? fileURLToPath(new URL('../model/', import.meta.url));
mkdirSync(out, { recursive: true });
for (const language of positionals.length > 0 ? positionals : languages) {
  const recipe = recipes[language];
  if (!recipe) throw new Error(`no recipe for "${language}": ${Object.keys(recipes).join(', ')}`);
  const dataset = datasetOf(readExamples(values.data, language), language, 2 ** recipe.bits, FOLDS);
  if (dataset.examples.every(({ domain }) => domain === LESSONS)) {
    process.stderr.write(`${language}: no labelled texts under ${values.data}\n`);
    continue;
  }
  const found = crossValidate(dataset, recipe);
  const temperature = temperatureOf(found, dataset, exampleWeights(dataset, recipe));
  const bytes = trainModel(dataset, language, recipe, temperature);
  writeFileSync(join(out, `${language}.bin`), bytes);
  const said = labelsOf(found);
  for (const domain of new Set(dataset.examples.map((example) => example.domain))) {
    if (domain === LESSONS) continue;
    const own = dataset.examples.flatMap((example, i) => (example.domain === domain ? [i] : []));
    const { texts, macroF1, accuracy } = qualityOf(
      own.map((i) => dataset.labels[i] as number),
      own.map((i) => said[i] as number),
      0,
    );
    process.stdout.write(
      `${language} ${domain}: ${texts} texts, macro-F1 ${(100 * macroF1).toFixed(1)}, accuracy ${(100 * accuracy).toFixed(1)}\n`,
    );
  }
  process.stdout.write(`${language}: ${bytes.length} bytes, temperature ${temperature}\n`);
}
