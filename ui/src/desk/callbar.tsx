/* Above the conversation: who, which queue, how long; what can be done with it, by button and by key. */
import { clock } from '../lib/format.ts';
import { t, tWord, type Key } from '../lib/i18n.ts';
import { Icon, type IconName } from '../lib/ui.tsx';
import { now } from '../console/state.ts';
import { acting, drop, hold, isHeld, merge, mute, panel, record, transfer } from './acts.ts';
import { desk } from './client.ts';
import { CallButton } from './dial.tsx';
import { nameOf } from './inbox.tsx';
import { AwayTag, Media, MoodDot, queueName } from './parts.tsx';
import type { CallState, Party, Work } from './types.ts';

function Timer({ w }: { w: Work }) {
  const from = w.state === 'offered' ? w.since_ms : w.state === 'wrapup' ? w.ended_ms : w.accepted_ms;
  const label: Key = w.state === 'offered' ? 'desk.t_waits' : w.state === 'wrapup' ? 'desk.t_wrap' : w.held ? 'desk.t_held' : 'desk.t_talk';
  return (
    <span class={`tag num ${w.held ? 'warn' : w.state === 'accepted' ? 'ok' : 'accent'}`} data-test="work-time">
      {w.state === 'accepted' && !w.held ? <i class="beat" /> : null}
      {t(label)} {clock(now.value - from)}
    </span>
  );
}

export function Head({ w }: { w: Work }) {
  const talk = desk.value.talks.get(w.conversation);
  return (
    <header class="desk-head">
      <a class="btn ghost square desk-back" href="#/desk" aria-label={t('ui.back')}>
        <Icon name="back" />
      </a>
      <Media media={w.media} />
      <div class="conv-name">
        <h1>
          {nameOf(w)} <MoodDot mood={talk?.mood || (w.packet?.mood?.now ?? '')} trend={talk?.trend ?? 0} />
        </h1>
        <p>
          {[tWord('media', w.media), queueName(w.queue), w.language ? tWord('lang', w.language) : '', t('desk.waited', { t: clock(w.accepted_ms - w.since_ms) })]
            .filter(Boolean).join(' · ')}
        </p>
        <AwayTag w={w} />
      </div>
      {w.customer?.id && (w.state === 'wrapup' || (w.state === 'accepted' && w.media !== 'voice')) ? <CallButton handover={w.id} name={nameOf(w)} icon /> : null}
      <Timer w={w} />
    </header>
  );
}

interface Act {
  id: string;
  icon: IconName;
  label: Key;
  key: string;
  pressed?: boolean;
  tone?: string;
  run: () => void;
}

const SHORT = /^(mute|keypad|record)$/; /* the picture says it */

export const flip = (name: string): void => void (panel.value = panel.value === name ? '' : name);

export function acts(w: Work, call: CallState | null): Act[] {
  if (w.state !== 'accepted') return [];
  const voice = w.media === 'voice';
  const held = isHeld(w);
  const all: (Act | null)[] = [
    { id: 'hold', icon: held ? 'play' : 'pause', label: held ? 'desk.unhold' : 'desk.hold', key: 'h', pressed: held, run: () => void hold(w) },
    voice ? { id: 'mute', icon: call?.muted ? 'micoff' : 'mic', label: call?.muted ? 'talk.unmute' : 'talk.mute', key: 'u', pressed: call?.muted ?? false, run: () => void mute(w) } : null,
    voice ? { id: 'keypad', icon: 'keypad', label: 'talk.keypad', key: 'd', pressed: panel.value === 'keypad', run: () => flip('keypad') } : null,
    voice ? { id: 'record', icon: call?.recording === false ? 'play' : 'recording', label: call?.recording === false ? 'conv.record_on' : 'conv.record_pause', key: 'p', pressed: call?.recording === false, run: () => void record(w) } : null,
    { id: 'consult', icon: 'users', label: 'desk.consult', key: 'c', pressed: panel.value === 'consult', run: () => flip('consult') },
    { id: 'transfer', icon: 'swap', label: 'desk.transfer', key: 't', pressed: panel.value === 'transfer', run: () => flip('transfer') },
    { id: 'return', icon: 'reply', label: 'desk.return', key: 'b', pressed: panel.value === 'return', run: () => flip('return') },
    { id: 'end', icon: voice ? 'hangup' : 'x', label: 'desk.end', key: 'e', tone: 'danger', pressed: panel.value === 'end', run: () => flip('end') },
  ];
  return all.filter((a): a is Act => a !== null && (voice || a.id !== 'consult'));
}

export function CallBar({ w }: { w: Work }) {
  const call = desk.value.talks.get(w.conversation)?.call ?? null;
  const all = acts(w, call);
  if (!all.length) return null;
  return (
    <>
      <div class="callbar" role="toolbar" aria-label={t('desk.callbar')} data-test="callbar">
        {all.map((a) => (
          <button key={a.id} class={`btn ${a.tone ?? ''}`} data-test={`do-${a.id}`} aria-pressed={a.pressed ?? false}
            disabled={acting.busy.value} title={`${t(a.label)} (${a.key})`} onClick={a.run}>
            <Icon name={a.icon} />
            <span class={SHORT.test(a.id) ? 'sr' : ''}>{t(a.label)}</span>
            <kbd>{a.key}</kbd>
          </button>
        ))}
      </div>
      {call ? <Parties w={w} call={call} /> : null}
    </>
  );
}

const partyName = (id: string): string => id.replace(/^[a-z]+:/, '');

/* Who is on the line beside the customer. */
function Parties({ w, call }: { w: Work; call: CallState }) {
  const me = `agent:${desk.value.me?.login ?? ''}`;
  const others = call.parties.filter((p) => p.id !== me && p.id !== 'customer');
  if (!others.length && call.recording && !call.held) return null;
  const consulting = others.find((p) => p.step === 'joined' && p.mode === 'consults');
  return (
    <div class="parties" data-test="parties">
      {call.held ? <span class="tag warn">{t('desk.customer_holds')}</span> : null}
      {call.recording ? null : <span class="tag warn"><Icon name="micoff" />{t('desk.not_recorded')}</span>}
      {others.map((p) => (
        <span key={p.id} class="party" data-test="party" data-step={p.step}>
          <Icon name="users" />
          <b>{partyName(p.id)}</b>
          <small>{partyText(p)}</small>
          <button class="btn ghost square small" data-test="drop" title={t('desk.drop')} aria-label={`${t('desk.drop')}: ${partyName(p.id)}`}
            onClick={() => void drop(w, p.id)}>
            <Icon name="x" />
          </button>
        </span>
      ))}
      {consulting ? (
        <>
          <button class="btn small" data-test="merge" onClick={() => void merge(w)}>
            {t('desk.merge')} <kbd>m</kbd>
          </button>
          <button class="btn small primary" data-test="hand-over" onClick={() => void transfer(w, { agent: partyName(consulting.id) }, true, '')}>
            {t('desk.hand_over', { name: partyName(consulting.id) })}
          </button>
        </>
      ) : null}
    </div>
  );
}

const partyText = (p: Party): string =>
  [tWord('partystep', p.step), p.step === 'joined' && p.mode ? tWord('partymode', p.mode) : '', p.why ? tWord('reason', p.why) : '']
    .filter(Boolean).join(' · ');
