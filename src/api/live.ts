/** What happens right now, to the browsers: one bounded ring each, sent together every quarter of a second. */
import { interval, Subject, share, Subscription } from 'rxjs';
import type { Language } from '../i18n/index.ts';
import type { Scope, Triage } from '../model/ports.ts';
import type { Alert, Mention, Millis, Signal, SourceHealth } from '../model/types.ts';
import { type ApiLiveEvent, LIVE_EVERY_MS, MOST_LIVE_EVENTS } from './contract.ts';
import { iso, toApiAlert, toApiSignal, toApiSource, toApiTriage, toLiveMention } from './convert.ts';

/** What the roles of the program publish. */
export type LiveEvent =
  | { readonly kind: 'mention'; readonly mention: Mention }
  /** A post was deleted (for every brand), or no longer names a brand. */
  | { readonly kind: 'removed'; readonly id: string; readonly brand?: string }
  | { readonly kind: 'signal'; readonly client: string; readonly signal: Signal }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'source'; readonly source: SourceHealth }
  | {
      readonly kind: 'triage';
      readonly client: string;
      readonly id: string;
      readonly brand: string;
      readonly triage: Triage;
    };

/** As much of a WebSocket as a reader needs. */
export interface LiveSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'close' | 'error' | 'pong' | 'message', listener: () => void): unknown;
}

export interface LiveReader {
  readonly scope: Scope;
  /** Only these brands of the scope; all when left out. */
  readonly brands?: readonly string[];
  readonly language: Language;
}

export interface LiveHub {
  publish(event: LiveEvent): void;
  /** Something was published elsewhere and did not arrive: every reader is asked to read again. */
  missed(): void;
  /** Takes a reader in; false when there are too many already. */
  attach(socket: LiveSocket, reader: LiveReader): boolean;
  readonly readers: () => number;
  /** Says goodbye to every reader. */
  close(): void;
}

export interface LiveOptions {
  readonly now: () => Millis;
  readonly timezone: string;
  readonly demo: boolean;
  readonly mostReaders?: number;
  readonly mostEvents?: number;
  readonly everyMs?: Millis;
  /** A reader that does not answer for this long is let go. */
  readonly pingEveryMs?: Millis;
}

/** Beyond this many bytes on their way to a reader, it gets nothing new until they have gone out. */
const MOST_BUFFERED = 1_000_000;

/** Opens the hub. Nothing runs while nobody reads. */
export function createLiveHub(options: LiveOptions): LiveHub {
  const { now, timezone, demo, mostReaders = 200, mostEvents = MOST_LIVE_EVENTS } = options;
  const { everyMs = LIVE_EVERY_MS, pingEveryMs = 20_000 } = options;
  const events = new Subject<LiveEvent>();
  const ticks = interval(everyMs).pipe(share());
  const pings = interval(pingEveryMs).pipe(share());
  const written = { fr: new WeakMap<LiveEvent, string>(), en: new WeakMap<LiveEvent, string>() };
  const missedSome = new Subject<void>();
  const readers = new Set<() => void>();

  /** Each event is put into words once for each language, however many read it. */
  function write(event: LiveEvent, language: Language): string {
    const known = written[language].get(event);
    if (known !== undefined) return known;
    const text = JSON.stringify(toApi(event, language, timezone));
    written[language].set(event, text);
    return text;
  }

  return {
    publish(event) {
      if (readers.size > 0) events.next(event);
    },
    missed() {
      missedSome.next();
    },
    attach(socket, reader) {
      if (readers.size >= mostReaders) return false;
      const brands = new Set(reader.scope.brands.filter((id) => reader.brands?.includes(id) ?? true));
      const work = new Subscription();
      let ring: LiveEvent[] = [];
      let missed = false;
      let answered = true;
      const hello: ApiLiveEvent = { kind: 'hello', demo, now: iso(now()) };
      const end = (): void => {
        work.unsubscribe();
        ring = [];
        readers.delete(bye);
      };
      const bye = (): void => {
        end();
        socket.close(1001, 'stopping');
      };
      readers.add(bye);
      socket.on('close', end);
      socket.on('error', end);
      socket.on('pong', () => {
        answered = true;
      });
      socket.send(`{"events":[${JSON.stringify(hello)}]}`);

      work.add(
        events.subscribe((event) => {
          if (!isVisible(event, reader.scope.client, brands)) return;
          if (ring.length >= mostEvents) {
            ring = [];
            missed = true;
          }
          ring.push(event);
        }),
      );
      work.add(
        missedSome.subscribe(() => {
          ring = [];
          missed = true;
        }),
      );
      work.add(
        ticks.subscribe(() => {
          if ((ring.length === 0 && !missed) || socket.bufferedAmount > MOST_BUFFERED) return;
          const texts = ring.map((event) => write(event, reader.language));
          if (missed) texts.unshift('{"kind":"resync"}');
          ring = [];
          missed = false;
          socket.send(`{"events":[${texts.join(',')}]}`);
        }),
      );
      work.add(
        pings.subscribe(() => {
          if (!answered) {
            end();
            socket.terminate();
            return;
          }
          answered = false;
          socket.ping();
        }),
      );
      return true;
    },
    readers: () => readers.size,
    close() {
      for (const bye of readers) bye();
      events.complete();
    },
  };
}

function isVisible(event: LiveEvent, client: string, brands: ReadonlySet<string>): boolean {
  switch (event.kind) {
    case 'mention':
      return event.mention.client === client && brands.has(event.mention.brand);
    case 'signal':
      return event.client === client && brands.has(event.signal.brand);
    case 'alert':
      return event.alert.client === client && brands.has(event.alert.brand);
    case 'triage':
      return event.client === client && brands.has(event.brand);
    case 'removed':
      return event.brand === undefined || brands.has(event.brand);
    default:
      return true;
  }
}

function toApi(event: LiveEvent, language: Language, timezone: string): ApiLiveEvent {
  switch (event.kind) {
    case 'mention':
      return { kind: 'mention', mention: toLiveMention(event.mention) };
    case 'signal':
      return { kind: 'signal', signal: toApiSignal(event.signal, { language, timezone }) };
    case 'alert':
      return { kind: 'alert', alert: toApiAlert(event.alert, { language, timezone }) };
    case 'source':
      return { kind: 'source', source: toApiSource(event.source) };
    case 'triage':
      return { kind: 'triage', id: event.id, brand: event.brand, triage: toApiTriage(event.triage) };
    default:
      return event.brand === undefined
        ? { kind: 'removed', id: event.id }
        : { kind: 'removed', id: event.id, brand: event.brand };
  }
}
