/** What goes between the SQLite store and its worker threads. */
import type { FacetField, MentionQuery, Scope, Triage } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';
import type { Removal, WriterOptions } from './sqlite-writer.ts';

/** What a thread is started with. */
export type WriteStart = WriterOptions & { readonly role: 'write'; readonly recountAfterMs: Millis };
/** `urgent`: reads for alerts; the others stand back when the processor is busy. */
export type ReadStart = { readonly role: 'read'; readonly path: string; readonly urgent: boolean };
export type Start = WriteStart | ReadStart;

/** Asked of the writer, in order. */
export type WriteRequest = { readonly id: number } & (
  | { readonly kind: 'put'; readonly lines: string }
  | { readonly kind: 'remove'; readonly posts: readonly Removal[] }
  | {
      readonly kind: 'setTriage';
      readonly scope: Scope;
      readonly mentionId: string;
      readonly brand: string;
      readonly triage: Omit<Triage, 'version'>;
      readonly seen: string;
    }
  | { readonly kind: 'close' }
);

/** Asked of a reader, one at a time. */
export type ReadRequest = { readonly id: number; readonly limitMs: Millis } & (
  | {
      readonly kind: 'search';
      readonly scope: Scope;
      readonly query: MentionQuery;
      readonly page: { readonly limit: number; readonly after?: string };
    }
  | { readonly kind: 'series'; readonly scope: Scope; readonly query: MentionQuery; readonly bucketMs: Millis }
  | {
      readonly kind: 'facets';
      readonly scope: Scope;
      readonly query: MentionQuery;
      readonly fields: readonly FacetField[];
      readonly top: number;
    }
  | { readonly kind: 'count' }
);

export type Request = WriteRequest | ReadRequest;

/** An error, as it goes through a message. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** The answer to the request of that id; 0: the worker has opened the database. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}
