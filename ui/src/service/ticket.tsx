/* One ticket: what it is about, what is demanded and shown, its clocks, what was done, and the next moves. */
import { useSignal, type Signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { dateTime, fromLocal, localTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, now, user } from '../console/state.ts';
import { Actions } from './action.tsx';
import { allDue } from './clocks.ts';
import { Facts, Value } from './facts.tsx';
import { BackBar, byText, Done, ifMatch, post, seg, useKeys, useLoad, type Loaded } from './parts.tsx';
import { DueTag, Severity, TicketState } from './ticket_list.tsx';
import type { Ticket } from './types.ts';

interface Part {
  x: Ticket;
  got: Loaded<Ticket>;
  error: Signal<unknown>;
  done: Signal<string>;
}

const pathOf = (id: string): string => `/api/v1/tickets/${seg(id)}`;

export function TicketPage({ id }: { id: string }) {
  const got = useLoad<Ticket>(pathOf(id));
  const error = useSignal<unknown>(null);
  const done = useSignal('');
  const x = got.data.value;
  return (
    <section class="page" aria-label={t('ticket.one')} data-test="ticket-page">
      <BackBar to={['tickets']}>
        <h1>
          <span class="num">{id}</span> {x?.title}
        </h1>
        {x ? (
          <>
            <TicketState state={x.state} />
            <Severity severity={x.severity} />
            {x.state === 'closed' ? null : allDue(x, now.value).map((d) => <DueTag key={d.kind} due={d} named />)}
          </>
        ) : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {error.value ? <ErrorNote error={error.value} retry={() => void got.load()} /> : null}
        {done.value ? <Done text={done.value} /> : null}
        {!x ? (
          got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <div class="two">
            <div class="stack">
              <Moves x={x} got={got} error={error} done={done} />
              <Fields x={x} got={got} error={error} done={done} />
              <Links x={x} got={got} error={error} done={done} />
            </div>
            <div class="stack">
              <Case x={x} />
              <Actions customer={x.customer ?? ''} preset={{ number: x.id }} keys={false} after={() => void got.load()} />
              <Notes x={x} got={got} error={error} done={done} />
              <History x={x} />
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

async function change(p: Part, job: () => Promise<unknown>, said: string): Promise<void> {
  p.error.value = null;
  p.done.value = '';
  try {
    await job();
    p.done.value = said;
  } catch (e) {
    const clash = e instanceof ApiError && e.status === 412;
    p.error.value = clash ? new ApiError(409, '', t('svc.clash')) : e;
  }
  await p.got.load();
}

/* Where this role may move it, as the server says; with a reason, or the customer's word. */
function Moves(p: Part) {
  const why = useSignal('');
  const moves = p.x.moves ?? [];
  const go = (state: string) =>
    void change(p, async () => {
      await post(`${pathOf(p.x.id)}/state`, { state, ...(why.value.trim() ? { why: why.value.trim() } : {}) });
      why.value = '';
    }, t('ticket.moved', { n: p.x.id, state: tWord('tstate', state) }));
  useKeys(() => Object.fromEntries(moves.map((m, n) => [String(n + 1), () => go(m)])));
  return (
    <section class="card" data-test="moves">
      <h2>{t('ticket.next')}</h2>
      <div class="chips">
        {moves.map((m, n) => (
          <button key={m} class="chip" data-test={`move-${m}`} onClick={() => go(m)}>
            <kbd>{n + 1}</kbd>
            {tWord('tmove', m)}
          </button>
        ))}
      </div>
      <input class="input" data-test="move-note" aria-label={t('ticket.why')} placeholder={t('ticket.why')}
        value={why.value} onInput={(e) => (why.value = e.currentTarget.value)} />
    </section>
  );
}

function Fields(p: Part) {
  const { x } = p;
  const promise = useSignal(localTime(x.promised_at));
  const owner = useSignal(x.owner ?? '');
  const save = (body: Record<string, unknown>) =>
    void change(p, () =>
      authed(pathOf(x.id), {
        method: 'PATCH',
        body,
        headers: ifMatch(p.got),
      }), t('svc.saved'));
  const me = user.value?.login;
  return (
    <section class="card" data-test="ticket-fields">
      <h2>{t('ticket.card')}</h2>
      <dl class="facts">
        <div>
          <dt>{t('ticket.type')}</dt>
          <dd>{tWord('ttype', x.type)}</dd>
        </div>
        {x.category ? (
          <div>
            <dt>{t('kb.category')}</dt>
            <dd>{x.category}</dd>
          </div>
        ) : null}
        {x.customer ? (
          <div>
            <dt>{t('order.customer')}</dt>
            <dd>
              <a href={makeHash(['customers', x.customer])}>{x.customer}</a>
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t('ticket.created')}</dt>
          <dd class="num">{dateTime(x.opened_at ?? null, lang.value)}</dd>
        </div>
      </dl>
      <form class="srow" onSubmit={(e) => {
        e.preventDefault();
        save({ owner: owner.value.trim() });
      }}>
        <label class="field grow">
          <span>{t('ticket.owner')}</span>
          <input class="input" data-test="owner" value={owner.value} onInput={(e) => (owner.value = e.currentTarget.value)} />
        </label>
        <button class="btn" type="submit" data-test="owner-save">{t('svc.save')}</button>
        {me && owner.value !== me ? (
          <button class="btn" type="button" data-test="take" onClick={() => {
            owner.value = me;
            save({ owner: me });
          }}>
            {t('ticket.take')}
          </button>
        ) : null}
      </form>
      <form class="srow" onSubmit={(e) => {
        e.preventDefault();
        const promised_at = fromLocal(promise.value);
        if (promised_at) save({ promised_at });
      }}>
        <label class="field grow">
          <span>{t('ticket.promise')}</span>
          <input class="input" type="datetime-local" data-test="promise" value={promise.value}
            onInput={(e) => (promise.value = e.currentTarget.value)} />
        </label>
        <button class="btn" type="submit" data-test="promise-save">{t('svc.save')}</button>
      </form>
    </section>
  );
}

const LINK: Record<string, (ref: string) => string> = {
  conversation: (r) => makeHash(['c', r]),
  order: (r) => makeHash(['orders', r]),
  return: (r) => makeHash(['orders', 'returns', r]),
  ticket: (r) => makeHash(['tickets', r]),
};

function Links(p: Part) {
  const kind = useSignal('conversation');
  const ref = useSignal('');
  const add = (e: Event) => {
    e.preventDefault();
    if (!ref.value.trim()) return;
    void change(p, async () => {
      await post(`${pathOf(p.x.id)}/link`, { kind: kind.value, ref: ref.value.trim() });
      ref.value = '';
    }, t('svc.saved'));
  };
  return (
    <section class="card" data-test="links">
      <h2>{t('ticket.links')}</h2>
      <ul class="lines">
        {(p.x.links ?? []).map((l) => (
          <li key={l.kind + l.ref}>
            <span class="kind">{tWord('linkkind', l.kind)}</span>
            {LINK[l.kind] ? <a class="grow" href={LINK[l.kind]!(l.ref)}>{l.ref}</a> : <span>{l.ref}</span>}
          </li>
        ))}
      </ul>
      <form class="srow" onSubmit={add}>
        <select class="input" aria-label={t('ticket.link_kind')} value={kind.value}
          onChange={(e) => (kind.value = e.currentTarget.value)}>
          {Object.keys(LINK).map((k) => (
            <option key={k} value={k}>
              {tWord('linkkind', k)}
            </option>
          ))}
        </select>
        <input class="input" data-test="link-ref" aria-label={t('ticket.link_ref')} placeholder={t('ticket.link_ref')}
          value={ref.value} onInput={(e) => (ref.value = e.currentTarget.value)} />
        <button class="btn" type="submit" data-test="link-add">{t('svc.add')}</button>
      </form>
    </section>
  );
}

/* What a complaint says; the demand and the evidence apart from the rest. */
function Case({ x }: { x: Ticket }) {
  const { wants: demand, evidence, proposal: resolution, ...rest } = x.facts ?? {};
  const list = Array.isArray(evidence) ? evidence : evidence ? [evidence] : [];
  if (!Object.keys(rest).length && !demand && !list.length && !resolution) return null;
  return (
    <section class="card" data-test="case">
      <h2>{t('ticket.facts')}</h2>
      <Facts of={rest} />
      {demand ? (
        <div class="demand">
          <Icon name="flag" />
          <b>{t('ticket.demand')}</b> <Value name="demand" v={demand} />
        </div>
      ) : null}
      {list.length ? (
        <>
          <h3>{t('ticket.evidence')}</h3>
          <Value name="evidence" v={list} />
        </>
      ) : null}
      {resolution ? (
        <>
          <h3>{t('ticket.resolution')}</h3>
          <Value name="resolution" v={resolution} />
        </>
      ) : null}
    </section>
  );
}

function Notes(p: Part) {
  const text = useSignal('');
  const open = useSignal(false); /* the customer may read it */
  const add = (e: Event) => {
    e.preventDefault();
    if (!text.value.trim()) return;
    void change(p, async () => {
      await post(`${pathOf(p.x.id)}/notes`, { text: text.value.trim(), public: open.value });
      text.value = '';
      open.value = false;
    }, t('ticket.noted'));
  };
  useKeys(() => ({ m: () => document.querySelector<HTMLElement>('[data-note]')?.focus() }));
  return (
    <section class="card" data-test="notes">
      <h2>{t('ticket.notes')}</h2>
      <ol class="moments">
        {(p.x.history ?? []).filter((h) => h.kind === 'note').map((n) => (
          <li key={n.n}>
            <div class="grow">
              <p class="pre">
                {n.text} {n.public ? <span class="tag info">{t('ticket.public')}</span> : null}
              </p>
            </div>
            <time class="num muted">
              {dateTime(n.at, lang.value)}
              <small>{byText(n.by)}</small>
            </time>
          </li>
        ))}
      </ol>
      <form class="srow" onSubmit={add}>
        <textarea class="input" rows={2} data-note data-test="note-text" aria-label={t('ticket.note')}
          placeholder={t('ticket.note')} value={text.value} maxLength={4000}
          onInput={(e) => (text.value = e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) add(e);
          }} />
        <label class="check">
          <input type="checkbox" checked={open.value} onChange={(e) => (open.value = e.currentTarget.checked)} />
          {t('ticket.public')}
        </label>
        <button class="btn" type="submit" data-test="note-add" title="Ctrl Enter">{t('svc.add')}</button>
      </form>
    </section>
  );
}

function History({ x }: { x: Ticket }) {
  const rows = (x.history ?? []).filter((h) => h.kind !== 'note');
  if (!rows.length) return null;
  const word = (v: unknown): string => (typeof v === 'string' ? tWord('tstate', v) : '');
  return (
    <section class="card" data-test="history">
      <h2>{t('ticket.history')}</h2>
      <ol class="moments">
        {rows.map((h) => (
          <li key={h.n}>
            <div class="grow">
              <p>
                <b>{tWord('moment', h.kind)}</b>
                {h.body?.['to'] ? (
                  <span>
                    {word(h.body['from'])} → {word(h.body['to'])}
                  </span>
                ) : null}
              </p>
              {h.text ? <span class="pre">{h.text}</span> : null}
            </div>
            <time class="num muted">
              {dateTime(h.at, lang.value)}
              <small>{byText(h.by)}</small>
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}
