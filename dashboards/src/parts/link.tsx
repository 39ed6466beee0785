import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from 'react';
import { go } from '../lib/url.ts';

/** A link of this page: the browser's own ways of opening it elsewhere keep working. */
export function Link({
  href,
  replace = false,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string; readonly replace?: boolean }): ReactNode {
  const click = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href, { replace });
    if (new URL(href, window.location.href).pathname !== before(event)) window.scrollTo({ top: 0 });
  };
  return <a {...rest} href={href} onClick={click} data-from={window.location.pathname} />;
}

/** The path on which the link was drawn. */
function before(event: MouseEvent<HTMLAnchorElement>): string | undefined {
  return event.currentTarget.dataset['from'];
}
