/* Nights of the night school: each one's report, kept as a file; the models in use, which a person may take back. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { authedBytes, may } from '../console/state.ts';
import { Done, post, save, seg, useJob, useLoad } from '../service/parts.tsx';

interface Night {
  id: string;
  began: string;
  tried: number;
  promoted: number;
}

interface Model {
  name: string;
  version: number;
  state: 'candidate' | 'live' | 'retired';
  rows: number;
}

export function Nights() {
  const got = useLoad<{ items: Night[]; models: Model[] }>('/api/v1/nights');
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
      <Models all={got.data.value?.models ?? []} after={() => void got.load()} />
    </>
  );
}

/* What nights put to use. Taken back, what was in use before answers from the next turn on. */
function Models({ all, after }: { all: Model[]; after: () => void }) {
  const asked = useSignal('');
  const job = useJob();
  const live = all.filter((m) => m.state === 'live');
  const back = (name: string) => job.run(async () => {
    asked.value = '';
    const now = await post<{ version: number }>('/api/v1/nights/models/back', { name });
    after();
    return now.version ? t('rep.model_is', { name, version: now.version }) : t('rep.model_own', { name });
  });
  if (!live.length && !job.done.value) return null;
  return (
    <>
      <h3>{t('rep.models')}</h3>
      <ul class="saved-list" data-test="models">
        {live.map((m) => (
          <li key={m.name}>
            <span class="grow">
              {m.name} <small class="muted">{t('rep.model', { version: m.version, rows: m.rows })}</small>
            </span>
            {!may('strategy.write') ? null : asked.value === m.name ? (
              <>
                <button class="btn danger" data-test="model-back-go" disabled={job.busy.value} onClick={() => void back(m.name)}>
                  {t('rep.model_sure')}
                </button>
                <button class="btn ghost" onClick={() => (asked.value = '')}>{t('rep.model_keep')}</button>
              </>
            ) : (
              <button class="btn ghost" data-test="model-back" disabled={job.busy.value} onClick={() => (asked.value = m.name)}>
                {t('rep.model_back')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {job.done.value ? <Done text={job.done.value} /> : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </>
  );
}
