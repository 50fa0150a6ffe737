/* The list of conversations: a page of its own, or the left half of one. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { ago, clock } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Conv } from '../lib/types.ts';
import { Empty, ErrorNote, Icon, Skeleton, type IconName } from '../lib/ui.tsx';
import { windowOf } from '../lib/window.ts';
import { selectConvs, type Filter } from './live.ts';
import { live, loadPage, now, order, route } from './state.ts';

export const CHANNEL_ICON: Record<string, IconName> = {
  webchat: 'chat',
  phone: 'phone',
  talk: 'mic',
};
const STATES = ['live', 'closed', 'all'] as const;
const ROW_PX = 68;

function filterOf(): Filter {
  const q = route.value.query;
  const state = q['state'];
  return {
    state: state === 'closed' || state === 'all' ? state : 'live',
    channel: q['channel'] ?? '',
    text: q['q'] ?? '',
  };
}

function setQuery(change: Record<string, string>): void {
  const { sel: _, ...query } = route.value.query;
  const hash = makeHash(route.value.path, { ...query, ...change });
  history.replaceState(null, '', hash === '#/' ? '#/live' : hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function convName(c: Conv): string {
  return c.customer?.name || c.address || t('conv.visitor', { id: c.id.slice(-4) });
}

export const turnsText = (n: number): string =>
  n === 1 ? t('live.turn') : t('live.turns', { n });

export function lasted(c: Conv, at: number): number {
  const end = c.state === 'open' ? at : Date.parse(c.ended_at ?? c.last_at);
  return end - Date.parse(c.started_at);
}

export function LivePage({ compact }: { compact?: boolean }) {
  const filter = useComputed(filterOf);
  const rows = useComputed(() => selectConvs(live.value.items, filter.value));
  const cursor = useSignal<string | null>(null);
  const error = useSignal<unknown>(null);
  const loading = useSignal(true);

  async function load(next: string | null) {
    const { state, channel } = filter.peek();
    loading.value = true;
    error.value = null;
    try {
      cursor.value = await loadPage({ state, channel, cursor: next });
    } catch (e) {
      error.value = e;
    }
    loading.value = false;
  }
  const snapshots = live.value.snapshots;
  const { state, channel } = filter.value;
  useEffect(() => void load(null), [state, channel, snapshots > 1 ? snapshots : 0]);
  useSignalEffect(() => {
    order.value = rows.value.map((c) => c.id);
  });

  return (
    <section class={`list ${compact ? 'compact' : ''}`} aria-label={t('live.title')}>
      <header class="bar">
        <h1>{t('live.title')}</h1>
        <Filters filter={filter.value} />
      </header>
      {error.value ? <ErrorNote error={error.value} retry={() => load(null)} /> : null}
      {rows.value.length > 0 ? (
        <Rows
          rows={rows.value}
          compact={Boolean(compact)}
          more={cursor.value && !loading.value ? () => load(cursor.value) : null}
        />
      ) : loading.value ? (
        <Skeleton rows={7} kind="row" />
      ) : (
        <NoRows filter={filter.value} />
      )}
    </section>
  );
}

function Filters({ filter }: { filter: Filter }) {
  return (
    <div class="filters">
      <label class="search">
        <Icon name="search" />
        <input
          class="input"
          type="search"
          data-search
          data-test="search"
          aria-label={t('live.search')}
          placeholder={t('live.search')}
          value={filter.text}
          onInput={(e) => setQuery({ q: e.currentTarget.value })}
        />
        <kbd>/</kbd>
      </label>
      <div class="seg" role="group" aria-label={t('live.state')}>
        {STATES.map((s) => (
          <button
            key={s}
            data-test={`state-${s}`}
            aria-pressed={filter.state === s}
            onClick={() => setQuery({ state: s === 'live' ? '' : s })}
          >
            {t(`state.${s}` as Key)}
          </button>
        ))}
      </div>
      <select
        class="input"
        aria-label={t('live.channel')}
        value={filter.channel}
        onChange={(e) => setQuery({ channel: e.currentTarget.value })}
      >
        <option value="">{t('live.every_channel')}</option>
        {Object.keys(CHANNEL_ICON).map((c) => (
          <option key={c} value={c}>
            {tWord('channel', c)}
          </option>
        ))}
      </select>
    </div>
  );
}

function NoRows({ filter }: { filter: Filter }) {
  if (filter.text || filter.channel)
    return (
      <Empty icon="search" title={t('live.none_found')} text={t('live.none_found_text')}>
        <button class="btn" onClick={() => setQuery({ q: '', channel: '' })}>
          {t('live.clear')}
        </button>
      </Empty>
    );
  if (filter.state === 'closed')
    return <Empty icon="clock" title={t('live.none_closed')} text={t('live.none_closed_text')} />;
  return (
    <Empty icon="chat" title={t('live.none')} text={t('live.none_text')}>
      <a class="btn primary" href="/chat" target="_blank" rel="noopener">
        {t('live.start_one')}
      </a>
    </Empty>
  );
}

function Rows(p: { rows: Conv[]; compact: boolean; more: (() => void) | null }) {
  const box = useRef<HTMLDivElement>(null);
  const scroll = useSignal(0);
  const view = useSignal(900);
  const w = windowOf(scroll.value, view.value, ROW_PX, p.rows.length);
  const path = route.value.path;
  const sel = path[0] === 'c' ? path[1] : route.value.query['sel'];

  useLayoutEffect(() => {
    const el = box.current!;
    const seen = new ResizeObserver(() => (view.value = el.clientHeight));
    seen.observe(el);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    const at = p.rows.findIndex((c) => c.id === sel);
    const el = box.current;
    if (at < 0 || !el) return;
    const top = at * ROW_PX;
    if (top < el.scrollTop) el.scrollTop = top;
    else if (top + ROW_PX > el.scrollTop + el.clientHeight)
      el.scrollTop = top + ROW_PX - el.clientHeight;
  }, [sel]);

  function onScroll(e: Event) {
    const el = e.currentTarget as HTMLElement;
    scroll.value = el.scrollTop;
    if (p.more && el.scrollTop + el.clientHeight > el.scrollHeight - 4 * ROW_PX) p.more();
  }

  return (
    <div class="rows" ref={box} onScroll={onScroll}>
      <ul style={{ paddingTop: `${w.before_px}px`, paddingBottom: `${w.after_px}px` }}>
        {p.rows.slice(w.first, w.last).map((c) => (
          <Row key={c.id} c={c} selected={c.id === sel} compact={p.compact} />
        ))}
      </ul>
      {p.more ? (
        <button class="btn ghost more" onClick={p.more}>
          {t('live.more')}
        </button>
      ) : null}
    </div>
  );
}

function Row({ c, selected, compact }: { c: Conv; selected: boolean; compact: boolean }) {
  const { sel: _, seq: __, ...query } = route.value.query;
  const open = c.state === 'open';
  return (
    <li>
      <a
        class="row"
        data-test="conv"
        data-id={c.id}
        data-state={c.state}
        href={makeHash(['c', c.id], query)}
        aria-current={selected ? 'true' : undefined}
      >
        <span class={`chan ${c.channel} ${open ? 'on' : ''}`}>
          <Icon name={CHANNEL_ICON[c.channel] ?? 'chat'} label={tWord('channel', c.channel)} />
        </span>
        <span class="row-who">
          <b>{convName(c)}</b>
          {c.language ? <span class="lang">{c.language}</span> : null}
          <Emotion word={c.emotion} />
          {c.alert === undefined ? null : (
            <span class="tag bad num" data-test="alert" title={t('live.alert', { p: c.alert })}>
              <Icon name="alert" label={t('live.alert', { p: c.alert })} />
              {c.alert}
            </span>
          )}
        </span>
        <span class="row-last">
          {c.last_actor === 'bot' ? <Icon name="reply" label={t('who.bot')} /> : null}
          <span lang={c.language ?? undefined}>{c.last_text || t('live.no_text')}</span>
        </span>
        <span class="row-state">
          {open ? (
            <span class="tag ok num">
              <i class="beat" />
              {clock(lasted(c, now.value))}
            </span>
          ) : (
            <span class="tag num">{clock(lasted(c, 0))}</span>
          )}
          <small class="num">
            {compact
              ? ago(c.last_at, now.value, lang.value)
              : `${turnsText(c.turns)} · ${ago(c.last_at, now.value, lang.value)}`}
          </small>
        </span>
        {!compact ? (
          <span class="row-act">
            {c.last_action ? <ActionTag action={c.last_action} /> : null}
          </span>
        ) : null}
      </a>
    </li>
  );
}

export function Emotion({ word }: { word: string | null }) {
  if (!word || word === 'neutral') return null;
  const label = tWord('emotion', word);
  return <i class={`emo ${word}`} title={label} role="img" aria-label={label} />;
}

const ACTION_TONE: Record<string, string> = {
  reply: 'ok',
  tool: 'info',
  clarify: 'info',
  decline: 'warn',
  handoff: 'accent',
  fallback: 'bad',
};

export function ActionTag({ action }: { action: string }) {
  return (
    <span class={`tag ${ACTION_TONE[action] ?? ''}`} data-action={action}>
      {tWord('action', action)}
    </span>
  );
}
