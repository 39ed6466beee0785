import type { Source } from '../../model/ports.ts';
import type { RawItem, Step, UnstampedPost } from '../../model/types.ts';

/** The source's own words become a post. */
export function normalise(source: Pick<Source, 'normalise'>): Step<RawItem, UnstampedPost> {
  return { name: 'normalise', run: (item) => source.normalise(item) };
}
