/* What an agent does with a piece of work: one wish a button or key, what went wrong is shown above the desk. */
import { signal } from '@preact/signals';
import { makeHash } from '../lib/router.ts';
import { newJob } from '../lib/job.ts';
import { desk, op, put } from './client.ts';
import { lineState, muteLine } from './line.ts';
import type { Work } from './types.ts';

export const acting = newJob();
/* What lies open under the call bar: transfer, back, keypad, consult, end; one at a time. */
export const panel = signal('');

export const goTo = (id: string): void => void (location.hash = makeHash(id ? ['desk', id] : ['desk']));

const wish = (name: string, data: Record<string, unknown>, after?: () => void): Promise<void> =>
  acting.run(async () => {
    await op(name, data);
    after?.();
    return '';
  });

/* An open line of this browser takes the call instead of the telephone. */
const onLine = (media: string): { line?: string } => (media === 'voice' && lineState.value === 'open' ? { line: 'web' } : {});

export const accept = (w: Work): Promise<void> => wish('accept', { handover: w.id, ...onLine(w.media) }, () => {
    if (w.media === 'voice') put({ type: 'local.ringing', data: { handover: w.id } });
    goTo(w.id);
  });
export const reject = (w: Work): Promise<void> => wish('reject', { handover: w.id });

const callOf = (w: Work) => desk.value.talks.get(w.conversation)?.call ?? null;

export const isHeld = (w: Work): boolean => callOf(w)?.held ?? w.held;
export const hold = (w: Work): Promise<void> => {
  const on = !isHeld(w);
  return wish(on ? 'hold' : 'unhold', { conversation: w.conversation, handover: w.id }, () => {
    put({ type: 'local.held', data: { handover: w.id, held: on } });
    put({ type: 'call', data: { conversation: w.conversation, held: on } });
  });
};
export const mute = (w: Work): Promise<void> => {
  const on = !callOf(w)?.muted;
  return wish(on ? 'mute' : 'unmute', { conversation: w.conversation }, () => {
    muteLine(on);
    put({ type: 'call', data: { conversation: w.conversation, muted: on } });
  });
};
export const record = (w: Work): Promise<void> => {
  const on = callOf(w)?.recording ?? true;
  return wish(on ? 'record_pause' : 'record_resume', { conversation: w.conversation }, () =>
    put({ type: 'call', data: { conversation: w.conversation, recording: !on } }));
};
export const checkOff = (w: Work, item: string, done: boolean): Promise<void> =>
  wish('check', { conversation: w.conversation, item, done });
export const keys = (w: Work, digits: string): Promise<void> => wish('keys', { conversation: w.conversation, digits });
export const merge = (w: Work): Promise<void> => wish('merge', { conversation: w.conversation });
export const drop = (w: Work, party: string): Promise<void> => wish('drop', { conversation: w.conversation, party });
export const consult = (w: Work, to: Target): Promise<void> =>
  wish('consult', { conversation: w.conversation, ...to }, () => (panel.value = ''));

export type Target = { queue: string } | { agent: string } | { to: string };

export const transfer = (w: Work, to: Target, warm: boolean, note: string): Promise<void> =>
  wish('transfer', { handover: w.id, ...to, warm, note }, () => (panel.value = ''));
export const giveBack = (w: Work, instruction: string): Promise<void> =>
  wish('return', { handover: w.id, instruction }, () => (panel.value = ''));
export const end = (w: Work, survey: boolean): Promise<void> =>
  wish('end', { handover: w.id, survey }, () => (panel.value = ''));

export interface Wrap {
  disposition: string;
  summary: string;
  follow_ups: { kind: string; when?: string; text: string }[];
}
export const wrap = (w: Work, x: Wrap): Promise<void> =>
  wish('wrap', { handover: w.id, ...x }, () => {
    put({ type: 'local.wrapped', data: { handover: w.id } });
    goTo('');
  });
