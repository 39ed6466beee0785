/**
 * One tokenizer for queries, stores, detectors and fingerprints: a hand-written scanner over code units.
 *
 * **Terms.** What a mention carries in `terms` is made so that a plain whitespace tokenizer can index it:
 * - one term per position, in the order of the text: the folded word (`panne`), a hashtag with its sigil (`#acme`),
 *   a handle with its sigil (`@acme_fr`), an emoji without skin tone (`👍`), one term per character of scripts that
 *   write without spaces;
 * - after them, the *other forms* of some of these positions: the word with its elision or possessive (`l'oreal`,
 *   `acme's`), the full form of a federated handle (`@acme.bsky.social`), the emoji with its skin tone (`👍🏽`).
 *   `isOtherForm` tells them apart.
 *
 * A term never holds a space. A word of a query is found by looking for any of `formsOf(word)`: `loreal` is `loreal`,
 * `#loreal`, `@loreal`, `l'oreal`, and that list is exact.
 */

/** What stands at a position. */
export type TokenKind = 'word' | 'hashtag' | 'handle' | 'emoji';

/** One position of a text. Its index in the list of tokens is its position for phrases and distances. */
export type Token = {
  /** Folded: lower case, no accents, no apostrophe; hashtags and handles keep their sigil. */
  readonly text: string;
  /** Another form of the same token, as it stands in `terms`; empty when there is none. */
  readonly other: string;
  readonly kind: TokenKind;
  /** `hashOf(text)`, which most tokens get while they are scanned. */
  readonly hash: number;
  /** Offsets in the text as it was given, end exclusive. */
  readonly start: number;
  readonly end: number;
};

/** What one pass over a text gives. */
export type Scan = {
  readonly tokens: readonly Token[];
  /** Addresses as they stand in the text, without trailing punctuation. */
  readonly links: readonly string[];
};

const SEPARATOR = 0;
const WORD = 1;
const MARK = 2;
const APOSTROPHE = 3;
const SOLO = 4;
const EMOJI = 5;
const SURROGATE = 6;
const HASH = 7;
const AT = 8;
const UNDERSCORE = 9;

const HAS_UPPER = 1;
const HAS_OTHER = 2;

/** Scripts written without spaces between words, as inclusive ranges of code units. */
const soloRanges: readonly (readonly [number, number])[] = [
  [0x0e00, 0x0eff],
  [0x1000, 0x109f],
  [0x1780, 0x17ff],
  [0x3005, 0x3007],
  [0x3040, 0x30ff],
  [0x31f0, 0x31ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xff66, 0xff9d],
];

const classes = buildClasses();

function buildClasses(): Uint8Array {
  const table = new Uint8Array(0x10000);
  const letter = /[\p{L}\p{N}]/u;
  const mark = /\p{M}/u;
  const picture = /\p{Extended_Pictographic}/u;
  for (let code = 0x30; code < 0xd800; code += 1) {
    // Below U+0300 nothing is a mark, and large blocks are known without asking.
    if (code >= 0x3400 && code < 0xa000) continue;
    if (code >= 0xac00 && code < 0xd7a4) continue;
    const text = String.fromCharCode(code);
    if (letter.test(text)) table[code] = WORD;
    else if (code >= 0x300 && mark.test(text)) table[code] = MARK;
    else if (code >= 0x2300 && code < 0x3300 && picture.test(text)) table[code] = EMOJI;
  }
  for (let code = 0xf900; code < 0xffff; code += 1) {
    const text = String.fromCharCode(code);
    if (letter.test(text)) table[code] = WORD;
    else if (mark.test(text)) table[code] = MARK;
  }
  for (const [from, to] of soloRanges) {
    for (let code = from; code <= to; code += 1) {
      const solid = code >= 0x3400 && code < 0xd7a4;
      if (solid || table[code] === WORD) table[code] = SOLO;
    }
  }
  for (let code = 0xd800; code < 0xe000; code += 1) table[code] = SURROGATE;
  for (const code of [0x27, 0x60, 0xb4, 0x2018, 0x2019, 0x201b, 0x02b9, 0x02bb, 0x02bc, 0x2032, 0xff07])
    table[code] = APOSTROPHE;
  // Soft hyphen, zero-width (non-)joiner, word joiner: inside words, without meaning for us.
  for (const code of [0xad, 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff]) table[code] = MARK;
  for (const code of [0x23, 0xff03]) table[code] = HASH;
  for (const code of [0x40, 0xff20]) table[code] = AT;
  for (const code of [0x5f, 0xff3f]) table[code] = UNDERSCORE;
  return table;
}

