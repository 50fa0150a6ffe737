/* An article written here: its text beside how it reads, hints while writing, a question to try, what a save
 * changes, and every former version. */
import './texts.ts';
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Article, Hit } from '../lib/types.ts';
import { ErrorNote, Skeleton } from '../lib/ui.tsx';
import { Markdown } from '../console/md.tsx';
import { authed, route } from '../console/state.ts';
import { Diff } from '../service/doc.tsx';
import { BackBar, byText, Done, ifMatch, seg, useJob, useKeys, useLoad, type Loaded } from '../service/parts.tsx';
import { asText, bodyOf, EMPTY, fieldsOf, idFits, type Fields } from './fields.ts';
import { firstSentence } from './first.ts';

interface Version {
  version: number;
  state: string;
  title: string;
  at: string | null;
  by?: string;
}

const FIRST_MAX = { zh: 60, en: 160 };

export default function EditPage() {
  const [, sub, id = ''] = route.value.path;
  return sub === 'new' ? <Edit key="new" id="" /> : <Existing key={id} id={id} />;
}

function Existing({ id }: { id: string }) {
  const got = useLoad<Article>(`/api/v1/articles/${seg(id)}`);
  if (got.data.value) return <Edit id={id} got={got} />;
  return (
    <section class="page">
      <BackBar to={['kb', 'article', id]} />
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : <Skeleton rows={6} kind="line" />}
      </div>
    </section>
  );
}

function Edit({ id, got }: { id: string; got?: Loaded<Article> }) {
  const a = got?.data.value;
  const f = useSignal<Fields>(a ? fieldsOf(a) : EMPTY);
  const name = useSignal(id);
  const { busy, error, done, run } = useJob();
  const versions = useSignal<Version[]>([]);
  const path = `/api/v1/articles/${seg(id || name.value)}`;
  const before = a ? fieldsOf(a) : EMPTY;
  const changed = asText(f.value) !== asText(before) || (a && a.status === 'retired');
  const ready = f.value.title.trim() && f.value.body_md.trim() && (id || idFits(name.value));

  const history = async () => {
    if (id) versions.value = (await authed<{ items: Version[] }>(`${path}/versions`)).items;
  };
  useEffect(() => void history().catch(() => undefined), [id]);

  const reload = async () => {
    if (!got) return;
    await got.load();
    if (got.data.value) f.value = fieldsOf(got.data.value);
    await history();
  };
  /* What is changed is what was shown. */
  const match = (): Record<string, string> =>
    got ? ifMatch(got) : { 'If-None-Match': '*' };
  const save = () =>
    run(async () => {
      const body = bodyOf(f.value, id ? before : null);
      const r = await authed<Article>(path, { method: 'PUT', body, headers: match() });
      if (!id) {
        location.hash = makeHash(['kb', 'article', name.value, 'edit']);
        return '';
      }
      const was = a?.version;
      await reload();
      return t(r.version === was && a?.status !== 'retired' ? 'ke.same' : 'ke.saved', { v: r.version });
    });
  const retire = () =>
    confirm(t('ke.retire_sure')) &&
    run(async () => {
      await authed(path, { method: 'DELETE', headers: match() });
      await reload();
      return t('ke.retired');
    });
  const look = (v: number) =>
    run(async () => {
      f.value = fieldsOf(await authed<Article>(`${path}/versions/${v}`));
      return t('ke.looking', { v });
    });
  const back = (v: number) =>
    run(async () => {
      const r = await authed<Article>(`${path}/rollback`, { method: 'POST', body: { version: v }, headers: match() });
      await reload();
      return t('ke.back', { v, now: r.version });
    });
  useKeys(() => ({ e: () => document.querySelector<HTMLElement>('[data-test=ke-body]')?.focus() }));

  return (
    <section class="page" aria-label={t(id ? 'ke.edit' : 'ke.new')}>
      <BackBar to={id ? ['kb', 'article', id] : ['kb', 'articles']}>
        <h1>{id ? (a?.title ?? id) : t('ke.new')}</h1>
      </BackBar>
      <div class="page-body">
        <form
          class="kedit"
          data-test="article-edit"
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
          onKeyDown={(e) => {
            if (e.key !== 's' || !(e.ctrlKey || e.metaKey)) return;
            e.preventDefault();
            if (changed && ready) void save();
          }}
        >
          <div class="card">
            <Inputs f={f} name={id ? null : name} />
            {error.value ? <ErrorNote error={error.value} retry={() => void reload()} /> : null}
            {done.value ? <Done text={done.value} /> : null}
            <div class="srow">
              <span class="grow" />
              {id && a?.status !== 'retired' ? (
                <button class="btn" type="button" data-test="ke-retire" onClick={() => void retire()}>
                  {t('ke.retire')}
                </button>
              ) : null}
              <button class="btn primary" data-test="ke-save" title="Ctrl S" disabled={!changed || !ready || busy.value}>
                {t('ke.save')}
              </button>
            </div>
            {id && changed ? (
              <details open>
                <summary>{t('ke.changes')}</summary>
                <Diff before={asText(before)} after={asText(f.value)} />
              </details>
            ) : null}
          </div>
          <div>
            <section class="card article" lang={a?.lang}>
              <h2>{t('ke.preview')}</h2>
              <h1>{f.value.title}</h1>
              <Markdown md={f.value.body_md} quote="" />
            </section>
            {id ? <Try id={id} changed={Boolean(changed)} /> : null}
            {versions.value.length > 1 ? (
              <Former all={versions.value} now={Number(a?.version ?? 0)} look={look} back={back} />
            ) : null}
          </div>
        </form>
      </div>
    </section>
  );
}

