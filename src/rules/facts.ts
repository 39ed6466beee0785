/** What is known of one brand while its rules are evaluated: counts, open signals, business figures, blind times. */
import type { KeyedState } from '../model/ports.ts';
import type { Alert, Brand, Mention, Millis, Signal } from '../model/types.ts';
import type { Sight } from './evaluate.ts';
import type { Phase } from './lifecycle.ts';
import { DAY_MS, Fold, type FoldFilter, type Need, type Place } from './metrics.ts';
import { isAdditive, isDistinct } from './rule.ts';

/** Open signals followed per brand; further ones are counted and left out. */
const MAX_OPEN = 200;
const MAX_GAPS = 40;
const MAX_VIAS = 30;
const MAX_KPI_VALUES = 400;
/** A source that gives less than this share of a brand's mentions may be blind without the brand being so. */
const MATTERS = 0.1;
const KEPT_MS = 15 * DAY_MS;
const HISTORY_MS = 30 * DAY_MS;
const GATHER_MS = 600_000;
const LEARNING_MS = 2 * DAY_MS;

/** What is kept of an alert while it is pending or firing. */
export type Active = { rule: string; scope: string; phase: Phase; alert: Alert };

/** Moments; -1: not yet. */
type Head = {
  /** The last moment at which something happened for this brand. */
  clock: Millis;
  /** First mention or history. */
  from: Millis;
  /** When the first mention that is no history came. */
  live: Millis;
  /** `at` of the last mention that is no history. */
  last: Millis;
  /** When history has been gathered and is taught. */
  teachAt: Millis;
  /** Day of the last pruning. */
  pruned: number;
  /** What was left out because there was too much of it. */
  dropped: number;
  readonly active: string[];
  readonly open: string[];
  /** Mentions by configured source: whose blindness matters. */
  readonly vias: Record<string, number>;
  /** `at` of the last mention that each fold counted. */
  readonly lasts: Record<string, Millis>;
};

type Gap = [from: Millis, to: Millis];

/** What a brand's rules ask for, once for all their evaluations. */
export interface BrandPlan {
  readonly brand: Brand;
  readonly folds: ReadonlyMap<string, { readonly filter: FoldFilter; readonly needs: readonly Need[] }>;
}

/** The memory of one brand over its keyed state; made again from it at any time. */
export class BrandFacts {
  readonly state: KeyedState;
  readonly head: Head;
  readonly folds: ReadonlyMap<string, Fold>;
  readonly open = new Map<string, Signal>();
  readonly active = new Map<string, Active>();
  due: Millis | undefined;
  /** One view per rule, in the order of the plan: they are asked at every mention. */
  sights: readonly Sight[] = [];
  /** The moment for which values are read: the brand's own clock, or a later one at which another brand looks at it. */
  #now: Millis;
  #changed = false;
  readonly #foldList: readonly Fold[];
  readonly #gaps: Gap[];
  readonly #kpis = new Map<string, [Millis, number][]>();

  constructor(state: KeyedState, head: Head, plan: BrandPlan) {
    this.state = state;
    this.head = head;
    this.#now = head.clock;
    this.#gaps = state.get<Gap[]>('gaps') ?? [];
    for (const id of head.open) {
      const signal = state.get<Signal>(`open/${id}`);
      if (signal) this.open.set(id, signal);
    }
    for (const key of head.active) {
      const active = state.get<Active>(`alert/${key}`);
      if (active) this.active.set(key, active);
    }
    const context = {
      state,
      from: () => (head.from < 0 ? undefined : head.from),
      blind: (from: Millis, to: Millis) => this.blind(from, to),
      lasts: head.lasts,
      gathering: () => head.teachAt >= 0,
    };
    const clock = head.clock < 0 ? undefined : head.clock;
    this.folds = new Map(
      [...plan.folds].map(([key, { filter, needs }]) => [key, new Fold(context, filter, needs, clock)]),
    );
    this.#foldList = [...this.folds.values()];
  }

  get learning(): boolean {
    return this.head.from < 0 || this.#now - this.head.from < LEARNING_MS;
  }

  /** When the brand will have enough history. */
  get learnedAt(): Millis | undefined {
    return this.head.from < 0 ? undefined : this.head.from + LEARNING_MS;
  }

