/* Learning: second ways of the strategy that are let in step by step: where each stands, what both arms brought with
 * bounds that hold at every look, how it came to that, and a stop for people. Rows that learn stand first: what each of
 * their ways brought, what the last night found, and the stage of their model. */
import '../service/texts.ts';
import './texts.ts';
import '../styles/learning.css';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { dateTime, pct } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authedBytes } from '../console/state.ts';
import { Done, post, save, seg, useJob, useLoad } from '../service/parts.tsx';
import { bounds, modelOf, over, waysOf, type Arm, type Learned, type Listed, type Mean, type Step, type Trial } from './trial.ts';

const PATH = '/api/v1/policies/rollouts';
const EVERY_MS = 15000;

export default function LearningPage() {
  const got = useLoad<Listed>(PATH);
  const items = got.data.value?.items;
  const learned = got.data.value?.learned ?? [];
  useEffect(() => {
    const again = setInterval(() => void got.load(), EVERY_MS);
    return () => clearInterval(again);
  }, []);
  return (
    <section class="page" aria-label={t('nav.learning')} data-test="learning">
      <header class="bar">
        <h1>{t('nav.learning')}</h1>
      </header>
      <div class="page-body learning">
        <p class="hint">{t('ln.intro')}</p>
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {!items ? (
          got.error.value ? null : <Skeleton rows={4} kind="line" />
        ) : items.length || learned.length ? (
          <>
            {learned.map((x) => <Ways key={x.row} x={x} model={modelOf(x, items)} />)}
            {items.map((x) => <Card key={x.row} x={x} after={() => void got.load()} />)}
          </>
        ) : (
          <Empty icon="flag" title={t('ln.none')} text={t('ln.none_text')}>
            <a class="btn" href={makeHash(['strategy'])}>{t('ln.to_strategy')}</a>
          </Empty>
        )}
      </div>
    </section>
  );
}

const when = (ms: number): string => dateTime(new Date(ms).toISOString(), lang.value);

