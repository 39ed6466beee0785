import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FeedDocument, parseFeedDocument } from '../../src/sources/lib/feed-document.ts';
import { textOfHtml } from '../../src/sources/lib/html.ts';

const fixtures = new URL('../fixtures/feeds/', import.meta.url);

async function parse(bytes: Uint8Array | string, contentType?: string): Promise<FeedDocument> {
  const document = await refusable(bytes, contentType);
  if (document.kind === 'refused') throw new Error(document.reason);
  return document;
}
const refusable = (bytes: Uint8Array | string, contentType?: string) =>
  parseFeedDocument(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, {
    url: 'https://feeds.example/rss',
    contentType,
  });
const fixture = (name: string) => parse(readFileSync(new URL(name, fixtures)));
const rss = (items: string) => `<rss version="2.0"><channel><title>T</title>${items}</channel></rss>`;

describe('a feed document', () => {
  test('RSS 2.0 in Latin-1, with everything escaped twice', async () => {
    const document = await fixture('gazette-latin1.xml');
    expect(document).toMatchObject({ format: 'rss', title: 'La Gazette démontée', everyMs: 1_800_000 });
    expect(document.entries).toEqual([
      {
        id: 'g-1',
        title: "L'été commence & déçoit",
        text: 'Premier paragraphe.\n\nSecond : un lien et 5 < 6.',
        url: 'https://gazette.example/articles/1?utm_source=rss&id=1',
        author: 'Jeanne Noël',
        lang: 'fr',
        publishedAt: Date.UTC(2026, 10, 20, 9),
      },
      {
        id: 'g-2',
        title: 'Sans date ni auteur',
        text: 'Corps échappé.',
        url: 'https://gazette.example/articles/2#xtor=RSS-1',
        author: 'La rédaction',
        lang: 'fr',
      },
    ]);
  });

  test('the charset that the bytes show wins over a wrong label', async () => {
    expect((await fixture('labelled-utf8-but-1252.xml')).entries[0]).toMatchObject({
      title: 'Il dit “non”',
      text: 'Déjà vu',
    });
    expect((await fixture('labelled-latin1-but-utf8.xml')).entries[0]).toMatchObject({ text: 'Déjà vu' });
    const item = rss('<item><guid>1</guid><title>Été</title></item>');
    const titles = async (bytes: Uint8Array, contentType?: string) =>
      (await parse(bytes, contentType)).entries[0]?.text;
    expect(await titles(Buffer.from(item, 'latin1'))).toBe('Été');
    expect(await titles(Buffer.from(item, 'latin1'), 'text/xml; charset=iso-8859-1')).toBe('Été');
    expect(await titles(Buffer.from(item, 'utf16le'))).toBe('Été');
    expect(await titles(Buffer.from(`\uFEFF${item}`, 'utf16le').swap16(), 'text/xml; charset=utf-8')).toBe('Été');
    expect(await titles(gzipSync(Buffer.from(item)))).toBe('Été');
    const russian = Buffer.concat([
      Buffer.from('<?xml version="1.0" encoding="koi8-r"?><rss version="2.0"><channel><item><guid>1</guid><title>'),
      Buffer.from([0xed, 0xc9, 0xd2]),
      Buffer.from('</title></item></channel></rss>'),
    ]);
    expect(await titles(russian)).toBe('Мир');
    expect(await titles(russian, 'text/xml; charset=windows-1251')).not.toBe('Мир');
  });

  test('Atom: xml:base, markup in titles, tombstones outside comments, no script as a link', async () => {
    const document = await fixture('atom-base.xml');
    expect(document.deleted).toEqual(['urn:post:9']);
    expect(document.entries).toEqual([
      {
        id: 'urn:post:1',
        title: 'Panne & colère',
        text: 'Rien ne marche.',
        url: 'https://forum.example/t/1',
        author: 'L’équipe',
        lang: 'fr-FR',
        publishedAt: Date.UTC(2026, 10, 20, 8, 30),
      },
      {
        id: 'urn:post:2',
        text: 'Titre seul',
        author: 'L’équipe',
        lang: 'fr-FR',
        publishedAt: Date.UTC(2026, 10, 20, 10),
      },
    ]);
  });

  test('the redirects of Google Alerts lead to their target', async () => {
    expect((await fixture('alert.xml')).entries).toEqual([
      {
        id: 'tag:google.com,2013:googlealerts/feed:42',
        title: 'Acme rappelle ses fours',
        text: 'Le fabricant Acme rappelle ...',
        url: 'https://presse.example/acme?page=1',
        publishedAt: Date.UTC(2026, 10, 20, 10),
      },
    ]);
  });

  test('RSS 1.0 and JSON Feed', async () => {
    expect((await fixture('rdf.xml')).entries).toEqual([
      {
        id: 'https://annonces.example/a',
        title: 'Un avis',
        text: 'Très déçu',
        url: 'https://annonces.example/a',
        author: 'Paul',
        publishedAt: Date.UTC(2026, 10, 20, 10),
      },
    ]);
    expect((await fixture('feed.json')).entries).toEqual([
      {
        id: '7',
        title: 'Note',
        text: 'Du neuf',
        url: 'https://carnet.example/n/7',
        author: 'Léa',
        lang: 'fr',
        publishedAt: Date.UTC(2026, 10, 20, 9),
      },
    ]);
  });

  test('the tolerant parser reads what is not well-formed', async () => {
    const document = await fixture('broken.xml');
    expect(document.entries.length).toBeGreaterThan(0);
    expect(document.entries[0]?.url).toBe('https://casse.example/1');
  });

  test('entries that share a guid but nothing else stay apart, repeats are one', async () => {
    const { entries } = await fixture('same-guid.xml');
    expect(entries.map(({ text }) => text)).toEqual(['Un', 'Deux', 'Trois']);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(3);
    expect(entries[2]?.id).toBe('g-3');
    expect((await fixture('same-guid.xml')).entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  });

  test('without a guid, the address without tracking is the id, else a hash', async () => {
    const ids = async (item: string) => (await parse(rss(`<item>${item}</item>`))).entries[0]?.id;
    expect(await ids('<title>a</title><link>https://e.example/1?utm_source=a&amp;p=2&amp;fbclid=x</link>')).toBe(
      'https://e.example/1?p=2',
    );
    expect(await ids('<title>a</title>')).toMatch(/^[\w-]{12}$/);
    expect(await ids('<title>a</title>')).toBe(await ids('<title>a</title>'));
    expect(await ids(`<guid>${'g'.repeat(2_000)}</guid><title>a</title>`)).toMatch(/^g{700}#[\w-]{12}$/);
  });

  test('no entity is expanded and no file is read', async () => {
    const { entries } = await fixture('entities.xml');
    const [entry] = entries;
    expect(entry?.text).not.toMatch(/haha/);
    expect(JSON.stringify(entry).length).toBeLessThan(500);
  });

  test('depth, attributes and length are bounded', async () => {
    const started = performance.now();
    for (const document of [
      rss(`<item>${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}</item>`),
      rss(`<item><guid>1</guid><description><![CDATA[${'<div>'.repeat(50_000)}x]]></description></item>`),
      rss(
        `<item ${Array.from({ length: 20_000 }, (_, index) => `a${index}="1"`).join(' ')}><guid>1</guid><title>t</title></item>`,
      ),
      rss('<item><title>'.repeat(20_000)),
      '<link type="application/rss+xml" '.repeat(50_000),
      `<feed xmlns="http://www.w3.org/2005/Atom">${'<at:deleted-entry '.repeat(50_000)}</feed>`,
      `<feed xmlns="http://www.w3.org/2005/Atom">deleted-entry ${'<![CDATA['.repeat(50_000)}</feed>`,
      `{"version":"https://jsonfeed.org/version/1","items":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ]) {
      expect(['feed', 'refused']).toContain((await refusable(document)).kind);
    }
    expect(performance.now() - started).toBeLessThan(15_000);
    const long = await parse(rss(`<item><guid>1</guid><description>${'mot '.repeat(60_000)}</description></item>`));
    expect(long.entries[0]?.text.length).toBe(100_000);
  });

  test.each([
    ['', 'the document is empty'],
    ['  \n', 'the document is empty'],
    ['hello', 'the document is neither XML nor JSON'],
    ['{"a":1}', 'the document is JSON, but no JSON Feed'],
    ['{"a":', 'the document begins like JSON, but cannot be read'],
    ['<html><body>x</body></html>', 'this is a web page, not a feed'],
    ['<?xml version="1.0"?><opml version="2.0"><body/></opml>', 'this is a list of feeds (OPML), not a feed'],
    ['<urlset></urlset>', 'this is a sitemap, not a feed'],
    ['<note>x</note>', 'the document is XML, but no feed: it begins with <note>'],
    ['\x1f\x8bnot gzip', 'the compressed document is damaged or unpacks to more than 10 MB'],
  ])('%j is refused by name', async (text, reason) => {
    expect(await refusable(Buffer.from(text, 'latin1'))).toEqual({ kind: 'refused', reason });
  });

  test('any bytes at all are parsed or refused', async () => {
    const documents = readdirSync(fixtures).map((name) => readFileSync(new URL(name, fixtures)));
    for (const document of documents) {
      for (let cut = 1; cut < document.length; cut += 37) await refusable(document.subarray(0, cut));
    }
    const samples: Uint8Array[] = [];
    assert(property(uint8Array({ maxLength: 300 }), (bytes) => void samples.push(bytes)));
    for (const bytes of samples) expect(['feed', 'refused']).toContain((await refusable(bytes)).kind);
  });
});

describe('HTML into text', () => {
  test.each([
    ['<p>Un</p><p>Deux</p>', 'Un\n\nDeux'],
    ['a<br>b', 'a\nb'],
    ['5 < 6 et 7 > 3', '5 < 6 et 7 > 3'],
    ['AT&amp;T', 'AT&T'],
    ['l&amp;#039;&amp;eacute;quipe', "l'équipe"],
    ['&lt;p&gt;deux fois&lt;/p&gt;', 'deux fois'],
    ['<ul><li>un</li><li>deux</li></ul>', '- un\n- deux'],
    ['<h1>Titre</h1><p>x</p>', 'Titre\n\nx'],
    ['<style>p{}</style><img alt="a" src="b"><b>gras</b>', 'gras'],
    ['sans balise\nligne', 'sans balise\nligne'],
  ])('%j', (html, text) => expect(textOfHtml(html)).toBe(text));
});
