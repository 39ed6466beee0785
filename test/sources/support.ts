/** What a source is given in tests: the real clock and network, a hook that tests post to, bytes for the standard input. */
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { HookAnswer, HookHandler, SourceDefinition, SourceDeps } from '../../src/model/define.ts';
import type { Source, SourceBatch } from '../../src/model/ports.ts';
import type { Json, Outcome, RawItem, UnstampedPost } from '../../src/model/types.ts';

export interface TestDeps {
  readonly deps: SourceDeps;
  /** Posts to the hook that is bound now. */
  readonly post: (body: Uint8Array | string, headers: Readonly<Record<string, string>>) => Promise<HookAnswer>;
  readonly bound: () => boolean;
  /** How often the outside was touched. */
  readonly touched: () => number;
}

export function testDeps(overrides: Partial<SourceDeps> = {}): TestDeps {
  let handler: HookHandler | undefined;
  let touched = 0;
  const deps: SourceDeps = {
    name: 'test',
    fetch: (...args) => {
      touched += 1;
      return globalThis.fetch(...args);
    },
    hook: (_name, given) => {
      touched += 1;
      handler = given;
      return () => {
        handler = undefined;
      };
    },
    queries: () => [],
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, { signal, ref: true }).catch(() => undefined);
    },
    stdin: () => {
      touched += 1;
      return bytesOf([]);
    },
    ...overrides,
  };
  return {
    deps,
    bound: () => handler !== undefined,
    touched: () => touched,
    post: async (body, headers) => {
      if (!handler) throw new Error('no hook is bound');
      return await handler({ headers, body: typeof body === 'string' ? Buffer.from(body) : body });
    },
  };
}

// oxlint-disable-next-line require-await
export async function* bytesOf(chunks: Iterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

export function make<S extends z.ZodType>(
  definition: SourceDefinition<S>,
  config: z.input<S>,
  deps: SourceDeps,
): Source {
  return definition.create(definition.config.parse(config), deps);
}

/** Reads until the source ends, or until `enough` says so; each batch is acknowledged. */
export async function readAll(
  source: Source,
  options: { readonly from?: Json; readonly enough?: (items: readonly RawItem[]) => boolean } = {},
): Promise<{
  readonly items: readonly RawItem[];
  readonly batches: readonly SourceBatch[];
  readonly cursor: Json | undefined;
}> {
  const stop = new AbortController();
  const items: RawItem[] = [];
  const batches: SourceBatch[] = [];
  let cursor = options.from;
  for await (const batch of source.read(options.from, stop.signal)) {
    items.push(...batch.items);
    batches.push(batch);
    cursor = batch.cursor ?? cursor;
    batch.done?.();
    if (options.enough?.(items) === true) break;
  }
  stop.abort();
  return { items, batches, cursor };
}

/** The posts of items; throws on one that is no post. */
export function postsOf(source: Source, items: readonly RawItem[]): readonly UnstampedPost[] {
  return items.map((item) => {
    const outcome = source.normalise(item);
    if (outcome.kind !== 'keep') throw new Error(outcome.reason);
    return outcome.value;
  });
}

export function reasonsOf(source: Source, items: readonly RawItem[]): readonly string[] {
  return items
    .map((item) => source.normalise(item))
    .filter((outcome): outcome is Exclude<Outcome<UnstampedPost>, { kind: 'keep' }> => outcome.kind !== 'keep')
    .map((outcome) => outcome.reason);
}
