/** The same loops, run to their end: for imports. */
import { concatMap, filter, lastValueFrom, of, reduce, take } from 'rxjs';
import type { Bus, Lease, MentionStore } from '../model/ports.ts';
import { PartitionAnalyser, type AnalyserOptions } from './analyser.ts';
import { analyse } from './pipeline.ts';
import { runSource, type RunSourceDeps } from './run-source.ts';

/** Reads a source to its end; answers how many entries it left in the log. */
export function runSourceOnce(deps: RunSourceDeps): Promise<number> {
  const stop = new AbortController();
  return lastValueFrom(runSource(deps, stop.signal).pipe(reduce((total, { entries }) => total + entries, 0)), {
    defaultValue: 0,
  });
}

export interface DrainDeps extends AnalyserOptions {
  readonly partition: number;
  readonly bus: Bus;
  readonly store: MentionStore;
}

/** Analyses what is in the log of a partition, up to its end. */
export async function drainPartition(deps: DrainDeps): Promise<void> {
  const lease = deps.bus.lease(`partition/${deps.partition}`);
  await lastValueFrom(
    lease.pipe(
      filter((held) => held !== undefined),
      concatMap((held) => drain(deps, held)),
      take(1),
    ),
  );
}

async function drain({ partition, bus, store, ...options }: DrainDeps, lease: Lease): Promise<void> {
  const checkpoint = await bus.load(partition);
  const analyser = new PartitionAnalyser(options, checkpoint.state);
  const never = new AbortController().signal;
  let offset = checkpoint.offset;
  for (;;) {
    const entries = await bus.read(partition, offset, 500, never);
    if (entries.length === 0) return;
    await lastValueFrom(of(entries).pipe(analyse({ analyser, store, bus, partition, lease })));
    offset = entries.at(-1)?.offset;
  }
}
