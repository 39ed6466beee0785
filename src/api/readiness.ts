/** Whether the process can do its work: asked by whatever restarts it or sends it traffic. */
import type { Bus, MentionStore } from '../model/ports.ts';
import type { Millis, SourceHealth } from '../model/types.ts';
import { within } from './within.ts';

export interface ReadyCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Why not, without secrets. */
  readonly reason?: string;
}

/**
 * Asks store (where there is one) and bus, and looks at the sources: these are not ready when all that have not come to their end fail; a single
 * one that fails is shown on its page and takes nothing down.
 */
export async function checkReadiness(
  parts: {
    /** Absent where the process needs none. */
    readonly store: Pick<MentionStore, 'count'> | undefined;
    readonly bus: Pick<Bus, 'head'>;
    readonly sources: () => readonly SourceHealth[];
  },
  limitMs: Millis = 2_000,
): Promise<readonly ReadyCheck[]> {
  const { store } = parts;
  const asked = await Promise.all([
    ...(store === undefined ? [] : [attempt('store', () => store.count(), limitMs)]),
    attempt('bus', () => parts.bus.head(), limitMs),
  ]);
  return [...asked, checkSources(parts.sources())];
}

async function attempt(name: string, ask: () => Promise<unknown>, limitMs: Millis): Promise<ReadyCheck> {
  try {
    await within(limitMs, ask());
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function checkSources(sources: readonly SourceHealth[]): ReadyCheck {
  const live = sources.filter(({ ended }) => !ended);
  const failing = live.filter(({ blindSince, error }) => blindSince !== undefined || error !== undefined);
  if (live.length === 0 || failing.length < live.length) return { name: 'sources', ok: true };
  const reason = failing.map(({ name, error }) => `${name}: ${error ?? 'cannot be read'}`).join('; ');
  return { name: 'sources', ok: false, reason };
}
