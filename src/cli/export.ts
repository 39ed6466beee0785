import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { openKept } from '../app.ts';
import { createLogger } from '../lib/log.ts';
import { configOf, tell } from './io.ts';
import { exportLines } from './moving.ts';

/** `vigie export`: everything that an installation keeps, as NDJSON; stop the installation first. */
export function exportCommand(): Command {
  return new Command('export')
    .description(
      'Writes everything that an installation keeps into a file (NDJSON), for vigie restore. Stop every process first.',
    )
    .argument('<file>', 'the file to write; - for the standard output')
    .option('--config <file>', 'configuration', 'vigie.yaml')
    .option('--data <folder>', 'folder of the embedded databases')
    .action(async (file: string, options: { readonly config: string; readonly data?: string }) => {
      const config = await configOf(options.config);
      const data = options.data === undefined ? config.data : resolve(options.data);
      await using kept = await openKept(
        { ...config, data },
        { log: createLogger({ level: 'warn', mask: config.mask }) },
      );
      // An export holds what people wrote about each other: for its owner's eyes.
      const out = file === '-' ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 });
      const counts: Record<string, number> = {};
      for await (const line of exportLines(kept, config)) {
        counts[line.type] = (counts[line.type] ?? 0) + 1;
        if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
      }
      if (out !== process.stdout) {
        out.end();
        await finished(out);
      }
      tell(
        `${counts['mention'] ?? 0} mentions, ${counts['document'] ?? 0} documents, ${counts['notification'] ?? 0} messages told`,
      );
    });
}
