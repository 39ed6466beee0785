/** The frame: who is signed in, which installation this is, the navigation, and the page that the address names. */
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { Component, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { Button, I18nProvider } from 'react-aria-components';
import { dictionaries } from './i18n/index.ts';
import {
  type About,
  type Alerts,
  ApiError,
  type ApiAlert,
  type Brands,
  get,
  type Session,
  setToken,
} from './lib/api.ts';
import { clockSaid } from './lib/clock.ts';
import { queryClient, useAnswer, useLiveData } from './lib/data.ts';
import { formatFor, type Lang } from './lib/format.ts';
import { connectLive, disconnectLive, onLive, retryLive, useLiveState } from './lib/live.ts';
import { nameOf, PageProvider, usePage } from './lib/page.tsx';
import { useSetting, writeSetting } from './lib/settings.ts';
import { chooseTheme, useTheme } from './lib/theme.ts';
import { linkTo, usePlace } from './lib/url.ts';
import { AlertsPage } from './pages/alerts.tsx';
import { MentionsPage } from './pages/mentions.tsx';
import { Overview } from './pages/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { SourcesPage } from './pages/sources.tsx';
import { TriagePage } from './pages/triage.tsx';
import { icons, Mark } from './parts/icons.tsx';
import { Link } from './parts/link.tsx';
import { Empty, errorWords } from './parts/states.tsx';

/** The installation's clock is asked for this often; in a replay it runs faster than ours. */
const CLOCK_EVERY_MS = 10_000;

export function App(): ReactNode {
  return (
    <QueryClientProvider client={queryClient}>
      <Fallback>
        <Door />
      </Fallback>
    </QueryClientProvider>
  );
}

/** The language: of the address, else as chosen before, else the installation's. */
function useLang(usual: Lang): readonly [Lang, (lang: Lang) => void] {
  const { search, set } = usePlace();
  const kept = useSetting('lang');
  const wanted = search.get('lang') ?? kept;
  const lang: Lang = wanted === 'fr' || wanted === 'en' ? wanted : usual;
  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);
  return [
    lang,
    (next) => {
      writeSetting('lang', next);
      if (search.has('lang')) set({ lang: next });
    },
  ];
}

function Door(): ReactNode {
  const session = useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => get<Session>('session', {}, signal),
    retry: 1,
    refetchInterval: (query) => (query.state.error === null ? false : 5_000),
  });
  const place = usePlace();
  const [lang, onLang] = useLang(
    session.data?.language ?? (navigator.language.toLowerCase().startsWith('en') ? 'en' : 'fr'),
  );
  const t = dictionaries[lang];
  const signedIn = session.data?.signedIn === true;
  setToken(session.data?.token);

  // A session that ended shows the door again.
  useEffect(
    () =>
      queryClient.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session')
          void queryClient.invalidateQueries({ queryKey: ['session'] }, { cancelRefetch: false });
      }),
    [],
  );
  useEffect(() => {
    if (signedIn && place.search.has('sign-in')) place.set({ 'sign-in': undefined });
  }, [signedIn, place]);

  if (session.data === undefined) {
    return (
      <main className="sign-in">
        {session.error ? (
          <Empty title={errorWords(t, session.error)}>
            <Button className="button" onPress={() => void session.refetch()}>
              {t.app.retry}
            </Button>
          </Empty>
        ) : (
          <p className="waiting">{t.app.loading}</p>
        )}
      </main>
    );
  }
  if (!signedIn) {
    return (
      <I18nProvider locale={lang === 'fr' ? 'fr-FR' : 'en-GB'}>
        <SignIn t={t} lang={lang} onLang={onLang} spent={place.search.has('sign-in')} check={() => session.refetch()} />
      </I18nProvider>
    );
  }
  return <Installation lang={lang} onLang={onLang} />;
}

