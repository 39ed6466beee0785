/** Titles and summaries with holes: `{{ brand.name }}`, `{{ mentions_1h }}`. Strict: a name that is not known is refused at load. */
import { parseDuration } from '../lib/duration.ts';
import type { Millis } from '../model/types.ts';
import { METRICS } from './rule.ts';

/** What may stand in a hole beside `<metric>_<window>`. */
export const TEMPLATE_NAMES: readonly string[] = [
  'brand.name',
  'brand.id',
  'client',
  'scope',
  'severity',
  'observed',
  'expected',
  'window',
  'minutes_since_last',
];

export type Hole =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'metric'; readonly metric: string; readonly windowMs: Millis };

export type TemplatePart = string | Hole;

/** A hole whose name is not known, or that is not closed; `at` counts from the template's first character. */
export interface TemplateProblem {
  readonly at: number;
  readonly name: string;
}

/** Cuts a template into text and holes. */
export function parseTemplate(template: string): {
  readonly parts: readonly TemplatePart[];
  readonly problems: readonly TemplateProblem[];
} {
  const parts: TemplatePart[] = [];
  const problems: TemplateProblem[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    if (open < 0) break;
    if (open > at) parts.push(template.slice(at, open));
    const close = template.indexOf('}}', open);
    if (close < 0) {
      problems.push({ at: open, name: template.slice(open + 2).trim() });
      return { parts, problems };
    }
    const inside = template.slice(open + 2, close);
    const name = inside.trim();
    const hole = holeOf(name);
    if (hole) parts.push(hole);
    else problems.push({ at: open + 2 + (inside.length - inside.trimStart().length), name });
    at = close + 2;
  }
  if (at < template.length) parts.push(template.slice(at));
  return { parts, problems };
}

function holeOf(name: string): Hole | undefined {
  if (TEMPLATE_NAMES.includes(name)) return { kind: 'name', name };
  const cut = name.lastIndexOf('_');
  const metric = name.slice(0, cut);
  const windowMs = parseDuration(name.slice(cut + 1));
  if (cut < 0 || windowMs === undefined || windowMs < 60_000) return undefined;
  return METRICS.includes(metric) && metric !== 'minutes_since_last' ? { kind: 'metric', metric, windowMs } : undefined;
}
