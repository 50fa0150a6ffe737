/* Orders, returns and approvals: the lists, one order, one return. */
import { t } from '../lib/i18n.ts';
import { route } from '../console/state.ts';
import { Approvals } from './approvals.tsx';
import { OrderPage, ReturnPage } from './order.tsx';
import { OrderList, ReturnList } from './order_list.tsx';
import { Pick, Search, Tabs } from './parts.tsx';

const ORDER_STATES = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned'];
const RETURN_STATES = ['requested', 'collected', 'checked', 'refunded', 'refused', 'sent', 'done', 'cancelled'];

export default function Orders() {
  const [, sub = '', id = ''] = route.value.path;
  if (sub === 'returns' && id) return <ReturnPage key={id} id={id} />;
  if (sub && sub !== 'returns' && sub !== 'approvals') return <OrderPage key={sub} number={sub} />;
  return (
    <section class="page" aria-label={t('nav.orders')} data-test="orders">
      <header class="bar">
        <h1>{t('nav.orders')}</h1>
        <Tabs page="orders" label={t('order.views')}
          tabs={[['', t('nav.orders')], ['returns', t('return.title')], ['approvals', t('approval.title')]]} />
        {sub === 'approvals' ? null : (
          <div class="filters">
            {sub === '' ? <Search label={t('order.search')} /> : null}
            <Pick name="state" label={t('order.state')} group="ostate" every={t('order.every_state')}
              words={sub === 'returns' ? RETURN_STATES : ORDER_STATES} />
          </div>
        )}
      </header>
      <div class="page-body">
        {sub === 'approvals' ? <Approvals /> : sub === 'returns' ? <ReturnList /> : <OrderList />}
      </div>
    </section>
  );
}
