/* Knowledge: ask and see what is found; the list of articles; one article. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ago, dateOnly, dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Article, ArticleRow, Page } from '../lib/types.ts';
import { Lazy } from '../lib/lazy.tsx';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { Ask } from './ask.tsx';
import { Markdown } from './md.tsx';
import { authed, may, now, order, route } from './state.ts';

const VIEWS = {
  ask: 'bot.use', articles: 'article.read', drafts: 'gap.read', gaps: 'gap.read', coverage: 'gap.read', sets: 'gap.read', sources: 'source.read',
};
type View = keyof typeof VIEWS;
const LATER = new Set<string>(['drafts', 'gaps', 'coverage', 'sets', 'sources']);
const pages = () => import('../knowledge/pages.tsx');
const editor = () => import('../knowledge/edit.tsx');

export function Knowledge() {
  const [, sub, id, verb] = route.value.path;
  useEffect(() => {
    order.value = [];
  }, []);
  if (sub === 'new' || (sub === 'article' && verb === 'edit')) return <Lazy key="edit" load={editor} />;
  const views = (Object.keys(VIEWS) as View[]).filter((v) => may(VIEWS[v]));
  const here = sub ?? views[0];
  const later = sub !== undefined && LATER.has(sub);
  if (later && id) return <Lazy key="pages" load={pages} />;
  if (sub === 'article' && id) return <ArticleView key={id} id={id} />;
  return (
    <section class="page" aria-label={t('nav.kb')}>
      <header class="bar">
        <h1>{t('nav.kb')}</h1>
        <nav class="seg" aria-label={t('kb.views')}>
          {views.map((v) => (
            <a
              key={v}
              href={makeHash(v === 'ask' ? ['kb'] : ['kb', v])}
              aria-current={here === v ? 'page' : undefined}
              data-test={`kb-${v}`}
            >
              {t(`kb.${v}`)}
            </a>
          ))}
        </nav>
        <span class="grow" />
        {may('article.write') ? (
          <a class="btn" data-test="article-new" href={makeHash(['kb', 'new'])}>
            {t('kb.new')}
          </a>
        ) : null}
      </header>
      {later ? <Lazy key="pages" load={pages} /> : here === 'articles' ? <Articles /> : <Ask />}
    </section>
  );
}

function setFilter(change: Record<string, string>): void {
  history.replaceState(null, '', makeHash(['kb', 'articles'], { ...route.value.query, ...change }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

const TYPING_MS = 200;

function Articles() {
  const { q = '', lang: l = '', category = '' } = route.value.query;
  const rows = useSignal<ArticleRow[] | null>(null);
  const cursor = useSignal<string | null>(null);
  const error = useSignal<unknown>(null);
  const categories = useSignal<string[]>([]);

  async function load(next: string | null) {
    error.value = null;
    try {
      const p = await authed<Page<ArticleRow>>('/api/v1/articles', {
        query: { q, lang: l, category, cursor: next, limit: 100 },
      });
      rows.value = next ? [...(rows.value ?? []), ...p.items] : p.items;
      cursor.value = p.next_cursor;
      const seen = new Set([...categories.value, ...p.items.map((a) => a.category ?? '')]);
      categories.value = [...seen].filter(Boolean).sort();
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => {
    const later = setTimeout(() => void load(null), rows.value ? TYPING_MS : 0);
    return () => clearTimeout(later);
  }, [q, l, category]);

  return (
    <div class="page-body">
      <div class="filters">
        <label class="search">
          <Icon name="search" />
          <input
            class="input"
            type="search"
            data-search
            aria-label={t('kb.search')}
            placeholder={t('kb.search')}
            value={q}
            onInput={(e) => setFilter({ q: e.currentTarget.value })}
          />
          <kbd>/</kbd>
        </label>
        <select
          class="input"
          aria-label={t('kb.language')}
          value={l}
          onChange={(e) => setFilter({ lang: e.currentTarget.value })}
        >
          <option value="">{t('kb.every_language')}</option>
          <option value="zh">{tWord('lang', 'zh')}</option>
          <option value="en">{tWord('lang', 'en')}</option>
        </select>
        <select
          class="input"
          aria-label={t('kb.category')}
          value={category}
          onChange={(e) => setFilter({ category: e.currentTarget.value })}
        >
          <option value="">{t('kb.every_category')}</option>
          {categories.value.map((c) => (
            <option key={c} value={c}>
              {tWord('category', c)}
            </option>
          ))}
        </select>
      </div>
      {error.value ? <ErrorNote error={error.value} retry={() => void load(null)} /> : null}
      {rows.value === null ? (
        error.value ? null : (
          <Skeleton rows={8} kind="line" />
        )
      ) : rows.value.length === 0 ? (
        q || l || category ? (
          <Empty icon="search" title={t('kb.none_found')} text={t('kb.none_found_text')}>
            <button class="btn" onClick={() => setFilter({ q: '', lang: '', category: '' })}>
              {t('live.clear')}
            </button>
          </Empty>
        ) : (
          <Empty icon="book" title={t('kb.none')} text={t('kb.none_text')} />
        )
      ) : (
        <ArticleTable rows={rows.value} />
      )}
      {cursor.value ? (
        <button class="btn more" onClick={() => void load(cursor.value)}>
          {t('live.more')}
        </button>
      ) : null}
    </div>
  );
}

function ArticleTable({ rows }: { rows: ArticleRow[] }) {
  return (
    <div class="card flush">
      <table class="table" data-test="articles">
        <thead>
          <tr>
            <th>{t('kb.title')}</th>
            <th>{t('kb.category')}</th>
            <th>{t('kb.language')}</th>
            <th>{t('kb.valid')}</th>
            <th>{t('kb.updated')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((a) => (
            <tr key={a.id}>
              <td>
                <a href={makeHash(['kb', 'article', a.id])} lang={a.lang}>
                  {a.title}
                </a>
                <StatusTag status={a.status} />
              </td>
              <td>{tWord('category', a.category)}</td>
              <td>
                <span class="lang">{a.lang}</span>
              </td>
              <td class="num muted">{validity(a)}</td>
              <td class="num muted">{ago(a.updated_at, now.value, lang.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StatusTag({ status }: { status: string }) {
  if (!status || status === 'published' || status === 'active') return null;
  return <span class="tag warn">{tWord('status', status)}</span>;
}

function validity(a: ArticleRow): string {
  if (!a.valid_from && !a.valid_to) return t('kb.always');
  const from = a.valid_from ? dateOnly(a.valid_from, lang.value) : '…';
  const to = a.valid_to ? dateOnly(a.valid_to, lang.value) : '…';
  return `${from} – ${to}`;
}

const aliasList = (a: string[] | string): string[] =>
  typeof a === 'string' ? a.split(/\s*[;；\n]\s*/).filter(Boolean) : a;

