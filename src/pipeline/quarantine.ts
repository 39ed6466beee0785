/** Where refused items are kept, so that bad input loses nothing: NDJSON files by day, bounded. */
import { appendFile, mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Quarantined } from '../lib/rx/step.ts';
import type { Millis } from '../model/types.ts';

export interface Quarantine {
  /** Resolves when the items are written. */
  put(via: string, items: readonly Quarantined[]): Promise<void>;
}

export interface QuarantineOptions {
  readonly folder: string;
  readonly now: () => Millis;
  /** Beyond this, the oldest days go, and `onDrop` is told. */
  readonly mostBytes?: number;
  /** A body is cut beyond this. */
  readonly mostItemBytes?: number;
  readonly onDrop?: (file: string, bytes: number) => void;
}

/** A quarantine of files: one line an item, with its step, its reason and its body. */
export function fileQuarantine({
  now,
  folder,
  mostBytes = 256e6,
  mostItemBytes = 64_000,
  onDrop,
}: QuarantineOptions): Quarantine {
  let made = false;
  return {
    async put(via, items) {
      if (items.length === 0) return;
      if (!made) await mkdir(folder, { recursive: true });
      made = true;
      const day = new Date(now()).toISOString();
      const lines = items.map(({ step, reason, item }) => {
        const body = JSON.stringify(item) ?? 'null';
        const kept = body.length > mostItemBytes ? { cut: body.slice(0, mostItemBytes), length: body.length } : item;
        return JSON.stringify({ at: day, via, step, reason, item: kept });
      });
      await appendFile(join(folder, `${day.slice(0, 10)}.ndjson`), `${lines.join('\n')}\n`);
      await makeRoom(folder, mostBytes, onDrop);
    },
  };
}

async function makeRoom(folder: string, mostBytes: number, onDrop: QuarantineOptions['onDrop']): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort();
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  for (const [i, name] of files.entries()) {
    if (total <= mostBytes || i === files.length - 1) return;
    await unlink(join(folder, name));
    total -= sizes[i] ?? 0;
    onDrop?.(name, sizes[i] ?? 0);
  }
}
