/* Tickets as rows, and the small parts that rows, cards and pages share. */
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, Icon } from '../lib/ui.tsx';
import { now, route } from '../console/state.ts';
import { leftText, nextDue, type Due } from './clocks.ts';
import { Rows, setHashQuery, usePages, useRows } from './parts.tsx';
import type { TicketCard } from './types.ts';

const TONE: Record<string, string> = {
  new: 'accent', open: 'info', pending_customer: 'warn', pending_third: 'warn', solved: 'ok', closed: '', reopened: 'bad',
};

export function TicketState({ state }: { state: string }) {
  return (
    <span class={`tag ${TONE[state] ?? ''}`} data-test="ticket-state">
      {tWord('tstate', state)}
    </span>
  );
}

export function Severity({ severity }: { severity: string }) {
  const tone = severity === 'critical' ? 'bad' : severity === 'high' ? 'warn' : '';
  return <span class={`tag ${tone}`}>{tWord('severity', severity)}</span>;
}

export function DueTag({ due, named = false }: { due: Due | null; named?: boolean }) {
  if (!due) return null;
  const left = leftText(due.left_ms);
  const text =
    due.tone === 'paused' ? t('ticket.paused') : due.left_ms < 0 ? t('ticket.late', { t: left }) : t('ticket.due_in', { t: left });
  const tone = due.tone === 'paused' ? '' : due.tone;
  return (
    <span class={`tag num due ${tone}`} data-test="due" data-tone={due.tone} title={tWord('clock', due.kind)}>
      <Icon name={due.tone === 'paused' ? 'hold' : due.tone === 'bad' ? 'alert' : 'clock'} />
      {named ? `${tWord('clock', due.kind)}: ${text}` : text}
    </span>
  );
}

export function TicketTable({ rows, at }: { rows: TicketCard[]; at: number }) {
  return (
    <div class="card flush">
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('ticket.number')}</th>
            <th>{t('ticket.title')}</th>
            <th>{t('ticket.type')}</th>
            <th>{t('order.state')}</th>
            <th>{t('ticket.severity')}</th>
            <th>{t('ticket.owner')}</th>
            <th>{t('ticket.clock')}</th>
            <th>{t('ticket.created')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((x, n) => (
            <tr key={x.id} data-row aria-current={at === n ? 'true' : undefined} data-test="ticket">
              <td class="num">
                <a href={makeHash(['tickets', x.id])}>{x.id}</a>
              </td>
              <td class="cut">{x.title}</td>
              <td>{tWord('ttype', x.type)}</td>
              <td>
                <TicketState state={x.state} />
              </td>
              <td>
                <Severity severity={x.severity} />
              </td>
              <td>{x.owner || '–'}</td>
              <td>
                <DueTag due={nextDue(x, now.value)} />
              </td>
              <td class="num muted">{dateTime(x.opened_at ?? null, lang.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const filterOf = (): Record<string, string> => {
  const { q = '', type = '', state = '', severity = '', owner = '', due = '' } = route.value.query;
  return { q, type, state, severity, owner, due };
};

export function TicketList() {
  const filter = filterOf();
  const pages = usePages<TicketCard>('/api/v1/tickets', { ...filter, limit: 50 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['tickets', rows[n]!.id])));
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Rows
      pages={pages}
      empty={
        filtered ? (
          <Empty icon="search" title={t('live.none_found')} text={t('ticket.none_found')}>
            <button class="btn" onClick={() => setHashQuery({ q: '', type: '', state: '', severity: '', owner: '', due: '' })}>
              {t('live.clear')}
            </button>
          </Empty>
        ) : (
          <Empty icon="ticket" title={t('ticket.none')} text={t('ticket.none_text')} />
        )
      }
    >
      {(all) => <TicketTable rows={all} at={at.value} />}
    </Rows>
  );
}
