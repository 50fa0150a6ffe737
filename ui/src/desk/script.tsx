/* The middle: what came before the person, folded under its summary; what is said now, with the words that are just
 * being spoken; what was sent and has not arrived. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { timeOfDay } from '../lib/format.ts';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { timeline, type Item } from '../lib/timeline.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { Cites, systemText } from '../console/transcript.tsx';
import { toolName } from '../console/names.ts';
import { Propose, typed } from '../console/propose.tsx';
import { now } from '../console/state.ts';
import { say } from './client.ts';
import { translated, translating } from './translate.ts';
import type { Packet, Pending, Talk, Work } from './types.ts';
import { personFrom } from './work.ts';

const TYPING_MS = 6000;
const NEAR_END_PX = 140;
/* Rows that say nothing to an agent who serves. */
const STATES = /^(mode|muted|unmuted)$/; /* the call bar shows them */
const QUIET = /^(profile\.use|model\.|emotion|tool\.call|assist\.|agent\.|queue\.|survey$)/;

export function Script({ w, talk, loading, error }: { w: Work; talk: Talk; loading: boolean; error: unknown }) {
  const box = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const items = timeline(talk.events);
  const from = w.state === 'offered' ? Infinity : personFrom(talk.events);
  const shown = (i: Item): boolean => i.type === 'turn' || !(QUIET.test(i.kind) || (i.kind === 'call.party' && STATES.test(i.ev.body.step ?? '')));
  const before = items.filter((i) => from && i.seq < from && shown(i));
  const since = items.filter((i) => (!from || i.seq >= from) && shown(i));
  const mine = lastTyped(talk);
  const typing = talk.typing_ms && now.value - talk.typing_ms < TYPING_MS;
  const tail = `${since.length} ${talk.pending.length} ${talk.partial?.text ?? ''} ${typing ? 1 : 0}`;

  useLayoutEffect(() => {
    const el = box.current!;
    if (stick.current) el.scrollTop = el.scrollHeight;
  }, [tail, w.id, before.length]);
  useEffect(() => void (stick.current = true), [w.id]);

  return (
    <div class="script desk-script" ref={box} tabIndex={0} aria-label={t('conv.transcript')} data-test="script"
      onScroll={(e) => {
        const el = e.currentTarget;
        stick.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END_PX;
      }}>
      {error ? <ErrorNote error={error} /> : null}
      <Before w={w} items={before} open={w.state === 'offered'} />
      {loading && !items.length ? <Skeleton rows={3} kind="bubble" /> : null}
      <ol aria-live="polite">
        {since.map((i) => (
          <Line key={i.seq} i={i} to={w} last={i.seq === mine} />
        ))}
        {talk.pending.map((p) => (
          <Sent key={p.client_id} p={p} conversation={w.conversation} />
        ))}
        {talk.partial ? (
          <li class={`turn ${talk.partial.who} partial`} data-test="partial">
            <div class="bubble">
              <p class="said">
                {talk.partial.text}
                <i class="caret" />
              </p>
            </div>
          </li>
        ) : typing ? (
          <li class="sys" data-test="customer-typing">
            <span>{t('desk.customer_typing')}</span>
          </li>
        ) : null}
      </ol>
    </div>
  );
}

/* The turn that the key is about. */
export const lastTyped = (talk: Talk | undefined): number | undefined => talk?.events.filter(typed).at(-1)?.seq;

function Line({ i, to, last }: { i: Item; to: Work; last?: boolean }) {
  if (i.type === 'system') return i.kind === 'note.agent' ? <Note i={i} /> : <Sys i={i} />;
  const other = i.who === 'customer' ? translated(to.conversation, i.seq) : (i.ev.body as { shown?: string }).shown;
  const waits = i.who === 'customer' && translating.value === to.conversation && other === undefined;
  return (
    <li class={`turn ${i.who}`} data-seq={i.seq} data-test={`turn-${i.who}`}>
      <div class="bubble">
        <p class="said" lang={i.ev.body.language}>
          {i.heard === null ? i.text : <>{i.heard}<del title={t('conv.unheard')}>{i.unheard}</del></>}
        </p>
        {other ? <p class="said other" data-test="translated">{other}</p> : waits ? <p class="said other">…</p> : null}
      </div>
      {i.citations.length ? <Cites cites={i.citations} /> : null}
      <p class="meta num">
        <time dateTime={i.ts}>{timeOfDay(i.ts, lang.value)}</time>
        <span>{i.who === 'agent' ? ((i.ev.body as { name?: string }).name ?? t('who.agent')) : tWord('who', i.who)}</span>
        {i.ev.body.emotion && i.ev.body.emotion !== 'neutral' ? <span>{tWord('emotion', i.ev.body.emotion)}</span> : null}
        <Propose conversation={to.conversation} ev={i.ev} k={last} />
      </p>
    </li>
  );
}

