/** Every feed of the test data is parsed, or refused with a reason that a person understands. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseFeedDocument } from '../../src/sources/lib/feed-document.ts';
import { parsePost } from '../../src/sources/lib/post.ts';

const data = process.env['VIGIE_TEST_DATA'];
const root = data === undefined ? undefined : join(data, 'fixtures', 'feeds');
const there = root !== undefined && existsSync(root);
if (!there) console.warn('skipped: the collected feeds, because VIGIE_TEST_DATA names no folder that has them');

/** By folder: files, and how many of them are parsed, with how many entries, at least. */
const FLOORS: Readonly<Record<string, { files: number; parsed: number; entries: number }>> = {
  'feed-io': { files: 20, parsed: 17, entries: 18 },
  'feed-rs': { files: 67, parsed: 64, entries: 101 },
  feedsmith: { files: 26, parsed: 25, entries: 52 },
  'french-press': { files: 2, parsed: 2, entries: 25 },
  miniflux: { files: 22, parsed: 16, entries: 263 },
  'node-feedparser': { files: 29, parsed: 28, entries: 191 },
  'python-feedparser': { files: 347, parsed: 346, entries: 21 },
  'rss-bridge': { files: 16, parsed: 12, entries: 24 },
  'rss-parser': { files: 23, parsed: 22, entries: 299 },
  simplepie: { files: 5, parsed: 5, entries: 103 },
};
const REASON = /^(this is |the document |the compressed document )[^\n]{5,}$/;

describe.runIf(there)('the collected feeds', () => {
  test('each is parsed or refused by name', async () => {
    const tally: Record<string, { files: number; parsed: number; entries: number; undated: number }> = {};
    for (const folder of readdirSync(root!).filter((name) => statSync(join(root!, name)).isDirectory())) {
      const counts = { files: 0, parsed: 0, entries: 0, undated: 0 };
      tally[folder] = counts;
      for (const name of readdirSync(join(root!, folder))) {
        counts.files += 1;
        const document = await parseFeedDocument(readFileSync(join(root!, folder, name)), {
          url: 'https://feeds.example/feed',
        });
        if (document.kind === 'refused') {
          expect(document.reason, `${folder}/${name}`).toMatch(REASON);
          continue;
        }
        counts.parsed += 1;
        counts.entries += document.entries.length;
        expect(new Set(document.entries.map(({ id }) => id)).size, `${folder}/${name}`).toBe(document.entries.length);
        for (const entry of document.entries) {
          if (entry.publishedAt === undefined) counts.undated += 1;
          const { author: _author, replies: _replies, views: _views, publishedAt: _publishedAt, ...fields } = entry;
          const parsed = parsePost({ ...fields, text: entry.text || '-' }, { source: 'press' });
          expect('problems' in parsed ? parsed.problems : [], `${folder}/${name}`).toEqual([]);
        }
      }
    }
    console.table(tally);
    expect(Object.values(tally).reduce((sum, { files }) => sum + files, 0)).toBeGreaterThanOrEqual(557);
    for (const [folder, floor] of Object.entries(FLOORS)) {
      expect(tally[folder]?.files, folder).toBeGreaterThanOrEqual(floor.files);
      expect(tally[folder]?.parsed, folder).toBeGreaterThanOrEqual(floor.parsed);
      expect(tally[folder]?.entries, folder).toBeGreaterThanOrEqual(floor.entries);
    }
  }, 60_000);
});
