/* The way of a parcel as stops: what happened, where it is now, what is still to come. Pure. */
import type { Order, OrderEvent } from './types.ts';

export interface Stop {
  kind: string;
  at: string | null;
  place: string;
  text: OrderEvent['text'];
  state: 'done' | 'now' | 'todo' | 'stopped';
}

const OVER = /^(delivered|completed|returned|refunded|closed)$/;
const STOPPED = /^(cancelled|canceled|lost|refused)$/;

function past(o: Pick<Order, 'events' | 'placed_at' | 'shipped_at' | 'delivered_at'>): Stop[] {
  const known: OrderEvent[] = [...(o.events ?? [])];
  const add = (kind: string, at: string | null | undefined) => {
    if (at && !known.some((e) => e.kind === kind)) known.push({ kind, at });
  };
  add('placed', o.placed_at);
  add('shipped', o.shipped_at);
  add('delivered', o.delivered_at);
  return known
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .map((e) => ({ kind: e.kind, at: e.at, place: e.place ?? '', text: e.text, state: 'done' as const }));
}

export function wayOf(o: Pick<Order, 'state' | 'events' | 'placed_at' | 'shipped_at' | 'delivered_at'>): Stop[] {
  const stops = past(o);
  const last = stops[stops.length - 1];
  if (!last) return [];
  if (STOPPED.test(o.state)) {
    if (STOPPED.test(last.kind)) last.state = 'stopped';
    else stops.push({ kind: o.state, at: null, place: '', text: undefined, state: 'stopped' });
    return stops;
  }
  last.state = 'now';
  if (OVER.test(o.state) || OVER.test(last.kind)) return stops;
  for (const kind of ['shipped', 'delivered'])
    if (!stops.some((s) => s.kind === kind))
      stops.push({ kind, at: null, place: '', text: undefined, state: 'todo' });
  return stops;
}
