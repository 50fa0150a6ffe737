/* A draft before its yes: a test set asked of the knowledge base as it would be with the draft in it. */
import './texts.ts';
import { useSignal } from '@preact/signals';
import { t } from '../lib/i18n.ts';
import { authed, may } from '../console/state.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { post, seg, useJob, useKeys, useLoad } from '../service/parts.tsx';
import { Changes, choose, chosen, Numbers, type RunDiff, type TestSet } from './setdiff.tsx';

const LOOK_MS = 300;
const PATIENCE_MS = 120000;

async function finished(run: string): Promise<RunDiff> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const d = await authed<RunDiff>(`/api/v1/kb/runs/${seg(run)}`);
    if (d.run.state !== 'waiting' || Date.now() > until) return d;
    await new Promise((r) => setTimeout(r, LOOK_MS));
  }
}

export function Trial({ draft }: { draft: string }) {
  const sets = useLoad<{ items: TestSet[] }>('/api/v1/kb/sets');
  const picked = useSignal('');
  const told = useSignal<{ name: string; diff: RunDiff } | null>(null);
  const { busy, error, run, clear } = useJob();
  const all = (sets.data.value?.items ?? []).filter((s) => s.questions);
  const set = all.find((s) => s.id === picked.value) ?? chosen(all);
  const start = () =>
    set &&
    may('gap.decide') &&
    run(async () => {
      told.value = null;
      choose(set.id);
      const { run: id } = await post<{ run: string }>(`/api/v1/kb/sets/${seg(set.id)}/runs`, { draft });
      told.value = { name: set.name, diff: await finished(id) };
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
      {error.value ? <ErrorNote error={error.value} retry={clear} /> : null}
      {d && d.run.state === 'failed' ? <p class="note bad">{t('kt.failed', { why: d.run.error })}</p> : null}
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
