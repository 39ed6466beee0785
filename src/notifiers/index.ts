/** Every channel over which people are told: one line each. */
import { consoleNotifier } from './console.ts';
import { email } from './email.ts';
import { webhook } from './webhook.ts';

export const notifiers = [email, webhook, consoleNotifier] as const;
