/** Whole numbers as letters of a 64-letter alphabet: state that is small, plain JSON and quick to read in place. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Uint8Array(128);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** Writes `value` (0 to 64 ** length − 1) as `length` letters. */
export function toLetters(value: number, length: number): string {
  let letters = '';
  let rest = value;
  for (let i = 0; i < length; i++) {
    letters = ALPHABET[rest & 63] + letters;
    rest >>>= 6;
  }
  return letters;
}

/** Reads the `length` letters at `at`; at most 5 of them. */
export function fromLetters(text: string, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) value = (value << 6) | (VALUES[text.charCodeAt(i)] ?? 0);
  return value;
}

/** A hash of a text in 24 bits: four letters. Two of ten thousand words share one with a chance of 1 in 1,700 each. */
export function hash24(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 3) & 0xffffff;
}
