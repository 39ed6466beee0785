import { Command, Option } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { start } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { type Language, say } from '../i18n/index.ts';
import { createLogger } from '../lib/log.ts';
import { parseQuery } from '../text/query/parse.ts';
import { UsageError } from './io.ts';
import { untilStopped } from './start.ts';
import { terminalLanguage } from './stdin-lines.ts';
import { plainText, WatchView } from './watch-view.ts';

interface Options {
  readonly lang?: string;
  readonly port?: string;
  readonly endpoint?: string;
}

const HEALTH_MS = 500;

/** `vigie watch`: live at once on Bluesky, without any configuration; nothing is kept afterwards. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('Shows at once what is said on Bluesky: vigie watch "acme OR #acme". Needs no configuration.')
    .argument('<query>', 'what to look for, in the query language')
    .option('--lang <language>', 'only posts in this language, such as fr')
    .option('--port <port>', 'port of the page; a free one when left out')
    .addOption(new Option('--endpoint <url>', 'another Jetstream server').hideHelp())
    .action(watch);
}

async function watch(asked: string, { lang, port = '0', endpoint }: Options): Promise<void> {
  const language = terminalLanguage(process.env);
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new UsageError('--port wants a number from 0 to 65535');
  }
  const query = queryOf(asked, lang, language);
  const data = await mkdtemp(join(tmpdir(), 'vigie-watch-'));
  try {
    const text = stringify({
      language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      data,
      server: { port: number },
      brands: [
        { id: 'watch', name: asked.slice(0, 200).replaceAll(/\s+/g, ' '), query, languages: [lang ?? language] },
      ],
      sources: [
        {
          type: 'bluesky',
          name: 'bluesky',
          ...(endpoint === undefined ? {} : { servers: [endpoint], profiles: false }),
        },
      ],
      receivers: [{ name: 'terminal', console: {} }],
    });
    const config = await loadConfig({ text, folder: data }, { env: {} });
    await show({ ...config, rules: undefined }, plainText(asked), language);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function show(config: Awaited<ReturnType<typeof loadConfig>>, query: string, language: Language): Promise<void> {
  const { stdout } = process;
  const dumb = process.env['TERM'] === 'dumb';
  const isTTY = stdout.isTTY && !dumb;
  using view = new WatchView({
    screen: {
      isTTY,
      columns: () => stdout.columns || 80,
      rows: () => stdout.rows || 24,
      write: (part) => {
        if (stdout.writable) stdout.write(part);
      },
      colour: isTTY && (process.env['NO_COLOR'] ?? '') === '',
    },
    language,
    query,
    now: () => Date.now(),
  });
  const app = await start(config, {
    // The view says what a person needs to know; the log would run through it.
    log: createLogger({ level: process.env['VIGIE_LOG'] === 'debug' ? 'debug' : 'silent' }),
    print: () => undefined,
    onCommitted: ({ mentions, removals, events }) => {
      for (const mention of mentions) view.mention(mention);
      for (const { id } of removals) view.removed(id);
      for (const event of events) if (event.kind === 'alert') view.alert(event.alert);
    },
  });
  // Whoever read our lines has gone: so do we.
  stdout.on('error', () => process.kill(process.pid, 'SIGTERM'));
  view.open(app.signInLink());
  const looking = setInterval(() => {
    for (const health of app.health()) view.health(health);
  }, HEALTH_MS);
  try {
    await untilStopped(app);
  } finally {
    clearInterval(looking);
  }
}

/** The query that is run; a UsageError says what is wrong in it, and where. */
function queryOf(asked: string, lang: string | undefined, language: Language): string {
  const words = (key: string, values: Readonly<Record<string, string | number>> = {}): string =>
    say(language, { key: `cli.watch.${key}`, values });
  const { problems } = parseQuery(asked);
  const [first] = problems;
  if (first) {
    const line = asked.replaceAll(/\s/g, ' ');
    const place = `${' '.repeat(first.start)}${'^'.repeat(Math.max(1, Math.min(first.end, line.length) - first.start))}`;
    const listed = problems.map(({ start, text }) =>
      words('problem', { column: start + 1, message: say(language, text) }),
    );
    throw new UsageError([words('badQuery'), `  ${line}`, `  ${place}`, ...listed].join('\n'));
  }
  if (lang === undefined) return asked;
  if (!/^[a-z]{2,3}$/i.test(lang)) throw new UsageError(words('badLang', { lang: plainText(lang) }));
  return `(${asked}) AND lang:${lang.toLowerCase()}`;
}
