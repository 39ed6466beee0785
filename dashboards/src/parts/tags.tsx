import type { ReactNode } from 'react';
import type { ApiAlert, ApiMention } from '../lib/api.ts';
import { usePage } from '../lib/page.tsx';
import { icons } from './icons.tsx';

export type Feeling = 'negative' | 'neutral' | 'positive' | 'unsure';

/** How a mention counts: a guess counts as unsure, a person's correction above all. */
export function feelingOf(
  mention: Pick<ApiMention, 'sentiment'> & { readonly triage?: ApiMention['triage'] },
): Feeling {
  const verdict = mention.triage?.verdict;
  if (verdict !== undefined && verdict !== 'off-topic') return verdict;
  return mention.sentiment.unsure ? 'unsure' : mention.sentiment.label;
}

/** Form, word and colour: never colour alone. */
export function FeelingTag({ feeling }: { readonly feeling: Feeling }): ReactNode {
  const { t } = usePage();
  return (
    <span className={`tag ${feeling}`} title={feeling === 'unsure' ? t.sentiment.unsureHint : undefined}>
      {icons[feeling]}
      {t.sentiment[feeling]}
    </span>
  );
}

export function SeverityTag({ severity }: { readonly severity: ApiAlert['severity'] }): ReactNode {
  const { t } = usePage();
  return <span className={`tag ${severity}`}>{t.severity[severity]}</span>;
}
