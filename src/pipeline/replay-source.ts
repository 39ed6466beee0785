/** Posts of a file as a source: what came before `pacedFrom` at once, the rest when the replay's clock says that it is time. */
import type { ReplayClock } from '../lib/replay-clock.ts';
import type { Source } from '../model/ports.ts';
import type { Json, Millis, UnstampedPost } from '../model/types.ts';

export interface ReplayOptions {
  /** In the order of their observation. */
  readonly posts: readonly UnstampedPost[];
  readonly clock: ReplayClock;
  readonly pacedFrom: Millis;
  readonly latenessMs: Millis;
}

const BATCH = 200;
/** How long to look away when nothing is due, in the replay's time. */
const IDLE_MS = 1_000;

export function replaySource({ posts, clock, pacedFrom, latenessMs }: ReplayOptions): Source<number> {
  return {
    flow: 'poll',
    latenessMs,
    async *read(from, signal) {
      let next = from ?? 0;
      while (next < posts.length && !signal.aborted) {
        const paced = observed(posts[next]) >= pacedFrom;
        if (paced) clock.pace();
        const due = paced ? clock.now() : pacedFrom - 1;
        let end = next;
        while (end < posts.length && end < next + BATCH && observed(posts[end]) <= due) end++;
        if (end === next) {
          await clock.sleep(Math.min(IDLE_MS, observed(posts[next]) - clock.now()), signal);
          continue;
        }
        const items = posts.slice(next, end).map((post) => ({ nativeId: post.id, body: post as unknown as Json }));
        yield { items, cursor: end };
        clock.advanceTo(observed(posts[end - 1]));
        next = end;
      }
      clock.pace();
    },
    normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }),
  };
}

function observed(post: UnstampedPost | undefined): Millis {
  return post?.observedAt ?? post?.publishedAt ?? 0;
}
