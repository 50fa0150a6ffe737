/* What the agent's socket says, as one state. Pure reducer: frames in, state out; local moves (what is open, what was
 * typed) are frames too. A frame that was seen is dropped by its number, so that a resumed stream may overlap. */
import { mergeEvents } from '../lib/timeline.ts';
import type { Ev } from '../lib/types.ts';
import { workOf, msOf } from './work.ts';
import type {
  AgentState, AssistAlert, CallState, CheckItem, Disposition, Me, NextAction, Party, QueueLine, Suggestion, Summary, Talk, Work,
} from './types.ts';

export interface DeskState {
  seq: number;
  me: Me | null;
  state: AgentState;
  reasons: string[];
  dispositions: Disposition[];
  work: Map<string, Work>; /* by hand-over */
  talks: Map<string, Talk>; /* by conversation */
  queues: QueueLine[];
  mates: Map<string, AgentState>; /* other agents */
  phone: string; /* why one's own telephone did not take an offer; empty: it did */
  news: News | null; /* what the agent should be told once */
  open: string; /* the conversation on screen */
}
export interface News {
  kind: string; /* revoked, failed */
  what: string;
  why: string;
}
export interface Frame {
  seq?: number;
  type: string;
  data?: Record<string, unknown>;
}

const ALERTS_MAX = 5;
const SUGGESTIONS_MAX = 3;
const TURN = /^turn\./;
const CHANGES = /^(mode|muted|unmuted)$/;

export const emptyDesk = (): DeskState => ({
  seq: 0, me: null, state: { state: 'offline' }, reasons: [], dispositions: [], work: new Map(), talks: new Map(),
  queues: [], mates: new Map(), phone: '', news: null, open: '',
});

export const emptyTalk = (): Talk => ({
  events: [], partial: null, typing_ms: 0, pending: [], unread: 0, mood: '', trend: 0, suggestions: [], actions: [],
  checks: [], alerts: [], summary: null, call: null,
});

type Data = Record<string, unknown>;
type Step = (s: DeskState, d: Data, now_ms: number) => DeskState;

const str = (v: unknown): string => (typeof v === 'string' ? v : v === null || v === undefined ? '' : String(v));
const list = <T>(v: unknown): T[] => (Array.isArray(v) ? (v as T[]) : []);

function talkOf(s: DeskState, id: string, change: (t: Talk) => Talk): DeskState {
  if (!id) return s;
  const had = s.talks.get(id) ?? emptyTalk();
  const next = change(had);
  if (next === had) return s;
  return { ...s, talks: new Map(s.talks).set(id, next) };
}

function putWork(s: DeskState, w: Work): DeskState {
  return { ...s, work: new Map(s.work).set(w.id, w) };
}

function dropWork(s: DeskState, id: string): DeskState {
  if (!s.work.has(id)) return s;
  const work = new Map(s.work);
  const gone = work.get(id)!;
  work.delete(id);
  const used = [...work.values()].some((w) => w.conversation === gone.conversation);
  if (used || gone.conversation === s.open) return { ...s, work };
  const talks = new Map(s.talks);
  talks.delete(gone.conversation);
  return { ...s, work, talks };
}

const tell = (s: DeskState, kind: string, what: string, why: string): DeskState =>
  ({ ...s, news: { kind, what, why } });

/* Everything there is; replaces what was known of the work, keeps what was said. */
function hello(s: DeskState, d: Data, now_ms: number): DeskState {
  const work = new Map<string, Work>();
  for (const raw of list<Data>(d['work'])) {
    const w = workOf(raw, s.work.get(str(raw['handover'] ?? raw['id'])), now_ms);
    if (w) work.set(w.id, w);
  }
  const kept = new Set([...work.values()].map((w) => w.conversation).concat(s.open));
  const talks = new Map([...s.talks].filter(([id]) => kept.has(id)));
  const mates = new Map(list<AgentState>(d['agents']).map((a) => [str(a.login), a]));
  return {
    ...s,
    me: (d['me'] as Me | undefined) ?? s.me,
    state: (d['state'] as AgentState | undefined) ?? s.state,
    queues: d['queues'] ? list<QueueLine>(d['queues']) : s.queues,
    reasons: d['reasons'] ? list<string>(d['reasons']) : s.reasons,
    dispositions: d['dispositions'] ? list<Disposition>(d['dispositions']) : s.dispositions,
    mates: d['agents'] ? mates : s.mates,
    work, talks,
  };
}

function agentState(s: DeskState, d: Data): DeskState {
  const a = d as unknown as AgentState;
  if (!a.login || a.login === s.me?.login) return { ...s, state: { ...a } };
  return { ...s, mates: new Map(s.mates).set(a.login, a) };
}

