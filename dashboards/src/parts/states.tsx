/** What is shown where there is nothing yet, nothing at all, or an error: always with words, never without an end. */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components';
import type { Words } from '../i18n/index.ts';
import { ApiError } from '../lib/api.ts';
import { usePage } from '../lib/page.tsx';
import { icons } from './icons.tsx';

export function Empty({
  title,
  more,
  slim = false,
  children,
}: {
  readonly title: string;
  readonly more?: string | undefined;
  readonly slim?: boolean;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className={slim ? 'empty slim' : 'empty'}>
      {icons.calm}
      <strong>{title}</strong>
      {more === undefined ? null : <p>{more}</p>}
      {children}
    </div>
  );
}

/** The sentence for an error: the server's own where it said one. */
export function errorWords(t: Words, error: unknown): string {
  if (!(error instanceof ApiError)) return t.error.unknown;
  if (error.message !== '') return error.message;
  if (error.code === 'offline') return t.error.offline;
  if (error.code === 'timeout') return t.error.timeout;
  return error.code === 'unreadable' ? t.error.unreadable : t.error.unknown;
}

export function ErrorNote({ error, retry }: { readonly error: unknown; readonly retry: () => unknown }): ReactNode {
  const { t } = usePage();
  return (
    <div className="note-box" role="alert">
      <span>{errorWords(t, error)}</span>
      <Button className="button small" onPress={() => void retry()}>
        {t.app.retry}
      </Button>
    </div>
  );
}

export function Waiting(): ReactNode {
  const { t } = usePage();
  return <p className="waiting">{t.app.loading}</p>;
}
