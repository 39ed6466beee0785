import type { Outcome, Sentiment, Step } from '../../model/types.ts';
import type { SentimentScorer } from '../../text/sentiment/index.ts';
import type { MatchedPost } from './match-brands.ts';

export interface WithLanguage extends MatchedPost {
  readonly language: string;
}

export interface Judged extends WithLanguage {
  readonly sentiment: Sentiment;
}

/** The platform's own language field when it is plausible, else what the text looks like. */
export function detectLanguage(detect: (text: string, hint?: string) => string): Step<MatchedPost, WithLanguage> {
  return {
    name: 'detect-language',
    run: (item): Outcome<WithLanguage> => ({
      kind: 'keep',
      value: { ...item, language: item.brands.length === 0 ? 'und' : detect(wholeText(item.post), item.post.lang) },
    }),
  };
}

const UNHEARD: Sentiment = { label: 'neutral', score: 0, confidence: 0, unsure: true, words: [] };

/** What the text feels; the stars of a review are its author's own verdict. */
export function scoreSentiment(scorer: SentimentScorer): Step<WithLanguage, Judged> {
  return {
    name: 'score-sentiment',
    run: (item): Outcome<Judged> => {
      const { post, brands, language } = item;
      if (brands.length === 0) return { kind: 'keep', value: { ...item, sentiment: UNHEARD } };
      const sentiment = post.rating === undefined ? scorer.score(wholeText(post), language) : ofStars(post.rating);
      return { kind: 'keep', value: { ...item, sentiment } };
    },
  };
}

function ofStars(rating: number): Sentiment {
  const score = Math.max(-1, Math.min(1, (rating - 3) / 2));
  const label = rating < 2.5 ? 'negative' : rating > 3.5 ? 'positive' : 'neutral';
  return { label, score, confidence: 1, unsure: false, words: [] };
}

function wholeText({ title, text }: { readonly title?: string; readonly text: string }): string {
  return title === undefined ? text : `${title}\n${text}`;
}
