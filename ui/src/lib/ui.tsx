/* Small parts shared by the pages. */
import type { ComponentChildren } from 'preact';
import { ApiError } from './api.ts';
import { lang, setLang, t, type Key } from './i18n.ts';
import { dark, toggleTheme } from './theme.ts';

/* 24 x 24, stroked. */
const PATHS = {
  chat: 'M21 11.5a8 8 0 0 1-11.6 7.1L4 20l1.4-4.6A8 8 0 1 1 21 11.5Z',
  phone:
    'M6.5 3.5h3l1.5 4-2 1.5a12 12 0 0 0 6 6l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A17 17 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2Z',
  mic: 'M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 1 0-7 0v5A3.5 3.5 0 0 0 12 15ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
  micoff:
    'M15.5 11V6.5a3.5 3.5 0 0 0-6.7-1.4M8.5 9v2.5a3.5 3.5 0 0 0 5.2 3M5.5 11.5A6.5 6.5 0 0 0 16 16.6M12 18v3M4 4l16 16',
  book: 'M4 5.5A2.5 2.5 0 0 1 6.5 3H20v15H6.5A2.5 2.5 0 0 0 4 20.5v-15ZM4 20.5A2.5 2.5 0 0 0 6.5 21H20v-3',
  pulse: 'M3 12h4l3-8 4 16 3-8h4',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1 1M17.4 17.4l1 1M5.6 18.4l1-1M17.4 6.6l1-1',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  play: 'M7 4.5v15l12-7.5-12-7.5Z',
  pause: 'M8 5v14M16 5v14',
  back: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  down: 'M5 9l7 7 7-7',
  thumb: 'M7.5 11v9H4v-9h3.5Zm0 0 3.7-7.5a2.3 2.3 0 0 1 2.3 2.3V9H19a2 2 0 0 1 2 2.3l-1.2 7a2 2 0 0 1-2 1.7H7.5',
  send: 'M12 19V5M6 11l6-6 6 6',
  reply: 'M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  checks: 'M2.5 12.5 7 17l9-9.5M12 16l1 1 8.5-9.5',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2',
  quote: 'M9 7H5v6h4V7Zm0 6c0 2-1 3.5-3 4M19 7h-4v6h4V7Zm0 6c0 2-1 3.5-3 4',
  alert: 'M12 4 2.5 20h19L12 4ZM12 10v4.5M12 17.3v.2',
  keypad: 'M6 5v.1M12 5v.1M18 5v.1M6 12v.1M12 12v.1M18 12v.1M6 19v.1M12 19v.1M18 19v.1',
  hangup: 'M3 13.5c5-4.7 13-4.7 18 0l-2 3-4-1.3v-2.5a11 11 0 0 0-6 0v2.5L5 16.5l-2-3Z',
  hold: 'M9 8v8M15 8v8M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  out: 'M14 4h6v6M20 4l-9 9M10 5H5v14h14v-5',
  logout: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  plus: 'M12 5v14M5 12h14',
  menu: 'M4 7h16M4 12h16M4 17h16',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.2',
  x: 'M6 6l12 12M18 6 6 18',
  swap: 'M7 4 3.5 7.5 7 11M3.5 7.5H17M17 13l3.5 3.5L17 20M20.5 16.5H7',
  users: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
  box: 'M12 3 4 7v10l8 4 8-4V7l-8-4ZM4 7l8 4 8-4M12 11v10M8 5l8 4',
  ticket: 'M4 6h16v4a2 2 0 0 0 0 4v4H4v-4a2 2 0 0 0 0-4V6ZM14 6v2M14 11v2M14 16v2',
  rules: 'M4 4h16v16H4V4ZM4 9h16M4 14.5h16M10 4v16',
  target: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 12v.1',
  truck: 'M3 6h11v10H3V6ZM14 10h4l3 3v3h-7v-6ZM7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  flag: 'M5 21V4M5 4.5h12l-2.5 4L17 12.5H5',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  cut: 'M6 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM6 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 8l12 10M8 16 20 6',
  bell: 'M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 2h-15l1.5-2ZM10 21h4',
  belloff: 'M6 16.5V11a6 6 0 0 1 .8-3M9.5 5.6A6 6 0 0 1 18 11v5.5M4.5 18.5H18M10 21h4M4 4l16 16',
  lock: 'M6 11h12v9H6v-9ZM8.5 11V8a3.5 3.5 0 1 1 7 0v3',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9S9 6 12 3',
  headset: 'M4 15v-3a8 8 0 1 1 16 0v3M4 14h3v6H5.500a1.500 1.500 0 0 1-1.500-1.500V14ZM20 14h-3v6h1.500a1.500 1.500 0 0 0 1.500-1.500V14ZM18 20.500c-1 1-2.500 1.500-5 1.500',
  recording: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z',
  gear: 'M12 15.200a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400ZM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.200 2.200M16.200 16.200l2.200 2.200M5.600 18.400l2.200-2.200M16.200 7.800l2.200-2.200',
  star: 'm12 3.500 2.600 5.600 6.100.7-4.500 4.200 1.200 6-5.400-3-5.400 3 1.200-6-4.500-4.200 6.100-.7L12 3.500Z',
  chart: 'M4 4v16h16M8 16v-5M12 16V8M16 16v-7',
  board: 'M3 4h18v12H3V4ZM8 20h8M12 16v4M7 12V9M11 12V7M15 12v-2',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, label }: { name: IconName; label?: string }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={name === 'keypad' ? '3' : '1.8'}
      stroke-linecap="round"
      stroke-linejoin="round"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : 'true'}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M8 17.5v-3M12 20.5v-9M16 23V9M20 19.5v-7M24 17v-2" />
    </svg>
  );
}

