/** Handles, names and follower counts of authors, asked of Bluesky's public interface: a help, never a condition. */
import type { SourceDeps } from '../../model/define.ts';
import type { Millis } from '../../model/types.ts';
import type { BlueskyProfile } from './bluesky-post.ts';

const AT_ONCE = 25;
/** Calls of one batch; the authors beyond them stay without a handle. */
const CALLS_A_BATCH = 4;
/** The interface allows ten times as many. */
const CALLS_A_WINDOW = 300;
const WINDOW_MS = 300_000;
const TIMEOUT_MS = 2_000;
const AFTER_FAILURE_MS = 60_000;
const MOST_KEPT = 20_000;
const KEPT_MS = 6 * 3_600_000;

/** Identity: what is known, and how much may still be asked. */
export class Profiles {
  readonly #deps: Pick<SourceDeps, 'fetch' | 'now'>;
  readonly #address: string;
  readonly #known = new Map<string, { readonly profile: BlueskyProfile; readonly at: Millis }>();
  #quietUntil = 0;
  #windowFrom = 0;
  #calls = 0;

  constructor(address: string, deps: Pick<SourceDeps, 'fetch' | 'now'>) {
    this.#address = address;
    this.#deps = deps;
  }

  get(did: string): BlueskyProfile | undefined {
    return this.#known.get(did)?.profile;
  }

  /** An identity changed: what is known of it is asked again when it next speaks. */
  forget(did: string): void {
    this.#known.delete(did);
  }

  /** Asks of those that are not known. Never throws; who is not answered for in time stays unknown. */
  async lookUp(dids: readonly string[], signal: AbortSignal): Promise<void> {
    const now = this.#deps.now();
    const unknown = [...new Set(dids)].filter((did) => now - (this.#known.get(did)?.at ?? -Infinity) > KEPT_MS);
    for (let at = 0, calls = 0; at < unknown.length && calls < CALLS_A_BATCH; at += AT_ONCE, calls += 1) {
      if (signal.aborted || !this.#mayAsk()) return;
      await this.#ask(unknown.slice(at, at + AT_ONCE), signal);
    }
  }

  #mayAsk(): boolean {
    const now = this.#deps.now();
    if (now < this.#quietUntil) return false;
    if (now - this.#windowFrom >= WINDOW_MS) {
      this.#windowFrom = now;
      this.#calls = 0;
    }
    this.#calls += 1;
    return this.#calls <= CALLS_A_WINDOW;
  }

  async #ask(dids: readonly string[], signal: AbortSignal): Promise<void> {
    const url = new URL('/xrpc/app.bsky.actor.getProfiles', this.#address);
    for (const did of dids) url.searchParams.append('actors', did);
    try {
      const response = await this.#deps.fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: { accept: 'application/json', 'user-agent': 'Vigie' },
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`HTTP ${response.status}`);
      }
      this.#learn(dids, await response.json());
    } catch {
      this.#quietUntil = this.#deps.now() + AFTER_FAILURE_MS;
    }
  }

  #learn(dids: readonly string[], answer: unknown): void {
    const profiles = (answer as { readonly profiles?: unknown } | null)?.profiles;
    const found = new Map<string, BlueskyProfile>();
    for (const profile of Array.isArray(profiles) ? (profiles as readonly unknown[]) : []) {
      const read = readProfile(profile);
      if (read) found.set(read.did, read.profile);
    }
    const at = this.#deps.now();
    for (const did of dids) {
      this.#known.delete(did);
      this.#known.set(did, { profile: found.get(did) ?? {}, at });
    }
    for (const did of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) break;
      this.#known.delete(did);
    }
  }
}

function readProfile(value: unknown): { readonly did: string; readonly profile: BlueskyProfile } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { did, handle, displayName, followersCount, verification } = value as { readonly [key: string]: unknown };
  if (typeof did !== 'string') return undefined;
  const verified = (verification as { readonly verifiedStatus?: unknown } | undefined)?.verifiedStatus === 'valid';
  return {
    did,
    profile: {
      ...(typeof handle === 'string' && handle !== 'handle.invalid' ? { handle } : {}),
      ...(typeof displayName === 'string' && displayName.trim() !== '' ? { name: displayName } : {}),
      ...(typeof followersCount === 'number' && followersCount >= 0 ? { followers: followersCount } : {}),
      ...(verified ? { verified } : {}),
    },
  };
}
