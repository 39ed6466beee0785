/** The writing half of the Elasticsearch store: what is written twice, late or by two at once leaves the same behind. */
import type { Client } from '@elastic/elasticsearch';
import {
  bulk,
  type BulkAnswer,
  type BulkOperation,
  type BulkOptions,
  documentId,
  parseVersion,
  patiently,
  statusOf,
  versionIn,
} from '../lib/elasticsearch.ts';
import { Conflict, NotFound } from '../model/errors.ts';
import type { Scope, Triage, TriageStatus } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { type Draft, draftOf, isNewer, type Kept, mentionKey, toSource, versionOf } from './elasticsearch-documents.ts';
import type { Months } from './elasticsearch-months.ts';
import { triageStates, untouched } from './selection.ts';

/** A post that goes away, as `MentionStore.remove` takes it. */
export interface Removal {
  readonly id: string;
  readonly brands?: readonly string[];
  readonly observedAt: Millis;
}

/** A mention that the server will never take, and why. */
export interface Refused {
  readonly id: string;
  readonly brand: string;
  readonly reason: string;
}

export interface WriterOptions extends BulkOptions {
  /** Told of mentions that the server refuses for good; the others are written. Without it, `put` throws after writing them. */
  readonly onRefused?: (refused: Refused) => void;
}

/** What was removed of a post. */
interface Stone {
  readonly all?: boolean;
  readonly brands?: Readonly<Record<string, Millis>>;
}

/** What is kept beside mentions: read before and after they are written. */
interface Marks {
  readonly stones: ReadonlyMap<string, Stone>;
  readonly triage: ReadonlyMap<string, TriageStatus>;
}

/** Where a document lies, and which state of it is meant. */
interface Place {
  readonly index: string;
  readonly key: string;
  readonly seqNo: number;
  readonly primaryTerm: number;
}

const chunk = 1000;
const rounds = 6;
/** What was written is found by searches after a second; until then it is remembered here. */
const recentMs = 10_000;
const mostRecent = 200_000;

/** Writes to the months. Each instance belongs to one store. */
export class Writer {
  readonly #client: Client;
  readonly #months: Months;
  readonly #options: WriterOptions;
  /** Months of what was written a moment ago, by key, oldest first. */
  readonly #recent = new Map<string, { readonly month: string; readonly at: Millis }>();
  /** Counts writes, so that a reader knows whether there is anything new to see. */
  changes = 0;

  constructor(client: Client, months: Months, options: WriterOptions) {
    this.#client = client;
    this.#months = months;
    this.#options = options;
  }

  async put(mentions: readonly Mention[]): Promise<void> {
    const newest = new Map<string, Draft>();
    for (const mention of mentions) {
      const draft = draftOf(mention);
      const other = newest.get(draft.key);
      if (other === undefined || isNewer(draft, keptOf(other))) newest.set(draft.key, draft);
    }
    const drafts = [...newest.values()];
    const refused: Refused[] = [];
    for (let i = 0; i < drafts.length; i += chunk) await this.#putSome(drafts.slice(i, i + chunk), refused);
    this.changes += 1;
    if (refused.length === 0) return;
    const { onRefused } = this.#options;
    if (onRefused === undefined) {
      const [first] = refused;
      throw new Error(
        `${refused.length} mentions were refused, among them ${first?.id} of ${first?.brand}: ${first?.reason}`,
      );
    }
    for (const one of refused) onRefused(one);
  }

