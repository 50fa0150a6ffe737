/* Parts of the card: identities with how sure they are, consent, and joining two customers. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed, authedBytes, may } from '../console/state.ts';
import { CallButton, CallNote } from '../desk/dial.tsx';
import { pathOf, type Card } from './customer.tsx';
import { byText, Done, post, save, seg } from './parts.tsx';
import type { Identity, Joined } from './types.ts';

const KINDS = ['phone', 'email', 'wechat', 'whatsapp', 'social', 'external'];
const LEVELS = ['nobody', 'claimed', 'known', 'proven'];
const CHANNELS = ['phone', 'sms', 'email', 'chat'];
const PURPOSES = ['service', 'marketing', 'recording'];

const levelOf = (v: number | string): string => (typeof v === 'number' ? (LEVELS[v] ?? 'nobody') : v);
const TONE: Record<string, string> = { proven: 'ok', known: 'info', claimed: 'warn', nobody: '' };

export function Level({ level }: { level: number | string }) {
  const word = levelOf(level);
  return (
    <span class={`tag ${TONE[word] ?? ''}`} title={t('cust.level')}>
      {tWord('level', word)}
    </span>
  );
}

export function Identities(x: Card) {
  const kind = useSignal('phone');
  const value = useSignal('');
  const gone = useSignal<Identity | null>(null);
  async function run(job: () => Promise<unknown>) {
    x.error.value = null;
    try {
      await job();
      await x.got.load();
    } catch (e) {
      x.error.value = e;
    }
  }
  function add(e: Event) {
    e.preventDefault();
    if (!value.value.trim()) return;
    void run(async () => {
      await post(`${pathOf(x.c.id)}/identities`, { kind: kind.value, value: value.value.trim() });
      value.value = '';
      gone.value = null;
    });
  }
  return (
    <section class="card" data-test="identities">
      <h2>
        {t('cust.identities')}
        {x.c.identities.some((i) => i.kind === 'phone') ? <CallButton customer={x.c.id} name={x.c.name || x.c.id} small /> : null}
      </h2>
      <CallNote link />
      <ul class="lines">
        {x.c.identities.map((i) => (
          <li key={i.id} data-test="identity">
            <span class="kind">{tWord('ident', i.kind)}</span>
            <b class="num grow">{i.value ?? i.masked}</b>
            {i.primary ? (
              <span class="is-primary" title={t('cust.primary')}>
                <Icon name="check" /> {t('cust.primary')}
              </span>
            ) : null}
            <Level level={i.verified} />
            <button
              class="btn ghost square small"
              aria-label={t('cust.remove', { what: i.masked })}
              title={t('cust.remove', { what: i.masked })}
              onClick={() =>
                gone.value?.id === i.id
                  ? void run(() => authed(`${pathOf(x.c.id)}/identities/${seg(i.id)}`, { method: 'DELETE' }))
                  : (gone.value = i)
              }
            >
              <Icon name={gone.value?.id === i.id ? 'check' : 'x'} />
            </button>
          </li>
        ))}
      </ul>
      {gone.value && x.c.identities.some((i) => i.id === gone.value!.id) ? (
        <p class="hint">{t('cust.remove_again', { what: gone.value.masked })}</p>
      ) : null}
      <form class="srow" onSubmit={add}>
        <select class="input" aria-label={t('cust.kind')} value={kind.value}
          onChange={(e) => (kind.value = e.currentTarget.value)}>
          {KINDS.map((k) => (
            <option key={k} value={k}>
              {tWord('ident', k)}
            </option>
          ))}
        </select>
        <input class="input" data-test="identity-value" aria-label={t('cust.value')} placeholder={t('cust.value')}
          value={value.value} onInput={(e) => (value.value = e.currentTarget.value)} />
        <button class="btn" type="submit" data-test="identity-add">
          {t('svc.add')}
        </button>
      </form>
    </section>
  );
}

/* yes, no, or never asked: a switch for each channel and purpose. */
export function ConsentGrid(x: Card) {
  const find = (channel: string, purpose: string) =>
    x.c.consent.find((k) => k.channel === channel && k.purpose === purpose);
  async function put(channel: string, purpose: string, yes: boolean) {
    x.error.value = null;
    try {
      await authed(`${pathOf(x.c.id)}/consent`, {
        method: 'PUT',
        body: { channel, purpose, yes, source: 'console' },
      });
    } catch (e) {
      x.error.value = e;
    }
    await x.got.load();
  }
  return (
    <section class="card" data-test="consent">
      <h2>{t('cust.consent')}</h2>
      <table class="grid-table">
        <thead>
          <tr>
            <th />
            {PURPOSES.map((p) => (
              <th key={p} scope="col">
                {tWord('purpose', p)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {CHANNELS.map((ch) => (
            <tr key={ch}>
              <th scope="row">{tWord('ident', ch)}</th>
              {PURPOSES.map((p) => {
                const k = find(ch, p);
                const said = k ? t('cust.said', { at: dateTime(k.at, lang.value), source: tWord('consentsource', k.source) }) : t('cust.never');
                return (
                  <td key={p}>
                    <button
                      class={`switch ${k ? '' : 'unset'}`}
                      role="switch"
                      aria-checked={Boolean(k?.yes)}
                      aria-label={`${tWord('ident', ch)}, ${tWord('purpose', p)}: ${said}`}
                      title={said}
                      data-test={`consent-${ch}-${p}`}
                      onClick={() => void put(ch, p, !k?.yes)}
                    >
                      <i />
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {CHANNELS.every((ch) => PURPOSES.every((p) => find(ch, p))) ? null : <p class="hint">{t('cust.dotted')}</p>}
    </section>
  );
}

const other = (j: Joined, id: string): string => j.id ?? (j.a === id ? j.b : j.a) ?? '';

/* Two records of one person: joined with a reason, and apart again. */
export function JoinBox(x: Card) {
  const who = useSignal('');
  const reason = useSignal('');
  const last = useSignal<string | null>(null);
  const error = useSignal<unknown>(null);
  async function join(e: Event) {
    e.preventDefault();
    const b = who.value.trim();
    if (!b || !reason.value.trim()) return;
    error.value = null;
    try {
      await post('/api/v1/customers/join', { a: x.c.id, b, reason: reason.value.trim() });
      last.value = b;
      who.value = reason.value = '';
      await x.got.load();
    } catch (err) {
      error.value = err;
    }
  }
  async function apart(b: string) {
    error.value = null;
    try {
      await post('/api/v1/customers/unjoin', { a: x.c.id, b });
      last.value = null;
      await x.got.load();
    } catch (err) {
      error.value = err;
    }
  }
  const joined = x.c.joined ?? [];
  return (
    <section class="card" data-test="join">
      <h2>{t('cust.join')}</h2>
      {joined.length ? (
        <ul class="lines">
          {joined.map((j) => (
            <li key={other(j, x.c.id)} data-test="joined">
              <a class="grow" href={makeHash(['customers', other(j, x.c.id)])}>
                {j.name || other(j, x.c.id)}
              </a>
              <span class="muted">{[j.reason, byText(j.by)].filter(Boolean).join(' · ')}</span>
              <button class="btn small" data-test="unjoin" onClick={() => void apart(other(j, x.c.id))}>
                {t('cust.apart')}
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      {last.value && !joined.length ? (
        <Done text={t('cust.joined', { id: last.value })}>
          <button class="btn small" data-test="unjoin" onClick={() => void apart(last.value!)}>
            {t('cust.apart')}
          </button>
        </Done>
      ) : null}
      {error.value ? <ErrorNote error={error.value} /> : null}
      <form class="srow" onSubmit={(e) => void join(e)}>
        <input class="input" data-test="join-who" aria-label={t('cust.join_who')} placeholder={t('cust.join_who')}
          value={who.value} onInput={(e) => (who.value = e.currentTarget.value)} />
        <input class="input" data-test="join-why" aria-label={t('cust.join_why')} placeholder={t('cust.join_why')}
          value={reason.value} onInput={(e) => (reason.value = e.currentTarget.value)} />
        <button class="btn" type="submit" data-test="join-do" disabled={!who.value.trim() || !reason.value.trim()}>
          <Icon name="link" />
          {t('cust.join_do')}
        </button>
      </form>
      <p class="hint">{t('cust.join_hint')}</p>
    </section>
  );
}

/* Everything that is kept of a customer, as a file; and gone for good. For administrators. */
export function DataBox(x: Card) {
  const typed = useSignal('');
  const error = useSignal<unknown>(null);
  async function download() {
    error.value = null;
    try {
      save(`${x.c.id}.json`, await authedBytes(`${pathOf(x.c.id)}/export`), 'application/json');
    } catch (e) {
      error.value = e;
    }
  }
  async function erase(e: Event) {
    e.preventDefault();
    if (typed.value.trim() !== x.c.id) return;
    error.value = null;
    try {
      await authed(pathOf(x.c.id), { method: 'DELETE' });
      location.hash = makeHash(['customers']);
    } catch (err) {
      error.value = err;
    }
  }
  return (
    <section class="card" data-test="data">
      <h2>
        {t('cust.data')}
        {may('customer.export') ? (
          <button class="btn small" data-test="export" onClick={() => void download()}>
            <Icon name="download" />
            {t('cust.export')}
          </button>
        ) : null}
      </h2>
      {error.value ? <ErrorNote error={error.value} /> : null}
      {may('customer.erase') ? (
        <>
          <form class="srow" onSubmit={(e) => void erase(e)}>
            <input class="input" data-test="erase-id" aria-label={t('cust.erase_id', { id: x.c.id })}
              placeholder={t('cust.erase_id', { id: x.c.id })} value={typed.value}
              onInput={(e) => (typed.value = e.currentTarget.value)} />
            <button class="btn danger" type="submit" data-test="erase" disabled={typed.value.trim() !== x.c.id}>
              {t('cust.erase')}
            </button>
          </form>
          <p class="hint">{t('cust.erase_hint')}</p>
        </>
      ) : null}
    </section>
  );
}
