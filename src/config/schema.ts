/** The one schema of `vigie.yaml`: every field described, strict, with defaults for all but the brands. */
import { z } from 'zod';
import { receiverSchema } from '../alerts/receivers.ts';
import { routeSchema } from '../alerts/route.ts';
import { parseRedisUrl } from '../bus/redis-link.ts';
import type { Language } from '../i18n/index.ts';
import { say } from '../i18n/index.ts';
import { duration } from '../lib/duration.ts';
import { nearest } from '../lib/yaml-file.ts';
import type { SourceDefinition } from '../model/define.ts';

/** What is read of a configuration: far beyond what people write, and still bounded. */
const MOST_BRANDS = 10_000;
const MOST_SOURCES = 1_000;
const MOST_RECEIVERS = 1_000;

/** Puts a sentence of `i18n/config.ts` into the reader's language. */
export type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string;

/** The sentences of configuration in one language. */
export function sayIn(language: Language): Say {
  return (key, values = {}) => say(language, { key: `config.${key}`, values });
}

/** The schema for a reader of one language; `definitions` are the sources that exist. */
export function configSchema(definitions: readonly SourceDefinition<z.ZodType>[], language: Language) {
  const say = sayIn(language);
  const id = () =>
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: (issue) => say('id', { value: String(issue.input) }) });
  /** One of the values that exist; those that are planned are told apart from those that are wrong. */
  const available = <const T extends readonly [string, ...string[]]>(values: T) =>
    z.enum(values, { error: ({ input }) => wrongChoice(input, values, say) });

  return z.strictObject({
    language: z
      .enum(['fr', 'en'], { error: () => say('uiLanguage') })
      .default('fr')
      .describe('Language of pages and alerts, where a person has not chosen: fr or en.'),
    timezone: z
      .string()
      .refine(isTimezone, { error: (issue) => say('timezone', { value: String(issue.input) }) })
      .default('Europe/Paris')
      .describe('Time zone of pages and alerts, such as Europe/Paris.'),
    data: z
      .string()
      .min(1)
      .default('./data')
      .describe('Folder of the embedded databases, .eml files and the quarantine; from this file’s folder.'),
    rules: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Folder of the rule files, from this file’s folder; left out: ./rules beside it, else the shipped rules.',
      ),
    server: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1').describe('Address on which the pages answer.'),
        port: z.int().min(0).max(65_535).default(4600).describe('Port on which the pages answer; 0 takes a free one.'),
        public_url: z
          .url({ protocol: /^https?$/, error: () => say('http') })
          .optional()
          .describe('Address under which people reach the pages, for the links in alerts.'),
      })
      .prefault({})
      .describe('Where pages and programs reach Vigie.'),
    brands: z
      .array(
        z.strictObject({
          id: id().describe('Short name of the brand in files and addresses: a-z, 0-9 and -.'),
          name: z
            .string()
            .min(1)
            .max(200)
            .regex(/^[^\r\n]*$/, { error: () => say('oneLine') })
            .describe('Name of the brand as people write it.'),
          query: z.string().min(1).max(20_000).describe('What counts as a mention, in the query language.'),
          tests: z
            .strictObject({
              must: z.array(examplePost).max(1_000).default([]).describe('Posts that the query has to match.'),
              must_not: z.array(examplePost).max(1_000).default([]).describe('Posts that it must not match.'),
            })
            .optional()
            .describe('Examples that vigie check holds the query to: texts, or posts with text, title, source, …'),
          languages: z
            .array(
              z.string().regex(/^[a-z]{2,3}$/, { error: (issue) => say('language', { value: String(issue.input) }) }),
            )
            .max(50)
            .optional()
            .describe('Languages that matter to the brand (ISO 639-1); posts in others are still kept.'),
          own: z
            .record(id(), z.array(account(say)).max(1_000))
            .default({})
            .describe('Own accounts (handle or id) by source: marked, never counted as opinion.'),
          competitors: z.array(z.string()).max(200).default([]).describe('Ids of other brands to compare with.'),
          role: z
            .enum(['own', 'competitor'])
            .default('own')
            .describe('competitor: counted and compared; shipped rules leave it alone.'),
          client: id().default('default').describe('Whose brand it is, for agencies.'),
          group: id().default('default').describe('Within a client: rules compare brands of one group.'),
        }),
      )
      .min(1)
      .max(MOST_BRANDS)
      .describe('The watched brands.'),
    sources: z
      .array(sourceSchema(definitions, id, say))
      .max(MOST_SOURCES)
      .default([])
      .describe('Where posts come from.'),
    receivers: z.array(receiverSchema).max(MOST_RECEIVERS).default([]).describe('Who can be told, and how.'),
    route: routeSchema.optional().describe('Who is told of what; left out: every receiver of everything.'),
    smtp: z
      .strictObject({
        url: z
          .string()
          .regex(/^smtps?:\/\/[^\s/]+/, { error: () => say('smtp') })
          .describe('Mail server, smtp://user:password@host:port, as env:NAME or file:path.'),
        from: z
          .string()
          .min(3)
          .max(320)
          .regex(/^[^\r\n]*@[^\r\n]*$/, { error: () => say('email') })
          .describe('Sender of the mails.'),
      })
      .optional()
      .describe('How mails are sent; left out: .eml files under the data folder.'),
    store: z
      .strictObject({
        type: available(['sqlite', 'elasticsearch'])
          .default('sqlite')
          .describe('sqlite: files under the data folder; elasticsearch: any number of processes and machines.'),
        url: z
          .url({ protocol: /^https?$/, error: () => say('http') })
          .optional()
          .describe('Where Elasticsearch 9 is, such as https://search.example.org:9200.'),
        api_key: z.string().min(1).optional().describe('Key for Elasticsearch, as env:NAME or file:path.'),
        username: z.string().min(1).max(500).optional().describe('User of Elasticsearch, instead of a key.'),
        password: z.string().min(1).optional().describe('Password of that user, as env:NAME or file:path.'),
        ca: z
          .string()
          .includes('-----BEGIN CERTIFICATE-----', { error: () => say('certificate') })
          .optional()
          .describe('Certificate (PEM) of the authority that signed the one of Elasticsearch, as file:path.'),
        prefix: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: () => say('prefix') })
          .optional()
          .describe('Beginning of the name of every index, so that installations can share a server; vigie.'),
        retention: duration()
          .refine((ms) => ms >= 86_400_000, { error: () => say('retention') })
          .optional()
          .describe('Mentions are dropped, by whole months, when they are older; left out: never.'),
      })
      .superRefine((store, context) => {
        const problem = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message });
        if (store.type === 'elasticsearch') {
          if (store.url === undefined) problem(say('elasticsearchNeedsUrl'));
          if (store.api_key !== undefined && store.username !== undefined) problem(say('oneOfKeyAndUser'), 'username');
          if (store.username !== undefined && store.password === undefined) problem(say('noPassword'), 'username');
          if (store.password !== undefined && store.username === undefined) problem(say('noUser'), 'password');
          return;
        }
        for (const key of Object.keys(store).filter((key) => key !== 'type')) problem(say('onlyElasticsearch'), key);
      })
      .prefault({})
      .describe('Where mentions, and what people make, are kept.'),
    bus: z
      .strictObject({
        type: available(['sqlite', 'memory', 'redis'])
          .default('sqlite')
          .describe(
            'sqlite: a file under the data folder; memory: nothing survives a restart; redis: any number of processes.',
          ),
        url: z
          .string()
          .refine((url) => parseRedisUrl(url) !== undefined, { error: () => say('redisUrl') })
          .optional()
          .describe(
            'Where Redis is, as env:NAME or file:path: redis://user:password@host:port/db, redis+sentinel://host:port,host:port/primary or redis+cluster://host:port,host:port; rediss for TLS.',
          ),
        ca: z
          .string()
          .includes('-----BEGIN CERTIFICATE-----', { error: () => say('certificate') })
          .optional()
          .describe('Certificate (PEM) of the authority that signed the one of Redis, as file:path.'),
        sentinel_password: z
          .string()
          .min(1)
          .optional()
          .describe('Password of the Sentinels, as env:NAME or file:path.'),
        partitions: z
          .int()
          .min(1)
          .max(1024)
          .optional()
          .describe('Parts of the log in Redis, fixed once there is one: as many processes can analyse; 16.'),
        prefix: z
          .string()
          .regex(/^[a-z0-9-]{1,32}$/, { error: () => say('prefix') })
          .optional()
          .describe('Beginning of every key in Redis, so that installations can share a server; v.'),
        lease: duration()
          .refine((ms) => ms >= 1_000 && ms <= 300_000, { error: () => say('lease') })
          .optional()
          .describe('A process that is silent this long loses its partitions and sources to another; 10s.'),
        replicas: z
          .int()
          .min(0)
          .max(10)
          .optional()
          .describe('Replicas of Redis that must have a write before it counts; 0.'),
      })
      .superRefine((bus, context) => {
        if (bus.type === 'redis') {
          if (bus.url === undefined) context.addIssue({ code: 'custom', message: say('redisNeedsUrl') });
          return;
        }
        for (const key of Object.keys(bus).filter((key) => key !== 'type')) {
          context.addIssue({ code: 'custom', path: [key], message: say('onlyRedis') });
        }
      })
      .prefault({})
      .describe('The durable log between sources and rules.'),
    sentiment: z
      .strictObject({
        engine: available(['linear', 'lexicon'])
          .default('linear')
          .describe('linear: trained models of six languages, word lists elsewhere; lexicon: word lists alone.'),
      })
      .prefault({})
      .describe('How the tone of a text is judged.'),
  });
}

