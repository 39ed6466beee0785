/** What bytes of a web document say: compression without a header, and the right reading of their letters. */
import { gunzipSync } from 'node:zlib';
import { decodeText, utf16Of } from './lines.ts';

/** Bytes that are gzip although no header said so; throws when they unpack to more than the limit. */
export function gunzipped(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : bytes;
}

/**
 * Decodes a document: byte order mark, then the charset of the HTTP header, then that of the XML prolog, then UTF-8, then
 * windows-1252. A charset that the bytes contradict is passed over: UTF-8 under a Latin-1 label, windows-1252 under a
 * UTF-8 label.
 */
export function decodeDocument(bytes: Uint8Array, contentType: string | undefined): string {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return decodeText(bytes.subarray(3));
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && (c === 0xfe || c === 0)))
    return utf32(bytes);
  if (a === 0x3c && b === 0 && c === 0 && d === 0) return utf32(bytes);
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(bytes);
  const header = /charset\s*=\s*["']?([\w.:-]+)/i.exec(contentType ?? '')?.[1];
  const head = Buffer.from(bytes.subarray(0, 1_024)).toString('latin1');
  const prolog = /<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']/i.exec(head)?.[1];
  for (const label of [header, prolog]) {
    const decoder = label === undefined ? undefined : decoderOf(label);
    if (!decoder) continue;
    // A prolog that can be read is not UTF-16, and these two labels are the ones that are wrong most often.
    if (decoder.encoding === 'utf-8' || decoder.encoding.startsWith('utf-16')) break;
    if (decoder.encoding === 'windows-1252' && isUtf8(bytes)) break;
    return decoder.decode(bytes);
  }
  return decodeText(bytes);
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** No platform decoder reads UTF-32; feeds in it are rare and small. */
function utf32(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] !== 0;
  const out: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = view.getUint32(at, little);
    if (code !== 0xfeff) out.push(code > 0x10ffff ? '\uFFFD' : String.fromCodePoint(code));
  }
  return out.join('');
}