function ArticleView({ id }: { id: string }) {
  const article = useSignal<Article | null>(null);
  const error = useSignal<unknown>(null);
  const quote = route.value.query['quote'] ?? '';

  async function load() {
    error.value = null;
    try {
      article.value = await authed<Article>(`/api/v1/articles/${encodeURIComponent(id)}`);
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => void load(), [id]);
  useEffect(() => {
    document.querySelector('mark')?.scrollIntoView({ block: 'center' });
  }, [article.value, quote]);

  const a = article.value;
  return (
    <section class="page" aria-label={t('kb.article')}>
      <header class="bar">
        <button class="btn ghost" onClick={() => history.back()}>
          <Icon name="back" />
          {t('ui.back')}
        </button>
        <span class="grow" />
        {a && may('article.write') ? (
          <a class="btn" data-test="article-edit-open" href={makeHash(['kb', 'article', id, 'edit'])}>
            {t('kb.edit')}
          </a>
        ) : null}
      </header>
      <div class="page-body narrow">
        {error.value ? <ErrorNote error={error.value} retry={() => void load()} /> : null}
        {!a && !error.value ? <Skeleton rows={6} kind="line" /> : null}
        {a ? (
          <article class="card article" lang={a.lang} data-test="article">
            <h1>{a.title}</h1>
            <p class="article-meta">
              <span class="lang">{a.lang}</span>
              {a.category ? <span class="tag">{tWord('category', a.category)}</span> : null}
              <StatusTag status={a.status} />
              <span>{t('kb.version', { v: a.version })}</span>
              <span>{validity(a)}</span>
              {a.updated_at ? (
                <span>
                  {t('kb.updated')} {dateTime(a.updated_at, lang.value)}
                </span>
              ) : null}
            </p>
            {quote && a.version && route.value.query['version'] &&
            route.value.query['version'] !== String(a.version) ? (
              <div class="note warn">{t('kb.older_quote', { v: route.value.query['version'] })}</div>
            ) : null}
            <Markdown md={a.body_md} quote={quote} />
            <footer>
              {a.aliases?.length ? (
                <p>
                  <b>{t('kb.aliases')}</b> {aliasList(a.aliases).join(' · ')}
                </p>
              ) : null}
              {a.source ? (
                <p>
                  <b>{t('kb.source')}</b> {a.source}
                </p>
              ) : null}
            </footer>
          </article>
        ) : null}
      </div>
    </section>
  );
}
