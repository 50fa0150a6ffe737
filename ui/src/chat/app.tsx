/* The customer's chat. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { timeOfDay } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { Rate } from '../lib/rate.tsx';
import { Stressed } from '../lib/stress.tsx';
import { timeline, uniqueCites, type Item } from '../lib/timeline.ts';
import type { Cite } from '../lib/types.ts';
import { Icon, LangSwitch, Logo, ThemeSwitch } from '../lib/ui.tsx';
import { chat, dismiss, link, rate, restart, say, sayAgain, TEXT_MAX, typing } from './client.ts';
import { Quotes } from './quotes.tsx';
import { choicesOf, personOf, SCALES, surveyOf } from './person.ts';
import { showGreeting, type Delivery } from './store.ts';

const embedded = new URLSearchParams(location.search).has('embed');

export function ChatApp() {
  useEffect(() => {
    document.title = t('chat.title');
  }, [lang.value]);
  return (
    <main class={`chat ${embedded ? 'embed' : ''}`}>
      <header class="chat-head">
        <Logo />
        <div>
          <h1>{t('chat.title')}</h1>
          <p>
            <i class={`dot ${link.value === 'open' && !chat.value.full ? 'on' : ''}`} />
            {link.value !== 'open' ? t('chat.reconnecting') : t(chat.value.full ? 'chat.full_short' : 'chat.subtitle')}
          </p>
        </div>
        <LangSwitch />
        {embedded ? null : <ThemeSwitch />}
        <button
          class="btn ghost square"
          title={t('chat.new')}
          aria-label={t('chat.new')}
          data-test="new"
          onClick={restart}
        >
          <Icon name="plus" />
        </button>
      </header>
      <Offline />
      {chat.value.full && link.value === 'open' ? (
        <div class="chat-banner" role="status" data-test="full">
          <Icon name="clock" />
          {t('chat.full')}
        </div>
      ) : null}
      <Standing />
      <Log />
      <Foot />
    </main>
  );
}

/* A short blink of the link is not worth a banner. */
const PATIENCE_MS = 1500;

function Offline() {
  const show = useSignal(false);
  const ok = link.value === 'open';
  useEffect(() => {
    if (ok) {
      show.value = false;
      return;
    }
    const later = setTimeout(() => (show.value = true), PATIENCE_MS);
    return () => clearTimeout(later);
  }, [ok]);
  if (!show.value) return null;
  return (
    <div class="chat-banner" role="status" data-test="offline">
      <Icon name="alert" />
      {t('chat.offline')}
    </div>
  );
}

/* Where one stands with a person: in the queue, with somebody. */
function Standing() {
  const p = personOf(chat.value.events);
  if (chat.value.closed || p.state === 'none') return null;
  const min = Math.max(1, Math.round(p.wait_ms / 60000));
  return (
    <div class={`standing ${p.state}`} role="status" data-test="standing" data-state={p.state}>
      <Icon name={p.state === 'with' ? 'headset' : 'clock'} />
      <span>
        {p.state === 'with' ? (p.name ? t('chat.with', { name: p.name }) : t('chat.with_somebody'))
          : p.position > 0 ? t('chat.place', { n: p.position }) : t('chat.waits')}
        {p.state === 'waiting' && p.wait_ms >= 0 ? ` · ${t('chat.about', { n: min })}` : ''}
      </span>
    </div>
  );
}