/** Words that lose their vowel before another word, French and Italian, folded. */
const elisions: ReadonlySet<string> = new Set(
  (
    'l d c j m n s t qu jusqu lorsqu puisqu quoiqu quelqu presqu entr ' +
    'dell all nell sull dall coll quell quest bell sant un gl degl agl'
  ).split(' '),
);
const longestElision = 7;

const foldedLetters: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['œ', 'oe'],
  ['æ', 'ae'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ð', 'd'],
  ['þ', 'th'],
  ['ł', 'l'],
  ['ħ', 'h'],
  ['ı', 'i'],
  ['ŧ', 't'],
  ['ς', 'σ'],
]);

/** Combining marks that are accents or vowel points; the vowel signs of Indic and Thai scripts are letters and stay. */
const accentRanges: readonly (readonly [number, number])[] = [
  [0x00ad, 0x00ad],
  [0x0300, 0x036f],
  [0x0483, 0x0489],
  [0x0591, 0x05c7],
  [0x0610, 0x061a],
  [0x064b, 0x065f],
  [0x0670, 0x0670],
  [0x06d6, 0x06ed],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x200b, 0x200d],
  [0x2060, 0x2060],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0xfeff, 0xfeff],
];

function withoutAccents(text: string): string {
  let kept = '';
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0xad || !accentRanges.some(([from, to]) => code >= from && code <= to)) kept += text.charAt(i);
  }
  return kept;
}

const special = /[ßœæøđðþłħıŧς]/g;

const foldCache = new Map<string, string>();
const foldCacheLimit = 20_000;

/** NFKC, lower case, without accents, ligatures and variants of letters spelled out. */
export function fold(text: string): string {
  let ascii = true;
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) > 127) {
      ascii = false;
      break;
    }
  }
  return ascii ? text.toLowerCase() : foldOther(text);
}

function foldOther(text: string): string {
  const known = foldCache.get(text);
  if (known !== undefined) return known;
  const folded = withoutAccents(text.normalize('NFKD').toLowerCase())
    .replace(special, (letter) => foldedLetters.get(letter) ?? letter)
    .normalize('NFC');
  if (text.length <= 64) {
    if (foldCache.size >= foldCacheLimit) foldCache.clear();
    foldCache.set(text, folded);
  }
  return folded;
}

const wordPoint = /[\p{L}\p{N}]/u;
const markPoint = /\p{M}/u;
const picturePoint = /\p{Extended_Pictographic}/u;

/** The class of the code point that begins with a surrogate at `at`. */
function surrogateClass(text: string, at: number): number {
  const point = text.codePointAt(at) ?? 0;
  if (point < 0x10000) return SEPARATOR;
  if (point >= 0x1f000 && point < 0x1fb00) {
    // Emoji, squared and regional letters alike: regional letters make flags, the rest of the block are pictures.
    return point >= 0x1f100 && point < 0x1f1e6 && wordPoint.test(String.fromCodePoint(point)) ? WORD : EMOJI;
  }
  if (point >= 0x20000 && point < 0x33480) return SOLO;
  const letter = String.fromCodePoint(point);
  if (wordPoint.test(letter)) return WORD;
  if (picturePoint.test(letter)) return EMOJI;
  return markPoint.test(letter) ? MARK : SEPARATOR;
}

function isRegional(point: number): boolean {
  return point >= 0x1f1e6 && point <= 0x1f1ff;
}

function isSkinTone(point: number): boolean {
  return point >= 0x1f3fb && point <= 0x1f3ff;
}

