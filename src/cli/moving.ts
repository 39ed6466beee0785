/**
 * What an installation keeps as lines of text, and back: mentions with what people decided, the desk, cursors, the readers' state,
 * what is still to be read, to be shown and to be told, and the notification log. The target may have another number of
 * partitions: state belongs to a brand, and goes where the brand goes.
 */
import type { Config } from '../config/load.ts';
import { partitionKey } from '../model/ids.ts';
import type { Append, Bus, Desk, DeskItem, Lease, MentionStore, Triage } from '../model/ports.ts';
import type { Brand, Entry, Json, Mention, Millis } from '../model/types.ts';

/** What is moved, opened. */
export interface Kept {
  readonly bus: Bus;
  readonly store: MentionStore;
  readonly desk: Desk;
}

/** One line. The first is `vigie`, the last `end` with the number of all. */
export type Line =
  | { readonly type: 'vigie'; readonly format: 1; readonly partitions: number }
  | { readonly type: 'mention'; readonly mention: Mention; readonly triage?: Omit<Triage, 'version'> }
  | {
      readonly type: 'document';
      readonly client: string;
      readonly kind: string;
      readonly id: string;
      readonly value: Json;
    }
  | { readonly type: 'journal'; readonly client: string; readonly journal: string; readonly entry: Json }
  | { readonly type: 'cursor'; readonly source: string; readonly value: Json }
  | { readonly type: 'head'; readonly at: Millis }
  | { readonly type: 'state'; readonly partition: number; readonly key: string; readonly value: Json }
  | { readonly type: 'outbox'; readonly id: string; readonly value: Json }
  | { readonly type: 'entry'; readonly partition: number; readonly value: Entry }
  | { readonly type: 'alerts'; readonly key: string; readonly value: Json }
  | { readonly type: 'notification'; readonly line: Json }
  | { readonly type: 'end'; readonly lines: number };

/** What is wrong with an export, or with where it is to go: said to a person. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
}

const PAGE = 500;
const MOST_NOTIFICATIONS = 100_000;
const MOST_OUTBOX = 1_000_000;
/** How long we wait for leases that somebody else should not have. */
const LEASE_MS: Millis = 15_000;
/** A reader's state is written in steps of this many characters, so that no step is too large for the bus. */
const STEP_CHARS = 4 * 1024 * 1024;

/** Everything, in the order in which `restoreLines` wants it. Nothing else may write meanwhile. */
export async function* exportLines({ bus, store, desk }: Kept, config: Config): AsyncGenerator<Line> {
  let lines = 0;
  const count = <T extends Line>(line: T): T => {
    lines++;
    return line;
  };
  yield count({ type: 'vigie', format: 1, partitions: bus.partitions });
  for (const [client, brands] of Map.groupBy(config.brands, (brand) => brand.client)) {
    const scope = { client, brands: brands.map(({ id }) => id) };
    let after: string | undefined;
    do {
      const page = await store.search(scope, {}, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { triage, ...mention } of page.items) {
        const { version, ...decided } = triage;
        yield count({ type: 'mention', mention, ...(version === '' ? {} : { triage: decided }) });
      }
      after = page.next;
    } while (after !== undefined);
  }
  for await (const item of desk.everything()) yield count(lineOf(item));
  for (const { name } of config.sources) {
    const value = await bus.cursor(name);
    if (value !== undefined) yield count({ type: 'cursor', source: name, value });
  }
  const head = await bus.head();
  if (head !== undefined) yield count({ type: 'head', at: head });
  const never = new AbortController().signal;
  for (let partition = 0; partition < bus.partitions; partition++) {
    const { offset, state } = await bus.load(partition);
    for (const [key, value] of state) yield count({ type: 'state', partition, key, value });
    for (let from = offset; ; ) {
      const entries = await bus.read(partition, from, PAGE, never);
      for (const { value } of entries) yield count({ type: 'entry', partition, value });
      from = entries.at(-1)?.offset ?? from;
      if (entries.length === 0) break;
    }
  }
  for (const { id, value } of await bus.outbox(MOST_OUTBOX, never)) yield count({ type: 'outbox', id, value });
  for (const [key, value] of await bus.loadAlerts()) yield count({ type: 'alerts', key, value });
  for (const line of (await bus.notificationLog(MOST_NOTIFICATIONS)).toReversed()) {
    yield count({ type: 'notification', line });
  }
  yield { type: 'end', lines };
}

function lineOf(item: DeskItem): Line {
  if (item.type === 'document') return item;
  const { client, journal, entry } = item;
  return { type: 'journal', client, journal, entry };
}

