/* What kind of thing a row of a customer's timeline is, and where it leads. Pure. */
import { makeHash } from '../lib/router.ts';
import type { Moment } from './types.ts';

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
