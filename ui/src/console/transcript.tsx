/* What was said, and what happened between: bubbles and small system lines. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { clock, latency, pct, timeOfDay } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { uniqueCites, type Item, type SystemItem, type TurnItem } from '../lib/timeline.ts';
import type { Cite, Ev } from '../lib/types.ts';
import { Icon, type IconName } from '../lib/ui.tsx';
import { ActionTag } from './list.tsx';
import { Why } from './mood.tsx';
import type { PlayerState } from './player.tsx';
import { Propose } from './propose.tsx';
import { flowName, toolName } from './names.ts';
import { route } from './state.ts';

const NEAR_END_PX = 120;

export function Transcript(p: { id: string; items: Item[]; player: PlayerState; open: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(p.open);
  const seq = Number(route.value.query['seq'] ?? 0);
  const playing = p.player.playing.value ? p.player.current.value : null;

  useLayoutEffect(() => {
    const el = box.current!;
    if (stick.current && !seq) el.scrollTop = el.scrollHeight;
  }, [p.items.length]);
  useEffect(() => {
    const want = playing ?? seq;
    if (want) box.current?.querySelector(`[data-seq="${want}"]`)?.scrollIntoView({ block: 'center' });
  }, [seq, playing]);

  function onScroll(e: Event) {
    const el = e.currentTarget as HTMLElement;
    stick.current = p.open && el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END_PX;
  }

  return (
    <div class="script" ref={box} onScroll={onScroll} tabIndex={0} aria-label={t('conv.transcript')}>
      <ol aria-live={p.open ? 'polite' : 'off'}>
        {p.items.map((i) =>
          i.type === 'turn' ? (
            <Turn
              key={i.seq}
              id={p.id}
              i={i}
              player={p.player}
              lit={playing === null && i.seq === seq}
              playing={i.seq === playing}
            />
          ) : (
            <System key={i.seq} i={i} lit={i.seq === seq} />
          ),
        )}
      </ol>
    </div>
  );
}

interface TurnProps {
  id: string;
  i: TurnItem;
  player: PlayerState;
  lit: boolean;
  playing: boolean;
}

function Turn({ id, i, player, lit, playing }: TurnProps) {
  const b = i.ev.body;
  const at = i.start_ms;
  const seekable = at !== undefined && player.ready.value;
  const cls = `turn ${i.who} ${lit ? 'lit' : ''} ${playing ? 'playing' : ''}`;
  return (
    <li class={cls} data-seq={i.seq} data-test={`turn-${i.who}`} aria-current={playing || undefined}>
      <div
        class={`bubble ${seekable ? 'seek' : ''}`}
        title={seekable ? t('conv.seek') : undefined}
        onClick={seekable ? () => player.seek(at, true) : undefined}
      >
        <p class="said" lang={b.language ?? undefined}>
          {i.heard === null ? (
            i.text
          ) : (
            <>
              {i.heard}
              <del title={t('conv.unheard')}>{i.unheard}</del>
            </>
          )}
        </p>
        {i.heard !== null ? (
          <p class="cutnote">
            <Icon name="cut" />
            {t('conv.interrupted')}
          </p>
        ) : null}
      </div>
      {i.citations.length ? <Cites cites={i.citations} /> : null}
      {i.who === 'bot' && b.strategy ? <Why s={b.strategy} /> : null}
      <p class="meta num">
        {seekable ? (
          <button class="at" onClick={() => player.seek(at, true)} aria-label={t('conv.seek')}>
            <Icon name="play" />
            {clock(at)}
          </button>
        ) : (
          <time dateTime={i.ts}>{timeOfDay(i.ts, lang.value, true)}</time>
        )}
        {i.who === 'customer' ? <CustomerMeta ev={i.ev} /> : <BotMeta i={i} />}
        {i.who === 'agent' ? <Propose conversation={id} ev={i.ev} /> : null}
      </p>
    </li>
  );
}

function CustomerMeta({ ev }: { ev: Ev }) {
  const b = ev.body;
  return (
    <>
      {b.via && b.via !== 'text' ? <span>{tWord('via', b.via)}</span> : null}
      {b.asr_confidence !== undefined ? (
        <span title={t('conv.confidence')} class={b.asr_confidence < 0.6 ? 'low' : ''}>
          {pct(b.asr_confidence)}
        </span>
      ) : null}
      {b.emotion && b.emotion !== 'neutral' ? <span>{tWord('emotion', b.emotion)}</span> : null}
    </>
  );
}

function BotMeta({ i }: { i: TurnItem }) {
  const b = i.ev.body;
  return (
    <>
      {i.badge ? <ActionTag action={i.badge} /> : null}
      {i.fallback ? <ActionTag action="fallback" /> : null}
      {b.grounded ? (
        <span class="grounded" title={t('conv.grounded_text')}>
          <Icon name="check" />
          {t('conv.grounded')}
        </span>
      ) : null}
      {b.intent ? <span>{tWord('intent', b.intent)}</span> : null}
      {i.latency_ms !== undefined ? <span>{latency(i.latency_ms)}</span> : null}
      {b.model ? <span class="model">{b.model}</span> : null}
    </>
  );
}

function articleLink(c: Cite): string {
  return makeHash(['kb', 'article', c.article_id], {
    quote: c.quote,
    version: String(c.version ?? ''),
  });
}

export function Cites({ cites }: { cites: Cite[] }) {
  const open = useSignal<number | null>(null);
  const all = uniqueCites(cites);
  const c = open.value === null ? null : all[open.value];
  return (
    <div class="cites">
      <div class="chips">
        {all.map((x, n) => (
          <button
            key={n}
            class="chip"
            data-test="cite"
            aria-expanded={open.value === n}
            onClick={() => (open.value = open.value === n ? null : n)}
          >
            <Icon name="book" />
            <span>{x.title}</span>
          </button>
        ))}
      </div>
      {c ? (
        <figure class="quote" data-test="quote">
          <blockquote lang={c.lang}>{c.quote}</blockquote>
          <figcaption>
            <span>{t('kb.version', { v: c.version })}</span>
            <a href={articleLink(c)}>
              {t('conv.open_article')}
              <Icon name="right" />
            </a>
          </figcaption>
        </figure>
      ) : null}
    </div>
  );
}

const SYSTEM_ICON: Record<string, IconName> = {
  'conversation.opened': 'chat',
  'conversation.resumed': 'swap',
  'conversation.closed': 'check',
  'call.ringing': 'phone',
  'call.answered': 'phone',
  'call.hold': 'hold',
  'call.resume': 'play',
  'call.dtmf': 'keypad',
  'call.transfer': 'swap',
  'call.hangup': 'hangup',
  'model.fallback': 'swap',
  'recording.on': 'mic',
  'recording.paused': 'micoff',
  'recording.secret': 'micoff',
  'recording.closed': 'mic',
  'turn.aside': 'quote',
  'mood.turn': 'pulse',
  handover: 'swap',
  'alert.supervisor': 'alert',
  'offer.made': 'check',
  'profile.use': 'book',
  'tool.call': 'target',
  'tool.result': 'check',
  'tool.refused': 'x',
  'tool.dropped': 'x',
  'customer.known': 'users',
  'check.failed': 'alert',
  'conversation.continued': 'link',
  'flow.saved': 'rules',
  'flow.ended': 'flag',
  'handover.queued': 'clock',
  'handover.accepted': 'headset',
  'handover.returned': 'reply',
  'handover.failed': 'alert',
  'note.agent': 'lock',
  survey: 'star',
  'survey.answer': 'star',
  'call.party': 'users',
};

/* The name of the text for a row. */
function rowKey(ev: Ev): string {
  if (ev.kind === 'handover.queued' && !ev.body.position) return 'event.handover.waiting';
  if (ev.kind === 'call.transfer') return `event.call.transfer.${ev.body.state ?? 'asked'}`;
  if (ev.kind === 'recording.closed' && ev.body.complete === false)
    return 'event.recording.incomplete';
  return `event.${ev.kind}`;
}

