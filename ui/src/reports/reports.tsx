/* Reports: the question on the left, the answer as chart and table, the interactions behind a line,
 * saved ones. The question stands in the address, so a link is a report. */
import '../service/texts.ts';
import './texts.ts';
import '../styles/reports.css';
import { useEffect, useRef } from 'preact/hooks';
import { signal, useSignal } from '@preact/signals';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { dark } from '../lib/theme.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, authedBytes, may, route } from '../console/state.ts';
import { Done, Sample, save, setHashQuery, Tabs, useJob, useLoad } from '../service/parts.tsx';
import {
  behind, clockOf, DIMS, FILTERS, INTERVALS, leads, moment, oneDay, pivot, RANGES, readQuestion, series, shown, toggled,
  type Answer, type Question, type Unit,
} from './ask.ts';
import { Nights } from './nights.tsx';
import { Saved } from './saved.tsx';
import { Anomalies, Topics } from './topics.tsx';

interface Metric {
  name: string;
  unit: Unit;
  title: Both;
  definition: Both;
}

/* The one that the last answer counts by. */
const zone = signal<string | undefined>(undefined);

/* Queues as the company names them; who may not read them sees their ids. */
const queues = signal<Map<string, Both>>(new Map());

/* Conversations of all, as the server asks for topics and for what is behind a number. */
const readsAll = (): boolean => may('conversation.read') && may('conversation.read_all');

const ask = (q: Question): void => setHashQuery({ q: JSON.stringify(q) });

export default function Reports() {
  const q = readQuestion(route.value.query['q']);
  const metrics = useLoad<{ items: Metric[] }>('/api/v1/reports/metrics');
  const all = metrics.data.value?.items ?? null;
  const titles = useLoad<{ items: { id: string; title?: Both }[] }>('/api/v1/queues').data.value?.items;
  useEffect(() => {
    if (titles) queues.value = new Map<string, Both>(titles.map((x) => [x.id, x.title]));
  }, [titles]);
  const sub = route.value.path[1] ?? '';
  const tabs: [string, string][] = [['', t('rep.builder')], ['unusual', t('rep.unusual')]];
  if (readsAll()) tabs.splice(1, 0, ['topics', t('rep.topics')]);
  if (sub)
    return (
      <section class="page" aria-label={t('nav.reports')} data-test="reports">
        <header class="bar">
          <h1>{t('nav.reports')}</h1>
          <Tabs page="reports" label={t('rep.views')} tabs={tabs} />
          <Sample />
        </header>
        <div class="page-body reports one">
          {sub === 'topics' ? <Topics /> : <Anomalies open={(to) => (location.hash = makeHash(['reports'], { q: JSON.stringify(to) }))} />}
        </div>
      </section>
    );
  return (
    <section class="page" aria-label={t('nav.reports')} data-test="reports">
      <header class="bar">
        <h1>{t('nav.reports')}</h1>
        <Tabs page="reports" label={t('rep.views')} tabs={tabs} />
        <Sample />
        <Range q={q} />
      </header>
      <div class="page-body reports">
        {metrics.error.value ? <ErrorNote error={metrics.error.value} retry={() => void metrics.load()} /> : null}
        {all ? (
          <>
            <aside class="card rep-ask" aria-label={t('rep.question')}>
              <Builder q={q} all={all} />
              <Saved q={q} open={ask} />
              <Nights />
            </aside>
            <Result q={q} all={all} />
          </>
        ) : (
          <Skeleton rows={6} kind="line" />
        )}
      </div>
    </section>
  );
}

function Range({ q }: { q: Question }) {
  const own = !!q.from;
  const set = (day: string, to: Partial<Question>) => void (day && ask({ ...q, ...to }));
  return (
    <div class="filters">
      <select class="input" data-test="range" aria-label={t('rep.range')} value={own ? 'own' : (q.last ?? '7d')} onChange={(e) => {
        const v = e.currentTarget.value;
        const { from: _f, to: _t, last: _l, ...rest } = q;
        ask(v === 'own' ? { ...rest, ...oneDay(new Date(), zone.value) } : { ...rest, last: v });
      }}>
        {RANGES.map((r) => <option key={r} value={r}>{tWord('reprange', r)}</option>)}
        <option value="own">{t('rep.own_range')}</option>
      </select>
      {own ? (
        <>
          <input class="input" type="date" aria-label={t('rep.from')} value={q.from?.slice(0, 10)} onChange={(e) => set(e.currentTarget.value, { from: e.currentTarget.value })} />
          <input class="input" type="date" aria-label={t('rep.to')} value={q.to?.slice(0, 10)} onChange={(e) => set(e.currentTarget.value, { to: e.currentTarget.value })} />
        </>
      ) : null}
    </div>
  );
}

