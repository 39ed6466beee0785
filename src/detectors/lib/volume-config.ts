/** What people may set on the detectors of volume. */
import { z } from 'zod';
import type { Gate } from './volume-series.ts';

const MARGINS = { fewer: 2, balanced: 1.5, more: 1 } as const;
const MINIMUMS = { social: 5, press: 3 } as const;

/** Settings of `spike` and `negative-surge`. */
export const volumeConfig = z.strictObject({
  preset: z
    .enum(['social', 'press'])
    .default('social')
    .describe('What the brand is mostly spoken of in: `press` needs fewer mentions (3 in 6 hours instead of 5).'),
  sensitivity: z
    .enum(['fewer', 'balanced', 'more'])
    .default('balanced')
    .describe('How far above its own habits a series must be before it alerts.'),
  threshold: z
    .number()
    .min(1)
    .max(5)
    .default(2.6)
    .describe(
      'Score at which an episode opens: 2 is about once in 100 past moments on two windows at once, 3 once in 1,000.',
    ),
});

/** Settings as given, defaults filled in. */
export type VolumeConfig = z.output<typeof volumeConfig>;

/** What must hold beside the score, by preset and sensitivity. */
export function gateOf({ preset, sensitivity }: Pick<VolumeConfig, 'preset' | 'sensitivity'>): Gate {
  return { margin: MARGINS[sensitivity], minimum: MINIMUMS[preset] };
}
