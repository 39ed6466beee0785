/**
 * Decides who is told of what and when: folds alert transitions into incidents, and incidents into messages. It sends
 * nothing and asks nobody for the time, so that live running and a backtest tell the same people the same things.
 *
 * - The first alert of an incident, and one that is graver than what people know, is told at once.
 * - Further alerts of the incident wait for `group_interval`; reminders come every `repeat_interval` while it goes on.
 * - The end is told once all alerts of the incident are over. What comes back within `repeat_interval` belongs to the same
 *   incident, and each return doubles the wait, so that something that flickers is told a handful of times and not hundreds.
 */
import { createHash } from 'node:crypto';
import type { MapState } from '../lib/map-state.ts';
import type { Alert, Millis, NotificationReason, Severity } from '../model/types.ts';
import { labelsOf, type Route, routesFor } from './route.ts';

/** A message that is due: what to tell whom. The key is the same on every attempt and after a crash. */
export type Delivery = {
  /** `<incident>/<receiver>/<n>`, n counting the messages of the incident to this receiver from 1. */
  readonly key: string;
  readonly incident: string;
  readonly receiver: string;
  readonly reason: NotificationReason;
  readonly at: Millis;
  /** Gravest first, then newest; at most 20. */
  readonly alerts: readonly Alert[];
};

/** What one receiver knows of one incident. */
type Told = {
  readonly groupIntervalMs: Millis;
  readonly repeatIntervalMs: Millis;
  /** Ids of the alerts that its routes took. */
  readonly takes: readonly string[];
  /** Messages so far. */
  readonly flush: number;
  /** Until when the first message waits for company. */
  readonly waitsUntil: Millis;
  readonly lastAt: Millis;
  /** True while the last message said that something is going on. */
  readonly open: boolean;
  /** Ids of the alerts that were going on in the last message. */
  readonly told: readonly string[];
  /** Grade of the last message, and the highest of all. */
  readonly grade: number;
  readonly top: number;
  /** How often all that people had been told of was over, and something came back. */
  readonly returns: number;
};

type Group = {
  readonly incident: string;
  /** The labels by which it was grouped: an alert stays where it is when one of them changes. */
  readonly by: string;
  readonly startedAt: Millis;
  readonly alerts: Readonly<Record<string, Alert>>;
  readonly receivers: Readonly<Record<string, Told>>;
  /** When the last of its alerts ended; undefined while one goes on. */
  readonly quietSince?: Millis;
};

const GROUP = 'group:';
const MAX_SHOWN = 20;
const MAX_ALERTS = 200;
const MAX_GROUPS = 5_000;
const GRADE: Readonly<Record<Severity, number>> = { info: 1, warning: 2, critical: 3 };

/** What the dispatcher had to leave out to stay within its bounds, to be counted and logged. */
export type DispatchDrop = 'alerts of an incident beyond 200' | 'incidents beyond 5000';

export interface Dispatcher {
  /** Takes a transition in. Pending alerts are never told, nor is the end of what was never told. Repeating one changes nothing. */
  onTransition(state: MapState, alert: Alert, now: Millis): readonly Delivery[];
  /** The next moment at which `onClock` has something to do. */
  nextDue(state: MapState): Millis | undefined;
  /** What is due at `now`. A caller whose clock jumps calls it for each due moment in order (see `advance`). */
  onClock(state: MapState, now: Millis): readonly Delivery[];
  /** Everything that falls due up to `to`, each as of its own moment: how a backtest moves its clock. */
  advance(state: MapState, to: Millis): readonly Delivery[];
}

