/* Customers: search and list, or one customer's page. */
import { ago } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty } from '../lib/ui.tsx';
import { now, route } from '../console/state.ts';
import { CustomerPage } from './customer.tsx';
import { Proposals } from './joins.tsx';
import { Rows, Search, setHashQuery, usePages, useRows } from './parts.tsx';
import type { CustomerRow } from './types.ts';

export default function Customers() {
  const id = route.value.path[1];
  return id ? <CustomerPage key={id} id={id} /> : <Overview joins={route.value.query['view'] === 'joins'} />;
}

export const lastSeen = (c: CustomerRow): string =>
  ago(c.last_at ?? (c.last_ms ? new Date(c.last_ms).toISOString() : null), now.value, lang.value);

function Overview({ joins }: { joins: boolean }) {
  return (
    <section class="page" aria-label={t('nav.customers')} data-test="customers">
      <header class="bar">
        <h1>{t('nav.customers')}</h1>
        <nav class="seg" aria-label={t('cust.views')}>
          <a href="#/customers" aria-current={joins ? undefined : 'page'}>
            {t('cust.all')}
          </a>
          <a href={makeHash(['customers'], { view: 'joins' })} aria-current={joins ? 'page' : undefined} data-test="joins">
            {t('cust.perhaps')}
          </a>
        </nav>
        {joins ? null : (
          <div class="filters">
            <Search label={t('cust.search')} />
          </div>
        )}
      </header>
      <div class="page-body">{joins ? <Proposals /> : <List />}</div>
    </section>
  );
}

function List() {
  const { q = '' } = route.value.query;
  const pages = usePages<CustomerRow>('/api/v1/customers', { q, limit: 50 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['customers', rows[n]!.id])));
  return (
    <>
        <Rows
          pages={pages}
          empty={
            q ? (
              <Empty icon="search" title={t('live.none_found')} text={t('cust.none_found')}>
                <button class="btn" onClick={() => setHashQuery({ q: '' })}>
                  {t('live.clear')}
                </button>
              </Empty>
            ) : (
              <Empty icon="users" title={t('cust.none')} text={t('cust.none_text')} />
            )
          }
        >
          {(all) => (
            <div class="card flush">
              <table class="table rows">
                <thead>
                  <tr>
                    <th>{t('cust.name')}</th>
                    <th>{t('cust.tier')}</th>
                    <th>{t('cust.language')}</th>
                    <th>{t('cust.phone')}</th>
                    <th>{t('cust.email')}</th>
                    <th>{t('cust.last')}</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((c, n) => (
                    <tr key={c.id} data-row aria-current={at.value === n ? 'true' : undefined} data-test="customer">
                      <td>
                        <a href={makeHash(['customers', c.id])}>{c.name || c.id}</a>
                      </td>
                      <td>
                        <Tier tier={c.tier} />
                      </td>
                      <td>{tWord('lang', c.language)}</td>
                      <td class="num">{c.phone_masked || '–'}</td>
                      <td>{c.email_masked || '–'}</td>
                      <td class="num muted">{lastSeen(c)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Rows>
    </>
  );
}

export function Tier({ tier }: { tier: string | null | undefined }) {
  if (!tier) return null;
  return <span class={`tag tier ${tier}`}>{tWord('tier', tier)}</span>;
}
