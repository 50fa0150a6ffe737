/* The frame: sidebar, reconnect banner, shortcuts, and the page by route. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { here, zoneTag } from '../lib/format.ts';
import { lang, t, whoIs, type Key } from '../lib/i18n.ts';
import { listen, type Bindings } from '../lib/keys.ts';
import { Lazy, type Loader } from '../lib/lazy.tsx';
import { makeHash } from '../lib/router.ts';
import { Icon, LangSwitch, Logo, Skeleton, ThemeSwitch, type IconName } from '../lib/ui.tsx';
import { Conversation } from './conversation.tsx';
import { Help } from './help.tsx';
import { LivePage } from './list.tsx';
import { Login } from './login.tsx';
import {
  boot, company, help, keyStack, link, live, now, offers, opens, order, page, reconnect, retryAt, route, signOut, token, user, zoned,
  type PageName,
} from './state.ts';

interface NavItem {
  to: PageName;
  icon: IconName;
  label: Key;
  key: string;
}
const ALL_NAV: NavItem[] = [
  { to: 'desk', icon: 'headset', label: 'nav.desk', key: 'g d' },
  { to: 'floor', icon: 'board', label: 'nav.floor', key: 'g f' },
  { to: 'live', icon: 'chat', label: 'nav.live', key: 'g l' },
  { to: 'quality', icon: 'star', label: 'nav.quality', key: 'g q' },
  { to: 'reports', icon: 'chart', label: 'nav.reports', key: 'g p' },
  { to: 'forecast', icon: 'clock', label: 'nav.forecast', key: 'g w' },
  { to: 'customers', icon: 'users', label: 'nav.customers', key: 'g c' },
  { to: 'orders', icon: 'box', label: 'nav.orders', key: 'g o' },
  { to: 'tickets', icon: 'ticket', label: 'nav.tickets', key: 'g t' },
  { to: 'kb', icon: 'book', label: 'nav.kb', key: 'g k' },
  { to: 'rules', icon: 'rules', label: 'nav.rules', key: 'g r' },
  { to: 'strategy', icon: 'swap', label: 'nav.strategy', key: 'g s' },
  { to: 'learning', icon: 'flag', label: 'nav.learning', key: 'g b' },
  { to: 'training', icon: 'target', label: 'nav.training', key: 'g i' },
  { to: 'settings', icon: 'gear', label: 'nav.settings', key: 'g ,' },
  { to: 'health', icon: 'pulse', label: 'nav.health', key: 'g h' },
];
const nav = (): NavItem[] => (user.value ? ALL_NAV.filter((n) => opens(n.to)) : ALL_NAV);

/* Pages beyond the conversations come when they are opened first. */
const PAGES: Partial<Record<PageName, Loader>> = {
  desk: () => import('../desk/desk.tsx'),
  floor: () => import('../floor/floor.tsx'),
  quality: () => import('../quality/quality.tsx'),
  reports: () => import('../reports/reports.tsx'),
  forecast: () => import('../forecast/forecast.tsx'),
  settings: () => import('../settings/settings.tsx'),
  customers: () => import('../service/customers.tsx'),
  orders: () => import('../service/orders.tsx'),
  tickets: () => import('../service/tickets.tsx'),
  rules: () => import('../service/rules.tsx'),
  learning: () => import('../learning/learning.tsx'),
  training: () => import('../service/training.tsx'),
  kb: () => import('./kb.tsx').then((m) => ({ default: m.Knowledge })),
  strategy: () => import('./strategy.tsx').then((m) => ({ default: m.StrategyPage })),
  health: () => import('./health.tsx').then((m) => ({ default: m.HealthPage })),
};

function Sidebar() {
  const here = page.value === 'c' ? 'live' : page.value;
  const open = live.value.gauges?.live_conversations;
  const menu = useSignal(false); /* on a narrow screen: all pages lie open */
  const shown = ALL_NAV.find((n) => n.to === here);
  return (
    <nav class={`side ${menu.value ? 'open' : ''}`} aria-label={t('nav.main')}
      onKeyDown={(e) => {
        if (e.key === 'Escape') menu.value = false;
      }}>
      <a class="brand" href="#/">
        <Logo />
        <span>
          <b>callm</b>
          <small>{company.value?.name[lang.value] ?? t('nav.tagline')}</small>
        </span>
      </a>
      <button class="side-menu" data-test="menu" aria-expanded={menu.value} aria-controls="pages" title={t('nav.pages')}
        onClick={() => (menu.value = !menu.value)}>
        <Icon name="menu" />
        <span>{shown ? t(shown.label) : t('nav.pages')}</span>
        {offers.value ? <em class="num">{offers.value}</em> : null}
      </button>
      <ul class="side-pages" id="pages" onClick={() => (menu.value = false)}>
        {nav().map((n) => (
          <li key={n.to}>
            <a
              href={`#/${n.to}`}
              data-test={`nav-${n.to}`}
              aria-current={here === n.to ? 'page' : undefined}
              title={`${t(n.label)} (${n.key})`}
            >
              <Icon name={n.icon} />
              <span>{t(n.label)}</span>
              {n.to === 'desk' && offers.value ? <em class="num rings" data-test="offers">{offers.value}</em> : null}
              {n.to === 'live' && open ? <em class="num">{open}</em> : null}
            </a>
          </li>
        ))}
      </ul>
      <ul class="side-links">
        <li>
          <a href="/chat" target="_blank" rel="noopener">
            <Icon name="out" />
            <span>{t('nav.chat')}</span>
          </a>
        </li>
        <li>
          <a href="/talk" target="_blank" rel="noopener">
            <Icon name="mic" />
            <span>{t('nav.talk')}</span>
          </a>
        </li>
      </ul>
      <div class="side-foot">
        <Zone />
        <LinkDot />
        <div class="side-tools">
          <LangSwitch />
          <ThemeSwitch />
          <button
            class="btn ghost square"
            title={`${t('nav.help')} (?)`}
            aria-label={t('nav.help')}
            onClick={() => (help.value = true)}
          >
            <Icon name="help" />
          </button>
          <button
            class="btn ghost square"
            title={t('nav.sign_out')}
            aria-label={t('nav.sign_out')}
            onClick={() => signOut()}
          >
            <Icon name="logout" />
          </button>
        </div>
      </div>
    </nav>
  );
}

