/** The plain text of an alert mail. */
import type { MailView, PostView } from './view.ts';

/** Lays a mail out as plain text: every fact of the HTML part is in it. */
export function textOf(view: MailView): string {
  const blocks: (readonly string[])[] = [
    view.demo ? [`*** ${view.demo} ***`] : [],
    [`${view.tag.toUpperCase()} · ${view.brand} · ${view.when}`],
    [view.headline, view.under],
    [view.sentence],
    view.warning ? [`! ${view.warning}`] : [],
    view.figures.map(({ label, value }) => `${label} : ${value}`),
    view.timing,
    section(
      view.titles.why,
      view.because.map((line) => `- ${line}`),
    ),
    section(view.titles.toRead, view.posts.flatMap(postLines)),
    section(
      view.titles.who,
      view.authors.map(({ name, about, posts, url }) => `- ${[name, about, posts, url].filter(Boolean).join(' · ')}`),
    ),
    section(
      view.titles.where,
      view.where.map(({ label, value }) => `- ${label} : ${value}`),
    ),
    section(
      view.titles.calm,
      view.calm.map((line) => `- ${line}`),
    ),
    section(
      view.titles.others,
      view.others.map((line) => `- ${line}`),
    ),
    section(
      view.titles.freshness,
      view.freshness.map((line) => `- ${line}`),
    ),
    view.open ? [`${view.open.label} : ${view.open.url}`] : [],
    ['--', ...view.footer],
  ];
  const text = blocks
    .map((lines) => lines.filter((line) => line !== ''))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  return `${view.language === 'en' ? text.replace(/^(- )?([^:\n]{1,30}) : /gm, '$1$2: ') : text}\n`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title.toUpperCase(), ...lines];
}

function postLines({ badge, author, about, text, toneLabel, copies, link }: PostView): readonly string[] {
  const head = [badge, author, about, toneLabel, copies].filter(Boolean).join(' · ');
  return [`- ${head}`, `  ${text}`, ...(link ? [`  ${link.url}`] : [])];
}
