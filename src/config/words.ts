/** What the schema and the YAML parser complain of, in plain words of the reader's language. */
import type { z } from 'zod';
import type { Language } from '../i18n/index.ts';
import { say } from '../i18n/index.ts';
import type { YamlWords } from '../lib/yaml-file.ts';
import { notifiers } from '../notifiers/index.ts';
import { sayIn } from './schema.ts';

const channels = notifiers.map(({ type }) => type);

/** The words of one language. Sentences that a schema brings itself win over these. */
export function yamlWords(language: Language): YamlWords {
  const speak = sayIn(language);
  return {
    unknownKey: (key, nearest) => speak('unknownKey', { key, nearest: nearest ?? '' }),
    error: (issue) => inWords(issue, speak),
    issue: (issue) => {
      // The receivers' own schema says in one language only that a channel is missing.
      if (issue.code === 'custom' && issue.path.length === 2 && issue.path[0] === 'receivers')
        return speak('noChannel', { known: channels.join(', ') });
      const key = issue.code === 'custom' ? (issue.params?.['say'] as unknown) : undefined;
      return typeof key === 'string' ? say(language, { key, values: {} }) : issue.message;
    },
    syntax: (code, message) => {
      const key = `config.syntax.${code}`;
      const sentence = say(language, { key, values: {} });
      return sentence === key ? speak('syntax.other', { message }) : sentence;
    },
  };
}

function inWords(issue: z.core.$ZodRawIssue, speak: ReturnType<typeof sayIn>): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined || issue.input === null) return speak('required');
      if (issue.expected === 'string' && typeof issue.input === 'number') return speak('quoted');
      return speak('expected', { expected: issue.expected });
    case 'invalid_value':
      return issue.input === undefined
        ? speak('required')
        : speak('oneOf', { options: issue.values.map(String).join(', ') });
    case 'too_small': {
      const minimum = Number(issue.minimum);
      if (issue.origin === 'string') return speak('atLeastCharacters', { minimum });
      return issue.origin === 'array' ? speak('atLeastItems', { minimum }) : speak('atLeast', { minimum });
    }
    case 'too_big': {
      const maximum = Number(issue.maximum);
      if (issue.origin === 'string') return speak('atMostCharacters', { maximum });
      return issue.origin === 'array' ? speak('atMostItems', { maximum }) : speak('atMost', { maximum });
    }
    case 'invalid_format':
      if (issue.format === 'url' || issue.format === 'email') return speak(issue.format);
      return speak('format', { format: issue.format });
    case 'invalid_key': {
      const [inner] = issue.issues;
      return inner?.message ?? speak('invalid');
    }
    default:
      return speak('invalid');
  }
}
