/** Judged posts become log entries: stamped with their arrival, addressed to their brands' partitions. */
import { partitionKey } from '../model/ids.ts';
import type { Append } from '../model/ports.ts';
import type { Mention, Millis, Post } from '../model/types.ts';
import { fingerprintOf } from '../text/fingerprint.ts';
import { termsOf } from '../text/tokenize.ts';
import type { Judged } from './steps/judge.ts';
import { isOwn } from './steps/match-brands.ts';

/** How late a mention of a stream, a webhook or a replay may be and still be news; polled sources state their own. */
export const STREAM_LATENESS_MS: Millis = 15 * 60_000;

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
  const mentions = brands.length === 0 ? [] : mentionsOf(stamped, judged);
  if (post.op !== 'update') return mentions;
  return [
    { to: 'all', value: { kind: 'update', id: post.id, brands: brands.map(({ id }) => id), observedAt } },
    ...mentions,
  ];
}

function mentionsOf(post: Post, { brands, document, language, sentiment }: Judged): Append[] {
  const words = post.text === '' ? document.tokens : document.tokens.slice(document.titleTokens);
  const about = {
    ...post,
    language,
    sentiment,
    terms: termsOf(document.tokens),
    topics: [],
    links: document.links,
    fingerprint: fingerprintOf(words, post.text === '' ? (post.title ?? '') : post.text),
    ...(post.refs?.repostOf === undefined ? {} : { duplicateOf: post.refs.repostOf }),
  };
  return brands.map((brand) => {
    const mention: Mention = { ...about, client: brand.client, brand: brand.id, own: isOwn(brand, post) };
    return { to: { key: partitionKey(brand) }, value: { kind: 'mention', mention } };
  });
}
