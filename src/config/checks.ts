/**
 * What one field alone cannot tell: names that are there twice or not at all, queries, competitors, routes. The checks run on
 * the raw document, so that they speak up beside the schema's complaints and not only after these are mended.
 */
import type { Language } from '../i18n/index.ts';
import { say } from '../i18n/index.ts';
import { nearest } from '../lib/yaml-file.ts';
import type { Query } from '../model/types.ts';
import { parseQuery } from '../text/query/parse.ts';
import { sayIn } from './schema.ts';

export type Path = readonly (string | number)[];

/** Something wrong at a path; `offset` is the character of the string there. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly offset?: number;
}

interface RawBrand {
  readonly id: string;
  readonly client: string;
  readonly query: string | undefined;
  readonly competitors: readonly unknown[];
}

/** Checks a raw document; the brands' queries that can be read are put into `queries`. */
export function checkWhole(raw: unknown, language: Language, queries: Map<string, Query>): readonly Finding[] {
  const speak = sayIn(language);
  const findings: Finding[] = [];

  const brands = list(get(raw, 'brands')).map(
    (brand): RawBrand => ({
      id: text(get(brand, 'id')) ?? '',
      client: text(get(brand, 'client')) ?? 'default',
      query: text(get(brand, 'query')),
      competitors: list(get(brand, 'competitors')),
    }),
  );
  const byId = new Map(brands.map((brand) => [brand.id, brand]));
  const ids = [...byId.keys()].filter((id) => id !== '');

  repeated('brands', 'id', 'duplicateBrand');
  repeated('sources', 'name', 'duplicateSource');
  repeated('receivers', 'name', 'duplicateReceiver');

  for (const [i, brand] of brands.entries()) {
    for (const [j, competitor] of brand.competitors.entries()) {
      if (typeof competitor !== 'string') continue;
      const path = ['brands', i, 'competitors', j];
      const other = byId.get(competitor);
      if (competitor === brand.id) findings.push({ path, message: speak('ownCompetitor', { id: competitor }) });
      else if (other === undefined) {
        const near = nearest(competitor, ids) ?? '';
        findings.push({ path, message: speak('unknownBrand', { id: competitor, nearest: near }) });
      } else if (other.client !== brand.client) {
        findings.push({ path, message: speak('otherClient', { id: competitor, client: other.client }) });
      }
    }
    if (brand.query === undefined || brand.query === '') continue;
    const parsed = parseQuery(brand.query);
    if (parsed.query) queries.set(brand.id, parsed.query);
    for (const { text, start } of parsed.problems) {
      findings.push({ path: ['brands', i, 'query'], message: say(language, text), offset: start });
    }
  }

  const receivers = list(get(raw, 'receivers')).flatMap((receiver) => text(get(receiver, 'name')) ?? []);
  checkRoute(get(raw, 'route'), ['route']);
  return findings;

  function checkRoute(route: unknown, path: Path): void {
    const name = text(get(route, 'receiver'));
    if (name !== undefined && !receivers.includes(name)) {
      const message =
        receivers.length === 0
          ? speak('noReceivers', { name })
          : speak('unknownReceiver', { name, nearest: nearest(name, receivers) ?? '' });
      findings.push({ path: [...path, 'receiver'], message });
    }
    if (path.length > 64) return;
    for (const [i, child] of list(get(route, 'routes')).entries()) checkRoute(child, [...path, 'routes', i]);
  }

  function repeated(section: string, key: string, sentence: string): void {
    const seen = new Set<string>();
    for (const [i, entry] of list(get(raw, section)).entries()) {
      const name = text(get(entry, key));
      if (name === undefined) continue;
      if (seen.has(name)) findings.push({ path: [section, i, key], message: speak(sentence, { id: name }) });
      seen.add(name);
    }
  }
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
