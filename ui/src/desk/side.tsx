/* The right pane: help for this conversation, and the customer with orders and tickets. */
import { useSignal, type Signal } from '@preact/signals';
import { ago, dateOnly } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { now } from '../console/state.ts';
import { Actions } from '../service/action.tsx';
import { DueTag as TicketDue } from '../service/ticket_list.tsx';
import { nextDue } from '../service/clocks.ts';
import { State } from '../service/order_list.tsx';
import { money, seg, useLoad } from '../service/parts.tsx';
import { Tier } from '../service/customers.tsx';
import type { Customer, OrderRow, TicketCard } from '../service/types.ts';
import { CallButton } from './dial.tsx';
import { Assist, type Doing } from './assist.tsx';
import type { Talk, Work } from './types.ts';

const TABS: [string, Key][] = [['help', 'desk.help'], ['customer', 'desk.customer']];

export function Side({ w, talk }: { w: Work; talk: Talk }) {
  const tab = useSignal('help');
  const doing = useSignal<Doing | null>(null);
  return (
    <aside class="desk-side" aria-label={t('desk.side')} data-test="side">
      <div class="seg" role="group" aria-label={t('desk.side')}>
        {TABS.map(([id, label]) => (
          <button key={id} data-test={`side-${id}`} aria-pressed={tab.value === id} onClick={() => (tab.value = id)}>
            {t(label)}
            {id === 'help' && talk.alerts.length ? <em class="num">{talk.alerts.length}</em> : null}
          </button>
        ))}
      </div>
      <div class="side-body" tabIndex={0}>
        {tab.value === 'help' ? (
          <>
            <WhoLine w={w} more={() => (tab.value = 'customer')} />
            <Assist w={w} talk={talk} doing={doing} />
            <Do w={w} doing={doing} />
          </>
        ) : (
          <Card w={w} doing={doing} />
        )}
      </div>
    </aside>
  );
}

/* Carries a tool out for the customer, with what is known filled in. */
function Do({ w, doing }: { w: Work; doing: Signal<Doing | null> }) {
  const d = doing.value;
  if (!d) return null;
  return (
    <div data-test="doing">
      <Actions key={d.tool + JSON.stringify(d.args)} customer={w.customer?.id ?? ''} preset={d.args} pick={d.tool}
        conversation={w.conversation} keys={false} after={() => undefined} />
    </div>
  );
}

function WhoLine({ w, more }: { w: Work; more: () => void }) {
  const c = w.customer;
  return (
    <button class="wholine" onClick={more} data-test="who">
      <Icon name="users" />
      <span>
        {c?.id && !c.name ? <NameOf id={c.id} /> : <b>{c?.name || t('desk.unknown')}</b>}
        <small>{c?.level !== undefined && (c.id || c.name) ? tWord('knownlevel', String(c.level)) : t('desk.unknown_text')}</small>
      </span>
      {c?.tier ? <Tier tier={c.tier} /> : null}
      <Icon name="right" />
    </button>
  );
}

/* Who proved who they are while they talked has no name in the hand-over. */
function NameOf({ id }: { id: string }) {
  const got = useLoad<Customer>(`/api/v1/customers/${seg(id)}`);
  return <b>{got.data.value?.name || id}</b>;
}

function Card({ w, doing }: { w: Work; doing: Signal<Doing | null> }) {
  const id = w.customer?.id;
  if (!id) return <p class="note">{t('desk.no_customer')}</p>;
  return (
    <>
      <About id={id} />
      <Orders id={id} pick={(order) => (doing.value = { tool: '', args: { order } })} />
      <Do w={w} doing={doing} />
      <Tickets id={id} conversation={w.conversation} />
    </>
  );
}

function About({ id }: { id: string }) {
  const got = useLoad<Customer>(`/api/v1/customers/${seg(id)}`);
  const c = got.data.value;
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!c) return <Skeleton rows={3} kind="line" />;
  return (
    <section class="mini" data-test="desk-customer">
      <h2>
        <a href={makeHash(['customers', id])}>{c.name || id}</a>
        <Tier tier={c.tier} />
      </h2>
      <dl class="facts">
        {c.phone_masked ? <div><dt>{t('cust.phone')}</dt><dd class="num">{c.phone_masked} <CallButton customer={id} name={c.name || id} small /></dd></div> : null}
        {c.email_masked ? <div><dt>{t('cust.email')}</dt><dd>{c.email_masked}</dd></div> : null}
        {c.language ? <div><dt>{t('cust.language')}</dt><dd>{tWord('lang', c.language)}</dd></div> : null}
        {c.since ? <div><dt>{t('cust.since')}</dt><dd>{dateOnly(c.since, lang.value)}</dd></div> : null}
      </dl>
    </section>
  );
}

function Orders({ id, pick }: { id: string; pick: (order: string) => void }) {
  const got = useLoad<{ items: OrderRow[] }>('/api/v1/orders', { customer: id, limit: 6 });
  const rows = got.data.value?.items ?? [];
  if (got.error.value) return <ErrorNote error={got.error.value} />;
  if (!rows.length) return null;
  return (
    <section class="mini" data-test="desk-orders">
      <h2>{t('nav.orders')}</h2>
      <ul>
        {rows.map((o) => (
          <li key={o.number}>
            <a class="num" href={makeHash(['orders', o.number])}>{o.number}</a>
            <State state={o.state} />
            <span class="num muted">{money(o.total, o.currency)}</span>
            <span class="muted grow">{ago(o.placed_at, now.value, lang.value)}</span>
            <button class="btn ghost small" data-test="order-do" onClick={() => pick(o.number)}>{t('desk.act')}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Tickets({ id, conversation }: { id: string; conversation: string }) {
  const got = useLoad<{ items: TicketCard[] }>('/api/v1/tickets', { customer: id, limit: 6 });
  const rows = got.data.value?.items ?? [];
  return (
    <section class="mini" data-test="desk-tickets">
      <h2>
        {t('nav.tickets')}
        <a class="btn ghost small" href={makeHash(['tickets', 'new'], { conversation, customer: id })}>
          <Icon name="plus" />
          {t('ticket.new')}
        </a>
      </h2>
      {got.error.value ? <ErrorNote error={got.error.value} /> : null}
      <ul>
        {rows.map((x) => (
          <li key={x.id}>
            <a class="num" href={makeHash(['tickets', x.id])}>{x.id}</a>
            <span class="grow cut">{x.title}</span>
            <span class="tag">{tWord('tstate', x.state)}</span>
            <TicketDue due={nextDue(x, now.value)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
