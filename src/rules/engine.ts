/**
 * Rules over the brands of one partition: a fold that depends on the order of what it is given and on the clock, never on
 * batches, ticks or restarts. Its memory is derived from keyed state and made again from it at any time.
 */
import { type Format, formatFor } from '../i18n/language.ts';
import { BUCKET_MS } from '../lib/baseline.ts';
import { alertKey, partitionKey } from '../model/ids.ts';
import type { Alert, Brand, Mention, Millis, Severity, Signal, Text } from '../model/types.ts';
import type { RuleContext, RuleEngine } from './engine-port.ts';
import { completed, fits, follow, headline, holds, type Reasons, reasonsOf, type Sight, textOf } from './evaluate.ts';
import { type Active, BrandFacts, type BrandPlan, newHead } from './facts.ts';
import { filterKey, filterOf } from './filter.ts';
import { type Change, dueOf, type Phase, transition } from './lifecycle.ts';
import { type FoldFilter, MINUTE_MS, type Need, type Place } from './metrics.ts';
import {
  type Condition,
  isAdditive,
  isDistinct,
  isShare,
  leavesOf,
  type MetricLeaf,
  type Rule,
  type RuleSet,
  type SequenceNode,
  type SignalLeaf,
  sequencesOf,
} from './rule.ts';
import { parseTemplate, type TemplatePart } from './template.ts';

/** Alerts that one rule may have at a time for one brand; further scopes wait. */
const MAX_SCOPES = 50;
const MAX_EVIDENCE = 10;
const MAX_BECAUSE = 8;

interface CompiledRule {
  readonly rule: Rule;
  /** Signals whose scope the alert takes. */
  readonly binding: readonly SignalLeaf[];
  readonly sequences: readonly SequenceNode[];
  /** It cannot hold unless a signal is open. */
  readonly needsSignal: boolean;
  /** It can become true by time alone. */
  readonly timed: boolean;
  readonly templates: Readonly<Record<'title' | 'summary', ReadonlyMap<string, readonly TemplatePart[]>>>;
}

interface Plan extends BrandPlan {
  readonly rules: readonly CompiledRule[];
  readonly ids: ReadonlySet<string>;
  /** Brands that share the voice with this one. */
  readonly rivals: readonly string[];
  /** How long a mention can matter to a window. */
  readonly horizonMs: Millis;
  /** A rule can become true by time alone. */
  readonly timed: boolean;
  /** …because what is usual changes with the hour. */
  readonly timedUsual: boolean;
  readonly learning: boolean;
  readonly silences: readonly { readonly fold: string; readonly ms: Millis }[];
}

/** Makes the engine of one set of rules for the brands of a partition (more brands do no harm). */
export function createRuleEngine(ruleSet: RuleSet, brands: readonly Brand[]): RuleEngine {
  return new Rules(ruleSet, brands);
}

class Rules implements RuleEngine {
  readonly #plans: ReadonlyMap<string, Plan>;
  readonly #folds = new Map<MetricLeaf, string>();
  /** Whose state the evaluation under way reads. */
  #context: RuleContext | undefined;
  /** By the head of a brand's state: it is the same object as long as the state is. */
  readonly #facts = new WeakMap<object, BrandFacts>();

  constructor(ruleSet: RuleSet, brands: readonly Brand[]) {
    this.#plans = planAll(ruleSet, brands, this.#folds);
  }

  onMention(context: RuleContext, mention: Mention, signals: readonly Signal[], clock: Millis): void {
    const plan = this.#plans.get(mention.brand);
    if (!plan) return;
    const facts = this.#factsOf(context, plan);
    facts.advance(clock);
    facts.follow(signals);
    facts.count(mention);
    this.#evaluate(context, plan, facts);
  }

  onHistory(context: RuleContext, mention: Mention, clock: Millis): void {
    const plan = this.#plans.get(mention.brand);
    if (!plan) return;
    const facts = this.#factsOf(context, plan);
    facts.advance(clock);
    facts.countHistory(mention);
    this.#settle(plan, facts);
  }

