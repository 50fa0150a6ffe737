/* A text the company edits (a decision table, a flow, a tool's declaration): the text with its faults, draft,
 * publish, what changed against what is in use, earlier versions, and going back to one. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { ApiError, type Issue } from '../lib/api.ts';
import { dateTime } from '../lib/format.ts';
import { lang, t, type Both } from '../lib/i18n.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { authed } from '../console/state.ts';
import { diffLines, shorten } from './diff.ts';
import { Done, ifMatch, post, seg, useKeys, useLoad, type Loaded } from './parts.tsx';
import { DocState } from './rules.tsx';

export interface Doc {
  kind?: string;
  id: string;
  title?: Both;
  version: number; /* 0: as the folder holds it, never edited */
  state?: string; /* file, published, draft, retired */
  text: string;
  draft?: number | null; /* the version of a draft beside the one in use */
  issues?: Issue[];
}
export interface Version {
  version: number;
  state?: string;
  changed_at?: string | null;
  by?: string;
  note?: string;
}

/* The text in use, and the draft of it when there is one: that is what is edited. */
export interface DocOpen {
  path: string;
  got: Loaded<Doc>; /* in use */
  open: Signal<Doc | null>; /* what is edited: the draft, else the one in use */
  versions: Loaded<{ items: Version[] }>;
  draft: Signal<string>; /* the text in the editor */
  issues: Signal<Issue[]>;
  error: Signal<unknown>;
  done: Signal<string>;
}

export function useDoc(path: string): DocOpen {
  const got = useLoad<Doc>(path);
  const versions = useLoad<{ items: Version[] }>(`${path}/versions`);
  const open = useSignal<Doc | null>(null);
  const draft = useSignal('');
  const issues = useSignal<Issue[]>([]);
  const error = useSignal<unknown>(null);
  const done = useSignal('');
  const d = got.data.value;
  useEffect(() => {
    if (!d) return;
    const show = (x: Doc) => {
      open.value = x;
      draft.value = x.text;
      issues.value = x.issues ?? [];
    };
    if (!d.draft || d.draft === d.version) show(d);
    else authed<Doc>(path, { query: { version: d.draft } }).then(show, (e: unknown) => (error.value = e));
  }, [d]);
  return { path, got, open, versions, draft, issues, error, done };
}

export async function attempt(s: DocOpen, job: () => Promise<string>): Promise<boolean> {
  s.error.value = null;
  s.done.value = '';
  try {
    s.done.value = await job();
    return true;
  } catch (e) {
    if (e instanceof ApiError && e.issues.length) s.issues.value = e.issues;
    else s.error.value = e instanceof ApiError && (e.status === 409 || e.status === 412) ? new ApiError(409, '', e.detail || t('svc.clash')) : e;
    return false;
  }
}

export function Editor({ s, label }: { s: DocOpen; label: string }) {
  const note = useSignal('');
  const showDiff = useSignal(false);
  const d = s.open.value!;
  const used = s.got.data.value!;
  const changed = s.draft.value !== d.text;
  const reload = async () => {
    await Promise.all([s.got.load(), s.versions.load()]);
  };
  const save = () =>
    attempt(s, async () => {
      const r = await authed<{ version: number; issues: Issue[] }>(s.path, {
        method: 'PUT',
        body: { text: s.draft.value, note: note.value.trim() },
        headers: ifMatch(s.got),
      });
      await reload();
      return t(r.issues.length ? 'doc.saved_faulty' : 'doc.saved', { v: r.version });
    });
  const publish = () =>
    attempt(s, async () => {
      await post(`${s.path}/publish`, { note: note.value.trim() });
      note.value = '';
      await reload();
      return t('doc.published', { v: d.version });
    });
  const back = (version: number) =>
    attempt(s, async () => {
      await post(`${s.path}/rollback`, { version });
      await reload();
      return t('doc.rolled', { v: version });
    });
  useKeys(() => ({ e: () => document.querySelector<HTMLElement>('[data-test=doc-text]')?.focus() }));

  return (
    <section class="card doc" data-test="doc-edit">
      <h2>
        {label}
        <small>
          <DocState state={d.state} /> {d.version ? t('strategy.version', { v: d.version }) : ''}
        </small>
      </h2>
      <textarea
        class="input code"
        data-test="doc-text"
        spellcheck={false}
        aria-label={label}
        value={s.draft.value}
        onInput={(e) => (s.draft.value = e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key !== 's' || !(e.ctrlKey || e.metaKey)) return;
          e.preventDefault();
          if (changed) void save();
        }}
      />
      <Issues list={s.issues.value} draft={s.draft} />
      {s.error.value ? <ErrorNote error={s.error.value} retry={() => void reload()} /> : null}
      {s.done.value ? <Done text={s.done.value} /> : null}
      <div class="srow">
        <input class="input" data-test="doc-note" aria-label={t('strategy.note')} placeholder={t('strategy.note')}
          maxLength={200} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
        <button class="btn" data-test="doc-diff" aria-pressed={showDiff.value}
          disabled={s.draft.value === used.text} onClick={() => (showDiff.value = !showDiff.value)}>
          {t('doc.diff')}
        </button>
        <button class="btn" data-test="doc-save" disabled={!changed} title="Ctrl S" onClick={() => void save()}>
          {t('doc.save')}
        </button>
        <button class="btn primary" data-test="doc-publish" disabled={changed || d.state !== 'draft'}
          onClick={() => void publish()}>
          {t('doc.publish')}
        </button>
      </div>
      {showDiff.value ? <Diff before={used.text} after={s.draft.value} /> : null}
      <History s={s} back={back} />
    </section>
  );
}

