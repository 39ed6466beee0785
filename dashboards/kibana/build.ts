/**
 * Writes our boards as saved objects of Kibana 9: `node dashboards/kibana/build.ts` makes vigie.ndjson, to be imported under Stack
 * Management → Saved Objects. Each board comes in French and in English. What Kibana cannot draw from the index of mentions
 * is left out and named in the board's description.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBoards } from '../../src/api/boards.ts';
import type { ApiBoard } from '../../src/api/contract.ts';

type Language = 'fr' | 'en';
type Panel = ApiBoard['panels'][number];
interface SavedObject {
  readonly id: string;
  readonly type: 'index-pattern' | 'visualization' | 'search' | 'dashboard';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly coreMigrationVersion: string;
  readonly typeMigrationVersion: string;
}
interface Reference {
  readonly name: string;
  readonly type: SavedObject['type'];
  readonly id: string;
}

const FOLDER = import.meta.dirname;
/** The version of each object's form; Kibana brings older ones up to its own. */
const FORM = { 'index-pattern': '8.0.0', visualization: '8.5.0', search: '8.0.0', dashboard: '8.9.0' } as const;
const VIEW = 'vigie-mentions';
/** Columns of Kibana's grid for each of our twelve. */
const COLUMN = 4;
const ROWS: Readonly<Record<Panel['type'], number>> = {
  figures: 8,
  volume: 14,
  share: 14,
  alerts: 14,
  facet: 14,
  mentions: 18,
};
/** Fields of the index by the name that boards give them; terms are searched there and not counted. */
const FIELDS: Readonly<Record<string, string>> = {
  source: 'source',
  author: 'author',
  language: 'language',
  topic: 'topics',
};
const COLORS = { negative: '#b3261e', neutral: '#79747e', positive: '#1b7f4b', unsure: '#c9c5d0' } as const;

const words: Readonly<Record<Language, Readonly<Record<'mentions' | 'negative' | 'left', string>>>> = {
  fr: { mentions: 'Mentions', negative: 'Négatives', left: 'Non repris dans Kibana' },
  en: { mentions: 'Mentions', negative: 'Negative', left: 'Not in Kibana' },
};

function saved(
  type: SavedObject['type'],
  id: string,
  attributes: SavedObject['attributes'],
  references: readonly Reference[] = [],
): SavedObject {
  return { id, type, attributes, references, coreMigrationVersion: '8.8.0', typeMigrationVersion: FORM[type] };
}

const SOURCE = 'kibanaSavedObjectMeta.searchSourceJSON.index';
const onMentions: Reference = { name: SOURCE, type: 'index-pattern', id: VIEW };

/** A panel's own query in Kibana's language. The brand's own posts are no opinion and are not counted. */
function kuery({ query, type }: Panel): string {
  const parts = type === 'mentions' ? [] : ['own : false'];
  if (query?.sentiment !== undefined) parts.push(`feeling : "${query.sentiment}"`);
  if (query?.sources?.length)
    parts.push(`source : (${query.sources.map((name) => JSON.stringify(name)).join(' or ')})`);
  return parts.join(' and ');
}

function searchSource(panel: Panel): { readonly searchSourceJSON: string } {
  return {
    searchSourceJSON: JSON.stringify({
      query: { query: kuery(panel), language: 'kuery' },
      filter: [],
      indexRefName: SOURCE,
    }),
  };
}

const count = { id: '1', enabled: true, type: 'count', params: {}, schema: 'metric' };
const byTerms = (field: string, size: number, schema: string): object => ({
  id: '2',
  enabled: true,
  type: 'terms',
  params: { field, orderBy: '1', order: 'desc', size, otherBucket: false, missingBucket: false },
  schema,
});