function Log() {
  const box = useRef<HTMLDivElement>(null);
  const s = chat.value;
  const items = timeline(s.events).filter(visible);
  const drafts = Object.entries(s.drafts);
  const fresh = !items.some((i) => i.type === 'turn' && i.who === 'customer') && !s.outbox.length;
  const tail = drafts.map(([, text]) => text.length).join() + s.typing;

  useLayoutEffect(() => {
    const el = box.current!;
    el.scrollTop = el.scrollHeight;
  }, [items.length, s.outbox.length, tail]);

  return (
    <div class="log" ref={box} role="log" aria-live="polite" aria-label={t('chat.log')} tabIndex={0}>
      <ol>
        {showGreeting(s) ? (
          <li class="msg bot" data-test="greeting">
            <p class="bub"><Stressed text={s.greeting!} /></p>
          </li>
        ) : null}
        {items.map((i) => (
          <Message key={i.seq} i={i} />
        ))}
        {s.outbox.map((o) => (
          <li class="msg me" key={o.client_id} data-test="pending" data-state={o.state}>
            <p class="bub">{o.text}</p>
            <Tick state={o.state} client_id={o.client_id} />
          </li>
        ))}
        {drafts.map(([turn, text]) => (
          <Draft key={`d${turn}`} text={text} />
        ))}
        {s.typing && drafts.length === 0 ? <Typing /> : null}
      </ol>
      {fresh && s.session && !s.closed ? (
        <div class="suggest">
          {[t('chat.suggest_1'), t('chat.suggest_2'), t('chat.suggest_3')].map((q) => (
            <button key={q} onClick={() => say(q)}>
              {q}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

/* An answer while it is written: it reads as it will stand. */
export const Draft = ({ text }: { text: string }) => (
  <li class="msg bot" data-test="draft" aria-busy="true">
    <p class="bub">
      <Stressed text={text} />
      <i class="caret" />
    </p>
  </li>
);

const visible = (i: Item): boolean =>
  i.type === 'turn' ? Boolean(i.text) : /^(conversation\.closed|handover\.(accepted|returned))$/.test(i.kind);

function Message({ i }: { i: Item }) {
  if (i.type === 'system')
    return (
      <li class="end" data-test={i.kind}>
        {i.kind === 'handover.accepted' ? t('chat.joined', { name: i.ev.body.name ?? t('who.agent') })
          : i.kind === 'conversation.closed' ? t('chat.closed') : t('chat.left')}
      </li>
    );
  const me = i.who === 'customer';
  const text = me ? (chat.value.own[i.seq] ?? i.text) : i.text;
  return (
    <li class={`msg ${me ? 'me' : i.who}`} data-test={me ? 'mine' : 'reply'} data-who={i.who} data-seq={i.seq}>
      {i.who === 'agent' ? <p class="stamp">{i.ev.body.name ?? t('who.agent')}</p> : null}
      <p class="bub" lang={i.ev.body.language}>
        {me ? text : <Stressed text={text} />}
      </p>
      {i.citations.length ? <Sources cites={i.citations} /> : null}
      {i.badge === 'handoff' && !chat.value.events.some((e) => e.kind.startsWith('handover')) ? <p class="aside">{t('chat.handoff')}</p> : null}
      <p class="stamp num">
        <time dateTime={i.ts}>{timeOfDay(i.ts, lang.value)}</time>
        {me ? <TickIcon state="stored" /> : null}
        {i.who === 'bot' && i.turn > 0 && i.badge === 'reply' && !chat.value.closed ? <Thumbs turn={i.turn} /> : null}
      </p>
    </li>
  );
}

/* Was this answer good? What is said of it goes to who keeps the knowledge. */
function Thumbs({ turn }: { turn: number }) {
  const mine = chat.value.rated[turn];
  return (
    <span class="thumbs" role="group" aria-label={t('chat.rate')}>
      {(['up', 'down'] as const).map((v) => (
        <button key={v} class={`thumb ${v}`} data-test={`thumb-${v}`} aria-pressed={mine === v} title={t(`chat.rate_${v}`)}
          aria-label={t(`chat.rate_${v}`)} onClick={() => void rate(turn, v)}>
          <Icon name="thumb" />
        </button>
      ))}
      {mine ? <span class="sr" role="status">{t('chat.rate_thanks')}</span> : null}
    </span>
  );
}

function Sources({ cites }: { cites: Cite[] }) {
  const open = useSignal(false);
  const all = uniqueCites(cites);
  const titles = [...new Set(all.map((c) => c.title))];
  const button = useRef<HTMLButtonElement>(null);
  const shut = () => {
    open.value = false;
    button.current?.focus();
  };
  return (
    <div class="sources">
      <button
        ref={button}
        aria-expanded={open.value}
        data-test="source"
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="book" />
        <span>
          {t('chat.source')}: {titles.join(' · ')}
        </span>
        <Icon name={open.value ? 'down' : 'right'} />
      </button>
      {open.value ? <Whole cites={all} close={shut} /> : null}
    </div>
  );
}

/* The quotes at once, the whole texts as soon as they are there. */
function Whole({ cites, close }: { cites: Cite[]; close: () => void }) {
  const part = useSignal<{ is: typeof import('./source.tsx').default } | null>(null);
  useEffect(() => void import('./source.tsx').then((m) => (part.value = { is: m.default }), () => undefined), []);
  const Source = part.value?.is;
  return Source ? <Source cites={cites} close={close} /> : <Quotes cites={cites} />;
}

const TICK = { queued: 'clock', sent: 'check', stored: 'checks', failed: 'alert' } as const;

function TickIcon({ state }: { state: Delivery }) {
  const label = t(`chat.${state}`);
  return (
    <span class={`tick ${state}`} data-test="tick" data-state={state} title={label}>
      <Icon name={TICK[state]} label={label} />
    </span>
  );
}

function Tick({ state, client_id }: { state: Delivery; client_id: string }) {
  return (
    <p class="stamp">
      {state === 'queued' ? <span>{t(chat.value.full ? 'chat.queued_full' : 'chat.queued')}</span> : null}
      {state === 'failed' ? (
        <button class="again-small" onClick={() => sayAgain(client_id)}>
          {t('chat.failed')} · {t('ui.retry')}
        </button>
      ) : null}
      <TickIcon state={state} />
    </p>
  );
}

function Typing() {
  return (
    <li class="msg bot" data-test="typing">
      <p class="bub dots">
        <i />
        <i />
        <i />
        <span class="sr">{t('chat.typing')}</span>
      </p>
    </li>
  );
}

function Foot() {
  const s = chat.value;
  return (
    <footer class="chat-foot">
      {s.error ? (
        <div class="note bad" role="alert" data-test="error">
          <span class="grow">{t('chat.fix', { detail: s.error.detail || s.error.code })}</span>
          <button onClick={dismiss}>{t('ui.close')}</button>
        </div>
      ) : null}
      {s.closed ? (
        <button class="btn primary again" data-test="again" onClick={restart}>
          {t('chat.again')}
        </button>
      ) : (
        <>
          <Choices />
          <Asked />
          <Composer />
        </>
      )}
    </footer>
  );
}

/* A press says the title, as writing it would. */
function Choices() {
  const all = chat.value.outbox.length ? [] : choicesOf(chat.value.events);
  if (!all.length) return null;
  return (
    <div class="suggest choices" role="group" aria-label={t('chat.choices')} data-test="choices">
      {all.map((title) => (
        <button key={title} onClick={() => say(title)}>
          {title}
        </button>
      ))}
    </div>
  );
}

/* How was it? A press says the number, as writing it would. */
function Asked() {
  const kind = chat.value.outbox.length ? null : surveyOf(chat.value.events);
  if (!kind) return null;
  const [from, to] = SCALES[kind];
  return (
    <div class="asked" data-test="asked">
      <Rate kind={kind} from={from} to={to} label={t('rate.title')} choose={(v) => say(String(v))} />
    </div>
  );
}

function Composer() {
  const text = useSignal('');
  const area = useRef<HTMLTextAreaElement>(null);
  const over = [...text.value].length - TEXT_MAX;
  const ready = text.value.trim().length > 0 && over <= 0;

  useLayoutEffect(() => {
    const el = area.current!;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight, 140)}px`;
  }, [text.value]);

  function send() {
    if (!ready) return;
    say(text.value.trim());
    text.value = '';
    area.current?.focus();
  }
  function onKey(e: KeyboardEvent) {
    if (e.key !== 'Enter' || e.shiftKey) return;
    /* While an input method composes, Enter picks a candidate. Safari ends the
     * composition before this event and marks it by key code 229. */
    if (e.isComposing || e.keyCode === 229) return;
    e.preventDefault();
    send();
  }
  return (
    <form
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        data-test="input"
        aria-label={t('chat.placeholder')}
        placeholder={t('chat.placeholder')}
        enterkeyhint="send"
        value={text.value}
        onInput={(e) => {
          text.value = e.currentTarget.value;
          typing();
        }}
        onKeyDown={onKey}
      />
      {over > 0 ? <span class="over num">{t('chat.too_long', { n: over })}</span> : null}
      <button
        class="btn primary send"
        type="submit"
        data-test="send"
        disabled={!ready}
        aria-label={t('chat.send')}
        title={t('chat.send')}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