  async #putSome(drafts: readonly Draft[], refused: Refused[]): Promise<void> {
    const months = new Set(drafts.map(({ month }) => month));
    const [before, elsewhere] = await Promise.all([this.#marks(drafts), this.#elsewhere(drafts, months)]);
    const buried = drafts.filter((draft) => isBuried(draft.mention, before));
    const wanted = buried.length === 0 ? drafts : drafts.filter((draft) => !isBuried(draft.mention, before));
    // What a crash left between writing and looking again.
    if (buried.length > 0) await this.#sweep(buried, before);

    await this.#months.ensure(new Set(wanted.map(({ month }) => month)));
    const taken = await this.#index(wanted, before, refused);
    this.#remember(taken);
    for (const { draft, month } of elsewhere) if (taken.has(draft)) await this.#keepOne(draft, month);

    // Who removed or triaged one of them meanwhile looked for it in vain: now it is there.
    const after = await this.#marks(wanted);
    const late = wanted.filter((draft) => isBuried(draft.mention, after));
    if (late.length > 0) await this.#sweep(late, after);
    const changed = wanted.filter(({ key }) => after.triage.get(key) !== before.triage.get(key));
    for (const draft of changed) await this.#markTriage(draft, after.triage.get(draft.key) ?? 'open');
  }

  /** Writes drafts where nothing newer is. Answers those that are there now. */
  async #index(wanted: readonly Draft[], marks: Marks, refused: Refused[]): Promise<ReadonlySet<Draft>> {
    const taken = new Set<Draft>();
    let open = wanted.map((draft) => ({ draft, version: versionOf(draft.mention.observedAt) }));
    for (let round = 0; open.length > 0; round++) {
      if (round === rounds) throw new Error(`${open.length} mentions are being written by others again and again`);
      const answers = await this.#bulk(
        open.map(({ draft, version }) => ({
          action: JSON.stringify({
            index: {
              _index: this.#months.names.month(draft.month),
              _id: draft.key,
              version,
              version_type: 'external',
              require_alias: true,
            },
          }),
          source: toSource(draft, marks.triage.get(draft.key) ?? 'open'),
        })),
      );
      const conflicts: Draft[] = [];
      const gone: typeof open = [];
      for (const [i, item] of open.entries()) {
        const answer: BulkAnswer = answers[i] ?? { status: 0 };
        if (answer.status < 300 && answer.status > 0) taken.add(item.draft);
        else if (answer.status === 409) conflicts.push(item.draft);
        else if (answer.status === 404) gone.push(item);
        else {
          const { id, brand } = item.draft.mention;
          refused.push({ id, brand, reason: (answer.reason ?? `status ${answer.status}`).slice(0, 500) });
        }
      }
      if (gone.length > 0) {
        // The month was dropped since we knew of it.
        this.#months.forget();
        await this.#months.ensure(new Set(gone.map(({ draft }) => draft.month)));
      }
      open = [...gone, ...(conflicts.length === 0 ? [] : await this.#stillNewer(conflicts))];
    }
    return taken;
  }

  /** Of drafts that met a document of the same or a later version, those that win over it, with the version to win by. */
  async #stillNewer(drafts: readonly Draft[]): Promise<{ draft: Draft; version: number }[]> {
    const found = await this.#mget(
      drafts.map(({ month, key }) => ({ index: this.#months.names.month(month), key })),
      ['observedAt', 'body', 'terms'],
    );
    return drafts.flatMap((draft, i) => {
      const doc = found[i];
      // Nothing there: it was removed a moment ago, by something newer.
      if (doc === undefined || !isNewer(draft, doc.source as unknown as Kept)) return [];
      return [{ draft, version: doc.version + 1 }];
    });
  }

  /** Other months in which drafts lie already: an edit may have moved a post in time. */
  async #elsewhere(
    drafts: readonly Draft[],
    months: ReadonlySet<string>,
  ): Promise<readonly { readonly draft: Draft; readonly month: string }[]> {
    const found: { draft: Draft; month: string }[] = [];
    const now = performance.now();
    for (const [key, { at }] of this.#recent) {
      if (now - at < recentMs && this.#recent.size <= mostRecent) break;
      this.#recent.delete(key);
    }
    for (const draft of drafts) {
      const recent = this.#recent.get(draft.key);
      if (recent !== undefined && recent.month !== draft.month) found.push({ draft, month: recent.month });
    }
    const known = await this.#months.list();
    const byMonth = new Map<string, Draft[]>();
    for (const draft of drafts) byMonth.set(draft.month, [...(byMonth.get(draft.month) ?? []), draft]);
    for (const month of months) {
      const others = known.filter((other) => other.month !== month);
      const mine = byMonth.get(month) ?? [];
      if (others.length === 0) continue;
      const byKey = new Map(mine.map((draft) => [draft.key, draft]));
      const { hits } = await this.#ask((transport) =>
        this.#client.search(
          {
            index: others.map((other) => this.#months.names.month(other.month)),
            ignore_unavailable: true,
            query: { ids: { values: [...byKey.keys()] } },
            size: 10_000,
            _source: false,
            track_total_hits: false,
            filter_path: ['hits.hits._id', 'hits.hits._index'],
          },
          transport,
        ),
      );
      for (const hit of hits?.hits ?? []) {
        const draft = byKey.get(String(hit._id));
        const other = others.find(({ index }) => index === hit._index)?.month;
        if (draft !== undefined && other !== undefined) found.push({ draft, month: other });
      }
    }
    return found;
  }

  /** Of one mention in two months, the newer one stays. */
  async #keepOne(draft: Draft, other: string): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const places = [draft.month, other].map((month) => ({ index: this.#months.names.month(month), key: draft.key }));
      const [mine, theirs] = await this.#mget(places, ['observedAt', 'body', 'terms']);
      if (mine === undefined || theirs === undefined) return;
      const loser = isNewer({ ...draft, ...mineAs(draft, mine.source) }, theirs.source as unknown as Kept)
        ? theirs
        : mine;
      if (await this.#delete([loser])) return;
    }
  }

