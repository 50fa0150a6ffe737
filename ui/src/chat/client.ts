/* Ties the chat's state to the socket and to localStorage. One conversation per
 * browser; a second tab shows the same one. */
import { signal } from '@preact/signals';
import { call } from '../lib/api.ts';
import { lang } from '../lib/i18n.ts';
import { ReSocket, wsUrl, type LinkState } from '../lib/socket.ts';
import { lastSeq } from '../lib/timeline.ts';
import { emptyChat, freeze, isPassing, reduceChat, thaw, type ChatMsg, type Thumb } from './store.ts';

const STORE = 'callm.chat';
const PING_MS = 20000;
const IDLE_MS = 45000;
export const TEXT_MAX = 4000;

export const chat = signal(thaw(localStorage.getItem(STORE)));
export const link = signal<LinkState>('closed');

let resuming = false;
let leaving = false; /* the page goes: what fails now was not refused */

function dispatch(m: ChatMsg): void {
  const next = reduceChat(chat.value, m);
  if (next === chat.value) return;
  chat.value = next;
  if (m.type !== 'delta' && m.type !== 'typing') save();
}

function save(): void {
  try {
    localStorage.setItem(STORE, freeze(chat.value));
  } catch {
    /* Storage full or forbidden: the chat goes on, only a reload forgets it. */
  }
}

const socket = new ReSocket({
  url: () => wsUrl('/ws/chat'),
  ping_ms: PING_MS,
  idle_ms: IDLE_MS,
  onOpen: hello,
  onMessage: (m) => receive(m as ChatMsg),
  onState: (state) => {
    link.value = state;
    if (state !== 'open') dispatch({ type: 'local.lost' });
  },
});

function hello(): void {
  const s = chat.value;
  resuming = s.session !== null;
  if (s.session)
    socket.send({
      op: 'session.resume',
      data: { id: s.session.id, token: s.session.token, after: lastSeq(s.events) },
    });
  else socket.send({ op: 'session.start', data: { language: lang.value } });
}

function receive(m: ChatMsg): void {
  const gone = m.type === 'closed' && m.data?.reason === 'not_found';
  if (m.type === 'error' && isPassing(m.data.code)) {
    later(resuming || !chat.value.session ? hello : flush);
    if (resuming) return;
  } else if (gone || (m.type === 'error' && resuming)) {
    startAnew();
    return;
  }
  dispatch(m);
  if (m.type === 'session') {
    resuming = false;
    flush();
  }
}

/* The saved conversation is gone (erased, or another server): begin anew,
 * keeping what was typed but never stored. */
function startAnew(): void {
  resuming = false;
  const unsent = chat.value.outbox.filter((o) => o.seq === null);
  chat.value = { ...emptyChat(), outbox: unsent };
  save();
  socket.stop();
  socket.start();
}

const PASSING_MS = 1000;
const FULL_MS = 4000; /* and half of it at random: those who wait do not come all at once */
let again: ReturnType<typeof setTimeout> | null = null;

function later(fn: () => void): void {
  if (again) clearTimeout(again);
  again = setTimeout(fn, chat.value.full ? FULL_MS * (1 + Math.random() / 2) : PASSING_MS);
}

/* Hands over what waits, oldest first. The server drops a client_id it knows. */
function flush(): void {
  if (!chat.value.session || resuming) return;
  for (const o of chat.value.outbox) {
    if (o.state !== 'queued') continue;
    const data = { text: o.text, client_id: o.client_id };
    if (!socket.send({ op: 'message.send', data })) return;
    dispatch({ type: 'local.sent', data: { client_id: o.client_id } });
  }
}

export function say(text: string): void {
  const client_id = newId();
  dispatch({ type: 'local.queue', data: { client_id, text, at: new Date().toISOString() } });
  if (link.value === 'open') flush();
  else socket.retryNow();
}

export function sayAgain(client_id: string): void {
  dispatch({ type: 'local.again', data: { client_id } });
  if (link.value === 'open') flush();
}

let typed_at = 0;
const TYPING_EVERY_MS = 3000;

export function typing(): void {
  if (Date.now() - typed_at < TYPING_EVERY_MS) return;
  typed_at = Date.now();
  if (chat.value.session) socket.send({ op: 'typing' });
}

export function restart(): void {
  const old = chat.value;
  if (old.session && !old.closed)
    void call(`/api/v1/conversations/${encodeURIComponent(old.session.id)}/close`, {
      method: 'POST',
      token: old.session.token,
      body: {},
      keepalive: true,
    }).catch(() => undefined);
  chat.value = emptyChat();
  save();
  socket.stop();
  socket.start();
}

/* What one thinks of an answer: shown at once, taken back when it could not be noted; who leaves the page right after
 * has still said it. */
export async function rate(turn: number, value: Thumb): Promise<void> {
  const s = chat.value;
  const before = s.rated[turn] ?? null;
  if (!s.session || before === value) return;
  dispatch({ type: 'local.rated', data: { turn, value } });
  try {
    await call(`/api/v1/conversations/${encodeURIComponent(s.session.id)}/feedback`, {
      method: 'POST',
      token: s.session.token,
      body: { turn, value },
      keepalive: true,
    });
  } catch {
    if (!leaving && chat.value.session?.id === s.session.id) dispatch({ type: 'local.rated', data: { turn, value: before } });
  }
}

export const dismiss = (): void => dispatch({ type: 'local.dismiss' });

/* randomUUID exists only in secure contexts; the chat works on plain http too. */
function newId(): string {
  const b = crypto.getRandomValues(new Uint8Array(12));
  return 'c' + Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
}

export function startChat(): void {
  socket.start();
  addEventListener('pagehide', () => (leaving = true));
  addEventListener('pageshow', () => (leaving = false));
  addEventListener('online', () => socket.retryNow());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') socket.retryNow();
  });
}
