/* Drafts that the conversations gave: one after the other, what is known of each beside what it would change; a
 * keystroke each: t tests it, a approves, c gives it to some conversations first, e edits, r rejects with a reason. */
import './texts.ts';
import { useSignal } from '@preact/signals';
import { t, tWord } from '../lib/i18n.ts';
import type { Job } from '../lib/job.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, may, route } from '../console/state.ts';
import { Diff } from '../service/doc.tsx';
import { byText, Done, ifMatch, Pick, Rows, seg, setHashQuery, useJob, useKeys, useLoad, usePages } from '../service/parts.tsx';
import { Trial } from './trial.tsx';

interface Gate {
  gate: string;
  ok: boolean;
  why?: string;
  tag?: string;
  article_id?: string;
  value?: string;
  other_value?: string;
  sentence?: string;
  other_sentence?: string;
}
interface Evidence {
  sentence?: string;
  agents?: number;
  conversation?: string;
  seq?: number;
  by?: string;
}
interface DraftRow {
  id: string;
  priority: number;
  lang: string;
  kind: string;
  state: string;
  gap: string;
  article_id: string;
  title: string;
  body_md: string;
  aliases: string;
  category: string;
  version: number;
  agents: number;
  gates: Gate[];
  evidence: Evidence[];
  by: string;
  reason: string;
}
type Draft = DraftRow & { before: { title: string; body_md: string; aliases: string; version: number } | null };

const BASE = '/api/v1/kb/drafts';
const SHARE = 10;
const TONE: Record<string, string> = { open: 'accent', blocked: 'bad', approved: 'ok', rejected: '' };

export function Drafts() {
  const { state = 'open', sel = '' } = route.value.query;
  const pages = usePages<DraftRow>(BASE, { state: state === 'all' ? '' : state, limit: 100 });
  const rows = pages.rows.value ?? [];
  const at = Math.max(0, rows.findIndex((r) => r.id === sel));
  const here = rows[at];
  const job = useJob(); /* of the list, so that what was done is still told beside the next one */
  const go = (n: number) => {
    if (!rows.length) return;
    if (!job.busy.value) job.clear();
    setHashQuery({ sel: rows[Math.max(0, Math.min(rows.length - 1, n))]!.id });
  };
  useKeys(() => ({ j: () => go(at + 1), k: () => go(at - 1) }));
  return (
    <div class="page-body">
      <div class="filters">
        <Pick name="state" label={t('ks.state')} group="draftstate" every={tWord('draftstate', 'open')}
          words={['blocked', 'approved', 'rejected', 'all']} />
        <span class="hint">{t('kd.keys')}</span>
      </div>
      {job.done.value ? <Done text={job.done.value} /> : null}
      <Rows pages={pages} empty={<Empty icon="check" title={t('kd.none')} text={t('kd.none_text')} />}>
        {(all) => (
          <div class="drafts">
            <ol class="card flush" data-test="drafts" aria-label={t('kb.drafts')}>
              {all.map((d, n) => (
                <li key={d.id} aria-current={n === at ? 'true' : undefined}>
                  <button class="linkish" onClick={() => go(n)}>
                    <b lang={d.lang}>{d.title}</b>
                    <small>
                      <span class="lang">{d.lang}</span> {tWord('draftkind', d.kind)} · {t('kd.agents', { n: d.agents })}
                    </small>
                  </button>
                </li>
              ))}
            </ol>
            {here ? <One key={here.id} id={here.id} job={job} next={() => pages.load(null)} /> : null}
          </div>
        )}
      </Rows>
    </div>
  );
}

const asText = (d: { title: string; body_md: string; aliases: string }): string => [d.title, '', d.body_md, '', d.aliases].join('\n');