/** An example for a query: a text alone, or a post with what the query asks of. */
const examplePost = z
  .string()
  .min(1)
  .max(20_000)
  .transform((text) => ({ text }))
  .or(
    z.strictObject({
      text: z.string().max(20_000).default(''),
      title: z.string().max(2_000).optional(),
      source: z.string().max(100).optional(),
      url: z.string().max(2_000).optional(),
      lang: z.string().max(20).optional(),
      author: z.string().min(1).max(300).optional().describe('Handle.'),
    }),
  );

/** A configuration as its schema gives it: defaults filled in, nothing resolved. */
export type ConfigFile = z.output<ReturnType<typeof configSchema>>;

/** One of `sources:`: what its own definition asks, with a type and a name. */
export type SourceEntry = { readonly type: string; readonly name: string; readonly [key: string]: unknown };

function sourceSchema(
  definitions: readonly SourceDefinition<z.ZodType>[],
  id: () => z.ZodString,
  say: Say,
): z.ZodType<SourceEntry> {
  const known = definitions.map(({ type }) => type);
  const options = definitions.map((definition) => {
    if (!(definition.config instanceof z.ZodObject)) throw new TypeError(`source ${definition.type}: not an object`);
    return definition.config.safeExtend({
      type: z.literal(definition.type).describe(definition.summary),
      name: id().describe('Name of the source, unique: a-z, 0-9 and -.'),
    });
  });
  const [first, ...others] = options;
  if (first === undefined) throw new TypeError('no source is defined');
  return z.discriminatedUnion('type', [first, ...others], {
    error: ({ code, input }) => {
      if (code !== 'invalid_union') return undefined;
      const type = (input as { type?: unknown } | null | undefined)?.type;
      if (typeof type !== 'string') return say('noType', { known: known.join(', ') });
      return say('unknownType', { type, known: known.join(', '), nearest: nearest(type, known) ?? '' });
    },
  }) as unknown as z.ZodType<SourceEntry>;
}

function account(say: Say) {
  return z
    .string({ error: ({ input }) => (typeof input === 'number' ? say('quoted') : undefined) })
    .trim()
    .transform((handle) => handle.replace(/^@/, ''))
    .pipe(z.string().min(1).max(300));
}

const PLANNED = new Set(['onnx']);

function wrongChoice(input: unknown, values: readonly string[], say: Say): string {
  return typeof input === 'string' && PLANNED.has(input)
    ? say('notYet', { value: input, known: values.join(', ') })
    : say('oneOf', { options: values.join(', ') });
}

function isTimezone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
