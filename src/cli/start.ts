import { Command } from 'commander';
import { mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type App, type Overrides, type Role, ROLES, RolesRefused, start } from '../app.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { demoScenario } from '../demo/scenario.ts';
import { say } from '../i18n/index.ts';
import { wallClock } from '../lib/clock.ts';
import { createLogger } from '../lib/log.ts';
import { ReplayClock } from '../lib/replay-clock.ts';
import { lockFile } from '../lib/sqlite.ts';
import { ConfigError } from '../model/errors.ts';
import type { UnstampedPost } from '../model/types.ts';
import { replaySource } from '../pipeline/replay-source.ts';
import { configOf, problemLine, tell, UsageError } from './io.ts';
import { STREAM_LATENESS_MS } from '../pipeline/stamp.ts';

interface Options {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly data?: string | undefined;
  readonly roles?: string;
}

/** `vigie start`: everything in one process, or some roles of many; without a configuration, the demonstration. */
export function startCommand(): Command {
  return new Command('start')
    .description('Runs everything in one process. Without a configuration: a demonstration on invented posts.')
    .option('--config <file>', 'configuration; vigie.yaml here when there is one')
    .option('--port <port>', 'port of the pages')
    .option('--host <host>', 'address of the pages')
    .option('--data <folder>', 'folder of the embedded databases')
    .option(
      '--roles <roles>',
      `only some of ${ROLES.join(',')}; all unless told (several processes: Redis and Elasticsearch)`,
    )
    .action(async (options: Options) => {
      const file = options.config ?? (existsSync('vigie.yaml') ? 'vigie.yaml' : undefined);
      if (file === undefined && options.roles !== undefined)
        throw new UsageError('--roles wants a configuration: the demonstration runs in one process');
      if (file === undefined) await startDemo(options);
      else await startConfigured(file, options);
    });
}

async function startConfigured(file: string, options: Options): Promise<void> {
  const config = withOptions(await configOf(file), options);
  const roles = rolesOf(options.roles, config);
  const app = await start(config, { roles }).catch((error: unknown) => {
    throw error instanceof RolesRefused ? new UsageError(error.message) : error;
  });
  tell(roles.includes('web') ? whereToLook(config, app) : `${roles.join(',')}: ${app.address}/healthz`);
  await untilStopped(app, async () => {
    try {
      await app.reloadRules();
      tell(config.language === 'fr' ? 'Règles relues.' : 'Rules read again.');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) tell(problemLine(problem));
      tell(config.language === 'fr' ? 'Les règles en service restent en place.' : 'The rules in force stay.');
    }
  });
}

/** The demonstration on a data folder of its own, made anew each time. */
async function startDemo(options: Options): Promise<void> {
  const { config: text, posts, pacedFrom } = demoScenario(wallClock.now() - DEMO_BEFORE_MS);
  const data = resolve(options.data ?? 'data', 'demo');
  await mkdir(dirname(data), { recursive: true });
  using lock = lockFile(`${data}.lock`);
  if (!lock)
    throw new UsageError(`une démonstration tourne déjà dans ${data} / a demonstration is already running in ${data}`);
  await rm(data, { recursive: true, force: true });
  const config = withOptions(await loadConfig({ text, folder: process.cwd() }, { env: {} }), { ...options, data });
  tell('DÉMONSTRATION : marques et messages sont inventés ; rien ne quitte cette machine.');
  tell('DEMONSTRATION: brands and posts are invented; nothing leaves this machine.');
  const app = await start(
    { ...config, rules: undefined },
    { ...replayOf(posts, pacedFrom, DEMO_SPEED), log: createLogger({ level: 'warn' }) },
  );
  tell(whereToLook(config, app));
  tell(`Courriels / mails: ${join(data, 'mail')}`);
  await untilStopped(app);
}

/** The address with its one-time link: whoever opens it is signed in. */
function whereToLook({ language }: Config, app: App): string {
  return language === 'fr'
    ? `\n  Ouvrez Vigie : ${app.signInLink()}\n  (ce lien sert une fois, dans les 15 minutes ; arrêt : Ctrl-C)\n`
    : `\n  Open Vigie: ${app.signInLink()}\n  (this link works once, within 15 minutes; Ctrl-C stops)\n`;
}

/** The demonstration's clock begins this long ago, and catches up with ours. */
const DEMO_BEFORE_MS = 6 * 3_600_000;
const DEMO_SPEED = 60;

/** An instance whose clock is the posts' own. */
export function replayOf(posts: readonly UnstampedPost[], pacedFrom: number, speed: number): Overrides {
  const first = posts[0]?.observedAt ?? posts[0]?.publishedAt ?? pacedFrom;
  const clock = new ReplayClock(wallClock, Math.min(first, pacedFrom), speed);
  return {
    clock,
    demo: true,
    trustObservedAt: true,
    sources: [
      {
        name: 'replay',
        type: 'replay',
        source: replaySource({ posts, clock, pacedFrom, latenessMs: STREAM_LATENESS_MS }),
      },
    ],
  };
}

function rolesOf(text: string | undefined, { language }: Config): readonly Role[] {
  if (text === undefined) return ROLES;
  const asked = text.split(',').map((role) => role.trim());
  const unknown = asked.find((role) => !(ROLES as readonly string[]).includes(role));
  if (unknown !== undefined)
    throw new UsageError(
      say(language, { key: 'config.unknownRole', values: { role: unknown, known: ROLES.join(', ') } }),
    );
  return ROLES.filter((role) => asked.includes(role));
}

function withOptions(config: Config, { port, host, data }: Options): Config {
  const number = port === undefined ? config.server.port : Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new UsageError('--port wants a number from 0 to 65535');
  return {
    ...config,
    ...(data === undefined ? {} : { data: resolve(data) }),
    server: { ...config.server, port: number, ...(host === undefined ? {} : { host }) },
  };
}

/** Runs until Ctrl-C or a polite kill; a second one ends at once. SIGHUP reads the rules again. */
export async function untilStopped(app: App, reload?: () => Promise<void>): Promise<void> {
  const asked = new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        stop();
      });
    }
  });
  if (reload) process.on('SIGHUP', () => void reload().catch((error: unknown) => tell(String(error))));
  await asked;
  await app[Symbol.asyncDispose]();
}