function Inputs({ f, name }: { f: Signal<Fields>; name: Signal<string> | null }) {
  const set = (k: keyof Fields) => (e: { currentTarget: { value: string } }) =>
    (f.value = { ...f.value, [k]: e.currentTarget.value });
  const first = firstSentence(f.value.body_md);
  const max = /[一-鿿]/.test(first) ? FIRST_MAX.zh : FIRST_MAX.en;
  const aliases = f.value.aliases.split('\n').filter((x) => x.trim()).length;
  return (
    <>
      {name ? (
        <label>
          <span>{t('ke.id')}</span>
          <input class="input" data-test="ke-id" required value={name.value}
            onInput={(e) => (name.value = e.currentTarget.value.trim())} />
        </label>
      ) : null}
      <label>
        <span>{t('ke.title')}</span>
        <input class="input" data-test="ke-title" required maxLength={200} value={f.value.title} onInput={set('title')} />
      </label>
      <label>
        <span>{t('ke.body')}</span>
        <textarea class="input body" data-test="ke-body" required value={f.value.body_md} onInput={set('body_md')} />
      </label>
      {first.length > max ? <p class="hint">{t('ke.hint_first', { n: first.length, max })}</p> : null}
      <label>
        <span>{t('ke.aliases')}</span>
        <textarea class="input aliases" data-test="ke-aliases" value={f.value.aliases} onInput={set('aliases')} />
      </label>
      {aliases < 5 ? <p class="hint">{t('ke.hint_alias', { n: aliases })}</p> : null}
      <label>
        <span>{t('ke.category')}</span>
        <input class="input" data-test="ke-category" maxLength={60} value={f.value.category} onInput={set('category')} />
      </label>
      <div class="pair">
        <label>
          <span>{t('ke.from')}</span>
          <input class="input" type="datetime-local" value={f.value.valid_from} onInput={set('valid_from')} />
        </label>
        <label>
          <span>{t('ke.to')}</span>
          <input class="input" type="datetime-local" value={f.value.valid_to} onInput={set('valid_to')} />
        </label>
      </div>
    </>
  );
}

/* Where a customer's question finds it. */
function Try({ id, changed }: { id: string; changed: boolean }) {
  const q = useSignal('');
  const says = useSignal('');
  const error = useSignal<unknown>(null);
  const run = async () => {
    error.value = null;
    try {
      const r = await authed<{ hits: Hit[] }>('/api/v1/kb/search', { method: 'POST', body: { query: q.value, k: 8 } });
      const at = r.hits.findIndex((h) => h.article_id === id);
      says.value =
        at < 0
          ? t('ke.not_found')
          : at === 0
            ? t('ke.found', { p: Math.round((r.hits[0]!.p ?? 0) * 100) })
            : t('ke.found_at', { n: at + 1, title: r.hits[0]!.title });
    } catch (e) {
      error.value = e;
    }
  };
  return (
    <section class="card">
      <h2>{t('ke.try')}</h2>
      <div class="srow">
        <input class="input grow" data-test="ke-ask" aria-label={t('ke.try')} placeholder={changed ? t('ke.try_text') : ''}
          value={q.value} onInput={(e) => (q.value = e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter') return;
            e.preventDefault();
            if (q.value.trim()) void run();
          }} />
        <button class="btn" type="button" data-test="ke-try" disabled={!q.value.trim()} onClick={() => void run()}>
          {t('ask.submit')}
        </button>
      </div>
      {error.value ? <ErrorNote error={error.value} retry={() => void run()} /> : null}
      {says.value ? (
        <p class="place" role="status" data-test="ke-place">
          {says.value}
        </p>
      ) : null}
    </section>
  );
}

function Former(p: { all: Version[]; now: number; look: (v: number) => void; back: (v: number) => void }) {
  return (
    <details class="card versions" data-test="ke-versions">
      <summary>{t('ke.versions', { n: p.all.length })}</summary>
      <ol>
        {p.all.map((v) => (
          <li key={v.version}>
            <button class="linkish" type="button" onClick={() => p.look(v.version)}>
              {t('kb.version', { v: v.version })}
            </button>
            <time>{dateTime(v.at, lang.value)}</time>
            <span>{byText(v.by)}</span>
            <span class="grow">{v.title}</span>
            {v.version !== p.now ? (
              <button class="btn small" type="button" data-test={`ke-back-${v.version}`} onClick={() => p.back(v.version)}>
                {t('ke.back_to', { v: v.version })}
              </button>
            ) : null}
          </li>
        ))}
      </ol>
    </details>
  );
}
