/* The roster of a day as the page has it: minutes of the clock, who is at work when, what lacks. All pure. */
import type { Forecast } from './days.ts';

export interface Span {
  from_min: number;
  to_min: number;
}
export interface Shift extends Span {
  agent: string;
  pauses: Span[];
}
export interface Roster {
  day: string;
  version: number;
  state: 'planned' | 'published';
  updated_by?: string;
  published_at?: string;
  shifts: Shift[];
  warnings?: { agent: string; kind: string; day: string; rest_min: number }[];
}
export interface Rosters {
  zone: string;
  items: Roster[];
}
export interface Need {
  from_min: number;
  agents: number;
  scheduled: number;
}
export interface Kept {
  agent: string;
  now?: 'off' | 'work' | 'pause' | 'away' | 'late';
  as_planned?: boolean;
  planned_min: number;
  late_min: number;
  early_min: number;
  away_min: number;
  adherence?: number;
}
export interface Adherence {
  basis: string;
  until_min: number;
  items: Kept[];
}
export interface Move {
  move: 'pause' | 'longer' | 'leave';
  agent: string;
  from_min?: number;
  to_min?: number;
}

export const DAY_MIN = 1440;
export const NEED_MIN = 30;
const STEP_MIN = 15;
const TOLERANCE_MIN = 5; /* of a clock on a wall */

/* 570 -> "09:30"; the end of the day is "24:00". */
export const hhmm = (min: number): string => `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`;

/* Of a time field; null: nothing is in it. As an end "00:00" is midnight. */
export function minuteOf(text: string, end: boolean): number | null {
  const m = /^(\d\d):(\d\d)/.exec(text);
  if (!m) return null;
  const min = Number(m[1]) * 60 + Number(m[2]);
  return end && min === 0 ? DAY_MIN : min;
}

export const dayOf = (ms: number, zone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);

export function addDays(day: string, n: number): string {
  return new Date(Date.parse(day) + n * 86400000).toISOString().slice(0, 10);
}

/* Days from a to b. */
export const daysTo = (a: string, b: string): number => Math.round((Date.parse(b) - Date.parse(a)) / 86400000);

function clockOf(zone: string): (ms: number) => [day: string, min: number] {
  const f = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (ms) => {
    const [h, m] = f.format(ms).split(':');
    return [dayOf(ms, zone), Number(h) * 60 + Number(m)];
  };
}

export const nowMin = (ms: number, zone: string): number => clockOf(zone)(ms)[1];

/* The need of one day out of a forecast. */
export function needOf(f: Forecast | null, day: string): Need[] {
  if (!f) return [];
  const at = clockOf(f.zone);
  return f.items.flatMap((p) => {
    const [d, from_min] = at(Date.parse(p.ts));
    return d === day ? [{ from_min, agents: p.agents ?? 0, scheduled: p.scheduled ?? 0 }] : [];
  });
}

export const works = (s: Shift, min: number): boolean =>
  min >= s.from_min && min < s.to_min && !s.pauses.some((p) => min >= p.from_min && min < p.to_min);

export const workMin = (s: Shift): number => s.to_min - s.from_min - s.pauses.reduce((n, p) => n + p.to_min - p.from_min, 0);

/* The shifts that are for a queue: of those who serve it. None chosen: all. */
export interface Person {
  login: string;
  name?: string;
  queues?: (string | { queue: string })[];
}
export const ofQueue = (shifts: Shift[], people: Person[], queue: string): Shift[] =>
  queue && people.length
    ? shifts.filter((s) => people.some((p) => p.login === s.agent && p.queues?.some((q) => (typeof q === 'string' ? q : q.queue) === queue)))
    : shifts;

/* People at work by quarters of an hour. */
export const cover = (shifts: Shift[]): number[] =>
  Array.from({ length: DAY_MIN / STEP_MIN }, (_, i) => shifts.filter((s) => works(s, i * STEP_MIN)).length);

/* Hours of people that lack, and that are more than needed. */
export function balance(need: Need[], shifts: Shift[]): { short: number; over: number } {
  const at = cover(shifts);
  let short = 0, over = 0;
  for (const n of need)
    for (let m = n.from_min; m < n.from_min + NEED_MIN; m += STEP_MIN) {
      const more = (at[m / STEP_MIN] ?? 0) - n.scheduled;
      if (more < 0) short -= more;
      else over += more;
    }
  const hours = (x: number) => Math.round((x * STEP_MIN) / 6) / 10;
  return { short: hours(short), over: hours(over) };
}

