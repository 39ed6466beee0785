/** Frames of Bluesky's Jetstream, both versions: a look at the raw bytes first, the whole of it for the few that matter. */

/** What is seen of a frame without parsing it. */
export interface Glance {
  readonly kind: 'commit' | 'identity' | 'account' | 'other';
  /** Microseconds since the epoch by the server's clock; the order of arrival is not the order of time. */
  readonly timeUs: number;
  /** Version 2 only. */
  readonly seq: number | undefined;
  readonly did: string;
  readonly operation: string;
  readonly collection: string;
  /** Where the record begins; the frame's end when there is none. */
  readonly recordAt: number;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BACKSLASH = 0x5c;

/**
 * Reads the head of a frame, up to its record. Undefined for anything that is not written as the servers write it (compact,
 * the head before the record, no escapes): such a frame is parsed instead.
 */
export function glance(frame: Buffer): Glance | undefined {
  let kind = '';
  let timeUs = 0;
  let seq: number | undefined;
  let did = '';
  let operation = '';
  let collection = '';
  let recordAt = frame.length;
  let version2 = false;
  let at = 0;
  const length = frame.length;
  if (frame[at] !== OPEN) return undefined;
  at += 1;
  read: while (at < length) {
    const code = frame[at];
    if (code === CLOSE) {
      at += 1;
      continue;
    }
    if (code === COMMA) at += 1;
    if (frame[at] !== QUOTE) return undefined;
    const keyAt = at + 1;
    const keyEnd = frame.indexOf(QUOTE, keyAt);
    if (keyEnd < 0 || frame[keyEnd + 1] !== COLON) return undefined;
    at = keyEnd + 2;
    const width = keyEnd - keyAt;
    const first = frame[keyAt];
    const value = frame[at];
    if (value === OPEN) {
      // "record": what lies in it is not looked at here.
      if (width === 6 && first === 0x72) {
        recordAt = at;
        break read;
      }
      at += 1;
      continue;
    }
    if (value === QUOTE) {
      const from = at + 1;
      const end = frame.indexOf(QUOTE, from);
      if (end < 0 || frame[end - 1] === BACKSLASH) return undefined;
      at = end + 1;
      if (width === 3 && first === 0x64) {
        if (did === '') did = frame.toString('latin1', from, end);
      } else if (width === 4 && first === 0x6b) kind = frame.toString('latin1', from, end);
      else if (width === 4 && first === 0x74) {
        if (version2 && timeUs === 0) timeUs = microsOf(frame.toString('latin1', from, end));
      } else if (width === 9 && first === 0x6f) operation = frame.toString('latin1', from, end);
      else if (width === 10 && first === 0x63) collection = frame.toString('latin1', from, end);
      else if (width === 5 && first === 0x24) {
        version2 = true;
        const type = frame.toString('latin1', from, end);
        const hash = type.indexOf('#');
        if (hash >= 0) kind = type.slice(hash + 1);
        else if (type !== 'message') return undefined;
      }
      continue;
    }
    const from = at;
    while (at < length && frame[at] !== COMMA && frame[at] !== CLOSE) at += 1;
    if (width === 7 && first === 0x74) timeUs = digitsOf(frame, from, at);
    else if (width === 3 && first === 0x73 && version2 && seq === undefined) seq = digitsOf(frame, from, at);
  }
  if (did === '' || !(timeUs > 0) || (version2 && seq === undefined)) return undefined;
  if (kind === 'commit' && (operation === '' || collection === '')) return undefined;
  const known = kind === 'commit' || kind === 'identity' || kind === 'account' ? kind : 'other';
  return { kind: known, timeUs, seq, did, operation, collection, recordAt };
}

/** What the first look at a frame says. */
export const LOOK = {
  /** Not written as version 1 is: glance at it, or parse it. */
  unsure: 0,
  /** A commit to another collection. */
  other: 1,
  create: 2,
  /** An update or a delete of a record of the collection. */
  change: 3,
} as const;
export type Look = (typeof LOOK)[keyof typeof LOOK];

const DID = bytesOf('{"did":"');
const TIME = bytesOf('","time_us":');
const COMMIT = bytesOf(',"kind":"commit","commit":{"rev":"');
const CREATE = bytesOf('","operation":"create","collection":"');
const CHANGE = bytesOf('","operation":"update","collection":"');
/** Length of the identifiers that nearly all accounts have, and of revisions. */
const DID_LENGTH = 32;
const REV_LENGTH = 13;

/**
 * The first look at frames of version 1, which are nearly all written alike: compares them with that shape and makes nothing.
 * Identity: the time of the frame looked at last.
 */
export class FirstLook {
  readonly #collection: Uint8Array;
  /** Microseconds since the epoch, of a frame that was not `unsure`. */
  timeUs = 0;

  constructor(collection: string) {
    this.#collection = bytesOf(`${collection}"`);
  }

