/* Ties the desk's state to its socket: frames in, wishes out, each with its answer. What was said is sent again after
 * a broken line (the server knows it by client_id); any other wish that got no answer is told as failed. */
import './texts.ts';
import { effect, signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { ReSocket, wsUrl, type LinkState } from '../lib/socket.ts';
import type { User } from '../lib/types.ts';
import { authed, fetchEvents, link, offers, retryAt, token } from '../console/state.ts';
import { newKey } from '../service/parts.tsx';
import { announce } from './bell.ts';
import { emptyDesk, reduceDesk, type Frame } from './store.ts';
import { offersOf, wholeUpTo } from './work.ts';

export const desk = signal(emptyDesk());
export const deskLink = signal<LinkState>('closed');
export const oldState = signal(0); /* grows when the stream has a gap that only the log can fill */

interface Wish {
  done: (data: Record<string, unknown>) => void;
  failed: (e: unknown) => void;
  timer: ReturnType<typeof setTimeout>;
}
interface Reply {
  re: string;
  ok: boolean;
  status?: number;
  detail?: string;
  data?: Record<string, unknown>;
}
const ANSWER_MS = 15000;
const IDLE_MS = 45000; /* the server pings every 20 s */
const PING_MS = 20000;
const wishes = new Map<string, Wish>();
interface Said {
  conversation: string;
  text: string;
  note: boolean;
  translate: boolean;
}
/* Said, and not answered yet; kept over a broken line. */
const said = new Map<string, Said>();
let queue: Frame[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;
let first = true;
let leads = false; /* the console's link shows this socket's state: there is no other */

/* Frames of one moment are applied together: a busy desk gets fifty a second and the screen needs thirty updates. */
const BATCH_MS = 30;

function flush(): void {
  timer = null;
  const frames = queue;
  queue = [];
  const before = desk.value;
  desk.value = reduceDesk(before, frames, Date.now());
  offers.value = offersOf(desk.value).length;
  announce(before, desk.value);
}

export function put(f: Frame): void {
  queue.push(f);
  if (f.type.startsWith('local.') || f.type === 'hello') flush();
  else timer ??= setTimeout(flush, BATCH_MS);
}

function receive(m: Frame & Partial<Reply>): void {
  if (m.re !== undefined) return answer(m as Reply);
  if (m.type === 'hello') {
    const gap = !first && m.data?.['resumed'] !== true;
    first = false;
    put(m);
    if (gap) oldState.value++;
    again();
    return;
  }
  if (m.type) put(m);
}

function answer(r: Reply): void {
  const w = wishes.get(r.re);
  if (!w) return;
  wishes.delete(r.re);
  clearTimeout(w.timer);
  if (r.ok) w.done(r.data ?? {});
  else w.failed(new ApiError(r.status ?? 400, '', r.detail ?? ''));
}

const socket = new ReSocket({
  url: () => wsUrl(`/ws/agent?token=${encodeURIComponent(token.value ?? '')}&after=${desk.value.seq || ''}`),
  idle_ms: IDLE_MS,
  ping_ms: PING_MS,
  onMessage: (m) => receive(m as Frame & Partial<Reply>),
  onState: (state, ms) => {
    deskLink.value = state;
    if (leads) {
      link.value = state;
      retryAt.value = state === 'waiting' ? Date.now() + ms : 0;
    }
    if (state === 'open') return;
    for (const [id, w] of wishes) {
      wishes.delete(id);
      clearTimeout(w.timer);
      w.failed(new ApiError(0, 'unreachable', ''));
    }
    /* A browser hides why an upgrade was refused: ask over HTTP. */
    if (state === 'waiting') void authed<User>('/api/v1/me').catch(() => undefined);
  },
});

export function startDesk(alone: boolean): void {
  leads = alone;
  if (alone) link.value = deskLink.value;
  socket.start();
}
function stopDesk(): void {
  socket.stop();
  first = true;
  queue = [];
  if (timer) clearTimeout(timer);
  timer = null;
  const before = desk.peek();
  desk.value = emptyDesk();
  announce(before, emptyDesk());
  offers.value = 0;
  said.clear();
}
effect(() => {
  if (token.value === null) stopDesk();
});
export const retryDesk = (): void => socket.retryNow();

/* Both names of what a wish is about. */
function about(data: Record<string, unknown>): Record<string, unknown> {
  const { handover, conversation } = data;
  if (!handover === !conversation) return data;
  const w = [...desk.value.work.values()].find((x) => (handover ? x.id === handover : x.conversation === conversation && x.state !== 'wrapup'));
  return w ? { ...data, handover: w.id, conversation: w.conversation } : data;
}

/* A wish and its answer. */
export function op(name: string, given: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const data = about(given);
  return new Promise((done, failed) => {
    const id = newKey();
    if (!socket.send({ id, op: name, data })) return failed(new ApiError(0, 'unreachable', ''));
    const late = setTimeout(() => {
      wishes.delete(id);
      failed(new ApiError(504, '', 'no answer'));
    }, ANSWER_MS);
    wishes.set(id, { done, failed, timer: late });
  });
}

async function deliver(client_id: string, x: Said): Promise<void> {
  const about = { conversation: x.conversation, client_id };
  put({ type: 'local.said', data: { ...about, text: x.text, note: x.note, translate: x.translate } });
  try {
    const r = await op(x.note ? 'note' : 'say', { ...about, text: x.text, ...(x.translate ? { translate: true } : {}) });
    said.delete(client_id);
    const seq = Number(r['seq'] ?? 0);
    const here = desk.value.talks.get(x.conversation)?.events.some((e) => e.seq === seq);
    if (here) put({ type: 'local.settled', data: about });
    else setTimeout(() => void fetchNew(x.conversation).then(() => put({ type: 'local.settled', data: about }), () => undefined), 1500);
  } catch (e) {
    if (e instanceof ApiError && e.status === 0) return; /* goes again with the next hello */
    said.delete(client_id);
    put({ type: 'local.failed', data: { ...about, why: (e as Error).message } });
  }
}

export function say(x: Said, client_id = newKey()): void {
  said.set(client_id, x);
  void deliver(client_id, x);
}
function again(): void {
  for (const [id, x] of said) void deliver(id, x);
}

let typed_at = 0;
const TYPING_EVERY_MS = 3000;
export function typing(conversation: string): void {
  if (Date.now() - typed_at < TYPING_EVERY_MS) return;
  typed_at = Date.now();
  op('typing', { conversation }).catch(() => undefined);
}

/* What the log has beyond what is known here. */
export async function fetchNew(conversation: string): Promise<void> {
  /* The stream may have begun in the middle, or had a gap while somebody else served. */
  const after = wholeUpTo(desk.value.talks.get(conversation)?.events ?? []);
  put({ type: 'local.rows', data: { conversation, rows: await fetchEvents(conversation, after) } });
}
