/** Reads YAML that people write, and says of everything wrong in it where it stands and what was probably meant. */
import { distance } from 'fastest-levenshtein';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Problem } from '../model/errors.ts';

export interface YamlFile<T> {
  readonly value?: T;
  /** Empty when `value` is there. */
  readonly problems: readonly Problem[];
  /** The document as plain data, also where the schema refuses it; absent when it is not YAML. */
  readonly raw?: unknown;
  /** Line and column (from 1) of a path into the document, or of the nearest parent that is there. */
  readonly where: (path: readonly PropertyKey[], onKey?: boolean) => { readonly line: number; readonly column: number };
  /** Line and column of the character at `offset` of the string at a path, through quotes, escapes and folded lines. */
  readonly inside: (path: readonly PropertyKey[], offset: number) => { readonly line: number; readonly column: number };
}

/** Words for the complaints that come from here, so that each caller can speak its reader's language. */
export interface YamlWords {
  readonly unknownKey: (key: string, nearest: string | undefined) => string;
  /** Words for complaints to which the schema gives none of its own. */
  readonly error?: z.core.$ZodErrorMap;
  /** What a schema's complaint says in the end; left out: its message. */
  readonly issue?: (issue: z.core.$ZodIssue) => string;
  /** What is wrong with the YAML itself, by the parser's code; left out: the parser's own words. */
  readonly syntax?: (code: string, message: string) => string;
}