function Builder({ q, all }: { q: Question; all: Metric[] }) {
  return (
    <>
      <h2>{t('rep.metrics')}</h2>
      <div class="chips" role="group" aria-label={t('rep.metrics')}>
        {all.map((m) => (
          <button key={m.name} class="chip" title={both(m.definition)} data-test={`metric-${m.name}`} aria-pressed={q.metrics.includes(m.name)}
            onClick={() => ask({ ...q, metrics: toggled(q.metrics, m.name, 1).slice(0, 20) })}>
            {both(m.title)}
          </button>
        ))}
      </div>
      <h2>{t('rep.rows')}</h2>
      <div class="chips" role="group" aria-label={t('rep.rows')}>
        {DIMS.map((d) => (
          <button key={d} class="chip" data-test={`dim-${d}`} aria-pressed={q.rows.includes(d)} disabled={q.columns === d}
            onClick={() => ask({ ...q, rows: toggled(q.rows, d).slice(-3) })}>
            {tWord('repdim', d)}
          </button>
        ))}
      </div>
      <label>
        {t('rep.columns')}{' '}
        <select class="input" data-test="columns" value={q.columns ?? ''} onChange={(e) => {
          const { columns: _, ...rest } = q;
          ask(e.currentTarget.value ? { ...rest, columns: e.currentTarget.value } : rest);
        }}>
          <option value="">{t('rep.no_columns')}</option>
          {DIMS.filter((d) => !q.rows.includes(d)).map((d) => <option key={d} value={d}>{tWord('repdim', d)}</option>)}
        </select>
      </label>
      {q.rows.includes('time') || q.columns === 'time' ? (
        <label>
          {t('rep.interval')}{' '}
          <select class="input" data-test="interval" value={q.interval ?? 'day'} onChange={(e) => ask({ ...q, interval: e.currentTarget.value })}>
            {INTERVALS.map((i) => <option key={i} value={i}>{tWord('repstep', i)}</option>)}
          </select>
        </label>
      ) : null}
      <label>
        {t('rep.sl')}{' '}
        <input class="input num" type="number" min={1} max={3600} placeholder={t('rep.sl_own')} value={q.sl_s ?? ''} onChange={(e) => {
          const { sl_s: _, ...rest } = q;
          ask(Number(e.currentTarget.value) > 0 ? { ...rest, sl_s: Number(e.currentTarget.value) } : rest);
        }} />
      </label>
      <Filters q={q} />
    </>
  );
}

/* A dimension and its values, with commas. */
function Filters({ q }: { q: Question }) {
  const set = Object.entries(q.filters ?? {});
  const free = FILTERS.filter((d) => !q.filters?.[d]);
  const put = (d: string, text: string) => {
    const values = text.split(/[,，]/).map((v) => v.trim()).filter(Boolean);
    const { [d]: _, ...rest } = q.filters ?? {};
    ask({ ...q, filters: values.length ? { ...rest, [d]: values } : rest });
  };
  return (
    <>
      <h2>{t('rep.filters')}</h2>
      {set.map(([d, v]) => (
        <label key={d}>
          {tWord('repdim', d)}{' '}
          <input class="input" value={v.join(', ')} data-test={`filter-${d}`} onChange={(e) => put(d, e.currentTarget.value)} />
        </label>
      ))}
      <label>
        {t('rep.filter_by')}{' '}
        <select class="input" data-test="filter-add" value="" onChange={(e) => {
          const d = e.currentTarget.value;
          const v = d ? prompt(`${tWord('repdim', d)}: ${t('rep.values')}`) : null;
          if (d && v) put(d, v);
        }}>
          <option value="">{t('rep.choose')}</option>
          {free.map((d) => <option key={d} value={d}>{tWord('repdim', d)}</option>)}
        </select>
      </label>
    </>
  );
}

/* ---- the answer ---- */