function One({ id, job, next }: { id: string; job: Job; next: () => Promise<void> }) {
  const path = `${BASE}/${seg(id)}`;
  const got = useLoad<Draft>(path);
  const mode = useSignal<'' | 'edit' | 'reject'>('');
  const text = useSignal({ title: '', body_md: '', aliases: '' });
  const reason = useSignal('');
  const d = got.data.value;
  const open = d?.state === 'open' || d?.state === 'blocked';
  const decide = (body: Record<string, unknown>, said: string, stay = false) =>
    job.run(async () => {
      await authed(path, {
        method: 'POST',
        body,
        headers: ifMatch(got),
      });
      mode.value = '';
      await (stay ? got.load() : next());
      return said;
    });
  const approve = (canary: number) =>
    d?.state === 'open' && may('gap.decide') && decide({ action: 'approve', canary }, t(canary ? 'kd.trial' : 'kd.approved', { n: canary }));
  const edit = () => {
    if (!d || !open || !may('gap.decide')) return;
    text.value = { title: d.title, body_md: d.body_md, aliases: d.aliases };
    mode.value = 'edit';
  };
  const reject = () => {
    if (!d || !open || !may('gap.decide')) return;
    mode.value = 'reject';
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-test=draft-reason]')?.focus());
  };
  useKeys(() => ({ a: () => void approve(0), c: () => void approve(SHARE), e: edit, r: reject, Escape: () => (mode.value = '') }));
  if (!d) return got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : <Skeleton rows={6} kind="line" />;
  return (
    <section class="card draft" data-test="draft" data-id={d.id} lang={d.lang}>
      <p class="srow">
        <span class={`tag ${TONE[d.state] ?? ''}`}>{tWord('draftstate', d.state)}</span>
        <span class="tag">{tWord('draftkind', d.kind)}</span>
        {d.category ? <span class="tag">{tWord('category', d.category)}</span> : null}
        <span class="grow" />
        <a href={makeHash(['kb', 'gaps'], { sel: d.gap })}>{t('kd.why')}</a>
      </p>
      <Gates list={d.gates} />
      {mode.value === 'edit' ? (
        <Editing text={text} save={() => void decide({ action: 'edit', ...text.value }, t('svc.saved'), true)} />
      ) : d.before ? (
        <Diff before={asText(d.before)} after={asText(d)} />
      ) : (
        <>
          <h2>{d.title}</h2>
          <p class="draft-body">{d.body_md}</p>
          {d.aliases ? <p class="muted">{d.aliases.split('\n').join(' · ')}</p> : null}
        </>
      )}
      {mode.value === 'reject' ? (
        <form
          class="srow"
          onSubmit={(e) => {
            e.preventDefault();
            void decide({ action: 'reject', reason: reason.value.trim() }, t('kd.rejected'));
          }}
        >
          <input class="input grow" data-test="draft-reason" required maxLength={500} aria-label={t('kd.reason')}
            placeholder={t('kd.reason')} value={reason.value} onInput={(e) => (reason.value = e.currentTarget.value)} />
          <button class="btn primary">{t('kd.reject')}</button>
        </form>
      ) : null}
      {d.reason ? <p class="note">{`${byText(d.by)}: ${d.reason}`}</p> : null}
      {job.error.value ? <ErrorNote error={job.error.value} retry={() => void (job.clear(), got.load())} /> : null}
      {open && may('gap.decide') && !mode.value ? (
        <div class="srow">
          <button class="btn" data-test="draft-reject" onClick={reject}>
            {t('kd.reject')} <kbd>r</kbd>
          </button>
          <button class="btn" data-test="draft-edit" onClick={edit}>
            {t('ke.edit')} <kbd>e</kbd>
          </button>
          <span class="grow" />
          <button class="btn" disabled={d.state !== 'open' || job.busy.value} data-test="draft-trial" onClick={() => void approve(SHARE)}>
            {t('kd.try_share', { n: SHARE })} <kbd>c</kbd>
          </button>
          <button class="btn primary" disabled={d.state !== 'open' || job.busy.value} data-test="draft-approve" onClick={() => void approve(0)}>
            {t('kd.approve')} <kbd>a</kbd>
          </button>
        </div>
      ) : null}
      {open && !mode.value ? <Trial key={`${id} ${d.version}`} draft={id} /> : null}
      <Proof list={d.evidence} />
    </section>
  );
}

function Gates({ list }: { list: Gate[] }) {
  const told = list.filter((g) => !g.ok || g.why);
  if (!told.length) return <p class="notes ok">{t('kd.gates_ok')}</p>;
  return (
    <ul class="notes" data-test="gates">
      {told.map((g, n) => (
        <li key={n} class={g.ok ? 'warn' : 'bad'}>
          <Icon name="alert" />
          <span>
            {tWord('gate', g.gate)}
            {g.tag ? ` (${tWord('gatetag', g.tag)})` : ''}
            {g.article_id ? (
              <>
                {' '}
                <a href={makeHash(['kb', 'article', g.article_id])}>{g.article_id}</a>
              </>
            ) : null}
            {g.value ? <em> {`${g.value} ≠ ${g.other_value}`}</em> : null}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Editing({ text, save }: { text: { value: { title: string; body_md: string; aliases: string } }; save: () => void }) {
  const set = (k: string) => (e: { currentTarget: { value: string } }) => (text.value = { ...text.value, [k]: e.currentTarget.value });
  return (
    <form
      class="kedit-one"
      onSubmit={(e) => {
        e.preventDefault();
        save();
      }}
    >
      <input class="input" aria-label={t('ke.title')} required value={text.value.title} onInput={set('title')} />
      <textarea class="input" data-test="draft-body" aria-label={t('ke.body')} required rows={8} value={text.value.body_md} onInput={set('body_md')} />
      <textarea class="input" aria-label={t('ke.aliases')} rows={4} value={text.value.aliases} onInput={set('aliases')} />
      <button class="btn primary" data-test="draft-save">
        {t('svc.save')}
      </button>
    </form>
  );
}

function Proof({ list }: { list: Evidence[] }) {
  const said = list.filter((e) => e.sentence);
  const turns = list.filter((e) => e.conversation);
  if (!list.length) return null;
  return (
    <details open class="proof" data-test="evidence">
      <summary>{t('kd.evidence')}</summary>
      <ul>
        {said.map((e, n) => (
          <li key={n}>
            {e.sentence} <span class="tag">{t('kd.agents', { n: e.agents ?? 0 })}</span>
          </li>
        ))}
      </ul>
      <p class="muted">
        {turns.map((e, n) => (
          <a key={n} href={makeHash(['c', e.conversation!], { seq: String(e.seq ?? '') })}>
            {byText(e.by) || t('kd.answer')}{' '}
          </a>
        ))}
      </p>
    </details>
  );
}