function Installation({ lang, onLang }: { readonly lang: Lang; readonly onLang: (lang: Lang) => void }): ReactNode {
  const t = dictionaries[lang];
  const about = useQuery({
    queryKey: ['about'],
    queryFn: async ({ signal }) => {
      const answer = await get<About>('about', {}, signal);
      clockSaid(answer.now);
      return answer;
    },
    refetchInterval: CLOCK_EVERY_MS,
  });
  const { search } = usePlace();
  const client = search.get('client') ?? undefined;
  const brands = useAnswer<Brands>('brands', { client });
  const page = useMemo(
    () =>
      about.data && brands.data
        ? { lang, t, f: formatFor(lang, about.data.timezone), about: about.data, brands: brands.data }
        : undefined,
    [lang, t, about.data, brands.data],
  );
  const error = about.error ?? brands.error;
  if (page === undefined) {
    return (
      <main className="sign-in">
        {error ? (
          <Empty title={errorWords(t, error)}>
            <Button className="button" onPress={() => void queryClient.refetchQueries()}>
              {t.app.retry}
            </Button>
          </Empty>
        ) : (
          <p className="waiting">{t.app.loading}</p>
        )}
      </main>
    );
  }
  return (
    <I18nProvider locale={lang === 'fr' ? 'fr-FR' : 'en-GB'}>
      <PageProvider value={page}>
        <Shell onLang={onLang} client={client} />
      </PageProvider>
    </I18nProvider>
  );
}

const PAGES = ['overview', 'mentions', 'alerts', 'triage', 'sources'] as const;
const PATH: Readonly<Record<(typeof PAGES)[number], string>> = {
  overview: '/',
  mentions: '/mentions',
  alerts: '/alerts',
  triage: '/triage',
  sources: '/sources',
};

