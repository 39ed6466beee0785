/**
 * The fold behind the log: entries in, signals and alert transitions out, state by key. Knows no time but the entries',
 * no I/O and no batch: the same entries give the same output however they are cut, ticked or restarted.
 */
import { DueHeap } from '../lib/heap.ts';
import { MapState, under } from '../lib/map-state.ts';
import type { Detector, KeyedState } from '../model/ports.ts';
import type { Alert, Brand, Entry, Json, Mention, Millis, Signal } from '../model/types.ts';
import type { RuleContext, RuleEngine } from '../rules/engine-port.ts';
import { Gone, Seen } from './seen.ts';

/** Something that happened, in the order in which it did. */
export type AnalysisEvent =
  | { readonly kind: 'signal'; readonly client: string; readonly signal: Signal }
  | { readonly kind: 'alert'; readonly alert: Alert };

/** A post that must leave the store: for every brand, or for the named ones. */
export interface Removal {
  readonly id: string;
  readonly brands?: readonly string[];
  readonly observedAt: Millis;
}

/** What a run of entries left to be written. */
export interface Analysed {
  readonly mentions: readonly Mention[];
  readonly removals: readonly Removal[];
  readonly events: readonly AnalysisEvent[];
  readonly dropped: Readonly<Record<string, number>>;
}

export interface AnalyserOptions {
  /** The brands of this partition. */
  readonly brands: readonly Brand[];
  readonly detectors: readonly Detector[];
  readonly rules: RuleEngine;
}

interface BrandFold {
  readonly brand: Brand;
  readonly index: number;
  readonly seen: Seen;
  readonly detectors: readonly { readonly detector: Detector; readonly state: KeyedState }[];
  due: Millis;
}

/** One partition's memory. After an error it is thrown away and made again from its checkpoint, never repaired. */
export class PartitionAnalyser {
  readonly #state: MapState;
  readonly #folds: readonly BrandFold[];
  readonly #byId: ReadonlyMap<string, BrandFold>;
  readonly #rules: RuleEngine;
  readonly #context: RuleContext;
  readonly #gone: Gone;
  readonly #dues = new DueHeap();
  #clock: Millis;
  #mentions: Mention[] = [];
  #removals: Removal[] = [];
  #events: AnalysisEvent[] = [];
  #dropped: Record<string, number> = {};

