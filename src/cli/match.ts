/** `vigie match`: which queries each post matches, and why. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { say } from '../i18n/index.ts';
import type { Language } from '../i18n/index.ts';
import type { Problem } from '../model/errors.ts';
import { ConfigError } from '../model/errors.ts';
import type { UnstampedPost } from '../model/types.ts';
import { decodeText } from '../sources/lib/lines.ts';
import { readJsonLine } from '../sources/lib/ndjson.ts';
import { parsePost } from '../sources/lib/post.ts';
import { analyseText } from '../text/analyse-text.ts';
import { createLanguageDetector } from '../text/language.ts';
import type { QueryNode } from '../text/query/ast.ts';
import { fieldsOf } from '../text/query/ast.ts';
import type { Document } from '../text/query/document.ts';
import { documentOf } from '../text/query/document.ts';
import { explain } from '../text/query/explain.ts';
import { QuerySet } from '../text/query/match.ts';
import { parseQuery } from '../text/query/parse.ts';
import { createScorer } from '../text/sentiment/index.ts';
import { UsageError } from './io.ts';
import { answerLines, terminalLanguage } from './stdin-lines.ts';

interface Options {
  readonly queries: string;
  readonly explain?: true;
}

export function matchCommand(): Command {
  return new Command('match')
    .description('Reads posts as NDJSON from stdin and prints which queries each of them matches.')
    .requiredOption('--queries <file>', 'file of queries, one a line: id, a tab, the query')
    .option('--explain', 'print for every query why it matches, or what was missing')
    .action(match);
}

async function match(options: Options): Promise<void> {
  const queries = await readQueries(options.queries, terminalLanguage(process.env));
  const set = new QuerySet();
  for (const [id, query] of queries) set.add(id, query);
  const document = documents([...queries.values()]);
  await answerLines((line) => {
    const read = readJsonLine(line);
    if (!read) return undefined;
    if (read.problem !== undefined) return { refuse: read.problem };
    const parsed = parsePost(read.value, { source: 'stdin' });
    if ('problems' in parsed) return { refuse: parsed.problems.join('; ') };
    const id = givenId(read.value);
    if (parsed.post.op === 'delete') return { print: JSON.stringify({ id, queries: [] }) };
    const made = document(parsed.post);
    const matched = set.match(made);
    if (!options.explain) return { print: JSON.stringify({ id, queries: matched }) };
    return { print: JSON.stringify({ id, queries: matched, explain: explanations(queries, made) }) };
  });
}

/** The id as the post gave it, without the source that we put before it. */
function givenId(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  if ('id' in value && value.id !== null && value.id !== '') return value.id;
  return 'url' in value ? value.url : null;
}

/** Makes documents of posts; language and sentiment are found only where a query asks for them. */
function documents(queries: readonly QueryNode[]): (post: UnstampedPost) => Document {
  const fields = new Set(queries.flatMap((query) => [...fieldsOf(query)]));
  const detect = createLanguageDetector();
  const scorer = createScorer('linear');
  const judged = fields.has('sentiment');
  return (post) => {
    const { tokenized, tokens, links } = analyseText(post);
    if (!judged && !fields.has('lang')) return documentOf({ ...post, links }, tokenized);
    const language = detect(post.text, post.lang, tokens);
    if (!judged) return documentOf({ ...post, links, language }, tokenized);
    return documentOf({ ...post, links, language, sentiment: scorer.score(post.text, language, tokens) }, tokenized);
  };
}

function explanations(queries: ReadonlyMap<string, QueryNode>, document: Document): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...queries].map(([id, query]) => [id, explain(query, document)]));
}

/** Queries by id, in the order of the file. Throws a ConfigError that lists every problem of every line. */
async function readQueries(file: string, language: Language): Promise<ReadonlyMap<string, QueryNode>> {
  let text: string;
  try {
    text = decodeText(await readFile(file));
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const queries = new Map<string, QueryNode>();
  const problems: Problem[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const at = { file, line: index + 1 };
    const tab = line.indexOf('\t');
    const id = tab < 0 ? '' : line.slice(0, tab).trim();
    if (id === '') problems.push({ ...at, column: 1, message: say(language, { key: 'query.file.line', values: {} }) });
    else if (queries.has(id)) {
      problems.push({ ...at, column: 1, message: say(language, { key: 'query.file.twice', values: { id } }) });
    } else {
      const parsed = parseQuery(line.slice(tab + 1));
      for (const problem of parsed.problems) {
        problems.push({ ...at, column: tab + 2 + problem.start, message: say(language, problem.text) });
      }
      if (parsed.query) queries.set(id, parsed.query);
    }
  });
  if (queries.size === 0 && problems.length === 0) {
    problems.push({ file, line: 1, column: 1, message: say(language, { key: 'query.file.empty', values: {} }) });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return queries;
}
