/* The customer's side of a chat: confirmed events, messages still on their
 * way, and pieces of an answer being written. Pure reducer; saved and loaded as
 * plain JSON so that a reload shows the chat at once, even offline. */
import type { Ev } from '../lib/types.ts';
import { lastSeq, mergeEvents } from '../lib/timeline.ts';

export type Delivery = 'queued' | 'sent' | 'stored' | 'failed';

export type Thumb = 'up' | 'down';

interface Outgoing {
  client_id: string;
  text: string;
  at: string;
  state: Delivery;
  seq: number | null; /* set by the ack: on the server's disk */
}

interface Session {
  id: string;
  interaction_id: string;
  token: string;
}

export interface ChatState {
  session: Session | null;
  greeting: string | null;
  events: Ev[];
  outbox: Outgoing[]; /* until their event has arrived */
  own: Record<number, string>; /* seq -> text as typed (the log masks it) */
  rated: Record<number, Thumb>; /* turn -> what one said of the answer */
  drafts: Record<number, string>; /* turn -> streamed so far */
  typing: boolean;
  closed: boolean;
  full: boolean; /* no room for another conversation just now; asked again by itself */
  error: Refusal | null;
}

interface Refusal {
  code: string;
  detail: string;
  client_id?: string; /* of the message it is about, when that is known */
}

const EVENTS_MAX = 400;

export const emptyChat = (): ChatState => ({
  session: null,
  greeting: null,
  events: [],
  outbox: [],
  own: {},
  rated: {},
  drafts: {},
  typing: false,
  closed: false,
  full: false,
  error: null,
});

export type ChatMsg =
  | { type: 'session'; data: Session & { greeting?: string | null } }
  | { type: 'ack'; data: { client_id: string; seq: number } }
  | { type: 'typing' }
  | { type: 'delta'; data: { turn?: number; text: string } }
  | { type: 'closed'; data?: { reason?: string } }
  | { type: 'event'; data: Ev }
  | { type: 'error'; data: Refusal }
  | { type: 'pong' }
  | { type: 'local.queue'; data: { client_id: string; text: string; at: string } }
  | { type: 'local.sent'; data: { client_id: string } }
  | { type: 'local.lost' } /* the link broke: nothing is in flight any more */
  | { type: 'local.again'; data: { client_id: string } } /* after a refusal */
  | { type: 'local.rated'; data: { turn: number; value: Thumb | null } }
  | { type: 'local.dismiss' };

function ack(s: ChatState, client_id: string, seq: number): ChatState {
  const mine = s.outbox.find((o) => o.client_id === client_id);
  if (!mine) return s;
  const own = { ...s.own, [seq]: mine.text };
  const here = s.events.some((e) => e.seq === seq);
  const outbox = here
    ? s.outbox.filter((o) => o !== mine)
    : s.outbox.map((o) => (o === mine ? { ...o, state: 'stored' as const, seq } : o));
  return { ...s, own, outbox };
}

const MASKS = /\*+|•+|\[[^\]]*\]|<[^>]*>/;

/* Could the log's text be this typed text with personal data masked? What is
 * left between the masks must occur in it, in order. */
export function isMaskOf(logged: string, typed: string): boolean {
  const pieces = logged.split(MASKS);
  if (pieces.length === 1) return logged === typed.trim();
  let at = 0;
  for (const p of pieces) {
    const found = typed.indexOf(p, at);
    if (found < 0) return false;
    at = found + p.length;
  }
  return true;
}

/* Whose event is this? By client_id, else by acked seq, else the message that
 * has been in flight longest and reads the same (another tab may write too).
 * An event that nobody claims is settled by its ack. */
function claim(s: ChatState, e: Ev): Outgoing | undefined {
  return (
    s.outbox.find((o) => e.body.client_id !== undefined && o.client_id === e.body.client_id) ??
    s.outbox.find((o) => o.seq === e.seq) ??
    s.outbox.find(
      (o) => o.state === 'sent' && o.seq === null && isMaskOf(e.body.text ?? '', o.text),
    )
  );
}

function event(s: ChatState, e: Ev): ChatState {
  const events = mergeEvents(s.events, [e]);
  if (events === s.events) return s;
  const next = { ...s, events: events.slice(-EVENTS_MAX) };
  if (e.kind === 'turn.customer') {
    const mine = claim(s, e);
    if (mine) {
      next.outbox = s.outbox.filter((o) => o !== mine);
      next.own = { ...s.own, [e.seq]: mine.text };
    }
  } else if (e.kind === 'turn.bot' || e.kind === 'turn.agent') {
    next.drafts = without(s.drafts, e.turn);
    next.typing = false;
  } else if (e.kind === 'conversation.closed') {
    next.closed = true;
    next.typing = false;
    next.drafts = {};
  }
  return next;
}

