/** Secrets of a configuration: `env:NAME` and `file:path` become what they stand for, and nothing else is accepted. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Document, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { SecretMask } from '../lib/secret.ts';
import type { Say } from './schema.ts';

/** The parts of a configuration in which values may be secrets. */
const SECTIONS = ['sources', 'receivers', 'smtp', 'store', 'bus'];
const NAMED = /^(authorization|cookie|(.*_)?(secret|password|passwd|token|api_key|credentials?))$/i;
/** Keys whose values are files themselves: `file:` is part of their name. */
const FILES = /^(path|paths|file|files|folder|input)$/;
const MOST_BYTES = 64 * 1024;

export interface SecretProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Puts the secrets into the document, tells them to the mask, and answers what is wrong with them. */
export function resolveSecrets(
  document: Document,
  from: { readonly env: Readonly<Record<string, string | undefined>>; readonly folder: string },
  mask: SecretMask,
  say: Say,
): readonly SecretProblem[] {
  const problems: SecretProblem[] = [];
  for (const section of SECTIONS) visit(document.get(section, true), [section], false);
  return problems;

  function visit(node: unknown, path: readonly (string | number)[], hidden: boolean): void {
    if (isMap(node)) {
      for (const pair of node.items) {
        if (!isPair(pair)) continue;
        const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        visit(pair.value, [...path, key], NAMED.test(key));
      }
    } else if (isSeq(node)) {
      for (const [i, item] of node.items.entries()) visit(item, [...path, i], hidden);
    } else if (isScalar(node)) {
      const { value } = node;
      const key = String(path.findLast((step) => typeof step === 'string'));
      if (typeof value === 'string' && /^(env|file):/.test(value) && !(FILES.test(key) && value.startsWith('file:'))) {
        const found = lookUp(value);
        if ('message' in found) problems.push({ path, message: found.message });
        else {
          mask.add(found.secret);
          node.value = found.secret;
        }
      } else if (hidden && value !== null && value !== '') {
        if (typeof value === 'string') mask.add(value);
        problems.push({ path, message: say('secretPlain', { key }) });
      } else if (typeof value === 'string' && holdsPassword(value)) {
        mask.add(value);
        problems.push({ path, message: say('secretUrl') });
      }
    }
  }

  function lookUp(reference: string): { readonly secret: string } | { readonly message: string } {
    const colon = reference.indexOf(':');
    const name = reference.slice(colon + 1);
    if (name.trim() === '') return { message: say('secretName', { value: reference }) };
    if (reference.startsWith('env:')) {
      const secret = from.env[name];
      if (secret === undefined) return { message: say('secretMissing', { name }) };
      return secret === '' ? { message: say('secretEmpty', { name }) } : { secret };
    }
    try {
      const file = resolve(from.folder, name);
      if (statSync(file).size > MOST_BYTES) return { message: say('secretFile', { path: name, why: 'EFBIG' }) };
      const secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      return secret === '' ? { message: say('secretEmpty', { name }) } : { secret };
    } catch (error) {
      return { message: say('secretFile', { path: name, why: String((error as NodeJS.ErrnoException).code) }) };
    }
  }
}

function holdsPassword(value: string): boolean {
  // Several hosts after the password are no URL.
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s]*:[^/\s]+@[^/\s]*,/i.test(value)) return true;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value) && new URL(value).password !== '';
}