  /** Moves everything to the clock, which never goes back but by `reset`. */
  advance(clock: Millis): void {
    const { head } = this;
    if (clock > head.clock) {
      head.clock = clock;
      this.saveHead();
    }
    this.view(head.clock);
    const day = Math.floor(head.clock / DAY_MS);
    if (day === head.pruned) return;
    head.pruned = day;
    for (const fold of this.#foldList) fold.prune(head.clock);
    const old = this.#gaps.filter(([, to]) => to < head.clock - KEPT_MS).length;
    if (old > 0) {
      this.#gaps.splice(0, old);
      this.state.set('gaps', this.#gaps);
    }
    this.saveHead();
  }

  /** The moment for which values are read. */
  get now(): Millis {
    return this.#now;
  }

  /** Brings the counts to a moment without anything happening for this brand: what it waits for stays. */
  view(clock: Millis): void {
    this.#now = Math.max(this.#now, clock);
    for (const fold of this.#foldList) fold.advance(this.#now);
  }

  /** Marks the head as changed; `flush` hands it over, once for all that happened in a call. */
  saveHead(): void {
    this.#changed = true;
  }

  flush(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.state.set('head', this.head);
  }

  count(mention: Mention): void {
    const { head } = this;
    if (head.from < 0 || mention.at < head.from) head.from = Math.max(mention.at, head.clock - HISTORY_MS);
    if (head.live < 0) head.live = head.clock;
    if (mention.at > head.last) head.last = mention.at;
    this.saveHead();
    this.#noteVia(mention.via);
    for (const fold of this.#foldList) if (fold.filter.matches(mention)) fold.add(mention);
  }

  countHistory(mention: Mention): void {
    const { head } = this;
    if (mention.at < head.clock - HISTORY_MS) return;
    if (head.from < 0 || mention.at < head.from) head.from = mention.at;
    if (head.teachAt < 0 && (head.live < 0 || head.clock - head.live < LEARNING_MS))
      head.teachAt = head.clock + GATHER_MS;
    this.saveHead();
    this.#noteVia(mention.via);
    for (const fold of this.#foldList) if (fold.filter.matches(mention)) fold.addHistory(mention);
  }

  teachHistory(): void {
    this.head.teachAt = -1;
    this.saveHead();
    const early = this.head.live < 0 || this.head.clock - this.head.live < LEARNING_MS;
    for (const fold of this.#foldList) {
      if (early) fold.teachHistory();
      else fold.learnSoon();
    }
  }

  snapshot(): void {
    for (const fold of this.#foldList) fold.snapshot(this.head.clock);
  }

  /** Follows the detectors' episodes. */
  follow(signals: readonly Signal[]): void {
    for (const signal of signals) {
      if (signal.state === 'close') {
        if (!this.open.delete(signal.id)) continue;
        this.state.set(`open/${signal.id}`, undefined);
        this.#saveOpen();
      } else if (this.open.has(signal.id) || this.open.size < MAX_OPEN) {
        const fresh = !this.open.has(signal.id);
        this.open.set(signal.id, signal);
        this.state.set(`open/${signal.id}`, signal);
        if (fresh) this.#saveOpen();
      } else {
        this.head.dropped++;
        this.saveHead();
      }
    }
  }

  keep(key: string, active: Active | undefined): void {
    const known = this.active.has(key);
    if (active) this.active.set(key, active);
    else this.active.delete(key);
    this.state.set(`alert/${key}`, active);
    if (known !== (active !== undefined)) {
      this.head.active.splice(0, this.head.active.length, ...this.active.keys());
      this.saveHead();
    }
  }

  noteKpi(name: string, value: number, at: Millis): void {
    const values = this.#kpi(name);
    const place = values.findLastIndex(([when]) => when <= at) + 1;
    values.splice(place, 0, [at, value]);
    const excess = Math.max(
      values.length - MAX_KPI_VALUES,
      values.findIndex(([when]) => when >= at - KEPT_MS),
    );
    if (excess > 0) values.splice(0, excess);
    this.state.set(`kpi/${name}`, values);
    if (at > this.head.last) {
      this.head.last = at;
      this.saveHead();
    }
  }

  noteGap(via: string, from: Millis, to: Millis): void {
    if (!this.#matters(via)) return;
    const inside = this.#gaps.some((gap) => gap[0] <= from && gap[1] === to);
    if (inside) return;
    this.#gaps.push([from, to]);
    this.#gaps.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    if (this.#gaps.length > MAX_GAPS) this.#gaps.shift();
    this.state.set('gaps', this.#gaps);
  }

  /** A gap is known once it is over, at whichever moment its entry was read: with ticks or without, the same. */
  blind(from: Millis, to: Millis): boolean {
    return this.#gaps.some((gap) => gap[0] < to && gap[1] > from && gap[1] < this.#now);
  }

  /** When blindness ended, of the gaps that are remembered. */
  get sightings(): readonly Millis[] {
    return this.#gaps.map(([, to]) => to);
  }

  forgetPost(id: string): void {
    for (const fold of this.#foldList) fold.recent.remove(id);
    for (const [key, signal] of this.open) {
      if (!signal.evidence.includes(id)) continue;
      const kept = { ...signal, evidence: signal.evidence.filter((post) => post !== id) };
      this.open.set(key, kept);
      this.state.set(`open/${key}`, kept);
    }
    for (const [key, active] of this.active) {
      const { alert } = active;
      if (!alert.evidence.includes(id)) continue;
      this.keep(key, { ...active, alert: { ...alert, evidence: alert.evidence.filter((post) => post !== id) } });
    }
  }

  /** The clock goes back: what lies after it was mis-dated. */
  reset(clock: Millis): void {
    const { head } = this;
    head.clock = clock;
    this.#now = clock;
    for (const moment of ['from', 'live', 'last'] as const) head[moment] = Math.min(head[moment], clock);
    if (head.teachAt > clock + GATHER_MS) head.teachAt = clock + GATHER_MS;
    head.pruned = Math.min(head.pruned, Math.floor(clock / DAY_MS));
    for (const [id, signal] of this.open) {
      if (signal.startedAt <= clock) continue;
      this.open.delete(id);
      this.state.set(`open/${id}`, undefined);
    }
    this.#saveOpen();
    for (const name of this.#kpis.keys()) {
      const values = this.#kpi(name).filter(([at]) => at <= clock);
      this.#kpis.set(name, values);
      this.state.set(`kpi/${name}`, values);
    }
    for (const fold of this.#foldList) {
      fold.forgetAfter(clock);
      fold.advance(clock);
    }
    this.saveHead();
  }

  /** A metric's value; undefined while it cannot be had. `rivals`: the brands that share the voice. */
  value(
    key: string,
    metric: string,
    windowMs: Millis,
    place: Place,
    rivals: () => readonly BrandFacts[],
  ): number | undefined {
    const clock = this.#now;
    if (metric.startsWith('kpi:')) return this.#kpiValue(metric.slice(4), windowMs, place);
    const fold = this.folds.get(key);
    if (!fold) return undefined;
    if (isAdditive(metric) || isDistinct(metric)) return fold.value(metric, windowMs, place, clock);
    const read = (name: 'mentions' | 'negative' | 'positive' | 'neutral'): number | undefined =>
      fold.value(name, windowMs, place, clock);
    switch (metric) {
      case 'negative_share':
        return share(read('negative'), read('mentions'));
      case 'net_sentiment': {
        const [positive = 0, negative = 0, neutral = 0] = [read('positive'), read('negative'), read('neutral')];
        const judged = positive + negative + neutral;
        return judged === 0 ? undefined : (100 * (positive - negative)) / judged;
      }
      case 'share_of_voice': {
        const own = read('mentions');
        let all = own;
        for (const rival of rivals()) {
          const theirs = rival.value(key, 'mentions', windowMs, place, rivals);
          if (all !== undefined && theirs !== undefined) all += theirs;
        }
        return share(own, all);
      }
      case 'growth': {
        const [now, before] = [read('mentions'), fold.value('mentions', windowMs, 'previous', clock)];
        return now === undefined || before === undefined ? undefined : (now - before) / Math.max(before, 1);
      }
      case 'minutes_since_last': {
        // Nothing was heard while a source was blind: that is no silence, which is counted from its end.
        if (fold.last === undefined) return undefined;
        let since = fold.last;
        for (const [, to] of this.#gaps) if (to < clock) since = Math.max(since, to);
        return (clock - since) / 60_000;
      }
      default:
        return undefined;
    }
  }

  /** When a value of a period can be had at last: the largest of its parts. */
  readyAt(key: string, metric: string, windowMs: Millis, place: Place): Millis {
    const fold = this.folds.get(key);
    if (!fold || metric.startsWith('kpi:')) return 0;
    const parts =
      metric === 'negative_share'
        ? ['negative', 'mentions']
        : isAdditive(metric) || isDistinct(metric)
          ? [metric]
          : ['mentions'];
    const needed = metric === 'growth' ? 'previous' : place;
    return Math.max(...parts.map((part) => fold.readyAt(part, windowMs, needed, this.head.clock)));
  }

  #kpiValue(name: string, windowMs: Millis, place: Place): number | undefined {
    const lag =
      place === 'previous' ? windowMs : place === 'yesterday' ? DAY_MS : place === 'last_week' ? 7 * DAY_MS : 0;
    const to = this.#now - lag;
    const found = this.#kpi(name).findLast(([at]) => at <= to);
    return found && found[0] > to - windowMs ? found[1] : undefined;
  }

  #kpi(name: string): [Millis, number][] {
    let values = this.#kpis.get(name);
    if (!values) {
      values = this.state.get<[Millis, number][]>(`kpi/${name}`) ?? [];
      this.#kpis.set(name, values);
    }
    return values;
  }

  #saveOpen(): void {
    this.head.open.splice(0, this.head.open.length, ...this.open.keys());
    this.saveHead();
  }

  #noteVia(via: string): void {
    const { vias } = this.head;
    if (vias[via] === undefined && Object.keys(vias).length >= MAX_VIAS) return;
    const count = (vias[via] ?? 0) + 1;
    vias[via] = count;
    // Halved from time to time, so that what a source gave long ago fades.
    if (count > 10_000) for (const name of Object.keys(vias)) vias[name] = (vias[name] ?? 0) / 2;
  }

  #matters(via: string): boolean {
    let total = 0;
    for (const count of Object.values(this.head.vias)) total += count;
    return total === 0 || (this.head.vias[via] ?? 0) >= MATTERS * total;
  }
}

/** A brand that was never seen. */
export function newHead(): Head {
  return {
    clock: -1,
    from: -1,
    live: -1,
    last: -1,
    teachAt: -1,
    pruned: -1,
    dropped: 0,
    active: [],
    open: [],
    vias: {},
    lasts: {},
  };
}

function share(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