/** How many of each were taken over. */
export type Restored = Readonly<Record<string, number>>;

/**
 * Writes an export into an empty installation. Throws MoveRefused when it is not empty, is in use, or when the export is not
 * whole: what was written by then stays, and the installation has to be emptied before the next try.
 */
export async function restoreLines(
  { bus, store, desk }: Kept,
  config: Config,
  lines: AsyncIterable<Line>,
): Promise<Restored> {
  await checkEmpty({ bus, store, desk });
  const counts: Record<string, number> = {};
  let total = 0;
  let ended = false;
  let mentions: Extract<Line, { type: 'mention' }>[] = [];
  const middle = new Middle();
  const flush = async (): Promise<void> => {
    await restoreMentions(store, mentions);
    mentions = [];
  };
  for await (const line of lines) {
    if (ended) throw new MoveRefused('something follows the end of the export');
    if (total === 0 && (line.type !== 'vigie' || line.format !== 1)) {
      throw new MoveRefused('this is no export of Vigie, or one of a newer version');
    }
    if (line.type === 'end') {
      if (line.lines !== total) throw new MoveRefused(`the export is not whole: ${total} lines of ${line.lines}`);
      ended = true;
      continue;
    }
    total++;
    counts[line.type] = (counts[line.type] ?? 0) + 1;
    if (line.type === 'mention') {
      mentions.push(line);
      if (mentions.length >= PAGE) await flush();
    } else if (line.type === 'document') await desk.put(line.client, line.kind, line.id, line.value, undefined);
    else if (line.type === 'journal') await desk.append(line.client, line.journal, line.entry);
    else middle.take(line);
  }
  if (!ended) throw new MoveRefused('the export is not whole: its end is missing');
  await flush();
  await middle.write(bus, config.brands);
  return counts;
}

async function checkEmpty({ bus, store, desk }: Kept): Promise<void> {
  const has = (what: string): MoveRefused =>
    new MoveRefused(`the target is not empty (${what}): an export goes into a new installation`);
  if ((await store.count()) > 0) throw has('it holds mentions');
  if ((await bus.head()) !== undefined) throw has('its log has entries');
  for await (const _ of desk.everything()) throw has('its desk holds documents');
}

async function restoreMentions(
  store: MentionStore,
  lines: readonly Extract<Line, { type: 'mention' }>[],
): Promise<void> {
  await store.put(lines.map(({ mention }) => mention));
  for (const { mention, triage } of lines) {
    if (triage === undefined) continue;
    const scope = { client: mention.client, brands: [mention.brand] };
    await store.setTriage(scope, mention.id, mention.brand, triage, '');
  }
}

/** Everything of the bus: gathered, since it goes to other partitions than it came from, and written last. */
class Middle {
  readonly #cursors: { readonly source: string; readonly value: Json }[] = [];
  readonly #state = new Map<number, Map<string, Json>>();
  readonly #entries: Entry[] = [];
  readonly #outbox = new Map<string, Json>();
  readonly #alerts = new Map<string, Json>();
  readonly #log: Json[] = [];
  #head: Millis | undefined;

  take(line: Exclude<Line, { type: 'mention' | 'document' | 'journal' | 'end' }>): void {
    if (line.type === 'cursor') this.#cursors.push(line);
    else if (line.type === 'head') this.#head = line.at;
    else if (line.type === 'entry') this.#entries.push(line.value);
    else if (line.type === 'outbox') this.#outbox.set(line.id, line.value);
    else if (line.type === 'alerts') this.#alerts.set(line.key, line.value);
    else if (line.type === 'notification') this.#log.push(line.line);
    else if (line.type === 'state') {
      const state = this.#state.get(line.partition) ?? new Map<string, Json>();
      this.#state.set(line.partition, state.set(line.key, line.value));
    }
  }

