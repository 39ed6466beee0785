/** Posts piped in: read as they come, to the end of the input. */
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import { defineSource } from '../model/define.ts';
import { documentOptions } from './file.ts';
import { batchesOf, batchOf, postOfItem } from './lib/items.ts';
import { PostReader } from './lib/post-lines.ts';

export const stdin = defineSource({
  type: 'stdin',
  summary: 'Reads posts from the standard input, NDJSON or CSV.',
  config: z.strictObject({
    ...documentOptions,
    source: z
      .string()
      .min(1)
      .optional()
      .describe('Network of posts that name none; the name of this source if absent.'),
    lateness: duration().prefault('15m').describe('Posts older than this on arrival are history.'),
  }),
  examples: [{ title: 'What another program prints, line by line', config: { format: 'ndjson' } }],
  create(config, deps) {
    const source = config.source ?? deps.name;
    return {
      flow: 'pause',
      latenessMs: config.lateness,
      async *read(_from, signal) {
        const reader = new PostReader(config.format, { timezone: config.timezone, dates: config.dates });
        const chunks = deps.stdin()[Symbol.asyncIterator]();
        let ended = false;
        try {
          while (!ended) {
            const chunk = await unlessAborted(chunks.next(), signal);
            if (chunk === undefined) return;
            ended = chunk.done === true;
            const lines = chunk.done === true ? reader.end() : reader.push(chunk.value);
            for (const batch of batchesOf(lines)) {
              yield batchOf(batch, 'stdin');
              if (signal.aborted) return;
            }
          }
        } finally {
          // Not awaited: an input that is waiting for its next byte ends only with it.
          if (!ended) chunks.return?.().catch(() => undefined);
        }
      },
      normalise: (item) => postOfItem(item, source),
    };
  },
});

/** The promise's value, or undefined as soon as the signal is aborted. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    promise.catch(() => undefined);
  }
}
