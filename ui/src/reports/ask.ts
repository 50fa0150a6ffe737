/* A report's question and its answer, without the screen: the question in the address, the answer as a
 * table with columns across, numbers as they are read. All pure. */

export interface Question {
  metrics: string[];
  rows: string[];
  columns?: string;
  interval?: string;
  last?: string;
  from?: string;
  to?: string;
  filters?: Record<string, string[]>;
  sl_s?: number;
  sort?: string;
  lang?: string;
}
export interface Answer {
  from: string;
  to: string;
  zone: string;
  dims: string[];
  columns: boolean;
  metrics: string[];
  rows: { key: string[]; values: (number | null)[] }[];
  total: (number | null)[];
  cut: boolean;
}
export type Unit = 'count' | 'percent' | 'ms' | 'money' | 'number' | 'mood';

export const DIMS = ['time', 'hour', 'weekday', 'queue', 'agent', 'channel', 'topic', 'language', 'campaign'];
export const FILTERS = ['queue', 'agent', 'channel', 'topic', 'language', 'campaign'];
export const INTERVALS = ['15min', '30min', 'hour', 'day', 'week', 'month'];
export const RANGES = ['today', 'yesterday', '7d', '28d', '90d', 'week', 'month'];

export const FIRST: Question = {
  metrics: ['interactions', 'containment', 'service_level', 'aht', 'csat'],
  rows: ['time'],
  interval: 'hour',
  last: 'today',
};

const texts = (v: unknown): string[] => (Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : []);

/* What stands in the address, or the first question; whatever is odd in it is left out. */
export function readQuestion(text: string | undefined): Question {
  let o: Record<string, unknown>;
  try {
    o = JSON.parse(text ?? '') as Record<string, unknown>;
  } catch {
    return FIRST;
  }
  if (!o || typeof o !== 'object' || !texts(o['metrics']).length) return FIRST;
  const q: Question = { metrics: texts(o['metrics']), rows: texts(o['rows']).filter((d) => DIMS.includes(d)) };
  for (const k of ['columns', 'interval', 'last', 'from', 'to', 'sort', 'lang'] as const)
    if (typeof o[k] === 'string' && o[k]) q[k] = o[k];
  if (typeof o['sl_s'] === 'number') q.sl_s = o['sl_s'];
  const filters = Object.entries((o['filters'] ?? {}) as Record<string, unknown>)
    .map(([d, v]) => [d, texts(v)] as const)
    .filter(([d, v]) => FILTERS.includes(d) && v.length);
  if (filters.length) q.filters = Object.fromEntries(filters);
  return q;
}

/* One of the list more or less; the last one of the metrics stays. */
export function toggled(list: string[], one: string, least = 0): string[] {
  if (!list.includes(one)) return [...list, one];
  return list.length > least ? list.filter((x) => x !== one) : list;
}

interface Pivot {
  across: string[]; /* values of the column, [''] without one */
  lines: { key: string[]; cells: (number | null)[][] }[]; /* by line, by value across, by metric */
}

/* The last dimension across, when it was asked for. */
export function pivot(a: Answer): Pivot {
  if (!a.columns) return { across: [''], lines: a.rows.map((r) => ({ key: r.key, cells: [r.values] })) };
  const across = [...new Set(a.rows.map((r) => r.key.at(-1) ?? ''))].sort();
  const lines = new Map<string, { key: string[]; cells: (number | null)[][] }>();
  const none = a.metrics.map(() => null);
  for (const r of a.rows) {
    const key = r.key.slice(0, -1);
    const id = JSON.stringify(key);
    if (!lines.has(id)) lines.set(id, { key, cells: across.map(() => none) });
    lines.get(id)!.cells[across.indexOf(r.key.at(-1) ?? '')] = r.values;
  }
  return { across, lines: [...lines.values()] };
}

