/* The console's shared state: who is signed in, where we are, what is live. */
import { batch, computed, signal } from '@preact/signals';
import { ApiError, call, callBytes, callTagged, type CallOptions } from '../lib/api.ts';
import type { Key } from '../lib/i18n.ts';
import type { Bindings } from '../lib/keys.ts';
import { setZone } from '../lib/format.ts';
import { backoffDelay } from '../lib/backoff.ts';
import { parseHash } from '../lib/router.ts';
import { ReSocket, wsUrl, type LinkState } from '../lib/socket.ts';
import { lastSeq } from '../lib/timeline.ts';
import type { Conv, Ev, Health, Page, User } from '../lib/types.ts';
import { emptyLive, reduceLive, type LiveMsg } from './live.ts';

const TOKEN = 'callm.token';
const ZONE = 'callm.zone'; /* the company's, '' when it has none: a form that is drawn first must have the right times */

export const token = signal<string | null>(localStorage.getItem(TOKEN));
export const user = signal<User | null>(null);
const told = (): string | null => (token.value === null ? null : localStorage.getItem(ZONE));
setZone(told() ?? '');
/* In which zone times are is known: from this sign-in, before the server says it again. */
export const zoned = signal(told() !== null);
function keepZone(name = ''): void {
  localStorage.setItem(ZONE, name);
  setZone(name);
  zoned.value = true;
}

/* One permission of docs/access.md; the server refuses what the pages do not leave out. */
export const may = (what: string): boolean => user.value?.may.includes(what) ?? false;
export const route = signal(parseHash(location.hash));
export const live = signal(emptyLive());
export const link = signal<LinkState>('closed');
export const retryAt = signal(0);
export const now = signal(Date.now());
export const company = signal<Health['company'] | null>(null);
export const expired = signal(false);
/* The last event batch, for the conversation that is open on screen. */
export const fresh = signal<(Ev & { conversation_id: string })[]>([]);
/* How many offers ring at the desk, wherever one is. */
export const offers = signal(0);
/* The list of shortcuts: shown or not, and what the page on screen adds to it. */
export const help = signal(false);
export const moreHelp = signal<{ title: Key; rows: [string[], Key][] } | null>(null);
/* The order of rows on screen, for j and k. */
export const order = signal<string[]>([]);

/* Keys of what is on screen; they go before those of the frame. The last one wins. */
export const keyStack: (() => Bindings)[] = [];

/* The pages and the permissions for them, one of which is enough. One begins on the first that one may see. */
const PAGES = {
  live: 'live.watch', desk: 'desk.open', quality: 'qa.read', kb: 'article.read', reports: 'report.read', forecast: 'forecast.read',
  tickets: 'ticket.read', customers: 'customer.read', orders: 'order.read', floor: 'live.watch', rules: 'doc.write',
  strategy: 'strategy.read', learning: 'strategy.read', training: 'intent.read',
  settings: 'queue.write agent.write user.manage webhook.manage audit.read', health: 'system.read', c: '', /* of one conversation: links lead there */
};
export type PageName = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as PageName[];
export const opens = (p: PageName): boolean => PAGES[p].split(' ').some(may);
const home = (): PageName => NAMES.find(opens) ?? 'live';

export const page = computed<PageName>(
  () => NAMES.find((p) => p === route.value.path[0]) ?? home(),
);

addEventListener('hashchange', () => (route.value = parseHash(location.hash)));
setInterval(() => (now.value = Date.now()), 1000);

async function signed<T>(ask: (o: CallOptions) => Promise<T>, o: CallOptions): Promise<T> {
  try {
    return await ask({ ...o, token: token.value });
  } catch (e) {
    if (e instanceof ApiError && e.status === 401 && token.value) signOut(true);
    throw e;
  }
}

export const authed = <T>(path: string, o: CallOptions = {}): Promise<T> =>
  signed((x) => call<T>(path, x), o);
export const authedTagged = <T>(path: string, o: CallOptions = {}): Promise<{ body: T; etag: string | null }> =>
  signed((x) => callTagged<T>(path, x), o);
export const authedBytes = (path: string, o: CallOptions = {}): Promise<ArrayBuffer> =>
  signed((x) => callBytes(path, x), o);