  nextDue(context: RuleContext, brand: string): Millis | undefined {
    const plan = this.#plans.get(brand);
    if (!plan || context.state(brand).get('head') === undefined) return undefined;
    return this.#factsOf(context, plan).due;
  }

  onClock(context: RuleContext, brand: string, due: Millis, signals: readonly Signal[]): void {
    const plan = this.#plans.get(brand);
    if (!plan) return;
    const facts = this.#factsOf(context, plan);
    facts.advance(due);
    if (facts.head.teachAt >= 0 && facts.head.teachAt <= facts.head.clock) {
      facts.teachHistory();
      facts.advance(due);
    }
    if (due % BUCKET_MS === 0) facts.snapshot();
    facts.follow(signals);
    this.#evaluate(context, plan, facts);
  }

  onKpi(context: RuleContext, brand: string, name: string, value: number, at: Millis, clock: Millis): void {
    const plan = this.#plans.get(brand);
    if (!plan) return;
    const facts = this.#factsOf(context, plan);
    facts.advance(clock);
    facts.noteKpi(name, value, at);
    this.#evaluate(context, plan, facts);
  }

  onGap(context: RuleContext, brand: string, via: string, from: Millis, to: Millis): void {
    const plan = this.#plans.get(brand);
    if (!plan || context.state(brand).get('head') === undefined) return;
    const facts = this.#factsOf(context, plan);
    facts.noteGap(via, from, to);
    this.#settle(plan, facts);
  }

  onRemove(context: RuleContext, brand: string, postId: string): void {
    const plan = this.#plans.get(brand);
    if (plan && context.state(brand).get('head') !== undefined) {
      const facts = this.#factsOf(context, plan);
      facts.forgetPost(postId);
      facts.flush();
    }
  }

  onReset(context: RuleContext, brand: string, clock: Millis): void {
    const plan = this.#plans.get(brand);
    if (!plan || context.state(brand).get('head') === undefined) return;
    const facts = this.#factsOf(context, plan);
    facts.reset(clock);
    for (const [key, active] of facts.active) {
      if (active.phase.startsAt > clock) this.#finish(context, facts, key, active);
      else if ((active.phase.falseSince ?? 0) > clock)
        facts.keep(key, { ...active, phase: { ...active.phase, falseSince: clock } });
    }
    for (const { rule, sequences } of plan.rules)
      for (const node of sequences) facts.state.set(`sequence/${rule.id}/${node.path}`, undefined);
    this.#settle(plan, facts);
  }

  sleeping(context: RuleContext, brand: string): readonly Text[] {
    const plan = this.#plans.get(brand);
    if (!plan) return [];
    const facts = context.state(brand).get('head') === undefined ? undefined : this.#factsOf(context, plan);
    const texts: Text[] = [];
    for (const { rule } of plan.rules) {
      let until = 0;
      for (const leaf of allLeaves(rule)) {
        if (leaf.kind !== 'metric') continue;
        for (const { metric, place } of placesOf(leaf)) {
          if (place === 'now') continue;
          const ready = facts?.readyAt(this.#folds.get(leaf) ?? '', metric, leaf.windowMs, place) ?? Infinity;
          if (ready > (facts?.head.clock ?? 0)) until = Math.max(until, ready);
        }
      }
      if (until === Infinity) texts.push({ key: 'rules.sleepsUntilMentions', values: { rule: rule.id } });
      else if (until > 0) texts.push({ key: 'rules.sleepsUntil', values: { rule: rule.id, until } });
    }
    const dropped = facts?.head.dropped ?? 0;
    if (dropped > 0) texts.push({ key: 'rules.dropped', values: { count: dropped } });
    return texts;
  }

  #factsOf(context: RuleContext, plan: Plan): BrandFacts {
    const state = context.state(plan.brand.id);
    let head = state.get<ReturnType<typeof newHead>>('head');
    const known = head && this.#facts.get(head);
    if (known) return known;
    head ??= newHead();
    const facts = new BrandFacts(state, head, plan);
    facts.sights = plan.rules.map(({ rule }) => this.#sight(plan, facts, rule));
    facts.saveHead();
    this.#facts.set(head, facts);
    this.#settle(plan, facts);
    return facts;
  }

  /** The facts of another brand, moved to the same moment; undefined when it was never seen. */
  #other(brand: string, clock: Millis): BrandFacts | undefined {
    const plan = this.#plans.get(brand);
    const context = this.#context;
    if (!plan || !context || context.state(brand).get('head') === undefined) return undefined;
    const facts = this.#factsOf(context, plan);
    facts.view(clock);
    return facts;
  }

