/** Reads labelled texts from a folder of public research sets; what a folder lacks is left out and named. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';

/** One labelled text: 0 negative, 1 neutral, 2 positive. */
export interface Example {
  readonly domain: string;
  readonly text: string;
  readonly label: number;
  /** Texts of one group (a brand, an insurer) stay together when the set is split. */
  readonly group?: string;
}

const umsabFolders: Readonly<Record<string, string>> = {
  en: 'english',
  fr: 'french',
  es: 'spanish',
  de: 'german',
  it: 'italian',
  pt: 'portuguese',
};

export const languages: readonly string[] = ['fr', 'en', 'es', 'de', 'it', 'pt'];

/** All labelled texts of a language (ISO 639-1). */
export function readExamples(folder: string, language: string): Example[] {
  const examples = umsab(folder, umsabFolders[language] ?? language);
  examples.push(...lessons(language));
  if (language === 'en') examples.push(...semeval(folder), ...airlines(folder));
  if (language === 'fr') examples.push(...deft(folder), ...insurers(folder));
  return examples;
}

function linesOf(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
    : [];
}

const words: Readonly<Record<string, number>> = { negative: 0, objective: 1, neutral: 1, positive: 2 };

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
};

/** Escapes that the sets carry and that live posts do not. */
function plain(text: string): string {
  return text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&(?:amp|lt|gt|quot|nbsp|#39);/g, (entity) => entities[entity] ?? entity)
    .replace(/\\"/g, '"')
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll('""', '"');
}

/** The domain of what is learned from and never measured by. */
export const LESSONS = 'lessons';

/** Sentences of our own that show what the sets hold little of: negation, concession, irony, plain news. They are only learned from. */
function lessons(language: string): Example[] {
  return linesOf(fileURLToPath(new URL(`./lessons/${language}.tsv`, import.meta.url)))
    .slice(1)
    .map((line) => {
      const [word = '', text = ''] = line.split('\t');
      return { domain: LESSONS, text, label: words[word] ?? 1 };
    });
}

function umsab(folder: string, name: string): Example[] {
  const examples: Example[] = [];
  for (const part of ['train', 'val']) {
    const texts = linesOf(join(folder, 'umsab', name, `${part}_text.txt`));
    const labels = linesOf(join(folder, 'umsab', name, `${part}_labels.txt`));
    if (texts.length !== labels.length)
      throw new Error(`${name} ${part}: ${texts.length} texts, ${labels.length} labels`);
    for (const [i, text] of texts.entries())
      examples.push({ domain: 'umsab', text: plain(text), label: Number(labels[i]) });
  }
  return examples;
}

function semeval(folder: string): Example[] {
  const examples: Example[] = [];
  for (const line of linesOf(join(folder, 'tweeteval-sentiment/train_rebuilt.tsv'))) {
    const [label, text] = line.split('\t');
    if (label !== undefined && text) examples.push({ domain: 'semeval', text: plain(text), label: Number(label) });
  }
  const texts = linesOf(join(folder, 'tweeteval-sentiment/val_text.txt'));
  const labels = linesOf(join(folder, 'tweeteval-sentiment/val_labels.txt'));
  for (const [i, text] of texts.entries())
    examples.push({ domain: 'semeval', text: plain(text), label: Number(labels[i]) });
  return examples;
}

function table(file: string): Record<string, string>[] {
  if (!existsSync(file)) return [];
  return parse(readFileSync(file), { columns: true, relax_quotes: true, bom: true });
}

function airlines(folder: string): Example[] {
  return table(join(folder, 'streams/us-airlines-2015/Tweets.csv')).map((row) => ({
    domain: 'airlines',
    text: plain(row['text'] ?? ''),
    label: words[row['airline_sentiment'] ?? ''] ?? 1,
    group: row['airline'] ?? '',
  }));
}

function deft(folder: string): Example[] {
  const examples: Example[] = [];
  for (const line of linesOf(join(folder, 'deft2017/train.tsv'))) {
    const [word = '', text = ''] = line.split('\t');
    const label = words[word];
    if (label !== undefined && text) examples.push({ domain: 'deft', text: plain(text), label });
  }
  return examples;
}

function insurers(folder: string): Example[] {
  return table(join(folder, 'insurers-fr/reviews.csv')).map((row) => {
    const stars = Number(row['stars']);
    return {
      domain: 'insurers',
      text: row['text'] ?? '',
      label: stars < 2.5 ? 0 : stars > 3.5 ? 2 : 1,
      group: row['insurer'] ?? '',
    };
  });
}