function useAnswer(q: Question) {
  const data = useSignal<Answer | null>(null);
  const error = useSignal<unknown>(null);
  const key = JSON.stringify(q);
  const wanted = useRef(key);
  wanted.current = key;
  async function load() {
    error.value = null;
    try {
      const a = await authed<Answer>('/api/v1/reports/run', { method: 'POST', body: q });
      if (wanted.current !== key) return;
      data.value = a;
      zone.value = a.zone;
    } catch (e) {
      if (wanted.current === key) error.value = e;
    }
  }
  useEffect(() => void load(), [key]);
  return { data, error, load };
}

function Result({ q, all }: { q: Question; all: Metric[] }) {
  const got = useAnswer(q);
  const chosen = useSignal<{ key: string[]; metric: string } | null>(null);
  const a = got.data.value;
  const of = new Map(all.map((m) => [m.name, m]));
  if (got.error.value) return <div><ErrorNote error={got.error.value} retry={() => void got.load()} /></div>;
  if (!a) return <Skeleton rows={6} kind="line" />;
  return (
    <div class="answer" data-test="answer">
      <div class="totals">
        {a.metrics.map((m, k) => (
          <div key={m} class="card stat" title={both(of.get(m)?.definition)}>
            <small>{both(of.get(m)?.title)}</small>
            <b class="num" data-test={`total-${m}`}>{shown(a.total[k], of.get(m)?.unit ?? 'number', lang.value)}</b>
          </div>
        ))}
      </div>
      <Chart a={a} q={q} of={of} />
      <Table a={a} q={q} of={of} pick={(key, metric) => (chosen.value = { key, metric })} />
      <Files q={q} />
      {chosen.value && readsAll() ? (
        <Behind zone={a.zone} q={behind(q, a, chosen.value.key, chosen.value.metric)} title={both(of.get(chosen.value.metric)?.title)} close={() => (chosen.value = null)} />
      ) : null}
    </div>
  );
}

type Names = Map<string, Metric>;

function Chart({ a, q, of }: { a: Answer; q: Question; of: Names }) {
  const box = useRef<HTMLDivElement>(null);
  const at = useSignal(0);
  const k = Math.min(at.value, a.metrics.length - 1);
  const data = series(a, k, (d, v) => word(d, v, q.interval));
  useEffect(() => {
    if (!data || !box.current) return;
    const here = box.current;
    const m = of.get(a.metrics[k]!);
    const unit = m?.unit ?? 'number';
    const names = { time: tWord('repdim', 'time'), all: both(m?.title) };
    let gone = false;
    let done: (() => void) | undefined;
    void import('./chart.ts').then((c) => {
      if (gone) return;
      done = c.drawLines(here, { ...data, whole: unit === 'count' }, names, a.zone, (v) => shown(v, unit, lang.value), clockOf(a.zone, q.interval));
    });
    return () => {
      gone = true;
      done?.();
    };
  }, [a, k, lang.value, dark.value]);
  if (!data) return null;
  return (
    <div class="card lines">
      <div class="seg" role="group" aria-label={t('rep.chart')}>
        {a.metrics.map((m, n) => (
          <button key={m} aria-pressed={n === k} onClick={() => (at.value = n)}>{both(of.get(m)?.title)}</button>
        ))}
      </div>
      <div ref={box} data-test="chart" />
    </div>
  );
}

const word = (dim: string, v: string, interval: string | undefined): string =>
  dim === 'time' ? moment(v, interval)
  : dim === 'weekday' ? tWord('repday', v)
  : dim === 'channel' ? tWord('channel', v) || t('rep.nothing')
  : dim === 'topic' ? tWord('intent', v) || t('rep.nothing')
  : dim === 'language' ? tWord('lang', v) || t('rep.nothing')
  : dim === 'agent' && v === 'bot' ? t('who.bot')
  : dim === 'queue' ? both(queues.value.get(v)) || v || t('rep.nothing')
  : v || t('rep.nothing');

