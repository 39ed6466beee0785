/** The file of a trained model: a line of JSON that says what it is, then one byte for each weight. */
import { readFileSync } from 'node:fs';

/** What a model file says of itself. */
export interface ModelHeader {
  readonly format: 1;
  readonly language: string;
  /** The table holds 2^bits features. */
  readonly bits: number;
  /** Largest weight, from which the bytes are scaled: for negative and for positive, each against neutral. */
  readonly largest: readonly [number, number];
  readonly bias: readonly [number, number];
  /** Logits are divided by it before they become probabilities. */
  readonly temperature: number;
  /** A verdict below this confidence is a guess. */
  readonly unsureBelow: number;
}

/** A model in memory: two bytes for each feature, negative and positive against neutral, and what each byte weighs. */
export interface Model {
  readonly header: ModelHeader;
  readonly bytes: Uint8Array;
  readonly negative: Float64Array;
  readonly positive: Float64Array;
}

const steps = 127;

/** One weight as a byte: by its square root, so that small weights keep their proportions. */
function toByte(weight: number, largest: number): number {
  return Math.round(Math.sign(weight) * Math.sqrt(Math.min(1, Math.abs(weight) / largest)) * steps);
}

/** The bytes of a model file. `weights` as in `Model`. */
export function encodeModel(header: Omit<ModelHeader, 'largest' | 'format'>, weights: Float32Array): Uint8Array {
  const largest: [number, number] = [1e-9, 1e-9];
  for (let i = 0; i < weights.length; i += 1) {
    const k = i & 1;
    largest[k] = Math.max(largest[k] as number, Math.abs(weights[i] as number));
  }
  const whole: ModelHeader = { format: 1, ...header, largest };
  const head = new TextEncoder().encode(`${JSON.stringify(whole)}\n`);
  const bytes = new Uint8Array(head.length + weights.length);
  bytes.set(head);
  for (let i = 0; i < weights.length; i += 1) {
    bytes[head.length + i] = toByte(weights[i] as number, largest[(i & 1) as 0 | 1]) & 0xff;
  }
  return bytes;
}

/** Reads the bytes of a model file; throws an Error when they are not one. */
export function decodeModel(bytes: Uint8Array): Model {
  const end = bytes.indexOf(0x0a);
  if (end < 0) throw new Error('not a model file: it has no header');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as ModelHeader;
  const count = 2 * 2 ** header.bits;
  if (header.format !== 1 || bytes.length - end - 1 !== count) {
    throw new Error(`not a model file of format 1 with ${count} weights`);
  }
  const [negative, positive] = header.largest.map((largest) =>
    Float64Array.from({ length: 256 }, (_, byte) => {
      const signed = byte > 127 ? byte - 256 : byte;
      return Math.sign(signed) * (signed / steps) ** 2 * largest;
    }),
  ) as [Float64Array, Float64Array];
  return { header, bytes: bytes.subarray(end + 1), negative, positive };
}

/** Reads a model file. */
export function readModel(file: string | URL): Model {
  return decodeModel(readFileSync(file));
}
