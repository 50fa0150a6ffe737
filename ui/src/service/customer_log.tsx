/* A customer's right side: everything that happened, filtered; orders; tickets. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, Icon, type IconName } from '../lib/ui.tsx';
import { OrderTable } from './order_list.tsx';
import { byText, Rows, seg, useLoad, usePages, useRows } from './parts.tsx';
import { TicketTable } from './ticket_list.tsx';
import { familyOf, hrefOf, withOrders, type Family } from './moments.ts';
import type { Moment, OrderRow, TicketCard } from './types.ts';

const ICON: Record<Family, IconName> = {
  talk: 'chat',
  order: 'box',
  ticket: 'ticket',
  record: 'users',
};
const FAMILIES = Object.keys(ICON) as Family[];

export function Happened({ id }: { id: string }) {
  const pages = usePages<Moment>(`/api/v1/customers/${seg(id)}/timeline`, {});
  const only = useSignal<Family | ''>('');
  const channel = useSignal('');
  const orders = useLoad<{ items: OrderRow[] }>('/api/v1/orders', { customer: id, limit: 100 });
  const all = withOrders(pages.rows.value ?? [], orders.data.value?.items ?? [], Boolean(pages.next.value));
  const channels = [...new Set(all.map((m) => m.channel ?? '').filter(Boolean))].sort();
  const rows = all.filter(
    (m) => (!only.value || familyOf(m.kind) === only.value) && (!channel.value || m.channel === channel.value),
  );
  const open = (n: number) => {
    const to = hrefOf(rows[n]!);
    if (to) location.hash = to;
  };
  const at = useRows(rows.length, open);
  return (
    <>
      <div class="chips" role="group" aria-label={t('cust.filter')}>
        {FAMILIES.map((f) => (
          <button key={f} class="chip" aria-pressed={only.value === f} data-test={`only-${f}`}
            onClick={() => (only.value = only.value === f ? '' : f)}>
            <Icon name={ICON[f]} />
            {tWord('family', f)}
          </button>
        ))}
        {channels.map((c) => (
          <button key={c} class="chip" aria-pressed={channel.value === c}
            onClick={() => (channel.value = channel.value === c ? '' : c)}>
            {tWord('channel', c)}
          </button>
        ))}
      </div>
      <Rows pages={pages} empty={<Empty icon="clock" title={t('cust.log_none')} text={t('cust.log_none_text')} />}>
        {() => (
          <ol class="moments" data-test="timeline">
            {rows.map((m, n) => {
              const to = hrefOf(m);
              const family = familyOf(m.kind);
              return (
                <li key={`${m.at}${m.kind}${m.ref}${n}`} data-row aria-current={at.value === n ? 'true' : undefined} data-test="moment">
                  <span class={`moment-icon ${family}`}>
                    <Icon name={m.channel === 'phone' ? 'phone' : ICON[family]} />
                  </span>
                  <div class="grow">
                    <p>
                      <b>{tWord('moment', m.kind)}</b>
                      {m.channel ? <span class="tag">{tWord('channel', m.channel)}</span> : null}
                    </p>
                    {to ? <a href={to}>{m.title || m.ref}</a> : <span>{m.title}</span>}
                  </div>
                  <time class="num muted" dateTime={m.at}>
                    {dateTime(m.at, lang.value)}
                    {m.by ? <small>{byText(m.by)}</small> : null}
                  </time>
                </li>
              );
            })}
          </ol>
        )}
      </Rows>
    </>
  );
}

export function CustomerOrders({ id }: { id: string }) {
  const pages = usePages<OrderRow>('/api/v1/orders', { customer: id });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['orders', rows[n]!.number])));
  return (
    <Rows pages={pages} empty={<Empty icon="box" title={t('order.none')} text={t('order.none_customer')} />}>
      {(all) => <OrderTable rows={all} at={at.value} />}
    </Rows>
  );
}

export function CustomerTickets({ id }: { id: string }) {
  const pages = usePages<TicketCard>('/api/v1/tickets', { customer: id });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['tickets', rows[n]!.id])));
  return (
    <Rows pages={pages}
      empty={
        <Empty icon="ticket" title={t('ticket.none')} text={t('ticket.none_customer')}>
          <a class="btn" href={makeHash(['tickets', 'new'], { customer: id })}>
            {t('ticket.new')}
          </a>
        </Empty>
      }>
      {(all) => <TicketTable rows={all} at={at.value} />}
    </Rows>
  );
}
