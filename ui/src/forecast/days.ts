/* What the forecast is asked, and its answer as columns for the charts and rows of days. */
export interface Point {
  ts: string;
  mean: number;
  p025: number;
  p10: number;
  p90: number;
  p975: number;
  agents?: number;
  scheduled?: number;
  actual?: number;
}
export interface Forecast {
  zone: string;
  period_min: number;
  model: string;
  pooled: boolean;
  wape: number | null;
  baseline_wape: number | null;
  aht_s: number;
  goal: number;
  within_s: number;
  history: { ts: string; value: number }[];
  items: Point[];
}
export interface Asked {
  queue: string;
  metric: string;
  days: number;
  period: number;
  goal: number; /* percent; 0: the queue's */
  within: number; /* -1: the queue's */
  aht: number; /* 0: as lately */
  patience: number; /* 0: without end */
  shrinkage: number; /* percent */
  concurrency: number;
}

const LIMITS: Record<Exclude<keyof Asked, 'queue' | 'metric'>, [least: number, most: number, usual: number]> = {
  days: [1, 28, 7], period: [15, 60, 30], goal: [1, 99, 0], within: [0, 3600, -1], aht: [0, 86400, 0],
  patience: [0, 86400, 0], shrinkage: [0, 90, 30], concurrency: [1, 20, 1],
};

/* From the address; odd parts are what is usual. */
export function readAsked(q: Record<string, string>): Asked {
  const n = (k: keyof typeof LIMITS): number => {
    const [least, most, usual] = LIMITS[k];
    const v = q[k] === undefined || q[k] === '' ? NaN : Number(q[k]);
    return v >= least && v <= most ? Math.round(v) : usual;
  };
  const period = n('period');
  return {
    queue: q['queue'] ?? '', metric: q['metric'] === 'interactions' ? 'interactions' : 'entered', days: n('days'),
    period: [15, 30, 60].includes(period) ? period : 30, goal: n('goal'), within: n('within'), aht: n('aht'),
    patience: n('patience'), shrinkage: n('shrinkage'), concurrency: n('concurrency'),
  };
}

export const toQuery = (a: Asked): Record<string, string | number | undefined> => ({
  queue: a.queue || undefined, metric: a.metric, days: a.days, period: a.period, goal: a.goal ? a.goal / 100 : undefined, within_s: a.within < 0 ? undefined : a.within,
  aht_s: a.aht || undefined, patience_s: a.patience || undefined, shrinkage: a.shrinkage / 100, concurrency: a.concurrency,
});

export interface Columns {
  at: number[];
  actual: (number | null)[];
  mean: (number | null)[];
  p025: (number | null)[];
  p10: (number | null)[];
  p90: (number | null)[];
  p975: (number | null)[];
  agents: (number | null)[];
  scheduled: (number | null)[];
}

/* What was and what will be, in one row of times; nights are a hole, not a line. */
export function columns(f: Forecast): Columns {
  const c: Columns = { at: [], actual: [], mean: [], p025: [], p10: [], p90: [], p975: [], agents: [], scheduled: [] };
  const gap = f.period_min * 60;
  const put = (s: number, actual: number | null, p: Point | null) => {
    const last = c.at[c.at.length - 1];
    if (last !== undefined && s - last > gap) put(last + gap, null, null);
    c.at.push(s);
    c.actual.push(actual);
    for (const k of ['mean', 'p025', 'p10', 'p90', 'p975', 'agents', 'scheduled'] as const) c[k].push(p?.[k] ?? null);
  };
  for (const h of f.history) put(Date.parse(h.ts) / 1000, h.value, null);
  for (const p of f.items) put(Date.parse(p.ts) / 1000, p.actual ?? null, p);
  return c;
}

interface Day {
  date: string; /* of the zone, YYYY-MM-DD */
  mean: number;
  actual: number | null;
  busiest: Point;
  most: number;
  hours: number;
}

export function days(f: Forecast): Day[] {
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: f.zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const by = new Map<string, Point[]>();
  for (const p of f.items) {
    const d = date.format(new Date(p.ts));
    by.set(d, [...(by.get(d) ?? []), p]);
  }
  return [...by].map(([d, ps]) => {
    const seen = ps.filter((p) => p.actual !== undefined);
    return {
      date: d,
      mean: ps.reduce((s, p) => s + p.mean, 0),
      actual: seen.length ? seen.reduce((s, p) => s + p.actual!, 0) : null,
      busiest: ps.reduce((a, b) => (b.mean > a.mean ? b : a)),
      most: Math.max(0, ...ps.map((p) => p.scheduled ?? 0)),
      hours: (ps.reduce((s, p) => s + (p.scheduled ?? 0), 0) * f.period_min) / 60,
    };
  });
}

/* For a planner's own tools. */
export function csv(f: Forecast): string {
  const head = ['ts', 'mean', 'p025', 'p10', 'p90', 'p975', 'agents', 'scheduled'] as const;
  return [head.join(','), ...f.items.map((p) => head.map((k) => p[k] ?? '').join(','))].join('\r\n') + '\r\n';
}
