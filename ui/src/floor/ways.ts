/* What a supervisor may do with a conversation that goes on: hear a call, speak in it, take it; what is written can be taken. */
import { may } from '../console/state.ts';
import type { Conv } from '../lib/types.ts';
import { lineState, openLine } from '../desk/line.ts';
import { post, seg } from '../service/parts.tsx';

const SPOKEN: string[] = ['phone', 'talk'];

export const spoken = (c: Conv): boolean => SPOKEN.includes(c.channel);

export const ways = (c: Conv): string[] => [
  ...(spoken(c) && may('call.monitor') ? ['monitor', 'whisper', 'barge'] : []),
  ...(may('handover.take') ? ['takeover'] : []),
];

/* By the open line, or one that is opened now; without one the supervisor's telephone rings. */
export async function act(c: Conv, how: string): Promise<void> {
  const web = lineState.value === 'open' || (spoken(c) && (await openLine()));
  await post(`/api/v1/conversations/${seg(c.id)}/${how}`, { conversation: c.id, ...(spoken(c) && web ? { line: 'web' } : {}) });
}
