import { detectorDefinitions } from '../../src/detectors/index.ts';
import { detectorContract } from '../contract/detector.ts';

for (const definition of detectorDefinitions)
  detectorContract(definition.type, (deps) => definition.create(definition.config.parse({}), deps));
