/** Ids of the newest mentions of a log, beside its chunks: `ids` (which there are) and `ids/<chunk>`. About 1,500 are kept. */
import type { KeyedState } from '../../model/ports.ts';

const MOST_CHUNKS = 12;

/** A chunk of the log, and the place in it. */
export type Place = readonly [chunk: number, place: number];
type Ends = { from: number; to: number };

/** Keeps the id of the mention at a place; ids of old chunks go. */
export function noteId(state: KeyedState, [chunk, place]: Place, id: string): void {
  const ids = state.get<string[]>(`ids/${chunk}`) ?? [];
  ids[place] = id;
  state.set(`ids/${chunk}`, ids);
  const known = state.get<Ends>('ids');
  if (known?.to === chunk) return;
  const ends = known ?? { from: chunk, to: chunk };
  ends.to = chunk;
  while (ends.from <= chunk - MOST_CHUNKS) {
    state.set(`ids/${ends.from}`, undefined);
    ends.from += 1;
  }
  state.set('ids', ends);
}

/** The id at a place; empty when it is not known any more. */
export function idAt(state: KeyedState, [chunk, place]: Place): string {
  return state.get<string[]>(`ids/${chunk}`)?.[place] ?? '';
}

/** Forgets a post that was removed. */
export function forgetId(state: KeyedState, id: string): void {
  const ends = state.get<Ends>('ids');
  for (let chunk = ends?.from ?? 0; chunk <= (ends?.to ?? -1); chunk++) {
    const ids = state.get<string[]>(`ids/${chunk}`);
    const place = ids?.indexOf(id) ?? -1;
    if (!ids || place < 0) continue;
    ids[place] = '';
    state.set(`ids/${chunk}`, ids);
  }
}
