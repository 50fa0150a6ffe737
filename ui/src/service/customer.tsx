/* One customer: the card on the left, what happened, orders and tickets on the right. */
import { useSignal, type Signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { dateOnly } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, may, route } from '../console/state.ts';
import { ConsentGrid, DataBox, Identities, JoinBox } from './customer_card.tsx';
import { lastSeen, Tier } from './customers.tsx';
import { CustomerOrders, CustomerTickets, Happened } from './customer_log.tsx';
import { BackBar, ifMatch, seg, useLoad, type Loaded } from './parts.tsx';
import type { Customer } from './types.ts';

export const pathOf = (id: string): string => `/api/v1/customers/${seg(id)}`;
const LANGS = ['zh', 'en'];
const TIERS = ['standard', 'silver', 'gold', 'platinum'];

export interface Card {
  c: Customer;
  got: Loaded<Customer>;
  error: Signal<unknown>;
  reveal: Signal<boolean>;
}

export function CustomerPage({ id }: { id: string }) {
  const reveal = useSignal(false);
  const got = useLoad<Customer>(pathOf(id), reveal.value ? { reveal: 1 } : {});
  const error = useSignal<unknown>(null);
  const c = got.data.value;
  const view = route.value.query['view'] ?? 'log';
  const views: [string, Key][] = [['log', 'cust.log'], ['orders', 'nav.orders'], ['tickets', 'nav.tickets']];
  return (
    <section class="page" aria-label={t('cust.one')} data-test="customer-page">
      <BackBar to={['customers']}>
        <h1>{c?.name || id}</h1>
        {c ? <Tier tier={c.tier} /> : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {error.value ? <ErrorNote error={error.value} retry={() => void got.load()} /> : null}
        {!c ? (
          got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <div class="two">
            <div class="stack">
              <Profile c={c} got={got} error={error} reveal={reveal} />
              <Identities c={c} got={got} error={error} reveal={reveal} />
              <ConsentGrid c={c} got={got} error={error} reveal={reveal} />
              <JoinBox c={c} got={got} error={error} reveal={reveal} />
              {may('customer.export') || may('customer.erase') ? <DataBox c={c} got={got} error={error} reveal={reveal} /> : null}
            </div>
            <div class="stack">
              <nav class="seg" aria-label={t('cust.views')}>
                {views.map(([v, label]) => (
                  <a
                    key={v}
                    href={makeHash(['customers', id], { view: v === 'log' ? '' : v })}
                    aria-current={view === v ? 'page' : undefined}
                    data-test={`view-${v}`}
                  >
                    {t(label)}
                  </a>
                ))}
              </nav>
              {view === 'orders' ? (
                <CustomerOrders id={id} />
              ) : view === 'tickets' ? (
                <CustomerTickets id={id} />
              ) : (
                <Happened id={id} />
              )}
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

/* An edit with the version it was made on; somebody else's edit meanwhile is told. */
export async function patch(x: Card, change: Record<string, unknown>): Promise<void> {
  x.error.value = null;
  try {
    await authed(pathOf(x.c.id), {
      method: 'PATCH',
      body: change,
      headers: ifMatch(x.got),
    });
  } catch (e) {
    const clash = e instanceof ApiError && (e.status === 412 || e.status === 409);
    x.error.value = clash ? new ApiError(409, '', t('svc.clash')) : e;
  }
  await x.got.load();
}

function Choice(p: { label: Key; group: string; words: string[]; value: string; set: (v: string) => void; test: string }) {
  const words = p.words.includes(p.value) || !p.value ? p.words : [p.value, ...p.words];
  return (
    <label class="field">
      <span>{t(p.label)}</span>
      <select class="input" data-test={p.test} value={p.value} onChange={(e) => p.set(e.currentTarget.value)}>
        {p.value ? null : <option value="">–</option>}
        {words.map((w) => (
          <option key={w} value={w}>
            {tWord(p.group, w)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Profile(x: Card) {
  const { c, reveal } = x;
  const stats = Object.entries(c.stats ?? {}).filter(([, v]) => v !== null && typeof v !== 'object');
  const prefs = Object.entries(c.preferences ?? {});
  return (
    <section class="card" data-test="profile">
      <h2>
        {t('cust.card')}
        {may('customer.numbers') ? (
          <button
            class="btn ghost small"
            aria-pressed={reveal.value}
            data-test="reveal"
            title={t('cust.reveal_hint')}
            onClick={() => (reveal.value = !reveal.value)}
          >
            <Icon name="eye" />
            {t(reveal.value ? 'cust.hide' : 'cust.reveal')}
          </button>
        ) : null}
      </h2>
      <div class="pair">
        <Choice label="cust.tier" group="tier" words={TIERS} value={c.tier ?? ''} test="tier"
          set={(tier) => void patch(x, { tier })} />
        <Choice label="cust.language" group="lang" words={LANGS} value={c.language ?? ''} test="language"
          set={(language) => void patch(x, { language })} />
      </div>
      <dl class="facts">
        <div>
          <dt>{t('cust.id')}</dt>
          <dd class="mono">{c.id}</dd>
        </div>
        {c.since ? (
          <div>
            <dt>{t('cust.since')}</dt>
            <dd>{dateOnly(c.since, lang.value)}</dd>
          </div>
        ) : null}
        <div>
          <dt>{t('cust.last')}</dt>
          <dd>{lastSeen(c)}</dd>
        </div>
        {stats.map(([k, v]) => (
          <div key={k}>
            <dt>{tWord('stat', k)}</dt>
            <dd class="num">{k === 'last_status' ? tWord('ostate', String(v)) : String(v) || '–'}</dd>
          </div>
        ))}
        {prefs.map(([k, v]) => (
          <div key={k}>
            <dt>{tWord('pref', k)}</dt>
            <dd>{typeof v === 'object' ? JSON.stringify(v) : tWord('prefword', String(v))}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
