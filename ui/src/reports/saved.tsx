/* Saved reports: one's own and shared ones, opened, kept, mailed, deleted. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed, may, user } from '../console/state.ts';
import { Done, post, seg, useJob, useLoad } from '../service/parts.tsx';
import type { Question } from './ask.ts';

interface SavedReport {
  id: string;
  owner: string;
  name: string;
  shared: boolean;
  body: Question;
  every: string;
  at: string;
  weekday: number;
  mail: string;
  next_at: string | null;
  version: number;
}

export function Saved({ q, open }: { q: Question; open: (q: Question) => void }) {
  const got = useLoad<{ items: SavedReport[] }>('/api/v1/reports');
  const job = useJob();
  const all = got.data.value?.items ?? [];
  const drop = (r: SavedReport) => job.run(async () => {
    await authed(`/api/v1/reports/${seg(r.id)}`, { method: 'DELETE', headers: { 'If-Match': `"${r.version}"` } });
    await got.load();
    return t('rep.deleted');
  });
  return (
    <>
      <h2>{t('rep.saved')}</h2>
      {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
      <ul class="saved-list" data-test="saved">
        {all.map((r) => (
          <li key={r.id}>
            <button class="plain grow" data-test="saved-open" onClick={() => open(r.body)}>
              {r.name} {r.owner !== user.value?.login ? <small class="muted">{r.owner}</small> : null}
              {r.next_at ? <small class="muted"> {t('rep.next', { when: dateTime(r.next_at, lang.value) })}</small> : null}
            </button>
            {r.owner === user.value?.login ? (
              <button class="btn ghost square" aria-label={t('rep.delete', { name: r.name })} disabled={job.busy.value} onClick={() => void drop(r)}>
                <Icon name="x" />
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {may('report.write') ? <Save q={q} after={() => void got.load()} /> : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
    </>
  );
}

function Save({ q, after }: { q: Question; after: () => void }) {
  const job = useJob();
  const name = useSignal('');
  const shared = useSignal(false);
  const every = useSignal('');
  const at = useSignal('08:00');
  const weekday = useSignal('1');
  const mail = useSignal('');
  return (
    <form class="save" data-test="save" onSubmit={(e) => {
      e.preventDefault();
      void job.run(async () => {
        await post('/api/v1/reports', {
          name: name.value, shared: shared.value, body: { ...q, lang: lang.value },
          every: every.value, at: at.value, weekday: Number(weekday.value), mail: mail.value,
        });
        name.value = '';
        after();
        return t('rep.kept');
      });
    }}>
      <label>
        {t('rep.name')} <input class="input" required maxLength={60} data-test="save-name" value={name.value} onInput={(e) => (name.value = e.currentTarget.value)} />
      </label>
      <label>
        <input type="checkbox" checked={shared.value} onChange={(e) => (shared.value = e.currentTarget.checked)} /> {t('rep.share')}
      </label>
      <label>
        {t('rep.every')}{' '}
        <select class="input" data-test="save-every" value={every.value} onChange={(e) => (every.value = e.currentTarget.value)}>
          <option value="">{t('rep.never')}</option>
          <option value="day">{t('rep.daily')}</option>
          <option value="week">{t('rep.weekly')}</option>
        </select>
      </label>
      {every.value ? (
        <>
          {every.value === 'week' ? (
            <label>
              {t('rep.weekday')} <input class="input num" type="number" min={1} max={7} value={weekday.value} onInput={(e) => (weekday.value = e.currentTarget.value)} />
            </label>
          ) : null}
          <label>
            {t('rep.at')} <input class="input" type="time" value={at.value} onInput={(e) => (at.value = e.currentTarget.value)} />
          </label>
          <label>
            {t('rep.mail')} <input class="input" type="email" required value={mail.value} onInput={(e) => (mail.value = e.currentTarget.value)} />
          </label>
        </>
      ) : null}
      <button class="btn" data-test="save-go" disabled={job.busy.value}>{t('rep.save')}</button>
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
    </form>
  );
}
