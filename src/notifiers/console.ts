/** Prints alerts, one line each: the channel that needs nothing. */
import { z } from 'zod';
import { defineNotifier } from '../model/define.ts';
import { subjectOf } from './mail/subject.ts';

export const consoleNotifier = defineNotifier({
  type: 'console',
  summary: 'Prints each message as one line on the console.',
  config: z.strictObject({}),
  examples: [{ title: 'On the console', config: {} }],
  create: (_config, { print }) => ({
    channel: 'console',
    notify(notification) {
      print(`${new Date(notification.at).toISOString()} ${subjectOf(notification)} [${notification.key}]`);
      return Promise.resolve();
    },
    verify: () => Promise.resolve(),
  }),
});
