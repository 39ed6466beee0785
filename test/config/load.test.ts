import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import { ConfigError } from '../../src/model/errors.ts';
import { notifiers } from '../../src/notifiers/index.ts';
import { sources } from '../../src/sources/index.ts';

const env = {
  INBOX_SECRET: 'inbox-s3cret-9f2c',
  HOOK_SECRET: 'hook-s3cret-77aa',
  SMTP_URL: 'smtp://vigie:sm%2Ftp-pass@mail.example.org:587',
};

function load(text: string, more: Record<string, string> = env): Promise<Config> {
  return loadConfig({ text, folder: '/nowhere' }, { env: more });
}

async function problemsOf(text: string, more?: Record<string, string>): Promise<string[]> {
  const error = await load(text, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, not ${inspect(error)}`);
  return error.problems.map(({ line, column, message }) => `${line}:${column} ${plain(message)}`);
}

/** French puts thin and hard spaces before its signs; here they are plain, so that one can read what is expected. */
function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}

const brand = 'brands:\n  - { id: acme, name: Acme, query: acme }\n';

describe('a configuration', () => {
  test('of brands alone is enough', async () => {
    const config = await load(brand);
    expect(config).toMatchObject({
      file: undefined,
      language: 'fr',
      timezone: 'Europe/Paris',
      data: '/nowhere/data',
      rules: undefined,
      server: { host: '127.0.0.1', port: 4600 },
      sources: [],
      receivers: ['default'],
      store: { type: 'sqlite' },
      bus: { type: 'sqlite' },
      sentiment: { engine: 'linear' },
    });
    expect(config.brands).toEqual([
      {
        id: 'acme',
        name: 'Acme',
        query: 'acme',
        languages: ['fr'],
        own: {},
        competitors: [],
        role: 'own',
        client: 'default',
        group: 'default',
      },
    ]);
    expect(config.queries.get('acme')).toEqual({ op: 'term', word: 'acme' });
    expect(config.route).toMatchObject({ receiver: 'default', routes: [] });
  });

  test('with everything is resolved', async () => {
    const config = await load(`
language: en
timezone: UTC
data: ./var
server: { host: localhost, port: 0, public_url: https://vigie.example.org }
brands:
  - id: acme
    name: Acme
    query: 'acme OR #acme OR "acme france"'
    languages: [fr, en]
    own: { x: ['@acme_fr'], facebook: ["1234"] }
    competitors: [globex]
    client: maison-dupont
    group: grocery
  - { id: globex, name: Globex, query: globex, role: competitor, client: maison-dupont, group: grocery }
sources:
  - { type: webhook, name: inbox, secret: env:INBOX_SECRET }
receivers:
  - { name: pr-team, email: { to: [pr@example.org] } }
  - { name: ops, webhook: { url: https://example.org/hook, secret: env:HOOK_SECRET } }
route: { receiver: pr-team, group_by: [brand, story], routes: [ { match: { severity: critical }, receiver: ops } ] }
smtp: { url: env:SMTP_URL, from: vigie@example.org }
store: { type: sqlite }
bus: { type: memory }
`);
    expect(config.brands[0]!.own).toEqual({ x: ['acme_fr'], facebook: ['1234'] });
    expect(config.data).toBe('/nowhere/var');
    expect(config.server.publicUrl).toBe('https://vigie.example.org');
    expect(config.sources.map(({ name, type }) => `${type}:${name}`)).toEqual(['webhook:inbox']);
    expect(config.receivers).toEqual(['pr-team', 'ops']);
    expect(config.route.routes.map(({ receiver }) => receiver)).toEqual(['ops']);
    expect(config.smtp?.url.reveal()).toBe(env.SMTP_URL);
    const deps = { fetch, now: () => 0, mailFolder: '/nowhere', from: 'vigie@example.org', print: () => undefined };
    expect(config.bus).toEqual({ type: 'memory' });
    expect(config.createReceivers(deps).map(({ name, channels }) => [name, channels.length])).toEqual([
      ['pr-team', 1],
      ['ops', 1],
    ]);
  });

  test('that names receivers and no route tells each of them', async () => {
    const config = await load(`${brand}receivers:\n  - { name: a, console: {} }\n  - { name: b, console: {} }\n`);
    expect(config.route.routes.map(({ receiver }) => receiver)).toEqual(['a', 'b']);
    expect(config.route.routes.every((route) => route.continue)).toBe(true);
  });

  test('counts its paths from its own folder, and finds the rules beside it', async () => {
    await using folder = await temporary();
    const file = join(folder.path, 'vigie.yaml');
    await writeFile(join(folder.path, 'hook.key'), 'from-a-file-1234\n');
    await writeFile(file, `${brand}rules: .\nsources: [ { type: webhook, name: inbox, secret: 'file:hook.key' } ]\n`);
    const config = await loadConfig({ file }, { env: {} });
    expect(config.file).toBe(resolve(file));
    expect(config.data).toBe(join(folder.path, 'data'));
    expect(config.rules).toBe(folder.path);
    expect(config.mask('x from-a-file-1234 y')).toBe('x [secret] y');
  });
});

describe('what a source or a channel shows as an example', () => {
  const named = Object.fromEntries(
    [...JSON.stringify([sources, notifiers]).matchAll(/env:(\w+)/g)].map(([, name]) => [name, 'a-long-enough-value']),
  );
  test.each(sources.flatMap(({ type, examples }) => examples.map((example) => ({ type, ...example }))))(
    'source $type: $title',
    async ({ type, config: settings }) => {
      const entry = { type, name: 'one', ...(settings as object) };
      const config = await load(`${brand}sources: [ ${JSON.stringify(entry)} ]`, named);
      expect(config.sources).toMatchObject([{ type, name: 'one' }]);
    },
  );
  test.each(
    notifiers.flatMap(({ type, examples }) =>
      examples.map(({ title, config }) => ({ type, title, settings: config as object })),
    ),
  )('channel $type: $title', async ({ type, settings }) => {
    const config = await load(`${brand}receivers: [ ${JSON.stringify({ name: 'one', [type]: settings })} ]`, named);
    expect(config.receivers).toEqual(['one']);
  });
});

describe('what is wrong is said with its place, in the language of the file', () => {
  const both = (text: string, more?: Record<string, string>) =>
    Promise.all([problemsOf(`language: fr\n${text}`, more), problemsOf(`language: en\n${text}`, more)]);

  test('a typo in a key', async () => {
    expect(await both('brands:\n  - { id: acme, name: Acme, querry: acme }\n')).toEqual([
      [
        '3:5 brands.query: manquant : cet élément est obligatoire',
        '3:29 clé inconnue « querry » : vouliez-vous dire « query » ?',
      ],
      ['3:5 brands.query: missing: this has to be there', '3:29 unknown key "querry": did you mean "query"?'],
    ]);
  });

  test('a typo in a key of a source, by its own schema', async () => {
    expect(
      (
        await both(
          `${brand}sources:\n  - type: webhook\n    name: inbox\n    secret: env:INBOX_SECRET\n    latenes: 5m\n`,
        )
      )[1],
    ).toEqual(['8:5 unknown key "latenes": did you mean "lateness"?']);
  });

  test('a bad duration', async () => {
    expect(
      await both(
        `${brand}sources:\n  - { type: webhook, name: inbox, secret: env:INBOX_SECRET, lateness: 5 minutes }\n`,
      ),
    ).toEqual([
      [
        '5:71 sources.lateness: ce n’est pas une durée : écrivez un nombre et une unité, par exemple 90s, 5m, 12h ou 7d (d pour les jours)',
      ],
      ['5:71 sources.lateness: not a duration: write a number and a unit, such as 90s, 5m, 12h or 7d'],
    ]);
  });

  test('a secret that is not in the environment, said once', async () => {
    expect(
      await both(
        `${brand}sources:\n  - { type: webhook, name: inbox, secret: env:NOT_THERE }\nsmtp: { url: env:NO_SMTP, from: a@example.org }\n`,
        {},
      ),
    ).toEqual([
      [
        '5:43 la variable d’environnement NOT_THERE n’est pas définie',
        '6:14 la variable d’environnement NO_SMTP n’est pas définie',
      ],
      [
        '5:43 the variable NOT_THERE is not set in the environment',
        '6:14 the variable NO_SMTP is not set in the environment',
      ],
    ]);
  });

  test('a secret in plain words, which is not repeated', async () => {
    const found = await both(
      `${brand}sources:\n  - { type: webhook, name: inbox, secret: hunter2hunter2 }\nsmtp: { url: "smtp://me:hunter3hunter3@example.org", from: a@example.org }\n`,
    );
    expect(found[1]).toEqual([
      '5:43 a secret does not belong in this file: write secret: env:NAME (a variable of the environment) or secret: file:path',
      '6:14 this address holds a password, which does not belong in this file: write env:NAME (a variable of the environment) or file:path',
    ]);
    expect(found[0]).toHaveLength(2);
    expect(JSON.stringify(found)).not.toMatch(/hunter/);
  });

  test('an open quote in a brand query, at the quote', async () => {
    const text = `brands:\n  - id: acme\n    name: Acme\n    query: 'acme OR "acme france'\n`;
    const [fr, en] = await both(text);
    expect(fr).toHaveLength(1);
    expect(en).toHaveLength(1);
    expect(fr[0]).toMatch(/^5:21 .*guillemet/);
    expect(en[0]).toMatch(/^5:21 .*quotation/i);
  });

  test('an open quote on a later line of a folded query', async () => {
    const text = `brands:\n  - id: acme\n    name: Acme\n    query: >-\n      acme OR\n      globex OR "acme\n`;
    expect((await problemsOf(`language: en\n${text}`))[0]).toMatch(/^7:17 /);
  });

  test('an unknown receiver, wherever the route names it', async () => {
    const text = `${brand}receivers:\n  - { name: pr-team, console: {} }\nroute:\n  receiver: pr-tem\n  routes:\n    - { match: { severity: critical }, receiver: board }\n`;
    expect(await both(text)).toEqual([
      [
        '7:13 il n’y a pas de destinataire « pr-tem » : vouliez-vous dire « pr-team » ?',
        '9:50 il n’y a pas de destinataire « board »',
      ],
      ['7:13 there is no receiver "pr-tem": did you mean "pr-team"?', '9:50 there is no receiver "board"'],
    ]);
  });

  test('brands: twice, compared with nobody, with themselves, across clients', async () => {
    const text = `brands:
  - { id: acme, name: Acme, query: acme, competitors: [globx, acme, other] }
  - { id: globex, name: Globex, query: globex }
  - { id: globex, name: Globex, query: globex }
  - { id: other, name: Other, query: other, client: another }
`;
    expect((await both(text))[1]).toEqual([
      '3:56 there is no brand "globx": did you mean "globex"?',
      '3:63 "acme" cannot be a competitor of itself',
      '3:69 "other" belongs to another client ("another"): brands are compared within one client',
      '5:11 the brand "globex" is there twice: ids of brands are unique',
    ]);
  });

  test('Redis: what is a secret does not print', async () => {
    const text = `${brand}bus: { type: redis, url: env:REDIS_URL, sentinel_password: env:WORD, partitions: 32, lease: 5s, replicas: 1 }\n`;
    const env = { REDIS_URL: 'rediss+sentinel://vigie:hunter22@a:1,b:2/main', WORD: 'sesame' };
    const { bus } = await loadConfig({ text, folder: '/nowhere' }, { env });
    expect(bus).toMatchObject({ type: 'redis', partitions: 32, leaseMs: 5_000, replicas: 1 });
    expect(bus.type === 'redis' && [bus.url.reveal(), bus.sentinelPassword?.reveal()]).toEqual([
      env.REDIS_URL,
      'sesame',
    ]);
    expect(JSON.stringify(bus)).not.toMatch(/hunter22|sesame/);
  });

  test('Elasticsearch: what is a secret does not print, what is left out is as the store has it', async () => {
    const load = async (store: string) =>
      (await loadConfig({ text: `${brand}store: ${store}\n`, folder: '/nowhere' }, { env: { WORD: 'sesame' } })).store;
    const store = await load(
      '{ type: elasticsearch, url: "https://search.example.org:9200", username: ada, password: env:WORD, retention: 400d }',
    );
    expect(store).toMatchObject({
      type: 'elasticsearch',
      username: 'ada',
      prefix: 'vigie',
      retentionMs: 34_560_000_000,
    });
    expect(store.type === 'elasticsearch' && store.password?.reveal()).toBe('sesame');
    expect(JSON.stringify(store)).not.toMatch(/sesame/);
    expect(await load('{ type: elasticsearch, url: "http://localhost:9200" }')).toEqual({
      type: 'elasticsearch',
      url: 'http://localhost:9200',
      prefix: 'vigie',
    });
  });

  test('the settings of Elasticsearch: what is missing, too much, and under another store', async () => {
    const of = async (store: string): Promise<readonly string[]> =>
      (await both(`${brand}store: ${store}\n`, { WORD: 'sesame' }))[1].map((line) => line.replace(/: write.*/, ''));
    expect(await of('{ type: elasticsearch }')).toEqual(['4:8 store: Elasticsearch needs its address']);
    expect(await of('{ type: elasticsearch, url: "redis://x", prefix: _V, retention: 1h, ca: x }')).toEqual([
      '4:36 store.url: this address has to begin with http:// or https://',
      '4:57 store.prefix: at most 32 of the letters a-z, digits and -',
      '4:72 store.retention: too short: at least 1d; whole months are dropped once they are older',
      '4:80 store.ca: this is no certificate',
    ]);
    const url = 'url: "http://localhost:9200"';
    expect(await of(`{ type: elasticsearch, ${url}, username: ada }`)).toEqual([
      '4:71 store.username: this user has no password',
    ]);
    expect(await of(`{ type: elasticsearch, ${url}, password: env:WORD }`)).toEqual([
      '4:71 store.password: this password belongs to nobody',
    ]);
    expect(await of(`{ type: elasticsearch, ${url}, username: a, password: env:WORD, api_key: env:WORD }`)).toEqual([
      '4:71 store.username: either a key (api_key) or a user with a password, not both',
    ]);
    expect((await of(`{ type: elasticsearch, ${url}, api_key: plain }`))[0]).toMatch(/a secret does not belong/);
    expect(await of(`{ ${url} }`)).toEqual(['4:15 store.url: this belongs to type: elasticsearch']);
  });

  test('what does not exist yet is told apart from what is wrong', async () => {
    expect(
      (await both(`${brand}store: { type: opensearch }\nbus: { type: rabbit }\nsentiment: { engine: onnx }\n`))[1],
    ).toEqual([
      '4:16 store.type: this has to be one of: sqlite, elasticsearch',
      '5:14 bus.type: this has to be one of: sqlite, memory, redis',
      '6:22 sentiment.engine: "onnx" is not available in this version of Vigie. There is: linear, lexicon',
    ]);
  });

  test('the settings of Redis: an address it cannot be, none at all, and under another bus', async () => {
    const of = async (bus: string): Promise<readonly string[]> =>
      (await both(`${brand}bus: ${bus}\n`))[1].map((line) => line.replace(/: write.*/, ''));
    expect(await of('{ type: redis, url: "http://localhost" }')).toEqual(['4:26 bus.url: not an address of Redis']);
    expect(await of('{ type: redis, lease: 10ms, prefix: V, ca: x }')).toEqual([
      '4:6 bus: Redis needs its address',
      '4:28 bus.lease: between 1s and 5m',
      '4:42 bus.prefix: at most 32 of the letters a-z, digits and -',
      '4:49 bus.ca: this is no certificate',
    ]);
    expect(await of('{ type: redis }')).toEqual(['4:6 bus: Redis needs its address']);
    expect(await of('{ type: sqlite, partitions: 4 }')).toEqual(['4:34 bus.partitions: this belongs to type: redis']);
    expect((await of('{ type: redis, url: "redis+cluster://:pass@a:1,b:2" }'))[0]).toMatch(/^4:.*password/);
  });

  test('a type of source that is not there', async () => {
    const [, en] = await both(
      `${brand}sources:\n  - { type: webhok, name: inbox }\n  - { name: nothing }\n  - { type: telepathy, name: x }\n`,
    );
    expect(en[0]).toMatch(/^5:13 sources\.type: unknown type "webhok": did you mean "webhook"\? There is: .*webhook/);
    expect(en[1]).toMatch(/^6:5 sources\.type: a type is missing: one of .*webhook/);
    expect(en[2]).toMatch(/^7:13 sources\.type: unknown type "telepathy"\. There is: /);
  });

  test('a receiver without a channel, a bad id, a number where text belongs, a wrong time zone', async () => {
    const [, en] = await both(`timezone: Europe/Pariss
brands:
  - { id: Acmé, name: 12, query: acme, own: { x: [1234] } }
receivers:
  - { name: nobody }
`);
    expect(en).toEqual([
      '2:11 timezone: "Europe/Pariss" is not a time zone: write one such as Europe/Paris or UTC',
      '4:11 brands.id: "Acmé" cannot be used as a name here: only the letters a-z, digits and -',
      '4:23 brands.name: write this in quotes, so that it is read as text and keeps every digit',
      '4:51 brands.own.x: write this in quotes, so that it is read as text and keeps every digit',
      '6:5 receivers: this receiver has no way to be told: give it at least one of email, webhook, console',
    ]);
  });

  test('every problem at once, whatever the kind', async () => {
    const found = await problemsOf(
      `language: en\ncolour: red\nbrands:\n  - { id: acme, name: Acme, query: '"acme', competitors: [nobody] }\nsources:\n  - { type: webhook, name: inbox, secret: env:NOT_THERE }\nroute: { receiver: me }\nrules: ./not-there\n`,
      {},
    );
    expect(found.map((line) => line.split(' ')[0])).toEqual(['2:1', '4:37', '4:59', '6:43', '7:20']);
  });

  test('YAML that is none', async () => {
    const [fr, en] = await both('brands: [ { id: acme\nsources: x\n');
    expect(fr.length).toBeGreaterThan(0);
    expect(en.length).toBe(fr.length);
    expect(await problemsOf('language: en\nlanguage: fr\n')).toEqual(['2:1 this key is there twice']);
    expect((await problemsOf('language: en\nbrands:\n\t- id: x\n'))[0]).toMatch(/^3:1 .*spaces, not with tabs/);
    expect(await problemsOf('just words')).toEqual(['1:1 il faut ici un bloc de lignes « clé: valeur »']);
    expect(await problemsOf('')).toEqual(['1:1 brands: manquant : cet élément est obligatoire']);
  });

  test('aliases that multiply are refused, not followed', async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `x${i + 1}: &x${i + 1} [${Array(9).fill(`*x${i}`).join(',')}]`);
    expect(await problemsOf(`language: en\nx0: &x0 [a]\n${levels.join('\n')}\n`)).toEqual([
      '1:1 this file refers to itself (&, *) far too often',
    ]);
  });

  test('a file that cannot be read', async () => {
    await expect(loadConfig({ file: '/nowhere/vigie.yaml' }, { env: {} })).rejects.toThrow(
      '/nowhere/vigie.yaml:1:1: ce fichier ne peut pas être lu (ENOENT) / this file cannot be read (ENOENT)',
    );
  });
});

