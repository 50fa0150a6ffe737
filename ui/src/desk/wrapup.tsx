/* After the conversation: what it was, in a summary to correct, what is still to be done. Prefilled; Ctrl Enter saves. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { fromLocal, localTime } from '../lib/format.ts';
import { both, t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed, now } from '../console/state.ts';
import { ifMatch, seg, useJob, useLoad } from '../service/parts.tsx';
import { acting, wrap } from './acts.ts';
import { desk } from './client.ts';
import { DueTag } from './parts.tsx';
import type { FollowUp, Summary, Talk, Work } from './types.ts';
import { carried, dispositionOf, dueOf, summaryText } from './work.ts';

const KINDS = ['ticket', 'callback', 'message'];

export function WrapUp({ w, talk }: { w: Work; talk: Talk }) {
  const path = `/api/v1/conversations/${seg(w.conversation)}/summary`;
  const kept = useLoad<Summary>(path);
  const s: Summary | null = talk.summary ?? kept.data.value;
  const text = useSignal('');
  const code = useSignal('');
  const more = useSignal<FollowUp[]>([]);
  const touched = useRef(false);
  const first = useRef<HTMLSelectElement>(null);
  const job = useJob();

  useEffect(() => {
    if (touched.current || !s) return;
    text.value = summaryText(s);
    code.value = dispositionOf(s) || code.value;
    more.value = (s.follow_ups ?? []).map((f) => ({ ...f }));
  }, [s]);
  useLayoutEffect(() => first.current?.focus(), [w.id]);

  const touch = (): void => void (touched.current = true);
  const change = (n: number, part: Partial<FollowUp>) => {
    touch();
    more.value = more.value.map((f, i) => (i === n ? { ...f, ...part } : f));
  };

  const save = () => {
    const summary = text.value.trim();
    const disposition = code.value;
    const follow_ups = more.value.filter((f) => f.text.trim()).map((f) => ({ ...f, text: f.text.trim() }));
    if (!disposition) return;
    void job.run(async () => {
      try {
        await authed(path, { method: 'PUT', body: { text: summary, disposition, follow_ups }, headers: ifMatch(kept) });
      } catch (e) {
        if (!carried(e)) throw e;
      } finally {
        await kept.load(); /* the next try, when the wrap-up fails, is made on what is kept now */
      }
      await wrap(w, { disposition, summary, follow_ups });
      return '';
    });
  };

  return (
    <form class="wrapup" data-test="wrapup" aria-label={t('desk.wrapup')}
      onSubmit={(e) => {
        e.preventDefault();
        save();
      }}
      onKeyDown={(e) => {
        if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey)) return;
        e.preventDefault();
        save();
      }}>
      <h2>
        {t('desk.wrapup')}
        <DueTag due={dueOf(desk.value, w, now.value)} label={t('desk.wrap_left')} />
      </h2>
      <label class="field">
        <span>{t('desk.disposition')} *</span>
        <select ref={first} class="input" required data-test="disposition" value={code.value} onChange={(e) => {
          touch();
          code.value = e.currentTarget.value;
        }}>
          <option value="">–</option>
          {desk.value.dispositions.map((d) => (
            <option key={d.id} value={d.id}>
              {both(d.title) || d.id}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('desk.summary')}</span>
        <textarea class="input" rows={6} maxLength={4000} data-test="summary" value={text.value} onInput={(e) => {
          touch();
          text.value = e.currentTarget.value;
        }} />
      </label>
      <fieldset class="follows">
        <legend>{t('desk.follow_ups')}</legend>
        {more.value.map((f, n) => (
          <div key={n} class="follow" data-test="follow-up">
            <select class="input" aria-label={t('desk.follow_kind')} value={f.kind} onChange={(e) => change(n, { kind: e.currentTarget.value })}>
              {KINDS.map((k) => (
                <option key={k} value={k}>
                  {tWord('follow', k)}
                </option>
              ))}
            </select>
            <input class="input" aria-label={t('desk.follow_text')} placeholder={t('desk.follow_text')} value={f.text} maxLength={300}
              onInput={(e) => change(n, { text: e.currentTarget.value })} />
            <input class="input" type="datetime-local" aria-label={t('desk.follow_when')} value={localTime(f.when)}
              onInput={(e) => change(n, e.currentTarget.value ? { when: fromLocal(e.currentTarget.value) } : { when: '' })} />
            <button type="button" class="btn ghost square" aria-label={t('desk.follow_drop')} title={t('desk.follow_drop')} onClick={() => {
              touch();
              more.value = more.value.filter((_, i) => i !== n);
            }}>
              <Icon name="x" />
            </button>
          </div>
        ))}
        <button type="button" class="btn ghost small" data-test="follow-add" onClick={() => {
          touch();
          more.value = [...more.value, { kind: 'ticket', text: '' }];
        }}>
          <Icon name="plus" />
          {t('desk.follow_add')}
        </button>
      </fieldset>
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      <div class="srow">
        <span class="hint grow">{t('desk.wrap_keys')}</span>
        <button class="btn primary" type="submit" data-test="wrap-save" disabled={!code.value || job.busy.value || acting.busy.value}>
          {t('desk.wrap_save')}
        </button>
      </div>
    </form>
  );
}
