/** Reads YAML that people write, and says of everything wrong in it where it stands and what was probably meant. */
import { distance } from 'fastest-levenshtein';
import { isMap, isNode, isPair, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Problem } from '../model/errors.ts';

export interface YamlFile<T> {
  readonly value?: T;
  /** Empty when `value` is there. */
  readonly problems: readonly Problem[];
  /** Line and column (from 1) of a path into the document, or of the nearest parent that is there. */
  readonly where: (path: readonly PropertyKey[], onKey?: boolean) => { readonly line: number; readonly column: number };
}

/** Words for the complaints that come from here, so that each caller can speak its reader's language. */
export interface YamlWords {
  readonly unknownKey: (key: string, nearest: string | undefined) => string;
}

export const englishYamlWords: YamlWords = {
  unknownKey: (key, nearest) => `unknown key "${key}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
};

/** Parses and validates one document. Every problem is listed, none is thrown. */
export function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  words: YamlWords = englishYamlWords,
): YamlFile<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const where = (path: readonly PropertyKey[], onKey = false) => {
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
    return at(offset);
  };
  if (document.errors.length > 0) {
    return { problems: document.errors.map((e) => ({ file, ...at(e.pos[0]), message: e.message })), where };
  }
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { value: parsed.data, problems: [], where };
  return { problems: flatten(parsed.error.issues, []).map((issue) => ({ file, ...place(issue) })), where };

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
function flatten(issues: readonly z.core.$ZodIssue[], base: readonly PropertyKey[]): FlatIssue[] {
  return issues.flatMap((issue): FlatIssue[] => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((unknownKey) => ({ path, unknownKey, message: issue.message }));
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const branches = issue.errors.map((branch) => flatten(branch, path));
      const best = branches.reduce((a, b) => (cost(b, path.length) < cost(a, path.length) ? b : a));
      return best.length > 0 ? best : [{ path, message: issue.message }];
    }
    return [{ path, message: issue.message }];
  });
}

function cost(issues: readonly FlatIssue[], depth: number): number {
  const deepest = Math.max(...issues.map((i) => i.path.length - depth + (i.unknownKey === undefined ? 0 : 0.5)));
  return issues.length - deepest * 2;
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
