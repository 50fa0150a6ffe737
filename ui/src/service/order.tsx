/* One order: its way, its items, its returns, and what can be done with it. One return likewise. */
import { dateTime } from '../lib/format.ts';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { Actions } from './action.tsx';
import { Facts } from './facts.tsx';
import { ReturnTable, State } from './order_list.tsx';
import { BackBar, money, seg, useLoad } from './parts.tsx';
import type { Order, Refund, ReturnRow } from './types.ts';
import { wayOf } from './way.ts';

export function OrderPage({ number }: { number: string }) {
  const got = useLoad<Order>(`/api/v1/orders/${seg(number)}`, { lang: lang.value });
  const o = got.data.value;
  return (
    <section class="page" aria-label={t('order.one')} data-test="order-page">
      <BackBar to={['orders']}>
        <h1 class="num">{number}</h1>
        {o ? <State state={o.state} /> : null}
        {o?.customer ? (
          <a class="btn ghost" href={makeHash(['customers', o.customer])} data-test="order-customer">
            <Icon name="users" />
            {o.customer_name || o.customer}
          </a>
        ) : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {!o ? (
          got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <>
            <Way o={o} />
            <div class="two even">
              <div class="stack">
                <Items o={o} />
                {o.returns?.length ? (
                  <>
                    <h2 class="section">{t('return.title')}</h2>
                    <ReturnTable rows={o.returns} short />
                  </>
                ) : null}
                {o.refunds?.length ? <Refunds rows={o.refunds} currency={o.currency} /> : null}
              </div>
              <Actions customer={o.customer ?? ''} preset={{ order: o.number }} after={() => void got.load()} />
            </div>
          </>
        )}
      </div>
    </section>
  );
}

const MOVING = /^(shipped|transit|in_transit|out|out_for_delivery|missed|redirected)$/;

function Way({ o }: { o: Order }) {
  const stops = wayOf(o);
  return (
    <section class="card way-card" data-test="way">
      <h2>
        {t('order.way')}
        <small>{[o.carrier, o.tracking].filter(Boolean).join(' · ')}</small>
      </h2>
      <ol class="way">
        {stops.map((s, n) => (
          <li key={n} class={s.state} aria-current={s.state === 'now' ? 'step' : undefined} data-test="stop">
            <span class="way-dot">
              {s.state === 'now' && MOVING.test(s.kind) ? (
                <Icon name="truck" />
              ) : s.state === 'stopped' ? (
                <Icon name="x" />
              ) : s.state === 'todo' ? null : (
                <Icon name="check" />
              )}
            </span>
            <b>{tWord('ostate', s.kind)}</b>
            {s.place ? <span>{s.place}</span> : null}
            {s.text ? <span class="muted">{both(s.text)}</span> : null}
            <time class="num muted">{s.at ? dateTime(s.at, lang.value) : t('order.to_come')}</time>
          </li>
        ))}
      </ol>
    </section>
  );
}

const addressText = (a: Order['address']): string =>
  !a ? '' : typeof a === 'string' ? a : Object.values(a).filter((x) => typeof x === 'string').join(lang.value === 'zh' ? ' ' : ', ');

function Items({ o }: { o: Order }) {
  return (
    <section class="card" data-test="items">
      <h2>{t('order.items')}</h2>
      <table class="plain">
        <thead>
          <tr>
            <th>{t('order.item')}</th>
            <th class="right">{t('order.qty')}</th>
            <th class="right">{t('order.price')}</th>
          </tr>
        </thead>
        <tbody>
          {o.items.map((i) => (
            <tr key={i.sku}>
              <td>
                {both(i.name) || i.sku} <small class="muted mono">{i.sku}</small>
              </td>
              <td class="num right">{i.qty}</td>
              <td class="num right">{money(i.price, o.currency)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th colSpan={2}>{t('order.total')}</th>
            <td class="num right">
              <b>{money(o.total, o.currency)}</b>
            </td>
          </tr>
        </tfoot>
      </table>
      {o.address ? (
        <p class="hint">
          {t('order.address')} {addressText(o.address)}
        </p>
      ) : null}
    </section>
  );
}

/* What went back to the customer, or is on its way. */
function Refunds({ rows, currency }: { rows: Refund[]; currency: string | undefined }) {
  return (
    <>
      <h2 class="section">{t('refund.title')}</h2>
      <div class="card flush" data-test="refunds">
        <table class="table rows">
          <thead>
            <tr>
              <th>{t('refund.number')}</th>
              <th>{t('refund.why')}</th>
              <th>{t('order.state')}</th>
              <th>{t('refund.at')}</th>
              <th class="right">{t('refund.amount')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.id} data-test="refund">
                <td class="num">{r.id}</td>
                <td>{tWord('refkind', r.kind)}</td>
                <td>
                  <State state={r.state} />
                </td>
                <td class="num muted">{dateTime(r.released_at ?? r.made_at ?? null, lang.value)}</td>
                <td class="num right">{money(r.amount, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

export function ReturnPage({ id }: { id: string }) {
  const got = useLoad<ReturnRow & Record<string, unknown>>(`/api/v1/returns/${seg(id)}`, { lang: lang.value });
  const r = got.data.value;
  return (
    <section class="page" aria-label={t('return.one')} data-test="return-page">
      <BackBar to={['orders', 'returns']}>
        <h1 class="num">{id}</h1>
        {r ? <State state={r.state} /> : null}
        {r?.order ? (
          <a class="btn ghost" href={makeHash(['orders', r.order])}>
            <Icon name="box" />
            {r.order}
          </a>
        ) : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {!r ? (
          got.error.value ? null : <Skeleton rows={6} kind="line" />
        ) : (
          <div class="two even">
            <section class="card">
              <h2>{t('return.one')}</h2>
              <Facts of={r} skip={['id', 'state']} />
            </section>
            <Actions
              customer={String(r['customer'] ?? '')}
              preset={{ return: id, return_id: id, rma: id }}
              after={() => void got.load()}
            />
          </div>
        )}
      </div>
    </section>
  );
}
