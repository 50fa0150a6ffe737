/* The board: a column for each state, cards with running clocks, all of it by keys: h j k l between cards, [ and ]
 * move a ticket one state back or forth, Enter opens it. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, now, route } from '../console/state.ts';
import { nextDue, step, type Spot } from './clocks.ts';
import { Done, post, seg, useKeys, useLoad } from './parts.tsx';
import { DueTag, Severity } from './ticket_list.tsx';
import type { Ticket, TicketCard } from './types.ts';

interface Column {
  state: string;
  count: number;
  items: TicketCard[];
}
interface BoardJson {
  columns: Column[];
}

const POLL_MS = 15000;

/* Late ones first, then by what is due next. */
const byDue = (at: number) => (a: TicketCard, b: TicketCard) =>
  (nextDue(a, at)?.left_ms ?? Infinity) - (nextDue(b, at)?.left_ms ?? Infinity);

export function Board() {
  const { type = '', severity = '' } = route.value.query;
  const got = useLoad<BoardJson>('/api/v1/tickets/board', { type, severity });
  const at = useSignal<Spot>({ col: 0, row: 0 });
  const error = useSignal<unknown>(null);
  const moved = useSignal('');
  useEffect(() => {
    const again = setInterval(() => void got.load(), POLL_MS);
    return () => clearInterval(again);
  }, [type, severity]);

  const columns: Column[] = (got.data.value?.columns ?? []).map((c) => {
    const items = c.items.filter((x) => (!type || x.type === type) && (!severity || x.severity === severity));
    return { ...c, items: items.sort(byDue(now.peek())) };
  });
  const sizes = columns.map((c) => c.items.length);
  const here = columns[at.value.col]?.items[at.value.row];

  const go = (key: 'h' | 'j' | 'k' | 'l') => {
    at.value = step(sizes, at.value, key);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('.tcard.here')?.focus());
  };
  /* To the nearest column in this direction that the server lets it go to. */
  async function shift(by: number) {
    if (!here) return;
    error.value = null;
    moved.value = '';
    try {
      const { moves } = await authed<Ticket>(`/api/v1/tickets/${seg(here.id)}`);
      const way = by > 0 ? columns.slice(at.value.col + 1) : columns.slice(0, at.value.col).reverse();
      const to = way.find((c) => !moves || moves.includes(c.state))?.state;
      if (!to) return;
      await post(`/api/v1/tickets/${seg(here.id)}/state`, { state: to });
      moved.value = t('ticket.moved', { n: here.id, state: tWord('tstate', to) });
    } catch (e) {
      error.value = e;
    }
    await got.load();
  }
  useKeys(() => ({
    h: () => go('h'), j: () => go('j'), k: () => go('k'), l: () => go('l'),
    ArrowLeft: () => go('h'), ArrowDown: () => go('j'), ArrowUp: () => go('k'), ArrowRight: () => go('l'),
    '[': () => void shift(-1), ']': () => void shift(1),
    Enter: () => {
      if (here) location.hash = makeHash(['tickets', here.id]);
    },
  }));

  return (
    <div class="page-body board-body">
      {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
      {error.value ? <ErrorNote error={error.value} /> : null}
      {moved.value ? <Done text={moved.value} /> : null}
      {!got.data.value ? (
        got.error.value ? null : <Skeleton rows={6} kind="line" />
      ) : sizes.every((n) => n === 0) ? (
        <Empty icon="ticket" title={t('ticket.none')} text={t('ticket.none_text')} />
      ) : (
        <div class="board" data-test="board">
          {columns.map((c, col) => (
            <section key={c.state} class={`column ${c.items.length ? '' : 'bare'}`} aria-label={tWord('tstate', c.state)} data-state={c.state}>
              <h2>
                {tWord('tstate', c.state)} <span class="tag num">{c.count}</span>
              </h2>
              <ol>
                {c.items.map((x, row) => (
                  <li key={x.id}>
                    <Card x={x} here={at.value.col === col && at.value.row === row}
                      focus={() => (at.value = { col, row })} />
                  </li>
                ))}
              </ol>
            </section>
          ))}
        </div>
      )}
    </div>
  );
}

function Card({ x, here, focus }: { x: TicketCard; here: boolean; focus: () => void }) {
  const due = nextDue(x, now.value);
  return (
    <a
      class={`tcard ${here ? 'here' : ''} ${due?.tone === 'bad' ? 'breach' : ''}`}
      href={makeHash(['tickets', x.id])}
      data-test="tcard"
      onFocus={focus}
    >
      <span class="tcard-top">
        <span class="num muted">{x.id}</span>
        <DueTag due={due} />
      </span>
      <b>{x.title}</b>
      <span class="tcard-foot">
        <span class="tag">{tWord('ttype', x.type)}</span>
        <Severity severity={x.severity} />
        <span class="grow" />
        <span class="muted">{x.owner || t('ticket.nobody')}</span>
      </span>
    </a>
  );
}
