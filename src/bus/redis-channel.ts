/** Short messages to every process at once: told and forgotten. Who does not listen, or cannot be reached, never hears of them. */
import { pause, type RedisClient, type RedisLink } from './redis-link.ts';

export interface Channel {
  /** Resolves when Redis has passed it on; rejects when it could not within a second. */
  publish(text: string): Promise<void>;
  /** Calls `onText` with each message, our own too, and `onBack` each time that we listen again after a break. */
  listen(onText: (text: string) => void, onBack: () => void): void;
}

const PUBLISH_MS = 1_000;
/** Between two tries to listen. */
const AGAIN_MS = 1_000;

/** One Pub/Sub channel over a link; it ends with the link. */
export class RedisChannel implements Channel {
  #link: RedisLink;
  #name: string;
  #onError: (error: unknown) => void;

  constructor(link: RedisLink, name: string, onError: (error: unknown) => void) {
    this.#link = link;
    this.#name = name;
    this.#onError = onError;
  }

  async publish(text: string): Promise<void> {
    await this.#link.ask('telling what happens', (client) => client.publish(this.#name, text), {
      withinMs: PUBLISH_MS,
    });
  }

  listen(onText: (text: string) => void, onBack: () => void): void {
    const client = this.#link.connect('live');
    client.on('message', (_name: string, text: string) => onText(text));
    void this.#subscribe(client).then((listening) => {
      // The client subscribes by itself when it is connected again.
      if (listening) client.on('ready', onBack);
    });
  }

  async #subscribe(client: RedisClient): Promise<boolean> {
    for (let told = false; !this.#link.closed; told = true) {
      try {
        await this.#link.ask('listening to what happens', (own) => own.subscribe(this.#name), { client });
        return true;
      } catch (error) {
        if (this.#link.closed) return false;
        if (!told) this.#onError(error);
        await pause(AGAIN_MS, new AbortController().signal);
      }
    }
    return false;
  }
}