export async function signIn(login: string, password: string): Promise<void> {
  const r = await call<{ token: string; user: User }>('/api/v1/auth/login', {
    method: 'POST',
    body: { login, password },
  });
  localStorage.setItem(TOKEN, r.token);
  batch(() => {
    keepZone(r.user.timezone);
    token.value = r.token;
    user.value = r.user;
    expired.value = false;
  });
}

export function signOut(because_expired = false): void {
  localStorage.removeItem(TOKEN);
  localStorage.removeItem(ZONE);
  socket.stop();
  queue = [];
  batch(() => {
    token.value = null;
    user.value = null;
    zoned.value = false;
    live.value = emptyLive();
    expired.value = because_expired;
  });
  retry(); /* who waits to ask who is signed in waits no longer */
}

/* Messages are applied in batches: a busy centre sends hundreds a second and
 * the screen needs ten updates at most. */
let queue: LiveMsg[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;
const BATCH_MS = 100;

function flush(): void {
  timer = null;
  const msgs = queue;
  queue = [];
  batch(() => {
    live.value = reduceLive(live.value, msgs, Date.now() / 1000);
    const events = msgs.flatMap((m) => (m.type === 'event' ? [m.data] : []));
    if (events.length) fresh.value = events;
  });
}

export function feed(m: LiveMsg): void {
  queue.push(m);
  if (m.type === 'snapshot' || m.type === 'page') flush();
  else timer ??= setTimeout(flush, BATCH_MS);
}

const IDLE_MS = 12000; /* stats come every second */

const socket = new ReSocket({
  url: () => wsUrl(`/ws/supervisor?token=${encodeURIComponent(token.value ?? '')}`),
  idle_ms: IDLE_MS,
  onMessage: (m) => feed(m as LiveMsg),
  onState: (state, ms) => {
    link.value = state;
    retryAt.value = state === 'waiting' ? Date.now() + ms : 0;
    /* A browser hides why an upgrade was refused: ask over HTTP. */
    if (state === 'waiting') void authed<User>('/api/v1/me').catch(() => undefined);
  },
});

let retry = (): void => socket.retryNow();
export const reconnect = (): void => retry();

/* Who watches hears of every conversation, agents of their own: one line each. */
async function connect(): Promise<void> {
  if (may('live.watch')) {
    retry = () => socket.retryNow();
    socket.start();
  } else if (may('desk.open')) {
    const mine = await import('../desk/client.ts');
    retry = mine.retryDesk;
    mine.startDesk(true);
  }
}

/* The banner tells of it, and its button ends it. */
async function pause(ms: number): Promise<void> {
  link.value = 'waiting';
  retryAt.value = Date.now() + ms;
  await new Promise<void>((done) => {
    retry = done;
    setTimeout(done, ms);
  });
  link.value = 'closed';
}

export async function boot(): Promise<void> {
  authed<Health>('/api/v1/health').then(
    (h) => (company.value = h.company),
    () => undefined,
  );
  const mine = token.value;
  if (!mine) return;
  for (let n = 0; token.value === mine && !user.value; n++)
    try {
      const me = await authed<User>('/api/v1/me');
      if (token.value === mine)
        batch(() => {
          keepZone(me.timezone);
          user.value = me;
        });
    } catch {
      if (token.value === mine) await pause(backoffDelay(n, Math.random()));
    }
  if (token.value === mine) await connect();
}

/* The rows of a conversation after one, page by page. */
export async function fetchEvents(id: string, after: number): Promise<Ev[]> {
  const PAGE = 500;
  const all: Ev[] = [];
  for (;;) {
    const p = await authed<{ items: Ev[] }>(`/api/v1/conversations/${encodeURIComponent(id)}/events`, {
      query: { after, limit: PAGE },
    });
    all.push(...p.items);
    const last = lastSeq(p.items);
    if (p.items.length < PAGE || last <= after) return all;
    after = last;
  }
}

export async function loadPage(q: {
  state: string;
  channel: string;
  cursor: string | null;
}): Promise<string | null> {
  const p = await authed<Page<Conv>>('/api/v1/conversations', { query: { ...q, limit: 100 } });
  feed({ type: 'page', data: { items: p.items } });
  return p.next_cursor;
}
