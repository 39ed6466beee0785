/** What every part of the page knows: the language, the formats, the installation, its brands. */
import { createContext, useContext } from 'react';
import type { Words } from '../i18n/index.ts';
import type { About, Brands } from './api.ts';
import type { Format, Lang } from './format.ts';

export interface PageContext {
  readonly lang: Lang;
  readonly t: Words;
  readonly f: Format;
  readonly about: About;
  readonly brands: Brands;
}

const Page = createContext<PageContext | undefined>(undefined);
export const PageProvider = Page.Provider;

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === undefined) throw new Error('outside of the page');
  return page;
}

export type Brand = Brands['brands'][number];

/** The brand of a link, else the first one that is not a competitor. */
export function brandOf(brands: Brands, wanted: string | null): Brand | undefined {
  return (
    brands.brands.find(({ id }) => id === wanted) ??
    brands.brands.find(({ role }) => role === 'own') ??
    brands.brands[0]
  );
}

export function nameOf(brands: Brands, id: string): string {
  return brands.brands.find((brand) => brand.id === id)?.name ?? id;
}

/** A network as people call it. */
export function sourceName(t: Words, source: string): string {
  return t.source[source] ?? source.charAt(0).toUpperCase() + source.slice(1);
}
