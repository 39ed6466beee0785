/** CSV exports, French ones included: any separator, header names as tools write them, decimal comma, `DD/MM/YYYY`. */
import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import type { Json } from '../../model/types.ts';
import { type DateOrder, orderOf, parseLocalDate } from './dates.ts';
import { excerpt, type Line, type PostLine, tooLong } from './lines.ts';

export interface CsvOptions {
  /** IANA zone of dates that name none. */
  readonly timezone: string;
  /** `auto`: day first, unless a date of the file can only be read the other way. */
  readonly dates: DateOrder | 'auto';
}

/** A quote that is not closed within so much was never meant to open. */
const MAX_RECORD_LINES = 1_000;
const MAX_RECORD_BYTES = 1024 * 1024;

interface CsvRecord {
  readonly first: Line;
  readonly lastLine: number;
  readonly end: number;
  readonly size: number;
  readonly text: string;
}

/** Reads records line by line; the first is the header. Identity: header, separator, the record that a quote keeps open. */
export class CsvReader {
  readonly #options: CsvOptions;
  #header: { readonly text: string; readonly delimiter: string; readonly columns: readonly Column[] } | undefined;
  #order: DateOrder | undefined;
  #open: Line[] = [];
  #openBytes = 0;
  #inQuotes = false;

  constructor(options: CsvOptions, header?: string) {
    this.#options = options;
    this.#order = options.dates === 'auto' ? undefined : options.dates;
    if (header !== undefined) this.#header = readHeader(header);
  }

  get header(): string | undefined {
    return this.#header?.text;
  }

  /** What the dates of the document have shown of their order. */
  get dateOrder(): DateOrder | undefined {
    return this.#order;
  }

  push(lines: readonly Line[]): PostLine[] {
    return this.#rows(lines.flatMap((line) => this.#assemble(line)));
  }

