/* Where articles come from: each source with its state and what was made of it; adding one; syncing one now; and the
 * report of one, document by document, those that need a person first. */
import './texts.ts';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { ago, dateTime } from '../lib/format.ts';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, may, now, route } from '../console/state.ts';
import { Upload } from './upload.tsx';
import { BackBar, Done, Pick, post, Rows, seg, useJob, useLoad, usePages, useRows } from '../service/parts.tsx';

export interface Source {
  id: string;
  kind: string;
  place: string;
  name: string;
  lang: string;
  category: string;
  owner: string;
  state: string;
  error: string;
  every_s: number;
  synced_at: string | null;
  changed_at: string | null;
  waiting: boolean;
  documents: number;
  troubled: number;
  articles: number;
}
interface Note {
  code: string;
  grade: string;
  detail: string;
  text: Both;
  mend: Both;
}
export interface SourceDoc {
  uri: string;
  state: string;
  format: string;
  bytes: number;
  pages: number;
  articles: number;
  read_at: string | null;
  notes: Note[];
}

export const BASE = '/api/v1/kb/sources';
const KINDS = ['folder', 'file', 'url', 'sitemap', 'table'];
const EVERY = [0, 60, 3600, 86400];
const TONE: Record<string, string> = { ok: 'ok', partly: 'warn', error: 'bad', refused: 'bad', new: '', gone: '' };
const LOOK_MS = 2000;

/* The source of the documents that were sent; one of them can be taken back. */
const UPLOADS = 'uploads';
const isUploads = (s: Source): boolean => s.kind === 'folder' && (s.name === UPLOADS || s.place.endsWith(`/sources/${UPLOADS}`));
const removable = (s: Source | null | undefined, d: SourceDoc): boolean =>
  !!s && isUploads(s) && d.state !== 'gone' && !d.uri.includes('/') && may('source.manage');

export const nameOf = (s: Source): string => (s.name === UPLOADS ? t('ku.name') : s.name || s.place);

const State = ({ s, waiting }: { s: string; waiting?: boolean }) => (
  <span class={`tag ${waiting ? 'info' : (TONE[s] ?? '')}`} data-test="source-state">
    {waiting ? t('ks.waiting') : tWord('sourcestate', s)}
  </span>
);

export function Sources() {
  const id = route.value.path[2] ?? '';
  return id ? <OneSource key={id} id={id} /> : <SourceList />;
}

/* Looks again while something is under way. */
export function useLook(busy: boolean, load: () => unknown, ms = LOOK_MS): void {
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => void load(), ms);
    return () => clearInterval(timer);
  }, [busy]);
}

