/* A new queue, skill or agent: its name and titles; the rest has the usual values and is set on its page. */
import { useSignal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { t, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { authed, may } from '../console/state.ts';
import { Done, seg, useJob } from '../service/parts.tsx';
import { fitsId, newThing } from './draft.ts';

interface Form {
  what: 'queue' | 'skill' | 'agent';
  path: string;
  made: (id: string) => string; /* what is told; empty: the page is left */
}

/* Only where there is none of the name, in the company's file neither: nobody's is overwritten. */
export const putNew = (path: string, id: string, body: unknown): Promise<unknown> =>
  authed(`${path}/${seg(id)}`, { method: 'PUT', body, headers: { 'If-None-Match': '*' } });

const taken = (e: unknown): unknown => (e instanceof ApiError && e.status === 412 ? new ApiError(400, '', t('set.id_taken')) : e);

function Add({ what, path, made }: Form) {
  const open = useSignal(false);
  const f = useSignal({ id: '', zh: '', en: '' });
  const job = useJob();
  const set = (k: 'id' | 'zh' | 'en') => (e: { currentTarget: HTMLInputElement }) => (f.value = { ...f.value, [k]: e.currentTarget.value });
  const id = f.value.id.trim();
  const ready = fitsId(id) && (what === 'agent' || (f.value.zh.trim() && f.value.en.trim()));
  const save = () =>
    void job.run(async () => {
      try {
        await putNew(path, id, newThing(what, id, f.value.zh.trim(), f.value.en.trim()));
      } catch (e) {
        throw taken(e);
      }
      f.value = { id: '', zh: '', en: '' };
      return made(id);
    });
  return (
    <>
    <div class="srow">
      <span class="grow">{job.done.value ? <Done text={job.done.value} /> : null}</span>
      <button class="btn" data-test={`${what}-new`} aria-expanded={open.value} onClick={() => (open.value = !open.value)}>{t(`set.new_${what}` as Key)}</button>
    </div>
      {open.value ? (
        <form class="card new-user" data-test={`${what}-form`} onSubmit={(e) => {
          e.preventDefault();
          if (ready) save();
        }}>
          <input class="input" data-test={`${what}-id`} aria-label={t(what === 'agent' ? 'set.login' : 'doc.id')} placeholder={t(what === 'agent' ? 'set.login' : 'doc.id')} maxLength={47} value={f.value.id} onInput={set('id')} />
          {what === 'agent' ? (
            <input class="input" data-test="agent-name" aria-label={t('set.name')} placeholder={t('set.name')} maxLength={120} value={f.value.en} onInput={set('en')} />
          ) : (
            <>
              <input class="input" data-test={`${what}-zh`} aria-label={t('set.title_zh')} placeholder={t('set.title_zh')} maxLength={40} value={f.value.zh} onInput={set('zh')} />
              <input class="input" data-test={`${what}-en`} aria-label={t('set.title_en')} placeholder={t('set.title_en')} maxLength={120} value={f.value.en} onInput={set('en')} />
            </>
          )}
          <button class="btn primary" data-test={`${what}-save`} disabled={!ready || job.busy.value}>{t('set.add')}</button>
          <p class="hint">{id && !fitsId(id) ? t('set.id_rule') : what === 'queue' ? t('set.queue_hint') : ''}</p>
          {job.error.value ? <ErrorNote error={job.error.value} /> : null}
        </form>
      ) : null}
    </>
  );
}

const goTo = (page: string) => (id: string) => {
  location.hash = makeHash(['settings', page, id]);
  return '';
};

export const AddQueue = () => (may('queue.write') ? <Add what="queue" path="/api/v1/queues" made={goTo('queue')} /> : null);
export const AddAgent = () => (may('agent.write') ? <Add what="agent" path="/api/v1/agents" made={goTo('agent')} /> : null);
export const AddSkill = ({ after }: { after: () => void }) =>
  may('queue.write') ? (
    <Add what="skill" path="/api/v1/skills" made={(id) => {
      after();
      return t('set.skill_made', { id });
    }} />
  ) : null;
