import { defineDetector } from '../model/define.ts';
import { gateOf, volumeConfig } from './lib/volume-config.ts';
import { createVolumeDetector } from './lib/volume-detector.ts';

/** Volume of mentions, per brand and per source. */
export const spike = defineDetector({
  type: 'spike',
  summary: 'Tells when a brand is spoken of far more than it usually is at this hour, as a whole or on one source.',
  config: volumeConfig,
  examples: [
    { title: 'As shipped', config: {} },
    { title: 'Fewer alerts, for a brand in the press', config: { preset: 'press', sensitivity: 'fewer' } },
  ],
  create: (config, { latenessMs }) =>
    createVolumeDetector({
      name: 'spike',
      threshold: config.threshold,
      ...gateOf(config),
      counts: () => true,
      share: false,
      latenessMs,
    }),
});