/** Where the emoji that begins at `start` ends: modifiers, joined sequences, flags and tags included. */
function emojiEnd(text: string, start: number): number {
  let i = start;
  const first = text.codePointAt(i) ?? 0;
  i += first > 0xffff ? 2 : 1;
  if (isRegional(first)) {
    const next = text.codePointAt(i) ?? 0;
    return isRegional(next) ? i + 2 : i;
  }
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0xfe0f || code === 0xfe0e || code === 0x20e3) {
      i += 1;
    } else if (code === 0x200d) {
      const next = text.codePointAt(i + 1) ?? 0;
      const joins = next > 0xffff ? surrogateClass(text, i + 1) === EMOJI : classes[next] === EMOJI || next === 0x2640;
      if (!joins) return i;
      i += 1 + (next > 0xffff ? 2 : 1);
    } else if (code === 0xd83c && isSkinTone(text.codePointAt(i) ?? 0)) {
      i += 2;
    } else if (code === 0xdb40) {
      i += 2;
    } else return i;
  }
  return i;
}

const presentation = /[\ufe0e\ufe0f]/g;
const skinTones = /[\u{1f3fb}-\u{1f3ff}]/gu;

/** A number for a text, equal for equal ones. */
export function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

function tokenOf(text: string, other: string, kind: TokenKind, start: number, end: number): Token {
  return { text, other, kind, hash: hashOf(text), start, end };
}

function pushEmoji(text: string, start: number, end: number, tokens: Token[]): void {
  const whole = text.slice(start, end);
  const bare = end - start > 1 ? whole.replace(presentation, '') : whole;
  const base = bare.length > 2 ? bare.replace(skinTones, '') : bare;
  tokens.push({
    text: base || bare,
    other: base && base !== bare ? bare : '',
    kind: 'emoji',
    hash: hashOf(base || bare),
    start,
    end,
  });
}

/** Ends of a word made of letters, digits, marks and inner underscores; `stopAtSolo` leaves out unspaced scripts. */
function tagEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const kind = classes[text.charCodeAt(i)];
    if (kind === WORD || kind === SOLO || kind === UNDERSCORE || kind === MARK) i += 1;
    else if (kind === SURROGATE) {
      const wide = surrogateClass(text, i);
      if (wide !== WORD && wide !== SOLO && wide !== MARK) return i;
      i += 2;
    } else return i;
  }
  return i;
}

/** Whether the character at `at` can begin or go on with a word. */
function isWordAt(text: string, at: number): boolean {
  if (at >= text.length) return false;
  const kind = classes[text.charCodeAt(at)];
  if (kind === WORD || kind === SOLO) return true;
  if (kind !== SURROGATE) return false;
  const wide = surrogateClass(text, at);
  return wide === WORD || wide === SOLO;
}

function startsWithAddress(text: string, at: number, code: number): boolean {
  if (code === 0x68 || code === 0x48) {
    if ((text.charCodeAt(at + 3) | 0x20) !== 0x70) return false;
    const head = text.slice(at, at + 8).toLowerCase();
    return head === 'https://' || head.startsWith('http://');
  }
  return text.charCodeAt(at + 3) === 0x2e && text.slice(at, at + 4).toLowerCase() === 'www.' && isWordAt(text, at + 4);
}

const addressTail = '.,;:!?…\'"’”»*_';

/** Where an address ends: at white space, quotes or angle brackets; closing punctuation belongs to the sentence. */
function addressEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0xa0 || code === 0xab) break;
    if (code === 0xbb || (code >= 0x2000 && code <= 0x206f && code !== 0x2026) || code === 0x3000) break;
    i += 1;
  }
  let open = false;
  for (let k = from; k < i && !open; k += 1) open = text.charCodeAt(k) === 0x28;
  while (i > from) {
    const last = text.charAt(i - 1);
    if (addressTail.includes(last) || (last === ')' && !open) || last === ']' || last === '}') i -= 1;
    else break;
  }
  return i;
}