  #sight(plan: Plan, facts: BrandFacts, rule: Rule): Sight {
    const other = (brand: string): BrandFacts | undefined => this.#other(brand, facts.now);
    return {
      rule,
      brand: plan.brand,
      facts,
      other,
      rivals: () => plan.rivals.flatMap((rival) => other(rival) ?? []),
      foldOf: (leaf) => this.#folds.get(leaf) ?? '',
    };
  }

  #evaluate(context: RuleContext, plan: Plan, facts: BrandFacts): void {
    for (const [key, active] of facts.active) if (!plan.ids.has(active.rule)) this.#finish(context, facts, key, active);
    this.#context = context;
    for (const [index, compiled] of plan.rules.entries()) {
      const idle = compiled.needsSignal && facts.open.size === 0 && compiled.sequences.length === 0;
      if (idle && facts.active.size === 0) continue;
      const sight = facts.sights[index] as Sight;
      for (const node of compiled.sequences) follow(node, sight);
      for (const scope of scopesOf(compiled, sight)) this.#step(context, compiled, sight, scope);
    }
    this.#settle(plan, facts);
  }

  /** At the end of every call: what to wait for, and the head to be written. */
  #settle(plan: Plan, facts: BrandFacts): void {
    facts.due = this.#dueOf(plan, facts);
    facts.flush();
  }

  /** One rule for one scope. */
  #step(context: RuleContext, compiled: CompiledRule, sight: Sight, scope: string): void {
    const { rule } = compiled;
    const { facts } = sight;
    const key = `${rule.id}/${scope}`;
    const active = facts.active.get(key);
    const bound = compiled.binding.length > 0 || compiled.sequences.length > 0 ? scope : undefined;
    const truth = holds(rule.when, sight, bound) === true;
    if (!truth && !active) return;
    let severity: Severity = rule.severity;
    if (truth) for (const tier of rule.tiers) if (holds(tier.when, sight, bound) === true) severity = tier.severity;
    const { phase, change } = transition(active?.phase, { holds: truth, severity, at: facts.head.clock }, rule);
    if (!active && facts.active.size >= MAX_SCOPES && ofRule(facts, rule.id) >= MAX_SCOPES) {
      facts.head.dropped++;
      facts.saveHead();
      return;
    }
    if (!change) {
      if (active && phase && phase !== active.phase) facts.keep(key, { ...active, phase });
      return;
    }
    const alert = this.#alert(compiled, sight, scope, bound, active, phase, change);
    facts.keep(key, phase && { rule: rule.id, scope, phase, alert });
    context.emit(alert);
  }

  #alert(
    compiled: CompiledRule,
    sight: Sight,
    scope: string,
    bound: string | undefined,
    active: Active | undefined,
    phase: Phase | undefined,
    change: Change,
  ): Alert {
    const { rule } = compiled;
    const { facts, brand } = sight;
    const { clock } = facts.head;
    const over = change === 'resolved' || change === 'ended';
    const last = active?.alert;
    const reasons: Reasons = { signals: [], readings: [], learning: false };
    if (!over) {
      reasonsOf(rule.when, sight, bound, reasons);
      for (const tier of rule.tiers)
        if (holds(tier.when, sight, bound) === true) reasonsOf(tier.when, sight, bound, reasons);
    }
    const numbers = over && last ? last : headline(reasons);
    const startsAt = phase?.startsAt ?? active?.phase.startsAt ?? clock;
    const base = {
      client: brand.client,
      rule: rule.id,
      brand: brand.id,
      scope,
      severity: phase?.severity ?? active?.phase.severity ?? rule.severity,
      observed: numbers.observed,
      expected: numbers.expected,
      window: numbers.window,
      ...(numbers.measure === undefined ? {} : { measure: numbers.measure }),
      ...(numbers.expectedIs === undefined ? {} : { expectedIs: numbers.expectedIs }),
      startsAt,
    };
    return {
      ...base,
      id: alertKey(base),
      status: over ? 'resolved' : change === 'pending' ? 'pending' : 'firing',
      labels: rule.labels,
      title: this.#words(compiled, 'title', sight, base),
      summary: this.#words(compiled, 'summary', sight, base),
      because: over ? (last?.because ?? []) : this.#because(reasons, sight),
      ...(isStory(scope) ? { story: scope } : {}),
      sequence: phase?.sequence ?? (active?.phase.sequence ?? 0) + 1,
      at: clock,
      ...(over ? { endsAt: clock } : {}),
      evidence: over ? (last?.evidence ?? []) : this.#evidence(reasons, sight),
    };
  }

  #because({ signals, readings, learning }: Reasons, sight: Sight): readonly Text[] {
    const said = signals.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).map(({ explain }) => explain);
    for (const reading of readings) {
      const fold = sight.facts.folds.get(sight.foldOf(reading.leaf));
      said.push(textOf(reading, fold?.approximate(reading.leaf.metric) ?? false));
    }
    if (learning) said.push({ key: 'rules.learning', values: {} });
    return said.slice(0, MAX_BECAUSE);
  }

  #evidence({ signals, readings }: Reasons, sight: Sight): readonly string[] {
    const shown = new Set(signals.toSorted((a, b) => b.score - a.score).flatMap(({ evidence }) => evidence));
    if (shown.size === 0) {
      const { clock } = sight.facts.head;
      for (const { leaf } of readings) {
        const recent = sight.facts.folds.get(sight.foldOf(leaf))?.recent;
        for (const id of recent?.pick(clock - leaf.windowMs, MAX_EVIDENCE) ?? []) shown.add(id);
      }
    }
    return [...shown].slice(0, MAX_EVIDENCE);
  }

  #words(
    compiled: CompiledRule,
    what: 'title' | 'summary',
    sight: Sight,
    alert: Pick<Alert, 'observed' | 'expected' | 'window' | 'severity' | 'scope'>,
  ): Readonly<Record<string, string>> {
    const words: Record<string, string> = {};
    for (const [language, parts] of compiled.templates[what]) {
      const format = formatFor(language === 'en' ? 'en' : 'fr', 'UTC');
      words[language] = parts.map((part) => this.#fill(part, sight, alert, format)).join('');
    }
    return words;
  }

  #fill(
    part: TemplatePart,
    sight: Sight,
    alert: Pick<Alert, 'observed' | 'expected' | 'window' | 'severity' | 'scope'>,
    format: Format,
  ): string {
    if (typeof part === 'string') return part;
    const { facts, brand } = sight;
    const key = filterKey('', sight.rule.sources);
    if (part.kind === 'metric') {
      const value = facts.value(key, part.metric, part.windowMs, 'now', sight.rivals);
      // A share of nothing is shown as none of it.
      if (isShare(part.metric)) return format.share(value ?? 0);
      return value === undefined ? '–' : format.number(value);
    }
    switch (part.name) {
      case 'brand.name':
        return brand.name;
      case 'brand.id':
        return brand.id;
      case 'client':
        return brand.client;
      case 'scope':
        return alert.scope;
      case 'severity':
        return alert.severity;
      case 'observed':
        return format.number(alert.observed);
      case 'expected':
        return format.number(alert.expected);
      case 'window':
        return alert.window;
      default: {
        const minutes = facts.value(key, 'minutes_since_last', 0, 'now', sight.rivals);
        return minutes === undefined ? '–' : format.number(Math.floor(minutes));
      }
    }
  }

  /** Ends an alert whose rule is gone or whose time has been taken back. */
  #finish(context: RuleContext, facts: BrandFacts, key: string, { alert, phase }: Active): void {
    facts.keep(key, undefined);
    const at = facts.head.clock;
    const endsAt = Math.max(at, phase.startsAt);
    context.emit({ ...alert, status: 'resolved', sequence: phase.sequence + 1, at, endsAt });
  }

  /** A function of the state alone, so that a restart waits for the same moment. */
  #dueOf(plan: Plan, facts: BrandFacts): Millis | undefined {
    const { clock, last, teachAt } = facts.head;
    if (clock < 0) return undefined;
    let due = Infinity;
    const wait = (moment: Millis | undefined): void => {
      if (moment !== undefined && moment > clock && moment < due) due = moment;
    };
    if (teachAt >= 0) wait(Math.max(teachAt, clock + 1));
    // The windows run empty one bucket after the horizon; then nothing changes by itself.
    const counting = last >= 0 && clock <= last + plan.horizonMs + BUCKET_MS;
    if (counting || plan.timedUsual) wait((Math.floor(clock / BUCKET_MS) + 1) * BUCKET_MS);
    if (counting && (plan.timed || facts.active.size > 0)) wait((Math.floor(clock / MINUTE_MS) + 1) * MINUTE_MS);
    for (const { rule: id, phase } of facts.active.values()) {
      const rule = plan.rules.find(({ rule }) => rule.id === id)?.rule;
      const moment = rule ? dueOf(phase, rule) : clock;
      if (moment !== undefined) wait(Math.max(moment, clock + 1));
    }
    for (const { fold, ms } of plan.silences) {
      const since = facts.folds.get(fold)?.last;
      if (since === undefined) continue;
      wait(since + ms);
      for (const seen of facts.sightings) wait(seen + ms);
    }
    if (plan.learning) wait(facts.learnedAt);
    return due === Infinity ? undefined : due;
  }
}

