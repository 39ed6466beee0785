/** Ids derived from content, so that doing a thing twice does it once. */
import type { Alert, Millis, OutboxItem } from './types.ts';

/** The id of an outbox item: one per transition. */
export function outboxId(item: OutboxItem): string {
  return item.kind === 'alert'
    ? `${item.alert.id}#${item.alert.sequence}`
    : `${item.signal.id}#${item.signal.state}#${item.signal.at}`;
}

/** Desk id of something that began at `startedAt`: listed by id, the newest comes first. */
export function newestFirst(startedAt: Millis, id: string): string {
  return `${String(9_999_999_999_999 - startedAt).padStart(13, '0')}:${id}`;
}

/** The key that decides the partition: brands of one client and group are together, so that rules can compare them. */
export function partitionKey(brand: { readonly client: string; readonly group: string }): string {
  return `${brand.client}/${brand.group}`;
}

/** Which alert a transition belongs to, for logs and keys. */
export function alertKey(alert: Pick<Alert, 'rule' | 'brand' | 'scope' | 'startsAt'>): string {
  return `${alert.rule}:${alert.brand}:${alert.scope}:${alert.startsAt}`;
}
