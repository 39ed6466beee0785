/** The signature of a delivery: `t=<unix>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">`. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Millis } from '../../model/types.ts';

/** How far the time of a signature may be from ours, either way. */
export const SIGNATURE_AGE_MS = 5 * 60_000;

/** Signs a body as a sender does; `at` in ms. */
export function sign(secret: string, at: Millis, body: Uint8Array | string): string {
  const seconds = Math.floor(at / 1_000);
  return `t=${seconds},v1=${digest(secret, String(seconds), body).toString('hex')}`;
}

/** Why a signature is refused; undefined when one of the secrets made it and it is young enough. */
export function signatureProblem(
  header: string | undefined,
  body: Uint8Array,
  secrets: readonly string[],
  now: Millis,
): string | undefined {
  if (header === undefined || header.trim() === '') return 'the header X-Vigie-Signature is missing';
  const parts = header.split(',').map((part) => part.trim().split('=', 2) as [string, string | undefined]);
  const times = parts.flatMap(([key, value]) => (key === 't' && value !== undefined ? [value] : []));
  const given = parts.flatMap(([key, value]) => (key === 'v1' && value !== undefined ? [value] : [])).slice(0, 8);
  const [time] = times;
  if (time === undefined || times.length !== 1 || !/^\d{1,12}$/.test(time) || given.length === 0) {
    return 'X-Vigie-Signature is not of the form t=<unix seconds>,v1=<hex>';
  }
  // Every pair is compared, so that the time taken says nothing about which one was right.
  let right = false;
  for (const secret of secrets) {
    const expected = digest(secret, time, body);
    for (const hex of given) {
      const candidate = Buffer.alloc(expected.length);
      const whole = /^[0-9a-f]{64}$/i.test(hex);
      if (whole) candidate.write(hex, 'hex');
      if (timingSafeEqual(candidate, expected) && whole) right = true;
    }
  }
  if (!right) return 'the signature does not fit the body';
  if (Math.abs(now - Number(time) * 1_000) > SIGNATURE_AGE_MS) {
    return 'the signature is more than five minutes away from our clock';
  }
  return undefined;
}

function digest(secret: string, time: string, body: Uint8Array | string): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest();
}