// -------------------------------------------------------------------- plan

function planAll(
  ruleSet: RuleSet,
  brands: readonly Brand[],
  folds: Map<MetricLeaf, string>,
): ReadonlyMap<string, Plan> {
  const filters = new Map<string, FoldFilter>();
  const needs = new Map<string, Map<string, { filter: FoldFilter; needs: Map<string, Need> }>>(
    brands.map(({ id }) => [id, new Map()]),
  );
  const need = (brand: string, filter: FoldFilter, metric: string, windowMs: Millis, place: Place): void => {
    const byKey = needs.get(brand);
    if (!byKey) return;
    let fold = byKey.get(filter.key);
    if (!fold) {
      fold = { filter, needs: new Map() };
      byKey.set(filter.key, fold);
    }
    for (const part of partsOf(metric))
      fold.needs.set(`${part}:${windowMs}:${place}`, { metric: part, windowMs, place });
  };
  const compiled = ruleSet.rules.map((rule) => compile(rule));
  for (const { rule, templates } of compiled) {
    const filterFor = (text: string): FoldFilter => {
      const key = filterKey(text, rule.sources);
      let filter = filters.get(key);
      if (!filter) {
        filter = filterOf(text, rule.sources, ruleSet.filters);
        filters.set(filter.key, filter);
      }
      return filter;
    };
    const everything = filterFor('');
    for (const id of rule.brands) {
      const brand = brands.find((candidate) => candidate.id === id);
      if (!brand) continue;
      const wanted = (filter: FoldFilter, metric: string, windowMs: Millis, place: Place): void => {
        need(id, filter, metric, windowMs, place);
        if (metric !== 'share_of_voice') return;
        for (const rival of rivalsOf(brand, brands)) need(rival, filter, 'mentions', windowMs, place);
      };
      for (const leaf of allLeaves(rule)) {
        if (leaf.kind !== 'metric') continue;
        const filter = filterFor(leaf.filter);
        folds.set(leaf, filter.key);
        for (const { metric, place } of placesOf(leaf)) wanted(filter, metric, leaf.windowMs, place);
        if (leaf.vs?.kind !== 'brand') continue;
        need(leaf.vs.brand, filter, leaf.metric, leaf.windowMs, 'now');
        need(leaf.vs.brand, filter, 'mentions', leaf.windowMs, 'now');
      }
      for (const parts of [...templates.title.values(), ...templates.summary.values()]) {
        for (const part of parts) {
          if (typeof part === 'string') continue;
          if (part.kind === 'metric') {
            wanted(everything, part.metric, part.windowMs, 'now');
            if (part.metric === 'growth') wanted(everything, 'mentions', part.windowMs, 'previous');
          } else if (part.name === 'minutes_since_last') need(id, everything, 'minutes_since_last', 0, 'now');
        }
      }
    }
  }
  return new Map(
    brands.map((brand) => {
      const rules = compiled.filter(({ rule }) => rule.brands.includes(brand.id));
      const leaves = rules.flatMap(({ rule }) => [...allLeaves(rule)]);
      const brandFolds = new Map(
        [...(needs.get(brand.id) ?? [])].map(([key, fold]) => [
          key,
          { filter: fold.filter, needs: [...fold.needs.values()] },
        ]),
      );
      let horizonMs = 0;
      for (const { needs: list } of brandFolds.values())
        for (const { windowMs, place } of list)
          horizonMs = Math.max(horizonMs, place === 'previous' ? 2 * windowMs : windowMs);
      for (const leaf of leaves) if (leaf.kind === 'metric') horizonMs = Math.max(horizonMs, leaf.windowMs);
      const timedRules = rules.filter(({ timed }) => timed);
      const plan: Plan = {
        brand,
        folds: brandFolds,
        rules,
        ids: new Set(rules.map(({ rule }) => rule.id)),
        rivals: rivalsOf(brand, brands),
        horizonMs,
        timed: timedRules.length > 0,
        timedUsual: timedRules.some(({ rule }) =>
          [...allLeaves(rule)].some((leaf) => leaf.kind === 'metric' && leaf.vs?.kind === 'usual'),
        ),
        learning: leaves.some(({ kind }) => kind === 'learning'),
        silences: leaves.flatMap((leaf) =>
          leaf.kind === 'metric' && leaf.metric === 'minutes_since_last'
            ? [
                {
                  fold: folds.get(leaf) ?? '',
                  ms: leaf.than * MINUTE_MS + (leaf.op === '>' || leaf.op === '<=' ? 1 : 0),
                },
              ]
            : [],
        ),
      };
      return [brand.id, plan];
    }),
  );
}

