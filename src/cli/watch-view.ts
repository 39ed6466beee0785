/** What `vigie watch` shows: a calm picture in a terminal, plain lines elsewhere. */
import { say } from '../i18n/index.ts';
import type { Language } from '../i18n/index.ts';
import type { Alert, Mention, Millis, SourceHealth } from '../model/types.ts';

const HOUR_MS = 3_600_000;
const TEN_MS = 600_000;
const NEWEST = 50;
const MOST_ALERTS = 20;
const REDRAW_MS = 250;
/** Without anything new, only the counts grow old. */
const AGE_MS = 5_000;

type Tone = 'negative' | 'neutral' | 'positive' | 'unsure';

/** Where it is shown. */
export interface Screen {
  readonly isTTY: boolean;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly write: (text: string) => void;
  readonly colour: boolean;
}

export interface ViewOptions {
  readonly screen: Screen;
  readonly language: Language;
  readonly query: string;
  readonly now: () => Millis;
}

/** Identity: the mentions of the last hour and what is on the screen. */
export class WatchView implements Disposable {
  readonly #options: ViewOptions;
  /** Time and tone of each mention of the last hour, by minute: bounded however much is said. */
  readonly #minutes = new Map<number, Record<Tone, number>>();
  #newest: Mention[] = [];
  #alerts = new Map<string, Alert>();
  #address = '';
  #health: SourceHealth | undefined;
  #said = '';
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;
  #ageing: NodeJS.Timeout | undefined;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  /** Begins to draw. */
  open(address: string): void {
    const { screen, query } = this.#options;
    this.#address = address;
    if (!screen.isTTY) {
      for (const line of [this.#say('title', { query }), this.#say('page', { address }), this.#say('connecting')]) {
        screen.write(`${line}\n`);
      }
      return;
    }
    screen.write('\x1b[?1049h\x1b[?25l');
    this.#ageing = setInterval(() => this.#redraw(), AGE_MS);
    this.#draw();
  }

  mention(mention: Mention): void {
    const minute = Math.floor(mention.at / 60_000);
    const tones = this.#minutes.get(minute) ?? { negative: 0, neutral: 0, positive: 0, unsure: 0 };
    tones[toneOf(mention)] += 1;
    this.#minutes.set(minute, tones);
    this.#newest = [mention, ...this.#newest].slice(0, NEWEST);
    const { screen } = this.#options;
    if (screen.isTTY) this.#redraw();
    else screen.write(`${this.#mentionLine(mention, Number.POSITIVE_INFINITY)}\n`);
  }

  removed(id: string): void {
    this.#newest = this.#newest.filter((mention) => mention.id !== id);
    this.#redraw();
  }

  alert(alert: Alert): void {
    if (alert.status === 'pending') return;
    this.#alerts.delete(alert.id);
    this.#alerts.set(alert.id, alert);
    for (const id of this.#alerts.keys()) if (this.#alerts.size > MOST_ALERTS) this.#alerts.delete(id);
    const { screen } = this.#options;
    const key = alert.status === 'firing' ? 'alert' : 'alertOver';
    if (screen.isTTY) this.#redraw();
    else screen.write(`${this.#time(alert.at)} ${this.#say(key, { title: this.#titleOf(alert) })}\n`);
  }

  health(health: SourceHealth): void {
    this.#health = health;
    const { screen } = this.#options;
    const state = this.#state();
    if (state === this.#said) return;
    if (this.#said === '' && health.lastReadAt === undefined && health.blindSince === undefined) return;
    this.#said = state;
    if (screen.isTTY) this.#redraw();
    else screen.write(`${state}\n`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearInterval(this.#ageing);
    if (this.#options.screen.isTTY && this.#address !== '') this.#options.screen.write('\x1b[?25h\x1b[?1049l');
  }

  // ---------------------------------------------------------------- drawing

  #redraw(): void {
    if (!this.#options.screen.isTTY || this.#timer !== undefined || this.#address === '') return;
    const wait = Math.max(0, this.#drawnAt + REDRAW_MS - this.#options.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, wait);
  }

  #draw(): void {
    const { screen, now } = this.#options;
    this.#drawnAt = now();
    const rows = Math.max(8, screen.rows());
    const lines = this.#lines(Math.max(20, screen.columns() - 1), rows).slice(0, rows - 1);
    // From the top, each line cut clean behind its end, in one write: nothing is ever empty in between.
    screen.write(`\x1b[?2026h\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J\x1b[?2026l`);
  }

  #lines(width: number, rows: number): readonly string[] {
    const { query } = this.#options;
    const { hour, ten, tones } = this.#counts();
    const alerts = [...this.#alerts.values()].reverse().slice(0, 3);
    const head = [
      this.#paint('1', cut(this.#say('title', { query }), width)),
      this.#paint('2', cut(this.#say('page', { address: this.#address }), width)),
      this.#paint(this.#health?.blindSince === undefined ? '2' : '33', cut(this.#state(), width)),
      '',
      this.#paint('1', cut(this.#say('counts', { hour, ten }), width)),
      cut(this.#say('sentiment', tones), width),
      '',
      this.#paint('1', this.#say('alerts')),
      ...(alerts.length === 0
        ? [this.#paint('2', this.#say('noAlert'))]
        : alerts.map((alert) => this.#alertLine(alert, width))),
      '',
      this.#paint('1', this.#say('newest')),
    ];
    const room = Math.max(1, rows - head.length - 3);
    const newest = this.#newest.slice(0, room).map((mention) => this.#mentionLine(mention, width));
    return [
      ...head,
      ...(newest.length === 0 ? [this.#paint('2', cut(this.#say('none'), width))] : newest),
      '',
      this.#paint('2', cut(this.#say('stop'), width)),
    ];
  }

  #counts(): { readonly hour: number; readonly ten: number; readonly tones: Record<Tone, number> } {
    const now = this.#options.now();
    const tones: Record<Tone, number> = { negative: 0, neutral: 0, positive: 0, unsure: 0 };
    let hour = 0;
    let ten = 0;
    for (const [minute, counts] of this.#minutes) {
      const age = now - minute * 60_000;
      if (age > HOUR_MS) {
        this.#minutes.delete(minute);
        continue;
      }
      for (const tone of ['negative', 'neutral', 'positive', 'unsure'] as const) {
        tones[tone] += counts[tone];
        hour += counts[tone];
        if (age <= TEN_MS) ten += counts[tone];
      }
    }
    return { hour, ten, tones };
  }

  #alertLine(alert: Alert, width: number): string {
    const over = alert.status === 'firing' ? '' : ` (${this.#say('over')})`;
    const line = cut(`${this.#time(alert.at)} ${this.#titleOf(alert)}${over}`, width);
    return this.#paint(alert.status !== 'firing' ? '2' : alert.severity === 'critical' ? '31' : '33', line);
  }

  #mentionLine(mention: Mention, width: number): string {
    const tone = toneOf(mention);
    const sign = { negative: '−', neutral: '·', positive: '+', unsure: '?' }[tone];
    const author = mention.author?.handle ?? mention.author?.name ?? '';
    const words = plainText(mention.text);
    const line = `${this.#time(mention.at)} ${sign} ${author === '' ? '' : `${plainText(author)}: `}${words}`;
    return this.#paint({ negative: '31', neutral: '0', positive: '32', unsure: '2' }[tone], cut(line, width));
  }

  #state(): string {
    const health = this.#health;
    if (health?.blindSince !== undefined) return this.#say('unreachable', { reason: plainText(health.error ?? '') });
    return this.#say(health?.lastReadAt === undefined ? 'connecting' : 'connected');
  }

  #titleOf({ title, rule }: Alert): string {
    return plainText(title[this.#options.language] ?? Object.values(title)[0] ?? rule);
  }

  #time(at: Millis): string {
    return new Date(at).toLocaleTimeString(this.#options.language === 'fr' ? 'fr-FR' : 'en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  }

  #paint(code: string, text: string): string {
    return this.#options.screen.colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  #say(key: string, values: Readonly<Record<string, string | number>> = {}): string {
    return say(this.#options.language, { key: `cli.watch.${key}`, values });
  }
}

function toneOf({ sentiment }: Mention): Tone {
  return sentiment.unsure ? 'unsure' : sentiment.label;
}

/** Strangers' words in a terminal: one line, and none of them an order to the terminal. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

/** At most `width` columns: letters of East Asia and pictures take two. */
export function cut(text: string, width: number): string {
  let used = 0;
  let kept = '';
  for (const { segment } of segments.segment(text)) {
    const columns = wide.test(segment) ? 2 : 1;
    if (used + columns > width) return `${kept.slice(0, -1)}…`;
    used += columns;
    kept += segment;
  }
  return kept;
}
