/* To whom a conversation can go: queues, agents who are there, and on a call a number that was typed. Pure. */
import type { DeskState } from './store.ts';
import type { QueueLine } from './types.ts';

export interface Choice {
  id: string;
  kind: 'queue' | 'agent' | 'number';
  name: string;
  to: { queue: string } | { agent: string } | { to: string };
  state?: string;
  waiting?: number | undefined;
  ready?: number | undefined;
}
interface Which {
  names: (q: QueueLine) => string;
  queues: boolean;
  numbers: boolean;
  except: string; /* the queue it came from */
}

const NUMBER = /^\+?[\d\s-]{3,20}$|^sips?:\S+@\S+$/;
const ORDER: Record<string, number> = { ready: 0, wrapup: 1, talking: 2, hold: 2, reserved: 2, paused: 3 };

export function choices(s: DeskState, words: string, w: Which): Choice[] {
  const needle = words.trim().toLowerCase();
  const fits = (...texts: (string | undefined)[]): boolean => !needle || texts.some((x) => x?.toLowerCase().includes(needle));
  const out: Choice[] = [];
  if (w.numbers && NUMBER.test(words.trim()))
    out.push({ id: `to:${needle}`, kind: 'number', name: words.trim(), to: { to: words.trim().replace(/[\s-]/g, '') } });
  const mates = [...s.mates.values()]
    .map((a) => ({ a, state: a.state.toLowerCase() }))
    .filter(({ a, state }) => state !== 'offline' && a.login && a.login !== s.me?.login)
    .sort((x, y) => (ORDER[x.state] ?? 4) - (ORDER[y.state] ?? 4) || (x.a.login! < y.a.login! ? -1 : 1));
  for (const { a, state } of mates) {
    const name = (a as { name?: string }).name || a.login!;
    if (fits(name, a.login)) out.push({ id: `agent:${a.login}`, kind: 'agent', name, to: { agent: a.login! }, state });
  }
  for (const q of w.queues ? s.queues : []) {
    const name = w.names(q);
    if (q.id !== w.except && fits(name, q.id))
      out.push({ id: `queue:${q.id}`, kind: 'queue', name, to: { queue: q.id }, waiting: q.waiting, ready: q.ready });
  }
  return out;
}
