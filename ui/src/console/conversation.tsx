/* One conversation: header, recording, latency strip, transcript. */
import type { ComponentType } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { useComputed, useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { clock, dateTime, latency, percentile } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { listen } from '../lib/keys.ts';
import { makeHash } from '../lib/router.ts';
import { lastSeq, mergeEvents, timeline, type Item, type TurnItem } from '../lib/timeline.ts';
import type { Conv, Ev } from '../lib/types.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { CHANNEL_ICON, convName, Emotion, lasted, turnsText } from './list.tsx';
import { authed, feed, fetchEvents, fresh, live, may, now, route } from './state.ts';
import { MoodCurve } from './mood.tsx';
import { Player, usePlayer } from './player.tsx';
import { Transcript } from './transcript.tsx';

function useEvents(id: string, events: Signal<Ev[] | null>, error: Signal<unknown>) {
  async function load() {
    error.value = null;
    try {
      const known = events.peek() ?? [];
      const got = await fetchEvents(id, lastSeq(known));
      events.value = mergeEvents(events.peek() ?? [], got);
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => {
    events.value = null;
    void load();
  }, [id]);
  /* After a reconnect the stream has a gap: fetch what came meanwhile. */
  const snapshots = live.value.snapshots;
  useEffect(() => {
    if (snapshots > 1) void load();
  }, [snapshots]);
  useSignalEffect(() => {
    const mine = fresh.value.filter((e) => e.conversation_id === id);
    if (mine.length && events.peek()) events.value = mergeEvents(events.peek()!, mine);
  });
  return load;
}

export function Conversation({ id }: { id: string }) {
  return <Loaded key={id} id={id} />;
}

function Loaded({ id }: { id: string }) {
  const events = useSignal<Ev[] | null>(null);
  const error = useSignal<unknown>(null);
  const load = useEvents(id, events, error);
  const items = useComputed<Item[]>(() => timeline(events.value ?? []));
  const conv = live.value.items.get(id);
  const player = usePlayer(id, items);

  useEffect(() => {
    if (conv) return;
    authed<Conv>(`/api/v1/conversations/${encodeURIComponent(id)}`).then(
      (c) => feed({ type: 'page', data: { items: [c] } }),
      (e: unknown) => (error.value = e),
    );
  }, [id]);
  const ready = Boolean(conv?.recording) && conv?.state === 'closed';
  useEffect(() => {
    if (ready) void player.load();
  }, [ready]);

  return (
    <section class="conv" aria-label={t('conv.title')} data-test="conversation">
      {conv ? <Head c={conv} /> : null}
      {conv?.state === 'open' && may('handover.take') ? <Acts c={conv} /> : null}
      {conv ? null : error.value ? null : <div class="skel conv-head-skel" />}
      {error.value ? <ErrorNote error={error.value} retry={() => void load()} /> : null}
      {conv?.recording ? <Player player={player} items={items.value} open={!ready} /> : null}
      {conv?.recording && conv.state === 'open' ? (
        <Keep id={id} events={events.value ?? []} error={error} />
      ) : null}
      <LatencyStrip items={items.value} id={id} />
      <MoodCurve events={events.value ?? []} id={id} />
      {events.value === null ? (
        error.value ? null : (
          <Skeleton rows={4} kind="bubble" />
        )
      ) : items.value.length === 0 ? (
        <Empty icon="chat" title={t('conv.empty')} text={t('conv.empty_text')} />
      ) : (
        <Transcript id={id} items={items.value} player={player} open={conv?.state === 'open'} />
      )}
    </section>
  );
}

/* What few may: it comes when it is needed. A chat is taken from the bot, its queue or its agent. */
function Acts({ c }: { c: Conv }) {
  const part = useSignal<{ is: ComponentType<{ c: Conv }> } | null>(null);
  useEffect(() => void import('../floor/take.tsx').then((m) => (part.value = { is: m.default }), () => undefined), []);
  const Take = part.value?.is;
  return Take ? <Take c={c} /> : null;
}

/* Pauses the recording of a call, or lets it go on; the rows say how it stands. */
function Keep({ id, events, error }: { id: string; events: Ev[]; error: Signal<unknown> }) {
  const last = events.filter((e) => /^recording\.(on|paused|secret)$/.test(e.kind)).at(-1);
  const off = last !== undefined && last.kind !== 'recording.on';
  const toggle = () => {
    void authed(`/api/v1/conversations/${encodeURIComponent(id)}/recording`, {
      method: 'POST',
      body: { state: off ? 'on' : 'paused' },
    }).catch((e: unknown) => (error.value = e));
  };
  useEffect(() => listen(() => ({ p: toggle })), [id, off]);
  return (
    <button class="btn ghost" aria-pressed={off} onClick={toggle} data-test="conv-record">
      <Icon name={off ? 'play' : 'pause'} /> {t(off ? 'conv.record_on' : 'conv.record_pause')}
    </button>
  );
}

function Head({ c }: { c: Conv }) {
  const { seq: _, ...query } = route.value.query;
  const open = c.state === 'open';
  return (
    <header class="conv-head">
      <a
        class="btn ghost square conv-back"
        href={makeHash(['live'], { ...query, sel: c.id })}
        aria-label={t('conv.back')}
      >
        <Icon name="back" />
      </a>
      <span class={`chan ${c.channel} ${open ? 'on' : ''}`}>
        <Icon name={CHANNEL_ICON[c.channel] ?? 'chat'} label={tWord('channel', c.channel)} />
      </span>
      <div class="conv-name">
        <h1>
          {convName(c)} <Emotion word={c.emotion} />
        </h1>
        <p>
          {[
            tWord('channel', c.channel),
            c.language ? tWord('lang', c.language) : '',
            c.customer?.name ? c.address : '',
            dateTime(c.started_at, lang.value),
            turnsText(c.turns),
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <span class={`tag num ${open ? 'ok' : ''}`} data-test="conv-state">
        {open ? <i class="beat" /> : null}
        <span>{open ? t('state.live') : endedBy(c)} ·</span>
        {clock(lasted(c, now.value))}
      </span>
      {c.customer?.id ? (
        <a class="btn ghost square" href={makeHash(['customers', c.customer.id])} data-test="conv-customer"
          title={t('conv.customer')} aria-label={t('conv.customer')}>
          <Icon name="users" />
        </a>
      ) : null}
      <a class="btn ghost square" data-test="conv-ticket" title={t('conv.ticket')} aria-label={t('conv.ticket')}
        href={makeHash(['tickets', 'new'], { conversation: c.id, customer: c.customer?.id })}>
        <Icon name="ticket" />
      </a>
      <code class="conv-id" title={t('conv.id')}>
        {c.id}
      </code>
    </header>
  );
}

const endedBy = (c: Conv): string =>
  c.end_by ? t('conv.ended_by', { who: tWord('who', c.end_by) }) : t('state.closed');

/* One bar for each answer, as tall as the customer waited. */
function LatencyStrip({ items, id }: { items: Item[]; id: string }) {
  const turns = useMemo(
    () =>
      items.filter(
        (i): i is TurnItem => i.type === 'turn' && (i.latency_ms ?? 0) > 0,
      ),
    [items],
  );
  if (turns.length === 0) return null;
  const ms = turns.map((x) => x.latency_ms!);
  const top = Math.max(...ms, 1000);
  return (
    <div class="strip" data-test="latency">
      <span class="strip-label">
        {t('conv.latency')}
        <b class="num">{t('conv.latency_p50', { ms: latency(percentile(ms, 50)) })}</b>
        <b class="num">{t('conv.latency_max', { ms: latency(Math.max(...ms)) })}</b>
      </span>
      <ol>
        {turns.map((x) => {
          const v = x.latency_ms!;
          const tone = v > 2000 ? 'bad' : v > 1000 ? 'warn' : 'ok';
          const label = t('conv.latency_turn', { n: x.turn, ms: latency(v) });
          return (
            <li key={x.seq}>
              <a
                class={tone}
                title={label}
                aria-label={label}
                href={makeHash(['c', id], { ...route.value.query, seq: String(x.seq) })}
              >
                <i style={{ height: `${Math.max(8, (v / top) * 100)}%` }} />
              </a>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
