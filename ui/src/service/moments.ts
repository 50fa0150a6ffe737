/* What kind of thing a row of a customer's timeline is, and where it leads. Pure. */
import { makeHash } from '../lib/router.ts';
import type { Moment, OrderRow } from './types.ts';

export type Family = 'talk' | 'order' | 'ticket' | 'record';

export function familyOf(kind: string): Family {
  if (/^(conversation|call|turn|handover|chat|message)/.test(kind)) return 'talk';
  if (/^(order|return|exchange|refund|parcel|shop|appointment)/.test(kind)) return 'order';
  if (/^(ticket|complaint|approval)/.test(kind)) return 'ticket';
  return 'record';
}

export function hrefOf(m: Moment): string | null {
  const { ref } = m;
  if (!ref) return null;
  const family = familyOf(m.kind);
  if (family === 'talk') return makeHash(['c', ref]);
  if (family === 'ticket') return makeHash(['tickets', ref]);
  if (family !== 'order') return null;
  return /^(return|exchange|refund)/.test(m.kind) && !/^HH/.test(ref)
    ? makeHash(['orders', 'returns', ref])
    : makeHash(['orders', ref]);
}

/* A page of what happened, and the orders of the customer, which are no rows of the river: one list, newest
 * first. Orders older than the last row on screen wait until older rows are there, unless there are none. */
export function withOrders(rows: Moment[], orders: OrderRow[], more: boolean): Moment[] {
  const oldest = more ? (rows[rows.length - 1]?.at ?? '') : '';
  const known = new Set(rows.filter((m) => m.kind.startsWith('order.')).map((m) => `${m.kind} ${m.ref}`));
  const made = orders.flatMap((o) =>
    ORDER_TIMES.flatMap(([key, kind]) => {
      const at = o[key];
      return at && !known.has(`${kind} ${o.number}`) ? [{ at, kind, title: o.number, ref: o.number }] : [];
    }),
  );
  return [...rows, ...made.filter((m) => !oldest || Date.parse(m.at) >= Date.parse(oldest))].sort(
    (a, b) => Date.parse(b.at) - Date.parse(a.at),
  );
}

const ORDER_TIMES = [
  ['placed_at', 'order.placed'],
  ['shipped_at', 'order.shipped'],
  ['delivered_at', 'order.delivered'],
  ['cancelled_at', 'order.cancelled'],
] as const;
