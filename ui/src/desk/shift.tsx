/* One's own next shift, as published: the one that runs, or the first that comes within a week. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { lang, t } from '../lib/i18n.ts';
import { authed, now } from '../console/state.ts';
import { nextShift, type Own } from './next.ts';

export function NextShift() {
  const own = useSignal<Own | null>(null);
  useEffect(() => void authed<Own>('/api/v1/me/roster').then((o) => (own.value = o)).catch(() => undefined), []);
  const next = own.value ? nextShift(own.value, now.value) : null;
  if (!next) return null;
  const day = new Intl.DateTimeFormat(lang.value, { timeZone: 'UTC', weekday: 'short', month: 'numeric', day: 'numeric' }).format(new Date(next.day));
  return <p class="hint" data-test="next-shift">{t('desk.shift', { day, from: next.from, to: next.to })}</p>;
}
