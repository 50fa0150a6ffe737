/* Numbers, spans of time and instants for people. The clock and the language are arguments; instants are told
 * in one zone: the company's once the console knows it, the browser's else. What shows them is drawn anew with another. */
import { signal } from '@preact/signals';

const zone = signal<string | undefined>(undefined);

/* An unknown name leaves it as it was. */
export function setZone(name: string | undefined): void {
  try {
    if (name) new Intl.DateTimeFormat('en', { timeZone: name });
    zone.value = name || undefined;
  } catch {
    /* it stays */
  }
}

export const here = (): string => zone.value ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/* "GMT+8", when that is not what the reader's own clock shows; '' when it is. */
export function zoneTag(ms: number, lang: string): string {
  const own = new Intl.DateTimeFormat('en', { timeStyle: 'short', dateStyle: 'short' }).format(ms);
  const told = new Intl.DateTimeFormat('en', { timeStyle: 'short', dateStyle: 'short', timeZone: here() }).format(ms);
  if (own === told) return '';
  const parts = new Intl.DateTimeFormat(lang, { timeZone: here(), timeZoneName: 'shortOffset' }).formatToParts(ms);
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? '';
}

export const pad2 = (n: number): string => (n < 10 ? '0' + n : String(n));

/* 83000 -> "1:23", 3723000 -> "1:02:03" */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${pad2(m)}:${pad2(s % 60)}` : `${m}:${pad2(s % 60)}`;
}

/* 840 -> "840 ms", 1240 -> "1.2 s" */
export function latency(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 10 && ms % 1 !== 0) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

export function count(n: number, lang: string): string {
  return new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(n);
}

/* "now", "5 min. ago", ... in the reader's language */
export function ago(ts: string | null, now: number, lang: string): string {
  const t = ts ? Date.parse(ts) : NaN;
  if (Number.isNaN(t)) return '–';
  const f = new Intl.RelativeTimeFormat(lang, { numeric: 'auto', style: 'narrow' });
  const s = Math.min(0, Math.round((t - now) / 1000));
  if (s > -45) return f.format(0, 'second');
  if (s > -3600) return f.format(Math.min(-1, Math.round(s / 60)), 'minute');
  if (s > -86400) return f.format(Math.round(s / 3600), 'hour');
  if (s > -30 * 86400) return f.format(Math.round(s / 86400), 'day');
  return dateOnly(ts, lang);
}

export function timeOfDay(ts: string, lang: string, seconds = false): string {
  const t = Date.parse(ts);
  if (Number.isNaN(t)) return '';
  return new Intl.DateTimeFormat(lang, {
    timeZone: here(),
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' as const } : {}),
    hour12: false,
  }).format(t);
}

export function dateTime(ts: string | null, lang: string): string {
  const t = ts ? Date.parse(ts) : NaN;
  if (Number.isNaN(t)) return '–';
  const old = new Date(t).getFullYear() !== new Date().getFullYear();
  return new Intl.DateTimeFormat(lang, {
    timeZone: here(),
    ...(old ? { year: 'numeric' as const } : {}),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(t);
}

export function dateOnly(ts: string | null, lang: string): string {
  const t = ts ? Date.parse(ts) : NaN;
  if (Number.isNaN(t)) return '–';
  return new Intl.DateTimeFormat(lang, { timeZone: here(), year: 'numeric', month: 'short', day: 'numeric' })
    .format(t);
}

const UNITS = { en: ['d', 'h', 'm', 's', ' '], zh: ['天', '小时', '分', '秒', ''] };

/* uptime: the two largest units, "3d 4h", "12m 5s"; "3天4小时" */
export function span(ms: number, lang = 'en'): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const unit = UNITS[lang as 'en'] ?? UNITS.en;
  const parts = [Math.floor(s / 86400), Math.floor((s % 86400) / 3600), Math.floor((s % 3600) / 60), s % 60];
  const first = parts.findIndex((n) => n > 0);
  if (first < 0) return `0${unit[3]}`;
  return parts
    .map((n, i) => ({ n, u: unit[i] }))
    .slice(first, first + 2)
    .filter(({ n }) => n > 0)
    .map(({ n, u }) => `${n}${u}`)
    .join(unit[4]);
}

/* 0.804 -> "80 %"; a dash when it is not known */
export const pct = (share: number | null | undefined): string =>
  share === null || share === undefined || !Number.isFinite(share) || share < 0 ? '–' : `${Math.round(share * 100)} %`;

/* As a datetime-local field wants it, in the zone that is told here. */
export function localTime(iso: string | null | undefined): string {
  const t = iso ? Date.parse(iso) : NaN;
  if (Number.isNaN(t)) return '';
  const wall = new Intl.DateTimeFormat('sv-SE', {
    timeZone: here(), year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
  return wall.format(t).replace(' ', 'T').replace(/^\d+/, (year) => year.padStart(4, '0'));
}

/* What such a field says, as an instant; '' when it says none. Twice, for a clock that is put forward or back in between. */
export function fromLocal(text: string): string {
  const wall = Date.parse(`${text}Z`);
  const off = (ms: number): number => Date.parse(`${localTime(new Date(ms).toISOString())}Z`) - Math.floor(ms / 60000) * 60000;
  return Number.isNaN(wall) ? '' : new Date(wall - off(wall - off(wall))).toISOString();
}

/* Nearest-rank percentile of an unsorted list; NaN when it is empty. */
export function percentile(values: number[], p: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil((p / 100) * sorted.length);
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank - 1))]!;
}
