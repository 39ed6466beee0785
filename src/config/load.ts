/** Reads a configuration, and says of everything wrong in it at once where it stands and what to write instead. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { createReceivers, type Receiver, type ReceiverConfig, receiverSchema } from '../alerts/receivers.ts';
import { type Route, routeSchema } from '../alerts/route.ts';
import { type Language, languageOf } from '../i18n/index.ts';
import { Secret, SecretMask } from '../lib/secret.ts';
import { readYaml } from '../lib/yaml-file.ts';
import type { NotifierDeps, SourceDefinition, SourceDeps } from '../model/define.ts';
import { ConfigError, type Problem } from '../model/errors.ts';
import type { Source } from '../model/ports.ts';
import type { Brand, Millis, Query } from '../model/types.ts';
import { sources as builtIn } from '../sources/index.ts';
import { checkWhole, type Finding } from './checks.ts';
import { type ConfigFile, configSchema, type SourceEntry, sayIn } from './schema.ts';
import { resolveSecrets } from './secrets.ts';
import { yamlWords } from './words.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/** A configured source, ready to be made. Its settings, secrets among them, live in `create` alone. */
export interface ConfiguredSource {
  readonly name: string;
  readonly type: string;
  readonly create: (deps: Omit<SourceDeps, 'name'>) => Source;
}

/** A valid configuration, everything resolved. Printing it shows no secret. */
export interface Config {
  /** The file it came from, absolute; undefined when it was given as text. */
  readonly file: string | undefined;
  readonly language: Language;
  readonly timezone: string;
  /** Absolute. */
  readonly data: string;
  /** Folder of the rule files, absolute; undefined: the shipped rules. */
  readonly rules: string | undefined;
  readonly server: { readonly host: string; readonly port: number; readonly publicUrl?: string };
  readonly brands: readonly Brand[];
  /** The brands' queries as trees, by brand id. */
  readonly queries: ReadonlyMap<string, Query>;
  /** Examples that the brands' queries are held to by `vigie check`, in the file's order. */
  readonly queryTests: readonly QueryTest[];
  readonly sources: readonly ConfiguredSource[];
  /** Names of the receivers, in the file's order. */
  readonly receivers: readonly string[];
  readonly createReceivers: (deps: NotifierDeps) => readonly Receiver[];
  readonly route: Route;
  readonly smtp?: { readonly url: Secret; readonly from: string };
  readonly store: { readonly type: 'sqlite' } | ({ readonly type: 'elasticsearch' } & ElasticsearchSettings);
  readonly bus:
    | { readonly type: 'sqlite' }
    | { readonly type: 'memory' }
    | ({ readonly type: 'redis' } & RedisSettings);
  readonly sentiment: ConfigFile['sentiment'];
  /** Takes the configuration's secrets out of any text: the log's last net. */
  readonly mask: (text: string) => string;
}

/** A post that a brand's query has to match, or must not; and where that is written. */
export interface QueryTest {
  readonly brand: string;
  readonly post: {
    readonly text: string;
    readonly title?: string | undefined;
    readonly source?: string | undefined;
    readonly url?: string | undefined;
    readonly lang?: string | undefined;
    readonly author?: string | undefined;
  };
  readonly must: boolean;
  readonly line: number;
  readonly column: number;
}

/** Where Elasticsearch is and how it is used. */
export interface ElasticsearchSettings {
  readonly url: string;
  /** A key, or a user with a password, or neither. */
  readonly apiKey?: Secret;
  readonly username?: string;
  readonly password?: Secret;
  /** PEM. */
  readonly ca?: string;
  readonly prefix: string;
  /** Months that ended longer ago are dropped; undefined: none. */
  readonly retentionMs?: Millis;
}

/** Where Redis is and how it is used; what is left out is as the bus has it. */
export interface RedisSettings {
  /** See `parseRedisUrl`. */
  readonly url: Secret;
  /** PEM. */
  readonly ca?: string;
  readonly sentinelPassword?: Secret;
  readonly partitions?: number;
  readonly prefix?: string;
  readonly leaseMs?: number;
  readonly replicas?: number;
}

export interface LoadOptions {
  /** Where `env:NAME` is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The sources that exist; all that are built in when left out. */
  readonly sources?: readonly SourceDefinition<z.ZodType>[];
}

/** A file's path, or a text with the folder from which its paths count. */
export type ConfigInput = { readonly file: string } | { readonly text: string; readonly folder: string };

/** The receivers of a configuration that names none: `.eml` files under the data folder, and the console. */
export const DEFAULT_RECEIVER = 'default';

/** Loads a configuration. Throws a ConfigError with every problem, in the configuration's own language. */
export async function loadConfig(input: ConfigInput, options: LoadOptions): Promise<Config> {
  const name = 'file' in input ? input.file : 'vigie.yaml';
  const file = 'file' in input ? resolve(input.file) : undefined;
  const folder = 'file' in input ? dirname(resolve(input.file)) : resolve(input.folder);
  const text = 'file' in input ? await readText(input.file) : input.text;
  const language = languageIn(text);
  const speak = sayIn(language);
  const mask = new SecretMask();
  const queries = new Map<string, Query>();
  const findings: Finding[] = [];

  const definitions = options.sources ?? builtIn;
  const yaml = readYaml(name, text, configSchema(definitions, language), yamlWords(language), (document) => {
    findings.push(...resolveSecrets(document, { env: options.env, folder }, mask, speak));
  });
  if (yaml.raw !== undefined) findings.push(...checkWhole(yaml.raw, language, queries));
  if (yaml.value?.rules !== undefined && !(await isFolder(resolve(folder, yaml.value.rules)))) {
    findings.push({ path: ['rules'], message: speak('folder', { path: yaml.value.rules }) });
  }
  const found = findings.map(({ path, message, offset }) => ({
    file: name,
    ...(offset === undefined ? yaml.where(path) : yaml.inside(path, offset)),
    message,
  }));
  // What a missing secret then breaks in the schema stands at the same place and is not a second problem.
  const places = new Set(found.map(({ line, column }) => `${line}:${column}`));
  const problems: Problem[] = [
    ...found,
    ...yaml.problems.filter(({ line, column }) => !places.has(`${line}:${column}`)),
  ].toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (yaml.value === undefined || problems.length > 0) {
    throw new ConfigError(problems.map((problem) => ({ ...problem, message: mask.mask(problem.message) })));
  }
  return {
    ...(await settle(yaml.value, folder, definitions)),
    file,
    queries,
    queryTests: queryTestsOf(yaml.value, yaml.where),
    mask: (line) => mask.mask(line),
  };
}

