/**
 * One live feed for all browsers: what any process publishes, the others hear, through a channel that forgets. Messages go out
 * together ten times a second; beyond a bound, and after a break, there is only "something was missed", and pages read again.
 */
import { randomUUID } from 'node:crypto';
import type { LiveEvent } from './live.ts';

/** As much of a channel as the relay needs. */
export interface RelayChannel {
  publish(text: string): Promise<void>;
  listen(onText: (text: string) => void, onBack: () => void): void;
}

export interface LiveRelayOptions {
  readonly channel: RelayChannel;
  /** What another process published; `from` is the same for all that come from one process. */
  readonly onEvent: (event: LiveEvent, from: string) => void;
  /** Something was published elsewhere that will not come. */
  readonly onMissed: () => void;
  /** Told of the first of a row of failures. */
  readonly onError: (error: unknown) => void;
  readonly mostEvents?: number;
  readonly everyMs?: number;
}

export interface LiveRelay extends AsyncDisposable {
  publish(event: LiveEvent): void;
}

interface Message {
  readonly from: string;
  readonly missed?: true;
  readonly events: readonly LiveEvent[];
}

/** Events in one message at most. */
export const MOST_RELAYED = 500;
const EVERY_MS = 100;

/** Joins the feed; disposing it sends what waits and no more. */
export function createLiveRelay(options: LiveRelayOptions): LiveRelay {
  const { channel, onEvent, onMissed, onError, mostEvents = MOST_RELAYED, everyMs = EVERY_MS } = options;
  const own = randomUUID();
  let waiting: LiveEvent[] = [];
  let missed = false;
  let failing = false;
  let sending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function send(): Promise<void> {
    const message: Message = { from: own, ...(missed ? { missed } : {}), events: waiting };
    waiting = [];
    missed = false;
    try {
      await channel.publish(JSON.stringify(message));
      failing = false;
    } catch (error) {
      missed = true;
      if (!failing) onError(error);
      failing = true;
    }
  }

  function later(): void {
    if (closed || timer !== undefined || sending !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = send().finally(() => {
        sending = undefined;
        if (waiting.length > 0 || missed) later();
      });
    }, everyMs);
  }

  channel.listen((text) => {
    const message = read(text);
    if (closed || message === undefined || message.from === own) return;
    if (message.missed) onMissed();
    for (const event of message.events) onEvent(event, message.from);
  }, onMissed);

  return {
    publish(event) {
      if (closed) return;
      if (waiting.length >= mostEvents) {
        waiting = [];
        missed = true;
      }
      waiting.push(event);
      later();
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      await sending;
      if (waiting.length > 0 && !failing) await send();
    },
  };
}

/** A message of a process of another version, or of something else, is no reason to fall. */
function read(text: string): Message | undefined {
  try {
    const message = JSON.parse(text) as Partial<Message> | null;
    if (typeof message?.from !== 'string' || !Array.isArray(message.events)) return undefined;
    return message as Message;
  } catch {
    return undefined;
  }
}
