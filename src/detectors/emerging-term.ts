import { z } from 'zod';
import { defineDetector } from '../model/define.ts';
import { createTermDetector } from './lib/term-detector.ts';

/** Words, hashtags, emoji and topics that several people use of a sudden, long before the volume shows it. */
export const emergingTerm = defineDetector({
  type: 'emerging-term',
  summary:
    'Tells when several people begin to use a word, a hashtag or an emoji that was rare around the brand before.',
  config: z.strictObject({
    sensitivity: z
      .enum(['fewer', 'balanced', 'more'])
      .default('balanced')
      .describe('How many signals chance alone may raise: about one in 30, 10 or 3 days for one brand.'),
    mute: z
      .array(z.string().min(1))
      .max(200)
      .default([])
      .describe('Words and hashtags that are never told: campaigns, mottos, names of people of the house.'),
  }),
  examples: [
    { title: 'As shipped', config: {} },
    { title: 'While a campaign runs', config: { mute: ['#myacme', 'summer'] } },
  ],
  create: ({ sensitivity, mute }, { brands }) =>
    createTermDetector({
      name: 'emerging-term',
      perDay: { fewer: 0.03, balanced: 0.1, more: 0.32 }[sensitivity],
      mute,
      brands: brands ?? [],
    }),
});
