/** Bluesky on recorded frames of the public network: the glance agrees with the parser, and posts come out whole. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/model/types.ts';
import { normaliseBluesky } from '../../src/sources/lib/bluesky-post.ts';
import { FirstLook, glance, LOOK, readEvent } from '../../src/sources/lib/jetstream-frame.ts';
import { testData } from '../support/data.ts';

const FILES = ['expected_v1.jsonl', 'golden_v1.jsonl'].map((name) =>
  testData(`fixtures/bluesky/${name}`, `recorded frames of Jetstream (${name})`),
);

describe.skipIf(FILES.includes(undefined))('recorded frames', () => {
  const frames = FILES.flatMap((file) => (file === undefined ? [] : readFileSync(file, 'utf8').trim().split('\n')));

  test('are glanced at as they are parsed, in both protocols', () => {
    const kinds: Record<string, number> = {};
    for (const frame of frames) {
      for (const text of [frame, asVersion2(frame)]) {
        const event = readEvent(text);
        const seen = glance(Buffer.from(text));
        if (!event || 'name' in event || !seen) throw new Error(`not read: ${text.slice(0, 100)}`);
        const { kind, timeUs, did } = event;
        expect({ kind: seen.kind, timeUs: seen.timeUs, did: seen.did, seq: seen.seq }).toEqual({
          kind,
          timeUs,
          did,
          seq: event.seq,
        });
        if (event.kind !== 'commit') continue;
        expect([seen.operation, seen.collection]).toEqual([event.operation, event.collection]);
        const look = new FirstLook('app.bsky.feed.post');
        const first = look.at(Buffer.from(text));
        if (text !== frame) expect(first).toBe(LOOK.unsure);
        else {
          const of = event.operation === 'create' ? LOOK.create : LOOK.change;
          expect(first).toBe(event.collection === 'app.bsky.feed.post' ? of : LOOK.other);
          expect(look.timeUs).toBe(timeUs);
        }
        kinds[`${event.operation} ${event.collection}`] = (kinds[`${event.operation} ${event.collection}`] ?? 0) + 1;
      }
    }
    expect(kinds['create app.bsky.feed.post']).toBeGreaterThan(20);
    expect(Object.keys(kinds).length).toBeGreaterThan(5);
  });

  test('become posts with their text, language, address, author and references', () => {
    let replies = 0;
    let cards = 0;
    let links = 0;
    let posts = 0;
    for (const frame of frames) {
      const event = readEvent(frame);
      if (event?.kind !== 'commit' || event.collection !== 'app.bsky.feed.post' || event.operation !== 'create')
        continue;
      const { did, rkey, timeUs } = event;
      const record = event.record as { readonly text: string; readonly reply?: unknown; readonly createdAt: string };
      const body = { op: 'create', did, rkey, seenAt: Math.floor(timeUs / 1_000), record: event.record as Json };
      const outcome = normaliseBluesky({ nativeId: `${did}/${rkey}`, body });
      if (outcome.kind === 'drop') {
        expect(record.text.trim()).toBe('');
        continue;
      }
      if (outcome.kind !== 'keep') throw new Error(outcome.reason);
      const { value: post } = outcome;
      posts += 1;
      expect(post.id).toBe(`bluesky:${did}/${rkey}`);
      expect(post.url).toBe(`https://bsky.app/profile/${did}/post/${rkey}`);
      expect(post.author?.id).toBe(did);
      expect(post.publishedAt).toBe(Date.parse(record.createdAt));
      if (record.reply !== undefined) {
        replies += 1;
        expect(post.refs?.replyTo).toMatch(/^bluesky:did:[^/]+\/\w+$/);
        expect(post.refs?.root).toMatch(/^bluesky:did:[^/]+\/\w+$/);
      }
      if (post.title !== undefined) cards += 1;
      for (const link of post.links ?? []) {
        links += 1;
        expect(URL.canParse(link)).toBe(true);
      }
    }
    expect(posts).toBeGreaterThan(10);
    expect(Math.min(replies, cards, links)).toBeGreaterThan(0);
  });
});

function asVersion2(frame: string): string {
  const {
    did,
    time_us: timeUs,
    kind,
    ...rest
  } = JSON.parse(frame) as { did: string; time_us: number; kind: string; [key: string]: unknown };
  const time = `${new Date(Math.floor(timeUs / 1_000)).toISOString().slice(0, -1)}${String(timeUs % 1_000).padStart(3, '0')}Z`;
  const head = { $type: `network.bsky.jetstream.subscribeEvents#${kind}`, seq: timeUs % 1_000_000, did, time };
  const payload = kind === 'commit' ? { ...head, ...(rest['commit'] as object) } : { ...head, [kind]: rest[kind] };
  return JSON.stringify({ $type: 'message', payload });
}
