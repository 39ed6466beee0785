/** Every source that the program has: one line each. */
import type { z } from 'zod';
import type { SourceDefinition } from '../model/define.ts';
import { bluesky } from './bluesky.ts';
import { feed } from './feed.ts';
import { file } from './file.ts';
import { stdin } from './stdin.ts';
import { webhook } from './webhook.ts';

export const sources: readonly SourceDefinition<z.ZodType>[] = [file, stdin, webhook, feed, bluesky];

/** The source that people write as `type: <type>`; undefined when there is none. */
export function findSource(type: string): SourceDefinition<z.ZodType> | undefined {
  return sources.find((source) => source.type === type);
}
