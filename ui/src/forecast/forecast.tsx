/* Forecast: the calls of the next days with their intervals beside what came, and the people they need. What is asked
 * stands in the address. */
import '../service/texts.ts';
import './texts.ts';
import '../styles/forecast.css';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../lib/api.ts';
import { both, lang, t, tWord, type Both, type Key } from '../lib/i18n.ts';
import { pct } from '../lib/format.ts';
import { dark } from '../lib/theme.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { Sample, save, setHashQuery, Tabs, useLoad } from '../service/parts.tsx';
import { RosterPage } from './roster.tsx';
import { columns, csv, days, readAsked, toQuery, type Asked, type Forecast } from './days.ts';

export default function ForecastPage() {
  return route.value.path[1] === 'roster' ? <RosterTab /> : <ForecastTab />;
}

const Heading = () => (
  <>
    <h1>{t('nav.forecast')}</h1>
    <Tabs page="forecast" label={t('nav.forecast')} tabs={[['', t('nav.forecast')], ['roster', t('ro.title')]]} />
    <Sample />
  </>
);

function RosterTab() {
  const q = route.value.query;
  return (
    <section class="page" aria-label={t('ro.title')} data-test="forecast">
      <header class="bar"><Heading /></header>
      <RosterPage
        queues={
          <div class="srow">
            <Queues chosen={q['queue'] ?? ''} />
            <label class="srow muted">
              {t('fc.shrinkage')}
              <input class="input num short" type="number" min={0} max={90} data-test="roster-shrinkage" value={q['roster_shrinkage'] ?? '0'}
                onChange={(e) => setHashQuery({ roster_shrinkage: e.currentTarget.value })} />
            </label>
          </div>
        }
      />
    </section>
  );
}

function ForecastTab() {
  const asked = readAsked(route.value.query);
  const f = useLoad<Forecast>('/api/v1/forecast', toQuery(asked));
  const got = f.data.value;
  const none = f.error.value instanceof ApiError && f.error.value.status === 404;
  return (
    <section class="page" aria-label={t('nav.forecast')} data-test="forecast">
      <header class="bar">
        <Heading />
        <div class="filters">
          <Queues chosen={asked.queue} />
          <Choice name="metric" label={t('fc.metric')} value={asked.metric} of={[['entered', tWord('fcmetric', 'entered')], ['interactions', tWord('fcmetric', 'interactions')]]} />
          <Choice name="days" label={t('fc.days')} value={String(asked.days)} of={[1, 3, 7, 14, 28].map((d) => [String(d), t('fc.n_days', { n: d })])} />
          <Choice name="period" label={t('fc.period')} value={String(asked.period)} of={[15, 30, 60].map((n) => [String(n), t('fc.minutes', { n })])} />
        </div>
      </header>
      <div class="page-body forecast">
        <Goal asked={asked} used={got} />
        {none ? (
          <Empty icon="clock" title={t('fc.none')} text={t('fc.none_text')} />
        ) : f.error.value ? (
          <ErrorNote error={f.error.value} retry={() => void f.load()} />
        ) : got ? (
          got.items.length ? <Result f={got} asked={asked.days} /> : <Empty icon="clock" title={t('fc.none_ahead')} text={t('fc.none_ahead_text')} />
        ) : (
          <Skeleton rows={6} kind="line" />
        )}
      </div>
    </section>
  );
}

