/* Webhooks: where events go, how that went, a test, once more. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, route } from '../console/state.ts';
import { BackBar, Done, ifMatch, Pick, post, Rows, seg, useJob, useKeys, useLoad, usePages, useRows } from '../service/parts.tsx';
import { kindsOf } from './kinds.ts';

interface Hook {
  id: string;
  url: string;
  events: string[];
  active: boolean;
  unmasked: boolean;
  off_why: string;
  failing_since: string | null;
  arrived_at: string | null;
  waiting: number;
  dead: number;
  note: string;
  secret?: string;
}
interface Delivery {
  id: string;
  type: string;
  state: string;
  tries: number;
  status: number;
  why: string;
  took_ms: number;
  created_at: string;
  tried_at: string | null;
  next_at: string | null;
}

function State({ h }: { h: Hook }) {
  if (h.off_why) return <span class="tag bad">{tWord('hookoff', h.off_why)}</span>;
  if (!h.active) return <span class="tag warn">{t('set.disabled')}</span>;
  return h.failing_since ? <span class="tag warn">{t('hook.failing')}</span> : <span class="tag ok">{t('set.active')}</span>;
}

export function Webhooks() {
  const pages = usePages<Hook>('/api/v1/webhooks', {});
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['settings', 'webhook', rows[n]!.id])));
  return (
    <>
      <NewHook after={() => void pages.load(null)} />
      <Rows pages={pages} empty={<Empty icon="rules" title={t('hook.none')} text={t('hook.none_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows">
              <thead>
                <tr>
                  <th>{t('hook.url')}</th>
                  <th>{t('hook.events')}</th>
                  <th class="right">{t('hook.waiting')}</th>
                  <th class="right">{t('hook.dead')}</th>
                  <th>{t('order.state')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((h, n) => (
                  <tr key={h.id} data-row aria-current={at.value === n ? 'true' : undefined} data-test="hook-row">
                    <td><a href={makeHash(['settings', 'webhook', h.id])}>{h.url}</a></td>
                    <td>{h.events.join(', ')}</td>
                    <td class="num right">{h.waiting}</td>
                    <td class="num right">{h.dead}</td>
                    <td><State h={h} /></td>
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

function Secret({ value }: { value: string }) {
  return (
    <p class="note" data-test="hook-secret">
      {t('hook.secret')} <code>{value}</code>
    </p>
  );
}

function NewHook({ after }: { after: () => void }) {
  const f = useSignal({ url: '', events: 'interaction.ended', unmasked: false });
  const secret = useSignal('');
  const job = useJob();
  const ready = /^https?:\/\/\S+$/.test(f.value.url) && kindsOf(f.value.events).length > 0;
  return (
    <form class="card new-user" data-test="hook-new" onSubmit={(e) => {
      e.preventDefault();
      if (ready)
        void job.run(async () => {
          const made = await post<Hook>('/api/v1/webhooks', { ...f.value, events: kindsOf(f.value.events) });
          secret.value = made.secret ?? '';
          f.value = { ...f.value, url: '' };
          after();
          return t('hook.made');
        });
    }}>
      <input class="input" data-test="hook-url" type="url" aria-label={t('hook.url')} placeholder="https://" value={f.value.url} onInput={(e) => (f.value = { ...f.value, url: e.currentTarget.value })} />
      <input class="input" data-test="hook-events" aria-label={t('hook.events')} title={t('hook.events_hint')} value={f.value.events} onInput={(e) => (f.value = { ...f.value, events: e.currentTarget.value })} />
      <label class="check"><input type="checkbox" checked={f.value.unmasked} onChange={(e) => (f.value = { ...f.value, unmasked: e.currentTarget.checked })} /> {t('hook.unmasked')}</label>
      <button class="btn primary" data-test="hook-save" disabled={!ready || job.busy.value}>{t('set.user_add')}</button>
      {job.done.value ? <Done text={job.done.value} /> : null}
      {secret.value ? <Secret value={secret.value} /> : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </form>
  );
}

export function WebhookPage({ id }: { id: string }) {
  const path = `/api/v1/webhooks/${seg(id)}`;
  const got = useLoad<Hook>(path);
  const state = route.value.query['state'] ?? '';
  const pages = usePages<Delivery>(`${path}/deliveries`, state ? { state } : {});
  const job = useJob();
  const secret = useSignal('');
  const events = useSignal<string | null>(null);
  const h = got.data.value;
  const all = () => Promise.all([got.load(), pages.load(null)]);
  const put = (body: Record<string, unknown>) =>
    void job.run(async () => {
      const now = await authed<Hook>(path, { method: 'PUT', body, headers: ifMatch(got) });
      secret.value = now.secret ?? '';
      events.value = null;
      await all();
      return t('set.saved');
    });
  const test = () =>
    void job.run(async () => {
      await post(`${path}/test`, {});
      setTimeout(() => void all(), 1000);
      return t('hook.tested');
    });
  const again = (d: Delivery) =>
    void job.run(async () => {
      await post(`${path}/deliveries/${seg(d.id)}/again`, {});
      await all();
      return t('hook.again_done');
    });
  const remove = () =>
    void job.run(async () => {
      if (!confirm(t('hook.sure'))) return '';
      await authed(path, { method: 'DELETE' });
      location.hash = makeHash(['settings', 'webhooks']);
      return '';
    });
  useKeys(() => ({ t: test, r: () => void all() }));
  return (
    <section class="page" aria-label={t('set.webhooks')} data-test="hook-page">
      <BackBar to={['settings', 'webhooks']}>
        <h1>{h?.url ?? id}</h1>
        {h ? <State h={h} /> : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {job.error.value ? <ErrorNote error={job.error.value} retry={() => void got.load()} /> : null}
        {job.done.value ? <Done text={job.done.value} /> : null}
        {secret.value ? <Secret value={secret.value} /> : null}
        {h ? (
          <section class="card setting">
            <form class="field" onSubmit={(e) => {
              e.preventDefault();
              if (events.value !== null) put({ events: kindsOf(events.value) });
            }}>
              <span>{t('hook.events_hint')}</span>
              <input class="input" aria-label={t('hook.events')} value={events.value ?? h.events.join(' ')} onInput={(e) => (events.value = e.currentTarget.value)} />
            </form>
            <div class="srow">
              <button class="btn primary" data-test="hook-test" disabled={job.busy.value} onClick={test}>{t('hook.test')} <kbd>t</kbd></button>
              <button class="btn" data-test="hook-off" disabled={job.busy.value} onClick={() => put({ active: !h.active })}>{t(h.active ? 'set.disable' : 'set.enable')}</button>
              <button class="btn" disabled={job.busy.value} onClick={() => put({ new_secret: true })}>{t('hook.new_secret')}</button>
              <button class="btn" disabled={job.busy.value} onClick={remove}>{t('set.remove')}</button>
            </div>
            {h.unmasked ? <p class="note">{t('hook.unmasked')}</p> : null}
          </section>
        ) : got.error.value ? null : <Skeleton rows={3} kind="line" />}
        <div class="srow">
          <Pick name="state" label={t('order.state')} words={['waiting', 'sent', 'dead']} group="hookstate" every={t('hook.every')} />
          <button class="btn" data-test="hook-reload" onClick={() => void all()}>{t('hook.reload')} <kbd>r</kbd></button>
        </div>
        <Rows pages={pages} empty={<Empty icon="rules" title={t('hook.no_deliveries')} text={t('hook.none_text')} />}>
          {(rows) => (
            <div class="card flush">
              <table class="table">
                <thead>
                  <tr>
                    <th>{t('hook.when')}</th>
                    <th>{t('hook.event')}</th>
                    <th>{t('order.state')}</th>
                    <th class="right">{t('hook.tries')}</th>
                    <th class="right">{t('hook.answer')}</th>
                    <th>{t('hook.next')}</th>
                    <th />
                  </tr>
                </thead>
                <tbody>
                  {rows.map((d) => (
                    <tr key={d.id} data-test="hook-delivery">
                      <td>{dateTime(d.tried_at ?? d.created_at, lang.value)}</td>
                      <td>{d.type}</td>
                      <td><span class={`tag ${d.state === 'sent' ? 'ok' : d.state === 'dead' ? 'bad' : 'warn'}`}>{tWord('hookstate', d.state)}</span></td>
                      <td class="num right">{d.tries}</td>
                      <td class="num right" title={d.why}>{d.status || (d.why ? '–' : '')}</td>
                      <td>{d.next_at ? dateTime(d.next_at, lang.value) : ''}</td>
                      <td>{d.state === 'waiting' ? null : <button class="btn ghost" disabled={job.busy.value} onClick={() => again(d)}>{t('hook.again')}</button>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Rows>
      </div>
    </section>
  );
}
