/** Receivers as people configure them: a name and one or more channels, built from what the notifiers say of themselves. */
import { z } from 'zod';
import type { NotifierDefinition, NotifierDeps } from '../model/define.ts';
import type { Notifier } from '../model/ports.ts';
import { notifiers } from '../notifiers/index.ts';

const definitions: readonly Pick<NotifierDefinition<z.ZodType>, 'type' | 'summary' | 'config'>[] = notifiers;
const types = definitions.map(({ type }) => type);
const channels: Readonly<Record<string, z.ZodOptional<z.ZodType>>> = Object.fromEntries(
  definitions.map(({ type, config, summary }) => [type, config.optional().describe(summary)]),
);

/** One of `receivers:` in the configuration: `{ name: pr-team, email: { to: [pr@example.org] } }`. */
export const receiverSchema = z
  .strictObject({ name: z.string().min(1).max(80).describe('How routes call it.'), ...channels })
  .refine((receiver: ReceiverConfig) => types.some((type) => receiver[type] !== undefined), {
    message: `says no channel: add one of ${types.join(', ')}`,
  });

/** A receiver of the configuration; beside its name each key is a notifier's type with that notifier's own settings. */
export type ReceiverConfig = { readonly name: string; readonly [channel: string]: unknown };

/** A receiver's channels, ready to tell people. */
export interface Receiver {
  readonly name: string;
  readonly channels: readonly Notifier[];
}

/** Makes the receivers of a configuration. */
export function createReceivers(configs: readonly ReceiverConfig[], deps: NotifierDeps): readonly Receiver[] {
  return configs.map((config) => ({
    name: config.name,
    channels: notifiers.flatMap((definition) => {
      const given = config[definition.type];
      // `given` went through this very definition's schema; a list of definitions cannot say so in types.
      const { create } = definition as { create: (this: void, config: unknown, deps: NotifierDeps) => Notifier };
      return given === undefined ? [] : [create(given, deps)];
    }),
  }));
}
