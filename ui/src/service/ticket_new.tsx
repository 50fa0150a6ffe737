/* A new ticket: what, how bad, for whom; a complaint with its facts and what is demanded. */
import { useSignal } from '@preact/signals';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { BackBar, newKey, post } from './parts.tsx';
import { SEVERITIES, TYPES } from './tickets.tsx';

export function NewTicket() {
  const q = route.value.query;
  const f = useSignal<Record<string, string>>({
    type: q['type'] ?? 'complaint', severity: 'normal', customer: q['customer'] ?? '', order: q['order'] ?? '',
    conversation: q['conversation'] ?? '', title: '', what: '', wants: '',
  });
  const key = useSignal(newKey());
  const error = useSignal<unknown>(null);
  const busy = useSignal(false);
  const set = (name: string) => (e: { currentTarget: { value: string } }) =>
    (f.value = { ...f.value, [name]: e.currentTarget.value });
  const v = (name: string): string => (f.value[name] ?? '').trim();

  async function save(e: Event) {
    e.preventDefault();
    if (!v('title') || busy.value) return;
    busy.value = true;
    error.value = null;
    const facts = Object.fromEntries(['what', 'wants'].filter((k) => v(k)).map((k) => [k, v(k)]));
    try {
      const made = await post<{ id: string }>('/api/v1/tickets', {
        type: v('type'),
        severity: v('severity'),
        title: v('title'),
        language: lang.value,
        ...Object.fromEntries(['customer', 'order', 'conversation'].filter((k) => v(k)).map((k) => [k, v(k)])),
        facts,
      }, key.value);
      location.hash = makeHash(['tickets', made.id]);
    } catch (err) {
      error.value = err;
      key.value = newKey();
    }
    busy.value = false;
  }

  const text = (name: string, label: string, more: Record<string, unknown> = {}) => (
    <label class="field">
      <span>{label}</span>
      <input class="input" data-test={`new-${name}`} value={f.value[name]} onInput={set(name)} maxLength={200} {...more} />
    </label>
  );
  const choice = (name: string, label: string, group: string, words: string[]) => (
    <label class="field">
      <span>{label}</span>
      <select class="input" data-test={`new-${name}`} value={f.value[name]} onChange={set(name)}>
        {words.map((w) => (
          <option key={w} value={w}>
            {tWord(group, w)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section class="page" aria-label={t('ticket.new')} data-test="ticket-new">
      <BackBar to={['tickets']}>
        <h1>{t('ticket.new')}</h1>
      </BackBar>
      <div class="page-body narrow">
        <form class="card form stack" onSubmit={(e) => void save(e)}>
          {text('title', `${t('ticket.title')} *`, { required: true, autofocus: true })}
          <div class="pair">
            {choice('type', t('ticket.type'), 'ttype', TYPES)}
            {choice('severity', t('ticket.severity'), 'severity', SEVERITIES)}
            {text('customer', t('ticket.customer_id'))}
            {text('order', t('order.number'))}
          </div>
          <label class="field">
            <span>{t('ticket.text')}</span>
            <textarea class="input" rows={4} data-test="new-what" value={f.value['what']} onInput={set('what')}
              maxLength={4000} />
          </label>
          {f.value['type'] === 'complaint' ? text('wants', t('ticket.demand')) : null}
          {error.value ? <ErrorNote error={error.value} /> : null}
          <div class="srow">
            <button class="btn primary" type="submit" data-test="new-save" disabled={!v('title') || busy.value}>
              {t('ticket.create')}
            </button>
          </div>
        </form>
      </div>
    </section>
  );
}
