/** Posts out of bytes, whatever their format: what file, stdin, import and backtest share. */
import type { DateOrder } from './dates.ts';
import { CsvReader, type CsvOptions } from './csv.ts';
import { type Line, LineSplitter, type PostLine } from './lines.ts';
import { readJsonLine } from './ndjson.ts';

export type PostFormat = 'auto' | 'ndjson' | 'csv';

/** A place in a document from which reading goes on. */
export interface Place {
  readonly offset: number;
  readonly line: number;
}

/** Takes bytes as they come and answers the posts that they complete. */
export class PostReader {
  readonly #lines: LineSplitter;
  readonly #options: CsvOptions;
  #format: PostFormat;
  #csv: CsvReader | undefined;

  /** `header` is the first record of a CSV document that is read from its middle. */
  constructor(format: PostFormat, options: CsvOptions, from?: Place, header?: string) {
    this.#format = format;
    this.#options = options;
    this.#lines = new LineSplitter(from);
    if (header !== undefined) this.#csv = new CsvReader(options, header);
  }

  /** The header of a CSV document once it was read, to go on from the middle later. */
  get header(): string | undefined {
    return this.#csv?.header;
  }

  /** What the dates of a CSV document have shown of their order. */
  get dateOrder(): DateOrder | undefined {
    return this.#csv?.dateOrder;
  }

  /** Whether enough was read to know the format, and the header where there is one. */
  get decided(): boolean {
    return this.#format === 'ndjson' || this.header !== undefined;
  }

  push(chunk: Uint8Array): PostLine[] {
    return this.#read(this.#lines.push(chunk));
  }

  end(): PostLine[] {
    return [...this.#read(this.#lines.end()), ...(this.#csv?.end() ?? [])];
  }

  #read(lines: readonly Line[]): PostLine[] {
    const posts: PostLine[] = [];
    const csvLines: Line[] = [];
    for (const line of lines) {
      if (this.#format === 'auto') {
        if (line.text?.trim() === '') continue;
        this.#format = /^\s*[[{]/.test(line.text ?? '') ? 'ndjson' : 'csv';
      }
      if (this.#format === 'ndjson') {
        const post = readJsonLine(line);
        if (post) posts.push(post);
      } else {
        csvLines.push(line);
      }
    }
    if (csvLines.length === 0) return posts;
    this.#csv ??= new CsvReader(this.#options);
    return this.#csv.push(csvLines);
  }
}

/** The format that a file's name promises; `auto` when it promises none. */
export function formatOfName(path: string): PostFormat {
  if (/\.(ndjson|jsonl|json)$/i.test(path)) return 'ndjson';
  return /\.(csv|tsv)$/i.test(path) ? 'csv' : 'auto';
}
