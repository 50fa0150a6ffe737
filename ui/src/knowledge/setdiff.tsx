/* What differs between two runs of a test set: what became right, what became wrong, each question with both answers. */
import './texts.ts';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { share, slug, type Run } from './run.ts';

export interface Answered {
  outcome: string;
  place: number;
  found: string;
  title: string;
  version: number;
  p: number;
}
export interface Asked {
  n: number;
  question: string;
  lang: string;
  article: string; /* empty: nothing answers it */
}
export interface RunDiff {
  run: Run;
  against: Run | null;
  compared: number;
  better_n: number;
  better: Pair[];
  worse_n: number;
  worse: Pair[];
  other_n: number;
  other: Pair[];
}
export type Pair = Asked & { before: Answered; after: Answered };
export interface TestSet {
  id: string;
  name: string;
  questions: number;
  unanswered: number;
  waiting: boolean;
  last: Run | null;
}

/* The server's words, in the reader's language. */
export const told = (group: string, words = ''): string => tWord(group, slug(words)) || words;

export const OUTCOMES = ['right', 'among', 'declined', 'wrong'] as const;
export const TONE: Record<string, string> = { right: 'ok', among: 'info', declined: 'warn', wrong: 'bad' };

const SET = 'callm.kbset';
/* The set worked with last, else the first. */
export const chosen = (sets: TestSet[]): TestSet | undefined => sets.find((s) => s.id === localStorage.getItem(SET)) ?? sets[0];
export const choose = (id: string): void => localStorage.setItem(SET, id);

export const Must = ({ q }: { q: Asked }) => (
  <small class="muted">
    {q.article ? <a href={makeHash(['kb', 'article', q.article])}>{t('kt.must', { id: q.article })}</a> : t('kt.nothing')}
  </small>
);

export function Got({ a }: { a: Answered }) {
  return (
    <>
      <span class={`tag ${TONE[a.outcome] ?? ''}`}>{tWord('setoutcome', a.outcome)}</span>{' '}
      {a.found ? (
        <a href={makeHash(['kb', 'article', a.found], { version: String(a.version) })}>{a.title}</a>
      ) : (
        <span class="muted">{t('kt.no_hit')}</span>
      )}{' '}
      {a.found ? <span class="muted num">{a.p.toFixed(2)}</span> : null}
      {a.place > 1 ? <span class="muted"> {t('kt.place', { n: a.place })}</span> : null}
    </>
  );
}

export function Bar({ r }: { r: Run }) {
  const text = OUTCOMES.map((o) => `${tWord('setoutcome', o)} ${r[o]}`).join(', ');
  return (
    <span class="flow-bar outcomes" role="img" aria-label={text} title={text}>
      {OUTCOMES.map((o) => (
        <i key={o} class={o} style={{ width: `${(100 * r[o]) / Math.max(1, r.questions)}%` }} />
      ))}
    </span>
  );
}

export function Numbers({ r }: { r: Run }) {
  return (
    <>
      <p class="srow numbers" data-test="run-numbers">
        <b class="num big">{share(r)}%</b>
        {OUTCOMES.map((o) => (
          <span key={o} class={`tag ${TONE[o]}`}>
            {tWord('setoutcome', o)} <b class="num">{r[o]}</b>
          </span>
        ))}
      </p>
      <Bar r={r} />
      <p class="muted">
        {t('kt.state', { n: r.articles, at: r.newest_change ? dateTime(r.newest_change, lang.value) : '–' })} ·{' '}
        {t(r.meaning ? 'kt.meaning' : 'kt.words')}
      </p>
    </>
  );
}

const GROUPS = ['worse', 'better', 'other'] as const;

export function Changes({ d }: { d: RunDiff }) {
  if (!d.against) return <p class="muted" data-test="run-diff">{t('kt.alone')}</p>;
  const some = d.better_n + d.worse_n + d.other_n > 0;
  return (
    <div data-test="run-diff">
      <p class="muted">
        {t('kt.compared', { n: d.compared })} {some ? null : t('kt.no_diff')}
      </p>
      {GROUPS.map((g) =>
        d[`${g}_n`] ? (
          <details key={g} open={g !== 'other'} class={`pairs ${g}`} data-test={`run-${g}`}>
            <summary>
              {g === 'better' ? t('kt.better', { n: d.better_n }) : g === 'worse' ? t('kt.worse', { n: d.worse_n }) : t('kt.other', { n: d.other_n })}
            </summary>
            <ul>
              {d[g].map((x) => (
                <li key={x.n}>
                  <p lang={x.lang}>
                    <b>{x.question}</b> <Must q={x} />
                  </p>
                  <dl>
                    <dt>{t('kt.before')}</dt>
                    <dd>
                      <Got a={x.before} />
                    </dd>
                    <dt>{t('kt.after')}</dt>
                    <dd>
                      <Got a={x.after} />
                    </dd>
                  </dl>
                </li>
              ))}
            </ul>
          </details>
        ) : null,
      )}
    </div>
  );
}