export function LangSwitch() {
  const other = lang.value === 'zh' ? 'en' : 'zh';
  const shown = other === 'zh' ? '中' : 'EN';
  return (
    <button
      class="btn ghost square"
      data-test="lang"
      lang={other}
      title={t('ui.language')}
      aria-label={`${shown} · ${t('ui.language')}`}
      onClick={() => setLang(other)}
    >
      {shown}
    </button>
  );
}

export function ThemeSwitch() {
  const label = t(dark.value ? 'ui.theme_light' : 'ui.theme_dark');
  return (
    <button
      class="btn ghost square"
      data-test="theme"
      title={label}
      aria-label={label}
      onClick={toggleTheme}
    >
      <Icon name={dark.value ? 'sun' : 'moon'} />
    </button>
  );
}

export function Empty(p: {
  icon: IconName;
  title: string;
  text: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty" role="status">
      <Icon name={p.icon} />
      <b>{p.title}</b>
      <p>{p.text}</p>
      {p.children}
    </div>
  );
}

export function Skeleton({ rows, kind }: { rows: number; kind: string }) {
  return (
    <div class="skels" role="status" aria-busy="true" aria-label={t('ui.loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class={`skel ${kind}`} />
      ))}
    </div>
  );
}

/* What went wrong, and how to mend it. */
export function errorText(e: unknown): string {
  if (!(e instanceof ApiError)) return t('error.other', { detail: String((e as Error).message) });
  if (e.status === 0) return t('error.unreachable');
  const known: Record<number, Key> = {
    401: 'error.401',
    403: 'error.403',
    404: 'error.404',
    413: 'error.413',
    429: 'error.429',
    503: 'error.503',
  };
  const key = known[e.status];
  if (key) return t(key);
  if (e.status >= 500) return t('error.5xx', { detail: e.detail || e.title });
  return t('error.other', { detail: e.detail || e.title });
}

export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div class="note bad" role="alert">
      <Icon name="alert" />
      <div class="grow">{errorText(error)}</div>
      {retry ? <button onClick={retry}>{t('ui.retry')}</button> : null}
    </div>
  );
}
