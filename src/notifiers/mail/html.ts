/**
 * The HTML of an alert mail: nested tables and inline styles, for mail programs that know little else; classes only add what
 * dark mode and narrow screens need. Every value goes through the `html` tag, which escapes it.
 */
import type { MailView, PostView } from './view.ts';

/** Markup that is safe to join: made by `html` alone. */
export interface Markup {
  readonly markup: string;
}
type Value = string | number | Markup | readonly Markup[] | undefined;

/** Escapes every value that is not markup itself. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: parts.reduce((all, part, i) => all + markupOf(values[i - 1]) + part) };
}

function markupOf(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const TONES = {
  critical: { strong: '#b42318', soft: '#fef3f2' },
  warning: { strong: '#b54708', soft: '#fffaeb' },
  info: { strong: '#175cd3', soft: '#eff8ff' },
  calm: { strong: '#067647', soft: '#ecfdf3' },
} as const;
const FACES = { negative: '#b42318', neutral: '#667085', positive: '#067647' } as const;

const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const INK = 'color:#101828';
const SOFT = 'color:#475467';

const STYLE: Markup = {
  markup: `
:root{color-scheme:light dark;supported-color-schemes:light dark}
a{text-decoration:underline}
@media (max-width:480px){.pad{padding-left:18px!important;padding-right:18px!important}.outer{padding:0!important}.card{border-radius:0!important}.head{font-size:22px!important}.fig{font-size:18px!important}}
@media (prefers-color-scheme:dark){
.page{background:#0c111d!important}.card{background:#161b26!important}.ink{color:#f2f4f7!important}.soft{color:#a8b0bf!important}
.tint,.box{background:#1f2530!important}.line{border-color:#333a47!important}.link{color:#84caff!important}.warn{background:#3b2a10!important;color:#fedf89!important}
.neg{color:#fda29b!important}.pos{color:#75e0a7!important}.bar{background:#667085!important}.barneg{background:#f97066!important}}
`,
};

/** Lays a mail out as HTML. Nothing is loaded from anywhere: opening it tells nobody. */
export function htmlOf(view: MailView): string {
  const tone = TONES[view.tone];
  return html`<!doctype html>
<html lang="${view.language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">
<title>${view.subject}</title>
<style>${STYLE}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7">
<div style="display:none;max-height:0;overflow:hidden">${view.sentence}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f4f7"><tr><td class="outer" align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;background:#ffffff;border-radius:12px;overflow:hidden;${FONT};font-size:15px;line-height:1.5">
${view.demo ? html`<tr><td class="pad warn" style="padding:10px 28px;background:#fef0c7;color:#7a2e0e;font-size:13px;font-weight:600">${view.demo}</td></tr>` : undefined}
<tr><td style="height:5px;line-height:5px;font-size:0;background:${tone.strong}">&nbsp;</td></tr>
<tr><td class="pad" style="padding:22px 28px 0">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td style="font-size:14px"><span style="display:inline-block;padding:2px 10px;border-radius:11px;background:${tone.strong};color:#ffffff;font-size:13px;font-weight:600">${view.tag}</span>&nbsp;&nbsp;<strong class="ink" style="${INK}">${view.brand}</strong></td>
<td class="soft" align="right" style="${SOFT};font-size:13px">${view.when}</td>
</tr></table>
<h1 class="ink head" style="margin:14px 0 2px;${INK};font-size:26px;line-height:1.25;font-weight:700">${view.headline}</h1>
<p class="soft" style="margin:0;${SOFT};font-size:16px">${view.under}</p>
${view.sentence ? html`<p class="ink" style="margin:14px 0 0;${INK};font-size:16px">${view.sentence}</p>` : undefined}
</td></tr>
${view.warning ? html`<tr><td class="pad" style="padding:16px 28px 0"><div class="warn" style="padding:10px 14px;border-radius:8px;background:#fef0c7;color:#7a2e0e;font-size:14px">${view.warning}</div></td></tr>` : undefined}
${view.figures.length > 0 ? figuresOf(view) : undefined}
<tr><td class="pad" style="padding:16px 28px 0">
${view.pace ? paceOf(view.pace) : undefined}
${view.timing.map((line) => html`<p class="ink" style="margin:0 0 4px;${INK};font-size:14px">${line}</p>`)}
</td></tr>
${section(view.titles.why, listOf(view.because))}
${section(view.titles.toRead, view.posts.map(postOf))}
${section(view.titles.who, view.authors.length > 0 ? [authorsOf(view)] : [])}
${section(
  view.titles.where,
  view.where.map(
    ({ label, value }) =>
      html`<p class="ink" style="margin:0 0 4px;${INK};font-size:14px"><span class="soft" style="${SOFT}">${label}&nbsp;·</span> ${value}</p>`,
  ),
)}
${section(view.titles.calm, listOf(view.calm))}
${section(view.titles.others, listOf(view.others))}
${section(
  view.titles.freshness,
  view.freshness.length > 0
    ? [html`<p class="soft" style="margin:0;${SOFT};font-size:13px">${view.freshness.join(' · ')}</p>`]
    : [],
)}
${view.open ? html`<tr><td class="pad" style="padding:22px 28px 0"><a href="${view.open.url}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#101828;color:#ffffff;font-size:15px;font-weight:600;text-decoration:none;border:1px solid #475467">${view.open.label}</a></td></tr>` : undefined}
<tr><td class="pad" style="padding:24px 28px 24px"><div class="line soft" style="border-top:1px solid #e4e7ec;padding-top:12px;${SOFT};font-size:12px">${view.footer.map((line) => html`${line}<br>`)}</div></td></tr>
</table>
</td></tr></table>
</body>
</html>
`.markup;
}