let lastText = '';
let lastScan: Scan = { tokens: [], links: [] };

/**
 * Tokens and addresses of a text in one pass, in linear time. Addresses are no tokens: a brand's name in a link is
 * found by `url:` and `links:`, not by a word. The last answer is kept, because query, language, sentiment and
 * fingerprint ask for the same text one after the other.
 */
export function scan(text: string): Scan {
  if (text !== lastText) {
    lastScan = scanText(text);
    lastText = text;
  }
  return lastScan;
}

function scanText(text: string): Scan {
  const tokens: Token[] = [];
  let links: string[] | undefined;
  const length = text.length;
  let i = 0;
  while (i < length) {
    const code = text.charCodeAt(i);
    const kind = classes[code];
    if (kind === WORD) {
      if ((code === 0x68 || code === 0x77 || code === 0x48 || code === 0x57) && startsWithAddress(text, i, code)) {
        const end = addressEnd(text, i);
        (links ??= []).push(text.slice(i, end));
        i = end;
      } else i = scanWord(text, i, tokens);
    } else if (kind === SEPARATOR || kind === MARK || kind === APOSTROPHE || kind === UNDERSCORE) {
      i += 1;
    } else if (kind === HASH) {
      if (isWordAt(text, i + 1) && text.charCodeAt(i - 1) !== 0x26) i = scanHashtag(text, i, tokens);
      else i += 1;
    } else if (kind === AT) {
      const handle = (isWordAt(text, i + 1) || text.charCodeAt(i + 1) === 0x5f) && !wordBefore(text, i);
      i = handle ? scanHandle(text, i, tokens) : i + 1;
    } else if (kind === SOLO) {
      i = scanSolo(text, i, i + 1, tokens);
    } else if (kind === EMOJI) {
      const end = emojiEnd(text, i);
      pushEmoji(text, i, end, tokens);
      i = end;
    } else {
      const wide = surrogateClass(text, i);
      if (wide === WORD) i = scanWord(text, i, tokens);
      else if (wide === SOLO) i = scanSolo(text, i, i + 2, tokens);
      else if (wide === EMOJI) {
        const end = emojiEnd(text, i);
        pushEmoji(text, i, end, tokens);
        i = end;
      } else i += 1;
    }
  }
  return { tokens, links: links ?? noLinks };
}

const noLinks: readonly string[] = [];

function wordBefore(text: string, at: number): boolean {
  return at > 0 && classes[text.charCodeAt(at - 1)] === WORD;
}

function scanSolo(text: string, start: number, from: number, tokens: Token[]): number {
  let end = from;
  for (;;) {
    const kind = classes[text.charCodeAt(end)];
    if (kind === MARK) end += 1;
    else if (kind === SURROGATE && surrogateClass(text, end) === MARK) end += 2;
    else break;
  }
  pushFolded(foldOther(text.slice(start, end)), start, end, tokens);
  return end;
}

function scanHashtag(text: string, start: number, tokens: Token[]): number {
  let end = tagEnd(text, start + 1);
  while (end > start + 1 && classes[text.charCodeAt(end - 1)] === UNDERSCORE) end -= 1;
  const tag = clean(fold(text.slice(start + 1, end)));
  if (tag) tokens.push(tokenOf(`#${tag}`, '', 'hashtag', start, end));
  return end;
}

function scanHandle(text: string, start: number, tokens: Token[]): number {
  const end = tagEnd(text, start + 1);
  const full = federatedEnd(text, end);
  if (full > end) {
    const whole = fold(text.slice(start + 1, full));
    const cut = whole.search(/[.@]/);
    const first = clean(whole.slice(0, cut));
    if (first) tokens.push(tokenOf(`@${first}`, `@${whole}`, 'handle', start, full));
    return full;
  }
  const handle = clean(fold(text.slice(start + 1, end)));
  if (handle) tokens.push(tokenOf(`@${handle}`, '', 'handle', start, end));
  return end;
}

