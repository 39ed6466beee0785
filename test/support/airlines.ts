/** Turns the stream of tweets to six US airlines (February 2015) into posts, and names its brands. */
import { createReadStream, createWriteStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { Brand, UnstampedPost } from '../../src/model/types.ts';

export const AIRLINES = [
  ['virgin-america', 'Virgin America', '@virginamerica'],
  ['united', 'United', '@united'],
  ['southwest', 'Southwest', '@southwestair'],
  ['jetblue', 'JetBlue', '@jetblue'],
  ['us-airways', 'US Airways', '@usairways'],
  ['american', 'American', '@americanair'],
] as const;

export const airlineBrands: readonly Brand[] = AIRLINES.map(([id, name, query]) => ({
  id,
  name,
  query,
  languages: ['en'],
  own: {},
  competitors: [],
  role: 'own',
  client: 'default',
  group: 'default',
}));

/** The same brands as a configuration file. */
export const airlineConfig = `language: en
timezone: America/Los_Angeles
brands:
${AIRLINES.map(([id, name, query]) => `  - { id: ${id}, name: ${name}, query: '${query}', languages: [en] }`).join('\n')}
`;

/** One post of the public interface per row. */
export async function* airlineRows(file: string): AsyncGenerator<Record<string, unknown>> {
  const rows = createReadStream(file).pipe(parse({ columns: true, relax_quotes: true, bom: true }));
  for await (const row of rows as AsyncIterable<Record<string, string>>) {
    const handle = row['name'] ?? '';
    yield {
      id: row['tweet_id'],
      source: 'x',
      text: row['text'],
      lang: 'en',
      publishedAt: isoOf(row['tweet_created'] ?? ''),
      author: { id: handle, handle },
      engagement: { reposts: Number(row['retweet_count'] ?? 0) },
    };
  }
}

/** The same, as the pipeline takes them. */
export async function airlinePosts(file: string): Promise<UnstampedPost[]> {
  const posts: UnstampedPost[] = [];
  for await (const row of airlineRows(file)) {
    const { id, source, text, lang, publishedAt, author, engagement } = row as unknown as UnstampedPost & {
      publishedAt: string;
    };
    posts.push({
      id: `${source}:${id}`,
      source,
      op: 'create',
      text,
      publishedAt: Date.parse(publishedAt),
      ...(lang ? { lang } : {}),
      ...(author ? { author } : {}),
      ...(engagement ? { engagement } : {}),
    });
  }
  return posts;
}

/** `2015-02-24 11:35:52 -0800` → ISO. */
function isoOf(created: string): string {
  const [date, time, zone] = created.split(' ');
  return new Date(`${date}T${time}${zone?.slice(0, 3)}:${zone?.slice(3)}`).toISOString();
}

if (import.meta.main) {
  const [input, output] = process.argv.slice(2);
  if (!input || !output) throw new Error('usage: airlines.ts Tweets.csv posts.ndjson');
  const out = createWriteStream(output);
  for await (const row of airlineRows(input)) out.write(`${JSON.stringify(row)}\n`);
  out.end();
}
