/* Test sets: questions and the article each must find; run against the knowledge base as it is, and what a run
 * changed against any run before. */
import './texts.ts';
import { useSignal } from '@preact/signals';
import { ApiError, type Issue } from '../lib/api.ts';
import { ago, dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, may, now, route } from '../console/state.ts';
import { BackBar, Done, Pick, post, Rows, save, seg, setHashQuery, useJob, useKeys, useLoad, usePages, useRows } from '../service/parts.tsx';
import { asTable, curveFrom, share, textOf, type Run } from './run.ts';
import { Changes, choose, Got, told, Must, Numbers, OUTCOMES, type Answered, type Asked, type RunDiff, type TestSet } from './setdiff.tsx';
import { useLook } from './sources.tsx';

const BASE = '/api/v1/kb/sets';
const LOOK_MS = 500;

export function Sets() {
  const id = route.value.path[2] ?? '';
  return id ? <OneSet key={id} id={id} /> : <SetList />;
}

function SetList() {
  const pages = usePages<TestSet>(BASE, {});
  const adding = useSignal(false);
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['kb', 'sets', rows[n]!.id])), () => ({
    n: () => may('gap.decide') && (adding.value = true),
    Escape: () => (adding.value = false),
  }));
  useLook(rows.some((r) => r.waiting), () => pages.load(null), LOOK_MS);
  return (
    <div class="page-body">
      {may('gap.decide') ? (
        <div class="srow">
          <span class="grow" />
          <button class="btn" data-test="set-new" aria-expanded={adding.value} onClick={() => (adding.value = !adding.value)}>
            {t('kt.add')} <kbd>n</kbd>
          </button>
        </div>
      ) : null}
      {adding.value ? <Import named path={BASE} done={(id) => (location.hash = makeHash(['kb', 'sets', id]))} /> : null}
      <Rows pages={pages} empty={<Empty icon="check" title={t('kt.none')} text={t('kt.none_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows" data-test="sets">
              <thead>
                <tr>
                  <th>{t('kt.name')}</th>
                  <th class="right">{t('kt.questions')}</th>
                  <th class="right">{t('kt.share')}</th>
                  {OUTCOMES.map((o) => (
                    <th key={o} class="right">
                      {tWord('setoutcome', o)}
                    </th>
                  ))}
                  <th>{t('kt.last')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((s, n) => (
                  <tr key={s.id} data-row aria-current={at.value === n ? 'true' : undefined}>
                    <td>
                      <a href={makeHash(['kb', 'sets', s.id])}>{s.name}</a>
                    </td>
                    <td class="num right">{s.questions}</td>
                    <td class="num right">{s.last ? `${share(s.last)}%` : '–'}</td>
                    {OUTCOMES.map((o) => (
                      <td key={o} class="num right">
                        {s.last ? s.last[o] : '–'}
                      </td>
                    ))}
                    <td class="num muted">
                      {s.waiting ? (
                        <span class="tag info">{t('kt.running')}</span>
                      ) : s.last?.at ? (
                        ago(s.last.at, now.value, lang.value)
                      ) : (
                        t('kt.never')
                      )}
                    </td>
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

interface Put {
  id: string;
  added: number;
  changed: number;
  same: number;
}


/* A table as text or from a file; what is wrong with it, line by line. */
function Import({ path, named, done }: { path: string; named?: boolean; done: (id: string, said: string) => void }) {
  const name = useSignal('');
  const rows = useSignal('');
  const error = useSignal<unknown>(null);
  const faults = useSignal<Issue[]>([]);
  const save = async () => {
    error.value = null;
    faults.value = [];
    try {
      const r = await post<Put>(path, { ...(named ? { name: name.value.trim() } : {}), ...(rows.value.trim() ? { rows: rows.value } : {}) });
      done(r.id, t('kt.imported', { a: r.added, c: r.changed, s: r.same }));
    } catch (e) {
      faults.value = e instanceof ApiError ? (e.issues ?? []) : [];
      error.value = faults.value.length ? null : e;
    }
  };
  return (
    <form
      class="card setform"
      data-test="set-form"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      {named ? (
        <label>
          <span>{t('kt.name')}</span>
          <input class="input" data-test="set-name" required maxLength={60} value={name.value} onInput={(e) => (name.value = e.currentTarget.value)} />
        </label>
      ) : null}
      <label>
        <span>{t('kt.rows')}</span>
        <textarea class="input" data-test="set-rows" required={!named} rows={6} value={rows.value} onInput={(e) => (rows.value = e.currentTarget.value)} />
      </label>
      <label>
        <span>{t('kt.file')}</span>
        <input
          type="file"
          accept=".tsv,.csv,.txt"
          data-test="set-file"
          onChange={(e) => {
            const f = e.currentTarget.files?.[0];
            if (f) void f.arrayBuffer().then((x) => (rows.value = textOf(new Uint8Array(x))));
          }}
        />
      </label>
      {error.value ? <ErrorNote error={error.value} /> : null}
      {faults.value.length ? (
        <ul class="notes" role="alert" data-test="set-faults">
          {faults.value.map((f, n) => (
            <li key={n} class="bad">
              <b>{t('kt.line', { n: f.where })}</b> {told('setfault', f.what)} <em>{told('setmend', f.mend)}</em>
            </li>
          ))}
        </ul>
      ) : null}
      <div class="srow">
        <span class="grow" />
        <button class="btn primary" data-test="set-save">
          {t(named ? 'kt.add' : 'kt.import')}
        </button>
      </div>
    </form>
  );
}

function OneSet({ id }: { id: string }) {
  const path = `${BASE}/${seg(id)}`;
  const got = useLoad<TestSet>(path);
  const runs = useLoad<{ items: Run[] }>(`${path}/runs`);
  const adding = useSignal(false);
  const touched = useSignal(0);
  const { error, done, run, clear } = useJob();
  const s = got.data.value;
  const all = (runs.data.value?.items ?? []).filter((r) => r.state === 'done');
  const here = all[0];
  const failed = runs.data.value?.items[0]?.state === 'failed' ? runs.data.value.items[0] : null;
  const against = Math.max(1, all.findIndex((r) => r.id === route.value.query['against']));
  const reload = () => Promise.all([got.load(), runs.load()]);
  useLook(Boolean(s?.waiting), reload, LOOK_MS);
  const start = () =>
    s &&
    may('gap.decide') &&
    run(async () => {
      choose(id);
      await post(`${path}/runs`, {});
      await reload();
      return '';
    });
  const drop = () =>
    confirm(t('kt.drop_sure')) &&
    run(async () => {
      await authed(path, { method: 'DELETE' });
      location.hash = makeHash(['kb', 'sets']);
      return '';
    });
  const file = () =>
    s &&
    run(async () => {
      const rows: Question[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const p: Page<Question> = await authed(`${path}/questions`, { query: { cursor, limit: 500 } });
        rows.push(...p.items);
        cursor = p.next ?? null;
      }
      save(`${s.name}.tsv`, asTable(rows), 'text/tab-separated-values');
      return '';
    });
  const compare = (n: number) => all[n] && n > 0 && setHashQuery({ against: all[n]!.id });
  useKeys(() => ({
    r: () => void start(),
    i: () => may('gap.decide') && (adding.value = !adding.value),
    '[': () => void compare(against + 1),
    ']': () => void compare(against - 1),
  }));
  return (
    <section class="page">
      <BackBar to={['kb', 'sets']}>
        <h1>{s?.name ?? ''}</h1>
        <span class="grow" />
        {s && may('gap.decide') ? (
          <>
            <button class="btn" data-test="set-drop" onClick={() => void drop()}>
              {t('kt.drop')}
            </button>
            <button class="btn" data-test="set-file-out" disabled={!s.questions} onClick={() => void file()}>
              {t('kt.export')}
            </button>
            <button class="btn" data-test="set-import" aria-expanded={adding.value} onClick={() => (adding.value = !adding.value)}>
              {t('kt.import')} <kbd>i</kbd>
            </button>
            <button class="btn primary" data-test="set-run" disabled={s.waiting || !s.questions} onClick={() => void start()}>
              {s.waiting ? t('kt.running') : t('kt.run')} <kbd>r</kbd>
            </button>
          </>
        ) : null}
      </BackBar>
      <div class="page-body" data-test="set" data-waiting={!s ? '' : s.waiting ? 'yes' : 'no'}>
        <p class="hint">{t('kt.keys')}</p>
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void reload()} /> : null}
        {error.value ? <ErrorNote error={error.value} retry={clear} /> : null}
        {done.value ? <Done text={done.value} /> : null}
        {failed && !s?.waiting ? <p class="note bad">{t('kt.failed', { why: told('setwhy', failed.error) })}</p> : null}
        {adding.value ? (
          <Import
            path={`${path}/questions`}
            done={(_, said) => {
              adding.value = false;
              touched.value++;
              void run(async () => (await reload(), said));
            }}
          />
        ) : null}
        {!s ? got.error.value ? null : <Skeleton rows={4} kind="line" /> : null}
        {here ? (
          <div class="setruns">
            <section class="card">
              <Numbers r={here} />
              {all.length > 1 ? <Curve runs={all} at={against} pick={compare} /> : null}
            </section>
            <Compared key={here.id} run={here} runs={all} at={against} pick={compare} />
          </div>
        ) : s && !s.waiting ? (
          <p class="muted">{t('kt.never_text')}</p>
        ) : null}
        {here ? <Answers key={here.id} run={here} /> : null}
        {s ? <Questions key={touched.value} path={path} n={s.questions} changed={() => void got.load()} /> : null}
      </div>
    </section>
  );
}

interface Compare {
  runs: Run[]; /* newest first */
  at: number; /* the one compared with */
  pick: (n: number) => void;
}

const CURVE = { w: 600, h: 90, pad: 8 };

/* The share of right answers, oldest on the left. */
function Curve({ runs, at, pick }: Compare) {
  const { w, h, pad } = CURVE;
  const x = (n: number) => w - pad - (n * (w - 2 * pad)) / Math.max(1, runs.length - 1);
  const low = curveFrom(runs); /* the lower line */
  const y = (r: Run) => h - pad - ((h - 2 * pad) * ((100 * r.right) / Math.max(1, r.questions) - low)) / (100 - low);
  return (
    <figure class="curve" data-test="set-curve">
      <figcaption class="muted">{t('kt.curve', { n: runs.length })}</figcaption>
      <svg viewBox={`0 0 ${w} ${h}`} role="img" aria-label={runs.map((r) => `${share(r)}%`).reverse().join(', ')}>
        <line x1={pad} x2={w - pad} y1={pad} y2={pad} />
        <line x1={pad} x2={w - pad} y1={h - pad} y2={h - pad} />
        <text x={pad} y={h - pad - 4}>
          {low}%
        </text>
        <polyline points={runs.map((r, n) => `${x(n)},${y(r)}`).join(' ')} />
        {runs.map((r, n) => (
          <circle key={r.id} cx={x(n)} cy={y(r)} r={n === 0 || n === at ? 5 : 3.5} class={n === 0 ? 'now' : n === at ? 'then' : ''} onClick={() => pick(n)}>
            <title>{t('kt.point', { at: r.at ? dateTime(r.at, lang.value) : '', p: share(r) })}</title>
          </circle>
        ))}
      </svg>
    </figure>
  );
}

function Compared({ run, runs, at, pick }: Compare & { run: Run }) {
  const other = runs[at]?.id ?? '';
  const got = useLoad<RunDiff>(`/api/v1/kb/runs/${seg(run.id)}`, { against: other });
  return (
    <section class="card">
      {runs.length > 1 ? (
        <label class="srow">
          <span>{t('kt.against')}</span>
          <select class="input" data-test="set-against" value={String(at)} onChange={(e) => pick(Number(e.currentTarget.value))}>
            {runs.slice(1).map((r, n) => (
              <option key={r.id} value={String(n + 1)}>
                {r.at ? dateTime(r.at, lang.value) : r.id} · {share(r)}%
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
      {got.data.value ? <Changes d={got.data.value} /> : got.error.value ? null : <Skeleton rows={4} kind="line" />}
    </section>
  );
}

function Answers({ run }: { run: Run }) {
  const { outcome = '' } = route.value.query;
  const pages = usePages<Asked & Answered>(`/api/v1/kb/runs/${seg(run.id)}/answers`, { outcome, limit: 100 });
  return (
    <details class="setlist" data-test="set-answers">
      <summary>{t('kt.answers')}</summary>
      <div class="filters">
        <Pick name="outcome" label={t('kt.answers')} group="setoutcome" every={t('kt.every')} words={[...OUTCOMES]} />
      </div>
      <Rows pages={pages} empty={<p class="muted">{t('kt.no_answers')}</p>}>
        {(all) => (
          <ul class="card pairs">
            {all.map((x) => (
              <li key={x.n}>
                <p lang={x.lang}>
                  <b>{x.question}</b> <Must q={x} />
                </p>
                <p>
                  <Got a={x} />
                </p>
              </li>
            ))}
          </ul>
        )}
      </Rows>
    </details>
  );
}

type Question = Asked & { known: boolean };
interface Page<T> {
  items: T[];
  next?: string | null;
}

function Questions({ path, n, changed }: { path: string; n: number; changed: () => void }) {
  const pages = usePages<Question>(`${path}/questions`, { limit: 100 });
  const { error, run } = useJob();
  const cut = (q: Question) =>
    run(async () => {
      await authed(`${path}/questions/${q.n}`, { method: 'DELETE' });
      pages.rows.value = (pages.rows.value ?? []).filter((x) => x.n !== q.n);
      changed();
      return '';
    });
  return (
    <details class="setlist" open={n > 0 && n <= 20} data-test="set-questions">
      <summary>
        {t('kt.questions')} <span class="num">({n})</span>
      </summary>
      {error.value ? <ErrorNote error={error.value} /> : null}
      <Rows pages={pages} empty={<p class="muted">{t('kt.none_text')}</p>}>
        {(all) => (
          <ul class="card pairs">
            {all.map((q) => (
              <li key={q.n} class="srow">
                <span class="grow" lang={q.lang}>
                  {q.question} <Must q={q} /> {q.known ? null : <span class="tag warn">{t('kt.unknown')}</span>}
                </span>
                <span class="lang">{q.lang}</span>
                {may('gap.decide') ? (
                  <button class="btn small" onClick={() => void cut(q)}>
                    {t('kt.cut')}
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </Rows>
    </details>
  );
}
