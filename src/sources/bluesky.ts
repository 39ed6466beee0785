/** Bluesky: every public post of the network through a Jetstream server, filtered on the raw frame before any parsing. */
import { readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import { defineSource, type SocketEnd, type SourceDeps } from '../model/define.ts';
import { SourceError } from '../model/errors.ts';
import type { SourceBatch } from '../model/ports.ts';
import type { Millis, RawItem } from '../model/types.ts';
import { createPrefilter, type Prefilter } from '../text/query/prefilter.ts';
import { type BlueskyItem, normaliseBluesky } from './lib/bluesky-post.ts';
import { Profiles } from './lib/bluesky-profiles.ts';
import { type AccountEvent, type CommitEvent, FirstLook, glance, LOOK, readEvent } from './lib/jetstream-frame.ts';
import { PassedOn, RecentEvents } from './lib/passed-on.ts';
import { SocketStream, type StreamMemory } from './lib/socket.ts';

const POSTS = 'app.bsky.feed.post';
const V1_SERVERS = ['jetstream1.us-east', 'jetstream2.us-east', 'jetstream1.us-west', 'jetstream2.us-west'].map(
  (name) => `wss://${name}.bsky.network`,
);
const V2_SERVERS = ['wss://jetstream.us-west.bsky.network'];
const PATHS = { v1: '/subscribe', v2: '/xrpc/network.bsky.jetstream.subscribeEvents' } as const;
const SUBPROTOCOL = 'xrpc.v1.json';

/** The server pings every 30 s. */
const SILENCE_MS = 75_000;
const HIGH_BYTES = 8 * 1024 * 1024;
/** A server keeps back this long at least for one who does not read. */
const PAUSE_MS = 45_000;
const BATCH_ITEMS = 500;
const BATCH_BYTES = 1024 * 1024;
/** The cursor is saved this often when nothing is found. */
const SAVE_MS = 5_000;
/** Events older than this behind the newest are not repeated by a rewind; beyond the rewind itself for what came out of order. */
const REPEAT_MARGIN_US = 10_000_000;
const MOST_RECENT = 20_000;
const MOST_SAVED = 200;
const MOST_PASSED = 200_000;
/** A first event this much later than the cursor asked for: the server no longer had what lies between. */
const HOLE_US = 60_000_000;
/** A server's clock that is further ahead than this does not move the cursor. */
const AHEAD_US = 3_600_000_000;
/** Without a frame for so long, we have read to the present, however old the last one is. */
const QUIET_MS = 5_000;
/** A larger record is no post. */
const MOST_RECORD_BYTES = 1_000_000;

export const bluesky = defineSource({
  type: 'bluesky',
  summary: 'Reads every public post of Bluesky as it is written, through a Jetstream server.',
  config: z.strictObject({
    protocol: z.enum(['v1', 'v2']).default('v1').describe('Which of the two Jetstream protocols the servers speak.'),
    servers: z
      .array(z.url({ protocol: /^wss?$/, error: 'not a WebSocket address: write wss://…' }))
      .min(1)
      .max(20)
      .optional()
      .describe('Jetstream servers that take turns when one fails; the public ones when left out.'),
    rewind: duration().prefault('3s').describe('How far to go back when a connection is opened again; 2s to 60s.'),
    lateness: duration().prefault('15m').describe('Posts older than this on arrival are history.'),
    profiles: z
      .boolean()
      .default(true)
      .describe('Ask the public interface for handle, name and followers of the authors found.'),
    profiles_server: z
      .url({ protocol: /^https?$/, error: 'not a web address: write https://…' })
      .default('https://public.api.bsky.app')
      .describe('Where profiles are asked for.'),
    zstd_dictionary: z
      .string()
      .min(1)
      .optional()
      .describe('File with the servers’ zstd dictionary: the stream then comes compressed.'),
  }),
  examples: [
    { title: 'The public servers', config: {} },
    { title: 'A server of one’s own', config: { servers: ['wss://jetstream.example.org'], profiles: false } },
    {
      title: 'The second protocol',
      config: { protocol: 'v2', servers: ['wss://jetstream.us-west.bsky.network'], rewind: '5s' },
    },
  ],
  create(config, deps) {
    const settings: Settings = {
      protocol: config.protocol,
      servers: config.servers ?? (config.protocol === 'v1' ? V1_SERVERS : V2_SERVERS),
      rewindUs: Math.min(60_000, Math.max(2_000, config.rewind)) * 1_000,
      dictionaryFile: config.zstd_dictionary,
    };
    const memory: Memory = {
      stream: { host: 0, failures: 0, unopened: 0, aliveAt: undefined },
      passed: new PassedOn(MOST_PASSED),
      profiles: config.profiles ? new Profiles(config.profiles_server, deps) : undefined,
    };
    return {
      flow: 'rewind',
      latenessMs: config.lateness,
      read: (from, signal) => read(settings, memory, deps, from as BlueskyCursor | undefined, signal),
      normalise: normaliseBluesky,
    };
  },
});

interface Settings {
  readonly protocol: 'v1' | 'v2';
  readonly servers: readonly string[];
  readonly rewindUs: number;
  readonly dictionaryFile: string | undefined;
}

/** What outlives one `read`, and is lost with the process. */
interface Memory {
  readonly stream: StreamMemory;
  readonly passed: PassedOn;
  readonly profiles: Profiles | undefined;
}

/** Where to go on from. Numbers of version 2 count on one server only; the time holds on every one. */
type BlueskyCursor = {
  /** The newest time read, in microseconds; where to begin is this minus the rewind. */
  readonly timeUs: number;
  readonly seq?: number;
  readonly server?: string;
  /** What the rewind will bring again and was handed on. */
  readonly seen?: readonly (readonly [string, number])[];
};

async function* read(
  settings: Settings,
  memory: Memory,
  deps: SourceDeps,
  from: BlueskyCursor | undefined,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  if (signal.aborted) return;
  const session = new Session(settings, memory, deps, from);
  using stream = new SocketStream<Waiting>(
    {
      hosts: settings.servers.length,
      target: (host) => session.target(host),
      frame: (data, binary, keep) => session.frame(data, binary, keep),
      ended: (end) => session.ended(end),
    },
    { silenceMs: SILENCE_MS, highBytes: HIGH_BYTES, pauseMs: PAUSE_MS, tickMs: SAVE_MS },
    deps,
    memory.stream,
  );
  const stop = (): void => stream[Symbol.dispose]();
  signal.addEventListener('abort', stop, { once: true });
  try {
    stream.open();
    let savedAt = deps.now();
    for (;;) {
      await stream.ready();
      if (signal.aborted) return;
      const waiting = stream.take(BATCH_ITEMS, BATCH_BYTES, ({ gap }) => gap !== undefined);
      const { items, gap } = await session.itemsOf(waiting, signal);
      if (signal.aborted) return;
      // What came meanwhile is not done with: the cursor waits for it.
      if (waiting.length === 0 && stream.waiting > 0) continue;
      const due = deps.now() - savedAt >= SAVE_MS && stream.isOpen;
      if (items.length === 0 && gap === undefined && !due) continue;
      savedAt = deps.now();
      yield session.batch(items, gap, stream.waiting === 0 ? undefined : waiting.at(-1));
      if (signal.aborted) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A frame that may matter, with how far the stream had come. */
interface Waiting {
  readonly text: string;
  readonly position: Position;
  readonly gap?: { readonly from: Millis; readonly to: Millis };
  readonly problem?: string;
}

interface Position {
  readonly timeUs: number;
  readonly seq: number | undefined;
  readonly server: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One reading of the stream, over all its connections. Identity: how far it is. */
class Session {
  readonly #settings: Settings;
  readonly #memory: Memory;
  readonly #deps: SourceDeps;
  readonly #filter: Prefilter;
  readonly #recent: RecentEvents;
  readonly #dictionary: Dictionary | undefined;
  readonly #look = new FirstLook(POSTS);
  #position: Mutable<Position> | undefined;
  #frames = 0;
  #framesBefore = 0;
  #framesAt: Millis;
  /** Times beyond this do not move the position. */
  #aheadUs = 0;
  /** What the cursor of this connection asked for, until its first event. */
  #askedUs: number | undefined;
  /** The server said that it no longer has what was asked for. */
  #clamped = false;
  /** A number is too old, or of another server: ask by time. */
  #byTime = false;
  #framesOfLife = 0;

  constructor(settings: Settings, memory: Memory, deps: SourceDeps, from: BlueskyCursor | undefined) {
    this.#settings = settings;
    this.#memory = memory;
    this.#deps = deps;
    this.#framesAt = deps.now();
    const queries = deps.queries();
    this.#filter = queries.length === 0 ? () => true : createPrefilter(queries, { keys: ['text', 'title'] });
    this.#recent = new RecentEvents(settings.rewindUs + REPEAT_MARGIN_US, MOST_RECENT, from?.seen ?? []);
    this.#dictionary = settings.dictionaryFile === undefined ? undefined : readDictionary(settings.dictionaryFile);
    if (from !== undefined && from.timeUs > 0) {
      this.#position = { timeUs: from.timeUs, seq: from.seq, server: from.server ?? '' };
    }
  }

  // ------------------------------------------------------------ connecting

  target(host: number): { readonly url: string; readonly protocols: readonly string[] } {
    const { protocol, servers, rewindUs } = this.#settings;
    const url = new URL(servers[host % servers.length] ?? '');
    // Without path and parameters, where secrets may lie.
    const server = url.host;
    if (url.pathname === '/' || url.pathname === '') url.pathname = PATHS[protocol];
    const position = this.#position;
    this.#server = server;
    this.#clamped = false;
    this.#framesOfLife = 0;
    this.#askedUs = position === undefined ? undefined : position.timeUs - rewindUs;
    const { searchParams: query } = url;
    query.set('maxMessageSizeBytes', String(MOST_RECORD_BYTES));
    if (protocol === 'v1') {
      query.append('wantedCollections', POSTS);
      if (this.#askedUs !== undefined) query.set('cursor', String(this.#askedUs));
      if (this.#dictionary) query.set('compress', 'true');
      return { url: url.href, protocols: [] };
    }
    for (const kind of ['commit', 'identity', 'account']) query.append('kinds', kind);
    query.append('collections', POSTS);
    if (this.#dictionary) query.set('zstdDictionary', String(this.#dictionary.id));
    if (position !== undefined && this.#askedUs !== undefined) {
      const numbered = position.seq !== undefined && position.server === server && !this.#byTime;
      query.set('cursor', String(numbered ? position.seq : this.#askedUs));
      if (numbered) this.#askedUs = position.timeUs;
    }
    return { url: url.href, protocols: [SUBPROTOCOL] };
  }

  #server = '';

  /** What an end means: most are tried again elsewhere. */
  ended(end: SocketEnd): SourceError | 'at-once' | undefined {
    if (end.status !== 400) return undefined;
    const body = (end.body ?? '').replaceAll(/\s+/g, ' ').slice(0, 300);
    if (body.includes('CursorTooOld') && !this.#byTime) {
      this.#byTime = true;
      return 'at-once';
    }
    return new SourceError(`${this.#server} does not accept what is asked of it: ${body}`, { retryable: false });
  }

  // --------------------------------------------------------------- reading

  /** Runs for every event of the network: what is not ours costs as little as can be. */
  frame(data: Buffer, binary: boolean, keep: (value: Waiting, bytes: number) => void): string | undefined {
    this.#framesOfLife += 1;
    const bytes = binary ? this.#decompress(data) : data;
    if (bytes === undefined) {
      // The very first: the dictionary is another one. Later: that one frame is broken.
      if (this.#framesOfLife === 1) return 'its compression cannot be read: is the dictionary the right one?';
      keep(this.#broken('a frame whose compression is broken', ''), 200);
      return undefined;
    }
    const look = this.#look.at(bytes);
    if (look !== LOOK.unsure) {
      const { timeUs } = this.#look;
      const gap = this.#advance(timeUs, undefined);
      if (gap) keep({ text: '', position: this.#here(timeUs, undefined), gap }, 100);
      if (look === LOOK.change || (look === LOOK.create && this.#filter(bytes))) {
        keep({ text: bytes.toString('utf8'), position: this.#here(timeUs, undefined) }, bytes.length);
      }
      return undefined;
    }
    const seen = glance(bytes);
    if (seen === undefined) return this.#slowly(bytes, keep);
    const gap = this.#advance(seen.timeUs, seen.seq);
    if (gap) keep({ text: '', position: this.#here(seen.timeUs, seen.seq), gap }, 100);
    const wanted =
      seen.kind === 'commit'
        ? seen.collection === POSTS && (seen.operation !== 'create' || this.#filter(bytes))
        : this.#concerns(seen.kind, seen.did, () => bytes.includes('"active":false'));
    if (wanted) keep({ text: bytes.toString('utf8'), position: this.#here(seen.timeUs, seen.seq) }, bytes.length);
    return undefined;
  }

  /** A frame that is written in another way than the servers write it, or is none. */
  #slowly(bytes: Buffer, keep: (value: Waiting, bytes: number) => void): string | undefined {
    const text = bytes.toString('utf8');
    const event = readEvent(text);
    if (event === undefined) {
      keep(this.#broken('not a frame of Jetstream', text), 400);
      return undefined;
    }
    if ('name' in event) {
      if (event.kind === 'error')
        return `${event.name || 'an error'}${event.message === '' ? '' : `: ${event.message}`}`;
      if (event.name === 'OutdatedCursor') this.#clamped = true;
      return undefined;
    }
    const gap = this.#advance(event.timeUs, event.seq);
    const position = this.#here(event.timeUs, event.seq);
    if (gap) keep({ text: '', position, gap }, 100);
    const wanted =
      event.kind === 'commit'
        ? event.collection === POSTS && (event.operation !== 'create' || this.#filter(bytes))
        : this.#concerns(event.kind, event.did, () => event.active === false);
    if (wanted) keep({ text, position }, bytes.length);
    return undefined;
  }

  #decompress(data: Buffer): Buffer | undefined {
    if (!this.#dictionary) return undefined;
    try {
      return zstdDecompressSync(data, {
        dictionary: this.#dictionary.bytes,
        maxOutputLength: 4 * MOST_RECORD_BYTES,
      });
    } catch {
      return undefined;
    }
  }

  #concerns(kind: string, did: string, gone: () => boolean): boolean {
    if (kind === 'identity') {
      this.#memory.profiles?.forget(did);
      return false;
    }
    return kind === 'account' && gone();
  }

  /** Moves the position on. Answers the hole before the first event of a connection, if there is one. */
  #advance(timeUs: number, seq: number | undefined): Waiting['gap'] {
    this.#frames += 1;
    this.#move(timeUs, seq);
    const askedUs = this.#askedUs;
    if (askedUs === undefined) return undefined;
    this.#askedUs = undefined;
    this.#byTime = false;
    const now = this.#deps.now();
    const hole = timeUs - askedUs;
    if (!(this.#clamped && hole > 0) && !(hole > HOLE_US && now * 1_000 - askedUs > HOLE_US * 2)) return undefined;
    // From where we had read to; the rewind before it is no hole.
    const from = Math.min(askedUs + this.#settings.rewindUs, timeUs);
    return { from: Math.floor(from / 1_000), to: Math.ceil(timeUs / 1_000) };
  }

  #move(timeUs: number, seq: number | undefined): void {
    if (timeUs > this.#aheadUs) {
      this.#aheadUs = this.#deps.now() * 1_000 + AHEAD_US;
      if (timeUs > this.#aheadUs) return;
    }
    const position = this.#position;
    if (position === undefined || position.server !== this.#server) {
      this.#position = { timeUs: Math.max(timeUs, position?.timeUs ?? 0), seq, server: this.#server };
      return;
    }
    if (timeUs > position.timeUs) position.timeUs = timeUs;
    if (seq !== undefined && !(position.seq !== undefined && position.seq > seq)) position.seq = seq;
  }

  /** How far the stream is after this frame. */
  #here(timeUs: number, seq: number | undefined): Position {
    return { ...(this.#position ?? { timeUs, seq, server: this.#server }) };
  }

  #broken(problem: string, text: string): Waiting {
    const excerpt = text === '' ? '' : `: ${text.slice(0, 200)}`;
    return { text: '', position: this.#here(0, undefined), problem: `${problem}${excerpt}` };
  }

  // --------------------------------------------------------------- batches

  /** What is handed on of these frames: repeats of a rewind and deletes of what we never had are left out. */
  async itemsOf(
    waiting: readonly Waiting[],
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly RawItem[]; readonly gap: Waiting['gap'] }> {
    const made: (RawItem | Unsure)[] = [];
    let gap: Waiting['gap'];
    for (const entry of waiting) {
      if (entry.gap) gap = entry.gap;
      else if (entry.problem !== undefined) made.push(itemOf('frame', { problem: entry.problem }));
      else {
        const event = readEvent(entry.text);
        if (event?.kind === 'commit') made.push(...this.#commit(event));
        else if (event?.kind === 'account') made.push(...(await this.#account(event)));
      }
    }
    const items = await this.#sure(made);
    await this.#withProfiles(items, signal);
    return { items: items.map(({ nativeId, body }) => ({ nativeId, body: this.#profiled(body) })), gap };
  }

  *#commit(event: CommitEvent): Generator<RawItem | Unsure> {
    const { did, rkey, rev, operation, timeUs } = event;
    if (!this.#recent.isNew(`${did}/${rkey}/${rev}/${operation}`, timeUs)) return;
    const nativeId = `${did}/${rkey}`;
    if (operation === 'delete') {
      const item = itemOf(nativeId, { op: 'delete', did, rkey });
      yield this.#memory.passed.has(did, rkey) ? item : { item, id: `bluesky:${nativeId}` };
      return;
    }
    const op = operation === 'update' ? 'update' : 'create';
    const record = (event.record ?? null) as BlueskyItem extends { readonly record: infer R } ? R : never;
    const item = itemOf(nativeId, { op, did, rkey, seenAt: Math.floor(timeUs / 1_000), record });
    if (op === 'update' && !this.#memory.passed.has(did, rkey) && !this.#filter(Buffer.from(JSON.stringify(record)))) {
      // It names nobody now: it matters only to who had it.
      yield { item, id: `bluesky:${nativeId}` };
      return;
    }
    this.#memory.passed.add(did, rkey);
    yield item;
  }

  /** An account that is gone takes its posts along; of those that only rest nobody says so. */
  async #account({ did, active, timeUs }: AccountEvent): Promise<readonly RawItem[]> {
    if (active !== false || !this.#recent.isNew(`${did}/gone`, timeUs)) return [];
    const stored = (await this.#deps.taken?.by('bluesky', did)) ?? [];
    const rkeys = new Set([...this.#memory.passed.of(did), ...stored.map((id) => id.slice(id.lastIndexOf('/') + 1))]);
    return [...rkeys].map((rkey) => itemOf(`${did}/${rkey}`, { op: 'delete', did, rkey }));
  }

  /** Asks once for all of which we do not know whether we had them. */
  async #sure(made: readonly (RawItem | Unsure)[]): Promise<readonly RawItem[]> {
    const unsure = made.filter((each) => 'item' in each);
    const { taken } = this.#deps;
    const had = taken && unsure.length > 0 ? await taken.has(unsure.map(({ id }) => id)) : undefined;
    const not = new Set(unsure.filter((_, index) => had?.[index] === false));
    return made.flatMap((each) => ('item' in each ? (not.has(each) ? [] : [each.item]) : [each]));
  }

  async #withProfiles(items: readonly RawItem[], signal: AbortSignal): Promise<void> {
    const { profiles } = this.#memory;
    if (!profiles) return;
    const dids = items.flatMap(({ body }) => {
      const item = body as BlueskyItem;
      return 'op' in item && item.op !== 'delete' ? [item.did] : [];
    });
    if (dids.length > 0) await profiles.lookUp(dids, signal);
  }

  #profiled(body: RawItem['body']): RawItem['body'] {
    const item = body as BlueskyItem;
    if (!('op' in item) || item.op === 'delete') return body;
    const profile = this.#memory.profiles?.get(item.did);
    return profile === undefined ? body : { ...item, profile };
  }

  /** `last`: the last frame of the batch when more wait behind it; without it all that was read is done with. */
  batch(items: readonly RawItem[], gap: Waiting['gap'], last: Waiting | undefined): SourceBatch {
    const position = last?.position ?? this.#position;
    if (position === undefined) return { items, ...(gap === undefined ? {} : { gap }) };
    const cursor: BlueskyCursor = {
      timeUs: position.timeUs,
      ...(position.seq === undefined ? {} : { seq: position.seq, server: position.server }),
      seen: this.#recent.saved(position.timeUs, MOST_SAVED),
    };
    const now = this.#deps.now();
    const readTo = Math.floor(position.timeUs / 1_000);
    if (this.#frames !== this.#framesBefore) this.#framesAt = now;
    this.#framesBefore = this.#frames;
    const atPresent = last === undefined && now - this.#framesAt >= QUIET_MS;
    return {
      items,
      cursor,
      ...(gap === undefined ? {} : { gap }),
      ...(atPresent || readTo >= now ? {} : { readTo }),
    };
  }
}

/** An item of which only the store knows whether it concerns us. */
interface Unsure {
  readonly item: RawItem;
  readonly id: string;
}

function itemOf(nativeId: string, body: BlueskyItem): RawItem {
  return { nativeId, body };
}

// -------------------------------------------------------------- dictionary

interface Dictionary {
  readonly id: number;
  readonly bytes: Buffer;
}

const DICTIONARY_MAGIC = 0xec30a437;

function readDictionary(file: string): Dictionary {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new SourceError(`zstd_dictionary: cannot read ${file}`, { retryable: false, cause: error });
  }
  if (bytes.length < 8 || bytes.readUInt32LE(0) !== DICTIONARY_MAGIC) {
    throw new SourceError(`zstd_dictionary: ${file} is not a zstd dictionary`, { retryable: false });
  }
  return { id: bytes.readUInt32LE(4), bytes };
}