/** Makes the dispatcher of a routing tree. Its state is the caller's: group keys begin with `group:`. */
export function createDispatcher(options: {
  readonly route: Route;
  readonly onDrop?: (reason: DispatchDrop, count: number) => void;
}): Dispatcher {
  const drop = options.onDrop ?? (() => {});
  /** The next due moment by state: only this dispatcher's own writes can change it. */
  const due = new WeakMap<MapState, Millis | undefined>();

  function save(state: MapState, key: string, group: Group | undefined): void {
    state.set(key, group);
    due.delete(state);
  }

  function flushDue(state: MapState, key: string, now: Millis): readonly Delivery[] {
    const group = state.get<Group>(key);
    if (!group) return [];
    const deliveries: Delivery[] = [];
    const receivers = { ...group.receivers };
    for (const [name, told] of Object.entries(group.receivers)) {
      const next = decide(group, told);
      if (!next || next.due > now) continue;
      const delivery = deliveryOf(group, name, told, next.reason, now);
      deliveries.push(delivery);
      receivers[name] = afterMessage(group, told, next.reason, now);
    }
    if (deliveries.length > 0) save(state, key, { ...group, receivers });
    return deliveries;
  }

  function onTransition(state: MapState, alert: Alert, now: Millis): readonly Delivery[] {
    if (alert.status === 'pending') return [];
    const touched = new Set<string>();
    for (const key of groupKeys(state)) {
      const group = state.get<Group>(key);
      const known = group?.alerts[alert.id];
      if (!group || !known) continue;
      if (known.sequence >= alert.sequence) return [];
      save(state, key, withAlert(group, alert, now));
      touched.add(key);
    }
    if (alert.status === 'firing') {
      for (const route of routesFor(options.route, labelsOf(alert))) {
        const by = route.groupBy.toSorted().join();
        const key = [...touched].find((k) => state.get<Group>(k)?.by === by) ?? groupKey(route, alert);
        let group = state.get<Group>(key);
        if (!group || isOver(group, now)) group = newGroup(key, by, alert);
        if (!group.alerts[alert.id]) group = withAlert(group, alert, now);
        save(state, key, bounded(withReceiver(group, route, alert.id, now), drop));
        touched.add(key);
      }
      boundGroups(state);
    }
    return [...touched].flatMap((key) => flushDue(state, key, now));
  }

  function boundGroups(state: MapState): void {
    const keys = groupKeys(state);
    if (keys.length <= MAX_GROUPS) return;
    const rank = (key: string): number => {
      const group = state.get<Group>(key);
      return group?.quietSince ?? (group?.startedAt ?? 0) + 1e13;
    };
    const oldest = keys.sort((a, b) => rank(a) - rank(b)).slice(0, keys.length - MAX_GROUPS);
    for (const key of oldest) save(state, key, undefined);
    drop('incidents beyond 5000', oldest.length);
  }

  function nextDue(state: MapState): Millis | undefined {
    if (due.has(state)) return due.get(state);
    let least: Millis | undefined;
    for (const key of groupKeys(state)) {
      const group = state.get<Group>(key);
      if (!group) continue;
      const dues = Object.values(group.receivers).flatMap((told) => decide(group, told)?.due ?? []);
      const end = endOf(group);
      const moment = dues.length > 0 ? Math.min(...dues) : end;
      if (moment !== undefined && (least === undefined || moment < least)) least = moment;
    }
    due.set(state, least);
    return least;
  }

  function onClock(state: MapState, now: Millis): readonly Delivery[] {
    const deliveries: Delivery[] = [];
    for (const key of groupKeys(state)) {
      deliveries.push(...flushDue(state, key, now));
      const group = state.get<Group>(key);
      if (group && isOver(group, now)) save(state, key, undefined);
    }
    return deliveries;
  }

  function advance(state: MapState, to: Millis): readonly Delivery[] {
    const deliveries: Delivery[] = [];
    for (let at = nextDue(state); at !== undefined && at <= to; at = nextDue(state))
      deliveries.push(...onClock(state, at));
    return deliveries;
  }

  return { onTransition, nextDue, onClock, advance };
}

function groupKeys(state: MapState): string[] {
  return [...state.keys()].filter((key) => key.startsWith(GROUP)).sort();
}

