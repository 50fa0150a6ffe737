/* What the supervisor's stream says about all conversations. Pure reducer: the
 * socket hands over batches, the page shows the result. */
import type { Conv, Ev, Gauges } from '../lib/types.ts';

export interface Point {
  t: number; /* Unix seconds */
  p50: number;
  p95: number;
  live: number;
  lag: number;
}

/* The numbers of a queue now, and of an agent, as the board has them. */
export interface QueueNow {
  id: string;
  title?: string | { zh?: string; en?: string };
  open?: boolean;
  waiting?: number;
  offered?: number; /* beside those: being rung for */
  serving?: number;
  longest_ms?: number;
  late?: number; /* wait beyond the time promised */
  ready?: number;
  sl?: number | null; /* share */
  promise_pct?: number;
  aht_ms?: number;
  entered?: number;
  answered?: number;
  abandoned?: number;
}
/* How many stand in the queue; nobody speaks yet with those who are rung for. */
export const waits = (q: Pick<QueueNow, 'waiting' | 'offered'>): number => (q.waiting ?? 0) + (q.offered ?? 0);

export interface AgentNow {
  login: string;
  name?: string;
  state: string;
  reason?: string;
  since?: string | number;
  queues?: string[]; /* none: nobody has given them any */
  skills?: Record<string, number>;
}
export interface Raised {
  kind: string;
  conversation?: string;
  agent?: string;
  queue?: string;
  text?: string | { zh?: string; en?: string };
  severity?: string;
  at_ms: number;
}

interface LiveState {
  queues: QueueNow[];
  agents: AgentNow[];
  raised: Raised[]; /* newest first */
  items: Map<string, Conv>;
  gauges: Gauges | null;
  series: Point[];
  snapshots: number; /* how many so far; 0 = still loading */
}

export type LiveMsg =
  | { type: 'snapshot'; data: { items: Conv[] } }
  | { type: 'conversation'; data: Conv }
  | { type: 'event'; data: Ev & { conversation_id: string } }
  | { type: 'stats'; data: Gauges }
  | { type: 'queue.realtime'; data: { items: QueueNow[] } }
  | { type: 'agent.realtime'; data: { items: AgentNow[] } }
  | { type: 'alert.raised'; data: Omit<Raised, 'at_ms'> }
  | { type: 'page'; data: { items: Conv[] } }; /* from REST, not the stream */

export const SERIES_MAX = 900; /* 15 minutes of one point a second */

export const RAISED_MAX = 30;
export const emptyLive = (): LiveState => ({
  queues: [],
  agents: [],
  raised: [],
  items: new Map(),
  gauges: null,
  series: [],
  snapshots: 0,
});

/* The server sends at most this many; a full snapshot proves nothing about the
 * conversations that are not in it. */
export const SNAPSHOT_MAX = 500;

function snapshot(items: Map<string, Conv>, fresh: Conv[]): void {
  const there = new Set(fresh.map((c) => c.id));
  for (const [id, c] of items)
    if (fresh.length < SNAPSHOT_MAX && c.state === 'open' && !there.has(id))
      items.set(id, { ...c, state: 'closed', ended_at: c.ended_at ?? c.last_at });
  for (const c of fresh) put(items, c);
}

/* The server's object does not know of alerts: what was seen stays. */
function put(items: Map<string, Conv>, c: Conv): void {
  const had = items.get(c.id);
  const alert = c.alert ?? had?.alert;
  const person = c.person ?? had?.person;
  items.set(c.id, { ...c, ...(alert === undefined ? {} : { alert }), ...(person ? { person } : {}) });
}

/* An event may overtake its conversation's own message: only what it surely
 * says is taken from it, and only for conversations already known. */
function applyEvent(items: Map<string, Conv>, e: Ev & { conversation_id: string }): void {
  const c = items.get(e.conversation_id);
  if (c && e.kind === 'alert.supervisor') items.set(c.id, { ...c, alert: e.body.priority ?? 1 });
  if (c && /^handover/.test(e.kind) && !c.person) {
    items.set(c.id, { ...c, person: true });
    return;
  }
  if (!c || Date.parse(e.ts) < Date.parse(c.last_at)) return;
  if (e.kind === 'turn.customer' || e.kind === 'turn.bot') {
    items.set(c.id, {
      ...c,
      last_at: e.ts,
      last_text: e.body.text ?? c.last_text,
      last_actor: e.kind === 'turn.bot' ? 'bot' : 'customer',
      last_action: e.body.action ?? c.last_action,
      emotion: e.body.emotion ?? c.emotion,
      turns: Math.max(c.turns, e.turn),
    });
  } else if (e.kind === 'conversation.closed') {
    items.set(c.id, {
      ...c,
      state: 'closed',
      ended_at: e.ts,
      last_at: e.ts,
      end_by: e.body.by ?? c.end_by,
    });
  }
}

export function reduceLive(s: LiveState, batch: LiveMsg[], now_s: number): LiveState {
  const items = new Map(s.items);
  let { gauges, series, snapshots, queues, agents, raised } = s;
  for (const m of batch) {
    if (m.type === 'snapshot') {
      snapshot(items, m.data.items);
      snapshots++;
    } else if (m.type === 'conversation') {
      put(items, m.data);
    } else if (m.type === 'page') {
      for (const c of m.data.items) put(items, newer(items.get(c.id), c));
    } else if (m.type === 'event') {
      applyEvent(items, m.data);
    } else if (m.type === 'stats') {
      gauges = m.data;
      series = [...series, point(m.data, now_s)].slice(-SERIES_MAX);
    } else if (m.type === 'queue.realtime') {
      queues = m.data.items ?? [];
    } else if (m.type === 'agent.realtime') {
      agents = m.data.items ?? [];
    } else if (m.type === 'alert.raised') {
      raised = [{ ...m.data, at_ms: now_s * 1000 }, ...raised].slice(0, RAISED_MAX);
    }
  }
  return { items, gauges, series, snapshots, queues, agents, raised };
}

function newer(known: Conv | undefined, fresh: Conv): Conv {
  if (!known) return fresh;
  return Date.parse(fresh.last_at) >= Date.parse(known.last_at) ? fresh : known;
}

const point = (g: Gauges, t: number): Point => ({
  t,
  p50: g.turn_p50_ms,
  p95: g.turn_p95_ms,
  live: g.live_conversations,
  lag: g.loop_lag_p99_ms,
});

export interface Filter {
  state: 'live' | 'closed' | 'all';
  channel: string; /* "" = every */
  text: string;
}

/* Newest first by start, so that rows do not jump while people read. */
export function selectConvs(items: Map<string, Conv>, f: Filter): Conv[] {
  const needle = f.text.trim().toLowerCase();
  const out: Conv[] = [];
  for (const c of items.values()) {
    if (f.state !== 'all' && (f.state === 'live') !== (c.state === 'open')) continue;
    if (f.channel && c.channel !== f.channel) continue;
    if (needle && !haystack(c).includes(needle)) continue;
    out.push(c);
  }
  return out.sort(
    (a, b) => Date.parse(b.started_at) - Date.parse(a.started_at) || (a.id < b.id ? 1 : -1),
  );
}

const haystack = (c: Conv): string =>
  [c.id, c.customer?.name, c.address, c.last_text, c.emotion].join('\n').toLowerCase();
