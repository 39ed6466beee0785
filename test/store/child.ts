/** A process with a store in it: puts two mentions and leaves, with or without closing the store. */
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { dupont, mentionOf } from '../contract/store.ts';

const [path = '', ending] = process.argv.slice(2);
const store = await createSqliteStore({ path });
await store.put([mentionOf('x:1')]);
await store.put([mentionOf('x:2')]);
console.log(await store.search(dupont, {}, { limit: 5 }).then(({ items }) => items.length));
if (ending === 'close') await store[Symbol.asyncDispose]();
