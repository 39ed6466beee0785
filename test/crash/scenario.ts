/** What the crash suite feeds: six brands on two roads, nine ordinary days, a surge each, on different days. */
import { createHmac } from 'node:crypto';
import { partitionKey } from '../../src/model/ids.ts';
import { seededRandom } from '../../src/lib/random.ts';

export const SECRET = 'crash-suite-secret';
const START = Date.parse('2026-11-01T00:00:00Z');
const HOUR = 3_600_000;

interface Line {
  readonly id: string;
  readonly source: string;
  readonly text: string;
  readonly lang: string;
  readonly publishedAt: string;
  readonly author: { readonly id: string };
}

/** Brand ids by road: what comes by file and what comes by webhook never meet in one partition. */
export const ROADS = { file: ['alder', 'birch', 'cedar'], hook: ['elm', 'fir', 'hazel'] } as const;

/** Two groups that fall into different partitions of `count`. */
export function groupsFor(partitionOf: (key: string) => number): { readonly file: string; readonly hook: string } {
  const of = (group: string): number => partitionOf(partitionKey({ client: 'default', group }));
  for (let i = 0; i < 100; i++) if (of('file') !== of(`hook${i}`)) return { file: 'file', hook: `hook${i}` };
  throw new Error('no two groups fall into different partitions');
}

export function configFor({
  groups,
  smtpPort,
  file,
}: {
  groups: { file: string; hook: string };
  smtpPort: number;
  file: string;
}): string {
  const brands = Object.entries(ROADS).flatMap(([road, ids]) =>
    ids.map(
      (id) =>
        `  - { id: ${id}, name: ${id}, query: '${id}', languages: [en], group: ${groups[road as keyof typeof groups]} }`,
    ),
  );
  return `language: en
timezone: UTC
rules: ./rules
server: { port: 0 }
brands:
${brands.join('\n')}
sources:
  - { type: file, name: archive, paths: ['${file}'] }
  - { type: webhook, name: inbox, secret: env:INBOX_SECRET }
receivers:
  - { name: pr, email: { to: [pr@example.org] } }
route: { receiver: pr, group_by: [brand, rule] }
smtp: { url: env:SMTP_URL, from: vigie@example.org }
`
    .replace('env:SMTP_URL', `env:SMTP_URL`)
    .concat(`# mail goes to port ${smtpPort}\n`);
}

export const RULES = `rules:
  - id: surge
    title: { en: Surge, fr: Emballement }
    when: { signal: spike, scope: "*" }
    severity: warning
  - id: crowd
    title: { en: Crowd, fr: Foule }
    when: { metric: authors, window: 1h, op: ">=", than: 60 }
    keep_firing_for: 10m
    severity: critical
`;

/** ~10,000 posts of one road, in the order of their time. */
export function linesOf(road: keyof typeof ROADS): Line[] {
  const random = seededRandom(road === 'file' ? 11 : 23);
  const lines: Line[] = [];
  const add = (brand: string, at: number): void => {
    const n = lines.length;
    lines.push({
      id: `${road}-${n}`,
      source: 'x',
      lang: 'en',
      text: `${random.pick(WORDS)} ${brand} ${random.pick(WORDS)} ${n}`,
      publishedAt: new Date(at).toISOString(),
      author: { id: `a${random.between(0, 5_000)}` },
    });
  };
  for (const [index, brand] of ROADS[road].entries()) {
    for (let at = START; at < START + 9 * 24 * HOUR; at += 5 * 60_000) {
      for (let i = random.poisson(1.2); i > 0; i--) add(brand, at + random.between(0, 299_999));
    }
    const surge = START + (4 + 1.5 * index) * 24 * HOUR + (road === 'file' ? 0 : 6 * HOUR);
    for (let i = 0; i < 220; i++) add(brand, surge + random.between(0, 25 * 60_000));
  }
  return lines.sort((a, b) =>
    a.publishedAt < b.publishedAt ? -1 : a.publishedAt > b.publishedAt ? 1 : a.id < b.id ? -1 : 1,
  );
}

const WORDS = [
  'seen',
  'again',
  'today',
  'here',
  'market',
  'table',
  'window',
  'train',
  'paper',
  'garden',
  'light',
  'road',
] as const;

export function signature(body: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1000);
  return `t=${t},v1=${createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex')}`;
}
