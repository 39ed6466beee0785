/**
 * Who is told of which alert: a tree as in Alertmanager. The root takes every alert; the first child that matches takes it
 * over, further ones only after a child with `continue`; children inherit what they do not say.
 */
import { z } from 'zod';
import { duration } from '../lib/duration.ts';
import type { Alert, Millis } from '../model/types.ts';

/** A node of the routing tree with everything inherited filled in. */
export interface Route {
  readonly receiver: string;
  /** Labels that alerts of one incident have in common. */
  readonly groupBy: readonly string[];
  /** How long the first alert of an incident waits for company. */
  readonly groupWaitMs: Millis;
  /** The least time between two messages of one incident that are not graver than the last. */
  readonly groupIntervalMs: Millis;
  /** How often people are reminded while it goes on; an incident that rests longer than this is over. */
  readonly repeatIntervalMs: Millis;
  /** Every label must have one of its values; a label that an alert has not matches nothing, not even ''. */
  readonly match: Readonly<Record<string, readonly string[]>>;
  readonly continue: boolean;
  readonly routes: readonly Route[];
}

const shared = {
  group_by: z
    .array(z.string().min(1))
    .optional()
    .describe('Labels that alerts of one incident have in common; brand and story when nothing is said.'),
  group_wait: duration().optional().describe('How long the first alert of an incident waits for company; 0s.'),
  group_interval: duration().optional().describe('Least time between two messages of one incident; 5m.'),
  repeat_interval: duration().optional().describe('Time between two reminders while it goes on; 4h.'),
};

/** A route as it is written. */
interface ChildConfig {
  readonly match: Readonly<Record<string, string | readonly string[]>>;
  readonly receiver?: string | undefined;
  readonly continue: boolean;
  readonly group_by?: readonly string[] | undefined;
  readonly group_wait?: Millis | undefined;
  readonly group_interval?: Millis | undefined;
  readonly repeat_interval?: Millis | undefined;
  readonly routes: readonly ChildConfig[];
}

const childSchema: z.ZodType<ChildConfig> = z.lazy(() =>
  z.strictObject({
    match: z
      .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
      .describe('Labels that an alert must have: severity, brand, rule, client, scope, or one of the rule’s own.'),
    receiver: z.string().min(1).optional().describe('Name of the receiver; the parent’s when left out.'),
    continue: z.boolean().default(false).describe('Look at the following routes too.'),
    ...shared,
    routes: z.array(childSchema).default([]).describe('Finer routes; the first that matches takes the alert.'),
  }),
);

const rootSchema = z.strictObject({
  receiver: z.string().min(1).describe('Name of the receiver that takes what no other route takes.'),
  ...shared,
  routes: z.array(childSchema).default([]).describe('Routes; the first that matches takes the alert.'),
});

/** `route:` of the configuration; its output is the tree with everything inherited filled in. */
export const routeSchema = rootSchema.transform(
  (root): Route =>
    resolve(
      { ...root, match: {}, continue: false },
      {
        receiver: root.receiver,
        groupBy: ['brand', 'story'],
        groupWaitMs: 0,
        groupIntervalMs: 300_000,
        repeatIntervalMs: 14_400_000,
      },
    ),
);

/** The tree when none is configured: everything goes to one receiver. */
export function defaultRoute(receiver: string): Route {
  return routeSchema.parse({ receiver });
}

type Inherited = Pick<Route, 'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs'>;

function resolve(node: ChildConfig, parent: Inherited): Route {
  const here: Inherited = {
    receiver: node.receiver ?? parent.receiver,
    groupBy: node.group_by ?? parent.groupBy,
    groupWaitMs: node.group_wait ?? parent.groupWaitMs,
    groupIntervalMs: node.group_interval ?? parent.groupIntervalMs,
    repeatIntervalMs: node.repeat_interval ?? parent.repeatIntervalMs,
  };
  return {
    ...here,
    match: Object.fromEntries(Object.entries(node.match).map(([k, v]) => [k, typeof v === 'string' ? [v] : v])),
    continue: node.continue,
    routes: node.routes.map((child) => resolve(child, here)),
  };
}

/** What routes and groups see of an alert: its rule's labels, and its own fields, which win. */
export function labelsOf(
  alert: Pick<Alert, 'client' | 'brand' | 'rule' | 'scope' | 'severity' | 'story' | 'labels'>,
): Readonly<Record<string, string>> {
  return {
    ...alert.labels,
    client: alert.client,
    brand: alert.brand,
    rule: alert.rule,
    scope: alert.scope,
    severity: alert.severity,
    ...(alert.story === undefined ? {} : { story: alert.story }),
  };
}

/** The routes that take labels, in order, one a receiver: what an alert's own labels reach, and `check --route` prints. */
export function routesFor(route: Route, labels: Readonly<Record<string, string>>): readonly Route[] {
  const taken = new Map<string, Route>();
  for (const leaf of walk(route, labels)) if (!taken.has(leaf.receiver)) taken.set(leaf.receiver, leaf);
  return [...taken.values()];
}

/** Names of the receivers that are told of an alert, in the tree's order. */
export function receiversFor(route: Route, alert: Parameters<typeof labelsOf>[0]): readonly string[] {
  return routesFor(route, labelsOf(alert)).map((leaf) => leaf.receiver);
}

function walk(route: Route, labels: Readonly<Record<string, string>>): readonly Route[] {
  const found: Route[] = [];
  for (const child of route.routes) {
    if (!matches(child, labels)) continue;
    found.push(...walk(child, labels));
    if (!child.continue) break;
  }
  return found.length > 0 ? found : [route];
}

function matches(route: Route, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(route.match).every(([name, values]) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return value !== undefined && values.includes(value);
  });
}

/** Each receiver that the tree names, with its path in the configuration, so that a name nobody defined can be pointed at. */
export function receiverPaths(
  route: Route,
  path: readonly (string | number)[] = ['route'],
): readonly { readonly receiver: string; readonly path: readonly (string | number)[] }[] {
  return [
    { receiver: route.receiver, path: [...path, 'receiver'] },
    ...route.routes.flatMap((child, i) => receiverPaths(child, [...path, 'routes', i])),
  ];
}
