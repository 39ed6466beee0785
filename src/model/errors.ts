/** Errors that cross modules: each knows whether trying again can help. Messages never hold a secret. */
import type { Millis } from './types.ts';

/** A source cannot go on now; the runner restarts it with back-off, or gives up when a retry cannot help. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly retryable: boolean;
  readonly retryAfterMs: Millis | undefined;
  constructor(message: string, options: { retryable: boolean; retryAfterMs?: Millis; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A channel did not accept a notification. */
export class NotifyError extends Error {
  override readonly name = 'NotifyError';
  readonly retryable: boolean;
  readonly retryAfterMs: Millis | undefined;
  constructor(message: string, options: { retryable: boolean; retryAfterMs?: Millis; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Somebody else holds the lease now: what was to be written with it must be thrown away. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** The document changed since it was read; read it again and decide again. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** Not there, or not yours to see: the two are not told apart. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/** A read for people took longer than its limit and was stopped. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** One thing wrong in a file that a person wrote. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong and what to write instead, in the reader's language. */
  readonly message: string;
}

/** Configuration or rules are invalid: every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map((p) => `${p.file}:${p.line}:${p.column}: ${p.message}`).join('\n'));
    this.problems = problems;
  }
}
