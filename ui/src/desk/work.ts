/* One hand-over from the wire, and what the desk reads from it. Pure. */
import { ApiError } from '../lib/api.ts';
import type { DeskState } from './store.ts';
import type { Packet, Work, WorkState } from './types.ts';

type Data = Record<string, unknown>;

/* A point in time: ISO text, or milliseconds since 1970. */
export function msOf(v: unknown, otherwise: number): number {
  if (typeof v === 'number' && Number.isFinite(v) && v > 0) return v;
  const ms = typeof v === 'string' ? Date.parse(v) : NaN;
  return Number.isNaN(ms) ? otherwise : ms;
}

const STATE: Record<string, WorkState> = {
  offered: 'offered', accepted: 'accepted', wrapup: 'wrapup', ended: 'wrapup', talking: 'accepted', hold: 'accepted',
};
const word = (v: unknown, otherwise: string): string => (typeof v === 'string' && v ? v : otherwise);

/* The summary with the name where its mask is, for whom may read the name; of a call that the agent placed there is
 * nothing to tell. */
function named(p: Packet | null, name: string): Packet | null {
  if (p?.reason === 'placed') return { ...p, summary: '' };
  return p?.summary?.includes('[name]') && name ? { ...p, summary: p.summary.replaceAll('[name]', name) } : p;
}

/* null: not this agent's any more (queued again, returned, failed), or nothing to tell it by. */
export function workOf(raw: Data, had: Work | undefined, now_ms: number): Work | null {
  const id = word(raw['handover'], word(raw['id'], ''));
  const state = STATE[word(raw['state'], had?.state ?? 'accepted').toLowerCase()];
  if (!id || !state || (state === 'wrapup' && raw['wrapped_at'])) return null;
  const given = (raw['packet'] as Packet | null | undefined) ?? had?.packet ?? null;
  const customer = (raw['customer'] as Work['customer'] | undefined) ?? had?.customer ?? given?.customer ?? null;
  const packet = named(given, customer?.name ?? '');
  const fresh = state === 'accepted' && had?.state === 'offered';
  return {
    id,
    state,
    conversation: word(raw['conversation'], had?.conversation ?? ''),
    queue: word(raw['queue'], had?.queue ?? ''),
    media: word(raw['media'], had?.media ?? 'chat'),
    priority: Number(raw['priority'] ?? had?.priority ?? 0),
    language: word(raw['language'], had?.language || (packet?.language ?? '')),
    since_ms: msOf(raw['since_ms'] ?? raw['since'] ?? raw['asked_at'], had?.since_ms ?? now_ms),
    until_ms: msOf(raw['until_ms'] ?? raw['until'], state === had?.state ? had.until_ms : 0),
    accepted_ms: msOf(raw['accepted_ms'] ?? raw['accepted_at'], fresh ? now_ms : (had?.accepted_ms || now_ms)),
    ended_ms: state === 'wrapup' ? msOf(raw['ended_ms'] ?? raw['ended_at'], had?.ended_ms || now_ms) : 0,
    held: typeof raw['held'] === 'boolean' ? raw['held'] : 'held_at' in raw ? raw['held_at'] !== null : (had?.held ?? false),
    away_ms: msOf(raw['away_at'], 'away_at' in raw ? 0 : (had?.away_ms ?? 0)),
    customer,
    packet,
    ringing: state === 'offered' && (had?.ringing ?? false),
  };
}

/* Nobody is there who could translate or write; trying again helps nothing. */
export const noModel = (e: unknown): boolean => e instanceof ApiError && e.code === 'no_model';

/* A summary that is not there, or not this person's to write, holds nothing up: the wrap-up carries it. */
export const carried = (e: unknown): boolean => e instanceof ApiError && [403, 404, 428].includes(e.status);

const RANK: Record<WorkState, number> = { offered: 0, accepted: 1, wrapup: 2 };

/* Offers first, then what is served, then what is to be wrapped up; the oldest of each first. */
export function inbox(s: DeskState): Work[] {
  return [...s.work.values()].sort((a, b) => RANK[a.state] - RANK[b.state] || a.since_ms - b.since_ms || (a.id < b.id ? -1 : 1));
}

export const offersOf = (s: DeskState): Work[] => inbox(s).filter((w) => w.state === 'offered' && !w.ringing);

/* How long the customer has waited for an answer of a person: since the customer's last word, or since they asked. */
function waitsSince(s: DeskState, w: Work): number {
  const events = s.talks.get(w.conversation)?.events ?? [];
  for (let i = events.length - 1; i >= 0; i--) {
    const e = events[i]!;
    if (e.kind === 'turn.agent') return 0;
    if (e.kind === 'turn.customer') return Math.max(Date.parse(e.ts), w.accepted_ms);
  }
  return w.accepted_ms;
}

export interface Due {
  left_ms: number; /* negative: late */
  tone: 'ok' | 'warn' | 'bad';
}
/* A written answer is expected within this time after the customer's word. */
export const ANSWER_MS = 120000;
const NEAR_MS = 30000;

/* The clock that counts for this piece of work; null: none runs. */
export function dueOf(s: DeskState, w: Work, now_ms: number): Due | null {
  let at = w.until_ms;
  if (w.state === 'accepted') {
    if (w.media === 'voice') return null;
    const since = waitsSince(s, w);
    at = since ? since + ANSWER_MS : 0;
  }
  if (!at) return null;
  const left_ms = at - now_ms;
  const near = w.state === 'offered' ? left_ms < 5000 : left_ms < NEAR_MS;
  return { left_ms, tone: left_ms < 0 ? 'bad' : near ? 'warn' : 'ok' };
}

/* Every row up to this number is there. */
export function wholeUpTo(events: { seq: number }[]): number {
  let n = 0;
  for (const e of events) {
    if (e.seq > n + 1) break;
    n = e.seq;
  }
  return n;
}

/* Where the person began: the number of the first row of theirs; 0: not yet. */
export function personFrom(events: { seq: number; kind: string }[]): number {
  const first = events.find((e) => e.kind === 'handover.accepted' || e.kind === 'turn.agent');
  return first?.seq ?? 0;
}

/* What is written into a field: the parts that there are, one a line. */
export function summaryText(s: { text?: string; issue?: string; outcome?: string; done?: unknown[]; promises?: unknown[]; open?: unknown[] } | null): string {
  if (!s) return '';
  if (s.text) return s.text;
  const plain = (v: unknown): string => {
    if (typeof v === 'string') return v;
    const o = (v ?? {}) as Data;
    return [o['text'] ?? o['what'] ?? o['title'], o['when'] ?? o['due']].filter((x) => typeof x === 'string' && x).join(' · ');
  };
  return [s.issue, ...(s.done ?? []).map(plain), ...(s.promises ?? []).map(plain), s.outcome, ...(s.open ?? []).map(plain)]
    .filter((x): x is string => Boolean(x)).join('\n');
}

/* The proposed code: its id, or an object with one. */
export function dispositionOf(s: { disposition?: unknown } | null): string {
  const d = s?.disposition;
  if (typeof d === 'string') return d;
  const id = d !== null && typeof d === 'object' ? (d as Data)['id'] : undefined;
  return typeof id === 'string' ? id : '';
}
