import { detectors } from '../../src/detectors/index.ts';
import type { DetectorKind } from '../contract/detector.ts';
import { detectorContract } from '../contract/detector.ts';
import { HOUR, seeded } from './drive.ts';

const everyday = Array.from(
  { length: 60 },
  (_, i) => `daily${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`,
);

/** Words that come every day, a few at a time. */
function everydayWords(index: number): string[] {
  const random = seeded(index + 1);
  return Array.from({ length: 6 }, () => everyday[Math.floor(random() ** 2 * everyday.length)] ?? '');
}

const alarm = 'zorglub #exploded factory smoke everywhere share this please before they hide what happened there'.split(
  ' ',
);

const content: DetectorKind = {
  watch: {
    calm: (index) => ({ author: { id: `calm-${index % 400}` }, terms: everydayWords(index) }),
    surge: (index) => ({
      author: { id: `surge-${index}`, followers: index % 7 },
      terms: [...everydayWords(index).slice(5), ...alarm.filter((_, i) => (index + i) % 9 > 0)],
      fingerprint: `surge-${index}`,
    }),
  },
  overMs: 7 * HOUR,
  bytes: [150_000, 1_000_000],
};

for (const { name } of detectors({ latenessMs: () => 0 })) {
  const create = (deps: Parameters<typeof detectors>[0]) => {
    const made = detectors(deps).find((detector) => detector.name === name);
    if (!made) throw new Error(`no detector ${name}`);
    return made;
  };
  if (name === 'spike' || name === 'negative-surge') detectorContract(name, create);
  else detectorContract(name, create, content);
}