const idOf = (d: Data): string => {
  const h = d['handover'];
  return str(h !== null && typeof h === 'object' ? (h as Data)['id'] : h);
};

/* An offer, an acceptance, a wrap-up: the hand-over with what this frame says of it. */
const becomes = (state: Work['state']): Step => (s, d, now_ms) => {
  const inner = d['handover'] !== null && typeof d['handover'] === 'object' ? (d['handover'] as Data) : {};
  const who = str(d['agent'] ?? inner['agent']);
  if (state === 'accepted' && who && s.me && who !== s.me.login) return dropWork(s, idOf(d)); /* somebody else's now */
  const w = workOf({ ...d, ...inner, handover: idOf(d), state }, s.work.get(idOf(d)), now_ms);
  return w ? putWork(s, w) : s;
};

const over = (kind: string, told: boolean): Step => (s, d) => {
  const had = s.work.get(idOf(d));
  if (!had) return s;
  const next = dropWork(s, had.id);
  return told ? tell(next, kind, had.customer?.name || had.queue, str(d['why'] ?? d['how'])) : next;
};

/* The service is over; the wrap-up that follows has its own frame, so it stays until then. */
function ended(s: DeskState, d: Data, now_ms: number): DeskState {
  const had = s.work.get(idOf(d));
  if (!had) return s;
  const next = putWork(s, { ...had, state: 'wrapup', ended_ms: msOf(d['at'] ?? d['ended_ms'], now_ms), held: false });
  return { ...next, news: null };
}

function said(s: DeskState, d: Data): DeskState {
  const id = str(d['conversation']);
  const row = d['row'] as Ev | undefined;
  if (!row) return s;
  return talkOf(s, id, (t) => addRows(t, [row], s.open !== id));
}

/* Rows of the log; unseen: a customer's turn counts as unread. */
export function addRows(t: Talk, rows: Ev[], unseen: boolean): Talk {
  const events = mergeEvents(t.events, rows);
  if (events === t.events) return t;
  const fresh = rows.filter((r) => !t.events.some((e) => e.seq === r.seq));
  const turns = fresh.filter((r) => TURN.test(r.kind));
  const theirs = turns.filter((r) => r.kind === 'turn.customer');
  const mood = theirs.map((r) => r.body.mood?.class ?? r.body.emotion ?? '').filter(Boolean).at(-1) ?? t.mood;
  const settled = new Set(fresh.map((r) => r.body.client_id).filter(Boolean));
  return {
    ...t,
    events,
    mood,
    pending: t.pending.filter((p) => !settled.has(p.client_id)),
    partial: turns.length ? null : t.partial,
    typing_ms: theirs.length ? 0 : t.typing_ms,
    unread: t.unread + (unseen ? theirs.length : 0),
  };
}

function call(s: DeskState, d: Data): DeskState {
  return talkOf(s, str(d['conversation']), (t) => {
    const had: CallState = t.call ?? { parties: [], held: false, muted: false, recording: true };
    const id = str(d['party']);
    const before = had.parties.find((p) => p.id === id);
    const told = str(d['step']);
    const about = CHANGES.test(told); /* of one who is there: the step stays */
    const off = told === 'muted' ? true : told === 'unmuted' ? false : typeof d['muted'] === 'boolean' ? d['muted'] : undefined;
    const now: Party = {
      id,
      step: about ? (before?.step ?? 'joined') : told || before?.step || '',
      mode: str(d['mode']) || before?.mode || '',
      why: str(d['why']),
    };
    const gone = now.step === 'left' || now.step === 'failed';
    const others = had.parties.filter((p) => p.id !== id);
    const mine = id === `agent:${s.me?.login ?? ''}`;
    return {
      ...t,
      call: {
        parties: !id || (gone && now.step === 'left') ? others : [...others, now],
        held: typeof d['held'] === 'boolean' ? d['held'] : mine && told === 'mode' ? now.mode === 'on_hold' : had.held,
        muted: (mine || !id) && off !== undefined ? off : had.muted,
        recording: typeof d['recording'] === 'boolean' ? d['recording'] : had.recording,
      },
    };
  });
}

function suggestion(s: DeskState, d: Data): DeskState {
  const one = d as unknown as Suggestion;
  return talkOf(s, str(one.conversation), (t) => {
    const same = t.suggestions.filter((x) => x.turn === one.turn && x.text !== one.text);
    if (!one.text) return { ...t, suggestions: same }; /* nothing fits this turn */
    return { ...t, suggestions: [...same, one].slice(-SUGGESTIONS_MAX) };
  });
}