function Note({ i }: { i: Item }) {
  const b = i.ev.body;
  return (
    <li class="turn agent private" data-seq={i.seq} data-test="private-note">
      <div class="bubble">
        <p class="said">{b.text}</p>
      </div>
      <p class="meta num">
        <time dateTime={i.ts}>{timeOfDay(i.ts, lang.value)}</time>
        <span>{t('desk.private')}</span>
        {b.by ? <span>{b.by.replace(/^user:/, '')}</span> : null}
      </p>
    </li>
  );
}

function Sys({ i }: { i: Item }) {
  return (
    <li class={`sys ${i.type === 'system' ? i.kind.replace('.', '-') : ''}`} data-seq={i.seq}>
      <span>{i.ev.kind === 'turn.aside' ? i.ev.body.text : systemText(i.ev)}</span>
      <time class="num" dateTime={i.ts}>{timeOfDay(i.ts, lang.value)}</time>
    </li>
  );
}

function Sent({ p, conversation }: { p: Pending; conversation: string }) {
  const failed = p.state === 'failed';
  return (
    <li class={`turn agent ${p.note ? 'private' : ''} ${failed ? 'failed' : 'going'}`} data-test="pending" data-state={p.state}>
      <div class="bubble">
        <p class="said">{p.text}</p>
      </div>
      <p class="meta">
        {failed ? (
          <button class="linkish bad" onClick={() => say({ conversation, text: p.text, note: p.note, translate: p.translate }, p.client_id)}>
            {t('desk.not_sent', { why: p.why })} · {t('ui.retry')}
          </button>
        ) : (
          <span>{t('chat.sent')}</span>
        )}
      </p>
    </li>
  );
}

/* What the bot and the customer did before, with the packet on top. */
function Before({ w, items, open }: { w: Work; items: Item[]; open: boolean }) {
  if (!w.packet && !items.length) return null;
  return (
    <section class="before" aria-label={t('desk.before')} data-test="before">
      {w.packet ? <PacketCard p={w.packet} /> : null}
      {items.length ? (
        <details open={open}>
          <summary>{t('desk.before_n', { n: items.filter((i) => i.type === 'turn').length })}</summary>
          <ol>
            {items.map((i) => (
              <Line key={i.seq} i={i} to={w} />
            ))}
          </ol>
        </details>
      ) : null}
    </section>
  );
}

function PacketCard({ p }: { p: Packet }) {
  const turning = p.mood?.turning ?? [];
  return (
    <div class="packet" data-test="packet">
      <p class="packet-head">
        <Icon name="swap" />
        <b>{p.reason ? tWord('askreason', p.reason) : t('desk.handed')}</b>
        {p.mood?.now ? <span class={`tag ${p.mood.now === 'angry' ? 'bad' : ''}`}>{tWord('emotion', p.mood.now)}</span> : null}
        {p.flow ? <span class="tag info">{both(p.flow.title) || p.flow.id}</span> : null}
      </p>
      {p.summary ? <p class="packet-text" lang={p.language}>{p.summary}</p> : null}
      <dl class="packet-facts">
        {p.slots?.length ? (
          <div>
            <dt>{t('desk.known')}</dt>
            <dd>
              {p.slots.map((s, n) => (
                <span key={n} class="tag">
                  {tWord('fact', s.type)}: {s.value}
                </span>
              ))}
            </dd>
          </div>
        ) : null}
        {p.tried?.length ? (
          <div>
            <dt>{t('desk.tried')}</dt>
            <dd>
              {p.tried.map((x, n) => (
                <span key={n} class={`tag ${x.outcome === 'done' ? 'ok' : 'warn'}`}>
                  {toolName(x.tool)}: {tWord('toolout', x.outcome)}
                </span>
              ))}
            </dd>
          </div>
        ) : null}
        {p.asked?.length ? (
          <div>
            <dt>{t('desk.asked')}</dt>
            <dd lang={p.language}>{p.asked.join(' · ')}</dd>
          </div>
        ) : null}
        {turning.length ? (
          <div>
            <dt>{t('desk.turning')}</dt>
            <dd>
              {turning.map((x, n) => (
                <span key={n}>
                  {tWord('emotion', x.from)} → {tWord('emotion', x.to)}
                  {x.words ? <q lang={p.language}>{x.words}</q> : null}
                </span>
              ))}
            </dd>
          </div>
        ) : null}
        {p.citations?.length ? (
          <div>
            <dt>{t('desk.cited')}</dt>
            <dd>
              {p.citations.map((c) => (
                <a key={c.article_id} href={`#/kb/article/${encodeURIComponent(c.article_id)}`}>{c.title}</a>
              ))}
            </dd>
          </div>
        ) : null}
      </dl>
    </div>
  );
}
