/** Writes `rules/rule.schema.json` anew: `node src/rules/write-schema.ts`. */
import { writeFileSync } from 'node:fs';
import { ruleJsonSchema } from './schema.ts';

writeFileSync(new URL('../../rules/rule.schema.json', import.meta.url), ruleJsonSchema());
