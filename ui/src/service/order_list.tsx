/* Orders as rows: on their page and on a customer's. */
import { useEffect } from 'preact/hooks';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { loadNames, nameOf } from './known.ts';
import { money, Rows, setHashQuery, usePages, useRows } from './parts.tsx';
import type { OrderRow, ReturnRow } from './types.ts';

const TONE: Record<string, string> = {
  delivered: 'ok', completed: 'ok', refunded: 'ok', exchanged: 'ok', closed: '', shipped: 'info', in_transit: 'info',
  out_for_delivery: 'info', placed: 'accent', paid: 'accent', packed: 'accent', cancelled: 'bad', lost: 'bad',
  refused: 'bad', rejected: 'bad', returned: 'warn', return_requested: 'warn', requested: 'warn', approved: 'accent',
  collected: 'info', received: 'info', pending: 'warn', unpaid: 'warn',
};

export function State({ state }: { state: string }) {
  return (
    <span class={`tag ${TONE[state] ?? ''}`} data-test="state">
      {tWord('ostate', state)}
    </span>
  );
}

export function OrderTable({ rows, at }: { rows: OrderRow[]; at: number }) {
  useEffect(() => void loadNames(), []);
  return (
    <div class="card flush">
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('order.number')}</th>
            <th>{t('order.state')}</th>
            <th>{t('order.customer')}</th>
            <th class="right">{t('order.total')}</th>
            <th>{t('order.placed')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((o, n) => (
            <tr key={o.number} data-row aria-current={at === n ? 'true' : undefined} data-test="order">
              <td>
                <a class="num" href={makeHash(['orders', o.number])}>
                  {o.number}
                </a>
              </td>
              <td>
                <State state={o.state} />
              </td>
              <td>{o.customer ? <a href={makeHash(['customers', o.customer])}>{nameOf(o.customer)}</a> : '–'}</td>
              <td class="num right">{money(o.total, o.currency)}</td>
              <td class="num muted">{dateTime(o.placed_at, lang.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function OrderList() {
  const { q = '', state = '' } = route.value.query;
  const pages = usePages<OrderRow>('/api/v1/orders', { q, state, limit: 50 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['orders', rows[n]!.number])));
  return (
    <Rows pages={pages} empty={<Nothing filtered={Boolean(q || state)} />}>
      {(all) => <OrderTable rows={all} at={at.value} />}
    </Rows>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (!filtered) return <Empty icon="box" title={t('order.none')} text={t('order.none_text')} />;
  return (
    <Empty icon="search" title={t('live.none_found')} text={t('order.none_found')}>
      <button class="btn" onClick={() => setHashQuery({ q: '', state: '' })}>
        {t('live.clear')}
      </button>
    </Empty>
  );
}

/* short: on the page of their order */
export function ReturnTable({ rows, at = -1, short = false }: { rows: ReturnRow[]; at?: number; short?: boolean }) {
  return (
    <div class="card flush">
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('return.number')}</th>
            <th>{t('return.kind')}</th>
            <th>{t('order.state')}</th>
            {short ? null : <th>{t('order.number')}</th>}
            <th>{t('return.reason')}</th>
            <th class="right">{t('return.refund')}</th>
            {short ? null : <th>{t('return.at')}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((r, n) => (
            <tr key={r.id} data-row aria-current={at === n ? 'true' : undefined} data-test="return">
              <td>
                <a class="num" href={makeHash(['orders', 'returns', r.id])}>
                  {r.id}
                </a>
              </td>
              <td>{tWord('rkind', r.kind)}</td>
              <td>
                <State state={r.state} />
              </td>
              {short ? null : (
                <td class="num">{r.order ? <a href={makeHash(['orders', r.order])}>{r.order}</a> : '–'}</td>
              )}
              <td class="cut">{tWord('rreason', r.reason)}</td>
              <td class="num right">{money(r.refund, r.currency)}</td>
              {short ? null : <td class="num muted">{dateTime(r.requested_at ?? null, lang.value)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ReturnList() {
  const { state = '' } = route.value.query;
  const pages = usePages<ReturnRow>('/api/v1/returns', { state, limit: 50 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['orders', 'returns', rows[n]!.id])));
  return (
    <Rows pages={pages} empty={<Empty icon="reply" title={t('return.none')} text={t('return.none_text')} />}>
      {(all) => <ReturnTable rows={all} at={at.value} />}
    </Rows>
  );
}
