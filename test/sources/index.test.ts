import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { findSource, sources } from '../../src/sources/index.ts';
import { testDeps } from './support.ts';

describe('the registry of sources', () => {
  test('finds each by its type, and nothing else', () => {
    expect(sources.map(({ type }) => type)).toEqual(['file', 'stdin', 'webhook', 'feed', 'bluesky']);
    for (const source of sources) expect(findSource(source.type)).toBe(source);
    expect(findSource('telepathy')).toBeUndefined();
  });

  test.each(sources.map((source) => [source.type, source] as const))(
    '%s: names, descriptions and examples hold',
    (type, source) => {
      expect(type).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(source.summary).toMatch(/^[A-Z].*\.$/);
      const schema = z.toJSONSchema(source.config, { io: 'input' }) as {
        properties: Record<string, { description?: string }>;
        additionalProperties?: boolean;
      };
      expect(schema.additionalProperties).toBe(false);
      for (const [name, field] of Object.entries(schema.properties)) {
        expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
        expect(field.description, name).toMatch(/\.$/);
      }
      expect(source.examples.length).toBeGreaterThan(0);
      for (const { config } of source.examples) {
        const made = source.create(source.config.parse(config), testDeps().deps);
        expect(made.latenessMs).toBeGreaterThan(0);
      }
      expect(source.config.safeParse({ ...(source.examples[0]?.config as object), unknown_key: 1 }).success).toBe(
        false,
      );
    },
  );
});
