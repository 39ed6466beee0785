import { z } from 'zod';
import { defineDetector } from '../model/define.ts';
import { createCopyDetector } from './lib/copy-detector.ts';

/** One text, more or less, by several accounts: a call that spreads, a press release, or somebody's orchestra. */
export const copyPaste = defineDetector({
  type: 'copy-paste',
  summary: 'Tells when several accounts post nearly the same text within a day, and when they do so within seconds.',
  config: z.strictObject({
    authors: z.number().int().min(3).max(50).default(4).describe('Accounts that must post it before it is told.'),
  }),
  examples: [
    { title: 'As shipped', config: {} },
    { title: 'For a brand whose press releases are copied', config: { authors: 8 } },
  ],
  create: ({ authors }) => createCopyDetector({ name: 'copy-paste', authors }),
});
