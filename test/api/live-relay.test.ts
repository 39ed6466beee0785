/** The feed between processes over a channel that the test holds in its hands. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createHealthBook } from '../../src/api/health-book.ts';
import type { LiveEvent } from '../../src/api/live.ts';
import { createLiveRelay, type RelayChannel } from '../../src/api/live-relay.ts';
import type { SourceHealth } from '../../src/model/types.ts';

class Hall {
  readonly listeners: { readonly onText: (text: string) => void; readonly onBack: () => void }[] = [];
  readonly texts: string[] = [];
  down = false;
  channel(): RelayChannel {
    return {
      publish: async (text) => {
        if (this.down) throw new Error('away');
        this.texts.push(text);
        for (const { onText } of this.listeners) onText(text);
      },
      listen: (onText, onBack) => void this.listeners.push({ onText, onBack }),
    };
  }
}

function join(hall: Hall, mostEvents = 5) {
  const heard: string[] = [];
  const errors: unknown[] = [];
  const relay = createLiveRelay({
    channel: hall.channel(),
    onEvent: (event, from) => heard.push(`${event.kind} ${'id' in event ? event.id : ''} ${from.length > 0}`),
    onMissed: () => heard.push('missed'),
    onError: (error) => errors.push(error),
    mostEvents,
    everyMs: 5,
  });
  return { relay, heard, errors };
}
const removed = (id: string): LiveEvent => ({ kind: 'removed', id });

test('others hear what one publishes, together and in order; who published does not', async () => {
  const hall = new Hall();
  const [one, two] = [join(hall), join(hall)];
  one.relay.publish(removed('a'));
  one.relay.publish(removed('b'));
  await expect.poll(() => two.heard).toEqual(['removed a true', 'removed b true']);
  expect(hall.texts).toHaveLength(1);
  expect(one.heard).toEqual([]);
});

test('beyond the bound there is only that something was missed, and what came last', async () => {
  const hall = new Hall();
  const [one, two] = [join(hall, 3), join(hall)];
  for (let i = 0; i < 7; i++) one.relay.publish(removed(String(i)));
  await expect.poll(() => two.heard).toEqual(['missed', 'removed 6 true']);
});

test('what could not be sent is missed, told once as an error, and said as soon as it can be', async () => {
  const hall = new Hall();
  const [one, two] = [join(hall), join(hall)];
  hall.down = true;
  one.relay.publish(removed('a'));
  await expect.poll(() => one.errors).toHaveLength(1);
  await sleep(30);
  expect(one.errors).toHaveLength(1);
  hall.down = false;
  await expect.poll(() => two.heard).toEqual(['missed']);
});

test('after a break everything may have been missed; strange messages are left aside', () => {
  const hall = new Hall();
  const { heard } = join(hall);
  for (const text of ['', 'null', '[]', '{"from":1}', '{"from":"x","events":{}}']) hall.listeners[0]?.onText(text);
  expect(heard).toEqual([]);
  hall.listeners[0]?.onBack();
  expect(heard).toEqual(['missed']);
});

test('the book of health: who read last speaks, counts add up, the silent are forgotten', () => {
  let now = 0;
  const book = createHealthBook(() => now);
  const health = (changes: Partial<SourceHealth>): SourceHealth => ({
    name: 'inbox',
    type: 'webhook',
    startedAt: 0,
    ended: false,
    items: 0,
    quarantined: 0,
    ...changes,
  });
  book.set(health({}));
  expect(book.own()).toEqual([]);
  expect(book.all()).toEqual([health({})]);
  now = 1;
  book.heard(health({ items: 3, lastReadAt: 1 }), 'one');
  now = 2;
  book.heard(health({ items: 4, lastReadAt: 2, error: 'no' }), 'two');
  now = 50_000;
  book.heard(health({ items: 3, lastReadAt: 1 }), 'one');
  expect(book.all()).toEqual([health({ items: 7, lastReadAt: 2, error: 'no' })]);
  now = 70_000;
  expect(book.all()).toEqual([health({ items: 3, lastReadAt: 1 })]);
});
