/** HTML as feeds carry it, into the text that a reader sees. */
import { compile } from 'html-to-text';

/** More HTML than this is cut: no article is longer. */
const MAX_HTML = 1_000_000;

const plain = (selector: string) => ({
  selector,
  options: { uppercase: false, leadingLineBreaks: 2, trailingLineBreaks: 1 },
});
const convert = compile({
  wordwrap: false,
  limits: { maxInputLength: MAX_HTML, maxDepth: 100 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    ...['img', 'hr', 'style', 'script', 'iframe', 'svg', 'form'].map((selector) => ({ selector, format: 'skip' })),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map(plain),
    { selector: 'ul', options: { itemPrefix: '- ' } },
    { selector: 'table', format: 'block' },
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
  ],
});

const TAG = /<\/?[a-z][a-z0-9]*(?:\s[^<>]*)?\/?>/i;
const ENTITY = /&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});/i;

/** The text of HTML or of plain text; what was escaped twice is read twice. Blank lines are kept single. */
export function textOfHtml(html: string): string {
  let text = html.slice(0, MAX_HTML);
  for (let round = 0; round < 3 && (TAG.test(text) || ENTITY.test(text)); round++) {
    const converted = TAG.test(text) ? convert(text) : convert(escapeLines(text));
    if (converted === text) break;
    text = converted;
  }
  return text
    .replace(/[\t\u00a0 ]+/g, ' ')
    .replace(/ ?\r?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Plain text that only holds entities: its line ends mean lines, its `<` means less-than. */
function escapeLines(text: string): string {
  return text.replaceAll('<', '&lt;').replace(/\r?\n/g, '<br>');
}
