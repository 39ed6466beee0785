import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { start } from '../app.ts';
import { postsOf } from './backtest.ts';
import { configOf, tell, UsageError } from './io.ts';
import { replayOf, untilStopped } from './start.ts';

interface Options {
  readonly config: string;
  readonly input: readonly string[];
  readonly speed: string;
  readonly port?: string;
}

/** `vigie replay`: an instance of its own whose clock is the file's; nothing leaves the machine. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('Plays history on an instance of its own, on a throw-away data folder; nothing leaves the machine.')
    .requiredOption('--input <files...>', 'posts as NDJSON or CSV')
    .option('--config <file>', 'configuration; its sources and receivers are left out', 'vigie.yaml')
    .option('--speed <times>', 'how fast the time passes, such as 60x', '60x')
    .option('--port <port>', 'port of the pages')
    .action(async (options: Options) => {
      const speed = Number(options.speed.replace(/x$/, ''));
      if (!(speed > 0 && speed <= 1e6)) throw new UsageError(`"${options.speed}" is not a speed: write 60x`);
      const config = await configOf(options.config);
      const { posts } = await postsOf(options, config);
      const ordered = posts.toSorted(
        (a, b) => (a.observedAt ?? a.publishedAt ?? 0) - (b.observedAt ?? b.publishedAt ?? 0),
      );
      const first = ordered[0];
      if (!first) throw new UsageError('there is no post in these files');
      const data = await mkdtemp(join(tmpdir(), 'vigie-replay-'));
      try {
        const app = await start(
          {
            ...config,
            data,
            sources: [],
            server: { ...config.server, port: options.port === undefined ? config.server.port : Number(options.port) },
          },
          replayOf(ordered, first.observedAt ?? first.publishedAt ?? 0, speed),
        );
        tell(`Replay: ${app.signInLink()}`);
        await untilStopped(app);
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    });
}
