/* Calls a customer: the agent's own line rings first, then the customer. Who is called is named by customer or
 * hand-over; the number is the server's, so who calls need not see it. How it goes is asked until somebody talks. */
import '../service/texts.ts';
import { signal } from '@preact/signals';
import { t, tWord, type Key } from '../lib/i18n.ts';
import { newJob } from '../lib/job.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed, may, token } from '../console/state.ts';
import { seg } from '../service/parts.tsx';
import { lineState } from './line.ts';

interface Calling {
  id: string;
  name: string;
  test: boolean;
  state: string; /* requested dialling agent ringing answered human ended failed */
  reason: string | null;
  conversation_id: string | null;
}
interface Whom {
  customer?: string;
  handover?: string;
  test?: boolean; /* one's own line alone */
}
export const calling = signal<Calling | null>(null);
const job = newJob();

const EVERY_MS = 700;
const LONGEST_MS = 180000; /* both have rung out long before */
const OVER = /^(human|ended|failed)$/;
const isOver = (c: Calling): boolean => OVER.test(c.state);

async function follow(id: string, until_ms: number): Promise<void> {
  const mine = () => calling.peek()?.id === id && token.peek() !== null;
  while (mine() && !isOver(calling.peek()!) && Date.now() < until_ms) {
    await new Promise((r) => setTimeout(r, EVERY_MS));
    try {
      const now = await authed<Omit<Calling, 'name' | 'test'>>(`/api/v1/calls/${seg(id)}`);
      if (mine()) calling.value = { ...calling.peek()!, ...now };
    } catch {
      /* asked again: the call goes on without us */
    }
  }
}

export const dial = (whom: Whom, name: string): Promise<void> =>
  job.run(async () => {
    const line = lineState.value === 'open' ? { line: 'web' } : {};
    const r = await authed<{ id: string }>('/api/v1/calls', { method: 'POST', body: { ...whom, ...line } });
    calling.value = { id: r.id, name, test: whom.test ?? false, state: 'dialling', reason: null, conversation_id: null };
    void follow(r.id, Date.now() + LONGEST_MS);
    return '';
  });

export function CallButton({ name, small, icon, ...whom }: Whom & { name: string; small?: boolean; icon?: boolean }) {
  if (!may('call.place')) return null;
  const under = calling.value !== null && !isOver(calling.value);
  return (
    <button class={`btn ${icon ? 'square' : small ? 'ghost small' : ''}`} data-test="call" aria-label={t('dial.call')} title={t('dial.hint')} disabled={job.busy.value || under}
      onClick={() => void dial(whom, name)}>
      <Icon name="phone" />
      {icon ? null : t('dial.call')}
    </button>
  );
}

/* Rings one's own line, to hear that it works. */
export function TestButton() {
  const under = calling.value !== null && !isOver(calling.value);
  return (
    <button class="btn ghost small" data-test="test-ring" disabled={job.busy.value || under} onClick={() => void dial({ test: true }, '')}>
      <Icon name="phone" />
      {t('dialtest.ring')}
    </button>
  );
}

/* How the call goes: whose telephone rings now, and why nobody was reached. */
export function CallNote({ link = false }: { link?: boolean }) {
  const c = calling.value;
  if (job.error.value) return <ErrorNote error={job.error.value} retry={job.clear} />;
  if (!c) return null;
  const bad = c.state === 'failed';
  const done = isOver(c);
  const text = t(`${c.test ? 'dialtest' : 'dial'}.${c.state}` as Key, { name: c.name, why: tWord('dialwhy', c.reason) });
  return (
    <p class={`note ${bad ? 'warn' : ''}`} role="status" data-test="calling" data-state={c.state}>
      <Icon name="phone" />
      <span class="grow">{text}</span>
      {link && c.state === 'human' ? <a href={makeHash(['desk'])}>{t('dial.open')}</a> : null}
      {done ? (
        <button class="btn ghost square small" aria-label={t('ui.close')} title={t('ui.close')} onClick={() => (calling.value = null)}>
          <Icon name="x" />
        </button>
      ) : null}
    </p>
  );
}
