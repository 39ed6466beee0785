import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { stringify } from 'yaml';
import { rulesFolder } from '../app.ts';
import { type Language, say } from '../i18n/index.ts';
import { parseQuery } from '../text/query/parse.ts';
import { fold } from '../text/tokenize.ts';
import { tell, UsageError } from './io.ts';
import { terminalLanguage } from './stdin-lines.ts';

interface Options {
  readonly yes?: true;
}

/** What a person answered. */
interface Answers {
  readonly language: Language;
  readonly brand: string;
  readonly query: string;
  readonly languages: readonly string[];
  readonly bluesky: boolean;
  readonly feeds: readonly string[];
  readonly webhook: boolean;
  readonly recipients: readonly string[];
}

const CONFIG = 'vigie.yaml';
const RULES = 'rules';
const SECRET = 'webhook.secret';
/** An answer that cannot be read is asked for again so often. */
const MOST_TRIES = 5;

/** `vigie init`: asks a few questions and writes `vigie.yaml` and `rules/` here, ready to run. */
export function initCommand(): Command {
  return new Command('init')
    .description('Asks a few questions and writes vigie.yaml and rules/ here, ready to run.')
    .option('--yes', 'asks nothing and takes every default; replaces nothing')
    .action(init);
}

async function init({ yes }: Options): Promise<void> {
  const language = terminalLanguage(process.env);
  if (yes) {
    for (const file of [CONFIG, SECRET]) {
      if (existsSync(file)) throw new UsageError(say(language, { key: 'cli.init.refused', values: { file } }));
    }
    const brand = words(language, 'init.brandDefault');
    const keep = existsSync(RULES);
    if (keep) tell(say(language, { key: 'cli.init.kept', values: { file: RULES } }));
    await write(defaultsOf(language, brand), new Set(keep ? [CONFIG] : [CONFIG, RULES]));
    return;
  }
  using asking = new Asking(language);
  tell(words(language, 'init.hello'));
  // In a checkout, rules/ is what would be copied: it is kept, and nobody is asked.
  const shipped = resolve(RULES) === resolve(rulesFolder({ rules: undefined }));
  const targets = new Set(shipped ? [CONFIG] : [CONFIG, RULES]);
  for (const file of targets) {
    if (!existsSync(file) || (await asking.yes('init.exists', false, { file }))) continue;
    targets.delete(file);
    tell(say(language, { key: 'cli.init.kept', values: { file } }));
  }
  if (targets.size === 0) return;
  await write(targets.has(CONFIG) ? await ask(asking) : defaultsOf(language, ''), targets);
}

function defaultsOf(language: Language, brand: string): Answers {
  return {
    language,
    brand,
    query: queryFor(brand),
    languages: language === 'fr' ? ['fr', 'en'] : ['en', 'fr'],
    bluesky: true,
    feeds: [],
    webhook: false,
    recipients: [],
  };
}

async function ask(asking: Asking): Promise<Answers> {
  const language = await asking.one('init.language', asking.language, (text) =>
    /^(fr|en)$/i.test(text) ? { value: text.toLowerCase() as Language } : { problem: 'init.wrongLanguage' },
  );
  asking.language = language;
  const brand = await asking.one('init.brand', words(language, 'init.brandDefault'), (text) =>
    text.length <= 200 && fold(text).replaceAll(/[^\p{L}\p{N}]/gu, '') !== ''
      ? { value: text }
      : { problem: 'init.wrongBrand' },
  );
  const defaults = defaultsOf(language, brand);
  const query = await asking.one('init.query', defaults.query, (text) => {
    const [problem] = parseQuery(text).problems;
    return problem ? { said: say(language, problem.text) } : { value: text };
  });
  const languages = await asking.list('init.languages', defaults.languages, (word) =>
    /^[a-z]{2,3}$/i.test(word) ? { value: word.toLowerCase() } : { problem: 'init.wrongLanguages' },
  );
  const bluesky = await asking.yes('init.bluesky', defaults.bluesky);
  const feeds = await asking.list('init.feeds', defaults.feeds, (word) =>
    /^https?:\/\/[^\s/]+/i.test(word) && URL.canParse(word) ? { value: word } : { problem: 'init.wrongUrl' },
  );
  const webhook = await asking.yes('init.webhook', defaults.webhook);
  const recipients = await asking.list('init.recipients', defaults.recipients, (word) =>
    /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(word) ? { value: word } : { problem: 'init.wrongMail' },
  );
  return {
    language,
    brand,
    query,
    languages: languages.length > 0 ? languages : defaults.languages,
    bluesky,
    feeds,
    webhook,
    recipients,
  };
}

