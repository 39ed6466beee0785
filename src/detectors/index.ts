/** Every detector that there is: one line each. */
import type { z } from 'zod';
import type { DetectorDefinition, DetectorDeps } from '../model/define.ts';
import type { Detector } from '../model/ports.ts';
import { copyPaste } from './copy-paste.ts';
import { emergingTerm } from './emerging-term.ts';
import { negativeSurge } from './negative-surge.ts';
import { spike } from './spike.ts';

export const detectorDefinitions = [spike, negativeSurge, emergingTerm, copyPaste] as const;

/** What a person may set, by detector; what is left out is as shipped. */
export type DetectorSettings = Readonly<Partial<Record<(typeof detectorDefinitions)[number]['type'], unknown>>>;

/** Creates all detectors. Throws a ZodError when a setting is not valid. */
export function detectors(deps: DetectorDeps, settings: DetectorSettings = {}): Detector[] {
  const make = <S extends z.ZodType>(definition: DetectorDefinition<S>): Detector =>
    definition.create(definition.config.parse(settings[definition.type] ?? {}), deps);
  return [make(spike), make(negativeSurge), make(emergingTerm), make(copyPaste)];
}
