/** What the pipeline asks of the rules. A fold like the detectors', over the brands of one partition. */
import type { KeyedState } from '../model/ports.ts';
import type { Alert, Mention, Millis, Signal, Text } from '../model/types.ts';

/** What the rules may touch during one call. */
export interface RuleContext {
  /** The rules' state of a brand. All brands of one client and group are here, so that rules can compare them. */
  readonly state: (brand: string) => KeyedState;
  /** One transition of one alert: pending, firing, graver, resolved. Pending ones are shown, never sent. */
  readonly emit: (alert: Alert) => void;
}

/**
 * Evaluates rules at every mention and signal of a brand, at every bucket end and at every moment that falls due (`for`,
 * `keep_firing_for`, a window that runs empty while an alert is pending or firing). Depends on its arguments alone.
 */
export interface RuleEngine {
  /** A mention to count (never backfill, never the brand's own, never a repeat) and the signals that it raised, in order. */
  onMention(context: RuleContext, mention: Mention, signals: readonly Signal[], clock: Millis): void;
  /** A mention that is history: it teaches `usual`, `yesterday`, `last_week`, and never alerts. */
  onHistory(context: RuleContext, mention: Mention, clock: Millis): void;
  /** The next moment at which `onClock` has something to do for this brand. */
  nextDue(context: RuleContext, brand: string): Millis | undefined;
  /** A due moment that the clock passes, with the signals that the detectors raised at that very moment (possibly none). */
  onClock(context: RuleContext, brand: string, due: Millis, signals: readonly Signal[]): void;
  onKpi(context: RuleContext, brand: string, name: string, value: number, at: Millis, clock: Millis): void;
  onGap(context: RuleContext, brand: string, via: string, from: Millis, to: Millis): void;
  /** A post was deleted or no longer names the brand: it leaves the evidence of open alerts. */
  onRemove(context: RuleContext, brand: string, postId: string): void;
  onReset(context: RuleContext, brand: string, clock: Millis): void;
  /** Which rules cannot judge this brand yet, and until when: for the page. */
  sleeping(context: RuleContext, brand: string): readonly Text[];
}
