/** Short, fast, well-mixed hashes of strings for keys in memory; not for secrets. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Two 32-bit halves of a hash (cyrb53's mixing: two multiplicative hashes, finished with each other's high bits). */
export function hash64(text: string, seed = 0): readonly [number, number] {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}

/** A hash as `length` letters of a 64-letter alphabet, six bits each; at most 10. */
export function hashLetters(text: string, length: number, seed = 0): string {
  const [a, b] = hash64(text, seed);
  let letters = '';
  for (let i = 0; i < length; i++) letters += LETTERS[(i < 5 ? a >>> (i * 6) : b >>> ((i - 5) * 6)) & 63];
  return letters;
}
