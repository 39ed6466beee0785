/** Drives one detector the way the pipeline does: dues first, in order, each at its own time. */
import { expect } from 'vitest';
import { MapState } from '../../src/lib/map-state.ts';
import type { Detector } from '../../src/model/ports.ts';
import type { Json, Mention, Millis, Signal } from '../../src/model/types.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A Monday at midnight, UTC. */
export const T0 = Date.UTC(2024, 4, 6);

/** A repeatable source of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Moments from `from` to `to`, `perHour` on average, steadier than chance would have it: what a test calls calm must hold
 * nothing that a detector may rightly find.
 */
export function moments(random: () => number, from: Millis, to: Millis, perHour: number): Millis[] {
  const times: Millis[] = [];
  for (let at = from; ; ) {
    at += Math.ceil(((0.5 + random()) * HOUR) / perHour);
    if (at >= to) return times;
    times.push(at);
  }
}

/** A negative mention, so that it counts for every detector of volume. */
export function mention(id: string, at: Millis, more: Partial<Mention> = {}): Mention {
  return {
    id,
    source: 'x',
    via: 'x-stream',
    op: 'create',
    text: 'Nothing works any more.',
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: 'client',
    brand: 'acme',
    own: false,
    language: 'en',
    sentiment: { label: 'negative', score: -0.8, confidence: 0.9, unsure: false, words: [] },
    terms: [],
    topics: [],
    links: [],
    fingerprint: id,
    ...more,
  };
}

export interface DriveOptions {
  /** Takes the state through JSON after every call. */
  readonly restore?: boolean;
  /** Lets the clock stop at every multiple of this, as ticks do. */
  readonly tickMs?: Millis;
  readonly watch?: Watch;
}

/** What is said in the tests of a detector, by number of the mention; left out: nothing but that something is. */
export interface Watch {
  /** What people say on any day. */
  readonly calm: (index: number) => Partial<Mention>;
  /** What they say when something happens. */
  readonly surge: (index: number) => Partial<Mention>;
}

export class Drive {
  readonly signals: Signal[] = [];
  readonly dues: Millis[] = [];
  readonly brand = 'acme';
  clock: Millis = 0;
  state = new MapState();
  #count = 0;
  readonly #detector: Detector;
  readonly #options: DriveOptions;

  constructor(detector: Detector, options: DriveOptions = {}) {
    this.#detector = detector;
    this.#options = options;
  }

  /** Moves the clock, doing everything that falls due on the way. */
  to(clock: Millis): this {
    const { tickMs } = this.#options;
    if (tickMs !== undefined && this.clock > 0) {
      for (let at = (Math.floor(this.clock / tickMs) + 1) * tickMs; at < clock; at += tickMs) this.#advance(at);
    }
    this.#advance(clock);
    return this;
  }

  /** One mention, observed when it was published unless said otherwise. */
  say(at: Millis, more: Partial<Mention> & { readonly observedAt?: Millis } = {}): this {
    const observedAt = more.observedAt ?? at;
    this.to(Math.max(observedAt, this.clock));
    const index = this.#count++;
    const said = mention(`x:${index}`, at, { ...this.#options.watch?.calm(index), ...more, observedAt });
    this.#call(() => this.#detector.onMention(this.state, said, this.clock, this.#emit(this.clock)));
    return this;
  }

  all(times: readonly Millis[], more: Partial<Mention> = {}): this {
    for (const at of times) this.say(at, more);
    return this;
  }

  /** Mentions of what happens, where the detector looks at what is said. */
  surge(times: readonly Millis[], more: Partial<Mention> = {}): this {
    for (const at of times) this.say(at, { ...more, ...this.#options.watch?.surge(this.#count) });
    return this;
  }

  history(at: Millis, more: Partial<Mention> = {}): this {
    const index = this.#count++;
    const old = mention(`h:${index}`, at, {
      ...this.#options.watch?.calm(index),
      ...more,
      backfill: true,
      observedAt: this.clock,
    });
    this.#call(() => this.#detector.onHistory(this.state, old, this.clock));
    return this;
  }

  /** A gap is told before the clock moves to its arrival. */
  gap(via: string, from: Millis, to: Millis, observedAt: Millis = to): this {
    this.#call(() => this.#detector.onGap(this.state, this.brand, via, from, to));
    return this.to(observedAt);
  }

  reset(clock: Millis): this {
    this.#call(() => this.#detector.onReset(this.state, this.brand, clock));
    this.clock = clock;
    return this;
  }

  remove(id: string): this {
    this.#call(() => this.#detector.onRemove(this.state, this.brand, id));
    return this;
  }

  /** Episodes that opened: of the brand as a whole, or, where the detector looks at what is said, of anything. */
  opened(scope?: string): Signal[] {
    return this.#episodes('open', scope);
  }

  closed(scope?: string): Signal[] {
    return this.#episodes('close', scope);
  }

  #episodes(state: Signal['state'], scope: string | undefined): Signal[] {
    const wanted = scope ?? (this.#options.watch ? undefined : '*');
    return this.signals.filter((signal) => signal.state === state && (wanted === undefined || signal.scope === wanted));
  }

  /** Bytes of the whole state as JSON. */
  get bytes(): number {
    let total = 0;
    for (const key of this.state.keys()) total += key.length + JSON.stringify(this.state.get(key)).length;
    return total;
  }

  #advance(clock: Millis): void {
    for (;;) {
      const due = this.#detector.nextDue(this.state, this.brand);
      if (due === undefined || due > clock) break;
      expect(due, 'a due moment lies behind the clock').toBeGreaterThan(this.clock);
      this.clock = due;
      this.dues.push(due);
      this.#call(() => this.#detector.onClock(this.state, this.brand, due, this.#emit(due)));
    }
    this.clock = Math.max(this.clock, clock);
  }

  #emit(at: Millis): (signal: Signal) => void {
    return (signal) => {
      expect(signal.at).toBe(at);
      this.signals.push(signal);
    };
  }

  #call(work: () => void): void {
    work();
    if (!this.#options.restore) return;
    const kept = [...this.state.keys()].map((key): [string, Json] => [key, this.state.get(key) as Json]);
    this.state = new MapState(JSON.parse(JSON.stringify(kept)) as [string, Json][]);
  }
}
