import { memo, type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components';
import type { ApiMention } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { nameOf, sourceName, usePage } from '../lib/page.tsx';
import { FeelingTag, feelingOf } from './tags.tsx';

/** Texts longer than this, or of more lines, are cut. */
const LONG = 280;
const LINES = 3;
/** A post that was seen this long after it was published says so. */
const LATE_MS = 15 * 60_000;

export const MentionCard = memo(function MentionCard({
  mention,
  brand = false,
  big = false,
  heading: Heading = 'h3',
}: {
  readonly mention: ApiMention;
  /** Says which brand it is about. */
  readonly brand?: boolean;
  /** Shown alone, whole. */
  readonly big?: boolean;
  readonly heading?: 'h3' | 'h2';
}): ReactNode {
  const { t, f, brands } = usePage();
  const now = useNow();
  const [open, setOpen] = useState(false);
  const { author, engagement, refs, triage, text } = mention;
  const feeling = feelingOf(mention);
  const long = text.length > LONG || text.split('\n').length > LINES;
  const at = Date.parse(mention.publishedAt);
  const late = Date.parse(mention.observedAt) - at;
  const name = author?.name ?? author?.handle ?? t.mention.unknownAuthor;
  const counts = [
    engagement?.reposts ? t.mention.reposts(engagement.reposts, f) : undefined,
    engagement?.replies ? t.mention.replies(engagement.replies, f) : undefined,
    engagement?.likes ? t.mention.likes(engagement.likes, f) : undefined,
    engagement?.views ? t.mention.views(engagement.views, f) : undefined,
  ].filter((part) => part !== undefined);
  return (
    <article className={`mention ${feeling}${big ? ' big' : ''}`}>
      <Heading className="meta">
        <span className="who">{name}</span>
        <span>{sourceName(t, mention.source)}</span>
        {brand ? <span className="dot">{nameOf(brands, mention.brand)}</span> : null}
        <time className="dot" dateTime={mention.publishedAt} title={f.full(at)}>
          {f.ago(at, now)}
        </time>
        {author?.followers === undefined ? null : (
          <span className="dot hide-narrow">{t.mention.followers(author.followers, f)}</span>
        )}
      </Heading>
      <div className="tags">
        {mention.own ? <span className="tag info">{t.mention.own}</span> : null}
        {refs?.repostOf === undefined ? null : <span className="tag quiet">{t.mention.repost}</span>}
        {refs?.replyTo === undefined ? null : <span className="tag quiet">{t.mention.reply}</span>}
        {mention.duplicateOf === undefined || refs?.repostOf !== undefined ? null : (
          <span className="tag quiet">{t.mention.duplicate}</span>
        )}
        {triage.status === 'open' ? null : (
          <span className="tag info">
            {t.status[triage.status]}
            {triage.status === 'assigned' && triage.assignee ? ` · ${triage.assignee}` : ''}
          </span>
        )}
        {triage.verdict === 'off-topic' ? <span className="tag">{t.mention.offTopic}</span> : null}
        {mention.rating === undefined ? null : (
          <span className="tag">{t.mention.rating(f.decimal(mention.rating))}</span>
        )}
        <FeelingTag feeling={feeling} />
      </div>
      {mention.title ? <p className="title">{mention.title}</p> : null}
      <p
        className={long && !open && !big ? 'text cut' : 'text'}
        lang={mention.language === 'und' ? undefined : mention.language}
      >
        <Marked text={text} words={mention.sentiment.words} />
      </p>
      <p className="foot">
        {counts.length === 0 ? null : <span>{counts.join(' · ')}</span>}
        {late > LATE_MS ? <span>{t.mention.late(f.duration(late))}</span> : null}
        {big && mention.sentiment.words.length > 0 ? (
          <span>
            {t.mention.why} : {mention.sentiment.words.slice(0, 6).join(', ')}
          </span>
        ) : null}
        {mention.url === undefined || !/^https?:/.test(mention.url) ? null : (
          <a href={mention.url} target="_blank" rel="noreferrer noopener">
            {t.mention.original}
          </a>
        )}
        {long && !big ? (
          <Button className="button plain small" aria-expanded={open} onPress={() => setOpen(!open)}>
            {open ? t.mention.less : t.mention.more}
          </Button>
        ) : null}
      </p>
    </article>
  );
});

/** The text with the words that pulled the verdict underlined. */
function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }): ReactNode {
  const found = placesOf(text, words);
  if (found.length === 0) return text;
  const parts: ReactNode[] = [];
  let end = 0;
  for (const [from, to] of found) {
    parts.push(text.slice(end, from), <mark key={from}>{text.slice(from, to)}</mark>);
    end = to;
  }
  parts.push(text.slice(end));
  return parts;
}

/** Where whole words are, whatever their case and accents; in order, without overlaps. */
export function placesOf(text: string, words: readonly string[]): readonly (readonly [number, number])[] {
  const wanted = new Set(words.map((word) => fold(word)).filter((word) => word.length > 1));
  if (wanted.size === 0) return [];
  const folded = fold(text);
  if (folded.length !== text.length) return [];
  const places: (readonly [number, number])[] = [];
  for (const match of folded.matchAll(/[\p{L}\p{N}]+/gu)) {
    if (wanted.has(match[0])) places.push([match.index, match.index + match[0].length]);
  }
  return places;
}

/** Letter by letter, so that places stay where they are. */
function fold(text: string): string {
  return Array.from({ length: text.length }, (_, i) => {
    const letter = text.charAt(i).normalize('NFD').charAt(0).toLowerCase();
    return letter.length === 1 ? letter : text.charAt(i);
  }).join('');
}