/* A word for each kind we know; an unknown kind shows its own name. */
export function systemText(ev: Ev): string {
  const b = ev.body;
  const params = {
    digit: b.digit ?? '',
    from: ev.kind === 'mood.turn' ? tWord('emotion', b.from) : (b.from ?? ''),
    to: ev.kind === 'mood.turn' ? tWord('emotion', b.to) : (b.to ?? ''),
    why: ev.kind === 'profile.use' ? tWord('profilewhy', b.why) : ev.kind === 'handover.failed' ? tWord('askfail', b.why) : tWord('moodwhy', b.why),
    priority: b.priority ?? '',
    row: b.row ?? '',
    offer: tWord('offer', b.offer),
    field: tWord('field', b.field),
    reason: b.reason ? tWord('reason', b.reason) : '',
    by: b.by ? tWord('who', b.by) : '',
    tool: toolName(b.tool),
    outcome: tWord('toolout', b.outcome),
    level: tWord('knownlevel', String(b.level ?? '')),
    flow: flowName(b.flow),
    how: tWord('flowend', b.how),
    position: b.position ?? '',
    name: b.name ?? b.agent ?? '',
    text: b.text ?? '',
    value: b.value ?? '',
    party: (b.id ?? '').replace(/^[a-z]+:/, ''),
    step: b.step === 'mode' ? tWord('partymode', b.mode) : tWord('partystep', b.step),
    channel: tWord('channel', b.channel) + (b.way ? ` (${b.way})` : ''),
  };
  const known = rowKey(ev);
  const text = t(known as Key, params);
  return text === known ? ev.kind.replace(/[._]/g, ' ') : text.replace(/[\s:：·]+$/, '');
}

/* Said, but no answer: that a machine speaks, a filler, news of a transfer. */
function Aside({ i }: { i: SystemItem }) {
  const b = i.ev.body;
  return (
    <span class="beside" lang={b.language} title={tWord('aside', b.what)}>
      {i.heard === null ? b.text : i.heard}
      {i.unheard ? <del title={t('conv.unheard')}>{i.unheard}</del> : null}
    </span>
  );
}

function System({ i, lit }: { i: SystemItem; lit: boolean }) {
  return (
    <li class={`sys ${i.kind.replace('.', '-')} ${lit ? 'lit' : ''}`} data-seq={i.seq} data-test="sys">
      <Icon name={SYSTEM_ICON[i.kind] ?? 'clock'} />
      {i.kind === 'turn.aside' ? <Aside i={i} /> : <span>{systemText(i.ev)}</span>}
      <time class="num" dateTime={i.ts}>
        {timeOfDay(i.ts, lang.value, true)}
      </time>
    </li>
  );
}
