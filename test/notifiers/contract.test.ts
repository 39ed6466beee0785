import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { consoleNotifier } from '../../src/notifiers/console.ts';
import { email } from '../../src/notifiers/email.ts';
import { notifiers } from '../../src/notifiers/index.ts';
import { webhook } from '../../src/notifiers/webhook.ts';
import { notifierContract, type Peer } from '../contract/notifier.ts';
import { depsOf } from './deps.ts';
import { openMailServer } from './mail-server.ts';

const SECRET = 'tres-secret-4711';

notifierContract({
  channel: 'console',
  secrets: [SECRET],
  open: async () => {
    const lines: string[] = [];
    const notifier = consoleNotifier.create({}, depsOf({ print: (line) => lines.push(line) }));
    return {
      notifier,
      // A line has no place for the key; each message is one line.
      keys: () => lines.map((line) => /\[([^\]]+)\]$/.exec(line)?.[1] ?? ''),
      all: () => lines.join('\n'),
      [Symbol.asyncDispose]: async () => {},
    };
  },
});

notifierContract({
  channel: 'email',
  secrets: [SECRET],
  statuses: [
    [421, true],
    [450, true],
    [452, true],
    [550, false],
    [552, false],
    [554, false],
  ],
  open: async (): Promise<Peer> => {
    const server = await openMailServer(SECRET);
    const notifier = email.create(
      email.config.parse({ to: ['pr@example.org'] }),
      depsOf({ smtp: { url: server.url, from: 'vigie@example.org' } }),
    );
    return {
      notifier,
      keys: () => server.arrived.map(({ mail }) => mail.headers.get('x-vigie-key') as string),
      all: () => server.arrived.map(({ raw }) => raw).join('\n'),
      answer: (status) => {
        server.status = status;
      },
      hang: () => {
        server.delay = () => new Promise(() => {});
      },
      close: () => server.down(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});

describe('e-mail into a folder', () => {
  notifierContract({
    channel: 'email',
    secrets: [SECRET],
    open: async (): Promise<Peer> => {
      const folder = await mkdtemp(join(tmpdir(), 'vigie-mail-'));
      const notifier = email.create(email.config.parse({ to: ['pr@example.org'] }), depsOf({ mailFolder: folder }));
      let keys: readonly string[] = [];
      let all = '';
      const read = async (): Promise<void> => {
        const names = await readdir(folder);
        expect(names.every((name) => name.endsWith('.eml') && !name.startsWith('.'))).toBe(true);
        const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
        keys = texts.map((text) => /^x-vigie-key: (.*)$/im.exec(text)?.[1]?.trim() ?? '').sort();
        all = texts.join('\n');
      };
      return {
        notifier: {
          ...notifier,
          notify: async (notification, signal) => {
            await notifier.notify(notification, signal);
            await read();
          },
        },
        keys: () => keys,
        all: () => all,
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
      };
    },
  });
});

notifierContract({
  channel: 'webhook',
  secrets: [SECRET, 'token-in-path'],
  statuses: [
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [410, false],
    [413, false],
    [422, false],
    [425, true],
    [429, true],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
  ],
  open: async (): Promise<Peer> => {
    const got: { readonly key: string; readonly text: string }[] = [];
    let status: number | undefined;
    let hangs = false;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (hangs) return;
        if (request.method === 'POST' && status === undefined) {
          const text = `${JSON.stringify(request.headers)}\n${Buffer.concat(chunks).toString()}`;
          got.push({ key: String(request.headers['idempotency-key']), text });
        }
        response.writeHead(status ?? 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    };
    const notifier = webhook.create(
      webhook.config.parse({
        url: `http://127.0.0.1:${port}/token-in-path?k=${SECRET}`,
        secret: SECRET,
        allow_private: true,
      }),
      depsOf(),
    );
    return {
      notifier,
      keys: () => got.map(({ key }) => key),
      all: () => got.map(({ text }) => text).join('\n'),
      answer: (answer) => {
        status = answer;
      },
      hang: () => {
        hangs = true;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  },
});

describe('the registry', () => {
  it('holds definitions that speak for themselves, with examples that are valid', () => {
    expect(new Set(notifiers.map(({ type }) => type)).size).toBe(notifiers.length);
    for (const { type, summary, config, examples } of notifiers) {
      expect(type).toMatch(/^[a-z][a-z-]*$/);
      expect(summary).toMatch(/\.$/);
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) expect(config.safeParse(example.config).success).toBe(true);
      for (const field of Object.values(config.shape))
        expect((field as { description?: string }).description).toBeTruthy();
      expect(config.safeParse({ ...examples[0]?.config, unknown: 1 }).success).toBe(false);
    }
  });
});
