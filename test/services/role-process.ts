/** Some roles of an installation as a process of their own, on the input's clock; says on stdout how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Role, start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { LeaseLost } from '../../src/model/errors.ts';
import type { Bus } from '../../src/model/ports.ts';
import { createLogger } from '../../src/lib/log.ts';
import { PARTITIONS } from './installation.ts';

const [file, roles] = process.argv.slice(2);
if (!file || !roles) throw new Error('usage: role-process.ts vigie.yaml roles');

let lost = 0;
let stops = 0;
let stopNext = false;
process.on('SIGUSR2', () => {
  stopNext = true;
});

/**
 * Each read of the log waits first, so that there is time to break something on the way. After SIGUSR2 the process stops itself
 * where it hurts most: with a commit in its hands.
 */
function breakable(bus: Bus, ms: number): Bus {
  return new Proxy(bus, {
    get(target, name) {
      if (name === 'read' && ms > 0) {
        return async (...args: Parameters<Bus['read']>) => {
          await sleep(ms, undefined, { signal: args[3] }).catch(() => undefined);
          return await target.read(...args);
        };
      }
      if (name === 'commit') {
        return async (...args: Parameters<Bus['commit']>) => {
          if (stopNext) {
            stopNext = false;
            stops++;
            process.kill(process.pid, 'SIGSTOP');
          }
          try {
            await target.commit(...args);
          } catch (error) {
            if (error instanceof LeaseLost) lost++;
            throw error;
          }
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const pace = Number(process.env['VIGIE_TEST_PACE_MS'] ?? 0);
const mentions: Record<string, number> = {};
const app = await start(await loadConfig({ file }, { env: process.env }), {
  roles: roles.split(',') as Role[],
  trustObservedAt: true,
  ticks: false,
  partitions: PARTITIONS,
  batchSize: Number(process.env['VIGIE_TEST_BATCH'] ?? 500),
  signIn: false,
  print: () => undefined,
  wrapBus: (bus) => breakable(bus, pace),
  log: createLogger({ level: 'error' }),
  onCommitted: ({ mentions: some }) => {
    for (const { brand } of some) mentions[brand] = (mentions[brand] ?? 0) + 1;
  },
});
const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
tell({ address: app.address });
setInterval(() => {
  const alerts = app.alerts();
  tell({
    mentions,
    lost,
    stops,
    ended: app.health().flatMap(({ name, ended }) => (ended ? [name] : [])),
    alerts: alerts.holdsLease,
  });
}, 150);
process.on('SIGTERM', () => void app[Symbol.asyncDispose]().then(() => process.exit(0)));