  /** What a quote still keeps open at the end of the document. */
  end(): PostLine[] {
    const left: (CsvRecord | PostLine)[] = [];
    while (this.#open.length > 0) left.push(...this.#giveUp());
    return this.#rows(left);
  }

  #assemble(line: Line): (CsvRecord | PostLine)[] {
    if (line.text === undefined) {
      const before: (CsvRecord | PostLine)[] = [];
      while (this.#open.length > 0) before.push(...this.#giveUp());
      return [...before, tooLong(line)];
    }
    if (this.#open.length === 0 && line.text.trim() === '') return [];
    this.#inQuotes = quotesOpen(line.text, this.#inQuotes, this.#header?.delimiter);
    this.#open.push(line);
    this.#openBytes += line.size;
    if (!this.#inQuotes) return [this.#close()];
    return this.#open.length > MAX_RECORD_LINES || this.#openBytes > MAX_RECORD_BYTES ? this.#giveUp() : [];
  }

  #close(): CsvRecord {
    const [first] = this.#open;
    const last = this.#open.at(-1);
    const text = this.#open.map((line) => line.text ?? '').join('\n');
    const record = {
      first: first as Line,
      lastLine: last?.number ?? 0,
      end: last?.end ?? 0,
      size: this.#openBytes,
      text,
    };
    this.#open = [];
    this.#openBytes = 0;
    this.#inQuotes = false;
    return record;
  }

  /** Refuses the line that opened the quote and reads those behind it anew, so that one quote does not swallow a file. */
  #giveUp(): (CsvRecord | PostLine)[] {
    const [first, ...rest] = this.#open;
    this.#open = [];
    this.#openBytes = 0;
    this.#inQuotes = false;
    if (first === undefined) return [];
    const { number, end, size, text = '' } = first;
    const refused: PostLine = {
      line: number,
      end,
      size,
      problem: 'a quote is opened and never closed',
      raw: excerpt(text),
    };
    return [refused, ...rest.flatMap((line) => this.#assemble(line))];
  }

  #rows(found: readonly (CsvRecord | PostLine)[]): PostLine[] {
    const rows: (PostLine | { readonly record: CsvRecord; readonly fields: readonly string[] })[] = [];
    for (const one of found) {
      if ('line' in one) {
        rows.push(one);
        continue;
      }
      if (this.#header === undefined) {
        this.#header = readHeader(one.text);
        continue;
      }
      const fields = splitRecord(one.text, this.#header.delimiter);
      if (typeof fields === 'string') rows.push(this.#refuse(one, fields));
      else rows.push({ record: one, fields });
    }
    const columns = this.#header?.columns ?? [];
    const order = this.#decideOrder(rows.map((row) => ('fields' in row ? row.fields : [])));
    return rows.map((row): PostLine => {
      if (!('fields' in row)) return row;
      const { record, fields } = row;
      if (fields.length > columns.length) {
        return this.#refuse(record, `${fields.length} fields where the header has ${columns.length}`);
      }
      const post = postOf(columns, fields, this.#options.timezone, order, this.#header?.delimiter === ',');
      return 'problem' in post
        ? this.#refuse(record, post.problem)
        : {
            line: record.first.number,
            lastLine: record.lastLine,
            end: record.end,
            size: record.size,
            value: post.value,
          };
    });
  }

  #decideOrder(rows: readonly (readonly string[])[]): DateOrder {
    if (this.#order === undefined) {
      const dates = (this.#header?.columns ?? []).flatMap(({ field }, index) =>
        field === 'publishedAt' ? [index] : [],
      );
      for (const row of rows) {
        for (const index of dates) this.#order ??= orderOf(row[index] ?? '');
        if (this.#order !== undefined) break;
      }
    }
    return this.#order ?? 'day-first';
  }

  #refuse(record: CsvRecord, problem: string): PostLine {
    return {
      line: record.first.number,
      lastLine: record.lastLine,
      end: record.end,
      size: record.size,
      problem,
      raw: excerpt(record.text),
    };
  }
}

/** Whether a quote is open behind this line. A quote opens only where a field begins; a doubled one inside is text. */
function quotesOpen(text: string, open: boolean, delimiter: string | undefined): boolean {
  if (!text.includes('"')) return open;
  let inside = open;
  let fieldStart = true;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inside) {
      if (char !== '"') continue;
      if (text[i + 1] === '"') i += 1;
      else inside = false;
      fieldStart = false;
    } else if (char === '"' && fieldStart) inside = true;
    else if (char !== ' ') fieldStart = delimiter === undefined ? ',;\t|'.includes(char ?? '') : char === delimiter;
  }
  return inside;
}

function splitRecord(text: string, delimiter: string): readonly string[] | string {
  try {
    const [row] = parse(text, { delimiter, relax_quotes: true, relax_column_count: true, trim: true });
    return (row as readonly string[] | undefined) ?? [];
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'CSV_INVALID_CLOSING_QUOTE' || code === 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE') {
      return 'not CSV: text follows a closing quote';
    }
    return `not CSV: ${typeof code === 'string' ? code : 'unreadable'}`;
  }
}

// ------------------------------------------------------------------ header

interface Column {
  readonly name: string;
  /** Path in the public format; undefined for a column that we do not know, which goes to `extra` under its name. */
  readonly field: string | undefined;
}

/** Header names, folded (no accents, no case, words apart), by what they mean. */
const NAMES: Readonly<{ [field: string]: string }> = {
  id: 'id, identifiant, post id, tweet id, status id, message id, mention id, comment id, review id, guid, id du message, id de la mention, id du post, id tweet, objectid, resource id',
  url: 'url, lien, link, permalink, permalien, adresse, adresse url, uri, lien du message, lien de la mention, url du message, post url, tweet url, lien url, source url, article url, lien vers la publication',
  text: 'text, texte, message, contenu, content, body, corps, commentaire, comment, avis, review, tweet, tweet text, full text, snippet, hit sentence, extrait, verbatim, publication, post, mention, description, texte du message, contenu du message, texte de l avis, texte integral, texte du tweet, comment text, review text',
  title: 'title, titre, objet, subject, headline, titre de l article, titre de l avis, review title',
  lang: 'lang, langue, language, code langue',
  source:
    'source, reseau, reseau social, network, social network, plateforme, platform, media, canal, channel, support, source name, type de source, page type, source type',
  publishedAt:
    'publishedat, published at, published, date, date de publication, date publication, publie le, publiee le, date de creation, date creation, cree le, created at, created, date et heure, date heure, datetime, timestamp, horodatage, tweet created, post date, publication date, date du message, date de l avis, date published, jour',
  time: 'heure, time, heure de publication, hour',
  observedAt: 'observedat, observed at, collecte le, date de collecte',
  op: 'op, operation',
  rating: 'note, rating, stars, etoiles, notation, nombre d etoiles, star rating',
  'author.id':
    'author id, authorid, user id, id auteur, id de l auteur, identifiant auteur, identifiant de l auteur, from user id',
  'author.handle':
    'author handle, authorhandle, pseudo, pseudonyme, handle, compte, username, user name, screen name, user screen name, nom d utilisateur, account',
  'author.name':
    'author, author name, authorname, auteur, nom, nom de l auteur, name, utilisateur, user, full name, nom complet, redacteur, byline, journaliste',
  'author.url': 'author url, url auteur, url de l auteur, lien auteur, lien de l auteur, profil, profile url',
  'author.followers':
    'author followers, followers, abonnes, nombre d abonnes, nb abonnes, followers count, follower count, user followers count, nombre de followers, nb followers',
  'author.verified': 'author verified, verified, verifie, compte verifie, certifie',
  'engagement.likes':
    'engagement likes, likes, j aime, mentions j aime, nombre de j aime, nb likes, like count, likes count, favorites, favorite count, favoris, reactions, nombre de likes',
  'engagement.reposts':
    'engagement reposts, reposts, retweets, retweet count, partages, partage, shares, share count, nombre de partages, nb partages, nombre de retweets',
  'engagement.replies':
    'engagement replies, replies, reply count, reponses, nombre de reponses, commentaires, comments, comment count, comments count, nombre de commentaires, nb commentaires, num comments',
  'engagement.quotes': 'engagement quotes, quotes, quote count, citations, nombre de citations',
  'engagement.views': 'engagement views, views, view count, vues, nombre de vues, nb vues, impressions',
  'refs.replyTo': 'refs replyto, reply to, replyto, in reply to, in reply to status id, en reponse a, reponse a',
  'refs.repostOf': 'refs repostof, repost of, repostof, retweet of, partage de',
  'refs.quoteOf': 'refs quoteof, quote of, quoteof, citation de',
  'refs.root': 'refs root, root, conversation id, thread id, fil',
};
const fieldOfName = new Map(
  Object.entries(NAMES).flatMap(([field, names]) => names.split(', ').map((name) => [name, field] as const)),
);

function readHeader(text: string): { text: string; delimiter: string; columns: readonly Column[] } {
  let best: { delimiter: string; columns: readonly Column[]; known: number } | undefined;
  for (const delimiter of [';', ',', '\t', '|']) {
    const fields = splitRecord(text, delimiter);
    if (typeof fields === 'string') continue;
    const columns = columnsOf(fields);
    const known = columns.filter(({ field }) => field !== undefined).length;
    const better = !best || known > best.known || (known === best.known && columns.length > best.columns.length);
    if (better) best = { delimiter, columns, known };
  }
  return { text, delimiter: best?.delimiter ?? ',', columns: best?.columns ?? [] };
}

function columnsOf(names: readonly string[]): readonly Column[] {
  const taken = new Set<string>();
  return names.map((name): Column => {
    const field = fieldOfName.get(foldName(name));
    if (field === undefined || taken.has(field)) return { name, field: undefined };
    taken.add(field);
    return { name, field };
  });
}

function foldName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

// --------------------------------------------------------------------- row

function postOf(
  columns: readonly Column[],
  fields: readonly string[],
  timezone: string,
  order: DateOrder,
  commaApart: boolean,
): { readonly value: Json } | { readonly problem: string } {
  const post: { [key: string]: Json } = {};
  const nested: { [key: string]: { [key: string]: Json } } = {};
  const extra: { [key: string]: Json } = {};
  const problems: string[] = [];
  let time = '';
  for (const [index, { name, field }] of columns.entries()) {
    const text = fields[index] ?? '';
    if (text === '') continue;
    if (field === undefined) {
      if (name !== '' && name !== '__proto__') extra[name] = text;
    } else if (field === 'time') time = text;
    else {
      const value = valueOf(field, text, commaApart);
      if (value === undefined) problems.push(`${name}: "${text.slice(0, 60)}" is not a number`);
      else if (!field.includes('.')) post[field] = value;
      else {
        const [parent = '', key = ''] = field.split('.');
        nested[parent] = { ...nested[parent], [key]: value };
      }
    }
  }
  for (const field of ['publishedAt', 'observedAt']) {
    const written = post[field];
    if (typeof written !== 'string') continue;
    const clock = field === 'publishedAt' && time !== '' && !/\d[:h]\d/.test(written) ? ` ${time}` : '';
    const parsed = parseLocalDate(`${written}${clock}`, timezone, order);
    if ('at' in parsed) post[field] = parsed.at;
    else problems.push(`date: ${parsed.problem}`);
  }
  if (problems.length > 0) return { problem: problems.join('; ') };
  if (post['text'] === undefined && post['title'] !== undefined) {
    // A headline alone is what was said.
    post['text'] = post['title'];
    delete post['title'];
  }
  if (post['id'] === undefined && post['url'] === undefined) post['id'] = rowId(columns, fields);
  const unknown = Object.keys(extra).length > 0 ? { extra } : {};
  return { value: { ...post, ...nested, ...unknown } };
}

/** An export without ids: the same row is the same post, however often it is read. */
function rowId(columns: readonly Column[], fields: readonly string[]): string {
  const hash = createHash('sha256');
  for (const [index, { name }] of columns.entries()) hash.update(`${name}\0${fields[index] ?? ''}\0`);
  return `row-${hash.digest('hex').slice(0, 24)}`;
}

/** Undefined when a number was expected and none is there. */
function valueOf(field: string, text: string, commaApart: boolean): Json | undefined {
  if (field === 'rating') return starsOf(text);
  if (field === 'author.followers' || field.startsWith('engagement.')) return countOf(text, commaApart);
  if (field === 'author.verified') return /^(true|1|oui|yes|vrai|x)$/i.test(text);
  if (field === 'source') return networkOf(text);
  if (field === 'lang') return languageOf(text);
  if (field === 'op') return text.toLowerCase();
  return text;
}

/** `4,5`, `4/5`, `8/10`, `★★★★☆`, `5 étoiles`. */
function starsOf(text: string): number | undefined {
  const stars = text.match(/[★⭐]/gu)?.length;
  if (stars !== undefined) return stars;
  const parts = /^(\d+(?:[.,]\d+)?)\s*(?:(?:\/|sur|out of)\s*(5|10|20)|étoiles?|etoiles?|stars?)?$/i.exec(text);
  if (!parts) return undefined;
  return (Number((parts[1] ?? '').replace(',', '.')) * 5) / Number(parts[2] ?? 5);
}

/** `1 234`, `1.234`, `1,234`, `12,5 k`, `3 M`. */
function countOf(text: string, commaApart: boolean): number | undefined {
  const parts = /^(\d[\d\s.,]*)\s*(k|m|mio)?$/i.exec(text.replace(/[\u00a0\u202f]/g, ' '));
  if (!parts) return undefined;
  const digits = (parts[1] ?? '').replace(/\s/g, '');
  const factor = parts[2] === undefined ? 1 : parts[2].toLowerCase() === 'k' ? 1_000 : 1_000_000;
  const grouped = factor === 1 && /^\d{1,3}([.,]\d{3})+$/.test(digits);
  const number = grouped
    ? Number(digits.replace(/[.,]/g, ''))
    : Number(commaApart ? digits.replace(/,(?=\d{3}\b)/g, '').replace(',', '.') : digits.replace(',', '.'));
  return Number.isFinite(number) ? Math.round(number * factor) : undefined;
}

/** Names of networks as exports write them, by the name that the program uses. */
function networkOf(text: string): string {
  const name = foldName(text);
  if (/^(twitter|x twitter|twitter x|x|x com|twitter com)$/.test(name)) return 'x';
  if (/^(facebook|facebook com|page facebook|facebook page)$/.test(name)) return 'facebook';
  if (/^(presse|press|presse en ligne|online news|news|actualites|media en ligne)$/.test(name)) return 'press';
  if (/^(forums?)$/.test(name)) return 'forum';
  if (/^(blogs?)$/.test(name)) return 'blog';
  if (/^[\w.-]+\.[a-z]{2,}$/i.test(text.trim())) return text.trim().toLowerCase();
  return name.replaceAll(' ', '-') || text;
}

const LANGUAGES: Readonly<{ [name: string]: string }> = {
  francais: 'fr',
  french: 'fr',
  anglais: 'en',
  english: 'en',
  espagnol: 'es',
  spanish: 'es',
  allemand: 'de',
  german: 'de',
  italien: 'it',
  italian: 'it',
  portugais: 'pt',
  portuguese: 'pt',
  neerlandais: 'nl',
  dutch: 'nl',
  arabe: 'ar',
  arabic: 'ar',
};

/** A tag stays; the name of a language becomes its tag; anything else is left to detection. */
function languageOf(text: string): string {
  const named = LANGUAGES[foldName(text)];
  if (named !== undefined) return named;
  return /^[a-z]{2,3}([-_][a-z0-9]{2,8})*$/i.test(text) ? text : '';
}