  async write(bus: Bus, brands: readonly Brand[]): Promise<void> {
    const partitionOf = new Map(brands.map((brand) => [brand.id, bus.partitionOf(partitionKey(brand))]));
    const states = this.#spread(bus.partitions, partitionOf);
    const outboxes = Array.from({ length: bus.partitions }, () => new Map<string, Json>());
    for (const [id, value] of this.#outbox) outboxes[partitionOf.get(brandOf(value) ?? '') ?? 0]?.set(id, value);
    if (this.#head !== undefined) {
      // A checkpoint stands behind an entry; this one says what time it is, which every reader knows already.
      const at = this.#head;
      await bus.append([{ to: 'all', value: { kind: 'tick', observedAt: at } }]);
      for (let partition = 0; partition < bus.partitions; partition++) {
        const [tick] = await bus.read(partition, undefined, 1, AbortSignal.timeout(LEASE_MS));
        if (tick === undefined) throw new Error(`partition ${partition} cannot be read`);
        const outbox = outboxes[partition] ?? new Map<string, Json>();
        await held(bus, `partition/${partition}`, async (lease) => {
          for (const state of steps(states[partition] ?? new Map<string, Json>())) {
            await bus.commit(partition, lease, { offset: tick.offset, state, outbox: new Map() });
          }
          await bus.commit(partition, lease, { offset: tick.offset, state: new Map(), outbox });
        });
      }
    }
    await held(bus, 'alerts', async (lease) => {
      await bus.settle(lease, { ids: [], log: [], state: this.#alerts });
      for (let at = 0; at < this.#log.length; at += PAGE) {
        await bus.settle(lease, { ids: [], log: this.#log.slice(at, at + PAGE), state: new Map() });
      }
    });
    for (const cursor of this.#cursors) await bus.append([], cursor);
    // What was not analysed yet, last: whoever starts now reads on from here.
    const appends = this.#unread(partitionOf);
    for (let at = 0; at < appends.length; at += PAGE) await bus.append(appends.slice(at, at + PAGE));
  }

  /** `<part>/<brand>/…` goes with its brand; what belongs to a whole partition is the same in all, and the latest is taken. */
  #spread(partitions: number, partitionOf: ReadonlyMap<string, number>): readonly Map<string, Json>[] {
    const states = Array.from({ length: partitions }, () => new Map<string, Json>());
    const clockOf = (state: ReadonlyMap<string, Json>): number => Number(state.get('clock') ?? 0);
    const [latest] = [...this.#state.values()].sort((a, b) => clockOf(b) - clockOf(a));
    for (const state of this.#state.values()) {
      for (const [key, value] of state) {
        const brand = isCommon(key) ? undefined : key.split('/')[1];
        const partition = brand === undefined ? undefined : partitionOf.get(brand);
        if (partition !== undefined) states[partition]?.set(key, value);
      }
    }
    for (const [key, value] of latest ?? []) if (isCommon(key)) for (const state of states) state.set(key, value);
    return states;
  }

  /** In the order of their arrival; what went to every partition is written to all once. */
  #unread(partitionOf: ReadonlyMap<string, number>): readonly Append[] {
    const said = new Set<string>();
    return this.#entries
      .map((value, index) => ({ value, index }))
      .toSorted((a, b) => arrivalOf(a.value) - arrivalOf(b.value) || a.index - b.index)
      .flatMap(({ value }): Append[] => {
        const brand = value.kind === 'mention' ? value.mention.brand : value.kind === 'kpi' ? value.brand : undefined;
        if (brand !== undefined) {
          const partition = partitionOf.get(brand);
          return partition === undefined ? [] : [{ to: { partition }, value }];
        }
        const text = JSON.stringify(value);
        if (said.has(text)) return [];
        said.add(text);
        return [{ to: 'all', value }];
      });
  }
}

function isCommon(key: string): boolean {
  return key === 'clock' || key.startsWith('gone/');
}

function arrivalOf(entry: Entry): Millis {
  return entry.kind === 'mention' ? entry.mention.observedAt : entry.observedAt;
}

function brandOf(value: Json): string | undefined {
  const { alert, signal } = (value ?? {}) as { alert?: { brand?: string }; signal?: { brand?: string } };
  return alert?.brand ?? signal?.brand;
}

/** A state in parts that are not too large for one step. */
function* steps(state: ReadonlyMap<string, Json>): Generator<ReadonlyMap<string, Json>> {
  let part = new Map<string, Json>();
  let chars = 0;
  for (const [key, value] of state) {
    part.set(key, value);
    chars += key.length + JSON.stringify(value).length;
    if (chars < STEP_CHARS) continue;
    yield part;
    part = new Map();
    chars = 0;
  }
  yield part;
}

/** Works while a lease is ours; throws MoveRefused when somebody else keeps it. */
async function held(bus: Bus, name: string, work: (lease: Lease) => Promise<void>): Promise<void> {
  const won = Promise.withResolvers<Lease>();
  const subscription = bus.lease(name).subscribe({
    next: (lease) => {
      if (lease !== undefined) won.resolve(lease);
    },
    error: (error: unknown) => won.reject(error),
  });
  const limit = setTimeout(
    () => won.reject(new MoveRefused(`somebody else holds ${name}: stop every process of the installation first`)),
    LEASE_MS,
  );
  try {
    await work(await won.promise);
  } finally {
    clearTimeout(limit);
    subscription.unsubscribe();
  }
}
