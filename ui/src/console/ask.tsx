/* Ask and see what is found: the answer as the customer would get it, beside
 * the ranked passages and why each of them ranked where it did. */
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { squash } from '../lib/blocks.ts';
import { latency } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { BotTurn, Cite, Hit } from '../lib/types.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { ActionTag } from './list.tsx';
import { authed, may, route } from './state.ts';
import { Cites } from './transcript.tsx';

interface Found {
  hits: Hit[];
  took_ms: number;
}

const EXAMPLES = {
  en: ['How long do I have to return something?', 'Where is my order?', 'Can I get an invoice?'],
  zh: ['买了多久之内可以退货？', '我的快递到哪了？', '可以开发票吗？'],
};

export function Ask() {
  const asked = route.value.query['ask'] ?? '';
  const draft = useSignal(asked);
  const answer = useSignal<BotTurn | null>(null);
  const found = useSignal<Found | null>(null);
  const error = useSignal<unknown>(null);
  const at = useSignal(0); /* the hit that a key is about */

  const ask = (q: string) => {
    draft.value = q;
    const hash = makeHash(['kb'], { ask: q.trim() });
    if (hash === location.hash) void run(q.trim());
    else location.hash = hash;
  };
  async function run(q: string) {
    answer.value = null;
    found.value = null;
    error.value = null;
    at.value = 0;
    if (!q) return;
    try {
      const post = { method: 'POST' };
      const [a, f] = await Promise.all([
        authed<BotTurn>('/api/v1/bot/turn', { ...post, body: { text: q } }),
        authed<Found>('/api/v1/kb/search', { ...post, body: { query: q, k: 8 } }),
      ]);
      answer.value = a;
      found.value = f;
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => {
    draft.value = asked;
    void run(asked);
  }, [asked]);

  return (
    <div class="page-body">
      <form
        class="askbox"
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          ask(draft.value);
        }}
      >
        <Icon name="search" />
        <input
          data-search
          data-test="ask"
          aria-label={t('ask.label')}
          placeholder={t('ask.placeholder')}
          value={draft.value}
          maxLength={2000}
          onInput={(e) => (draft.value = e.currentTarget.value)}
        />
        <button class="btn primary" type="submit" disabled={!draft.value.trim()}>
          {t('ask.submit')}
        </button>
      </form>
      {error.value ? <ErrorNote error={error.value} retry={() => void run(asked)} /> : null}
      {!asked ? (
        <Empty icon="search" title={t('ask.empty')} text={t('ask.empty_text')}>
          <div class="chips">
            {EXAMPLES[lang.value].map((q) => (
              <button key={q} class="chip" onClick={() => ask(q)}>
                {q}
              </button>
            ))}
          </div>
        </Empty>
      ) : error.value ? null : (
        <>
          {found.value && may('gap.decide') ? <Pin q={asked} hits={found.value.hits} at={at} /> : null}
          <div class="ask">
            <Answer a={answer.value} q={asked} />
            <Hits found={found.value} cites={answer.value?.citations ?? []} at={at.value} />
          </div>
        </>
      )}
    </div>
  );
}

interface Pinning {
  q: string;
  hits: Hit[];
  at: Signal<number>;
}

/* For who keeps the test sets; its code comes when something was found. */
function Pin(p: Pinning) {
  const page = useSignal<{ is: ComponentType<Pinning> } | null>(null);
  useEffect(() => void import('../knowledge/pin.tsx').then((m) => (page.value = { is: m.default }), () => undefined), []);
  const Is = page.value?.is;
  return Is ? <Is {...p} /> : null;
}

