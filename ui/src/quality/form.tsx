/* A quality form: its text with its faults, saved with the version it was made on; beside it what it looks like. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ApiError, type Issue } from '../lib/api.ts';
import { both, t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, may } from '../console/state.ts';
import { Issues } from '../service/doc.tsx';
import { BackBar, Done, ifMatch, seg, useJob, useKeys, useLoad } from '../service/parts.tsx';
import type { Form } from './types.ts';

export function FormPage({ id }: { id: string }) {
  const path = `/api/v1/qa/forms/${seg(id)}`;
  const got = useLoad<Form>(path);
  const text = useSignal('');
  const issues = useSignal<Issue[]>([]);
  const job = useJob();
  const f = got.data.value;
  const edits = may('qa.review');
  useEffect(() => {
    if (f) text.value = f.text ?? '';
  }, [f]);
  const save = () =>
    void job.run(async () => {
      issues.value = [];
      try {
        await authed(path, { method: 'PUT', body: { text: text.value }, headers: ifMatch(got) });
      } catch (e) {
        if (e instanceof ApiError && e.issues.length) issues.value = e.issues;
        throw e;
      }
      await got.load();
      return t('qa.form_saved');
    });
  useKeys(() => ({ e: () => document.querySelector<HTMLElement>('[data-test=doc-text]')?.focus() }));
  return (
    <section class="page" aria-label={t('qa.form')} data-test="form-page">
      <BackBar to={['quality', 'forms']}>
        <h1>{f ? both(f.title) || f.id : id}</h1>
        {f?.version ? <span class="tag num">{t('strategy.version', { v: f.version })}</span> : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {f ? (
          <div class="two even">
            <section class="card doc">
              <h2>{t('qa.form_text')}</h2>
              <textarea class="input code" data-test="doc-text" spellcheck={false} readOnly={!edits} aria-label={t('qa.form_text')} value={text.value}
                onInput={(e) => (text.value = e.currentTarget.value)}
                onKeyDown={(e) => {
                  if (e.key !== 's' || !(e.ctrlKey || e.metaKey)) return;
                  e.preventDefault();
                  if (edits && text.value !== f.text) save();
                }} />
              <Issues list={issues.value} draft={text} />
              {job.error.value && !issues.value.length ? <ErrorNote error={job.error.value} retry={() => void got.load()} /> : null}
              {job.done.value ? <Done text={job.done.value} /> : null}
              {edits ? (
                <div class="srow">
                  <span class="grow" />
                  <button class="btn primary" data-test="form-save" title="Ctrl S" disabled={text.value === f.text || job.busy.value} onClick={save}>
                    {t('doc.save')}
                  </button>
                </div>
              ) : null}
            </section>
            <section class="card" data-test="form-view">
              <h2>
                {t('qa.form_view')} <small>{t('qa.pass_at', { n: f.pass ?? '–' })}</small>
              </h2>
              {f.sections.map((s) => (
                <div key={s.id}>
                  <h3>{both(s.title) || s.id}</h3>
                  <ul class="lines">
                    {s.items.map((i) => (
                      <li key={i.id}>
                        <span class={`qtype ${i.type}`} title={tWord('qtype', i.type)}>{i.type === 'plus' ? '+' : i.type === 'minus' ? '−' : '!'}{i.weight || ''}</span>
                        <span class="grow">{both(i.title) || i.id}</span>
                        <span class="tag">{tWord('qauto', i.auto ?? 'person')}</span>
                      </li>
                    ))}
                  </ul>
                </div>
              ))}
            </section>
          </div>
        ) : got.error.value ? null : <Skeleton rows={8} kind="line" />}
      </div>
    </section>
  );
}
