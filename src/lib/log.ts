/** Structured log lines on stderr: the name of an event and its fields. */
import pino from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes events such as `source.restarted` with their fields. An `error` field may hold anything that was thrown. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with fields on every line. */
  child(fields: LogFields): Logger;
}

export interface LogOptions {
  /** Left out: `VIGIE_LOG`, else `info`, and silent under the test runner. */
  readonly level?: LogLevel;
  /** The last net: takes known secrets out of the finished line. */
  readonly mask?: (line: string) => string;
  /** Where lines go; stderr when left out. */
  readonly write?: (line: string) => void;
  /** The time of a line in ms; left out, the wall clock. */
  readonly now?: () => number;
}

/** Field names that never hold anything to be read. */
const HIDDEN = ['secret', 'password', 'token', 'api_key', 'apiKey', 'authorization', 'cookie'];

/** Opens a log. Lines are JSON, one each; field values that are secret by name are hidden, known secrets are masked. */
export function createLogger(options: LogOptions = {}): Logger {
  const { mask, now = Date.now } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const log = pino(
    {
      level: options.level ?? levelOf(process.env),
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describe },
      redact: { paths: HIDDEN.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[secret]' },
    },
    { write: (line: string) => write(mask ? mask(line) : line) },
  );
  return over(log);
}

function over(log: pino.Logger): Logger {
  return {
    debug: (event, fields) => log.debug(fields ?? {}, event),
    info: (event, fields) => log.info(fields ?? {}, event),
    warn: (event, fields) => log.warn(fields ?? {}, event),
    error: (event, fields) => log.error(fields ?? {}, event),
    child: (fields) => over(log.child(fields)),
  };
}

function levelOf(env: NodeJS.ProcessEnv): LogLevel {
  const wanted = env['VIGIE_LOG'];
  if (wanted && ['debug', 'info', 'warn', 'error', 'silent'].includes(wanted)) return wanted as LogLevel;
  return env['VITEST'] ? 'silent' : 'info';
}

/** An error as a line shows it; its causes are followed five deep. */
function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack ? { stack: error.stack } : {}),
    ...(error.cause !== undefined && depth < 5 ? { cause: describe(error.cause, depth + 1) } : {}),
  };
}