function Answer({ a, q }: { a: BotTurn | null; q: string }) {
  return (
    <section class="card ask-answer" aria-live="polite" data-test="answer">
      <h2>{t('ask.answer')}</h2>
      <p class="ask-q">{q}</p>
      {a === null ? (
        <Skeleton rows={3} kind="line" />
      ) : (
        <>
          <p class="ask-reply" lang={a.language}>
            {a.reply}
          </p>
          {a.citations.length ? <Cites cites={a.citations} /> : null}
          <p class="meta num">
            <ActionTag action={a.action} />
            {a.grounded ? (
              <span class="grounded" title={t('conv.grounded_text')}>
                <Icon name="check" />
                {t('conv.grounded')}
              </span>
            ) : (
              <span>{t('conv.not_grounded')}</span>
            )}
            {a.intent ? <span>{tWord('intent', a.intent)}</span> : null}
            {a.emotion && a.emotion !== 'neutral' ? (
              <span>{tWord('emotion', a.emotion)}</span>
            ) : null}
            <span>{latency(a.latency_ms)}</span>
          </p>
        </>
      )}
    </section>
  );
}

/* Is this the passage that an answer quotes? */
const quoted = (h: Hit, cites: Cite[]): boolean =>
  cites.some((c) => {
    if (c.article_id !== h.article_id) return false;
    const [a, b] = [squash(c.quote), squash(h.passage)];
    return a.includes(b) || b.includes(a);
  });

function Hits({ found, cites, at }: { found: Found | null; cites: Cite[]; at: number }) {
  const top = Math.max(...(found?.hits.map((h) => h.score) ?? []), 1e-9);
  return (
    <section class="card" data-test="hits">
      <h2>
        {t('ask.found')}
        {found ? (
          <small class="num">
            {t('ask.found_n', { n: found.hits.length, ms: latency(found.took_ms) })}
          </small>
        ) : null}
      </h2>
      {found === null ? (
        <Skeleton rows={5} kind="line" />
      ) : found.hits.length === 0 ? (
        <Empty icon="book" title={t('ask.nothing')} text={t('ask.nothing_text')} />
      ) : (
        <>
          <Legend hits={found.hits} />
          <ol class="hits">
            {found.hits.map((h, n) => (
              <OneHit key={`${h.article_id}-${n}`} h={h} n={n} top={top}
                cited={quoted(h, cites)} here={n === at && may('gap.decide')} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

const WHY = ['bm25', 'title', 'alias', 'coverage'] as const;

function Legend({ hits }: { hits: Hit[] }) {
  if (!hits.some((h) => h.why)) return null;
  return (
    <p class="legend" aria-hidden="true">
      {WHY.map((w) => (
        <span key={w}>
          <i class={`why-${w}`} />
          {tWord('why', w)}
        </span>
      ))}
    </p>
  );
}

function OneHit({ h, n, top, cited, here }: { h: Hit; n: number; top: number; cited: boolean; here: boolean }) {
  const parts = WHY.map((w) => ({ w, v: Math.max(0, h.why?.[w] ?? 0) }));
  const sum = parts.reduce((a, x) => a + x.v, 0);
  const text = parts.map((x) => `${tWord('why', x.w)} ${x.v.toFixed(2)}`).join(', ');
  const wide = Math.max(4, (h.score / top) * 100);
  return (
    <li data-test="hit" aria-current={here ? 'true' : undefined}>
      <p class="hit-head">
        <b class="num">{n + 1}</b>
        <a
          href={makeHash(['kb', 'article', h.article_id], {
            quote: h.passage,
            version: String(h.version ?? ''),
          })}
        >
          {h.title}
        </a>
        <span class="lang">{h.lang}</span>
        {cited ? <span class="tag ok">{t('ask.cited')}</span> : null}
        <span class="num score">{h.score.toFixed(3)}</span>
      </p>
      <p class="passage" lang={h.lang}>
        {h.passage}
      </p>
      <div class="why" role="img" aria-label={text} title={text}>
        <span style={{ width: `${wide}%` }}>
          {sum > 0 ? (
            parts.map((x) => (
              <i key={x.w} class={`why-${x.w}`} style={{ width: `${(x.v / sum) * 100}%` }} />
            ))
          ) : (
            <i class="why-bm25" style={{ width: '100%' }} />
          )}
        </span>
      </div>
    </li>
  );
}