/* The hours to show: all there is, and an hour around. */
export function frame(need: Need[], shifts: Shift[]): Span {
  const from = [...need.map((n) => n.from_min), ...shifts.map((s) => s.from_min)];
  const to = [...need.map((n) => n.from_min + NEED_MIN), ...shifts.map((s) => s.to_min)];
  if (!from.length) return { from_min: 480, to_min: 1200 };
  return {
    from_min: Math.max(0, Math.floor(Math.min(...from) / 60) * 60 - 60),
    to_min: Math.min(DAY_MIN, Math.ceil(Math.max(...to) / 60) * 60 + 60),
  };
}

/* A line of steps through [minute, value], value until the next one; holes end it. top: the greatest value there is. */
export function steps(points: [from: number, to: number, value: number][], at: Span, top: number, height: number): string {
  const y = (v: number) => Math.round((height - (v / top) * height) * 10) / 10;
  let path = '', end = -1;
  for (const [from, to, v] of points) {
    if (to <= at.from_min || from >= at.to_min) continue;
    path += `${from === end ? 'L' : 'M'}${from - at.from_min} ${y(v)}L${to - at.from_min} ${y(v)}`;
    end = to;
  }
  return path;
}

export const needSteps = (need: Need[]): [number, number, number][] => need.map((n) => [n.from_min, n.from_min + NEED_MIN, n.scheduled]);
export const coverSteps = (shifts: Shift[]): [number, number, number][] => cover(shifts).map((v, i) => [i * STEP_MIN, (i + 1) * STEP_MIN, v]);

export const sorted = (shifts: Shift[]): Shift[] => [...shifts].sort((a, b) => a.agent.localeCompare(b.agent) || a.from_min - b.from_min);

/* One row a person: those with a shift first, by begin. */
export function rowsOf(shifts: Shift[], kept: Kept[]): { agent: string; shifts: Shift[]; kept: Kept | null }[] {
  const who = [...new Set([...sorted(shifts).map((s) => s.agent), ...kept.map((k) => k.agent)])];
  return who
    .map((agent) => ({ agent, shifts: sorted(shifts.filter((s) => s.agent === agent)), kept: kept.find((k) => k.agent === agent) ?? null }))
    .sort((a, b) => (a.shifts[0]?.from_min ?? DAY_MIN) - (b.shifts[0]?.from_min ?? DAY_MIN));
}

export type Mark = 'ok' | 'warn' | 'bad' | '';

/* How somebody keeps to the plan, in a colour; words say it too. A few minutes are nothing. */
export function markOf(k: Kept): Mark {
  if (!k.planned_min) return '';
  if (k.now === 'late' && k.late_min > TOLERANCE_MIN) return 'bad';
  if (k.now === 'away' && k.away_min > TOLERANCE_MIN) return 'bad';
  return [k.late_min, k.early_min, k.away_min].some((m) => m > TOLERANCE_MIN) ? 'warn' : 'ok';
}

/* Who should be at work and is not: they do not count when the day is planned anew. */
export const missing = (kept: Kept[]): string[] => kept.filter((k) => markOf(k) === 'bad').map((k) => k.agent);

/* What is wrong with a shift before it is sent: a key of texts, or null. */
export function faultOf(s: Shift, all: Shift[]): 'order' | 'pause' | 'twice' | null {
  if (s.to_min <= s.from_min) return 'order';
  let end = s.from_min;
  for (const p of s.pauses) {
    if (p.from_min < end || p.to_min <= p.from_min || p.to_min > s.to_min) return 'pause';
    end = p.to_min;
  }
  return all.some((o) => o !== s && o.agent === s.agent && o.from_min < s.to_min && s.from_min < o.to_min) ? 'twice' : null;
}

/* A day's work for somebody who has none yet: from the first hour of need, with a pause in the middle. */
export function freshShift(agent: string, need: Need[]): Shift {
  const from_min = Math.min(need[0]?.from_min ?? 540, DAY_MIN - 510);
  return { agent, from_min, to_min: from_min + 510, pauses: [{ from_min: from_min + 240, to_min: from_min + 270 }] };
}
