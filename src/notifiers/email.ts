/** Sends alerts as e-mail: over SMTP where that is configured, else as `.eml` files that any mail program opens. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport, type NodemailerError } from 'nodemailer';
import { z } from 'zod';
import { defineNotifier, type NotifierDeps } from '../model/define.ts';
import { NotifyError } from '../model/errors.ts';
import type { Notification } from '../model/types.ts';
import { htmlOf } from './mail/html.ts';
import { textOf } from './mail/text.ts';
import { mailView } from './mail/view.ts';

const address = z.email();
const CONNECT_MS = 10_000;
/** Messages of which a part of the recipients was accepted: only the others are tried again. */
const MAX_PARTIAL = 1_000;

export const email = defineNotifier({
  type: 'email',
  summary: 'Sends each message by e-mail, or writes it as an .eml file where no SMTP server is configured.',
  config: z.strictObject({
    to: z.array(address).min(1).max(100).describe('Who gets the mail.'),
    cc: z.array(address).max(100).default([]).describe('Who gets a copy.'),
    reply_to: address.optional().describe('Where answers go, if not to the sender.'),
  }),
  examples: [
    { title: 'The press team', config: { to: ['press@example.org'] } },
    {
      title: 'The press team, with a copy for its head',
      config: { to: ['press@example.org'], cc: ['head@example.org'] },
    },
  ],
  create: (config, deps) => {
    const post = deps.smtp ? overSmtp(deps.smtp.url) : intoFolder(deps.mailFolder);
    return {
      channel: 'email',
      async notify(notification, signal) {
        await post.send(mailOf(notification, config, deps), notification, signal);
      },
      verify: (signal) => post.verify(signal),
    };
  },
});

type Mail = ReturnType<typeof mailOf>;

interface Post {
  send(mail: Mail, notification: Notification, signal: AbortSignal): Promise<void>;
  verify(signal: AbortSignal): Promise<void>;
}

interface Recipients {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly reply_to?: string | undefined;
}

/** The same message on every attempt: ids come from the key, the date from the notification. */
function mailOf(notification: Notification, { to, cc, reply_to }: Recipients, { smtp, from }: NotifierDeps) {
  const view = mailView(notification);
  const sender = smtp?.from ?? from;
  const first = messageId(`${notification.incident}/${notification.receiver}/1`, sender);
  const own = messageId(notification.key, sender);
  return {
    from: sender,
    to: [...to],
    ...(cc.length > 0 ? { cc: [...cc] } : {}),
    ...(reply_to === undefined ? {} : { replyTo: reply_to }),
    subject: view.subject,
    date: new Date(notification.at),
    messageId: own,
    ...(own === first ? {} : { inReplyTo: first, references: first }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Vigie-Key': notification.key,
      'X-Vigie-Incident': notification.incident,
      ...(view.tone === 'critical' ? { Importance: 'high' } : {}),
    },
    text: textOf(view),
    html: htmlOf(view),
    // What is sent is this text alone: nothing is read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The Message-ID of a notification's key, under the sender's domain. */
export function messageId(key: string, sender: string): string {
  const domain = /@([a-z0-9.-]+)/i.exec(sender)?.[1] ?? 'localhost';
  return `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@vigie.${domain}>`;
}

function overSmtp(url: string): Post {
  const transport = createTransport(withTimeouts(url));
  const accepted = new Map<string, ReadonlySet<string>>();
  return {
    async send(mail, { key }, signal) {
      const done = accepted.get(key) ?? new Set<string>();
      const everybody = [...mail.to, ...(mail.cc ?? [])];
      const rest = everybody.filter((to) => !done.has(to));
      const result = await transport
        .sendMail({ ...mail, envelope: { from: mail.from, to: rest }, signal })
        .catch((error: unknown) => {
          throw smtpError(error);
        });
      if (result.rejected.length === 0) {
        accepted.delete(key);
        return;
      }
      accepted.set(key, new Set([...done, ...rest.filter((to) => !result.rejected.includes(to))]));
      for (const oldest of accepted.keys()) {
        if (accepted.size <= MAX_PARTIAL) break;
        accepted.delete(oldest);
      }
      const errors = result.rejectedErrors ?? [];
      throw new NotifyError(`the server took the message, but not for ${result.rejected.join(', ')}`, {
        retryable: errors.some(({ responseCode }) => responseCode !== undefined && responseCode < 500),
      });
    },
    async verify(signal) {
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      await Promise.race([transport.verify(), stopped]).catch((error: unknown) => {
        throw smtpError(error);
      });
    },
  };
}

/** Time-outs that the URL does not set itself: nobody waits for minutes for a server that says nothing. */
function withTimeouts(url: string): string {
  const parsed = new URL(url);
  for (const [name, ms] of [
    ['connectionTimeout', CONNECT_MS],
    ['greetingTimeout', CONNECT_MS],
    ['socketTimeout', 30_000],
    ['dnsTimeout', CONNECT_MS],
  ] as const)
    if (!parsed.searchParams.has(name)) parsed.searchParams.set(name, String(ms));
  return parsed.href;
}

/** What the server said is not repeated: it may quote user names, and a library's message may quote the URL. */
function smtpError(error: unknown): NotifyError {
  const { code, responseCode } = error as Partial<NodemailerError>;
  if (responseCode !== undefined)
    return new NotifyError(`the mail server answered ${responseCode}`, { retryable: responseCode < 500 });
  if (code === 'EAUTH') return new NotifyError('the mail server does not take the credentials', { retryable: false });
  return new NotifyError(`the mail server cannot be reached (${code ?? 'no answer'})`, { retryable: true });
}

/** One file per key, written whole or not at all; a second attempt writes the same file again. */
function intoFolder(folder: string): Post {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    async send(mail, { key, at }, signal) {
      const { message } = await composer.sendMail(mail);
      signal.throwIfAborted();
      const stamp = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
      const name = `${stamp}-${createHash('sha256').update(key).digest('hex').slice(0, 10)}.eml`;
      const part = join(folder, `.${name}.part`);
      try {
        await mkdir(folder, { recursive: true });
        const file = await open(part, 'w');
        try {
          await file.writeFile(message as Buffer);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, join(folder, name));
      } catch (error) {
        await rm(part, { force: true }).catch(() => {});
        throw folderError(error);
      }
    },
    async verify() {
      try {
        await mkdir(folder, { recursive: true });
        if (!(await stat(folder)).isDirectory()) throw new Error('not a folder');
      } catch (error) {
        throw folderError(error);
      }
    },
  };
}

function folderError(error: unknown): NotifyError {
  const { code } = error as { code?: string };
  return new NotifyError(`the mail cannot be written to its folder (${code ?? 'unknown reason'})`, { retryable: true });
}
