/** The queue of negative mentions that nobody has taken, worked through with a few keys. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Button, Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { ApiError, type ApiMention, get, type Mentions, post, type TriageAnswer, type TriageBody } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { queryClient, useAnswer } from '../lib/data.ts';
import { onLive } from '../lib/live.ts';
import { brandOf, sourceName, usePage } from '../lib/page.tsx';
import { useSetting, writeSetting } from '../lib/settings.ts';
import { usePlace } from '../lib/url.ts';
import { icons } from '../parts/icons.tsx';
import { MentionCard } from '../parts/mention-card.tsx';
import { BrandChoice, PageHead } from '../parts/page-head.tsx';
import { Empty, ErrorNote, errorWords, Waiting } from '../parts/states.tsx';

const PAGE = 60;

const ACTIONS = ['take', 'answered', 'dismissed', 'escalated', 'offTopic', 'negative', 'neutral', 'positive'] as const;
type Action = (typeof ACTIONS)[number];
const KEY_OF: Readonly<Record<Action, string>> = {
  take: 'a',
  answered: 'r',
  dismissed: 'x',
  escalated: 'e',
  offTopic: 'o',
  negative: '1',
  neutral: '2',
  positive: '3',
};

/** What an action makes of a mention. A negative one that was none leaves the queue; a confirmed one stays to be decided. */
function changeFor(action: Action, triage: ApiMention['triage'], me: string): Omit<TriageBody, 'brand' | 'version'> {
  const kept = triage.verdict === undefined ? {} : { verdict: triage.verdict };
  switch (action) {
    case 'take':
      return { ...kept, status: 'assigned', assignee: me };
    case 'offTopic':
      return { status: 'dismissed', verdict: 'off-topic' };
    case 'negative':
      return { status: triage.status, verdict: 'negative' };
    case 'neutral':
    case 'positive':
      return { status: 'dismissed', verdict: action };
    default:
      return { ...kept, status: action, ...(me === '' ? {} : { assignee: me }) };
  }
}

interface Done {
  readonly mention: ApiMention;
  readonly version: string;
}
interface Said {
  readonly text: string;
  readonly warn?: boolean;
  readonly undo?: boolean;
}

const keyOf = ({ id, brand }: { readonly id: string; readonly brand: string }): string => `${id} ${brand}`;
/** How long a word about what was done stays. */
const SAID_MS = 6_000;
const MOST_UNDO = 50;