export function Issues({ list, draft }: { list: Issue[]; draft: Signal<string> }) {
  if (!list.length) return null;
  const jump = (where: string) => {
    const line = Number(where.split(':')[1] ?? 0);
    const box = document.querySelector<HTMLTextAreaElement>('[data-test=doc-text]');
    if (!box || line < 1) return;
    const before = draft.value.split('\n').slice(0, line - 1);
    const at = before.join('\n').length + (line > 1 ? 1 : 0);
    box.focus();
    box.setSelectionRange(at, at + (draft.value.split('\n')[line - 1]?.length ?? 0));
    box.scrollTop = Math.max(0, (line - 6) * 19);
  };
  return (
    <ul class="issues" role="alert" data-test="issues">
      {list.map((i) => (
        <li key={i.where + i.what}>
          <button class="linkish" onClick={() => jump(i.where)}>
            {i.where}
          </button>
          <b>{i.what}</b> {i.mend}
        </li>
      ))}
    </ul>
  );
}

const CLASS: Record<string, string> = { '+': 'added', '-': 'gone', '…': 'skip' };

export function Diff({ before, after }: { before: string; after: string }) {
  const lines = shorten(diffLines(before, after));
  if (!lines.length) return <p class="hint">{t('doc.same')}</p>;
  return (
    <pre class="diff" data-test="diff" aria-label={t('doc.diff')} tabIndex={0}>
      {lines.map((l, n) => (
        <div key={n} class={CLASS[l.mark]}>
          <i>{l.mark}</i>
          {l.text}
        </div>
      ))}
    </pre>
  );
}

function History({ s, back }: { s: DocOpen; back: (v: number) => Promise<boolean> }) {
  const all = s.versions.data.value?.items ?? [];
  if (!all.length) return null;
  const look = async (v: number) => {
    await attempt(s, async () => {
      s.draft.value = (await authed<Doc>(s.path, { query: { version: v } })).text;
      return t('doc.looking', { v });
    });
  };
  return (
    <details class="versions" data-test="versions">
      <summary>{t('strategy.versions', { n: all.length })}</summary>
      <ol>
        {all.map((v) => (
          <li key={v.version}>
            <button class="linkish" onClick={() => void look(v.version)}>
              {t('strategy.version', { v: v.version })}
            </button>
            <DocState state={v.state} />
            <span>{v.by}</span>
            <time>{dateTime(v.changed_at ?? null, lang.value)}</time>
            <span class="grow">{v.note}</span>
            {v.state === 'retired' || (v.state === 'file' && s.got.data.value?.state === 'published') ? (
              <button class="btn small" data-test={`rollback-${v.version}`} onClick={() => void back(v.version)}>
                {t('doc.rollback')}
              </button>
            ) : null}
          </li>
        ))}
      </ol>
    </details>
  );
}

export const docPath = (kind: 'policies' | 'flows' | 'tools/files', id: string): string => `/api/v1/${kind}/${seg(id)}`;