function without(drafts: Record<number, string>, turn: number): Record<number, string> {
  const next: Record<number, string> = {};
  for (const [k, v] of Object.entries(drafts)) if (Number(k) > turn) next[Number(k)] = v;
  return next;
}

function session(s: ChatState, d: Session & { greeting?: string | null }): ChatState {
  const { greeting, ...rest } = d;
  const same = s.session?.id === d.id;
  const base = same ? s : { ...emptyChat(), outbox: s.outbox };
  return { ...base, session: rest, greeting: greeting ?? base.greeting, full: false, error: null };
}

/* The server only asks for patience: the message is sent again by itself. */
export const isPassing = (code: string): boolean => /^(loading|not_taken|busy|full)$/.test(code);

/* The server said no, to the message it names or the one in flight longest. */
function refuse(s: ChatState, error: Refusal): ChatState {
  const first =
    s.outbox.find((o) => o.client_id === error.client_id) ??
    s.outbox.find((o) => o.state === 'sent' && o.seq === null);
  const outbox = mark(s.outbox, (o) => o === first, isPassing(error.code) ? 'queued' : 'failed');
  if (isPassing(error.code)) return { ...s, outbox, typing: false, full: error.code === 'full' };
  const closed = s.closed || /closed|ended/.test(error.code);
  return { ...s, error, outbox, closed, typing: false };
}

export function reduceChat(s: ChatState, m: ChatMsg): ChatState {
  switch (m.type) {
    case 'session':
      return session(s, m.data);
    case 'ack':
      return ack(s, m.data.client_id, m.data.seq);
    case 'typing':
      return { ...s, typing: true };
    case 'delta': {
      const { turn = 0, text } = m.data; /* 0: the answer being written now */
      const done = s.events.some((e) => e.kind === 'turn.bot' && e.turn === turn);
      if (done && turn > 0) return s;
      return { ...s, typing: false, drafts: { ...s.drafts, [turn]: (s.drafts[turn] ?? '') + text } };
    }
    case 'event':
      return event(s, m.data);
    case 'closed':
      return { ...s, closed: true, typing: false, drafts: {} };
    case 'error':
      return refuse(s, m.data);
    case 'local.queue':
      return { ...s, outbox: [...s.outbox, { ...m.data, state: 'queued', seq: null }] };
    case 'local.sent':
      return { ...s, outbox: mark(s.outbox, (o) => o.client_id === m.data.client_id, 'sent') };
    case 'local.lost':
      return {
        ...s,
        typing: false,
        drafts: {},
        outbox: mark(s.outbox, (o) => o.state === 'sent', 'queued'),
      };
    case 'local.again':
      return {
        ...s,
        error: null,
        outbox: mark(s.outbox, (o) => o.client_id === m.data.client_id, 'queued'),
      };
    case 'local.rated': {
      const { [m.data.turn]: _, ...rated } = s.rated;
      return { ...s, rated: m.data.value ? { ...rated, [m.data.turn]: m.data.value } : rated };
    }
    case 'local.dismiss':
      return { ...s, error: null };
    default:
      return s;
  }
}

const mark = (box: Outgoing[], which: (o: Outgoing) => boolean, state: Delivery): Outgoing[] =>
  box.map((o) => (which(o) ? { ...o, state } : o));

/* What goes to localStorage. Drafts and typing are of the moment. */
export function freeze(s: ChatState): string {
  const { session, greeting, events, outbox, own, rated, closed } = s;
  return JSON.stringify({ session, greeting, events, outbox, own, rated, closed, last: lastSeq(events) });
}

export function thaw(text: string | null): ChatState {
  const base = emptyChat();
  if (!text) return base;
  try {
    const p = JSON.parse(text) as Partial<ChatState>;
    if (!p.session?.id || !p.session.token || !Array.isArray(p.events)) return base;
    const outbox = (p.outbox ?? []).map((o) =>
      o.state === 'sent' ? { ...o, state: 'queued' as const } : o,
    );
    return { ...base, ...p, outbox, drafts: {}, typing: false, error: null } as ChatState;
  } catch {
    return base;
  }
}

/* The greeting is shown as a bubble unless the log already begins with it. */
export function showGreeting(s: ChatState): boolean {
  if (!s.greeting) return false;
  const first = s.events.find((e) => e.kind === 'turn.bot');
  return first?.body.text !== s.greeting;
}
