/** Equal texts, told by a short hash: the first step against copies. */
import type { Token } from './tokenize.ts';
import { tokenize } from './tokenize.ts';

/**
 * A 64-bit hash in hexadecimal, equal for texts that are equal after folding, without links, handles, case and
 * punctuation; a leading `RT @somebody` does not count, hashtags count as their words. A text of which nothing is left
 * (a lone link) hashes as it stands, so that two of them are not taken for copies. Two FNV-1a chains of 32 bits with different seeds:
 * fast, and not made to withstand people who look for collisions.
 */
export function fingerprint(text: string): string {
  return fingerprintOf(tokenize(text), text);
}

/** The same for tokens that are there already. */
export function fingerprintOf(tokens: readonly Token[], text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  let words = 0;
  const repost = tokens[0]?.text === 'rt' && tokens[1]?.kind === 'handle' ? 1 : 0;
  for (let k = repost; k < tokens.length; k += 1) {
    const token = tokens[k];
    if (!token || token.kind === 'handle') continue;
    const word = token.other && token.kind === 'word' ? token.other : token.text;
    for (let i = token.kind === 'hashtag' ? 1 : 0; i < word.length; i += 1) {
      const code = word.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b);
    }
    a = Math.imul(a ^ 0x20, 0x01000193);
    b = Math.imul(b ^ (b >>> 15) ^ 0x20, 0x85ebca6b);
    words += 1;
  }
  if (words === 0) {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b);
    }
  }
  return hex(a) + hex(b);
}

/** Spreads the last bits, so that short texts differ everywhere. */
function hex(hash: number): string {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  return (mixed >>> 0).toString(16).padStart(8, '0');
}
