import { TooSlow } from '../model/errors.ts';
import type { Millis } from '../model/types.ts';

/** The promise's answer, or TooSlow when it does not come in time; what comes later is ignored. */
export async function within<T>(limitMs: Millis, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TooSlow(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
