/* Health: is it well, what is it doing, how has it been. */
import './health_texts.ts';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { bytes, count, latency, span } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { dark } from '../lib/theme.ts';
import type { Component, Gauges, Health } from '../lib/types.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import type { Chart, ChartSpec } from './chart.ts';
import type { Point } from './live.ts';
import { authed, live, order } from './state.ts';

const POLL_MS = 5000;

export function HealthPage() {
  const health = useSignal<Health | null>(null);
  const error = useSignal<unknown>(null);

  async function load() {
    try {
      health.value = await authed<Health>('/api/v1/health');
      error.value = null;
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => {
    order.value = [];
    void load();
    const again = setInterval(() => void load(), POLL_MS);
    return () => clearInterval(again);
  }, []);

  const h = health.value;
  const g = live.value.gauges ?? h?.gauges ?? null;
  return (
    <section class="page" aria-label={t('nav.health')} data-test="health">
      <header class="bar">
        <h1>{t('nav.health')}</h1>
        {h ? (
          <p class="health-sum num">
            <StatusTag status={h.status} />
            <span>{t('health.version', { v: h.version })}</span>
            <span>{t('health.uptime', { t: span(h.uptime_ms, lang.value) })}</span>
          </p>
        ) : null}
      </header>
      <div class="page-body">
        {error.value ? <ErrorNote error={error.value} retry={() => void load()} /> : null}
        {h?.status === 'degraded' ? <p class="note warn" data-test="degraded"><Icon name="alert" />{t('health.degraded')}</p> : null}
        {g ? <Tiles g={g} /> : error.value ? null : <Skeleton rows={2} kind="tile" />}
        <Charts />
        <h2 class="section">{t('health.components')}</h2>
        {h ? (
          <ul class="comps">
            {h.components.map((c) => (
              <Comp key={c.name} c={c} />
            ))}
          </ul>
        ) : error.value ? null : (
          <Skeleton rows={3} kind="line" />
        )}
      </div>
    </section>
  );
}

function StatusTag({ status }: { status: string }) {
  const tone = tones[status] ?? 'warn';
  return (
    <span class={`tag ${tone}`} data-test="status">
      <i class="dot" />
      {tWord('health_status', status)}
    </span>
  );
}

const tones: Record<string, string> = {
  ok: 'ok',
  up: 'ok',
  degraded: 'warn',
  down: 'bad',
  off: '',
  disabled: '',
};

const GAUGES: [keyof Gauges, (n: number) => string][] = [
  ['live_conversations', (n) => count(n, lang.value)],
  ['calls_active', (n) => count(n, lang.value)],
  ['turns_per_min', (n) => count(n, lang.value)],
  ['turn_p50_ms', latency],
  ['turn_p95_ms', latency],
  ['loop_lag_p99_ms', latency],
  ['turns_total', (n) => count(n, lang.value)],
  ['events_total', (n) => count(n, lang.value)],
  ['kb_articles', (n) => count(n, lang.value)],
  ['rss_bytes', bytes],
];

function Tiles({ g }: { g: Gauges }) {
  return (
    <dl class="tiles">
      {GAUGES.map(([name, show]) => (
        <div key={name}>
          <dt>{t(`gauge.${name}` as Key)}</dt>
          <dd class="num" data-gauge={name}>
            {g[name] === undefined || g[name] === null ? '–' : show(g[name])}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/* What the server says of a part, in the reader's language where it is one of the usual sentences. */
const SAID: [RegExp, (m: string[]) => string][] = [
  [/^writes are on disk before they count$/, () => t('health.on_disk')],
  [/^(\d+) articles$/, (m) => t('health.articles', { n: m[1]! })],
  [/^switched off/, () => t('health.off')],
  [/^the length of pauses$/, () => t('health.pauses')],
  [/^(.+), the built-in engine behind it$/, (m) => t('health.engine', { model: m[1]! })],
  [/^(\d+) turns fell back to the built-in engine/, (m) => t('health.fell_back', { n: m[1]! })],
  [/^(\d+) texts of the knowledge base, by (.+)$/, (m) => t('health.texts', { n: m[1]!, model: m[2]! })],
];
function told(detail: string | null): string | null {
  for (const [what, say] of SAID) {
    const m = what.exec(detail ?? '');
    if (m) return say(m);
  }
  return detail;
}

function Comp({ c }: { c: Component }) {
  return (
    <li class="card comp" data-test="component">
      <b>{tWord('component', c.name)}</b>
      <StatusTag status={c.status} />
      <p>{told(c.detail) || '–'}</p>
    </li>
  );
}

interface Plot {
  title: Key;
  ms: boolean;
  lines: { label: Key; color: string; of: (p: Point) => number }[];
}

const PLOTS: Plot[] = [
  {
    title: 'health.turns',
    ms: true,
    lines: [
      { label: 'health.p50', color: '--wave-a', of: (p) => p.p50 },
      { label: 'health.p95', color: '--wave-b', of: (p) => p.p95 },
    ],
  },
  {
    title: 'gauge.live_conversations',
    ms: false,
    lines: [{ label: 'gauge.live_conversations', color: '--wave-b', of: (p) => p.live }],
  },
  {
    title: 'gauge.loop_lag_p99_ms',
    ms: true,
    lines: [{ label: 'gauge.loop_lag_p99_ms', color: '--wave-a', of: (p) => p.lag }],
  },
];

function Charts() {
  const waiting = live.value.series.length < 2;
  return (
    <div class="charts">
      {PLOTS.map((p) => (
        <figure class="card chart" key={p.title} data-test="chart">
          <figcaption>
            <b>{t(p.title)}</b>
            {p.lines.length > 1
              ? p.lines.map((l) => (
                  <span key={l.label}>
                    <i class={l.color === '--wave-a' ? 'key-a' : 'key-b'} />
                    {t(l.label)}
                  </span>
                ))
              : null}
          </figcaption>
          {waiting ? (
            <p class="chart-wait">
              <Icon name="pulse" />
              {t('health.waiting')}
            </p>
          ) : (
            <Series plot={p} />
          )}
        </figure>
      ))}
    </div>
  );
}

function Series({ plot }: { plot: Plot }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const data = (): number[][] => {
    const s = live.peek().series;
    return [s.map((p) => p.t), ...plot.lines.map((l) => s.map(l.of))];
  };
  useEffect(() => {
    let gone = false;
    const spec: ChartSpec = {
      ms: plot.ms,
      lang: lang.value,
      lines: plot.lines.map((l) => ({ label: t(l.label), color: l.color })),
    };
    void import('./chart.ts').then((m) => {
      if (!gone && box.current) chart.current = m.makeChart(box.current, spec, data());
    });
    return () => {
      gone = true;
      chart.current?.destroy();
      chart.current = null;
    };
  }, [dark.value, lang.value]);
  const series = live.value.series;
  useEffect(() => chart.current?.set(data()), [series]);
  return <div class="plot" ref={box} role="img" aria-label={t(plot.title)} />;
}
