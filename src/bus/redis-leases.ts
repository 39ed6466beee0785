/** Leases between processes: a key that runs out, an epoch that only grows, and a fair share of the partitions for each node. */
import { clearTimeout, setTimeout } from 'node:timers';
import { Observable, type Subscriber } from 'rxjs';
import type { Lease } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';
import { Bell } from './bell.ts';
import { type RedisLink, script } from './redis-link.ts';

const take = script('lease-take');
const renew = script('lease-renew');
const release = script('lease-release');
const beat = script('node-beat');
const leave = script('node-leave');

/** Where a lease lies. */
export interface LeaseKeys {
  readonly lease: string;
  readonly epochs: string;
  /** The partition it is for; undefined for sources and the alert role. */
  readonly partition: number | undefined;
}

export interface RedisLeasesOptions {
  readonly link: RedisLink;
  /** Who asks: different in each process. */
  readonly node: string;
  readonly partitions: number;
  /** A holder that is silent this long loses the lease. */
  readonly ttlMs: Millis;
  readonly keysOf: (name: string) => LeaseKeys;
  readonly nodesKey: string;
  readonly channel: string;
  /** Told when Redis could not be asked. */
  readonly onError: (error: unknown) => void;
}

interface Place {
  readonly subscriber: Subscriber<Lease | undefined>;
}

interface Held {
  readonly lease: Lease;
  readonly place: Place;
  /** When it was last asked for with success; it is ours until `ttlMs` later, by our own clock. */
  askedAt: number;
  deadline: NodeJS.Timeout;
}

interface Contest extends LeaseKeys {
  readonly name: string;
  places: readonly Place[];
  held: Held | undefined;
}

/**
 * Wins, renews and gives back leases. Within a process the first who asked is served first; between processes nobody is before
 * another, but no node takes more than its share of the partitions.
 */
export class RedisLeases {
  #o: RedisLeasesOptions;
  #contests = new Map<string, Contest>();
  #bell = new Bell();
  #woken = false;
  #over = new AbortController();
  #running = false;
  #nodes = 0;
  #nextGoneMs = 0;
  #listed = false;
  #giving = new Set<Promise<unknown>>();

  constructor(options: RedisLeasesOptions) {
    this.#o = options;
  }

