/** What the commands share: where they print, how they end, what they load. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { type Config, loadConfig } from '../config/load.ts';
import { ConfigError, type Problem } from '../model/errors.ts';

/** The command was used wrongly, or a file that a person wrote is invalid: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints a line on stdout and waits while nobody reads. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

/** Says something to the person at the terminal, on stderr. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The configuration of a command; throws a ConfigError that lists every problem. */
export function configOf(file: string): Promise<Config> {
  return loadConfig({ file }, { env: process.env });
}

export function problemLine({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Runs a command line: 0 success, 1 the work failed, 2 wrong usage or invalid configuration. */
export async function run(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    for (const problem of error.problems) tell(problemLine(problem));
    return 2;
  }
  if (error instanceof UsageError) {
    tell(error.message);
    return 2;
  }
  tell(error instanceof Error ? error.message : String(error));
  if (process.env['VIGIE_LOG'] === 'debug' && error instanceof Error) tell(error.stack ?? '');
  return 1;
}

function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('commander.') && 'exitCode' in error
  );
}

/** A point in time as people write it on the command line; throws a UsageError. */
export function timeOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`"${text}" is not a date: write 2026-11-22 or 2026-11-22T14:00:00Z`);
  return at;
}