function Shell({
  onLang,
  client,
}: {
  readonly onLang: (lang: Lang) => void;
  readonly client: string | undefined;
}): ReactNode {
  const { t, about, lang, brands } = usePage();
  const { path } = usePlace();
  useLiveData();
  useEffect(() => {
    connectLive(new URLSearchParams({ lang, ...(client === undefined ? {} : { client }) }).toString());
  }, [lang, client]);
  useEffect(() => () => disconnectLive(), []);

  const firing = useAnswer<Alerts>('alerts', { status: 'firing', limit: 50, lang });
  const count = firing.data?.items.length ?? 0;
  const critical = firing.data?.items.some(({ severity }) => severity === 'critical') ?? false;
  const [, first = '', second] = path.split('/');
  const current = PAGES.find((name) => PATH[name] === `/${first}`);
  useEffect(() => {
    const where = current === undefined ? '' : `${t.nav[current]} – `;
    document.title = `${count === 0 ? '' : `(${count}) `}${where}${t.app.name}`;
  }, [current, count, t]);

  // After a change of page the reader, and the screen reader, stand at its beginning.
  const main = useRef<HTMLElement>(null);
  const shown = useRef(first);
  useEffect(() => {
    if (shown.current !== first) main.current?.focus({ preventScroll: true });
    shown.current = first;
  }, [first]);

  const links = (words: Readonly<Record<(typeof PAGES)[number], string>>): ReactNode =>
    PAGES.map((name) => (
      <Link key={name} href={linkTo(PATH[name])} aria-current={name === current ? 'page' : undefined}>
        {icons[name]}
        <span>{words[name]}</span>
        {name === 'alerts' && count > 0 ? (
          <span className={critical ? 'badge critical' : 'badge'}>
            {count}
            <span className="hidden"> {t.overview.alertsNow(count)}</span>
          </span>
        ) : null}
      </Link>
    ));

  return (
    <div className={about.demo ? 'frame demo' : 'frame'}>
      <a className="skip" href="#content">
        {t.app.skip}
      </a>
      {about.demo ? (
        <div className="demo-band" role="note">
          <strong>{t.app.demo}</strong>
          <span className="more">{t.app.demoMore}</span>
        </div>
      ) : null}
      <header className="rail">
        <Link className="logo" href={linkTo('/')}>
          <Mark />
          {t.app.name}
        </Link>
        <nav className="nav" aria-label={t.app.navigation}>
          {links(t.nav)}
        </nav>
        <div className="rail-foot">
          <Live />
          <Tools onLang={onLang} />
        </div>
      </header>
      <div className="topbar">
        <Link className="logo" href={linkTo('/')}>
          <Mark />
          {t.app.name}
        </Link>
        <Live short />
        <Tools onLang={onLang} />
      </div>
      <main className="main" id="content" tabIndex={-1} ref={main}>
        <div className="inner">
          <Lost />
          <AlertNews />
          <Fallback key={path}>
            {brands.brands.length === 0 ? (
              <Empty title={t.sources.none} />
            ) : current === 'overview' ? (
              <Overview />
            ) : current === 'mentions' ? (
              <MentionsPage />
            ) : current === 'alerts' ? (
              <AlertsPage id={second === undefined || second === '' ? undefined : decode(second)} />
            ) : current === 'triage' ? (
              <TriagePage />
            ) : current === 'sources' ? (
              <SourcesPage />
            ) : (
              <Empty title={t.app.notFound}>
                <Link className="button" href={linkTo('/')}>
                  {t.app.backHome}
                </Link>
              </Empty>
            )}
          </Fallback>
        </div>
      </main>
      <nav className="bottombar" aria-label={t.app.navigation}>
        {links(t.navShort)}
      </nav>
    </div>
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Tools({ onLang }: { readonly onLang: (lang: Lang) => void }): ReactNode {
  const { t, lang } = usePage();
  const theme = useTheme();
  return (
    <div className="rail-tools">
      <Button className="rail-tool" onPress={() => onLang(lang === 'fr' ? 'en' : 'fr')}>
        <span lang={lang === 'fr' ? 'en' : 'fr'}>{t.app.language}</span>
      </Button>
      <Button
        className="rail-tool"
        aria-label={theme === 'dark' ? t.app.themeToLight : t.app.themeToDark}
        onPress={() => chooseTheme(theme === 'dark' ? 'light' : 'dark')}
      >
        {theme === 'dark' ? icons.sun : icons.moon}
      </Button>
    </div>
  );
}

function Live({ short = false }: { readonly short?: boolean }): ReactNode {
  const { t } = usePage();
  const state = useLiveState();
  const words = state.kind === 'live' ? (state.back ? t.live.back : t.live.live) : t.live[state.kind];
  return (
    <span className={`live ${state.kind}`} role={short ? undefined : 'status'}>
      <i />
      <span className={short && state.kind === 'lost' ? 'hidden' : undefined}>{words}</span>
    </span>
  );
}

/** Said in the page, and calmly, once it has lasted. */
function Lost(): ReactNode {
  const { t, f } = usePage();
  const state = useLiveState();
  if (state.kind !== 'lost') return null;
  return (
    <div className="note-box banner" role="status">
      <span>{state.long ? t.live.lostSince(f.time(state.since)) : t.live.lost}</span>
      <Button className="button small" onPress={retryLive}>
        {t.app.retry}
      </Button>
    </div>
  );
}

/** The newest thing that alerts did since the page was opened: read out, and shown until it is closed. */
function AlertNews(): ReactNode {
  const { t, brands } = usePage();
  const [news, setNews] = useState<{ readonly alert: ApiAlert; readonly words: string }>();
  const known = useRef(new Map<string, string>());
  useEffect(
    () =>
      onLive((events) => {
        for (const event of events) {
          if (event.kind !== 'alert') continue;
          const { alert } = event;
          const before = known.current.get(alert.id);
          const state = `${alert.status} ${alert.severity}`;
          known.current.set(alert.id, state);
          if (before === state || alert.status === 'pending') continue;
          const brand = nameOf(brands, alert.brand);
          const title = alert.title.includes(brand) ? alert.title : `${alert.title} (${brand})`;
          const words =
            alert.status === 'resolved'
              ? t.live.resolved(title)
              : before?.startsWith('firing')
                ? t.live.graver(title)
                : t.live.newAlert(title);
          setNews({ alert, words });
        }
      }),
    [t, brands],
  );
  const kind = news?.alert.status === 'resolved' ? 'info' : news?.alert.severity === 'critical' ? 'critical' : '';
  return (
    <div aria-live="assertive">
      {news === undefined ? null : (
        <div className={`note-box banner ${kind}`}>
          <strong>{news.words}</strong>
          <span className="banner-tools">
            <Link
              className="button small"
              href={linkTo(`/alerts/${encodeURIComponent(news.alert.id)}`)}
              onClick={() => setNews(undefined)}
            >
              {t.live.open}
            </Link>
            <Button className="icon-button" aria-label={t.app.close} onPress={() => setNews(undefined)}>
              {icons.close}
            </Button>
          </span>
        </div>
      )}
    </div>
  );
}

/** A mistake of ours takes one page down, not all, and says so. */
class Fallback extends Component<{ readonly children: ReactNode }, { readonly broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError(): { readonly broken: boolean } {
    return { broken: true };
  }
  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    const t = dictionaries[document.documentElement.lang === 'en' ? 'en' : 'fr'];
    return (
      <Empty title={t.app.broken}>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          {t.app.reload}
        </button>
      </Empty>
    );
  }
}
