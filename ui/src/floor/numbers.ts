/* What a wallboard shows, from the numbers of the queues and what is known of the conversations. Pure. */
import { waits, type AgentNow, type QueueNow, type Raised } from '../console/live.ts';
import type { Conv } from '../lib/types.ts';

interface Totals {
  waiting: number; /* those whom somebody is being rung for, too: nobody speaks with them yet */
  offered: number;
  longest_ms: number;
  ready: number;
  entered: number;
  answered: number;
  abandoned: number;
  aht_ms: number | null; /* of all answered */
  sl: number | null; /* share, weighted by what was removed from the queues */
  goal: number | null; /* the share that was promised, weighted alike; evenly before anything was removed */
  abandon: number | null; /* share of what entered */
}

const sum = <T>(all: T[], of: (x: T) => number | undefined): number => all.reduce((n, x) => n + (of(x) ?? 0), 0);

/* How many were taken out of the queue, and those who wait too long already. */
const removed = (q: QueueNow): number => (q.answered ?? 0) + (q.abandoned ?? 0) + (q.late ?? 0);

/* Queues that need somebody now, whoever was told before: nobody is there for those who wait, or they wait too long. */
export const standing = (queues: QueueNow[]): QueueNow[] =>
  queues.filter((q) => q.late || (waits(q) && !q.ready && !q.offered)).sort((a, b) => (b.longest_ms ?? 0) - (a.longest_ms ?? 0));
/* null: nothing says it yet. */
export const slOf = (q: QueueNow): number | null => (removed(q) ? (q.sl ?? null) : null);
export const goalOf = (q: QueueNow): number | null => (q.promise_pct ? q.promise_pct / 100 : null);

export function totals(queues: QueueNow[], agents: AgentNow[]): Totals {
  const entered = sum(queues, (q) => q.entered);
  const answered = sum(queues, (q) => q.answered);
  const abandoned = sum(queues, (q) => q.abandoned);
  const rated = queues.filter((q) => slOf(q) !== null);
  const weights = sum(rated, removed);
  const promised = (weights ? rated : queues).filter((q) => q.promise_pct);
  const promises = sum(promised, (q) => removed(q) || 1);
  const timed = queues.filter((q) => q.aht_ms && q.answered);
  const n = sum(timed, (q) => q.answered);
  return {
    waiting: sum(queues, waits),
    offered: sum(queues, (q) => q.offered),
    longest_ms: Math.max(0, ...queues.map((q) => q.longest_ms ?? 0)),
    ready: agents.length ? agents.filter((a) => a.state.toLowerCase() === 'ready').length : 0,
    entered, answered, abandoned,
    aht_ms: n ? sum(timed, (q) => q.aht_ms! * q.answered!) / n : null,
    sl: weights ? sum(rated, (q) => q.sl! * removed(q)) / weights : null,
    goal: promises ? sum(promised, (q) => q.promise_pct! * (removed(q) || 1)) / promises / 100 : null,
    abandon: entered ? abandoned / entered : null,
  };
}

const BAD: Record<string, number> = { angry: 5, frustrated: 3, anxious: 2, sad: 2, confused: 1 };

/* How much a live conversation needs a look: an alert, then the mood, then how long it lasts. */
export function risk(c: Conv, raised: Raised[], now_ms: number): number {
  const told = raised.some((r) => r.conversation === c.id && now_ms - r.at_ms < 15 * 60000) ? 6 : 0;
  const minutes = Math.min(30, Math.max(0, (now_ms - Date.parse(c.started_at)) / 60000));
  return (c.alert ?? 0) + told + (BAD[c.emotion ?? ''] ?? 0) + minutes / 10;
}

export function byRisk(items: Map<string, Conv>, raised: Raised[], now_ms: number): Conv[] {
  const open = [...items.values()].filter((c) => c.state === 'open');
  const score = new Map(open.map((c) => [c.id, risk(c, raised, now_ms)]));
  return open.sort((a, b) => score.get(b.id)! - score.get(a.id)! || (a.id < b.id ? -1 : 1));
}

/* Of the ended conversations that are known: the share that the bot ended alone; null: none ended. */
export function containment(items: Map<string, Conv>): number | null {
  const ended = [...items.values()].filter((c) => c.state === 'closed' && c.turns > 0);
  if (!ended.length) return null;
  return ended.filter((c) => c.last_action !== 'handoff' && !c.person).length / ended.length;
}

/* Moods of live customers: how many are well, in between, upset. */
export function moods(items: Map<string, Conv>): { good: number; plain: number; bad: number } {
  const out = { good: 0, plain: 0, bad: 0 };
  for (const c of items.values()) {
    if (c.state !== 'open' || !c.turns) continue;
    if (c.emotion === 'satisfied' || c.emotion === 'relieved') out.good++;
    else if (BAD[c.emotion ?? '']) out.bad++;
    else out.plain++;
  }
  return out;
}

const ORDER = ['reserved', 'talking', 'hold', 'wrapup', 'ready', 'paused', 'offline'];
export const byState = (agents: AgentNow[]): AgentNow[] =>
  [...agents].sort((a, b) => ORDER.indexOf(a.state.toLowerCase()) - ORDER.indexOf(b.state.toLowerCase()) || (a.login < b.login ? -1 : 1));

/* How good a number is, for its colour. */
export const slTone = (v: number | null, goal: number | null): string =>
  v === null || goal === null ? '' : v >= goal ? 'ok' : v >= goal - 0.15 ? 'warn' : 'bad';

const skills = (a: AgentNow): number => Object.keys(a.skills ?? {}).length;

/* Nobody has said what this agent does: no queues, or no skills where the others have some. */
export const unset = (a: AgentNow, all: AgentNow[]): boolean => !a.queues?.length || (!skills(a) && all.some((x) => skills(x) > 0));
