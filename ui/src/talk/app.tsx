/* Talk in the browser: one big button, and what is heard while it is pressed. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { clock, latency } from '../lib/format.ts';
import { lang, t, type Key } from '../lib/i18n.ts';
import { timeline, type Item } from '../lib/timeline.ts';
import { Icon, LangSwitch, Logo, ThemeSwitch } from '../lib/ui.tsx';
import {
  dtmf, error, events, frames, gap_ms, hangUp, level, muted, partial, phase, speaking, startCall,
  startedAt, toggleMute,
} from './call.ts';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

export function TalkApp() {
  const live = phase.value === 'live';
  useEffect(() => {
    document.title = t('talk.title');
  }, [lang.value]);
  useEffect(() => {
    if (!live) return;
    const onKey = (e: KeyboardEvent) => {
      if (KEYS.includes(e.key) && !e.ctrlKey && !e.metaKey) dtmf(e.key);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [live]);
  return (
    <div class="talk">
      <header>
        <Logo />
        <div>
          <h1>{t('talk.title')}</h1>
          <p>{t('talk.subtitle')}</p>
        </div>
        <a class="btn ghost" href="/chat">
          <Icon name="chat" />
          {t('talk.to_chat')}
        </a>
        <LangSwitch />
        <ThemeSwitch />
      </header>
      <main class="talk-body">
        <Stage />
        <Script />
      </main>
    </div>
  );
}

function Stage() {
  const pad = useSignal(false);
  const live = phase.value === 'live';
  return (
    <section class="stage" data-test="stage" data-phase={phase.value}>
      <BigButton />
      <p class="stage-state" role="status" data-test="state">
        {stateText()}
      </p>
      {error.value ? (
        <div class="note bad" role="alert" data-test="error">
          <Icon name="alert" />
          <span>{error.value}</span>
        </div>
      ) : null}
      <Meter />
      <dl class="facts num">
        <div>
          <dt>{t('talk.latency')}</dt>
          <dd data-test="gap">{gap_ms.value === null ? '–' : latency(gap_ms.value)}</dd>
        </div>
        <div>
          <dt>{t('talk.duration')}</dt>
          <dd>
            <Duration />
          </dd>
        </div>
      </dl>
      <div class="controls">
        <button class="btn" disabled={!live} aria-pressed={muted.value} onClick={toggleMute}>
          <Icon name={muted.value ? 'micoff' : 'mic'} />
          {t(muted.value ? 'talk.unmute' : 'talk.mute')}
        </button>
        <button
          class="btn"
          disabled={!live}
          data-test="keypad"
          aria-expanded={pad.value && live}
          onClick={() => (pad.value = !pad.value)}
        >
          <Icon name="keypad" />
          {t('talk.keypad')}
        </button>
        <button class="btn danger" disabled={!live} data-test="hangup" onClick={hangUp}>
          <Icon name="hangup" />
          {t('talk.stop')}
        </button>
      </div>
      {pad.value && live ? (
        <div class="pad" role="group" aria-label={t('talk.keypad')}>
          {KEYS.map((k) => (
            <button
              key={k}
              class="btn"
              data-test={`key-${k}`}
              aria-label={t('talk.key', { digit: k })}
              onClick={() => dtmf(k)}
            >
              {k}
            </button>
          ))}
        </div>
      ) : null}
    </section>
  );
}

function stateText(): string {
  if (phase.value === 'live') {
    if (muted.value) return t('talk.muted');
    return t(speaking.value ? 'talk.state_speaking' : 'talk.state_live');
  }
  if (phase.value === 'starting') return t('talk.starting');
  return t(`talk.state_${phase.value}` as Key);
}

function BigButton() {
  const live = phase.value === 'live';
  const busy = phase.value === 'starting';
  const halo = Math.min(1, level.value * 5);
  return (
    <div class={`mic ${phase.value} ${speaking.value ? 'speaking' : ''}`}>
      <i class="halo" style={{ transform: `scale(${live ? 1 + halo * 0.45 : 1})` }} />
      <button
        data-test="mic"
        disabled={busy}
        aria-label={t(live ? 'talk.stop' : 'talk.start')}
        title={t(live ? 'talk.stop' : 'talk.start')}
        onClick={() => (live ? hangUp() : void startCall())}
      >
        <Icon name={live && muted.value ? 'micoff' : 'mic'} />
      </button>
    </div>
  );
}

/* -60..0 dBFS as 0..100 % */
function Meter() {
  const db = 20 * Math.log10(Math.max(level.value, 1e-4));
  const part = Math.round(Math.max(0, Math.min(1, (db + 60) / 60)) * 100);
  return (
    <div
      class="meter"
      role="meter"
      data-test="meter"
      aria-label={t('talk.level')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={part}
    >
      <i style={{ width: `${part}%` }} />
    </div>
  );
}

function Duration() {
  const shown = useSignal(0);
  const live = phase.value === 'live';
  useEffect(() => {
    if (!live) return;
    shown.value = 0;
    const timer = setInterval(() => {
      shown.value = Date.now() - startedAt.value;
      document.documentElement.dataset['frames'] =
        `${frames.sent},${frames.received},${frames.flushed}`;
    }, 500);
    return () => clearInterval(timer);
  }, [live]);
  return <>{clock(shown.value)}</>;
}

function Script() {
  const box = useRef<HTMLDivElement>(null);
  const items = timeline(events.value).filter(visible);
  useLayoutEffect(() => {
    const el = box.current!;
    el.scrollTop = el.scrollHeight;
  }, [items.length, partial.value]);
  return (
    <section class="lines" aria-label={t('talk.transcript')}>
      <h2>{t('talk.transcript')}</h2>
      <div ref={box} role="log" aria-live="polite" tabIndex={0}>
        {items.length === 0 && !partial.value ? <p class="hint">{t('talk.empty')}</p> : null}
        <ol>
          {items.map((i) => (
            <Line key={i.seq} i={i} />
          ))}
          {partial.value ? (
            <li class="me partial" data-test="partial">
              {partial.value}
            </li>
          ) : null}
        </ol>
      </div>
    </section>
  );
}

const visible = (i: Item): boolean => i.type === 'turn' || i.kind === 'call.dtmf';

function Line({ i }: { i: Item }) {
  if (i.type === 'system')
    return (
      <li class="sys" data-test="dtmf">
        {t('event.call.dtmf', { digit: i.ev.body.digit ?? '' })}
      </li>
    );
  const me = i.who === 'customer';
  return (
    <li class={me ? 'me' : 'bot'} data-test={me ? 'mine' : 'reply'} lang={i.ev.body.language}>
      {i.heard === null ? i.text : i.heard}
      {i.unheard ? <del>{i.unheard}</del> : null}
    </li>
  );
}
