/** Judged posts become log entries: stamped with their arrival, addressed to their brands' partitions. */
import { partitionKey } from '../model/ids.ts';
import type { Append } from '../model/ports.ts';
import type { Brand, Mention, Millis, Post } from '../model/types.ts';
import type { Judged } from './steps/judge.ts';
import { isOwn } from './steps/match-brands.ts';

export interface Arrival {
  /** The configured source that took the posts in. */
  readonly via: string;
  readonly observedAt: Millis;
  /** The source's last successful read, from which lateness is counted; from the arrival where there is none. */
  readonly lastRead: Millis | undefined;
  readonly latenessMs: Millis;
  /** A replayed line states when it was observed; live that claim is ignored. */
  readonly trustObservedAt: boolean;
  /** An import: history, however recent. */
  readonly history: boolean;
}

/** The entries of one judged post: a delete or an update goes to all, a mention to the partition of each brand it names. */
export function entriesOf(judged: Judged, arrival: Arrival): Append[] {
  const { post, brands } = judged;
  const observedAt = arrival.trustObservedAt
    ? (post.observedAt ?? post.publishedAt ?? arrival.observedAt)
    : arrival.observedAt;
  if (post.op === 'delete') return [{ to: 'all', value: { kind: 'delete', id: post.id, observedAt } }];
  const publishedAt = post.publishedAt ?? observedAt;
  const at = Math.min(publishedAt, observedAt);
  const newsFrom = Math.min(observedAt, arrival.lastRead ?? observedAt) - arrival.latenessMs;
  const { observedAt: _claimed, ...words } = post;
  const stamped: Post = {
    ...words,
    via: arrival.via,
    publishedAt,
    observedAt,
    at,
    backfill: arrival.history || at < newsFrom,
  };
  const mentions = brands.map(
    (brand): Append => ({
      to: { key: partitionKey(brand) },
      value: { kind: 'mention', mention: mentionOf(stamped, brand, judged) },
    }),
  );
  if (post.op !== 'update') return mentions;
  return [
    { to: 'all', value: { kind: 'update', id: post.id, brands: brands.map(({ id }) => id), observedAt } },
    ...mentions,
  ];
}

function mentionOf(post: Post, brand: Brand, { document, language, sentiment }: Judged): Mention {
  return {
    ...post,
    client: brand.client,
    brand: brand.id,
    own: isOwn(brand, post),
    language,
    sentiment,
    terms: document.terms,
    topics: [],
    links: document.links,
    fingerprint: document.fingerprint,
    ...(post.refs?.repostOf === undefined ? {} : { duplicateOf: post.refs.repostOf }),
  };
}
