/** The desk that forgets with the process: for tests, replays and the demonstration. */
import type { Desk, DeskItem } from '../model/ports.ts';
import type { Json } from '../model/types.ts';
import { checkLimit, checkNames, checkSeen, parsePosition } from './shared.ts';

interface Document {
  readonly id: string;
  readonly text: string;
  readonly version: string;
}

/** A desk in memory: the contract of the durable ones, without their durability. */
export class MemoryDesk implements Desk {
  #documents = new Map<string, Map<string, Document>>();
  #journals = new Map<string, { readonly at: number; readonly text: string }[]>();
  #version = 0;
  #at = 0;
  #closed = false;

  async get(
    client: string,
    kind: string,
    id: string,
  ): Promise<{ readonly value: Json; readonly version: string } | undefined> {
    this.#check(client, kind, id);
    const found = this.#documents.get(keyOf(client, kind))?.get(id);
    return found && { value: JSON.parse(found.text) as Json, version: found.version };
  }

  async put(
    client: string,
    kind: string,
    id: string,
    value: Json | undefined,
    seen: string | undefined,
  ): Promise<string> {
    this.#check(client, kind, id);
    const text = value === undefined ? undefined : JSON.stringify(value);
    const documents = this.#documents.get(keyOf(client, kind)) ?? new Map<string, Document>();
    checkSeen(`${kind} ${id}`, seen, documents.get(id)?.version);
    if (text === undefined) {
      documents.delete(id);
      return '';
    }
    const version = String(++this.#version);
    documents.set(id, { id, text, version });
    this.#documents.set(keyOf(client, kind), documents);
    return version;
  }

  async list(
    client: string,
    kind: string,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{
    readonly items: readonly { readonly id: string; readonly value: Json; readonly version: string }[];
    readonly next?: string;
  }> {
    this.#check(client, kind, page.after ?? '');
    const limit = checkLimit(page.limit);
    const { after } = page;
    const found = [...(this.#documents.get(keyOf(client, kind))?.values() ?? [])]
      .filter(({ id }) => after === undefined || compareBytes(id, after) > 0)
      .toSorted((a, b) => compareBytes(a.id, b.id));
    const items = found
      .slice(0, limit)
      .map(({ id, text, version }) => ({ id, value: JSON.parse(text) as Json, version }));
    const last = items.at(-1);
    return found.length > limit && last ? { items, next: last.id } : { items };
  }

  async append(client: string, journal: string, entry: Json): Promise<void> {
    this.#check(client, journal);
    const text = JSON.stringify(entry);
    const entries = this.#journals.get(keyOf(client, journal)) ?? [];
    entries.push({ at: ++this.#at, text });
    this.#journals.set(keyOf(client, journal), entries);
  }

  async *read(
    client: string,
    journal: string,
    after?: string,
  ): AsyncGenerator<{ readonly at: string; readonly entry: Json }> {
    this.#check(client, journal);
    const position = parsePosition(after);
    for (const { at, text } of this.#journals.get(keyOf(client, journal)) ?? []) {
      if (at > position) yield { at: String(at), entry: JSON.parse(text) as Json };
    }
  }

  async *everything(): AsyncGenerator<DeskItem> {
    this.#check();
    for (const [key, documents] of this.#documents) {
      const [client, kind] = JSON.parse(key) as [string, string];
      for (const { id, text } of documents.values())
        yield { type: 'document', client, kind, id, value: JSON.parse(text) as Json };
    }
    for (const [key, entries] of this.#journals) {
      const [client, journal] = JSON.parse(key) as [string, string];
      for (const { text } of entries) yield { type: 'entry', client, journal, entry: JSON.parse(text) as Json };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #check(...names: readonly string[]): void {
    if (this.#closed) throw new Error('the desk is closed');
    checkNames(...names);
  }
}

function keyOf(client: string, name: string): string {
  return JSON.stringify([client, name]);
}

/** The order of SQLite's text: by UTF-8 bytes, which differs from JavaScript's where a surrogate pair meets U+E000 to U+FFFF. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
