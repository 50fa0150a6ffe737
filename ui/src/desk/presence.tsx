/* What the agent wants to be: ready, paused with a reason, offline; how long it lasts; sound and notifications. */
import { useSignal } from '@preact/signals';
import { clock } from '../lib/format.ts';
import { t, tWord } from '../lib/i18n.ts';
import { newJob } from '../lib/job.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { now } from '../console/state.ts';
import { mayAsk, rings, sound, toggleSound } from './bell.ts';
import { desk, op, put } from './client.ts';
import { TestButton } from './dial.tsx';
import { closeLine, lineError, lineState, openLine } from './line.ts';
import { StateTag } from './parts.tsx';
import { NextShift } from './shift.tsx';
import { msOf } from './work.ts';

const job = newJob();

const setPresence = (state: string, reason = ''): Promise<void> =>
  job.run(async () => {
    await op('state', { state, ...(reason ? { reason } : {}) });
    return '';
  });

/* ready <-> paused with the first reason: one key. */
export function flipPresence(): void {
  const s = desk.value.state.state.toLowerCase();
  void setPresence(s === 'paused' || s === 'offline' ? 'ready' : 'paused', desk.value.reasons[0] ?? '');
}

/* A call was offered and one's own telephone did not take it: what to do about it. */
function NoPhone({ why, ext }: { why: string; ext: string }) {
  const clear = () => put({ type: 'local.phone', data: {} });
  return (
    <div class="note warn" role="alert" data-test="no-phone">
      <div class="grow">
        {t('desk.no_phone', { ext: ext || t('desk.your_phone'), why: tWord('dialwhy', why) })}
        <p class="srow">
          <TestButton />
          {lineState.value === 'off' ? (
            <button class="btn ghost small" data-test="line-instead" onClick={() => void openLine().then((ok) => ok && clear())}>
              <Icon name="headset" />
              {t('desk.line')}
            </button>
          ) : null}
        </p>
      </div>
      <button class="btn ghost square small" aria-label={t('ui.close')} title={t('ui.close')} onClick={clear}>
        <Icon name="x" />
      </button>
    </div>
  );
}

export function Presence() {
  const { state, me, reasons } = desk.value;
  const s = state.state.toLowerCase();
  const asked = useSignal(!mayAsk());
  const paused = s === 'paused';
  const since = msOf(state.since, 0);
  return (
    <section class="presence" aria-label={t('desk.presence')} data-test="presence">
      <p class="presence-now">
        <b>{me?.name ?? ''}</b>
        <StateTag state={s} reason={state.reason} />
        {since ? <span class="num muted" data-test="state-time">{clock(now.value - since)}</span> : null}
      </p>
      <div class="presence-set">
        <div class="seg" role="group" aria-label={t('desk.presence')}>
          <button data-test="be-ready" aria-pressed={s !== 'paused' && s !== 'offline'} disabled={job.busy.value}
            onClick={() => void setPresence('ready')}>
            {tWord('astate', 'ready')}
          </button>
          <button data-test="be-offline" aria-pressed={s === 'offline'} disabled={job.busy.value}
            onClick={() => void setPresence('offline')}>
            {tWord('astate', 'offline')}
          </button>
        </div>
        <select class={`input pause ${paused ? 'on' : ''}`} data-test="be-paused" aria-label={t('desk.pause_reason')}
          disabled={job.busy.value} value={paused ? (state.reason ?? '') : ''}
          onChange={(e) => e.currentTarget.value && void setPresence('paused', e.currentTarget.value)}>
          <option value="">{t('desk.pause')}</option>
          {reasons.map((r) => (
            <option key={r} value={r}>
              {tWord('pause', r)}
            </option>
          ))}
          {paused && state.reason && !reasons.includes(state.reason) ? (
            <option value={state.reason}>{tWord('pause', state.reason)}</option>
          ) : null}
        </select>
        <button class={`btn ghost square ${lineState.value === 'off' ? '' : 'on'}`} data-test="line" data-state={lineState.value} aria-pressed={lineState.value !== 'off'}
          title={t('desk.line')} aria-label={t('desk.line')} onClick={() => (lineState.value === 'off' ? void openLine() : closeLine())}>
          <Icon name="headset" />
        </button>
        <button class="btn ghost square" data-test="sound" data-rings={rings.value} aria-pressed={sound.value} title={t('desk.sound')}
          aria-label={t('desk.sound')} onClick={toggleSound}>
          <Icon name={sound.value ? 'bell' : 'belloff'} />
        </button>
      </div>
      <NextShift />
      {desk.value.phone ? <NoPhone why={desk.value.phone} ext={me?.extension ?? ''} /> : null}
      {lineState.value === 'busy' ? <p class="hint">{t('desk.line_busy')}</p> : null}
      {lineError.value ? <p class="note warn">{t('talk.no_mic')}</p> : null}
      {asked.value ? null : (
        <button class="btn ghost small" data-test="notify"
          onClick={() => void Notification.requestPermission().then(() => (asked.value = true))}>
          {t('desk.notify')}
        </button>
      )}
      {paused && state.reason === 'no_answer' ? <p class="note warn">{t('desk.was_no_answer')}</p> : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </section>
  );
}
