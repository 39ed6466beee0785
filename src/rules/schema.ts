/** The shape of a rule file. Strict: what is not here is refused, so that a typo never makes a rule silent. */
import { z } from 'zod';
import { parseDuration } from '../lib/duration.ts';
import { DETECTORS, METRICS } from './rule.ts';

/** Complaints are keys of `i18n/rules.ts` (`rules.problem.<key>`), put into words by `load.ts`. */
const durationField = (description: string) =>
  z
    .string()
    .refine((text) => parseDuration(text) !== undefined, 'duration')
    .meta({ pattern: '^(\\d+(ms|[smhdw]))+$', description, examples: ['90s', '5m', '12h', '7d'] });

const localised = (description: string) =>
  z
    .union([z.string().min(1), z.strictObject({ fr: z.string().min(1).optional(), en: z.string().min(1).optional() })])
    .meta({ description });

const names = (description: string) =>
  z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).meta({ description });

const operator = z
  .enum(['>', '>=', '<', '<=', '==', '!='])
  .meta({ description: 'How the value is compared with `than`.' });

const amount = z
  .union([z.number(), z.string().regex(/^-?\d+([.,]\d+)?\s*%$/, 'share')])
  .meta({ description: 'A number; a share as `40%` or `0.4`; with `vs`, how many times as much.' });

const severity = z.enum(['info', 'warning', 'critical']).meta({ description: 'How grave it is.' });

const signal = z
  .strictObject({
    signal: z
      .string()
      .min(1)
      .meta({ description: 'A detector: the condition holds while its signal is open.', examples: [...DETECTORS] }),
    scope: z.string().min(1).optional().meta({
      description: '`*`: the brand as a whole; or a network, or a story. Left out: any, and one alert for each.',
    }),
    field: z.string().optional().meta({ description: 'A number of the signal to test: score, observed or expected.' }),
    op: operator.optional(),
    than: z.number().optional().meta({ description: 'What the field is compared with.' }),
  })
  .meta({ description: 'A signal of a detector is open.' });

const metric = z
  .strictObject({
    metric: z
      .string()
      .min(1)
      .meta({
        pattern: `^(${METRICS.join('|')}|kpi:[\\w.-]+)$`,
        description: 'What is measured.',
        examples: [...METRICS],
      }),
    window: durationField('Over how long, up to now: whole minutes up to 6h, whole 5 minutes up to 7d.').optional(),
    filter: z.string().min(1).optional().meta({ description: 'Only mentions that match, in the query language.' }),
    op: operator,
    than: amount,
    vs: z.string().optional().meta({
      pattern: '^(usual|previous|yesterday|last_week|brand:.+)$',
      description:
        'Compares with the usual level at this hour, the window before, a day or a week before, or another brand; `than` is then how many times as much.',
    }),
    min: z
      .number()
      .min(0)
      .optional()
      .meta({ description: 'Mentions in the window below which it is false; 5 with `vs` and for `growth`.' }),
  })
  .meta({ description: 'A number measured on the mentions of the brand.' });

const learning = z
  .strictObject({
    learning: z.boolean().meta({ description: 'The brand has less than 48 h of history.' }),
  })
  .meta({ description: 'What is usual is not known yet.' });

type ConditionInput =
  | z.input<typeof signal>
  | z.input<typeof metric>
  | z.input<typeof learning>
  | { all: ConditionInput[] }
  | { any: ConditionInput[] }
  | { not: ConditionInput }
  | { sequence: ConditionInput[]; within: string };

/** A condition as it is written. */
const conditionSchema: z.ZodType<ConditionInput, ConditionInput> = z
  .lazy(() =>
    z.union([
      signal,
      metric,
      learning,
      z.strictObject({ all: z.array(conditionSchema).min(1).meta({ description: 'Each of these holds.' }) }),
      z.strictObject({ any: z.array(conditionSchema).min(1).meta({ description: 'At least one of these holds.' }) }),
      z.strictObject({ not: conditionSchema }).meta({ description: 'This does not hold.' }),
      z.strictObject({
        sequence: z.array(conditionSchema).min(2).meta({ description: 'These become true one after the other.' }),
        within: durationField('From the first to the last of them.'),
      }),
    ]),
  )
  .meta({ id: 'condition', description: 'When the rule is true.' });

export type ConditionSource = ConditionInput;

const rule = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'id')
      .meta({ description: 'Unique among all rules: a-z, 0-9 and `-`.' }),
    title: localised('What people read first; by language, or one text for all. Left out: the id.').optional(),
    summary: localised('One sentence more, with `{{ brand.name }}`, `{{ mentions_1h }}` and the like.').optional(),
    brands: names('Ids of the brands that it watches; left out: all.').optional(),
    client: names('Only brands of this client.').optional(),
    sources: names('Counts only mentions of these networks (x, press, …).').optional(),
    role: z
      .enum(['own', 'competitor'])
      .optional()
      .meta({ description: '`own`: leaves competitors alone; `competitor`: watches only them. Left out: both.' }),
    when: conditionSchema,
    for: durationField('How long it must hold before people are told; left out: told at once.').optional(),
    keep_firing_for: durationField('How long it stays after it stopped to hold; left out: not at all.').optional(),
    severity: severity.default('warning'),
    tiers: z
      .array(z.strictObject({ severity, when: conditionSchema }))
      .max(5)
      .optional()
      .meta({ description: 'The same alert, graver, while the rule holds and this does too.' }),
    labels: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Words of your own by which alerts are routed.' }),
  })
  .meta({ description: 'One reason to warn people.' });

/** A rule file. */
export const ruleFileSchema = z
  .strictObject({ rules: z.array(rule).meta({ description: 'The rules of this file.' }) })
  .meta({ title: 'Vigie rules', description: 'Rules that decide when people are warned.' });

export type RuleSource = z.output<typeof rule>;

/** The JSON Schema that editors read, as it stands in `rules/rule.schema.json`. */
export function ruleJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(ruleFileSchema, { io: 'input', target: 'draft-7' }), null, 2)}\n`;
}
