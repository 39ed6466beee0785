/** Line by line from stdin to stdout: order kept, writing as fast as it is read, refused lines named and counted. */
import { once } from 'node:events';
import { type Line, LineSplitter } from '../sources/lib/lines.ts';
import { tell } from './io.ts';

/** Most refusals that are told one by one; the others are counted. */
const MOST_TOLD = 1_000;

/** What became of one line: what to print, why it was refused, or nothing to say of it. */
export type LineAnswer = { readonly print: string } | { readonly refuse: string } | undefined;

/** Answers every line of stdin and says at the end how many were refused. Ends quietly when nobody reads stdout any more. */
export async function answerLines(answer: (line: Line) => LineAnswer): Promise<void> {
  const { stdin, stdout } = process;
  let closed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
    stdin.destroy();
  });
  const splitter = new LineSplitter();
  let refused = 0;
  const take = async (lines: readonly Line[]): Promise<void> => {
    let out = '';
    for (const line of lines) {
      const answered = answer(line);
      if (!answered) continue;
      if ('print' in answered) out += `${answered.print}\n`;
      else {
        refused += 1;
        if (refused <= MOST_TOLD) tell(`line ${line.number}: ${answered.refuse}`);
      }
    }
    if (out !== '' && !closed && !stdout.write(out)) await drained(stdout);
  };
  try {
    for await (const chunk of stdin) {
      await take(splitter.push(chunk as Uint8Array));
      if (closed) break;
    }
  } catch (error) {
    if (!closed) throw error;
  }
  await take(splitter.end());
  if (refused > 0) tell(`${refused} ${refused === 1 ? 'line was' : 'lines were'} refused`);
}

/** Waits until more can be written, or never again. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]);
  } catch {
    // What went wrong is told by the stream's own listener.
  } finally {
    done.abort();
  }
}

/** The language in which to speak to the person at the terminal. */
export function terminalLanguage(env: NodeJS.ProcessEnv): 'fr' | 'en' {
  return /^fr/i.test(env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '') ? 'fr' : 'en';
}