function compile(rule: Rule): CompiledRule {
  const template = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, readonly TemplatePart[]> =>
    new Map(Object.entries(texts).map(([language, text]) => [language, parseTemplate(text).parts]));
  return {
    rule,
    binding: [...bindingOf(rule.when)],
    sequences: [...sequencesOf(rule.when), ...rule.tiers.flatMap(({ when }) => [...sequencesOf(when)])],
    needsSignal: needsSignal(rule.when),
    timed:
      [...allLeaves(rule)].some(
        (leaf) =>
          leaf.kind === 'metric' && (leaf.op === '<' || leaf.op === '<=' || leaf.op === '==' || leaf.op === '!='),
      ) || hasNot(rule.when),
    templates: { title: template(rule.title), summary: template(rule.summary) },
  };
}

/** The signal leaves outside sequences and negations that name no scope. */
function* bindingOf(condition: Condition): Generator<SignalLeaf> {
  if (condition.kind === 'signal') {
    if (condition.scope === undefined) yield condition;
  } else if (condition.kind === 'all' || condition.kind === 'any') {
    for (const part of condition.of) yield* bindingOf(part);
  }
}

function needsSignal(condition: Condition): boolean {
  if (condition.kind === 'signal') return true;
  if (condition.kind === 'all') return condition.of.some(needsSignal);
  return condition.kind === 'any' && condition.of.every(needsSignal);
}

