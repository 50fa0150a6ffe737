/* Quality: the reviews, one review, how much people agree, the forms. */
import '../desk/texts.ts';
import '../styles/quality.css';
import { useSignal } from '@preact/signals';
import { dateTime, pct } from '../lib/format.ts';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon } from '../lib/ui.tsx';
import { may, route } from '../console/state.ts';
import { Done, Pick, post, Rows, setHashQuery, Tabs, useJob, useLoad, usePages, useRows } from '../service/parts.tsx';
import { FormPage } from './form.tsx';
import { ReviewPage } from './review.tsx';
import type { Form, ReviewRow } from './types.ts';

const STATES = ['nodis', 'dis', 'done', 'appeal', 'recheck', 'arbitrate', 'archive', 'no'];

export default function Quality() {
  const [, sub = '', id = ''] = route.value.path;
  if (sub === 'review' && id) return <ReviewPage key={id} id={id} />;
  if (sub === 'forms' && id) return <FormPage key={id} id={id} />;
  const tabs: [string, string][] = [['', t('qa.reviews')]];
  if (may('qa.review')) tabs.push(['calibration', t('qa.calibration')], ['forms', t('qa.forms')]);
  if (may('qa.review') && may('survey.read')) tabs.push(['surveys', t('qa.surveys')]);
  return (
    <section class="page" aria-label={t('nav.quality')} data-test="quality">
      <header class="bar">
        <h1>{t('nav.quality')}</h1>
        <Tabs page="quality" label={t('qa.views')} tabs={tabs} />
        {sub === '' ? (
          <div class="filters">
            <Pick name="state" label={t('order.state')} group="rstate" words={STATES} every={t('order.every_state')} />
          </div>
        ) : null}
      </header>
      <div class="page-body">
        {sub === 'calibration' ? <Calibration /> : sub === 'forms' ? <Forms /> : sub === 'surveys' ? <Surveys /> : <Reviews />}
      </div>
    </section>
  );
}

export function Score({ r }: { r: { score?: number | null | undefined; auto_score?: number | null | undefined; taboo?: boolean | undefined; passed?: boolean | undefined } }) {
  const v = r.score ?? r.auto_score;
  const auto = r.score === null || r.score === undefined;
  if (v === null || v === undefined || v < 0) return <span class="muted">–</span>;
  return (
    <span class={`tag num ${r.taboo || r.passed === false ? 'bad' : 'ok'}`} title={r.taboo ? t('qa.taboo_broken') : auto ? t('qa.by_itself') : undefined}>
      {r.taboo ? <Icon name="alert" /> : null}
      {Math.round(v)}
      {auto ? <small>{t('qa.auto')}</small> : null}
    </span>
  );
}

const TONE: Record<string, string> = { dis: 'accent', done: 'ok', appeal: 'warn', recheck: 'warn', arbitrate: 'bad' };
export const ReviewState = ({ state }: { state: string }) => (
  <span class={`tag ${TONE[state] ?? ''}`} data-test="review-state" data-state={state}>{tWord('rstate', state)}</span>
);