/** A first query for a name: the words side by side, or the hashtag of all of them together. */
export function queryFor(brand: string): string {
  const words = brand
    .replaceAll(/[^\p{L}\p{N}\s'’-]/gu, ' ')
    .trim()
    .replaceAll(/\s+/g, ' ');
  const tag = fold(brand).replaceAll(/[^\p{L}\p{N}]/gu, '');
  const plain = /^[\p{L}\p{N}]+$/u.test(words) && !/^(AND|OR|NOT|NEAR|ONEAR)$/.test(words) ? words : `"${words}"`;
  return tag === '' ? plain : `${plain} OR #${tag}`;
}

// ------------------------------------------------------------------ asking

type Read<T> = { readonly value: T } | { readonly problem: string } | { readonly said: string };

/** Identity: the terminal, and the language it is spoken to in. */
class Asking implements Disposable {
  language: Language;
  readonly #terminal: Interface;
  /** Lines as they come: with answers piped in, several may come before they are asked for. */
  readonly #lines: AsyncIterator<string>;

  constructor(language: Language) {
    this.language = language;
    this.#terminal = createInterface({ input: process.stdin });
    this.#lines = this.#terminal[Symbol.asyncIterator]();
  }

  async one<T>(
    key: string,
    fallback: string,
    read: (text: string) => Read<T>,
    values: Readonly<Record<string, string | number>> = {},
  ): Promise<T> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      process.stderr.write(`${say(this.language, { key: `cli.${key}`, values })} [${fallback}] `);
      const line = await this.#lines.next();
      if (line.done === true) throw new UsageError(`\n${words(this.language, 'init.ended')}`);
      const text = line.value.trim();
      const answer = read(text === '' ? fallback : text);
      if ('value' in answer) return answer.value;
      tell(
        'said' in answer ? answer.said : say(this.language, { key: `cli.${answer.problem}`, values: { value: text } }),
      );
    }
    throw new UsageError(words(this.language, 'init.tooOften'));
  }

  async yes(key: string, fallback: boolean, values: Readonly<Record<string, string | number>> = {}): Promise<boolean> {
    const [yes, no] = this.language === 'fr' ? ['oui', 'non'] : ['yes', 'no'];
    return await this.one<boolean>(
      key,
      fallback ? yes : no,
      (text) => {
        if (/^(o|oui|y|yes)$/i.test(text)) return { value: true };
        return /^(n|no|non)$/i.test(text) ? { value: false } : { problem: 'init.wrongYes' };
      },
      values,
    );
  }

  async list(
    key: string,
    fallback: readonly string[],
    read: (word: string) => Read<string>,
  ): Promise<readonly string[]> {
    return await this.one<readonly string[]>(key, fallback.length === 0 ? '-' : fallback.join(' '), (text) => {
      const given = text.split(/[\s,;]+/).filter((word) => word !== '' && word !== '-');
      const values: string[] = [];
      for (const word of given) {
        const answer = read(word);
        if (!('value' in answer)) {
          if ('said' in answer) return answer;
          return { said: say(this.language, { key: `cli.${answer.problem}`, values: { value: word } }) };
        }
        values.push(answer.value);
      }
      return { value: [...new Set(values)] };
    });
  }

  [Symbol.dispose](): void {
    this.#terminal.close();
  }
}

// ----------------------------------------------------------------- writing

async function write(answers: Answers, targets: ReadonlySet<string>): Promise<void> {
  const { language, webhook } = answers;
  const written: string[] = [];
  if (targets.has(RULES)) {
    await mkdir(RULES, { recursive: true });
    await cp(rulesFolder({ rules: undefined }), RULES, { recursive: true });
    written.push(`${RULES}/`);
  }
  if (targets.has(CONFIG)) {
    // The secret first: a configuration without its secret does not load. One that is there may be in use, and stays.
    if (webhook && !existsSync(SECRET)) {
      await writeFile(SECRET, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
      written.push(SECRET);
    }
    await writeFile(CONFIG, configText(answers));
    written.push(CONFIG);
  }
  tell(say(language, { key: 'cli.init.done', values: { files: written.join(', ') } }));
  if (webhook && targets.has(CONFIG)) {
    tell(say(language, { key: 'cli.init.secret', values: { file: join('.', SECRET) } }));
  }
  tell(words(language, 'init.next'));
}

/** The file as a person reads it: every part with a line that says what it is for. */
export function configText(answers: Answers): string {
  const { language, brand, query, languages, bluesky, feeds, webhook, recipients } = answers;
  const note = (key: string): string => `# ${words(language, `file.${key}`)}`;
  const sources = [
    ...(bluesky ? [{ type: 'bluesky', name: 'bluesky' }] : []),
    ...(feeds.length > 0 ? [{ type: 'feed', name: words(language, 'file.press'), urls: feeds }] : []),
    ...(webhook ? [{ type: 'webhook', name: words(language, 'file.hook'), secret: `file:${SECRET}` }] : []),
  ];
  const entry = {
    id: idOf(brand),
    name: brand,
    query,
    languages,
  };
  const lines = (value: unknown): string => stringify(value, { lineWidth: 0 }).trimEnd();
  return `${[
    note('head'),
    '',
    note('language'),
    `language: ${language}`,
    lines({ timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
    '',
    note('brand'),
    lines({ brands: [entry] }),
    `    ${note('own')}`,
    `    # own: { bluesky: [${idOf(brand)}.bsky.social] }`,
    `  ${note('competitor')}`,
    '  # - { id: autre, name: Autre, query: autre, role: competitor }',
    '',
    note('sources'),
    ...(webhook ? [note('webhook')] : []),
    ...(sources.length > 0
      ? [lines({ sources })]
      : [note('noSources'), '# sources:', '#   - { type: bluesky, name: bluesky }']),
    '',
    note('receivers'),
    lines({
      receivers: [
        {
          name: words(language, 'file.team'),
          console: {},
          ...(recipients.length > 0 ? { email: { to: recipients } } : {}),
        },
      ],
    }),
    '',
    note('smtp'),
    '# smtp: { url: env:SMTP_URL, from: vigie@example.org }',
  ].join('\n')}\n`;
}

function idOf(brand: string): string {
  const id = fold(brand)
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, '');
  return id === '' ? 'marque' : id;
}

function words(language: Language, key: string): string {
  return say(language, { key: `cli.${key}`, values: {} });
}
