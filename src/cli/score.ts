/** `vigie score`: language and sentiment of texts, one a line. */
import { Command } from 'commander';
import { jsonProblem } from '../sources/lib/ndjson.ts';
import { createLanguageDetector } from '../text/language.ts';
import { createScorer } from '../text/sentiment/index.ts';
import { tokenize } from '../text/tokenize.ts';
import type { LineAnswer } from './stdin-lines.ts';
import { answerLines } from './stdin-lines.ts';

export function scoreCommand(): Command {
  return new Command('score')
    .description('Judges texts from stdin, one a line, or NDJSON with text (and lang): prints language and sentiment.')
    .action(score);
}

/** The first line that holds anything says how all are written. */
async function score(): Promise<void> {
  const detect = createLanguageDetector();
  const scorer = createScorer('linear');
  let ndjson: boolean | undefined;
  const judge = (text: string, hint?: string): LineAnswer => {
    const tokens = tokenize(text);
    const lang = detect(text, hint, tokens);
    return { print: JSON.stringify({ lang, sentiment: scorer.score(text, lang, tokens) }) };
  };
  await answerLines(({ text, size }) => {
    if (text === undefined) return { refuse: `longer than 10 MB (${size} bytes)` };
    const empty = text.trim() === '';
    if (ndjson === undefined && !empty) ndjson = isObject(text);
    if (!ndjson) return judge(text);
    if (empty) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { refuse: `not JSON: ${jsonProblem(error)}` };
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { refuse: 'expected one JSON object' };
    if (!('text' in value) || typeof value.text !== 'string') return { refuse: 'text: missing, or not text' };
    const hint = 'lang' in value ? value.lang : undefined;
    if (hint !== undefined && hint !== null && typeof hint !== 'string') return { refuse: 'lang: not text' };
    return judge(value.text, hint ?? undefined);
  });
}

/** A line that opens an object is NDJSON, be it well-formed or not: a text seldom begins so. */
function isObject(line: string): boolean {
  return /^\s*\{\s*("|\})/.test(line);
}