/** Where `@name.host.tld`, `@some-name.host.tld` or `@name@host.tld` ends; `from` when the handle is a plain one. */
function federatedEnd(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (code !== 0x2e && code !== 0x40 && code !== 0x2d) return from;
  let i = from;
  let dots = 0;
  let ats = 0;
  while (i < text.length) {
    const next = text.charCodeAt(i);
    const joint = next === 0x2e || next === 0x2d || (next === 0x40 && ats === 0);
    if (!joint || !isAsciiWord(text.charCodeAt(i + 1))) break;
    if (next === 0x2e) dots += 1;
    if (next === 0x40) ats += 1;
    i += 1;
    while (isAsciiWord(text.charCodeAt(i))) i += 1;
  }
  return dots >= 2 || (ats === 1 && dots >= 1) ? i : from;
}

function isAsciiWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
  );
}

/** One word from `start`: letters, digits and marks, with apostrophes and underscores between them. Answers its end. */
function scanWord(text: string, start: number, tokens: Token[]): number {
  const length = text.length;
  let i = start;
  let flags = 0;
  let hash = 0;
  let apostrophe = -1;
  while (i < length) {
    const code = text.charCodeAt(i);
    const kind = classes[code];
    if (kind === WORD) {
      hash = (Math.imul(hash, 31) + code) | 0;
      if (code > 127) flags |= HAS_OTHER;
      else if (code < 0x5b && code > 0x40) {
        flags |= HAS_UPPER;
        hash = (hash + 32) | 0;
      }
      i += 1;
    } else if (kind === SEPARATOR) break;
    else if (kind === APOSTROPHE) {
      if (!isWordAt(text, i + 1)) break;
      if (apostrophe < 0) apostrophe = i;
      i += 1;
    } else if (kind === MARK) {
      flags |= HAS_OTHER;
      i += 1;
    } else if (kind === UNDERSCORE) {
      let next = i + 1;
      while (classes[text.charCodeAt(next)] === UNDERSCORE) next += 1;
      if (classes[text.charCodeAt(next)] !== WORD) break;
      if (code > 127) flags |= HAS_OTHER;
      for (; i < next; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    } else if (kind === SURROGATE) {
      const wide = surrogateClass(text, i);
      if (wide !== WORD && wide !== MARK) break;
      flags |= HAS_OTHER;
      i += 2;
    } else break;
  }
  if (apostrophe >= 0) return scanApostrophes(text, start, i, apostrophe, tokens);
  const slice = text.slice(start, i);
  if (flags & HAS_OTHER) {
    const folded = foldOther(slice);
    if (isEliding(text, i) && elisions.has(folded)) return i + 1;
    pushFolded(folded, start, i, tokens);
  } else {
    const word = flags === 0 ? slice : slice.toLowerCase();
    if (i - start <= longestElision && isEliding(text, i) && elisions.has(word)) return i + 1;
    tokens.push({ text: word, other: '', kind: 'word', hash, start, end: i });
  }
  return i;
}

/** An apostrophe that is followed by a hashtag, a handle or an opening quote: `d'@acme`, `l'« Acme »`. */
function isEliding(text: string, at: number): boolean {
  if (classes[text.charCodeAt(at)] !== APOSTROPHE) return false;
  const next = text.charCodeAt(at + 1);
  const kind = classes[next];
  return kind === HASH || kind === AT || next === 0xab || next === 0x201c || next === 0x22;
}

/** A word with apostrophes in it: its elision and its possessive are split off, what is between is one word. */
function scanApostrophes(text: string, start: number, end: number, first: number, tokens: Token[]): number {
  const head = fold(text.slice(start, first));
  const elided = elisions.has(head);
  let from = elided ? first + 1 : start;
  let to = end;
  const last = text.charCodeAt(end - 1);
  const possessive =
    (last === 0x73 || last === 0x53) && end - 2 > from && classes[text.charCodeAt(end - 2)] === APOSTROPHE;
  if (possessive) to = end - 2;
  let core = '';
  for (let i = from; i < to; i += 1) {
    if (classes[text.charCodeAt(i)] === APOSTROPHE) {
      core += fold(text.slice(from, i));
      from = i + 1;
    }
  }
  core = clean(core + fold(text.slice(from, to)));
  if (!core) return end;
  const other = elided || possessive ? `${elided ? `${head}'` : ''}${core}${possessive ? "'s" : ''}` : '';
  if (hasSolo(core)) pushFolded(core, start, end, tokens);
  else tokens.push(tokenOf(core, other, 'word', start, end));
  return end;
}

const letterOrDigit = /[\p{L}\p{N}]/u;
const unclean = /[^\p{L}\p{N}\p{M}_]/gu;

/** Compatibility forms can unfold into punctuation and spaces (`㈱`, `½`): a term holds neither. */
function clean(folded: string): string {
  for (let i = 0; i < folded.length; i += 1) {
    const kind = classes[folded.charCodeAt(i)];
    if (kind !== WORD && kind !== UNDERSCORE && kind !== SOLO) {
      const kept = folded.replace(unclean, '');
      return letterOrDigit.test(kept) ? kept : '';
    }
  }
  return folded;
}

function hasSolo(folded: string): boolean {
  for (let i = 0; i < folded.length; i += 1) {
    const kind = classes[folded.charCodeAt(i)];
    if (kind === SOLO || (kind === SURROGATE && surrogateClass(folded, i) === SOLO)) return true;
  }
  return false;
}

/** Pushes a folded word that may hold anything: each character of an unspaced script is a token, with its marks. */
function pushFolded(folded: string, start: number, end: number, tokens: Token[]): void {
  const word = clean(folded);
  if (!word) return;
  if (!hasSolo(word)) {
    tokens.push(tokenOf(word, '', 'word', start, end));
    return;
  }
  let run = '';
  let alone = false;
  for (const letter of word) {
    const code = classes[letter.charCodeAt(0)];
    const kind = code === SURROGATE ? surrogateClass(letter, 0) : code;
    // A mark that comes first, as decomposition can leave it, belongs to what follows.
    const starts = kind !== MARK && (alone || kind === SOLO) && letterOrDigit.test(run);
    if (starts) {
      tokens.push(tokenOf(run, '', 'word', start, end));
      run = '';
    }
    if (kind !== MARK) alone = kind === SOLO;
    run += letter;
  }
  if (letterOrDigit.test(run)) tokens.push(tokenOf(run, '', 'word', start, end));
}

/** The tokens of a text, one per position. */
export function tokenize(text: string): readonly Token[] {
  return scan(text).tokens;
}

/** The addresses in a text, as they are written there. */
export function links(text: string): readonly string[] {
  return scan(text).links;
}

/** The terms of a text as a mention carries them: one per position, then the other forms. */
export function terms(text: string): readonly string[] {
  return termsOf(tokenize(text));
}

/** The terms of tokens that are there already. */
export function termsOf(tokens: readonly Token[]): string[] {
  const found: string[] = [];
  for (const token of tokens) found.push(token.text);
  for (const token of tokens) if (token.other) found.push(token.other);
  return found;
}

const skinTone = /\p{Emoji_Modifier}/u;
const federated = /^@.*[.@]/;

/** Whether a term stands at the end of `terms` for another way to find a position: not to be counted or shown. */
export function isOtherForm(term: string): boolean {
  return term.includes("'") || federated.test(term) || (skinTone.test(term) && term.length > 2);
}

/** Every term under which a text holds a bare word (folded, without apostrophes): alone, tagged, after an elision. */
export function formsOf(word: string): readonly string[] {
  const forms = [word, `#${word}`, `@${word}`];
  const possessive = word.length > 1 && word.endsWith('s') ? word.slice(0, -1) : '';
  if (possessive) forms.push(`${possessive}'s`);
  for (let length = 1; length <= longestElision && length < word.length; length += 1) {
    const head = word.slice(0, length);
    if (!elisions.has(head)) continue;
    forms.push(`${head}'${word.slice(length)}`);
    if (possessive.length > length) forms.push(`${head}'${possessive.slice(length)}'s`);
  }
  return forms;
}
