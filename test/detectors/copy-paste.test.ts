import { describe, expect, it } from 'vitest';
import { copyPaste } from '../../src/detectors/copy-paste.ts';
import { say } from '../../src/i18n/index.ts';
import { terms } from '../../src/text/tokenize.ts';
import { DAY, Drive, HOUR, MINUTE, seeded, T0 } from './drive.ts';

const CALL =
  'sign this petition now because acme wants to close every library of the county before the summer and nobody says a word';
const start = T0 + 3 * DAY;

function drive(): Drive {
  const detector = copyPaste.create(copyPaste.config.parse({}), { latenessMs: () => 0 });
  return new Drive(detector).say(T0);
}

/** The call with one word in eight lost and a mark at the end. */
function variant(index: number): readonly string[] {
  const random = seeded(index + 1);
  return terms(
    `${CALL.split(' ')
      .filter(() => random() > 0.12)
      .join(' ')} mark${index % 5}`,
  );
}

describe('copies', () => {
  it('are told when four accounts post nearly the same text', () => {
    const run = drive();
    for (let i = 0; i < 3; i++) run.say(start + i * HOUR, { author: { id: `a${i}` }, terms: variant(i) });
    expect(run.signals).toEqual([]);
    run.say(start + 3 * HOUR, { author: { id: 'a3' }, terms: variant(3) });
    expect(run.signals).toHaveLength(1);
    const [opened] = run.signals;
    expect(opened?.observed).toBe(4);
    expect(opened?.scope).toBe('x:1');
    expect(opened?.evidence).toEqual(['x:1', 'x:4', 'x:3', 'x:2']);
    expect(opened?.values['coordinated']).toBe(0);
    run.to(start + DAY);
    expect(run.signals.map(({ state }) => state)).toEqual(['open', 'close']);
  });

  it('within seconds are said to be coordinated', () => {
    const run = drive();
    for (let i = 0; i < 5; i++) run.say(start + i * 2000, { author: { id: `a${i}` }, terms: variant(i) });
    const [opened] = run.signals;
    expect(opened?.values).toMatchObject({ coordinated: 1, together: 4 });
    expect(say('en', opened?.explain ?? { key: '', values: {} })).toContain('within seconds');
    expect(say('fr', opened?.explain ?? { key: '', values: {} })).toContain('en quelques secondes');
  });

  it('by one account, reposts, short texts and other texts are none', () => {
    const run = drive();
    for (let i = 0; i < 10; i++) {
      const at = start + i * MINUTE;
      run.say(at, { author: { id: 'a' }, terms: variant(i) });
      run.say(at + 1, { author: { id: `r${i}` }, terms: terms(`RT @a: ${CALL}`), refs: { repostOf: 'x:1' } });
      run.say(at + 2, { author: { id: `s${i}` }, terms: terms('thank you so much acme') });
      const random = seeded(i + 500);
      const other = Array.from({ length: 12 }, () => `w${Math.floor(random() * 300)}`);
      run.say(at + 3, { author: { id: `o${i}` }, terms: other });
    }
    expect(run.signals).toEqual([]);
  });

  it('more than a day apart are none', () => {
    const run = drive();
    for (let i = 0; i < 6; i++) run.say(start + i * 30 * HOUR, { author: { id: `a${i}` }, terms: variant(i) });
    expect(run.signals).toEqual([]);
  });

  it('keep their state small, however many there are', () => {
    const run = drive();
    const random = seeded(4);
    for (let i = 0; i < 12_000; i++) {
      const text = i % 3 === 0 ? variant(i % 400) : Array.from({ length: 12 }, () => `w${Math.floor(random() * 3000)}`);
      run.say(start + i * 5000, { author: { id: `a${i}` }, terms: text });
    }
    expect(run.opened('x:1').length).toBeGreaterThanOrEqual(1);
    expect(run.bytes).toBeLessThan(400_000);
  });
});
