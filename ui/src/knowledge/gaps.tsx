/* What customers asked in vain, like questions together, the costliest first, with their words; and the map of what is
 * known by topic, with what contradicts itself. */
import './texts.ts';
import { useSignal } from '@preact/signals';
import { ago, pct } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, may, now, route } from '../console/state.ts';
import { Pick, post, Rows, seg, setHashQuery, useLoad, usePages, useRows } from '../service/parts.tsx';

interface Gap {
  id: string;
  priority: number;
  lang: string;
  question: string;
  category: string;
  state: string;
  size: number;
  customers: number;
  answers: number;
  cost: number;
  trend: number;
  coverage: number;
  first_at: string | null;
  last_at: string | null;
}
type OneGap = Gap & {
  questions: { conversation: string; text: string; signals: string[]; at: string | null }[];
  drafts: { id: string; state: string }[];
};

export function Gaps() {
  const { state = '', sel = '', category = '', lang: l = '' } = route.value.query;
  const pages = usePages<Gap>('/api/v1/kb/gaps', { state, category, lang: l, limit: 100 });
  const rows = pages.rows.value ?? [];
  const categories = [...new Set([category, ...rows.map((r) => r.category)])].filter(Boolean).sort();
  const at = useRows(rows.length, (n) => setHashQuery({ sel: rows[n]!.id }));
  return (
    <div class="page-body">
      <div class="filters">
        <Pick name="state" label={t('ks.state')} group="gapstate" every={t('kg.every')} words={['open', 'drafted', 'closed', 'ignored']} />
        <Pick name="lang" label={t('kb.language')} group="lang" every={t('kb.every_language')} words={['zh', 'en']} />
        <Pick name="category" label={t('kb.category')} group="category" every={t('kb.every_category')} words={categories} />
        <span class="grow" />
        <LookNow done={() => pages.load(null)} />
      </div>
      {sel ? <OneGapView key={sel} id={sel} /> : null}
      <Rows pages={pages} empty={<Empty icon="check" title={t('kg.none')} text={t('kg.none_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows" data-test="gaps">
              <thead>
                <tr>
                  <th>{t('kg.question')}</th>
                  <th>{t('kb.category')}</th>
                  <th class="right">{t('kg.asked')}</th>
                  <th class="right">{t('kg.trend')}</th>
                  <th class="right">{t('kg.answers')}</th>
                  <th>{t('ks.state')}</th>
                  <th>{t('kg.last')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((g, n) => (
                  <tr key={g.id} data-row aria-current={at.value === n || g.id === sel ? 'true' : undefined}>
                    <td lang={g.lang}>
                      <a href={makeHash(['kb', 'gaps'], { ...route.value.query, sel: g.id })}>{g.question}</a>
                    </td>
                    <td>{tWord('category', g.category)}</td>
                    <td class="num right">{t('kg.size', { n: g.size, c: g.customers })}</td>
                    <td class="num right">{g.trend > 0.05 ? '↑' : g.trend < -0.05 ? '↓' : '→'}</td>
                    <td class="num right">{g.answers}</td>
                    <td>
                      <span class="tag">{tWord('gapstate', g.state)}</span>
                    </td>
                    <td class="num muted">{g.last_at ? ago(g.last_at, now.value, lang.value) : ''}</td>
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

const FOLLOW_MS = 2500;

/* The night's work, now: the list follows. */
function LookNow({ done }: { done: () => Promise<void> }) {
  const state = useSignal<'' | 'busy' | 'done'>('');
  const error = useSignal<unknown>(null);
  if (!may('kb.learn')) return null;
  const look = async () => {
    error.value = null;
    try {
      await post('/api/v1/kb/learn', {});
      state.value = 'busy';
      await new Promise((r) => setTimeout(r, FOLLOW_MS));
      await done();
      state.value = 'done';
    } catch (e) {
      error.value = e;
      state.value = '';
    }
  };
  return (
    <>
      {error.value ? <ErrorNote error={error.value} /> : null}
      <button class="btn" data-test="look-now" disabled={state.value === 'busy'} onClick={() => void look()}>
        {t(state.value === 'busy' ? 'kg.looking' : 'kg.look')}
      </button>
    </>
  );
}

function OneGapView({ id }: { id: string }) {
  const got = useLoad<OneGap>(`/api/v1/kb/gaps/${seg(id)}`);
  const g = got.data.value;
  if (!g) return got.error.value ? <ErrorNote error={got.error.value} /> : <Skeleton rows={4} kind="line" />;
  return (
    <section class="card" data-test="gap" lang={g.lang}>
      <h2>{g.question}</h2>
      <ul class="said">
        {g.questions.map((q, n) => (
          <li key={n}>
            <a href={makeHash(['c', q.conversation])}>{q.text}</a>{' '}
            {q.signals.map((s) => (
              <span key={s} class="tag">
                {tWord('signal', s)}
              </span>
            ))}
          </li>
        ))}
      </ul>
      {g.drafts.length ? (
        <p>
          {g.drafts.map((d) => (
            <a key={d.id} class="btn small" href={makeHash(['kb', 'drafts'], { state: d.state === 'open' ? '' : d.state, sel: d.id })}>
              {t('kg.draft')} · {tWord('draftstate', d.state)}
            </a>
          ))}
        </p>
      ) : (
        <p class="hint">{t('kg.no_draft')}</p>
      )}
    </section>
  );
}

interface Topic {
  category: string;
  lang: string;
  owner: string;
  articles: number;
  traffic: number;
  answered: number;
  unanswered: number;
  gaps: number;
  conflicts: number;
  stale: number;
  expiring: number;
  expired: number;
  review_days: number;
  coverage: number;
}
interface Conflict {
  id: string;
  lang: string;
  article_id: string;
  other_id: string;
  kind: string;
  value: string;
  other_value: string;
  sentence: string;
  other_sentence: string;
  translation: boolean;
}

export function Coverage() {
  const { lang: l = '' } = route.value.query;
  const topics = usePages<Topic>('/api/v1/kb/coverage', { lang: l, limit: 200 });
  const conflicts = usePages<Conflict>('/api/v1/kb/conflicts', { lang: l, limit: 50 });
  return (
    <div class="page-body">
      <div class="filters">
        <Pick name="lang" label={t('kb.language')} group="lang" every={t('kb.every_language')} words={['zh', 'en']} />
      </div>
      <Rows pages={topics} empty={<Empty icon="book" title={t('kb.none')} text={t('kb.none_text')} />}>
        {(all) => <TopicTable all={all} reload={() => topics.load(null)} />}
      </Rows>
      <h2 class="section">{t('kc.conflicts')}</h2>
      <Rows pages={conflicts} empty={<p class="hint">{t('kc.no_conflicts')}</p>}>
        {(all) => (
          <ul class="docs" data-test="conflicts">
            {all.map((c) => (
              <li key={c.id} class="card" lang={c.lang}>
                <p class="srow">
                  <span class="tag warn">{tWord('slotkind', c.kind)}</span>
                  <b class="grow">{`${c.value} ≠ ${c.other_value}`}</b>
                  {c.translation ? <span class="tag">{t('kc.translation')}</span> : null}
                </p>
                <p>
                  <a href={makeHash(['kb', 'article', c.article_id], { quote: c.sentence })}>{c.article_id}</a> {c.sentence}
                </p>
                <p>
                  <a href={makeHash(['kb', 'article', c.other_id], { quote: c.other_sentence })}>{c.other_id}</a> {c.other_sentence}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Rows>
    </div>
  );
}

function TopicTable({ all, reload }: { all: Topic[]; reload: () => Promise<void> }) {
  const most = Math.max(1, ...all.map((x) => x.traffic));
  return (
    <div class="card flush">
      <table class="table" data-test="coverage">
        <thead>
          <tr>
            <th>{t('kb.category')}</th>
            <th>{t('kc.traffic')}</th>
            <th class="right">{t('kc.coverage')}</th>
            <th class="right">{t('ks.articles')}</th>
            <th class="right">{t('kc.gaps')}</th>
            <th>{t('kc.care')}</th>
            <th>{t('ks.owner')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((x) => (
            <tr key={`${x.category} ${x.lang}`}>
              <td>
                <a href={makeHash(['kb', 'articles'], { category: x.category, lang: x.lang })}>{tWord('category', x.category) || '–'}</a>{' '}
                <span class="lang">{x.lang}</span>
              </td>
              <td>
                <span class="flow-bar" role="img" aria-label={t('kc.bar', { a: x.answered, u: x.unanswered })}>
                  <i class="good" style={{ width: `${(x.answered / most) * 100}%` }} />
                  <i class="lost" style={{ width: `${(x.unanswered / most) * 100}%` }} />
                </span>
              </td>
              <td class="num right">{pct(x.traffic ? x.coverage : null)}</td>
              <td class="num right">{x.articles}</td>
              <td class="num right">
                {x.gaps ? <a href={makeHash(['kb', 'gaps'], { category: x.category, lang: x.lang })}>{x.gaps}</a> : '–'}
              </td>
              <td>
                <Care n={x.stale} word="kc.stale" />
                <Care n={x.expiring} word="kc.expiring" />
                <Care n={x.expired} word="kc.expired" />
                <Care n={x.conflicts} word="kc.conflict" />
              </td>
              <td>
                <Owner x={x} reload={reload} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Care({ n, word }: { n: number; word: 'kc.stale' | 'kc.expiring' | 'kc.expired' | 'kc.conflict' }) {
  return n ? <span class="tag warn">{t(word, { n })}</span> : null;
}

function Owner({ x, reload }: { x: Topic; reload: () => Promise<void> }) {
  const open = useSignal(false);
  const owner = useSignal(x.owner);
  const days = useSignal(String(x.review_days || ''));
  const error = useSignal<unknown>(null);
  if (!open.value)
    return (
      <button class="linkish" disabled={!may('gap.decide')} onClick={() => (open.value = true)}>
        {x.owner || t('kc.nobody')}
        {x.review_days ? ` · ${t('kc.days', { n: x.review_days })}` : ''}
      </button>
    );
  const save = async () => {
    try {
      await authed(`/api/v1/kb/topics/${seg(x.category)}`, {
        method: 'PUT',
        body: { owner: owner.value.trim(), review_days: Number(days.value) || 0 },
      });
      open.value = false;
      await reload();
    } catch (e) {
      error.value = e;
    }
  };
  return (
    <form
      class="srow"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <input class="input" aria-label={t('ks.owner')} placeholder={t('ks.owner')} value={owner.value} maxLength={60}
        onInput={(e) => (owner.value = e.currentTarget.value)} />
      <input class="input" type="number" min={0} max={3650} aria-label={t('kc.review')} placeholder={t('kc.review')} value={days.value}
        onInput={(e) => (days.value = e.currentTarget.value)} />
      <button class="btn small">{t('svc.save')}</button>
      {error.value ? <ErrorNote error={error.value} /> : null}
    </form>
  );
}
