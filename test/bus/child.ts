/** A process for the tests to kill. `child.ts <what> <path>`; each line on stdout is something that was acknowledged. */
import { openSqliteBus } from '../../src/bus/sqlite.ts';

const [what, path = ''] = process.argv.slice(2);
const bus = openSqliteBus({ path, partitions: 2, waitMs: 20, now: 0 });
const never = new AbortController().signal;
process.stdout.write('open\n');

if (what === 'hold') {
  // Keeps the process, and with it the lock, until it is killed.
  setInterval(() => bus, 1000);
}

if (what === 'append') {
  const last = (await bus.cursor('s')) as number | undefined;
  for (let i = (last ?? -1) + 1; ; i++) {
    await bus.append(
      [0, 1, 2].map((n) => ({ to: 'all', value: { kind: 'tick', observedAt: i * 10 + n } })),
      { source: 's', value: i },
    );
    process.stdout.write(`${i}\n`);
  }
}

if (what === 'commit') {
  bus.lease('p0').subscribe();
  for (let i = 0; i < 20; i++) await bus.append([{ to: { partition: 0 }, value: { kind: 'tick', observedAt: i } }]);
  let offset: string | undefined;
  for (let i = 0; i < 20; i++) {
    const [entry] = await bus.read(0, offset, 1, never);
    offset = entry?.offset ?? '';
    const state = new Map([
      ['count', i],
      [`k${i}`, i],
    ]);
    await bus.commit(0, { name: 'p0', epoch: 1 }, { offset, state, outbox: new Map([[`o${i}`, i]]) });
    process.stdout.write(`${offset}\n`);
  }
}