describe('secrets', () => {
  const text = `${brand}sources:
  - { type: webhook, name: inbox, secret: env:INBOX_SECRET }
receivers:
  - { name: ops, webhook: { url: https://example.org/hook, secret: env:HOOK_SECRET } }
smtp: { url: env:SMTP_URL, from: vigie@example.org }
`;
  const told = [env.INBOX_SECRET, env.HOOK_SECRET, env.SMTP_URL, 'sm%2Ftp-pass', 'sm/tp-pass'];

  test('are in nothing that prints a configuration', async () => {
    const config = await load(text);
    const printed = [JSON.stringify(config), inspect(config, { depth: 20 }), String(config.smtp?.url)];
    for (const secret of told) expect(printed.join('\n')).not.toContain(secret);
    expect(printed.join('\n')).toContain('[secret]');
  });

  test('are masked in a log, whatever the field, the message or the error', async () => {
    const config = await load(text);
    const lines: string[] = [];
    const log = createLogger({ level: 'debug', mask: config.mask, write: (line) => void lines.push(line) });
    for (const secret of told) {
      log.info('test.field', { where: { deep: [secret] } });
      log.warn(`test.${secret}`);
      log.error('test.error', { error: new Error(`cannot reach ${secret}`, { cause: new Error(secret) }) });
      log.child({ of: secret }).debug('test.child', { secret, password: 'never-shown-either' });
    }
    expect(lines).toHaveLength(4 * told.length);
    for (const secret of [...told, 'never-shown-either']) expect(lines.join('')).not.toContain(secret);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('event');
  });

  test('are masked in the errors that a schema raises about them', async () => {
    const error = await problemsOf(text.replace('env:SMTP_URL', 'env:INBOX_SECRET'));
    expect(error).toHaveLength(1);
    for (const secret of told) expect(error[0]).not.toContain(secret);
  });
});

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'vigie-config-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
