/* Tickets and complaints: the board with its clocks, the list, a new one, one ticket. */
import { t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Icon } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { Board } from './board.tsx';
import { Pick, Search, Tabs, useKeys } from './parts.tsx';
import { NewTicket } from './ticket_new.tsx';
import { TicketPage } from './ticket.tsx';
import { TicketList } from './ticket_list.tsx';

export const TYPES = ['complaint', 'aftersale', 'return', 'enquiry', 'lead', 'internal'];
export const STATES = ['live', 'new', 'open', 'pending_customer', 'pending_third', 'solved', 'closed', 'reopened'];
export const SEVERITIES = ['critical', 'high', 'normal', 'low'];

export default function Tickets() {
  const sub = route.value.path[1] ?? '';
  if (sub === 'new') return <NewTicket />;
  if (sub && sub !== 'list') return <TicketPage key={sub} id={sub} />;
  return <Overview list={sub === 'list'} />;
}

function Overview({ list }: { list: boolean }) {
  useKeys(() => ({ c: () => (location.hash = makeHash(['tickets', 'new'])) }));
  return (
    <section class="page" aria-label={t('nav.tickets')} data-test="tickets">
      <header class="bar">
        <h1>{t('nav.tickets')}</h1>
        <Tabs page="tickets" label={t('ticket.views')} tabs={[['', t('ticket.board')], ['list', t('ticket.list')]]} />
        <a class="btn" href={makeHash(['tickets', 'new'])} data-test="new-ticket">
          <Icon name="plus" />
          {t('ticket.new')} <kbd>c</kbd>
        </a>
        <div class="filters">
          {list ? <Search label={t('ticket.search')} /> : null}
          <Pick name="type" label={t('ticket.type')} group="ttype" words={TYPES} every={t('ticket.every_type')} />
          {list ? (
            <Pick name="state" label={t('order.state')} group="tstate" words={STATES} every={t('order.every_state')} />
          ) : null}
          {list ? (
            <Pick name="due" label={t('ticket.clock')} group="tdue" words={['late', '4h', '24h']} every={t('ticket.any_due')} />
          ) : null}
          <Pick name="severity" label={t('ticket.severity')} group="severity" words={SEVERITIES}
            every={t('ticket.every_severity')} />
        </div>
      </header>
      {list ? (
        <div class="page-body">
          <TicketList />
        </div>
      ) : (
        <Board />
      )}
    </section>
  );
}