type Settled = Omit<Config, 'file' | 'queries' | 'queryTests' | 'mask'>;

/** From the file's words to the program's: paths made absolute, parts bound to their definitions. */
async function settle(
  value: ConfigFile,
  folder: string,
  definitions: readonly SourceDefinition<z.ZodType>[],
): Promise<Settled> {
  const beside = resolve(folder, 'rules');
  const rules =
    value.rules === undefined ? ((await isFolder(beside)) ? beside : undefined) : resolve(folder, value.rules);
  const { host, port, public_url: publicUrl } = value.server;
  const receivers = value.receivers.length > 0 ? value.receivers : [defaultReceiver()];
  return {
    language: value.language,
    timezone: value.timezone,
    data: resolve(folder, value.data),
    rules,
    server: { host, port, ...(publicUrl === undefined ? {} : { publicUrl }) },
    brands: value.brands.map(
      ({ tests: _tests, ...brand }): Brand => ({ ...brand, languages: brand.languages ?? [value.language] }),
    ),
    sources: value.sources.map((entry) => configured(entry, definitions)),
    receivers: receivers.map(({ name }) => name),
    createReceivers: (deps) => createReceivers(receivers, deps),
    route: value.route ?? everybody(receivers.map(({ name }) => name)),
    ...(value.smtp === undefined ? {} : { smtp: { url: new Secret(value.smtp.url), from: value.smtp.from } }),
    store: storeOf(value.store),
    bus: busOf(value.bus),
    sentiment: value.sentiment,
  };
}

function queryTestsOf(
  { brands }: ConfigFile,
  where: (path: readonly (string | number)[]) => { readonly line: number; readonly column: number },
): readonly QueryTest[] {
  return brands.flatMap(({ id, tests }, i) =>
    (['must', 'must_not'] as const).flatMap((kind) =>
      (tests?.[kind] ?? []).map(
        (post, j): QueryTest => ({
          brand: id,
          post,
          must: kind === 'must',
          ...where(['brands', i, 'tests', kind, j]),
        }),
      ),
    ),
  );
}

function storeOf({ type, ...elasticsearch }: ConfigFile['store']): Config['store'] {
  if (type !== 'elasticsearch') return { type };
  const { url = '', api_key: apiKey, username, password, ca, prefix = 'vigie', retention } = elasticsearch;
  return {
    type,
    url,
    ...(apiKey === undefined ? {} : { apiKey: new Secret(apiKey) }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: new Secret(password) }),
    ...(ca === undefined ? {} : { ca }),
    prefix,
    ...(retention === undefined ? {} : { retentionMs: retention }),
  };
}

function busOf({ type, ...redis }: ConfigFile['bus']): Config['bus'] {
  if (type !== 'redis') return { type };
  const { url = '', ca, sentinel_password: password, partitions, prefix, lease, replicas } = redis;
  return {
    type,
    url: new Secret(url),
    ...(ca === undefined ? {} : { ca }),
    ...(password === undefined ? {} : { sentinelPassword: new Secret(password) }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(lease === undefined ? {} : { leaseMs: lease }),
    ...(replicas === undefined ? {} : { replicas }),
  };
}

function configured(
  { type, name, ...settings }: SourceEntry,
  definitions: readonly SourceDefinition<z.ZodType>[],
): ConfiguredSource {
  const definition = definitions.find((candidate) => candidate.type === type);
  if (definition === undefined) throw new TypeError(`no source of type ${type}`);
  return { name, type, create: (deps) => definition.create(settings, { ...deps, name }) };
}

/** Without a route, nobody who is named is left out. */
function everybody(names: readonly string[]): Route {
  const [first = '', ...others] = names;
  if (others.length === 0) return routeSchema.parse({ receiver: first });
  return routeSchema.parse({
    receiver: first,
    routes: names.map((receiver) => ({ match: {}, receiver, continue: true })),
  });
}

function defaultReceiver(): ReceiverConfig {
  return receiverSchema.parse({ name: DEFAULT_RECEIVER, email: { to: ['vigie@localhost.localdomain'] }, console: {} });
}

/** The language in which to complain, known before anything else is. */
function languageIn(text: string): Language {
  const written = /^language\s*:\s*["']?(\w+)/m.exec(text)?.[1];
  return languageOf(written);
}

async function readText(file: string): Promise<string> {
  const problem = (key: string, values: Readonly<Record<string, string | number>>): ConfigError =>
    new ConfigError([
      { file, line: 1, column: 1, message: `${sayIn('fr')(key, values)} / ${sayIn('en')(key, values)}` },
    ]);
  let bytes: Uint8Array;
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw problem('tooLong', { limit: MOST_BYTES / 1024 / 1024 });
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw problem('unreadable', { why: String((error as NodeJS.ErrnoException).code) });
  }
  return new TextDecoder('utf-8').decode(bytes);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