export function TriagePage(): ReactNode {
  const { t, f, lang, brands } = usePage();
  const { search, set } = usePlace();
  const now = useNow();
  const brand = brandOf(brands, search.get('brand'));
  const chosen = search.get('m');
  const me = useSetting('name') ?? '';
  const [help, setHelp] = useState(false);
  const [said, setSaid] = useState<Said>();
  const undoable = useRef<Done[]>([]);
  const busy = useRef(false);

  const params = useMemo(
    () => ({ brands: brand?.id, sentiment: 'negative', triage: 'open', lang }) as const,
    [brand?.id, lang],
  );
  const queryKey = useMemo(() => ['triage', params], [params]);
  const queue = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => get<Mentions>('mentions', { ...params, limit: PAGE, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const items = useMemo(
    () => queue.data?.pages.flatMap((page) => page.items).filter((item) => item.triage.status === 'open') ?? [],
    [queue.data],
  );
  const head = useAnswer<Mentions>('mentions', { ...params, limit: PAGE }, { name: 'head', enabled: queue.isSuccess });
  const known = useMemo(() => new Set(queue.data?.pages.flatMap((page) => page.items.map(keyOf)) ?? []), [queue.data]);
  const fresh = head.data?.items.filter((item) => !known.has(keyOf(item))).length ?? 0;
  const index = Math.max(
    0,
    items.findIndex((item) => keyOf(item) === chosen),
  );
  const current = items[index];

  const say = useCallback((next: Said | undefined) => setSaid(next), []);
  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = setTimeout(() => setSaid(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);

  // What others decide shows here at once, and its version with it.
  const apply = useCallback(
    (key: string, triage: ApiMention['triage']) => {
      queryClient.setQueryData<{ pages: Mentions[]; pageParams: unknown[] }>(queryKey, (data) =>
        data === undefined
          ? data
          : {
              ...data,
              pages: data.pages.map((page) => ({
                ...page,
                items: page.items.map((item) => (keyOf(item) === key ? { ...item, triage } : item)),
              })),
            },
      );
    },
    [queryKey],
  );
  useEffect(
    () =>
      onLive((events) => {
        for (const event of events) {
          if (event.kind === 'triage') apply(keyOf(event), event.triage);
          if (event.kind === 'removed') void queryClient.invalidateQueries({ queryKey });
        }
      }),
    [apply, queryKey],
  );

  const select = useCallback(
    (item: ApiMention | undefined) => set({ m: item === undefined ? undefined : keyOf(item) }),
    [set],
  );
  const move = (by: number): void => {
    const next = items[Math.min(items.length - 1, Math.max(0, index + by))];
    if (next !== undefined) select(next);
    if (index + by >= items.length - 5 && queue.hasNextPage && !queue.isFetchingNextPage) void queue.fetchNextPage();
  };

  const send = async (mention: ApiMention, change: Omit<TriageBody, 'brand' | 'version'>, version: string) => {
    const { triage } = await post<TriageAnswer>(
      `mentions/${encodeURIComponent(mention.id)}/triage`,
      { brand: mention.brand, version, ...change },
      { lang },
    );
    apply(keyOf(mention), triage);
    return triage;
  };
  const failed = (error: unknown): void => {
    if (error instanceof ApiError && error.status === 409) {
      say({ text: t.triage.conflict, warn: true });
      void queryClient.invalidateQueries({ queryKey });
    } else say({ text: `${t.triage.failed} ${errorWords(t, error)}`, warn: true });
  };
  const act = async (action: Action): Promise<void> => {
    if (current === undefined || busy.current) return;
    busy.current = true;
    const next = items[index + 1] ?? items[index - 1];
    try {
      const triage = await send(
        current,
        changeFor(action, current.triage, me === '' ? t.triage.me : me),
        current.triage.version,
      );
      undoable.current = [...undoable.current, { mention: current, version: triage.version }].slice(-MOST_UNDO);
      if (triage.status !== 'open') select(next);
      say({ text: t.triage.done[action], undo: true });
    } catch (error) {
      failed(error);
    } finally {
      busy.current = false;
    }
  };
  const undo = async (): Promise<void> => {
    const last = undoable.current.at(-1);
    if (last === undefined) {
      say({ text: t.triage.nothingToUndo });
      return;
    }
    if (busy.current) return;
    busy.current = true;
    try {
      const { version: _, ...before } = last.mention.triage;
      await send(last.mention, before, last.version);
      undoable.current = undoable.current.slice(0, -1);
      // It may have left the loaded pages meanwhile.
      if (!known.has(keyOf(last.mention))) await queryClient.invalidateQueries({ queryKey });
      select(last.mention);
      say({ text: t.triage.done.undone });
    } catch (error) {
      undoable.current = undoable.current.slice(0, -1);
      failed(error);
    } finally {
      busy.current = false;
    }
  };

  const keys = useRef<(event: KeyboardEvent) => void>(undefined);
  keys.current = (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, textarea, select, [contenteditable], [role="listbox"], [role="dialog"]') !== null)
      return;
    const action = ACTIONS.find((name) => KEY_OF[name] === event.key);
    if (action !== undefined) void act(action);
    else if (event.key === 'j') move(1);
    else if (event.key === 'k') move(-1);
    else if (event.key === 'u') void undo();
    else if (event.key === '?') setHelp(true);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => keys.current?.(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);

  // The chosen one stays in sight of the queue.
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [current?.id]);

  const refresh = (): void => {
    void queryClient.invalidateQueries({ queryKey });
    select(undefined);
  };
  const button = (action: Action, kind = ''): ReactNode => (
    <Button className={`button ${kind}`} aria-keyshortcuts={KEY_OF[action]} onPress={() => void act(action)}>
      {action === 'negative' || action === 'neutral' || action === 'positive' ? icons[action] : null}
      {t.triage.actions[action]} <kbd>{KEY_OF[action]}</kbd>
    </Button>
  );

  return (
    <div className="triage">
      <PageHead
        title={t.triage.title}
        lead={
          items.length === 0
            ? t.triage.lead
            : queue.hasNextPage
              ? t.triage.leftMany(items.length)
              : t.triage.left(items.length)
        }
      >
        {brand === undefined ? null : <BrandChoice value={brand.id} />}
        <Button className="button hide-narrow" onPress={() => setHelp(true)} aria-keyshortcuts="?">
          {t.triage.keys} <kbd>?</kbd>
        </Button>
      </PageHead>
      {queue.isError && queue.data === undefined ? <ErrorNote error={queue.error} retry={queue.refetch} /> : null}
      {queue.isPending ? <Waiting /> : null}
      {queue.isSuccess && current === undefined ? (
        <div className="list">
          <Empty title={t.triage.empty} more={t.triage.emptyMore}>
            {fresh === 0 ? null : (
              <Button className="pill" onPress={refresh}>
                {icons.up}
                {t.triage.newOnes(fresh)}
              </Button>
            )}
          </Empty>
        </div>
      ) : null}
      {current === undefined ? null : (
        <div className="split">
          <section className="aside" aria-label={t.triage.list}>
            {fresh === 0 ? null : (
              <p className="count-line">
                <Button className="pill" onPress={refresh}>
                  {icons.up}
                  {t.triage.newOnes(fresh)}
                </Button>
              </p>
            )}
            <ul className="list queue" ref={list}>
              {items.map((item) => (
                <li key={keyOf(item)}>
                  <button
                    type="button"
                    className="queue-item"
                    aria-current={item === current ? 'true' : undefined}
                    onClick={() => select(item)}
                  >
                    <span className="line">
                      <b>{item.author?.name ?? item.author?.handle ?? t.mention.unknownAuthor}</b>
                      <span>{sourceName(t, item.source)}</span>
                      <span>{f.ago(Date.parse(item.at), now)}</span>
                    </span>
                    <span className="text">{item.text || item.title}</span>
                  </button>
                </li>
              ))}
              {queue.hasNextPage ? (
                <li className="waiting">
                  <Button className="button small" onPress={() => void queue.fetchNextPage()}>
                    {t.alerts.more}
                  </Button>
                </li>
              ) : null}
            </ul>
          </section>
          <section className="panel desk" aria-label={t.triage.current}>
            <div aria-live="polite">
              <MentionCard key={keyOf(current)} mention={current} big heading="h2" />
            </div>
            <div className="actions" role="group" aria-label={t.triage.decide}>
              {button('take', 'primary')}
              {button('answered')}
              {button('escalated')}
              {button('dismissed')}
              {button('offTopic')}
            </div>
            <div className="actions" role="group" aria-label={t.triage.correct}>
              <span className="what">{t.triage.correct}</span>
              {button('negative', 'small sentiment-fix')}
              {button('neutral', 'small sentiment-fix')}
              {button('positive', 'small sentiment-fix')}
            </div>
            <div className="actions between">
              <Button className="button plain small" onPress={() => move(-1)} isDisabled={index === 0}>
                {t.triage.actions.previous} <kbd>k</kbd>
              </Button>
              <Button className="button plain small" onPress={() => move(1)} isDisabled={index >= items.length - 1}>
                {t.triage.actions.next} <kbd>j</kbd>
              </Button>
              <Button className="button plain small" onPress={() => void undo()}>
                {t.triage.actions.undo} <kbd>u</kbd>
              </Button>
            </div>
          </section>
        </div>
      )}
      <div aria-live="polite" className="toast-place">
        {said === undefined ? null : (
          <div className={said.warn ? 'toast warn' : 'toast'}>
            <span>{said.text}</span>
            {said.undo ? (
              <Button className="button small" onPress={() => void undo()}>
                {t.triage.actions.undo}
              </Button>
            ) : null}
            <Button className="icon-button" aria-label={t.app.close} onPress={() => say(undefined)}>
              {icons.close}
            </Button>
          </div>
        )}
      </div>
      <HelpDialog open={help} onOpen={setHelp} me={me} />
    </div>
  );
}

function HelpDialog({
  open,
  onOpen,
  me,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly me: string;
}): ReactNode {
  const { t } = usePage();
  const row = (key: string, words: string): ReactNode => (
    <div key={key}>
      <dt>
        <kbd>{key}</kbd>
      </dt>
      <dd>{words}</dd>
    </div>
  );
  return (
    <ModalOverlay className="overlay" isOpen={open} onOpenChange={onOpen} isDismissable>
      <Modal className="dialog">
        <Dialog>
          <header>
            <Heading slot="title" level={2}>
              {t.triage.keys}
            </Heading>
            <Button className="icon-button" slot="close" aria-label={t.app.close}>
              {icons.close}
            </Button>
          </header>
          <h3>{t.triage.helpMove}</h3>
          <dl className="keys">
            {row('j', t.triage.actions.next)}
            {row('k', t.triage.actions.previous)}
            {row('u', t.triage.actions.undo)}
            {row('?', t.triage.actions.help)}
          </dl>
          <h3>{t.triage.helpDecide}</h3>
          <dl className="keys">{ACTIONS.slice(0, 5).map((action) => row(KEY_OF[action], t.triage.actions[action]))}</dl>
          <h3>{t.triage.helpCorrect}</h3>
          <dl className="keys">{ACTIONS.slice(5).map((action) => row(KEY_OF[action], t.triage.actions[action]))}</dl>
          <h3>{t.triage.who}</h3>
          <div className="field">
            <label htmlFor="me" className="hidden">
              {t.triage.who}
            </label>
            <input
              id="me"
              value={me}
              maxLength={60}
              placeholder={t.triage.me}
              autoComplete="nickname"
              aria-describedby="me-hint"
              onChange={(event) => writeSetting('name', event.target.value)}
            />
            <small id="me-hint">{t.triage.whoHint}</small>
          </div>
          <p className="under">{t.triage.helpNote}</p>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