/** How Kibana draws a panel; undefined: it cannot. */
function drawn(
  panel: Panel,
  language: Language,
): { readonly type: string; readonly aggs: readonly object[]; readonly params: object } | undefined {
  const { mentions, negative } = words[language];
  if (panel.query?.q !== undefined) return undefined;
  switch (panel.type) {
    case 'figures': {
      const filters = panel.figures.flatMap((figure) => {
        if (figure === 'mentions') return [{ input: { query: '', language: 'kuery' }, label: mentions }];
        if (figure === 'negative')
          return [{ input: { query: 'feeling : "negative"', language: 'kuery' }, label: negative }];
        return [];
      });
      if (filters.length === 0) return undefined;
      return {
        type: 'metric',
        aggs: [count, { id: '2', enabled: true, type: 'filters', params: { filters }, schema: 'group' }],
        params: {
          type: 'metric',
          addTooltip: true,
          addLegend: false,
          metric: { metricColorMode: 'None', labels: { show: true }, style: { fontSize: 32 } },
        },
      };
    }
    case 'volume':
      return {
        type: 'histogram',
        aggs: [
          count,
          {
            id: '2',
            enabled: true,
            type: 'date_histogram',
            params: { field: 'at', interval: 'auto', min_doc_count: 0 },
            schema: 'segment',
          },
          { ...byTerms('feeling', 4, 'group'), id: '3' },
        ],
        params: {
          type: 'histogram',
          addTooltip: true,
          addLegend: true,
          legendPosition: 'bottom',
          seriesParams: [
            {
              data: { id: '1', label: mentions },
              mode: 'stacked',
              type: 'histogram',
              show: true,
              valueAxis: 'ValueAxis-1',
            },
          ],
          categoryAxes: [
            {
              id: 'CategoryAxis-1',
              type: 'category',
              position: 'bottom',
              show: true,
              labels: { show: true },
              scale: { type: 'linear' },
              title: {},
            },
          ],
          valueAxes: [
            {
              id: 'ValueAxis-1',
              name: 'LeftAxis-1',
              type: 'value',
              position: 'left',
              show: true,
              labels: { show: true },
              scale: { type: 'linear', mode: 'normal' },
              title: { text: mentions },
            },
          ],
        },
      };
    case 'share':
      return {
        type: 'pie',
        aggs: [count, byTerms('brand', 10, 'segment')],
        params: {
          type: 'pie',
          addTooltip: true,
          addLegend: true,
          legendPosition: 'right',
          isDonut: true,
          labels: { show: true, values: true, last_level: true, truncate: 100 },
        },
      };
    case 'facet': {
      const field = FIELDS[panel.field];
      if (field === undefined) return undefined;
      return {
        type: 'table',
        aggs: [count, byTerms(field, panel.top, 'bucket')],
        params: { perPage: panel.top, showPartialRows: false, showMetricsAtAllLevels: false, showTotal: false },
      };
    }
    default:
      return undefined;
  }
}

function panelObject(board: ApiBoard, panel: Panel, language: Language): SavedObject | undefined {
  const id = `vigie-${board.id}-${panel.id}-${language}`;
  const title = `Vigie · ${panel.title[language]}`;
  if (panel.type === 'mentions' && panel.query?.q === undefined) {
    return saved(
      'search',
      id,
      {
        title,
        description: '',
        columns: ['source', 'author', 'brand', 'feeling', 'similar'],
        sort: [['at', 'desc']],
        kibanaSavedObjectMeta: searchSource(panel),
      },
      [onMentions],
    );
  }
  const how = drawn(panel, language);
  if (how === undefined) return undefined;
  const colors = panel.type === 'volume' ? { vis: { colors: COLORS } } : {};
  return saved(
    'visualization',
    id,
    {
      title,
      description: '',
      version: 1,
      visState: JSON.stringify({ title, ...how }),
      uiStateJSON: JSON.stringify(colors),
      kibanaSavedObjectMeta: searchSource(panel),
    },
    [onMentions],
  );
}

function boardObjects(board: ApiBoard, language: Language): readonly SavedObject[] {
  const objects: SavedObject[] = [];
  const panels: object[] = [];
  const references: Reference[] = [];
  const left: string[] = [];
  let x = 0;
  let y = 0;
  let tallest = 0;
  for (const panel of board.panels) {
    const object = panelObject(board, panel, language);
    const some =
      panel.type === 'figures' ? panel.figures.filter((figure) => figure !== 'mentions' && figure !== 'negative') : [];
    if (object === undefined) left.push(panel.title[language]);
    else left.push(...some);
    if (object === undefined) continue;
    objects.push(object);
    const w = panel.span * COLUMN;
    const h = ROWS[panel.type];
    if (x + w > 12 * COLUMN) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    const i = panel.id;
    panels.push({
      version: FORM.dashboard,
      type: object.type,
      gridData: { x, y, w, h, i },
      panelIndex: i,
      embeddableConfig: { enhancements: {} },
      title: panel.title[language],
      panelRefName: `panel_${i}`,
    });
    references.push({ name: `${i}:panel_${i}`, type: object.type, id: object.id });
    x += w;
    tallest = Math.max(tallest, h);
  }
  const attributes = {
    title: `Vigie · ${board.title[language]}`,
    description: left.length > 0 ? `${words[language].left}: ${left.join(', ')}` : '',
    panelsJSON: JSON.stringify(panels),
    optionsJSON: JSON.stringify({ useMargins: true, hidePanelTitles: false }),
    timeRestore: true,
    timeFrom: 'now-24h',
    timeTo: 'now',
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
    },
  };
  return [...objects, saved('dashboard', `vigie-${board.id}-${language}`, attributes, references)];
}

/** The file as it should be: one object a line, then the summary that Kibana writes itself. `prefix` is that of the store. */
export function kibanaObjects(boards: readonly ApiBoard[], prefix = 'vigie'): string {
  const view = saved('index-pattern', VIEW, { title: `${prefix}-mentions`, name: 'Vigie', timeFieldName: 'at' });
  const objects = [
    view,
    ...boards.flatMap((board) => (['fr', 'en'] as const).flatMap((language) => boardObjects(board, language))),
  ];
  const end = { exportedCount: objects.length, missingRefCount: 0, missingReferences: [] };
  return [...objects, end].map((object) => `${JSON.stringify(object)}\n`).join('');
}

if (import.meta.main) {
  const text = kibanaObjects(readBoards(join(FOLDER, '../boards')), process.argv[2]);
  writeFileSync(join(FOLDER, 'vigie.ndjson'), text);
}
