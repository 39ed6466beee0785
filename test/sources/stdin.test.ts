import { describe, expect, test } from 'vitest';
import { stdin } from '../../src/sources/stdin.ts';
import { sourceContract } from '../contract/source.ts';
import { bytesOf, make, postsOf, readAll, reasonsOf, testDeps } from './support.ts';

sourceContract('stdin', () => {
  const chunks: string[] = [];
  let touched = 0;
  let wake: (() => void) | undefined;
  async function* input(): AsyncGenerator<Uint8Array> {
    touched += 1;
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) yield Buffer.from(chunk);
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    }
  }
  const offer = (text: string): Promise<void> => {
    chunks.push(text);
    wake?.();
    return Promise.resolve();
  };
  return Promise.resolve({
    create: () => make(stdin, { source: 'chat' }, testDeps({ stdin: input }).deps),
    touched: () => touched,
    offer: (ids: readonly string[]) => offer(ids.map((id) => `${JSON.stringify({ id, text: 'hello' })}\n`).join('')),
    postId: (id: string) => `chat:${id}`,
    offerBroken: () => offer('{"id":\n'),
    twins: () =>
      [
        { nativeId: '7', body: { line: 1, post: { id: '7', text: 'one' } } },
        { nativeId: '7', body: { line: 2, post: { id: '7', text: 'two' } } },
      ] as const,
    secrets: [],
    [Symbol.asyncDispose]: () => {
      wake?.();
      return Promise.resolve();
    },
  });
});

describe('stdin', () => {
  test('reads to the end of the input, characters cut anywhere', async () => {
    const text = '{"id":"1","text":"déjà vu"}\n{"id":"2","text":"\u{1F600}"}';
    const bytes = Buffer.from(text);
    const chunks = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
    const source = make(stdin, {}, testDeps({ stdin: () => bytesOf(chunks) }).deps);
    const { items } = await readAll(source);
    expect(postsOf(source, items).map((post) => post.text)).toEqual(['déjà vu', '\u{1F600}']);
  });

  test('hands over what has come before the next line is there', async () => {
    const { promise: never } = Promise.withResolvers<void>();
    async function* input(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"id":"1","text":"now"}\n{"id":"2",');
      await never;
    }
    const source = make(stdin, {}, testDeps({ stdin: input }).deps);
    const { items } = await readAll(source, { enough: (items) => items.length === 1 });
    expect(items).toHaveLength(1);
  });

  test('reads CSV in windows-1252', async () => {
    const bytes = Buffer.from('id;texte;note\n1;\xe9t\xe9 \x80;"4,5"\n2;trop,de,champs;5;6\n', 'latin1');
    const source = make(stdin, {}, testDeps({ stdin: () => bytesOf([bytes]) }).deps);
    const { items } = await readAll(source);
    expect(postsOf(source, items.slice(0, 1))).toMatchObject([{ text: 'été €', rating: 4.5 }]);
    expect(reasonsOf(source, items)).toEqual(['line 3: 4 fields where the header has 3']);
  });
});