/* Times are the company's: said where the reader's own clock shows others. */
function Zone() {
  const tag = zoneTag(Date.now(), lang.value);
  if (!tag || !user.value) return null;
  return <p class="linkdot zone" data-test="zone">{t('ui.times', { zone: `${here().split('/').at(-1)!.replace(/_/g, ' ')} (${tag})` })}</p>;
}

function LinkDot() {
  const ok = link.value === 'open';
  if (link.value === 'closed' && user.value) return <p class="linkdot"><span class="who">{whoIs(user.value.name)}</span></p>;
  return (
    <p class={`linkdot ${ok ? 'on' : ''}`} data-test="link" data-state={link.value}>
      <i />
      <span>{ok ? t('link.open') : t('link.connecting')}</span>
      <span class="who">{whoIs(user.value?.name ?? '')}</span>
    </p>
  );
}

function Banner() {
  if (link.value !== 'waiting' && !(link.value === 'connecting' && live.value.snapshots > 0))
    return null;
  const s = Math.max(0, Math.ceil((retryAt.value - now.value) / 1000));
  return (
    <div class="banner" role="status" data-test="banner">
      <Icon name="alert" />
      <span>{s > 0 ? t('link.lost_in', { s }) : t('link.lost_now')}</span>
      <button onClick={reconnect}>{t('link.retry')}</button>
    </div>
  );
}

const go = (path: string[], query: Record<string, string> = {}): void => {
  location.hash = makeHash(path, query);
};

function move(by: number): void {
  const all = order.value;
  if (all.length === 0) return;
  const id = route.value.path[0] === 'c' ? route.value.path[1] : route.value.query['sel'];
  const at = id ? all.indexOf(id) : -1;
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]!;
  const { sel: _, seq: __, ...query } = route.value.query;
  if (page.value === 'c') go(['c', next], query);
  else history.replaceState(null, '', makeHash(['live'], { ...query, sel: next }));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function open(): void {
  const { sel, ...query } = route.value.query;
  const id = sel ?? order.value[0];
  if (page.value === 'live' && id) go(['c', id], query);
}

function escape(): void {
  if (help.value) help.value = false;
  else if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
  else if (page.value === 'c') {
    const { seq: _, ...query } = route.value.query;
    go(['live'], { ...query, sel: route.value.path[1] ?? '' });
  } else if (route.value.path[1] === 'article') history.back();
}

const bindings = (): Bindings => ({
  j: () => move(1),
  k: () => move(-1),
  Enter: open,
  Escape: escape,
  '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
  '?': () => (help.value = !help.value),
  ' ': () => document.querySelector<HTMLElement>('[data-play]')?.click(),
  ...Object.fromEntries(nav().map((n) => [n.key, () => go([n.to])])),
  ...Object.assign({}, ...keyStack.map((k) => k())),
});

function CurrentPage() {
  const later = PAGES[page.value];
  if (later) return <Lazy key={page.value} load={later} />;
  switch (page.value) {
    case 'c':
      return (
        <div class="split">
          <LivePage compact />
          <Conversation id={route.value.path[1] ?? ''} />
        </div>
      );
    default:
      return <LivePage />;
  }
}

export function App() {
  const signedIn = token.value !== null;
  useEffect(() => {
    if (!signedIn) return;
    void boot();
    return listen(bindings);
  }, [signedIn]);
  useEffect(() => {
    document.title = `${t(`nav.${page.value === 'c' ? 'live' : page.value}` as Key)} · callm`;
  }, [page.value, lang.value]);
  if (!signedIn) return <Login />;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.getElementById('main')?.focus();
      }}>{t('nav.skip')}</a>
      <Sidebar />
      <main id="main" tabIndex={-1}>
        <Banner />
        {zoned.value ? <CurrentPage key={here()} /> : <div class="page-body"><Skeleton rows={6} kind="line" /></div>}
      </main>
      {help.value ? <Help close={() => (help.value = false)} /> : null}
    </div>
  );
}
