/** The real program as a process of its own, with the input's clock; says on stdout how far it is. */
import { join } from 'node:path';
import { start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Bus } from '../../src/model/ports.ts';
import { createLogger } from '../../src/lib/log.ts';

const [file] = process.argv.slice(2);
if (!file) throw new Error('usage: process.ts vigie.yaml');

/**
 * `VIGIE_TEST_OUTBOX=inside:2`: killed right after the second commit that has something to tell. With `outside`, the mutant that
 * the suite must catch: what is to be told is written after the transaction, not in it.
 */
function killedWhenTelling(bus: Bus, how: string, pass: number): Bus {
  let left = pass;
  return new Proxy(bus, {
    get(target, name) {
      if (name === 'commit') {
        return async (...[partition, lease, commit]: Parameters<Bus['commit']>) => {
          const inside = how === 'inside' || commit.outbox.size === 0;
          await target.commit(partition, lease, inside ? commit : { ...commit, outbox: new Map() });
          if (commit.outbox.size > 0 && --left === 0) {
            process.stderr.write('crash point commit\n');
            process.kill(process.pid, 'SIGKILL');
          }
          if (!inside) await target.commit(partition, lease, { ...commit, state: new Map() });
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

let bus: Bus | undefined;
const config = await loadConfig({ file }, { env: process.env });
const app = await start(config, {
  trustObservedAt: true,
  ticks: false,
  partitions: 2,
  batchSize: 50,
  log: createLogger({ level: 'error' }),
  wrapBus: (made) => {
    const [how, pass] = (process.env['VIGIE_TEST_OUTBOX'] ?? '').split(':');
    bus = how && pass ? killedWhenTelling(made, how, Number(pass)) : made;
    return bus;
  },
});
process.stdout.write(`${JSON.stringify({ address: app.address, data: join(config.data) })}\n`);

async function tell(): Promise<void> {
  const waiting = (await bus?.outbox(1, AbortSignal.timeout(1)))?.length ?? 0;
  const sources = app.health().map(({ name, items, ended }) => ({ name, items, ended }));
  const sending = app.alerts().channels.reduce((total, channel) => total + channel.waiting, 0);
  process.stdout.write(`${JSON.stringify({ sources, outbox: waiting, sending })}\n`);
}
setInterval(() => void tell(), 200);
process.on('SIGTERM', () => void app[Symbol.asyncDispose]().then(() => process.exit(0)));