function Choice({ name, label, value, of }: { name: string; label: string; value: string; of: [string, string][] }) {
  return (
    <select class="input" data-test={`fc-${name}`} aria-label={label} value={value} onChange={(e) => setHashQuery({ [name]: e.currentTarget.value })}>
      {of.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
    </select>
  );
}

function Queues({ chosen }: { chosen: string }) {
  const all = useLoad<{ items: { id: string; title?: Both }[] }>('/api/v1/queues').data.value?.items ?? [];
  const rows: [string, string][] = all.map((q) => [q.id, both(q.title) || q.id]);
  if (chosen && !all.some((q) => q.id === chosen)) rows.push([chosen, chosen]);
  return <Choice name="queue" label={t('fc.queue')} value={chosen} of={[['', t('fc.every_queue')], ...rows]} />;
}

/* What the people are reckoned with; a change asks anew. */
function Goal({ asked, used }: { asked: Asked; used: Forecast | null }) {
  const fields: [keyof Asked, Key, number, number, string?][] = [
    ['goal', 'fc.goal', 1, 99, used ? String(Math.round(used.goal * 100)) : ''], ['within', 'fc.within', 0, 3600, used ? String(used.within_s) : ''],
    ['aht', 'fc.aht', 0, 86400, used ? t('fc.aht_own', { s: Math.round(used.aht_s) }) : ''],
    ['patience', 'fc.patience', 0, 86400, t('fc.patience_none')], ['shrinkage', 'fc.shrinkage', 0, 90], ['concurrency', 'fc.concurrency', 1, 20],
  ];
  return (
    <form class="card goal" onSubmit={(e) => e.preventDefault()}>
      {fields.map(([name, label, min, max, hint]) => (
        <label key={name}>
          {t(label)}
          <input class="input num" type="number" min={min} max={max} data-test={`fc-${name}`} placeholder={hint}
            value={hint !== undefined && (asked[name] === 0 || asked[name] === -1) && !route.value.query[name] ? '' : String(asked[name])} onChange={(e) => setHashQuery({ [name]: e.currentTarget.value })} />
        </label>
      ))}
    </form>
  );
}

const ROUGH = 0.3; /* a forecast that is off by more is told to be rough */

function Result({ f, asked }: { f: Forecast; asked: number }) {
  const rows = days(f);
  return (
    <>
      <dl class="stats">
        <Stat name={t('fc.total')} value={String(Math.round(rows.reduce((s, d) => s + d.mean, 0)))} />
        <Stat name={t('fc.peak')} value={String(Math.max(0, ...rows.map((d) => d.most)))} />
        <Stat name={t('fc.model')} value={tWord('fcmodel', f.model)} />
        <Stat name={t('fc.off')} value={pct(f.wape)} more={f.baseline_wape === null ? '' : t('fc.off_week', { v: pct(f.baseline_wape) })} />
      </dl>
      {f.pooled ? <p class="muted">{t('fc.pooled')}</p> : null}
      {f.wape !== null && f.wape > ROUGH ? <p class="note" data-test="fc-rough">{t('fc.rough', { v: pct(f.wape) })}</p> : null}
      {rows.length < asked ? <p class="muted" data-test="fc-shut">{t('fc.shut', { n: asked - rows.length })}</p> : null}
      <Charts f={f} />
      <Days f={f} rows={rows} />
    </>
  );
}

const Stat = ({ name, value, more }: { name: string; value: string; more?: string }) => (
  <div class="card">
    <dt>{name}</dt>
    <dd class="num">{value}{more ? <small class="muted"> {more}</small> : null}</dd>
  </div>
);

function Charts({ f }: { f: Forecast }) {
  const calls = useRef<HTMLDivElement>(null);
  const people = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    let drop = (): void => undefined;
    const form = new Intl.DateTimeFormat(lang.value, { timeZone: f.zone, month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
    void import('./chart.ts').then((m) => {
      if (gone || !calls.current || !people.current) return;
      drop = m.drawForecast(calls.current, people.current, columns(f), {
        time: t('fc.time'), actual: t('fc.actual'), mean: t('fc.mean'), in80: t('fc.in80'), in95: t('fc.in95'), agents: t('fc.agents'), scheduled: t('fc.scheduled'),
      }, f.zone, (s) => form.format(s * 1000));
    });
    return () => {
      gone = true;
      drop();
    };
  }, [f, lang.value, dark.value]);
  return (
    <>
      <figure class="card forecast-plot" data-test="fc-calls">
        <figcaption><b>{t('fc.calls')}</b></figcaption>
        <div ref={calls} role="img" aria-label={t('fc.calls')} />
      </figure>
      <figure class="card forecast-plot" data-test="fc-people">
        <figcaption><b>{t('fc.people')}</b></figcaption>
        <div ref={people} role="img" aria-label={t('fc.people')} />
      </figure>
    </>
  );
}

function Days({ f, rows }: { f: Forecast; rows: ReturnType<typeof days> }) {
  const hour = new Intl.DateTimeFormat(lang.value, { timeZone: f.zone, hour: '2-digit', minute: '2-digit', hour12: false });
  const day = new Intl.DateTimeFormat(lang.value, { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric' });
  return (
    <section class="card flush" aria-label={t('fc.day')}>
      <table class="table" data-test="fc-days">
        <thead>
          <tr>
            <th>{t('fc.day')}</th><th class="num">{t('fc.expected')}</th><th class="num">{t('fc.so_far')}</th>
            <th>{t('fc.busiest')}</th><th class="num">{t('fc.most')}</th><th class="num">{t('fc.hours')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((d) => (
            <tr key={d.date}>
              <td>{day.format(new Date(d.date))}</td>
              <td class="num">{Math.round(d.mean)}</td>
              <td class="num">{d.actual === null ? '–' : Math.round(d.actual)}</td>
              <td>{hour.format(new Date(d.busiest.ts))} · <span class="num">{Math.round(d.busiest.mean)}</span></td>
              <td class="num">{d.most}</td>
              <td class="num">{Math.round(d.hours * 10) / 10}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button class="btn" data-test="fc-csv" onClick={() => save('forecast.csv', csv(f), 'text/csv')}><Icon name="download" />{t('fc.download')}</button>
    </section>
  );
}

