/** Shown while nobody is signed in: where the link is. It stands before everything else, so it has its words handed to it. */
import { type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components';
import type { Words } from '../i18n/index.ts';
import type { Lang } from '../lib/format.ts';
import { chooseTheme, useTheme } from '../lib/theme.ts';
import { icons, Mark } from '../parts/icons.tsx';

export function SignIn({
  t,
  lang,
  onLang,
  spent,
  check,
}: {
  readonly t: Words;
  readonly lang: Lang;
  readonly onLang: (lang: Lang) => void;
  readonly spent: boolean;
  readonly check: () => Promise<unknown>;
}): ReactNode {
  const theme = useTheme();
  const [checking, setChecking] = useState(false);
  return (
    <main className="sign-in">
      <div className="card">
        <Mark />
        <h1>{t.signIn.title}</h1>
        {spent ? (
          <p className="note-box" role="alert">
            {t.signIn.spent}
          </p>
        ) : null}
        <p>{t.signIn.lead}</p>
        <p>{t.signIn.example}</p>
        <code>{window.location.origin}/?link=…</code>
        <p>{t.signIn.again}</p>
        <div className="tools">
          <Button
            className="button primary"
            isDisabled={checking}
            onPress={() => {
              setChecking(true);
              void check().finally(() => setChecking(false));
            }}
          >
            {t.signIn.check}
          </Button>
          <span>
            <Button className="button plain" onPress={() => onLang(lang === 'fr' ? 'en' : 'fr')}>
              {t.app.language}
            </Button>
            <Button
              className="icon-button"
              aria-label={theme === 'dark' ? t.app.themeToLight : t.app.themeToDark}
              onPress={() => chooseTheme(theme === 'dark' ? 'light' : 'dark')}
            >
              {theme === 'dark' ? icons.sun : icons.moon}
            </Button>
          </span>
        </div>
      </div>
    </main>
  );
}