  at(frame: Uint8Array): Look {
    if (!holds(frame, DID, 0)) return LOOK.unsure;
    let at = DID.length + DID_LENGTH;
    if (frame[at] !== QUOTE) at = frame.indexOf(QUOTE, DID.length);
    if (at < 0 || !holds(frame, TIME, at)) return LOOK.unsure;
    at += TIME.length;
    let timeUs = 0;
    for (let digit = (frame[at] ?? 0) - 0x30; digit >= 0 && digit <= 9; digit = (frame[at] ?? 0) - 0x30) {
      timeUs = timeUs * 10 + digit;
      at += 1;
    }
    if (timeUs === 0 || !holds(frame, COMMIT, at)) return LOOK.unsure;
    at += COMMIT.length + REV_LENGTH;
    if (frame[at] !== QUOTE) return LOOK.unsure;
    const create = holds(frame, CREATE, at);
    if (!create && !holds(frame, CHANGE, at) && !holds(frame, DELETE, at)) return LOOK.unsure;
    this.timeUs = timeUs;
    if (!holds(frame, this.#collection, at + CREATE.length)) return LOOK.other;
    return create ? LOOK.create : LOOK.change;
  }
}

const DELETE = bytesOf('","operation":"delete","collection":"');

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

function holds(frame: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (frame[at + i] !== wanted[i]) return false;
  return true;
}

function digitsOf(frame: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (frame[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Microseconds since the epoch of a time written with up to six decimals; NaN when it is none. */
export function microsOf(time: string): number {
  const ms = Date.parse(time);
  const decimals = /\.(\d+)/.exec(time)?.[1] ?? '';
  return Math.floor(ms / 1_000) * 1_000_000 + Number(decimals.padEnd(6, '0').slice(0, 6));
}

/** What happened to one record. */
export interface CommitEvent {
  readonly kind: 'commit';
  readonly timeUs: number;
  readonly seq?: number;
  readonly did: string;
  readonly rev: string;
  readonly operation: string;
  readonly collection: string;
  readonly rkey: string;
  readonly record?: unknown;
}

/** What happened to an account or its identity, or something that we do not know. */
export interface AccountEvent {
  readonly kind: 'identity' | 'account' | 'other';
  readonly timeUs: number;
  readonly seq?: number;
  readonly did: string;
  readonly active?: boolean;
}

/** The server says something about the stream itself. */
export interface Notice {
  readonly kind: 'info' | 'error';
  readonly name: string;
  readonly message: string;
}

/** A frame read whole. */
export type JetstreamEvent = CommitEvent | AccountEvent | Notice;

type Fields = { readonly [key: string]: unknown };

/** Parses a frame of either version; undefined when it is not an event. */
export function readEvent(text: string): JetstreamEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  return '$type' in value ? readVersion2(value) : readVersion1(value);
}

function readVersion1(frame: Fields): JetstreamEvent | undefined {
  const { did, time_us: timeUs, kind } = frame;
  if (typeof did !== 'string' || typeof timeUs !== 'number' || !(timeUs > 0)) return undefined;
  if (kind === 'commit') return isFields(frame['commit']) ? commitOf(frame['commit'], { did, timeUs }) : undefined;
  return aboutAccount(kind, frame, { did, timeUs });
}

function readVersion2(frame: Fields): JetstreamEvent | undefined {
  if (frame['$type'] === 'error') {
    // The name stands in the payload, or beside the type.
    const said = isFields(frame['payload']) ? frame['payload'] : frame;
    return { kind: 'error', name: textOf(said['error'] ?? said['name']), message: textOf(said['message']) };
  }
  const { payload } = frame;
  if (!isFields(payload)) return undefined;
  const kind = textOf(payload['$type']).split('#')[1];
  if (kind === 'info') return { kind: 'info', name: textOf(payload['name']), message: textOf(payload['message']) };
  const { did, seq, time } = payload;
  const timeUs = typeof time === 'string' ? microsOf(time) : Number.NaN;
  if (typeof did !== 'string' || typeof seq !== 'number' || !(timeUs > 0)) return undefined;
  if (kind === 'commit') return commitOf(payload, { did, timeUs, seq });
  return aboutAccount(kind, payload, { did, timeUs, seq });
}

interface Head {
  readonly did: string;
  readonly timeUs: number;
  readonly seq?: number;
}

function commitOf(commit: Fields, head: Head): JetstreamEvent | undefined {
  const { rev, operation, collection, rkey, record } = commit;
  if (typeof rev !== 'string' || typeof operation !== 'string') return undefined;
  if (typeof collection !== 'string' || typeof rkey !== 'string') return undefined;
  return { kind: 'commit', ...head, rev, operation, collection, rkey, ...(record === undefined ? {} : { record }) };
}

function aboutAccount(kind: unknown, frame: Fields, head: Head): JetstreamEvent {
  if (kind !== 'identity' && kind !== 'account') return { kind: 'other', ...head };
  const said = isFields(frame[kind]) ? frame[kind] : {};
  return {
    kind,
    ...head,
    ...(typeof said['active'] === 'boolean' ? { active: said['active'] } : {}),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : '';
}
