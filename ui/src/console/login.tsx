/* Sign in. The demo prints a one-time password where it was started. */
import { useSignal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { t } from '../lib/i18n.ts';
import { errorText, Icon, LangSwitch, Logo, ThemeSwitch } from '../lib/ui.tsx';
import { expired, signIn } from './state.ts';

export function Login() {
  const login = useSignal('admin');
  const password = useSignal('');
  const busy = useSignal(false);
  const error = useSignal('');

  async function submit(e: Event) {
    e.preventDefault();
    busy.value = true;
    error.value = '';
    try {
      await signIn(login.value.trim(), password.value.trim());
    } catch (x) {
      const wrong = x instanceof ApiError && (x.status === 401 || x.status === 403);
      error.value = wrong ? t('login.wrong') : errorText(x);
    }
    busy.value = false;
  }

  return (
    <main class="login">
      <div class="login-tools">
        <LangSwitch />
        <ThemeSwitch />
      </div>
      <form class="login-card" onSubmit={submit} aria-labelledby="login-title">
        <Logo />
        <h1 id="login-title">{t('login.title')}</h1>
        <p class="muted">{t('login.text')}</p>
        {expired.value ? (
          <div class="note warn" role="status">
            {t('login.expired')}
          </div>
        ) : null}
        <label class="field">
          <span>{t('login.login')}</span>
          <input
            class="input"
            name="login"
            autocomplete="username"
            autocapitalize="none"
            required
            value={login.value}
            onInput={(e) => (login.value = e.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{t('login.password')}</span>
          <input
            class="input"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={password.value}
            aria-describedby="login-hint"
            onInput={(e) => (password.value = e.currentTarget.value)}
          />
        </label>
        {error.value ? (
          <div class="note bad" role="alert" data-test="login-error">
            <Icon name="alert" />
            <span>{error.value}</span>
          </div>
        ) : null}
        <button class="btn primary" type="submit" disabled={busy.value} data-test="sign-in">
          {busy.value ? t('login.busy') : t('login.submit')}
        </button>
        <p class="hint" id="login-hint">
          {t('login.hint')}
        </p>
      </form>
      <p class="login-foot">
        <a href="/chat">{t('nav.chat')}</a>
        <a href="/talk">{t('nav.talk')}</a>
      </p>
    </main>
  );
}
