import { appendFile, mkdtempDisposable, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type FilePost, file, readPostsFile } from '../../src/sources/file.ts';
import { SourceError } from '../../src/model/errors.ts';
import { sourceContract } from '../contract/source.ts';
import { make, postsOf, readAll, reasonsOf, testDeps } from './support.ts';

const post = (id: string, more: object = {}) =>
  JSON.stringify({ id, text: `post ${id}`, publishedAt: '2026-03-01T10:00:00Z', ...more });

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const temporary = await mkdtempDisposable(join(tmpdir(), 'vigie-'));
  return { path: temporary.path, [Symbol.asyncDispose]: () => temporary.remove() };
}

sourceContract('file', async () => {
  const temporary = await folder();
  const path = join(temporary.path, 'posts.ndjson');
  await writeFile(path, '');
  let touched = 0;
  // Reading begins with a look at the clock.
  const now = (): number => {
    touched += 1;
    return Date.now();
  };
  return {
    create: () => make(file, { paths: [path], follow: true, source: 'forum' }, testDeps({ now }).deps),
    touched: () => touched,
    offer: (ids) => appendFile(path, ids.map((id) => `${post(id)}\n`).join('')),
    postId: (id) => `forum:${id}`,
    offerBroken: () => appendFile(path, '{"id":"x","text":\n[1,2]\n'),
    twins: () => [
      { nativeId: '7', body: { line: 1, post: { id: '7', text: 'one' } } },
      { nativeId: '7', body: { line: 9, post: { id: 7, text: 'two' } } },
    ],
    secrets: [],
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
});

describe('file', () => {
  test('reads NDJSON, names bad lines by number and goes on', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    await writeFile(path, `\uFEFF${post('1')}\r\n\n{"id":"2"\n${post('3')}\n"text"\n{"id":"4","text":5}\n${post('5')}`);
    const source = make(file, { paths: [path] }, testDeps().deps);
    const { items } = await readAll(source);
    expect(items.map((item) => source.normalise(item)).filter(({ kind }) => kind === 'keep')).toHaveLength(3);
    expect(reasonsOf(source, items)).toEqual([
      expect.stringMatching(/^line 3: not JSON: /),
      'line 5: expected one JSON object, found text',
      'line 6: text: expected text, found a number',
    ]);
  });

  test('cuts batches at 500 items, and each cursor goes on exactly behind it', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    const ids = Array.from({ length: 1_750 }, (_, index) => String(index));
    await writeFile(path, ids.map((id) => `${post(id, { text: `é${'x'.repeat(Number(id) % 700)}` })}\n`).join(''));
    const source = make(file, { paths: [path] }, testDeps().deps);
    const { batches, items } = await readAll(source);
    expect(items.map(({ nativeId }) => nativeId)).toEqual(ids);
    expect(Math.max(...batches.map((batch) => batch.items.length))).toBeLessThanOrEqual(500);
    expect(batches.length).toBeGreaterThan(3);
    let before = 0;
    for (const batch of batches) {
      before += batch.items.length;
      const rest = await readAll(source, { from: batch.cursor! });
      expect(rest.items.map(({ nativeId }) => nativeId)).toEqual(ids.slice(before));
      expect(rest.items.map(({ body }) => (body as { line: number }).line)[0] ?? ids.length).toBe(
        Math.min(before + 1, ids.length),
      );
    }
  });

  test('goes on in the middle of a CSV file, quoted line ends and all', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'export.csv');
    const rows = Array.from(
      { length: 1_200 },
      (_, index) => `${index};"ligne\n""${index}"" ; fin";12/${(index % 12) + 1}/2025`,
    );
    await writeFile(path, `id;texte;date\n${rows.join('\n')}\n`);
    const source = make(file, { paths: [path], source: 'forum' }, testDeps().deps);
    const { batches } = await readAll(source);
    expect(batches.length).toBeGreaterThan(2);
    const rest = await readAll(source, { from: batches[0]!.cursor! });
    const [next] = postsOf(source, rest.items);
    const done = batches[0]!.items.length;
    expect(next).toMatchObject({ id: `forum:${done}`, text: `ligne\n"${done}" ; fin` });
    expect(rest.items).toHaveLength(1_200 - done);
  });

  test('reads a file anew that was replaced, and follows one that grows', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    await writeFile(path, `${post('1')}\n${post('2')}\n`);
    const source = make(file, { paths: [path] }, testDeps().deps);
    const first = await readAll(source);
    await rename(path, `${path}.1`);
    await writeFile(path, `${post('8')}\n${post('9')}\n${post('10')}\n`);
    const second = await readAll(source, { from: first.cursor! });
    expect(second.items.map(({ nativeId }) => nativeId)).toEqual(['8', '9', '10']);
    const sleep = () => delay(20);
    const following = make(file, { paths: [path], follow: true }, testDeps({ sleep }).deps);
    // The line comes in two pieces, with several looks in between.
    setTimeout(() => void appendFile(path, post('11').slice(0, 9)), 50);
    setTimeout(() => void appendFile(path, `${post('11').slice(9)}\n`), 250);
    const third = await readAll(following, { from: second.cursor!, enough: (items) => items.length > 0 });
    expect(postsOf(following, third.items).map(({ id }) => id)).toEqual(['test:11']);
  });

  test('names a line over 10 MB and reads on', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    await writeFile(
      path,
      `${post('1')}\n${post('2', { text: 'x'.repeat(11 * 1024 * 1024) })}\n${post('3', { text: 'y'.repeat(100_001) })}\n${post('4')}\n`,
    );
    const source = make(file, { paths: [path] }, testDeps().deps);
    const { items } = await readAll(source);
    expect(reasonsOf(source, items)).toEqual([
      expect.stringMatching(/^line 2: longer than 10 MB/),
      'line 3: text: 100001 characters, at most 100000 are taken',
    ]);
    expect(items).toHaveLength(4);
  });

  test('reads the other files when one is missing, and says which', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    await writeFile(path, `${post('1')}\n`);
    const source = make(file, { paths: [join(temporary.path, 'absent.csv'), path] }, testDeps().deps);
    const items: string[] = [];
    const reading = (async () => {
      for await (const batch of source.read(undefined, new AbortController().signal))
        items.push(...batch.items.map((i) => i.nativeId));
    })();
    await expect(reading).rejects.toThrow(/absent\.csv: there is no such file/);
    await expect(reading).rejects.toBeInstanceOf(SourceError);
    expect(items).toEqual(['1']);
  });

  test('reads UTF-16 as spreadsheets save it', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'export.txt');
    await writeFile(path, Buffer.from('\uFEFFid\ttexte\n1\tÉté pourri\n2\tl’été\n', 'utf16le'));
    const source = make(file, { paths: [path] }, testDeps().deps);
    const { items, cursor } = await readAll(source);
    expect(postsOf(source, items).map(({ text }) => text)).toEqual(['Été pourri', 'l’été']);
    expect((await readAll(source, { from: cursor! })).items).toEqual([]);
  });

  test('readPostsFile answers posts and problems by line', async () => {
    await using temporary = await folder();
    const path = join(temporary.path, 'posts.ndjson');
    await writeFile(path, `${post('1')}\nnope\n${post('2', { publishedAt: '1970-01-01T00:00:00Z' })}\n`);
    const lines: FilePost[] = [];
    for await (const line of readPostsFile(path, { source: 'x' })) lines.push(line);
    expect(lines[0]).toEqual({ line: 1, post: expect.objectContaining({ id: 'x:1' }) });
    expect(lines[1]).toMatchObject({ line: 2, problems: [expect.stringMatching(/^not JSON/)], raw: 'nope' });
    expect(lines[2]).toMatchObject({
      line: 3,
      problems: ['publishedAt: "1970-01-01T00:00:00Z" is before the year 2000'],
    });
  });
});