  lease(name: string): Observable<Lease | undefined> {
    return new Observable((subscriber) => {
      if (this.#over.signal.aborted) {
        subscriber.complete();
        return;
      }
      const place: Place = { subscriber };
      const contest = this.#contests.get(name) ?? { ...this.#o.keysOf(name), name, places: [], held: undefined };
      contest.places = [...contest.places, place];
      this.#contests.set(name, contest);
      subscriber.add(() => {
        contest.places = contest.places.filter((other) => other !== place);
        if (contest.held?.place === place) this.#giveBack(contest);
        if (contest.places.length === 0 && this.#contests.get(name) === contest) this.#contests.delete(name);
        this.wake();
      });
      this.wake();
    });
  }

  /** Something has changed elsewhere: look again. */
  wake(): void {
    this.#woken = true;
    this.#bell.ring();
    if (this.#running || this.#over.signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  /** Redis has refused a write with this lease: whoever works with it is told. */
  refused({ name, epoch }: Lease): void {
    const contest = this.#contests.get(name);
    if (contest?.held?.lease.epoch !== epoch) return;
    this.#lose(contest);
    this.wake();
  }

  /** Tells every holder, gives every lease back; what Redis does not take within a second runs out by itself. */
  async close(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    const contests = [...this.#contests.values()];
    this.#contests.clear();
    for (const contest of contests) {
      if (contest.held) this.#giveBack(contest)?.subscriber.next(undefined);
    }
    for (const { subscriber } of contests.flatMap(({ places }) => places)) subscriber.complete();
    if (this.#listed) this.#leave();
    await Promise.all(this.#giving);
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted && (this.#contests.size > 0 || this.#listed)) {
      const startedAt = performance.now();
      this.#woken = false;
      await Promise.all([this.#beat(), ...this.#heldNow().map((contest) => this.#renew(contest))]);
      this.#giveSurplus();
      const freeInMs = await this.#takeFree();
      const waitMs = Math.min(this.#o.ttlMs / 3 - (performance.now() - startedAt), freeInMs, this.#nextGoneMs);
      if (!this.#woken) await this.#bell.wait(Math.max(5, waitMs), this.#over.signal);
    }
    this.#running = false;
  }

  /** Says that we live, and learns how many do; without a wish for partitions we are not counted. */
  async #beat(): Promise<void> {
    const { link, node, ttlMs, nodesKey, channel } = this.#o;
    this.#nextGoneMs = ttlMs;
    if (!this.#contests.values().some(({ partition }) => partition !== undefined)) {
      if (this.#listed) this.#leave();
      return;
    }
    try {
      const answer = await link.run(beat, 'a heartbeat', [nodesKey], [node, ttlMs, channel], { withinMs: ttlMs / 4 });
      const [nodes, gone] = answer as [number, number];
      this.#listed = true;
      this.#nodes = nodes;
      this.#nextGoneMs = gone + 5;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #renew(contest: Contest): Promise<void> {
    const { held } = contest;
    const { ttlMs, node, link } = this.#o;
    const askedAt = performance.now();
    if (held === undefined || askedAt - held.askedAt < ttlMs / 3 - 20) return;
    try {
      const answer = await link.run(
        renew,
        `renewing the lease ${contest.name}`,
        [contest.lease, contest.epochs],
        [contest.name, node, ttlMs, held.lease.epoch],
        { withinMs: ttlMs / 4 },
      );
      if (contest.held !== held) return;
      if (answer === 1) {
        held.askedAt = askedAt;
        clearTimeout(held.deadline);
        held.deadline = this.#deadline(contest, held.lease, askedAt);
      } else this.#lose(contest);
    } catch (error) {
      this.#failed(error);
    }
  }

  #giveSurplus(): void {
    const held = this.#heldNow().filter(({ partition }) => partition !== undefined);
    for (const contest of held.slice(this.#share())) {
      // First the work stops, then the lease goes: what is still under way is committed before the next holder, or refused.
      this.#giveBack(contest)?.subscriber.next(undefined);
    }
  }

  /** Tries for what nobody holds. Answers how long until the first of the others' leases runs out. */
  async #takeFree(): Promise<Millis> {
    const wanted = [...this.#contests.values()].filter(({ held, places }) => held === undefined && places.length > 0);
    const free = wanted.filter(({ partition }) => partition === undefined);
    const { partitions, node } = this.#o;
    const first = Number.parseInt(node.slice(0, 6), 16) % partitions || 0;
    const rank = (contest: Contest): number => ((contest.partition ?? 0) - first + partitions) % partitions;
    const shared = wanted.filter(({ partition }) => partition !== undefined).toSorted((a, b) => rank(a) - rank(b));
    let soonest = Number.POSITIVE_INFINITY;
    const attempt = async (contest: Contest): Promise<void> => {
      soonest = Math.min(soonest, await this.#take(contest));
    };
    const tryShared = async (): Promise<void> => {
      for (let next = 0; next < shared.length; ) {
        const room = this.#share() - this.#heldNow().filter(({ partition }) => partition !== undefined).length;
        if (room <= 0 || this.#over.signal.aborted) return;
        const wave = shared.slice(next, next + room);
        next += wave.length;
        await Promise.all(wave.map(attempt));
      }
    };
    await Promise.all([tryShared(), ...free.map(attempt)]);
    return soonest;
  }

  async #take(contest: Contest): Promise<Millis> {
    const { link, node, ttlMs } = this.#o;
    const askedAt = performance.now();
    try {
      const answer = await link.run(
        take,
        `taking the lease ${contest.name}`,
        [contest.lease, contest.epochs],
        [contest.name, node, ttlMs],
        { withinMs: ttlMs / 4, write: true },
      );
      const [word, value] = answer as ['won', string] | ['held', number];
      if (word === 'held') return Math.max(0, value) + 5;
      this.#grant(contest, { name: contest.name, epoch: Number(value) }, askedAt);
    } catch (error) {
      this.#failed(error);
    }
    return Number.POSITIVE_INFINITY;
  }

  #grant(contest: Contest, lease: Lease, askedAt: number): void {
    const place = contest.places[0];
    if (place === undefined || this.#over.signal.aborted) {
      this.#release(contest, lease);
      return;
    }
    contest.held = { lease, place, askedAt, deadline: this.#deadline(contest, lease, askedAt) };
    place.subscriber.next(lease);
  }

  /** Without an answer from Redis we stop at the moment at which another may begin. */
  #deadline(contest: Contest, lease: Lease, askedAt: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        if (contest.held?.lease.epoch !== lease.epoch) return;
        this.#lose(contest);
        this.wake();
      },
      Math.max(0, askedAt + this.#o.ttlMs - performance.now()),
    );
  }

  #lose(contest: Contest): void {
    const { held } = contest;
    if (held === undefined) return;
    clearTimeout(held.deadline);
    contest.held = undefined;
    held.place.subscriber.next(undefined);
  }

  /** Gives a held lease back; answers whose it was. */
  #giveBack(contest: Contest): Place | undefined {
    const { held } = contest;
    if (held === undefined) return undefined;
    clearTimeout(held.deadline);
    contest.held = undefined;
    this.#release(contest, held.lease);
    return held.place;
  }

  #release(contest: Contest, lease: Lease): void {
    const { link, node, channel } = this.#o;
    const keys = [contest.lease, contest.epochs];
    this.#giveAway(
      link.run(release, `giving back the lease ${lease.name}`, keys, [lease.name, node, lease.epoch, channel], {
        withinMs: 1_000,
      }),
    );
  }

  #leave(): void {
    const { link, node, nodesKey, channel } = this.#o;
    this.#listed = false;
    this.#giveAway(link.run(leave, 'leaving', [nodesKey], [node, channel], { withinMs: 1_000 }));
  }

  #giveAway(work: Promise<unknown>): void {
    const done = work.catch((error: unknown) => this.#failed(error)).finally(() => this.#giving.delete(done));
    this.#giving.add(done);
  }

  #heldNow(): readonly Contest[] {
    return [...this.#contests.values()].filter(({ held }) => held !== undefined);
  }

  /** How many partitions this node may have; none before it is known how many nodes there are. */
  #share(): number {
    return this.#nodes === 0 ? 0 : Math.ceil(this.#o.partitions / this.#nodes);
  }

  #failed(error: unknown): void {
    if (!this.#over.signal.aborted) this.#o.onError(error);
  }
}
