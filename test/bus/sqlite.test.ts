import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { notificationsKept, settledKept } from '../../src/bus/shared.ts';
import { BusInUse, openSqliteBus, SqliteBus } from '../../src/bus/sqlite.ts';
import { openDatabase } from '../../src/lib/sqlite.ts';
import { busContract, commitOf, readAll, tick } from '../contract/bus.ts';

const never = new AbortController().signal;
const p0 = { name: 'p0', epoch: 1 };
const alerts = { name: 'alerts', epoch: 1 };

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

async function temporary(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-bus-'));
  return { folder, path: join(folder, 'bus.db'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

function open(path: string, partitions?: number): SqliteBus {
  return openSqliteBus({ path, waitMs: 200, now: 1e12, ...(partitions === undefined ? {} : { partitions }) });
}

interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly lines: readonly string[];
  readonly stderr: () => string;
  /** Resolves when it has printed so many lines, or ended. */
  printed(lines: number): Promise<void>;
  readonly ended: Promise<NodeJS.Signals | null>;
  kill(): Promise<void>;
}

function child(what: string, path: string, crash?: string): Child {
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const spawned = spawn(process.execPath, [script, what, path], {
    env: { ...process.env, ...(crash ? { VIGIE_CRASH: crash } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let stderr = '';
  spawned.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface(spawned.stdout).on('line', (line) => lines.push(line));
  const ended = once(spawned, 'close').then(([, signal]) => signal as NodeJS.Signals | null);
  const kill = async () => {
    spawned.kill('SIGKILL');
    await ended;
  };
  return {
    pid: spawned.pid!,
    lines,
    stderr: () => stderr,
    ended,
    kill,
    printed: (count) =>
      Promise.race([
        expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count),
        ended.then(() => {}),
      ]),
    [Symbol.asyncDispose]: kill,
  };
}

busContract('sqlite', async () => {
  const place = await temporary();
  return {
    durable: true,
    open: async (partitions) => open(place.path, partitions),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
});

describe('a statement that fails in the middle of a transaction', () => {
  /** Makes every write to a table fail until it is disposed of. */
  function failing(path: string, table: string): Disposable {
    const db = new DatabaseSync(path, { timeout: 1000 });
    db.exec(`create trigger fail before insert on ${table} begin select raise(abort, 'injected'); end`);
    return {
      [Symbol.dispose]: () => {
        db.exec('drop trigger fail');
        db.close();
      },
    };
  }

  it('leaves neither entries nor cursor of an append', async () => {
    await using place = await temporary();
    await using bus = open(place.path);
    {
      using _ = failing(place.path, 'cursor');
      await expect(bus.append([{ to: 'all', value: tick(5) }], { source: 's', value: 1 })).rejects.toThrow('injected');
      expect(await readAll(bus, 0)).toEqual([]);
      expect(await bus.head()).toBeUndefined();
    }
    await bus.append([{ to: 'all', value: tick(5) }], { source: 's', value: 1 });
    expect(await readAll(bus, 0)).toHaveLength(1);
  });

  it('leaves nothing of a commit, nor of a settlement', async () => {
    await using place = await temporary();
    await using bus = open(place.path);
    await bus.append([{ to: 'all', value: tick(5) }]);
    const [entry] = await readAll(bus, 0);
    const commit = commitOf(entry!.offset, { a: 1 }, { x: 1 });
    {
      using _ = failing(place.path, 'outbox');
      await expect(bus.commit(0, p0, commit)).rejects.toThrow('injected');
      expect(await bus.load(0)).toEqual({ offset: undefined, state: new Map() });
    }
    await bus.commit(0, p0, commit);
    const settlement = { ids: ['x'], log: ['line'], state: new Map([['g', 1]]) };
    {
      using _ = failing(place.path, 'alert_state');
      await expect(bus.settle(alerts, settlement)).rejects.toThrow('injected');
      expect(await bus.outbox(1, never)).toHaveLength(1);
      expect(await bus.notificationLog(1)).toEqual([]);
    }
    await bus.settle(alerts, settlement);
    expect(await bus.outbox(1, never)).toEqual([]);
  });
});

describe('one owner', () => {
  it('refuses a second one in the same process, and lets the next in when it closes', async () => {
    await using place = await temporary();
    const bus = open(place.path);
    expect(() => open(place.path)).toThrow(BusInUse);
    await bus[Symbol.asyncDispose]();
    await open(place.path)[Symbol.asyncDispose]();
  });

  it('refuses a second process by name, and takes over from a killed one at once', async () => {
    await using place = await temporary();
    await using holder = child('hold', place.path);
    await holder.printed(1);
    expect(() => open(place.path)).toThrow(new RegExp(`in use by process ${holder.pid} on .+ since 1970-01-01`));
    await holder.kill();
    await using bus = open(place.path);
    expect(bus.partitions).toBe(2);
  });

  it('lets others append beside it, and sees what they appended', async () => {
    await using place = await temporary();
    await using bus = open(place.path, 2);
    await using guest = openSqliteBus({ path: place.path, mode: 'append', now: 0 });
    const reading = bus.read(1, undefined, 5, never);
    await guest.append([{ to: 'all', value: tick(7) }], { source: 'import', value: 3 });
    expect((await reading).map(({ value }) => value)).toEqual([tick(7)]);
    expect(await bus.cursor('import')).toBe(3);
    expect(await bus.head()).toBe(7);
    expect(guest.partitionOf('acme/main')).toBe(bus.partitionOf('acme/main'));
    await expect(guest.commit(0, p0, commitOf('1'))).rejects.toThrow(/append only/);
    await expect(guest.settle(alerts, { ids: [], log: [], state: new Map() })).rejects.toThrow(/append only/);
    await expect(guest.trim(1)).rejects.toThrow(/append only/);
    expect(() => guest.lease('p0')).toThrow(/append only/);
  });
});

describe('a killed process', () => {
  it('leaves whole appends with their cursor, and everything it acknowledged', async () => {
    await using place = await temporary();
    let acknowledged = -1;
    for (let round = 0; round < 4; round++) {
      await using writer = child('append', place.path);
      await writer.printed(2 + round * 7);
      await writer.kill();
      acknowledged = Math.max(acknowledged, ...writer.lines.slice(1).map(Number));
      await using bus = open(place.path);
      const cursor = (await bus.cursor('s')) as number;
      expect(cursor).toBeGreaterThanOrEqual(acknowledged);
      const whole = Array.from({ length: cursor + 1 }, (_, i) => [0, 1, 2].map((n) => tick(i * 10 + n))).flat();
      for (const partition of [0, 1]) {
        expect((await readAll(bus, partition, undefined, 500)).map(({ value }) => value)).toEqual(whole);
      }
      expect(await bus.head()).toBe(cursor * 10 + 2);
    }
    expect(acknowledged).toBeGreaterThan(4);
  });

  it('has appended durably when it dies at the point `append`, before anybody was told', async () => {
    await using place = await temporary();
    await using writer = child('append', place.path, 'append:3');
    expect(await writer.ended).toBe('SIGKILL');
    expect(writer.stderr()).toContain('crash point append');
    expect(writer.lines).toEqual(['open', '0', '1']);
    await using bus = open(place.path);
    expect(await bus.cursor('s')).toBe(2);
    expect(await readAll(bus, 1)).toHaveLength(9);
  });

  it('has committed all or nothing when it dies at the point `commit`', async () => {
    await using place = await temporary();
    await using worker = child('commit', place.path, 'commit:4');
    expect(await worker.ended).toBe('SIGKILL');
    expect(worker.stderr()).toContain('crash point commit');
    expect(worker.lines).toEqual(['open', '1', '2', '3']);
    await using bus = open(place.path);
    const state = new Map([
      ['count', 3],
      ['k0', 0],
      ['k1', 1],
      ['k2', 2],
      ['k3', 3],
    ]);
    expect(await bus.load(0)).toEqual({ offset: '4', state });
    expect((await bus.outbox(9, never)).map(({ id }) => id)).toEqual(['o0', 'o1', 'o2', 'o3']);
    expect((await readAll(bus, 0, '4')).map(({ value }) => value)).toEqual(
      Array.from({ length: 16 }, (_, i) => tick(i + 4)),
    );
  });
});

describe('a full disk', () => {
  const big = (n: number) => ({
    to: 'all' as const,
    value: { kind: 'update' as const, id: 'x'.repeat(4000), brands: [], observedAt: n },
  });

  /** Appends until the disk is full; answers how many appends of ten were accepted. */
  async function fill(bus: SqliteBus): Promise<number> {
    for (let n = 0; n < 2000; n++) {
      try {
        await bus.append(
          Array.from({ length: 10 }, (_, i) => big(n * 10 + i)),
          { source: 's', value: n },
        );
      } catch (error) {
        expect(error).toMatchObject({ message: expect.stringMatching(/disk is full.+nothing/) as string });
        return n;
      }
    }
    throw new Error('it never became full');
  }

  async function expectWhole(bus: SqliteBus, accepted: number): Promise<void> {
    expect(accepted).toBeGreaterThan(2);
    expect(await bus.cursor('s')).toBe(accepted - 1);
    expect(await bus.head()).toBe(accepted * 10 - 1);
    expect(await readAll(bus, 0, undefined, 100)).toHaveLength(accepted * 10);
  }

  it('refuses an append whole and says so, and goes on when the database may grow again', async () => {
    await using place = await temporary();
    await open(place.path)[Symbol.asyncDispose]();
    const db = openDatabase(place.path);
    db.exec('pragma max_page_count = 200');
    await using bus = new SqliteBus(db, { path: place.path, mode: 'own', partitions: 1, lock: undefined, waitMs: 20 });
    const accepted = await fill(bus);
    await expectWhole(bus, accepted);
    const offset = (await readAll(bus, 0, undefined, 100)).at(-1)!.offset;
    await expect(bus.commit(0, p0, commitOf(offset, { a: 'x'.repeat(500_000) }))).rejects.toThrow(
      /a commit was not written/,
    );
    expect(await bus.load(0)).toEqual({ offset: undefined, state: new Map() });
    db.exec('pragma max_page_count = 100000');
    await bus.append([big(1e6)]);
    expect(await readAll(bus, 0, offset)).toHaveLength(1);
  });

  it('does the same on a file system that is really full', async (context) => {
    await using place = await temporary();
    const mount = join(place.folder, 'small');
    try {
      mkdirSync(mount);
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      console.warn('skipped: a full file system needs the right to mount a tmpfs');
      context.skip('no right to mount a tmpfs');
    }
    await using _ = { [Symbol.asyncDispose]: async () => void execFileSync('/bin/umount', [mount]) };
    const path = join(mount, 'bus.db');
    await using bus = open(path);
    const accepted = await fill(bus);
    await expectWhole(bus, accepted);
    // A smaller one may still fit behind it; either way no half is left.
    await bus.append([big(1)]).catch(() => {});
    execFileSync('/bin/mount', ['-o', 'remount,size=30m', mount]);
    await bus.append([big(1e6)], { source: 's', value: -1 });
    expect(await bus.cursor('s')).toBe(-1);
    await bus[Symbol.asyncDispose]();
    await using again = open(path);
    const entries = await readAll(again, 0, undefined, 100);
    expect([accepted * 10 + 1, accepted * 10 + 2]).toContain(entries.length);
    expect(entries.at(-1)!.value.kind === 'update' && entries.at(-1)!.value).toMatchObject({ observedAt: 1e6 });
  });
});

describe('damage', () => {
  it('is loud, and says where', async () => {
    await using place = await temporary();
    await using bus = open(place.path);
    await bus.append(
      [1, 2, 3].map((at) => ({ to: 'all', value: tick(at) })),
      { source: 's', value: 1 },
    );
    await bus.commit(0, p0, commitOf('1', { key: 1 }, { o: 1 }));
    using db = new DatabaseSync(place.path, { timeout: 1000 });
    db.exec(`update log set value = '{"kind":"ti' where offset = 2; update log set value = '[]' where offset = 3`);
    db.exec(`update cursor set value = ''; update state set value = 'x'; update outbox set value = '{'`);
    expect(await bus.read(0, undefined, 1, never)).toHaveLength(1);
    await expect(bus.read(0, '1', 1, never)).rejects.toThrow(
      /bus\.db is damaged: the log entry at offset 2 cannot be read/,
    );
    await expect(bus.read(0, '2', 1, never)).rejects.toThrow(/offset 3 is no entry/);
    await expect(bus.cursor('s')).rejects.toThrow(/damaged: the cursor of s/);
    await expect(bus.load(0)).rejects.toThrow(/damaged: state of partition 0, key key/);
    await expect(bus.outbox(1, never)).rejects.toThrow(/damaged: outbox item o/);
  });

  it('of the whole file, or a file of a newer version, is refused and left alone', async () => {
    await using place = await temporary();
    await writeFile(place.path, 'no database, just a long enough text '.repeat(100));
    expect(() => open(place.path)).toThrow(/not a database/);
    await rm(place.path);
    await open(place.path)[Symbol.asyncDispose]();
    {
      using db = new DatabaseSync(place.path);
      db.exec('pragma user_version = 99');
    }
    expect(() => open(place.path)).toThrow(/newer version: it has 99 schema steps/);
  });

  it('another number of partitions is refused', async () => {
    await using place = await temporary();
    await open(place.path, 3)[Symbol.asyncDispose]();
    expect(() => open(place.path, 2)).toThrow(/cut into 3 partitions, not 2/);
    await using bus = open(place.path);
    expect(bus.partitions).toBe(3);
  });
});

describe('what is remembered', () => {
  it('of settled ids and of the notification log is bounded', async () => {
    await using place = await temporary();
    await using bus = open(place.path);
    await bus.append([{ to: 'all', value: tick(1) }]);
    await bus.commit(0, p0, commitOf('1', {}, { a: 1, b: 1, c: 1 }));
    await bus.settle(alerts, { ids: ['a'], log: ['first'], state: new Map() });
    {
      using db = new DatabaseSync(place.path, { timeout: 1000 });
      db.exec(`insert into settled values (${settledKept}, 'filler');
        insert into notification values (${notificationsKept}, x'00', '"filler"')`);
    }
    await bus.settle(alerts, { ids: ['b'], log: ['last'], state: new Map() });
    await bus.commit(0, p0, commitOf('1', {}, { a: 1, b: 1 }));
    expect((await bus.outbox(9, never)).map(({ id }) => id)).toEqual(['c', 'a']);
    expect(await bus.notificationLog(9)).toEqual(['last', 'filler']);
  });
});

it('writes what is still under way when it closes', async () => {
  await using place = await temporary();
  const bus = open(place.path);
  const appends = Array.from({ length: 30 }, (_, i) =>
    bus.append(Array.from({ length: 400 }, () => ({ to: 'all', value: tick(i) }))),
  );
  await bus[Symbol.asyncDispose]();
  await Promise.all(appends);
  await expect(bus.append([{ to: 'all', value: tick(1) }])).rejects.toThrow(/closed/);
  await using again = open(place.path);
  expect(await readAll(again, 0, undefined, 5000)).toHaveLength(12_000);
});
