/* A draft before its yes: a test set asked of the knowledge base as it would be with the draft in it. */
import './texts.ts';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t } from '../lib/i18n.ts';
import { authed, may } from '../console/state.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { post, seg, useJob, useKeys, useLoad } from '../service/parts.tsx';
import { finished } from './run.ts';
import { Changes, choose, chosen, Numbers, told as inWords, type RunDiff, type TestSet } from './setdiff.tsx';

export function Trial({ draft }: { draft: string }) {
  const sets = useLoad<{ items: TestSet[] }>('/api/v1/kb/sets');
  const picked = useSignal('');
  const told = useSignal<{ name: string; diff: RunDiff } | null>(null);
  const late = useSignal(false);
  const here = useRef(true);
  const { busy, error, run, clear } = useJob();
  useEffect(() => () => void (here.current = false), []);
  const all = (sets.data.value?.items ?? []).filter((s) => s.questions);
  const set = all.find((s) => s.id === picked.value) ?? chosen(all);
  const start = () =>
    set &&
    may('gap.decide') &&
    run(async () => {
      told.value = null;
      late.value = false;
      choose(set.id);
      const { run: id } = await post<{ run: string }>(`/api/v1/kb/sets/${seg(set.id)}/runs`, { draft });
      const look = () => authed<RunDiff>(`/api/v1/kb/runs/${seg(id)}`);
      const diff = await finished(look, () => here.current, () => (late.value = true));
      if (diff) told.value = { name: set.name, diff };
      return '';
    });
  useKeys(() => ({ t: () => void start() }));
  if (!set) return null;
  const d = told.value?.diff;
  return (
    <div class="trial" data-test="trial">
      <p class="srow">
        <button class="btn" data-test="draft-test" disabled={busy.value || !may('gap.decide')} onClick={() => void start()}>
          {busy.value ? t('kt.trying') : t('kt.try')} <kbd>t</kbd>
        </button>
        <select class="input" aria-label={t('kt.set')} value={set.id} onChange={(e) => (picked.value = e.currentTarget.value)}>
          {all.map((s) => (
            <option key={s.id} value={s.id}>
              {s.name}
            </option>
          ))}
        </select>
      </p>
      {busy.value && late.value ? (
        <p class="note" role="status" data-test="trial-late">
          {t('kt.late')}
        </p>
      ) : null}
      {error.value ? <ErrorNote error={error.value} retry={clear} /> : null}
      {d && d.run.state === 'failed' ? <p class="note bad">{t('kt.failed', { why: inWords('setwhy', d.run.error) })}</p> : null}
      {d && d.run.state === 'done' ? (
        <section data-test="trial-told">
          <h3>{t('kt.would', { set: told.value!.name })}</h3>
          <Numbers r={d.run} />
          <Changes d={d} />
        </section>
      ) : null}
    </div>
  );
}
