/** Bytes into lines, with the offset behind each, without ever holding more than one line. */

import type { Json } from '../../model/types.ts';

/** The longest line that is kept; a longer one is named and skipped. */
export const MAX_LINE_BYTES = 10 * 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Offset of the first byte behind the line and its end. */
  readonly end: number;
  /** Undefined when the line was longer than the limit; `size` says how long. */
  readonly text: string | undefined;
  readonly size: number;
}

/** Takes bytes as they come and answers the lines that they complete. Identity: the unfinished line. */
export class LineSplitter {
  #parts: Buffer[] = [];
  #held = 0;
  #size = 0;
  #offset: number;
  #number: number;
  readonly #limit: number;

  constructor(
    from: { readonly offset: number; readonly line: number } = { offset: 0, line: 0 },
    limit = MAX_LINE_BYTES,
  ) {
    this.#offset = from.offset;
    this.#number = from.line;
    this.#limit = limit;
  }

  push(chunk: Uint8Array): Line[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      this.#hold(bytes.subarray(start, end));
      lines.push(this.#finish(1));
      start = end + 1;
    }
    this.#hold(bytes.subarray(start));
    return lines;
  }

  /** The last line, when the bytes end without a line end. */
  end(): Line[] {
    return this.#size === 0 ? [] : [this.#finish(0)];
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#limit) {
      this.#parts = [];
      this.#held = 0;
      return;
    }
    // A copy: the reader may use its buffer again.
    this.#parts.push(Buffer.from(part));
    this.#held += part.length;
  }

  #finish(lineEnd: number): Line {
    this.#offset += this.#size + lineEnd;
    this.#number += 1;
    const size = this.#size;
    let text: string | undefined;
    if (size <= this.#limit) {
      const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#held);
      text = decodeText(bytes ?? Buffer.alloc(0));
      if (text.endsWith('\r')) text = text.slice(0, -1);
      if (this.#number === 1 && text.startsWith('\uFEFF')) text = text.slice(1);
    }
    this.#parts = [];
    this.#held = 0;
    this.#size = 0;
    return { number: this.#number, end: this.#offset, text, size };
  }
}

/** One post of a document, or what is wrong where one should be. */
export interface PostLine {
  /** Where it begins, from 1. */
  readonly line: number;
  /** Where it ends, when it spans several lines. */
  readonly lastLine?: number;
  /** Offset of the first byte behind it. */
  readonly end: number;
  /** In bytes. */
  readonly size: number;
  /** In the public format, not yet validated; absent when `problem` is there. */
  readonly value?: Json;
  readonly problem?: string;
  /** The beginning of what could not be read. */
  readonly raw?: string;
}

/** The beginning of what was refused, for the person who will look at it. */
export function excerpt(text: string): string {
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}

export function tooLong({ number, end, size }: Line): PostLine {
  return { line: number, end, size, problem: `longer than 10 MB (${size} bytes)` };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const windows1252 = new TextDecoder('windows-1252');

/**
 * Reads bytes as UTF-8. Where they are not, each byte that belongs to no UTF-8 character is read as windows-1252, which
 * serves both a file in windows-1252 and a UTF-8 document with a few stray bytes.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeMixed(bytes);
  }
}

function decodeMixed(bytes: Uint8Array): string {
  const out: string[] = [];
  let good = 0;
  let position = 0;
  const flush = (end: number): void => {
    if (end > good) out.push(utf8.decode(bytes.subarray(good, end)));
  };
  while (position < bytes.length) {
    const length = sequenceLength(bytes, position);
    if (length > 0) {
      position += length;
      continue;
    }
    flush(position);
    out.push(windows1252.decode(bytes.subarray(position, position + 1)));
    position += 1;
    good = position;
  }
  flush(bytes.length);
  return out.join('');
}

/** Length of the UTF-8 character at `at`; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] ?? 0;
  const overlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const surrogate = first === 0xed && second > 0x9f;
  const beyond = first === 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

/** Whether bytes begin like UTF-16, and which way round; undefined for everything else. */
export function utf16Of(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const [a, b, c, d] = head;
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a !== 0 && b === 0 && c !== undefined && c !== 0 && d === 0) return 'utf-16le';
  if (a === 0 && b !== 0 && b !== undefined && c === 0 && d !== 0 && d !== undefined) return 'utf-16be';
  return undefined;
}