function mood(s: DeskState, d: Data): DeskState {
  return talkOf(s, str(d['conversation']), (t) => ({ ...t, mood: str(d['emotion']), trend: Number(d['trend'] ?? 0) }));
}

function realtime(s: DeskState, d: Data): DeskState {
  const title = new Map(s.queues.map((q) => [q.id, q.title]));
  const queues = list<QueueLine>(d['items']).map((q) => ({ ...q, title: q.title ?? title.get(q.id) }));
  return { ...s, queues };
}

const onTalk = (change: (t: Talk, d: Data, now_ms: number) => Talk): Step => (s, d, now_ms) =>
  talkOf(s, str(d['conversation']), (t) => change(t, d, now_ms));

const STEPS: Record<string, Step> = {
  hello,
  snapshot: hello,
  'agent.state': agentState,
  'handover.offered': becomes('offered'),
  'handover.accepted': becomes('accepted'),
  'handover.wrapup': becomes('wrapup'),
  'handover.ended': ended,
  'handover.wrapped': over('wrapped', false),
  'handover.revoked': (s, d, now_ms) => {
    const next = over('revoked', true)(s, d, now_ms);
    return d['phone'] ? { ...next, phone: str(d['phone']) } : next;
  },
  'handover.page': (s, d, now_ms) => {
    const had = s.work.get(idOf(d));
    const w = had && workOf({ away_at: d['away_at'], handover: had.id }, had, now_ms);
    return w ? putWork(s, w) : s;
  },
  'handover.queued': over('queued', false),
  'handover.returned': over('returned', false),
  'handover.failed': over('failed', true),
  'message.created': said,
  'transcript.partial': onTalk((t, d) => ({ ...t, partial: d['text'] ? { who: str(d['who']), text: str(d['text']) } : null })),
  typing: onTalk((t, d, now_ms) => (d['who'] === 'agent' ? t : { ...t, typing_ms: now_ms })),
  'assist.suggestion': suggestion,
  'assist.next': onTalk((t, d) => ({ ...t, actions: list<NextAction>(d['actions']) })),
  'assist.check': onTalk((t, d) => ({ ...t, checks: list<CheckItem>(d['items']) })),
  'assist.alert': onTalk((t, d) => ({ ...t, alerts: [...t.alerts, d as unknown as AssistAlert].slice(-ALERTS_MAX) })),
  'assist.summary': onTalk((t, d) => ({ ...t, summary: (d['summary'] as Summary | undefined) ?? (d as Summary) })),
  'emotion.updated': mood,
  call,
  'queue.realtime': realtime,

  'local.open': (s, d) => {
    const id = str(d['conversation']);
    const next = { ...s, open: id };
    return id ? talkOf(next, id, (t) => (t.unread || !next.talks.has(id) ? { ...t, unread: 0 } : t)) : next;
  },
  'local.rows': onTalk((t, d) => addRows(t, list<Ev>(d['rows']), false)),
  'local.said': onTalk((t, d) => ({
    ...t,
    pending: [
      ...t.pending.filter((p) => p.client_id !== d['client_id']),
      { client_id: str(d['client_id']), text: str(d['text']), note: Boolean(d['note']), translate: Boolean(d['translate']), state: 'sent', why: '' },
    ],
  })),
  'local.failed': onTalk((t, d) => ({
    ...t,
    pending: t.pending.map((p) => (p.client_id === d['client_id'] ? { ...p, state: 'failed' as const, why: str(d['why']) } : p)),
  })),
  'local.settled': onTalk((t, d) => ({ ...t, pending: t.pending.filter((p) => p.client_id !== d['client_id']) })),
  'local.ringing': (s, d) => {
    const w = s.work.get(idOf(d));
    return w?.state === 'offered' ? putWork(s, { ...w, ringing: true }) : s;
  },
  'local.held': (s, d) => {
    const w = s.work.get(idOf(d));
    return w ? putWork(s, { ...w, held: Boolean(d['held']) }) : s;
  },
  'local.phone': (s) => ({ ...s, phone: '' }),
  'local.wrapped': over('wrapped', false),
  'local.calm': onTalk((t) => ({ ...t, alerts: [] })),
};

export function reduceDesk(s: DeskState, frames: Frame[], now_ms: number): DeskState {
  for (const f of frames) {
    const whole = f.type === 'hello' || f.type === 'snapshot';
    const resumed = whole && f.data?.['resumed'] === true; /* what was missed follows, with numbers below this frame's */
    if (f.seq !== undefined && !whole && f.seq <= s.seq) continue;
    s = STEPS[f.type]?.(s, f.data ?? {}, now_ms) ?? s;
    if (f.seq !== undefined && !resumed && f.seq !== s.seq) s = { ...s, seq: f.seq };
  }
  return s;
}