export function shown(v: number | null | undefined, unit: Unit, lang: string): string {
  if (v === null || v === undefined) return '–';
  if (unit === 'percent') return `${v.toFixed(1)} %`;
  if (unit === 'count') return new Intl.NumberFormat(lang, { maximumFractionDigits: 0 }).format(v);
  if (unit === 'ms') {
    const s = Math.round(v / 1000);
    if (v < 60000) return `${(v / 1000).toFixed(1)} s`;
    return s < 3600 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}` : `${(v / 3600000).toFixed(1)} h`;
  }
  return new Intl.NumberFormat(lang, { maximumFractionDigits: 2, minimumFractionDigits: 2 }).format(v);
}

/* What is unusual, as it is read: a volume is a count, a mood has two places. */
export const unusual = (kind: string, v: number, lang: string): string => shown(v, kind === 'volume' ? 'count' : 'mood', lang);

/* What many said in the same words stands once. */
export const distinct = <T extends { text: string }>(v: T[]): T[] => v.filter((x, i) => v.findIndex((y) => y.text === x.text) === i);

/* "2026-11-26T08:15:00+08:00" by the step: the clock that the report counts by, not the reader's. */
export function moment(text: string, interval: string | undefined): string {
  if (interval === 'month') return text.slice(0, 7);
  if (!interval || interval === 'day' || interval === 'week') return text.slice(0, 10);
  return `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

/* The same of any time in seconds. */
export function clockOf(zone: string, interval: string | undefined): (s: number) => string {
  const form = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  });
  return (s) => moment(form.format(s * 1000), interval);
}

/* Lines over time: one for each value of the other dimensions, as named, the largest first, at most six. */
export function series(a: Answer, metric: number, named = (_dim: string, v: string): string => v): { at: number[]; lines: { name: string; values: (number | null)[] }[] } | null {
  const time = a.dims.indexOf('time');
  if (time < 0 || a.rows.length < 2) return null;
  const at = [...new Set(a.rows.map((r) => Date.parse(r.key[time]!) / 1000))].sort((x, y) => x - y);
  const place = new Map(at.map((s, i) => [s, i]));
  const lines = new Map<string, (number | null)[]>();
  for (const r of a.rows) {
    const name = r.key.flatMap((v, d) => (d === time ? [] : [named(a.dims[d]!, v)])).join(' · ');
    if (!lines.has(name)) lines.set(name, at.map(() => null));
    lines.get(name)![place.get(Date.parse(r.key[time]!) / 1000)!] = r.values[metric] ?? null;
  }
  const sum = (v: (number | null)[]) => v.reduce<number>((s, x) => s + (x ?? 0), 0);
  const all = [...lines].map(([name, values]) => ({ name, values })).sort((x, y) => sum(y.values) - sum(x.values));
  return { at, lines: all.slice(0, 6) };
}

/* Can the interactions of a cell be asked for? Not those of an hour or weekday over many days. */
export const leads = (dims: string[]): boolean => dims.every((d) => d === 'time' || FILTERS.includes(d));

/* The question behind one line: its values become filters, its time the range. */
export function behind(q: Question, a: Answer, key: string[], metric: string): Question {
  const filters = { ...q.filters };
  let range: Pick<Question, 'from' | 'to' | 'last'> = { from: a.from, to: a.to };
  a.dims.forEach((d, i) => {
    const v = key[i];
    if (v === undefined) return;
    if (FILTERS.includes(d)) filters[d] = [v];
    if (d === 'time') range = { from: v, to: after(v, q.interval) };
  });
  return { metrics: [metric], rows: [], filters, ...range };
}

/* The range that a person begins with: the day of that zone (the reader's own where it is not known), its end the next
 * midnight. */
export function oneDay(now: Date, zone?: string): { from: string; to: string } {
  const from = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
  return { from, to: new Date(Date.parse(from) + 864e5).toISOString().slice(0, 10) };
}

/* The end of the step that begins then. Months by the calendar; the offset of the beginning holds. */
export function after(begin: string, interval: string | undefined): string {
  const minutes: Record<string, number> = { '15min': 15, '30min': 30, hour: 60 };
  const offset = begin.slice(19);
  const wall = new Date(`${begin.slice(0, 19)}Z`);
  if (interval && interval in minutes) wall.setUTCMinutes(wall.getUTCMinutes() + minutes[interval]!);
  else if (interval === 'month') wall.setUTCMonth(wall.getUTCMonth() + 1);
  else wall.setUTCDate(wall.getUTCDate() + (interval === 'week' ? 7 : 1));
  /* A day ends at a midnight of the zone, whatever the offset is by then. */
  return interval && interval in minutes ? `${wall.toISOString().slice(0, 19)}${offset}` : wall.toISOString().slice(0, 10);
}
