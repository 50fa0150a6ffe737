/* Nights of the night school: each one's report, kept as a file. */
import { dateTime } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { authedBytes } from '../console/state.ts';
import { save, seg, useJob, useLoad } from '../service/parts.tsx';

interface Night {
  id: string;
  began: string;
  tried: number;
  promoted: number;
}

export function Nights() {
  const got = useLoad<{ items: Night[] }>('/api/v1/nights');
  const job = useJob();
  const all = (got.data.value?.items ?? []).slice(0, 7);
  if (!all.length) return null;
  const keep = (n: Night) => job.run(async () => {
    save(`night-${n.id}.html`, await authedBytes(`/api/v1/nights/${seg(n.id)}?lang=${lang.value}`), 'text/html');
    return '';
  });
  return (
    <>
      <h2>{t('rep.nights')}</h2>
      <ul class="saved-list" data-test="nights">
        {all.map((n) => (
          <li key={n.id}>
            <button class="plain grow" data-test="night" disabled={job.busy.value} onClick={() => void keep(n)}>
              {dateTime(n.began, lang.value)}{' '}
              <small class="muted">{t('rep.night', { tried: n.tried, promoted: n.promoted })}</small>
            </button>
          </li>
        ))}
      </ul>
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </>
  );
}
