import { defineDetector } from '../model/define.ts';
import { gateOf, volumeConfig } from './lib/volume-config.ts';
import { createVolumeDetector } from './lib/volume-detector.ts';

/** Volume of negative mentions, per brand and per source; those whose sentiment is unsure do not count. */
export const negativeSurge = defineDetector({
  type: 'negative-surge',
  summary: 'Tells when far more negative mentions than usual come in, and which share of all mentions they are.',
  config: volumeConfig,
  examples: [
    { title: 'As shipped', config: {} },
    { title: 'More sensitive', config: { sensitivity: 'more' } },
  ],
  create: (config, { latenessMs }) =>
    createVolumeDetector({
      name: 'negative-surge',
      threshold: config.threshold,
      ...gateOf(config),
      counts: ({ sentiment }) => sentiment.label === 'negative' && !sentiment.unsure,
      share: true,
      latenessMs,
    }),
});