function hasNot(condition: Condition): boolean {
  if (condition.kind === 'not') return true;
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some(hasNot);
  return condition.kind === 'sequence' && condition.steps.some(hasNot);
}

function* allLeaves(rule: Rule): Generator<ReturnType<typeof leavesOf> extends Generator<infer Leaf> ? Leaf : never> {
  yield* leavesOf(rule.when);
  for (const { when } of rule.tiers) yield* leavesOf(when);
}

/** The scopes for which a rule is asked: those that could make it true, and those for which it is active. */
function scopesOf(compiled: CompiledRule, sight: Sight): Iterable<string> {
  const { rule, binding, sequences, needsSignal: needs } = compiled;
  const { facts } = sight;
  if (binding.length === 0 && sequences.length === 0) return ['*'];
  const scopes = new Set<string>(needs || sequences.length > 0 ? [] : ['*']);
  for (const leaf of binding)
    for (const signal of facts.open.values()) if (fits(leaf, signal, sight, undefined)) scopes.add(signal.scope);
  if (binding.length === 0) for (const node of sequences) for (const scope of completed(node, sight)) scopes.add(scope);
  for (const active of facts.active.values()) if (active.rule === rule.id) scopes.add(active.scope);
  if (scopes.size === 0 && !needs) scopes.add('*');
  return scopes;
}

