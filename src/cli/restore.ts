import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { openKept } from '../app.ts';
import { createLogger } from '../lib/log.ts';
import { configOf, tell, UsageError } from './io.ts';
import { type Line, MoveRefused, restoreLines } from './moving.ts';

/** `vigie restore`: an export into a new installation, whatever its store and bus. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('Reads a file of vigie export into a new, empty installation, whatever its store and bus.')
    .argument('<file>', 'the file to read; - for the standard input')
    .option('--config <file>', 'configuration of the new installation', 'vigie.yaml')
    .option('--data <folder>', 'folder of the embedded databases')
    .action(async (file: string, options: { readonly config: string; readonly data?: string }) => {
      const config = await configOf(options.config);
      const data = options.data === undefined ? config.data : resolve(options.data);
      await using kept = await openKept(
        { ...config, data },
        { log: createLogger({ level: 'warn', mask: config.mask }) },
      );
      const input = file === '-' ? process.stdin : createReadStream(file);
      try {
        const counts = await restoreLines(kept, config, linesOf(input));
        tell(
          `${counts['mention'] ?? 0} mentions, ${counts['document'] ?? 0} documents, ${counts['notification'] ?? 0} messages told`,
        );
      } catch (error) {
        if (error instanceof MoveRefused) throw new UsageError(error.message);
        throw error;
      }
    });
}

async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    try {
      yield JSON.parse(text) as Line;
    } catch (error) {
      throw new MoveRefused(`line ${number} of the export cannot be read`, { cause: error });
    }
  }
}