export const englishYamlWords: YamlWords = {
  unknownKey: (key, nearest) => `unknown key "${key}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
};

/**
 * Parses and validates one document. Every problem is listed, none is thrown. `prepare` may change scalars before the
 * schema sees them (positions stay those of the text).
 */
export function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  words: YamlWords = englishYamlWords,
  prepare?: (document: Document) => void,
): YamlFile<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const find = (path: readonly PropertyKey[], onKey: boolean) => {
    let node: unknown = document.contents;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const [depth, step] of path.entries()) {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isPair(item) && String((item.key as { value?: unknown }).value ?? item.key) === String(step),
        );
        if (!pair) break;
        const key = pair.key as Node;
        const useKey = (onKey && depth === path.length - 1) || !isNode(pair.value);
        offset = (useKey ? key.range?.[0] : (pair.value as Node).range?.[0]) ?? offset;
        node = pair.value;
      } else {
        const item = (node as { items?: unknown[] } | null)?.items?.[Number(step)];
        if (!isNode(item)) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      }
    }
    return { node, offset };
  };
  const where = (path: readonly PropertyKey[], onKey = false) => at(find(path, onKey).offset);
  const inside = (path: readonly PropertyKey[], offset: number) => {
    const found = find(path, false);
    const value = isScalar(found.node) ? found.node.value : undefined;
    return at(typeof value === 'string' ? sourceOffset(text, found.offset, value, offset) : found.offset);
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((e) => ({
      file,
      ...at(e.pos[0]),
      message: words.syntax?.(e.code, e.message) ?? e.message,
    }));
    return { problems, where, inside };
  }
  prepare?.(document);
  let raw: unknown;
  try {
    raw = document.toJS() ?? {};
  } catch (error) {
    // The parser refuses aliases that multiply only here.
    const { message } = error as Error;
    return {
      problems: [{ file, line: 1, column: 1, message: words.syntax?.('ALIASES', message) ?? message }],
      where,
      inside,
    };
  }
  const parsed = schema.safeParse(raw, words.error ? { error: words.error } : undefined);
  if (parsed.success) return { value: parsed.data, problems: [], raw, where, inside };
  const say = words.issue ?? ((issue: z.core.$ZodIssue) => issue.message);
  return {
    problems: flatten(parsed.error.issues, [], say).map((issue) => ({ file, ...place(issue) })),
    raw,
    where,
    inside,
  };

  function place(issue: FlatIssue): { line: number; column: number; message: string } {
    if (issue.unknownKey !== undefined) {
      return {
        ...where([...issue.path, issue.unknownKey], true),
        message: words.unknownKey(issue.unknownKey, nearest(issue.unknownKey, keysAt(schema, issue.path))),
      };
    }
    const name = issue.path.filter((p) => typeof p === 'string').join('.');
    return { ...where(issue.path), message: name === '' ? issue.message : `${name}: ${issue.message}` };
  }
}

interface FlatIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly unknownKey?: string;
}

/** A union reports every branch; the branch that came furthest is the one that was meant. */
function flatten(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[],
  say: (issue: z.core.$ZodIssue) => string,
): FlatIssue[] {
  return issues.flatMap((issue): FlatIssue[] => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((unknownKey) => ({ path, unknownKey, message: issue.message }));
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const branches = issue.errors.map((branch) => flatten(branch, path, say));
      const best = branches.reduce((a, b) => (cost(b, path.length) < cost(a, path.length) ? b : a));
      return best.length > 0 ? best : [{ path, message: say(issue) }];
    }
    return [{ path, message: say(issue) }];
  });
}

function cost(issues: readonly FlatIssue[], depth: number): number {
  const deepest = Math.max(...issues.map((i) => i.path.length - depth + (i.unknownKey === undefined ? 0 : 0.5)));
  return issues.length - deepest * 2;
}

/** Where in the text the character `offset` of a scalar's value stands: both are walked together from the scalar's start. */
function sourceOffset(text: string, start: number, value: string, offset: number): number {
  const opening = text[start];
  const quote = opening === '"' || opening === "'" ? opening : undefined;
  const block = (opening === '|' || opening === '>') && value[0] !== opening;
  let at = block ? text.indexOf('\n', start) + 1 : quote ? start + 1 : start;
  const limit = Math.min(text.length, start + 4 * value.length + 10_000);
  for (let i = 0; i <= offset && i < value.length; i++) {
    // Indentation and folded line ends are in the text and not in the value.
    while (at < limit && text[at] !== value[i] && /\s/.test(text[at] ?? '')) at++;
    if (i === offset || at >= limit) break;
    if (quote === "'" && value[i] === "'") at += 2;
    else if (quote === '"' && text[at] === '\\') at += escapeLength(text[at + 1]);
    else if (/\s/.test(value[i] ?? '') && text[at] !== value[i]) continue;
    else at++;
  }
  return at;
}

function escapeLength(letter: string | undefined): number {
  return letter === 'x' ? 4 : letter === 'u' ? 6 : letter === 'U' ? 10 : 2;
}

/** The nearest of `known` to what was written; undefined when nothing is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const candidate of known) {
    const d = distance(written.toLowerCase(), candidate.toLowerCase());
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/** The keys that the schema knows at a path, all branches of unions together. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let here: z.core.$ZodType[] = [schema];
  for (const step of path) here = here.flatMap((s) => unwrap(s)).flatMap((s) => child(s, step));
  return here.flatMap((s) => unwrap(s)).flatMap((s) => Object.keys((s._zod.def as { shape?: object }).shape ?? {}));
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = schema._zod.def as unknown as {
    type: string;
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
    options?: z.core.$ZodType[];
    getter?: () => z.core.$ZodType;
  };
  if (def.type === 'union') return (def.options ?? []).flatMap(unwrap);
  if (def.type === 'lazy' && def.getter) return unwrap(def.getter());
  if (def.innerType) return unwrap(def.innerType);
  if (def.type === 'pipe' && def.in) return unwrap(def.in);
  return [schema];
}

function child(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  const def = schema._zod.def as unknown as {
    shape?: Record<string, z.core.$ZodType>;
    element?: z.core.$ZodType;
    valueType?: z.core.$ZodType;
  };
  const next = def.shape?.[String(step)] ?? def.element ?? def.valueType;
  return next ? [next] : [];
}