function ofRule(facts: BrandFacts, rule: string): number {
  let count = 0;
  for (const active of facts.active.values()) if (active.rule === rule) count++;
  return count;
}

/** A story's id is that of a post (`<source>:<nativeId>`); terms carry their own mark. */
function isStory(scope: string): boolean {
  return scope.includes(':') && !scope.startsWith('term:');
}

/** What a metric is made of. */
function partsOf(metric: string): readonly string[] {
  if (isAdditive(metric) || isDistinct(metric)) return [metric];
  if (metric === 'negative_share') return ['negative', 'mentions'];
  if (metric === 'net_sentiment') return ['positive', 'negative', 'neutral'];
  if (metric === 'share_of_voice' || metric === 'growth') return ['mentions'];
  return [];
}

/** The values that a leaf asks for. */
function placesOf(leaf: MetricLeaf): readonly { readonly metric: string; readonly place: Place }[] {
  const { metric, vs, min } = leaf;
  if (metric.startsWith('kpi:')) return [];
  const places: { metric: string; place: Place }[] = [{ metric, place: 'now' }];
  if (metric === 'minutes_since_last') return places;
  if (min > 0) places.push({ metric: 'mentions', place: 'now' });
  if (metric === 'growth') places.push({ metric: 'mentions', place: 'previous' });
  if (!vs || vs.kind === 'brand') return places;
  places.push({ metric, place: vs.kind });
  if (min > 0) places.push({ metric: 'mentions', place: vs.kind });
  return places;
}

/** Brands that share the voice: the competitors named, else all of the partition. */
function rivalsOf(brand: Brand, brands: readonly Brand[]): readonly string[] {
  const near = brands.filter((other) => other.id !== brand.id && partitionKey(other) === partitionKey(brand));
  const named = near.filter(({ id }) => brand.competitors.includes(id));
  return (named.length > 0 ? named : near).map(({ id }) => id);
}
