/** Secrets that do not print: one by one (`Secret`), and as a last net over everything that is written (`SecretMask`). */
import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** A secret value. Whatever prints, logs or serialises it shows `[secret]`; only `reveal` gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/** Takes known secrets out of text that is about to be written, in each form in which they are likely to turn up. */
export class SecretMask {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** Learns a secret. One of fewer than four characters is left alone: masking it would garble everything. */
  add(secret: string): void {
    const parts = [secret];
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(secret) && URL.canParse(secret)) {
      const url = new URL(secret);
      parts.push(url.password, decode(url.password));
    }
    for (const part of parts) {
      for (const form of [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part), encodeURI(part)]) {
        if (form.length >= 4) this.#forms.add(form);
      }
    }
    // The longest first, so that no secret leaves its tail behind because another is its beginning.
    const ordered = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern =
      ordered.length === 0
        ? undefined
        : new RegExp(ordered.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
  }

  mask(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, HIDDEN);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