  #remember(drafts: Iterable<Draft>): void {
    const at = performance.now();
    for (const { key, month } of drafts) {
      this.#recent.delete(key);
      this.#recent.set(key, { month, at });
    }
  }

  /** Takes away what is there of buried drafts. */
  async #sweep(drafts: readonly Draft[], marks: Marks): Promise<void> {
    let open = drafts;
    for (let round = 0; open.length > 0 && round < rounds; round++) {
      const found = await this.#mget(
        open.map(({ month, key }) => ({ index: this.#months.names.month(month), key })),
        ['observedAt'],
      );
      const doomed = open.flatMap((draft, i) => {
        const doc = found[i];
        const observedAt = Number(doc?.source['observedAt']);
        return doc !== undefined && isBuried({ ...draft.mention, observedAt }, marks) ? [{ draft, doc }] : [];
      });
      if (await this.#delete(doomed.map(({ doc }) => doc))) return;
      open = doomed.map(({ draft }) => draft);
    }
  }

  /** Deletes documents as they were seen. Answers false when one of them has changed since. */
  async #delete(places: readonly Place[]): Promise<boolean> {
    if (places.length === 0) return true;
    const answers = await this.#bulk(
      places.map(({ index, key, seqNo, primaryTerm }) => ({
        action: JSON.stringify({
          delete: { _index: index, _id: key, if_seq_no: seqNo, if_primary_term: primaryTerm },
        }),
      })),
    );
    this.changes += 1;
    // An index that is gone was rebuilt under another name.
    return answers.every(({ status, reason }) => status !== 409 && reason?.startsWith('index_not_found') !== true);
  }

  /** Tombstones and triage as they are now, whether or not searches see them yet. */
  async #marks(drafts: readonly Draft[]): Promise<Marks> {
    const { stones, triage } = this.#months.names;
    const ids = [...new Set(drafts.map(({ mention }) => mention.id))];
    const found = await this.#mget(
      [
        ...ids.map((id) => ({ index: stones, key: documentId(id) })),
        ...drafts.map(({ key }) => ({ index: triage, key })),
      ],
      ['all', 'brands', 'status'],
    );
    const byId = new Map<string, Stone>();
    const byKey = new Map<string, TriageStatus>();
    for (const [i, doc] of found.entries()) {
      if (doc === undefined) continue;
      const id = ids[i];
      if (id !== undefined) byId.set(id, doc.source);
      else byKey.set(doc.key, doc.source['status'] as TriageStatus);
    }
    return { stones: byId, triage: byKey };
  }

  async remove(removals: readonly Removal[]): Promise<void> {
    for (let i = 0; i < removals.length; i += chunk) await this.#removeSome(removals.slice(i, i + chunk));
    this.changes += 1;
  }

  async #removeSome(removals: readonly Removal[]): Promise<void> {
    const answers = await this.#bulk(
      removals.map(({ id, brands, observedAt }) => ({
        action: JSON.stringify({
          update: {
            _index: this.#months.names.stones,
            _id: documentId(id),
            retry_on_conflict: 20,
            require_alias: true,
          },
        }),
        source: JSON.stringify({
          scripted_upsert: true,
          upsert: { id, brands: {} },
          script: {
            lang: 'painless',
            source: buryScript,
            params: { all: brands === undefined, brands: brands ?? [], at: Math.trunc(observedAt) },
          },
        }),
      })),
    );
    const failed = answers.find(({ status }) => status >= 300);
    if (failed !== undefined) throw new Error(`a removal could not be written: ${failed.reason}`);

    const { mentions } = this.#months.names;
    for (let round = 0; ; round++) {
      if (round === rounds) throw new Error('mentions that are to be removed are being written again and again');
      // A search sees what was refreshed; what is written from here on sees the tombstones.
      await this.#ask((transport) =>
        this.#client.indices.refresh({ index: mentions, ignore_unavailable: true, allow_no_indices: true }, transport),
      );
      if (await this.#deleteFound(removals)) return;
    }
  }

  async #deleteFound(removals: readonly Removal[]): Promise<boolean> {
    const byId = new Map<string, Removal[]>();
    for (const removal of removals) byId.set(removal.id, [...(byId.get(removal.id) ?? []), removal]);
    let after: readonly unknown[] | undefined;
    let clean = true;
    for (;;) {
      const { hits } = await this.#ask((transport) =>
        this.#client.search(
          {
            index: this.#months.names.mentions,
            ignore_unavailable: true,
            query: { terms: { id: [...byId.keys()] } },
            size: chunk,
            sort: [{ id: 'asc' }, { brand: 'asc' }, { at: 'asc' }],
            ...(after !== undefined && { search_after: [...after] as string[] }),
            _source: ['id', 'brand', 'observedAt'],
            seq_no_primary_term: true,
            track_total_hits: false,
          },
          transport,
        ),
      );
      const doomed = hits.hits.flatMap((hit): Place[] => {
        const { id, brand, observedAt } = hit._source as { id: string; brand: string; observedAt: Millis };
        const goes = byId
          .get(id)
          ?.some(({ brands, observedAt: at }) => brands === undefined || (brands.includes(brand) && observedAt <= at));
        if (goes !== true) return [];
        return [
          { index: hit._index, key: String(hit._id), seqNo: hit._seq_no ?? 0, primaryTerm: hit._primary_term ?? 0 },
        ];
      });
      if (!(await this.#delete(doomed))) clean = false;
      after = hits.hits.at(-1)?.sort;
      if (hits.hits.length < chunk || after === undefined) return clean;
    }
  }

  async setTriage(
    scope: Scope,
    id: string,
    brand: string,
    triage: Omit<Triage, 'version'>,
    seen: string,
  ): Promise<Triage> {
    if (!triageStates.includes(triage.status)) throw new RangeError(`no such state of triage: ${triage.status}`);
    const key = mentionKey({ id, brand });
    const months = scope.brands.includes(brand) ? await this.#months.refresh() : [];
    const places = months.map(({ month }) => ({ index: this.#months.names.month(month), key }));
    const found = await this.#mget(places, ['id', 'client', 'brand']);
    const at = found.findIndex((doc) => doc?.source['client'] === scope.client && doc.source['id'] === id);
    const place = places[at];
    if (place === undefined) throw new NotFound(`no mention ${id} of ${brand}`);
    const version = parseVersion(seen);
    if (seen !== '' && version === undefined) throw changed(id);
    const { status, assignee, until, verdict, note } = triage;
    const kept = {
      status,
      ...(assignee !== undefined && { assignee }),
      ...(until !== undefined && { until }),
      ...(verdict !== undefined && { verdict }),
      ...(note !== undefined && { note }),
    };
    const written = await this.#client
      .index({
        index: this.#months.names.triage,
        id: key,
        require_alias: true,
        document: { client: scope.client, brand, id, ...kept },
        ...(version === undefined
          ? { op_type: 'create' }
          : { if_seq_no: version.seqNo, if_primary_term: version.term }),
      })
      .catch((error: unknown) => Promise.reject(statusOf(error) === 409 ? changed(id) : (error as Error)));
    await this.#markTriage({ ...place, key }, status);
    this.changes += 1;
    return { ...kept, version: versionIn(written) };
  }

  /** Writes the state of triage into the mention, where filters and counts find it; who does so sees it in the next read. */
  async #markTriage(
    place: { readonly key: string } & ({ readonly index: string } | { readonly month: string }),
    triage: TriageStatus,
  ): Promise<void> {
    const index = 'index' in place ? place.index : this.#months.names.month(place.month);
    const update = { _index: index, _id: place.key, retry_on_conflict: 20, require_alias: true };
    const [answer] = await this.#bulk([
      { action: JSON.stringify({ update }), source: JSON.stringify({ doc: { triage } }) },
    ]);
    // Removed meanwhile: its triage waits for it.
    if (answer?.status === 404) return;
    if (answer === undefined || answer.status >= 300) throw new Error(`triage could not be marked: ${answer?.reason}`);
    await this.#ask((transport) => this.#client.indices.refresh({ index, ignore_unavailable: true }, transport));
  }

  /** The triage of mentions, as it is now. */
  async triageOf(keys: readonly string[], limitMs: Millis): Promise<readonly Triage[]> {
    const places = keys.map((key) => ({ index: this.#months.names.triage, key }));
    const found = await this.#mget(places, undefined, limitMs);
    return found.map((doc) => {
      if (doc === undefined) return untouched;
      const { status, assignee, until, verdict, note } = doc.source as unknown as Triage;
      return {
        status,
        ...(assignee !== undefined && { assignee }),
        ...(until !== undefined && { until }),
        ...(verdict !== undefined && { verdict }),
        ...(note !== undefined && { note }),
        version: versionIn({ _seq_no: doc.seqNo, _primary_term: doc.primaryTerm }),
      };
    });
  }

  /** Documents by their ids, as they are now; undefined where there is none. */
  async #mget(
    places: readonly { readonly index: string; readonly key: string }[],
    fields?: readonly string[],
    limitMs?: Millis,
  ): Promise<readonly (Found | undefined)[]> {
    if (places.length === 0) return [];
    const request = (transport: { readonly requestTimeout: number }) =>
      this.#client.mget<Record<string, unknown>>(
        {
          docs: places.map(({ index, key }) => ({ _index: index, _id: key })),
          ...(fields !== undefined && { _source: [...fields] }),
          filter_path: [
            'docs._id',
            'docs._index',
            'docs._version',
            'docs._seq_no',
            'docs._primary_term',
            'docs._source',
            'docs.error.type',
          ],
        },
        transport,
      );
    const { docs } = await (limitMs === undefined ? this.#ask(request) : request({ requestTimeout: limitMs }));
    return docs.map((doc) => {
      if ('error' in doc) {
        // A month that is not there holds nothing.
        if (doc.error.type === 'index_not_found_exception') return undefined;
        throw new Error(`Elasticsearch could not read a document: ${doc.error.type}`);
      }
      if (doc._source === undefined) return undefined;
      return {
        index: doc._index,
        key: doc._id,
        version: doc._version ?? 0,
        seqNo: doc._seq_no ?? 0,
        primaryTerm: doc._primary_term ?? 0,
        source: doc._source,
      };
    });
  }

  #ask<T>(request: (transport: { readonly requestTimeout: number }) => Promise<T>): Promise<T> {
    return patiently(request, this.#options);
  }

  #bulk(operations: readonly BulkOperation[]): Promise<readonly BulkAnswer[]> {
    return bulk(this.#client, operations, this.#options);
  }
}

interface Found extends Place {
  readonly version: number;
  readonly source: Readonly<Record<string, unknown>>;
}

const buryScript =
  'if (params.all) { ctx._source.all = true; } ' +
  'if (ctx._source.brands == null) { ctx._source.brands = new HashMap(); } ' +
  'for (brand in params.brands) { def at = ctx._source.brands[brand]; ' +
  'if (at == null || at < params.at) { ctx._source.brands[brand] = params.at; } }';

function isBuried(mention: Pick<Mention, 'id' | 'brand' | 'observedAt'>, { stones }: Marks): boolean {
  const stone = stones.get(mention.id);
  if (stone === undefined) return false;
  return stone.all === true || (stone.brands?.[mention.brand] ?? -Infinity) >= mention.observedAt;
}

function keptOf({ mention, body, terms }: Draft): Kept {
  return { observedAt: Math.trunc(mention.observedAt), body, terms };
}

/** A draft with the text that is kept of it. */
function mineAs(draft: Draft, source: Readonly<Record<string, unknown>>): Pick<Draft, 'mention' | 'body' | 'terms'> {
  const { observedAt, body, terms } = source as unknown as Kept;
  return { mention: { ...draft.mention, observedAt }, body, terms };
}

function changed(id: string): Conflict {
  return new Conflict(`the triage of ${id} was changed meanwhile`);
}
