/* Small parts of the people's pages: media, moods, clocks, names of queues and agents. */
import { clock } from '../lib/format.ts';
import { both, t, tWord } from '../lib/i18n.ts';
import { Icon, type IconName } from '../lib/ui.tsx';
import { now } from '../console/state.ts';
import { desk } from './client.ts';
import type { Work } from './types.ts';
import type { Due } from './work.ts';

const MEDIA: Record<string, IconName> = { voice: 'phone', chat: 'chat', message: 'send', email: 'quote', task: 'ticket' };

export function Media({ media, on = true }: { media: string; on?: boolean }) {
  return (
    <span class={`chan ${media === 'voice' ? 'phone' : ''} ${on ? 'on' : ''}`}>
      <Icon name={MEDIA[media] ?? 'chat'} label={tWord('media', media)} />
    </span>
  );
}

/* Left time, minus when late. */
export function DueTag({ due, label }: { due: Due | null; label: string }) {
  if (!due) return null;
  const late = due.left_ms < 0;
  return (
    <span class={`tag num ${due.tone === 'ok' ? '' : due.tone}`} title={label} data-test="due" data-tone={due.tone}>
      <Icon name="clock" label={label} />
      {late ? '−' : ''}
      {clock(Math.abs(due.left_ms) + (late ? 0 : 999))}
    </span>
  );
}

/* The customer has closed the page of the chat. */
export function AwayTag({ w }: { w: Work }) {
  if (!w.away_ms || w.state === 'wrapup') return null;
  return (
    <span class="tag warn num" data-test="away" title={t('desk.away_text')}>
      {t('desk.away', { t: clock(now.value - w.away_ms) })}
    </span>
  );
}

export function MoodDot({ mood, trend = 0 }: { mood: string; trend?: number }) {
  if (!mood) return null;
  const way = trend > 0.05 ? t('desk.mood_up') : trend < -0.05 ? t('desk.mood_down') : '';
  const label = [tWord('emotion', mood), way].filter(Boolean).join(', ');
  return <i class={`emo ${mood}`} title={label} role="img" aria-label={label} />;
}

export const queueName = (id: string): string => {
  const q = desk.value.queues.find((x) => x.id === id);
  return both(q?.title) || tWord('queue', id);
};

export const stateTone = (state: string): string =>
  ({ ready: 'ok', talking: 'info', reserved: 'accent', hold: 'warn', wrapup: 'accent', paused: 'warn', offline: '' })[state] ?? '';

export function StateTag({ state, reason }: { state: string; reason?: string | undefined }) {
  const s = state.toLowerCase();
  return (
    <span class={`tag ${stateTone(s)}`} data-state={s} data-test="agent-state">
      {tWord('astate', s)}
      {reason && s === 'paused' ? ` · ${tWord('pause', reason)}` : ''}
    </span>
  );
}