function Ways({ x, model }: { x: Learned; model?: Trial }) {
  const n = x.night;
  return (
    <article class="card trial" data-test={`learned-${x.row}`}>
      <header>
        <h2>{t('ln.learned', { row: x.row })}</h2>
        <b class="chip" data-test="model">{model ? tWord('lnstage', model.stage) : t('ln.no_model')}</b>
        <span class="muted num">{t('ln.explore', { p: pct(x.explore) })}</span>
        {n ? <span class="muted num">{t('ln.night', { at: when(n.at_ms) })}</span> : null}
      </header>
      <div class="scrolls">
        <table class="table" data-test="ways">
          <thead>
            <tr>
              <th scope="col">{t('ln.arm')}</th>
              <th scope="col" class="num">{t('ln.seen')}</th>
              <th scope="col" class="num">{t('ln.reward')}</th>
            </tr>
          </thead>
          <tbody>
            {waysOf(x).map((w) => (
              <tr key={w.id}>
                <th scope="row">{w.id === 'own' ? t('ln.own') : w.id}</th>
                <td class="num">{w.n}</td>
                <td class="num">{w.mean === undefined ? '-' : pct(w.mean)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint" data-test="found">
        {n ? tWord('lnfound', n.why) : t('ln.no_night')}
        {n?.new_value === undefined ? null : ` ${t('ln.values', { was: pct(n.old_value ?? 0), now: pct(n.new_value) })}`}
      </p>
    </article>
  );
}

function Card({ x, after }: { x: Trial; after: () => void }) {
  const job = useJob();
  const csv = () => job.run(async () => {
    save(`${x.row}.csv`, await authedBytes(`${PATH}/${seg(x.row)}/decisions`), 'text/csv');
    return '';
  });
  return (
    <article class="card trial" data-test={`trial-${x.row}`}>
      <header>
        <h2>{x.row}</h2>
        <b class="chip" data-test="stage">{tWord('lnstage', x.stage)}</b>
        <span class="muted num">{t('ln.share', { p: pct(x.share) })}</span>
        <span class="muted num">{t('ln.since', { at: when(x.since_ms) })}</span>
        {x.in_use ? null : <span class="muted">{t('ln.old')}</span>}
        <div class="filters">
          <button class="btn ghost" disabled={job.busy.value} onClick={() => void csv()}>
            <Icon name="download" />
            {t('ln.decisions')}
          </button>
        </div>
      </header>
      <Arms arms={x.arms} />
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {x.in_use ? <Order x={x} after={after} /> : null}
      {x.history?.length ? <History steps={x.history} /> : null}
    </article>
  );
}

function Arms({ arms }: { arms: Arm[] }) {
  return (
    <div class="scrolls">
      <table class="table" data-test="arms">
        <thead>
          <tr>
            <th scope="col">{t('ln.arm')}</th>
            <th scope="col" class="num">{t('ln.seen')}</th>
            <th scope="col">{t('ln.reward')}</th>
            <th scope="col">{t('ln.handover')}</th>
            <th scope="col">{t('ln.thumb_down')}</th>
          </tr>
        </thead>
        <tbody>
          {arms.map((a) => (
            <tr key={a.arm}>
              <th scope="row">{tWord('lnarm', a.arm)}</th>
              <td class="num">{a.seen}</td>
              <td><Share m={a.reward} bar /></td>
              <td><Share m={a.handover} /></td>
              <td><Share m={a.thumb_down} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/* A mean, and where it is for certain. */
function Share({ m, bar }: { m: Mean; bar?: boolean }) {
  if (!m.n) return <span class="muted">-</span>;
  const b = bounds(m);
  return (
    <>
      <span class="num" title={t('ln.bounds', { lo: pct(b.lo), hi: pct(b.hi) })}>{pct(m.mean)}</span>{' '}
      <small class="muted num">{pct(b.lo)} - {pct(b.hi)}</small>
      {bar ? <div class="span" aria-hidden="true"><i style={{ left: `${100 * b.lo}%`, width: `${100 * (b.hi - b.lo)}%` }} /></div> : null}
    </>
  );
}

function Order({ x, after }: { x: Trial; after: () => void }) {
  const asking = useSignal(false);
  const reason = useSignal('');
  const job = useJob();
  const action = over(x.stage) ? 'restart' : 'stop';
  const go = (e: Event) => {
    e.preventDefault();
    void job.run(async () => {
      await post(`${PATH}/${seg(x.row)}`, { action, reason: reason.value });
      asking.value = false;
      reason.value = '';
      after();
      return t(action === 'stop' ? 'ln.stopped' : 'ln.restarted');
    });
  };
  return (
    <div>
      {asking.value ? (
        <form onSubmit={go}>
          <label>
            {t('ln.reason')}
            <input class="input" data-test="reason" maxLength={200} required placeholder={t('ln.reason_hint')} value={reason.value}
              onInput={(e) => (reason.value = e.currentTarget.value)} />
          </label>
          <button class="btn primary" data-test="order-go" disabled={job.busy.value || !reason.value.trim()}>{t('ln.go')}</button>
          <button type="button" class="btn ghost" onClick={() => (asking.value = false)}>{t('ln.cancel')}</button>
        </form>
      ) : (
        <button class="btn" data-test={action} onClick={() => (asking.value = true)}>{t(action === 'stop' ? 'ln.stop' : 'ln.restart')}</button>
      )}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
    </div>
  );
}

function History({ steps }: { steps: Step[] }) {
  return (
    <details>
      <summary>{t('ln.history')}</summary>
      <ol data-test="history">
        {[...steps].reverse().map((s) => (
          <li key={s.at_ms}>
            <span class="muted num">{when(s.at_ms)}</span> {tWord('lnstage', s.from)} → {tWord('lnstage', s.to)}: {tWord('lnwhy', s.why)}
            {s.by === 'system' ? '' : ` (${s.by})`}
          </li>
        ))}
      </ol>
    </details>
  );
}
