/**
 * A process for the tests to pause and kill. `redis-child.ts <url> <prefix> <lease…>` holds leases, reads one entry of
 * partition 0, and commits it when it is told to on stdin; each line on stdout says what happened.
 */
import { createInterface } from 'node:readline';
import { openRedisBus } from '../../src/bus/redis.ts';
import type { Lease } from '../../src/model/ports.ts';

const [url = '', prefix = '', ...names] = process.argv.slice(2);
const bus = await openRedisBus({ url, prefix, partitions: 4, leaseMs: 1_000, waitMs: 100 });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const leases = new Map<string, Lease>();
for (const name of names) {
  bus.lease(name).subscribe((lease) => {
    if (lease) leases.set(name, lease);
    say(`${name} ${lease ? 'held' : 'lost'}`);
  });
}
createInterface({ input: process.stdin }).on('line', () => {
  void (async () => {
    const lease = leases.get('partition/0');
    const [entry] = await bus.read(0, undefined, 1, new AbortController().signal);
    if (lease === undefined || entry === undefined) throw new Error('nothing to commit with');
    const commit = { offset: entry.offset, state: new Map([['who', 'child']]), outbox: new Map([['child', 1]]) };
    await bus.commit(0, lease, commit).then(
      () => say('committed'),
      (error: Error) => say(`refused ${error.name}`),
    );
  })();
});