function Table({ a, q, of, pick }: { a: Answer; q: Question; of: Names; pick: (key: string[], metric: string) => void }) {
  const p = pivot(a);
  const dims = a.columns ? a.dims.slice(0, -1) : a.dims;
  const last = a.dims.at(-1) ?? '';
  if (!a.rows.length) return <Empty icon="board" title={t('rep.none')} text={t('rep.none_text')} />;
  return (
    <div class="card flush scroll">
      <table class="table rows" data-test="report-table">
        <thead>
          {a.columns ? (
            <tr>
              {dims.map((d) => <th key={d} />)}
              {p.across.map((v) => <th key={v} colSpan={a.metrics.length}>{word(last, v, q.interval)}</th>)}
            </tr>
          ) : null}
          <tr>
            {dims.map((d) => <th key={d}>{tWord('repdim', d)}</th>)}
            {p.across.flatMap((v) => a.metrics.map((m) => <th key={v + m} class="right"><abbr title={both(of.get(m)?.definition)}>{both(of.get(m)?.title)}</abbr></th>))}
          </tr>
        </thead>
        <tbody>
          {p.lines.map((l) => (
            <tr key={l.key.join('\n')}>
              {l.key.map((v, d) => <td key={d}>{word(dims[d]!, v, q.interval)}</td>)}
              {l.cells.flatMap((values, n) => a.metrics.map((m, k) => (
                <td key={`${n} ${m}`} class="num right">
                  {readsAll() && leads(a.dims) && values[k] !== null ? (
                    <button class="plain" title={t('rep.behind')} onClick={() => pick(a.columns ? [...l.key, p.across[n]!] : l.key, m)}>
                      {shown(values[k], of.get(m)?.unit ?? 'number', lang.value)}
                    </button>
                  ) : shown(values[k], of.get(m)?.unit ?? 'number', lang.value)}
                </td>
              )))}
            </tr>
          ))}
        </tbody>
      </table>
      {a.cut ? <p class="muted pad">{t('rep.cut')}</p> : null}
    </div>
  );
}

const TYPES: Record<string, string> = { csv: 'text/csv', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' };

function Files({ q }: { q: Question }) {
  const job = useJob();
  const take = (format: string) => job.run(async () => {
    const bytes = await authedBytes('/api/v1/reports/run', { method: 'POST', body: q, query: { format, lang: lang.value } });
    save(`report.${format}`, bytes, TYPES[format]!);
    return '';
  });
  return (
    <div class="chips">
      {Object.keys(TYPES).map((f) => (
        <button key={f} class="btn" data-test={`file-${f}`} disabled={job.busy.value} onClick={() => void take(f)}>
          <Icon name="download" /> {f.toUpperCase()}
        </button>
      ))}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
    </div>
  );
}

interface Contact {
  conversation_id: string;
  started_at: string;
  channel: string;
  topic: string;
  queue: string;
  agent: string;
  wait_ms: number;
  handle_ms: number;
}

function Behind({ q, zone, title, close }: { q: Question; zone: string; title: string; close: () => void }) {
  const when = clockOf(zone, 'hour');
  const items = useSignal<Contact[] | null>(null);
  const next = useSignal<string | null>(null);
  const error = useSignal<unknown>(null);
  async function load(cursor: string | null) {
    error.value = null;
    try {
      const p = await authed<{ items: Contact[]; next: string | null }>('/api/v1/reports/interactions', { method: 'POST', body: { ...q, cursor: cursor ?? '' } });
      items.value = cursor ? [...(items.value ?? []), ...p.items] : p.items;
      next.value = p.next;
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => {
    items.value = null;
    void load(null);
  }, [JSON.stringify(q)]);
  return (
    <section class="card flush scroll" aria-label={t('rep.behind')} data-test="behind">
      <header class="bar">
        <h2>{t('rep.behind_of', { title })}</h2>
        <button class="btn ghost square" aria-label={t('rep.close')} onClick={close}><Icon name="x" /></button>
      </header>
      {error.value ? <ErrorNote error={error.value} /> : null}
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('rep.began')}</th>
            {['channel', 'topic', 'queue', 'agent'].map((d) => <th key={d}>{tWord('repdim', d)}</th>)}
            <th class="right">{t('rep.waited')}</th>
            <th class="right">{t('rep.handled')}</th>
          </tr>
        </thead>
        <tbody>
          {(items.value ?? []).map((c, n) => (
            <tr key={n}>
              <td><a href={makeHash(['c', c.conversation_id])}>{when(Date.parse(c.started_at) / 1000)}</a></td>
              {(['channel', 'topic', 'queue', 'agent'] as const).map((d) => <td key={d}>{word(d, c[d], undefined)}</td>)}
              <td class="num right">{shown(c.wait_ms, 'ms', lang.value)}</td>
              <td class="num right">{shown(c.handle_ms, 'ms', lang.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {items.value && !items.value.length ? <p class="muted pad">{t('rep.nobody_behind')}</p> : null}
      {next.value ? <button class="btn" onClick={() => void load(next.value)}>{t('rep.more')}</button> : null}
    </section>
  );
}