function Reviews() {
  const { state = '', agent = '' } = route.value.query;
  const pages = usePages<ReviewRow>('/api/v1/qa/reviews', { state, agent, limit: 50 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['quality', 'review', rows[n]!.id])));
  return (
    <>
      {may('qa.review') ? <Sample after={() => void pages.load(null)} /> : null}
      {may('qa.review') ? <Who rows={rows} /> : null}
      <Rows pages={pages} empty={<Empty icon="star" title={t('qa.none')} text={t('qa.none_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows">
              <thead>
                <tr>
                  <th>{t('qa.ended')}</th>
                  <th>{t('qa.who')}</th>
                  <th>{t('order.state')}</th>
                  <th>{t('qa.score')}</th>
                  <th>{t('qa.chosen')}</th>
                  <th>{t('qa.reviewer')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((r, n) => (
                  <tr key={r.id} data-row aria-current={at.value === n ? 'true' : undefined} data-test="review" data-id={r.id}>
                    <td>
                      <a href={makeHash(['quality', 'review', r.id])}><time>{dateTime(r.ended_at ?? null, lang.value)}</time></a>{' '}
                      <small class="muted">{[r.channel ? tWord('channel', r.channel) : '', tWord('lang', r.language)].filter(Boolean).join(' · ')}</small>
                    </td>
                    <td>{r.agent_name || tWord('who', r.agent)}</td>
                    <td><ReviewState state={r.state} /></td>
                    <td><Score r={r} /></td>
                    <td class="muted">{[...(r.why ?? []), ...(r.risks ?? [])].map((w) => tWord('qawhy', w.kind)).filter((w, i, all) => all.indexOf(w) === i).join(', ') || '–'}</td>
                    <td>{r.reviewer || '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Rows>
    </>
  );
}

/* Those who served, as buttons: whoever is in the list, and who is chosen. */
function Who({ rows }: { rows: ReviewRow[] }) {
  const chosen = route.value.query['agent'] ?? '';
  const all = [...new Set([...rows.map((r) => r.agent), chosen])].filter(Boolean).sort();
  if (all.length < 2 && !chosen) return null;
  return (
    <div class="chips" role="group" aria-label={t('qa.who')}>
      {all.map((a) => (
        <button key={a} class="chip" aria-pressed={a === chosen} data-test={`who-${a}`} onClick={() => setHashQuery({ agent: a === chosen ? '' : a })}>
          {rows.find((r) => r.agent === a)?.agent_name || tWord('who', a)}
        </button>
      ))}
    </div>
  );
}

/* Chooses which conversations people look at: part by risk, the rest at random. */
function Sample({ after }: { after: () => void }) {
  const job = useJob();
  const n = useSignal('3');
  const risk = useSignal('50');
  return (
    <form class="card sample" data-test="sample" onSubmit={(e) => {
      e.preventDefault();
      void job.run(async () => {
        const r = await post<{ picked: { id: string }[] }>('/api/v1/qa/sample', { per_agent: Number(n.value), risk_share: Number(risk.value), days: 7 });
        after();
        return t('qa.picked', { n: r.picked.length });
      });
    }}>
      <label>
        {t('qa.per_agent')} <input class="input num" type="number" min={1} max={20} value={n.value} onInput={(e) => (n.value = e.currentTarget.value)} />
      </label>
      <label>
        {t('qa.risk_share')} <input class="input num" type="number" min={10} max={100} step={10} value={risk.value} onInput={(e) => (risk.value = e.currentTarget.value)} />
      </label>
      <button class="btn" data-test="sample-go" disabled={job.busy.value}>{t('qa.sample')}</button>
      {job.done.value ? <Done text={job.done.value} /> : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </form>
  );
}

interface Agreement {
  items: { item: string; n: number; raters: number; agree: number | null; kappa: number | null }[];
}

function Calibration() {
  const got = useLoad<Agreement>('/api/v1/qa/calibration');
  const forms = useLoad<{ items: Form[] }>('/api/v1/qa/forms');
  const a = got.data.value;
  const names = new Map((forms.data.value?.items ?? []).flatMap((f) => f.sections?.flatMap((s) => s.items) ?? []).map((i) => [i.id, i.title]));
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!a) return null;
  if (!a.items.length) return <Empty icon="users" title={t('qa.no_calibration')} text={t('qa.no_calibration_text')} />;
  return (
    <div class="card flush" data-test="calibration">
      <table class="table">
        <thead>
          <tr>
            <th>{t('qa.item')}</th>
            <th class="right">{t('qa.raters')}</th>
            <th class="right">{t('qa.n')}</th>
            <th class="right">{t('qa.agree')}</th>
            <th class="right">{t('qa.kappa')}</th>
          </tr>
        </thead>
        <tbody>
          {a.items.map((x) => (
            <tr key={x.item + x.raters}>
              <td>{both(names.get(x.item)) || x.item}</td>
              <td class="num right">{x.raters}</td>
              <td class="num right">{x.n}</td>
              <td class="num right">{pct(x.agree)}</td>
              <td class="num right">
                {x.kappa === null ? '–' : <span class={`tag ${x.kappa >= 0.8 ? 'ok' : x.kappa >= 0.6 ? '' : 'warn'}`}>{x.kappa.toFixed(2)}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Forms() {
  const got = useLoad<{ items: Form[] }>('/api/v1/qa/forms');
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  const all = got.data.value?.items ?? [];
  if (got.data.value && !all.length) return <Empty icon="rules" title={t('qa.no_forms')} text={t('qa.no_forms_text')} />;
  return (
    <div class="card flush" data-test="forms">
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('qa.form')}</th>
            <th class="right">{t('qa.items')}</th>
            <th class="right">{t('qa.pass_mark')}</th>
            <th class="right">{t('doc.version')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((f) => (
            <tr key={f.id} data-test="form">
              <td><a href={makeHash(['quality', 'forms', f.id])}>{both(f.title) || f.id}</a></td>
              <td class="num right">{f.sections?.reduce((n, s) => n + s.items.length, 0) ?? '–'}</td>
              <td class="num right">{f.pass ?? '–'}</td>
              <td class="num right">{f.version ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface SurveyNumbers {
  items: { kind: string; by?: string; asked?: number; answered?: number; rate?: number | null; mean?: number | null; good?: number | null; nps?: number | null }[];
}

function Surveys() {
  const got = useLoad<SurveyNumbers>('/api/v1/surveys', { by: 'agent' });
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  const all = got.data.value?.items ?? [];
  if (!all.length) return got.data.value ? <Empty icon="star" title={t('qa.no_surveys')} text={t('qa.no_surveys_text')} /> : null;
  return (
    <div class="card flush" data-test="surveys">
      <table class="table">
        <thead>
          <tr>
            <th>{t('qa.survey_kind')}</th>
            <th>{t('qa.who')}</th>
            <th class="right">{t('qa.answers')}</th>
            <th class="right">{t('qa.rate')}</th>
            <th class="right">{t('qa.mean')}</th>
            <th class="right">{t('qa.top2')}</th>
            <th class="right">NPS</th>
          </tr>
        </thead>
        <tbody>
          {all.map((x, n) => (
            <tr key={n}>
              <td>{tWord('surveykind', x.kind)}</td>
              <td>{x.by ? tWord('who', x.by) : t('qa.everybody')}</td>
              <td class="num right">{x.answered ?? 0}</td>
              <td class="num right">{pct(x.rate)}</td>
              <td class="num right">{x.mean === null || x.mean === undefined ? '–' : x.mean.toFixed(1)}</td>
              <td class="num right">{pct(x.good)}</td>
              <td class="num right">{x.nps === null || x.nps === undefined ? '–' : Math.round(x.nps)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
