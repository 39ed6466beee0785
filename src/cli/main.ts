/** The command line: one file per command. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { backtestCommand } from './backtest.ts';
import { checkCommand } from './check.ts';
import { detectCommand } from './detect.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { initCommand } from './init.ts';
import { run } from './io.ts';
import { matchCommand } from './match.ts';
import { replayCommand } from './replay.ts';
import { restoreCommand } from './restore.ts';
import { scoreCommand } from './score.ts';
import { startCommand } from './start.ts';
import { watchCommand } from './watch.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('vigie')
  .description('Watches what is said of a brand and warns its people before a bad buzz becomes a crisis.')
  .version(version)
  .addCommand(startCommand())
  .addCommand(watchCommand())
  .addCommand(initCommand())
  .addCommand(checkCommand())
  .addCommand(backtestCommand())
  .addCommand(replayCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(restoreCommand())
  .addCommand(scoreCommand())
  .addCommand(detectCommand())
  .addCommand(matchCommand());

for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError();

process.exitCode = await run(program, process.argv.slice(2));