/** Alerts that all lack a label are together by the labels that they have: here lacking one merges messages, it hides nothing. */
function groupKey(route: Route, alert: Alert): string {
  const labels = labelsOf(alert);
  const known = [...new Set(route.groupBy)].sort().flatMap((name) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  return `${GROUP}${JSON.stringify([alert.client, known])}`;
}

function newGroup(key: string, by: string, first: Alert): Group {
  const incident = createHash('sha256').update(`${key}\n${first.startsAt}`).digest('hex').slice(0, 16);
  return { incident, by, startedAt: first.startsAt, alerts: {}, receivers: {} };
}

function withAlert(group: Group, alert: Alert, now: Millis): Group {
  const alerts = { ...group.alerts, [alert.id]: alert };
  const { quietSince: _, ...rest } = group;
  const isQuiet = Object.values(alerts).every(({ status }) => status !== 'firing');
  return isQuiet ? { ...rest, alerts, quietSince: now } : { ...rest, alerts };
}

function withReceiver(group: Group, route: Route, alertId: string, now: Millis): Group {
  const { receiver, groupIntervalMs, repeatIntervalMs } = route;
  const known: Told = group.receivers[receiver] ?? {
    groupIntervalMs,
    repeatIntervalMs,
    takes: [],
    flush: 0,
    waitsUntil: now + route.groupWaitMs,
    lastAt: 0,
    open: false,
    told: [],
    grade: 0,
    top: 0,
    returns: 0,
  };
  const takes = known.takes.includes(alertId) ? known.takes : [...known.takes, alertId];
  return {
    ...group,
    receivers: { ...group.receivers, [receiver]: { ...known, groupIntervalMs, repeatIntervalMs, takes } },
  };
}

/** Ended alerts leave first, the oldest before the others; then what is least grave. */
function bounded(group: Group, drop: (reason: DispatchDrop, count: number) => void): Group {
  const alerts = Object.values(group.alerts);
  if (alerts.length <= MAX_ALERTS) return group;
  const rank = (alert: Alert): number => (alert.status === 'firing' ? GRADE[alert.severity] : 0);
  const kept = alerts.sort((a, b) => rank(b) - rank(a) || b.at - a.at).slice(0, MAX_ALERTS);
  const lost = alerts.slice(MAX_ALERTS).filter(({ status }) => status === 'firing').length;
  if (lost > 0) drop('alerts of an incident beyond 200', lost);
  const ids = new Set(kept.map(({ id }) => id));
  return {
    ...group,
    alerts: Object.fromEntries(kept.map((alert) => [alert.id, alert])),
    receivers: Object.fromEntries(
      Object.entries(group.receivers).map(([name, told]) => [
        name,
        { ...told, takes: told.takes.filter((id) => ids.has(id)) },
      ]),
    ),
  };
}

function firingOf(group: Group, told: Told): readonly Alert[] {
  return told.takes.flatMap((id) => {
    const alert = group.alerts[id];
    return alert?.status === 'firing' ? [alert] : [];
  });
}

/** What this receiver is to be told next, and when; a moment of 0 is "now". */
function decide(group: Group, told: Told): { readonly reason: NotificationReason; readonly due: Millis } | undefined {
  const firing = firingOf(group, told);
  const damped = told.lastAt + Math.min(told.groupIntervalMs * 2 ** told.returns, told.repeatIntervalMs);
  if (firing.length === 0) {
    return told.open ? { reason: 'resolved', due: told.returns === 0 ? 0 : damped } : undefined;
  }
  if (told.flush === 0) return { reason: 'first', due: told.waitsUntil };
  const grade = gradeOf(firing);
  if (!told.open) return { reason: 'changed', due: grade > told.top ? 0 : damped };
  if (grade > told.grade) return { reason: 'changed', due: 0 };
  if (firing.some(({ id }) => !told.told.includes(id))) return { reason: 'changed', due: damped };
  return { reason: 'repeat', due: told.lastAt + told.repeatIntervalMs };
}

function afterMessage(group: Group, told: Told, reason: NotificationReason, now: Millis): Told {
  const firing = firingOf(group, told);
  const grade = gradeOf(firing);
  const isReturn = reason === 'changed' && !(told.open && firing.some(({ id }) => told.told.includes(id)));
  return {
    ...told,
    flush: told.flush + 1,
    lastAt: now,
    open: reason !== 'resolved',
    told: firing.map(({ id }) => id),
    grade,
    top: Math.max(told.top, grade),
    returns: told.returns + (isReturn ? 1 : 0),
    // Ended alerts have been told of: the next message is about what goes on then.
    takes: firing.map(({ id }) => id),
  };
}

function deliveryOf(group: Group, receiver: string, told: Told, reason: NotificationReason, now: Millis): Delivery {
  const alerts = told.takes.flatMap((id) => group.alerts[id] ?? []);
  const rank = (alert: Alert): number => GRADE[alert.severity] + (alert.status === 'firing' ? 10 : 0);
  return {
    key: `${group.incident}/${receiver}/${told.flush + 1}`,
    incident: group.incident,
    receiver,
    reason,
    at: now,
    alerts: alerts
      .sort((a, b) => rank(b) - rank(a) || b.startsAt - a.startsAt || (a.id < b.id ? -1 : 1))
      .slice(0, MAX_SHOWN),
  };
}

function gradeOf(firing: readonly Alert[]): number {
  return Math.max(0, ...firing.map(({ severity }) => GRADE[severity]));
}

/** When a quiet incident is over: nothing came back for the longest of its reminders' intervals. */
function endOf(group: Group): Millis | undefined {
  if (group.quietSince === undefined) return undefined;
  return (
    group.quietSince + Math.max(0, ...Object.values(group.receivers).map(({ repeatIntervalMs }) => repeatIntervalMs))
  );
}

function isOver(group: Group, now: Millis): boolean {
  const end = endOf(group);
  return (
    end !== undefined && end <= now && Object.values(group.receivers).every((told) => decide(group, told) === undefined)
  );
}