function section(title: string, content: readonly Markup[]): Markup {
  if (content.length === 0) return html``;
  return html`<tr><td class="pad" style="padding:22px 28px 0"><h2 class="ink" style="margin:0 0 8px;${INK};font-size:15px;line-height:1.4;font-weight:700">${title}</h2>${content}</td></tr>`;
}

function figuresOf({ figures, tone }: MailView): Markup {
  const width = Math.floor(100 / figures.length);
  return html`<tr><td class="pad" style="padding:18px 28px 0"><table role="presentation" class="tint" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${TONES[tone].soft};border-radius:8px"><tr>
${figures.map(({ label, value }) => html`<td width="${width}%" valign="top" style="padding:12px 6px 12px 14px"><div class="soft" style="${SOFT};font-size:12px">${label}</div><div class="ink fig" style="${INK};font-size:20px;line-height:1.3;font-weight:700">${value}</div></td>`)}
</tr></table></td></tr>`;
}

const BAR_PX = 44;

function paceOf({ bars, legend }: NonNullable<MailView['pace']>): Markup {
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" aria-hidden="true"><tr>
${bars.map(({ height, negative }) => {
  const all = Math.max(height > 0 ? 3 : 1, Math.round(height * BAR_PX));
  const dark = Math.round(all * negative);
  return html`<td valign="bottom" height="${BAR_PX}" style="height:${BAR_PX}px;padding:0 2px 0 0">
${all > dark ? html`<div class="bar" style="height:${all - dark}px;line-height:0;font-size:0;background:#d0d5dd">&nbsp;</div>` : undefined}
${dark > 0 ? html`<div class="barneg" style="height:${dark}px;line-height:0;font-size:0;background:#b42318">&nbsp;</div>` : undefined}</td>`;
})}
</tr></table><p class="soft" style="margin:4px 0 10px;${SOFT};font-size:12px">${legend}</p>`;
}

function listOf(lines: readonly string[]): readonly Markup[] {
  if (lines.length === 0) return [];
  return [
    html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">${lines.map(
      (line) =>
        html`<tr><td class="soft" valign="top" width="16" style="${SOFT};font-size:14px">•</td><td class="ink" style="${INK};font-size:14px;padding-bottom:4px">${line}</td></tr>`,
    )}</table>`,
  ];
}

function postOf(post: PostView): Markup {
  const face = post.tone === 'negative' ? 'neg' : post.tone === 'positive' ? 'pos' : 'soft';
  return html`<table role="presentation" class="box" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 10px;background:#f9fafb;border-radius:8px"><tr><td style="padding:12px 14px">
${post.badge ? html`<div class="soft" style="${SOFT};font-size:12px;font-weight:600">${post.badge}</div>` : undefined}
<div style="font-size:14px"><strong class="ink" style="${INK}">${post.author}</strong></div>
<div class="soft" style="${SOFT};font-size:12px">${post.about}</div>
<div class="ink" style="margin:6px 0;${INK};font-size:15px;word-break:break-word">${post.text}</div>
<div style="font-size:13px"><span class="${face}" style="color:${FACES[post.tone]}">${post.toneLabel}</span>${post.copies ? html`<span class="soft" style="${SOFT}"> · ${post.copies}</span>` : undefined}${post.link ? html`<span class="soft" style="${SOFT}"> · </span><a class="link" href="${post.link.url}" style="color:#175cd3">${post.link.label}</a>` : undefined}</div>
</td></tr></table>`;
}

function authorsOf({ authors }: MailView): Markup {
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">${authors.map(
    ({ name, about, url, posts }) =>
      html`<tr><td class="line" style="padding:6px 0;border-top:1px solid #e4e7ec;font-size:14px">${
        url
          ? html`<a class="link" href="${url}" style="color:#175cd3">${name}</a>`
          : html`<span class="ink" style="${INK}">${name}</span>`
      } <span class="soft" style="${SOFT};font-size:13px">${about}</span></td><td class="line ink" align="right" valign="top" style="padding:6px 0 6px 10px;border-top:1px solid #e4e7ec;${INK};font-size:14px;white-space:nowrap">${posts}</td></tr>`,
  )}</table>`;
}