function SourceList() {
  const pages = usePages<Source>(BASE, { limit: 100 });
  const adding = useSignal(false);
  const sending = useSignal(false);
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['kb', 'sources', rows[n]!.id])), () => ({
    n: () => may('source.manage') && (adding.value = true),
  }));
  useLook(rows.some((r) => r.waiting), () => pages.load(null));
  return (
    <div class="page-body">
      {may('source.manage') ? (
        <div class="srow">
          <span class="grow" />
          <button class="btn" data-test="upload-open" aria-expanded={sending.value} onClick={() => (sending.value = !sending.value)}>
            {t('ku.open')}
          </button>
          <button class="btn" data-test="source-new" aria-expanded={adding.value} onClick={() => (adding.value = !adding.value)}>
            {t('ks.add')} <kbd>n</kbd>
          </button>
        </div>
      ) : null}
      {sending.value ? <Upload done={() => void pages.load(null)} /> : null}
      {adding.value ? (
        <Add
          done={() => {
            adding.value = false;
            void pages.load(null);
          }}
        />
      ) : null}
      <Rows pages={pages} empty={<Empty icon="link" title={t('ks.none')} text={t('ks.none_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows" data-test="sources">
              <thead>
                <tr>
                  <th>{t('ks.place')}</th>
                  <th>{t('ks.kind')}</th>
                  <th>{t('ks.state')}</th>
                  <th class="right">{t('ks.articles')}</th>
                  <th class="right">{t('ks.documents')}</th>
                  <th>{t('ks.synced')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((s, n) => (
                  <tr key={s.id} data-row aria-current={at.value === n ? 'true' : undefined}>
                    <td>
                      <a href={makeHash(['kb', 'sources', s.id])}>{nameOf(s)}</a>
                      {s.name ? <small class="muted"> {s.place}</small> : null}
                    </td>
                    <td>{tWord('sourcekind', s.kind)}</td>
                    <td>
                      <State s={s.state} waiting={s.waiting} />
                    </td>
                    <td class="num right">{s.articles}</td>
                    <td class="num right">
                      {s.documents}
                      {s.troubled ? <span class="tag warn">{t('ks.troubled', { n: s.troubled })}</span> : null}
                    </td>
                    <td class="num muted">{s.synced_at ? ago(s.synced_at, now.value, lang.value) : t('ks.never')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Rows>
    </div>
  );
}

/* Who is refused here has the right to add, but not from that place: the server says which ones there are. */
const refusal = (e: unknown): unknown => (e instanceof ApiError && e.status === 403 && e.detail ? new ApiError(400, '', e.detail) : e);

function Add({ done }: { done: () => void }) {
  const f = useSignal({ kind: 'folder', place: '', name: '', lang: '', category: '', every_s: 3600 });
  const error = useSignal<unknown>(null);
  const set = (k: string) => (e: { currentTarget: { value: string } }) =>
    (f.value = { ...f.value, [k]: k === 'every_s' ? Number(e.currentTarget.value) : e.currentTarget.value });
  const save = async () => {
    error.value = null;
    try {
      await post(BASE, { ...f.value, place: f.value.place.trim(), name: f.value.name.trim() });
      done();
    } catch (e) {
      error.value = refusal(e);
    }
  };
  return (
    <form
      class="card srcform"
      data-test="source-form"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <label>
        <span>{t('ks.kind')}</span>
        <select class="input" data-test="source-kind" value={f.value.kind} onChange={set('kind')}>
          {KINDS.map((k) => (
            <option key={k} value={k}>
              {tWord('sourcekind', k)}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        <span>{tWord('sourceplace', f.value.kind)}</span>
        <input class="input" data-test="source-place" required value={f.value.place} onInput={set('place')} />
      </label>
      <label>
        <span>{t('ks.name')}</span>
        <input class="input" value={f.value.name} maxLength={100} onInput={set('name')} />
      </label>
      <label>
        <span>{t('kb.category')}</span>
        <input class="input" value={f.value.category} maxLength={60} onInput={set('category')} />
      </label>
      <label>
        <span>{t('kb.language')}</span>
        <select class="input" value={f.value.lang} onChange={set('lang')}>
          <option value="">{t('ks.by_itself')}</option>
          <option value="zh">{tWord('lang', 'zh')}</option>
          <option value="en">{tWord('lang', 'en')}</option>
        </select>
      </label>
      <label>
        <span>{t('ks.every')}</span>
        <select class="input" value={String(f.value.every_s)} onChange={set('every_s')}>
          {EVERY.map((s) => (
            <option key={s} value={s}>
              {tWord('every', String(s))}
            </option>
          ))}
        </select>
      </label>
      {error.value ? <ErrorNote error={error.value} /> : null}
      <div class="srow wide">
        <span class="grow" />
        <button class="btn primary" data-test="source-save">
          {t('ks.add_now')}
        </button>
      </div>
    </form>
  );
}

function OneSource({ id }: { id: string }) {
  const path = `${BASE}/${seg(id)}`;
  const got = useLoad<Source>(path);
  const { state = '' } = route.value.query;
  const docs = usePages<SourceDoc>(`${path}/documents`, { state, limit: 100 });
  const { error, done, run } = useJob();
  const s = got.data.value;
  const reload = () => Promise.all([got.load(), docs.load(null)]);
  useLook(Boolean(s?.waiting), reload);
  const sync = () =>
    run(async () => {
      await post(`${path}/sync`, {});
      await got.load();
      return t('ks.asked');
    });
  const remove = () =>
    confirm(t('ks.remove_sure')) &&
    run(async () => {
      await authed(path, { method: 'DELETE' });
      location.hash = makeHash(['kb', 'sources']);
      return '';
    });
  const takeBack = (d: SourceDoc | undefined) =>
    d &&
    removable(s, d) &&
    confirm(t('ku.remove_sure', { name: d.uri })) &&
    run(async () => {
      await authed(`${path}/documents`, { method: 'DELETE', query: { name: d.uri } });
      await reload();
      return t('ku.removed', { name: d.uri });
    });
  const rows = docs.rows.value ?? [];
  const at = useRows(rows.length, () => undefined, () => ({ x: () => void takeBack(rows[at.value]) }));
  return (
    <section class="page">
      <BackBar to={['kb', 'sources']}>
        <h1>{s ? nameOf(s) : ''}</h1>
        <span class="grow" />
        {s && may('source.manage') ? (
          <button class="btn" data-test="source-remove" onClick={() => void remove()}>
            {t('ks.remove')}
          </button>
        ) : null}
        {s && may('source.sync') ? (
          <button class="btn primary" data-test="source-sync" disabled={s.waiting} onClick={() => void sync()}>
            {t('ks.sync')}
          </button>
        ) : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {error.value ? <ErrorNote error={error.value} /> : null}
        {done.value ? <Done text={done.value} /> : null}
        {s ? <Facts s={s} /> : got.error.value ? null : <Skeleton rows={3} kind="line" />}
        <div class="filters">
          <Pick name="state" label={t('ks.state')} group="sourcestate" every={t('ks.every_document')}
            words={['bad', 'ok', 'partly', 'refused', 'error', 'gone']} />
        </div>
        <Rows pages={docs} empty={<Empty icon="book" title={t('ks.no_documents')} text="" />}>
          {(all) => (
            <ul class="docs" data-test="source-docs">
              {all.map((d, n) => (
                <Document key={d.uri} d={d} row={at.value === n} remove={removable(s, d) ? () => void takeBack(d) : undefined} />
              ))}
            </ul>
          )}
        </Rows>
      </div>
    </section>
  );
}

function Facts({ s }: { s: Source }) {
  const facts: [string, string][] = [
    [t('ks.kind'), tWord('sourcekind', s.kind)],
    [t('ks.place'), s.place],
    [t('ks.articles'), String(s.articles)],
    [t('ks.documents'), String(s.documents)],
    [t('ks.every'), tWord('every', String(s.every_s))],
    [t('ks.synced'), s.synced_at ? dateTime(s.synced_at, lang.value) : t('ks.never')],
    [t('ks.owner'), s.owner],
  ];
  return (
    <section class="card">
      <p>
        <State s={s.state} waiting={s.waiting} />
      </p>
      {s.error ? <p class="note bad">{s.error}</p> : null}
      <dl class="srcfacts">
        {facts
          .filter(([, v]) => v)
          .map(([k, v]) => (
            <div key={k}>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

/* row: in a list that j and k go through, and whether they are at this one. */
export function Document({ d, row, remove }: { d: SourceDoc; row?: boolean; remove?: (() => void) | undefined }) {
  return (
    <li class="card" data-test="source-doc" data-state={d.state} data-row={row === undefined ? undefined : true} aria-current={row ? 'true' : undefined}>
      <p class="srow">
        <State s={d.state} />
        <b class="grow uri">{d.uri}</b>
        <span class="muted num">
          {[d.format, d.pages ? t('ks.pages', { n: d.pages }) : '', t('ks.made', { n: d.articles })].filter(Boolean).join(' · ')}
        </span>
        {remove ? (
          <button class="btn small" data-test="doc-remove" aria-label={t('ku.remove_one', { name: d.uri })} onClick={remove}>
            {t('ks.remove')}
            {row ? <kbd>x</kbd> : null}
          </button>
        ) : null}
      </p>
      {d.notes.length ? (
        <ul class="notes">
          {d.notes.map((n, i) => (
            <li key={i} class={n.grade}>
              <Icon name={n.grade === 'info' ? 'check' : 'alert'} />
              <span>
                {both(n.text)}
                {both(n.mend) ? <em> {both(n.mend)}</em> : null}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
    </li>
  );
}
