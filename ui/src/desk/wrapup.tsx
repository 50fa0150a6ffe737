/* After the conversation: what it was, in a summary to correct, what is still to be done. Prefilled; Ctrl Enter saves. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed, now } from '../console/state.ts';
import { both, seg, useLoad } from '../service/parts.tsx';
import { acting, wrap } from './acts.ts';
import { desk } from './client.ts';
import { DueTag } from './parts.tsx';
import type { FollowUp, Summary, Talk, Work } from './types.ts';
import { dispositionOf, dueOf, summaryText } from './work.ts';

const KINDS = ['ticket', 'callback', 'message'];

/* The server's field is an instant, the browser's a local time. */
const localTime = (iso: string | undefined): string => {
  const at = iso ? Date.parse(iso) : NaN;
  if (Number.isNaN(at)) return '';
  return new Date(at - new Date(at).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

export function WrapUp({ w, talk }: { w: Work; talk: Talk }) {
  const path = `/api/v1/conversations/${seg(w.conversation)}/summary`;
  const kept = useLoad<Summary>(path);
  const s: Summary | null = talk.summary ?? kept.data.value;
  const text = useSignal('');
  const code = useSignal('');
  const more = useSignal<FollowUp[]>([]);
  const touched = useRef(false);
  const error = useSignal<unknown>(null);
  const first = useRef<HTMLSelectElement>(null);
  const busy = useSignal(false);

  useEffect(() => {
    if (touched.current || !s) return;
    text.value = summaryText(s);
    code.value = dispositionOf(s) || code.value;
    more.value = (s.follow_ups ?? []).map((f) => ({ ...f }));
  }, [s]);
  useEffect(() => first.current?.focus(), [w.id]);

  const touch = (): void => void (touched.current = true);
  const change = (n: number, part: Partial<FollowUp>) => {
    touch();
    more.value = more.value.map((f, i) => (i === n ? { ...f, ...part } : f));
  };

  async function save() {
    if (!code.value || busy.value) return;
    busy.value = true;
    error.value = null;
    const follow_ups = more.value.filter((f) => f.text.trim()).map((f) => ({ ...f, text: f.text.trim() }));
    try {
      await keepSummary(path, kept.etag.value, { text: text.value.trim(), disposition: code.value, follow_ups });
      await wrap(w, { disposition: code.value, summary: text.value.trim(), follow_ups });
    } catch (e) {
      error.value = e;
      await kept.load();
    }
    busy.value = false;
  }

  return (
    <form class="wrapup" data-test="wrapup" aria-label={t('desk.wrapup')}
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
      onKeyDown={(e) => {
        if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey)) return;
        e.preventDefault();
        void save();
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
              onInput={(e) => change(n, e.currentTarget.value ? { when: new Date(e.currentTarget.value).toISOString() } : { when: '' })} />
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
      {error.value ? <ErrorNote error={error.value} /> : null}
      <div class="srow">
        <span class="hint grow">{t('desk.wrap_keys')}</span>
        <button class="btn primary" type="submit" data-test="wrap-save" disabled={!code.value || busy.value || acting.busy.value}>
          {t('desk.wrap_save')}
        </button>
      </div>
    </form>
  );
}

/* The corrected summary is kept with the conversation. */
async function keepSummary(path: string, etag: string | null, body: unknown): Promise<void> {
  try {
    await authed(path, { method: 'PUT', body, headers: etag ? { 'If-Match': etag } : {} });
  } catch (e) {
    if (e instanceof ApiError && e.status === 404) return; /* nothing was written of it: the wrap-up carries it */
    throw e;
  }
}
