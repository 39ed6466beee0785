/** What a notifier may touch, in tests. */
import type { NotifierDeps } from '../../src/model/define.ts';
import { AT } from './sample.ts';

export function depsOf(over: Partial<NotifierDeps> = {}): NotifierDeps {
  return {
    fetch: globalThis.fetch,
    now: () => AT,
    mailFolder: '/nowhere',
    from: 'Vigie <vigie@example.org>',
    print: () => {},
    ...over,
  };
}
