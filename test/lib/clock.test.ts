import { expect, test } from 'vitest';
import { Stamper } from '../../src/lib/clock.ts';

test('no stamp is below what others have written; a head that had jumped ahead is reset once', () => {
  let now = 1_000_000;
  const stamper = new Stamper(() => now);
  stamper.raise(undefined);
  expect(stamper.stamp()).toEqual({ at: now, reset: false });
  stamper.raise(now + 30_000);
  expect(stamper.stamp()).toEqual({ at: now + 30_000, reset: false });
  stamper.raise(now - 30_000);
  expect(stamper.last).toBe(now + 30_000);
  stamper.raise(now + 3_600_000);
  expect(stamper.stamp()).toEqual({ at: now, reset: true });
  now += 1;
  expect(stamper.stamp()).toEqual({ at: now, reset: false });
});