  constructor({ brands, detectors, rules }: AnalyserOptions, state: Iterable<readonly [string, Json]> = []) {
    this.#state = new MapState(state);
    this.#clock = this.#state.get<number>('clock') ?? 0;
    this.#rules = rules;
    this.#gone = new Gone(under(this.#state, 'gone/'));
    this.#folds = [...brands]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((brand, index) => ({
        brand,
        index,
        seen: new Seen(under(this.#state, `seen/${brand.id}/`)),
        detectors: detectors.map((detector) => ({
          detector,
          state: under(this.#state, `${detector.name}/${brand.id}/`),
        })),
        due: Infinity,
      }));
    this.#byId = new Map(this.#folds.map((fold) => [fold.brand.id, fold]));
    const ruleStates = new Map(this.#folds.map(({ brand }) => [brand.id, under(this.#state, `rules/${brand.id}/`)]));
    this.#context = {
      state: (brand) => ruleStates.get(brand) ?? under(this.#state, `rules/${brand}/`),
      emit: (alert) => this.#events.push({ kind: 'alert', alert }),
    };
    for (const fold of this.#folds) this.#schedule(fold);
  }

  /** The largest `observedAt` read so far; 0 before the first entry. */
  get clock(): Millis {
    return this.#clock;
  }

  /** When something falls due next; a tick then makes us notice in time. Infinity: nothing is waiting. */
  get nextDue(): Millis {
    return this.#dues.peek();
  }

  apply(entry: Entry): void {
    // What a gap covers must be known before the clock moves over it and would have taught it as calm.
    if (entry.kind === 'gap') this.#gap(entry.via, entry.from, entry.to);
    if (entry.kind === 'reset') this.#reset(entry.observedAt);
    const observedAt = entry.kind === 'mention' ? entry.mention.observedAt : entry.observedAt;
    this.#advance(observedAt);
    if (entry.kind === 'mention') this.#mention(entry.mention);
    else if (entry.kind === 'update') this.#update(entry.id, entry.brands, observedAt);
    else if (entry.kind === 'delete') this.#delete(entry.id, observedAt);
    else if (entry.kind === 'kpi') this.#kpi(entry);
  }

  /** Hands over what the entries since the last call left, and starts anew. */
  take(): Analysed {
    const analysed = {
      mentions: this.#mentions,
      removals: this.#removals,
      events: this.#events,
      dropped: this.#dropped,
    };
    this.#mentions = [];
    this.#removals = [];
    this.#events = [];
    this.#dropped = {};
    return analysed;
  }

  /** The keys of the state that changed since the last call; `undefined` removes one. */
  changes(): Map<string, Json | undefined> {
    for (const fold of this.#folds) fold.seen.flush(this.#clock);
    this.#gone.flush();
    this.#state.set('clock', this.#clock);
    return this.#state.takeChanges();
  }

  /** Everything that falls due in (clock, to] happens now, in order, each as of its own time. */
  #advance(to: Millis): void {
    if (to <= this.#clock) return;
    while (this.#dues.peek() <= to) {
      const { due, index } = this.#dues.pop() as { due: number; index: number };
      const fold = this.#folds[index] as BrandFold;
      if (fold.due !== due) continue;
      this.#clock = Math.max(this.#clock, due);
      this.#onClock(fold, due);
      this.#schedule(fold);
      if (fold.due <= due)
        throw new Error(`what fell due for ${fold.brand.id} at ${due} stays due: a detector or rule does not move on`);
    }
    this.#clock = to;
  }

  #onClock(fold: BrandFold, due: Millis): void {
    const signals: Signal[] = [];
    for (const { detector, state } of fold.detectors) {
      const at = detector.nextDue(state, fold.brand.id);
      if (at !== undefined && at <= due) detector.onClock(state, fold.brand.id, due, (signal) => signals.push(signal));
    }
    this.#report(fold, signals);
    const ruleDue = this.#rules.nextDue(this.#context, fold.brand.id);
    if (signals.length > 0 || (ruleDue !== undefined && ruleDue <= due))
      this.#rules.onClock(this.#context, fold.brand.id, due, signals);
  }

  #schedule(fold: BrandFold): void {
    let due = this.#rules.nextDue(this.#context, fold.brand.id) ?? Infinity;
    for (const { detector, state } of fold.detectors)
      due = Math.min(due, detector.nextDue(state, fold.brand.id) ?? Infinity);
    if (due === fold.due) return;
    fold.due = due;
    if (due !== Infinity) this.#dues.push(due, fold.index);
  }

  #mention(mention: Mention): void {
    const fold = this.#byId.get(mention.brand);
    if (!fold) return this.#drop('unknown-brand');
    if (this.#gone.has(mention.id)) return this.#drop('deleted-before');
    const known = fold.seen.note(mention.id, contentOf(mention), this.#clock);
    if (known === 'same') return this.#drop('seen');
    this.#mentions.push(mention);
    if (known === 'edit' || mention.own) return;
    if (mention.backfill) {
      for (const { detector, state } of fold.detectors) detector.onHistory(state, mention, this.#clock);
      this.#rules.onHistory(this.#context, mention, this.#clock);
    } else {
      const signals: Signal[] = [];
      for (const { detector, state } of fold.detectors)
        detector.onMention(state, mention, this.#clock, (signal) => signals.push(signal));
      this.#report(fold, signals);
      this.#rules.onMention(this.#context, mention, signals, this.#clock);
    }
    this.#schedule(fold);
  }

  #report(fold: BrandFold, signals: readonly Signal[]): void {
    for (const signal of signals) this.#events.push({ kind: 'signal', client: fold.brand.client, signal });
  }

  #update(id: string, brands: readonly string[], observedAt: Millis): void {
    const lost = this.#folds.filter(({ brand }) => !brands.includes(brand.id));
    for (const fold of lost) if (fold.seen.has(id)) this.#remove(fold, id);
    if (lost.length > 0) this.#removals.push({ id, brands: lost.map(({ brand }) => brand.id), observedAt });
  }

  #delete(id: string, observedAt: Millis): void {
    this.#gone.add(id);
    for (const fold of this.#folds) if (fold.seen.has(id)) this.#remove(fold, id);
    this.#removals.push({ id, observedAt });
  }

  #remove(fold: BrandFold, id: string): void {
    for (const { detector, state } of fold.detectors) detector.onRemove(state, fold.brand.id, id);
    this.#rules.onRemove(this.#context, fold.brand.id, id);
  }

  #kpi({ brand, name, value, at }: Extract<Entry, { kind: 'kpi' }>): void {
    const fold = this.#byId.get(brand);
    if (!fold) return this.#drop('unknown-brand');
    this.#rules.onKpi(this.#context, brand, name, value, at, this.#clock);
    this.#schedule(fold);
  }

  #gap(via: string, from: Millis, to: Millis): void {
    for (const fold of this.#folds) {
      for (const { detector, state } of fold.detectors) detector.onGap(state, fold.brand.id, via, from, to);
      this.#rules.onGap(this.#context, fold.brand.id, via, from, to);
      this.#schedule(fold);
    }
  }

  #reset(clock: Millis): void {
    for (const fold of this.#folds) {
      for (const { detector, state } of fold.detectors) detector.onReset(state, fold.brand.id, clock);
      this.#rules.onReset(this.#context, fold.brand.id, clock);
    }
    this.#clock = clock;
    for (const fold of this.#folds) this.#schedule(fold);
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }
}

/** What makes an edit an edit: the words and the stars, not the counts. */
function contentOf({ title, text, rating }: Mention): string {
  return `${title ?? ''}\n${text}\n${rating ?? ''}`;
}
