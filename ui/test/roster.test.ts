/* The roster of a day as the page has it: minutes, who is at work, what lacks, what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextShift } from '../src/desk/next.ts';
import type { Forecast } from '../src/forecast/days.ts';
import { addDays, balance, cover, dayOf, daysTo, faultOf, frame, freshShift, hhmm, markOf, minuteOf, missing, needOf, nowMin, ofQueue, rowsOf, steps, workMin, type Kept, type Shift } from '../src/forecast/roster.ts';

const shift = (agent: string, from: number, to: number, ...pauses: [number, number][]): Shift => ({
  agent, from_min: from * 60, to_min: to * 60, pauses: pauses.map(([a, b]) => ({ from_min: a * 60, to_min: b * 60 })),
});
const kept = (x: Partial<Kept>): Kept => ({ agent: 'mei', planned_min: 480, late_min: 0, early_min: 0, away_min: 0, ...x });

test('roster: minutes and times of a field', () => {
  assert.deepEqual([0, 570, 1440].map(hhmm), ['00:00', '09:30', '24:00']);
  assert.deepEqual([minuteOf('09:30', false), minuteOf('00:00', false), minuteOf('00:00', true), minuteOf('', true)], [570, 0, 1440, null]);
});

test('roster: days are those of the zone', () => {
  const ms = Date.parse('2026-11-26T19:30:00Z');
  assert.deepEqual([dayOf(ms, 'Asia/Shanghai'), dayOf(ms, 'UTC'), nowMin(ms, 'Asia/Shanghai')], ['2026-11-27', '2026-11-26', 210]);
  assert.deepEqual([addDays('2026-12-31', 1), addDays('2026-03-01', -1), daysTo('2026-02-27', '2026-03-02')], ['2027-01-01', '2026-02-28', 3]);
});

test('roster: the need is that of the day in the zone', () => {
  const items = ['2026-11-26T23:30:00Z', '2026-11-27T01:00:00Z', '2026-11-27T20:00:00Z'].map((ts, i) => ({ ts, mean: 1, p025: 0, p10: 0, p90: 0, p975: 0, agents: i, scheduled: i + 1 }));
  const f = { zone: 'Asia/Shanghai', items } as unknown as Forecast;
  assert.deepEqual(needOf(f, '2026-11-27'), [{ from_min: 450, agents: 0, scheduled: 1 }, { from_min: 540, agents: 1, scheduled: 2 }]);
  assert.deepEqual(needOf(null, '2026-11-27'), []);
});

test('roster: who is at work, what lacks and what is too much', () => {
  const day = [shift('mei', 9, 17, [12, 13]), shift('tom', 12, 20)];
  const at = cover(day);
  assert.deepEqual([at[35], at[36], at[48], at[52], at[68], at[79], at[80]], [0, 1, 1, 2, 1, 1, 0]);
  assert.equal(workMin(day[0]!), 420);
  const need = [720, 750, 780].map((from_min) => ({ from_min, agents: 2, scheduled: from_min < 780 ? 2 : 1 }));
  assert.deepEqual(balance(need, day), { short: 1, over: 0.5 });
  assert.deepEqual(frame(need, day), { from_min: 480, to_min: 1260 });
  assert.deepEqual(frame([], []), { from_min: 480, to_min: 1200 });
  assert.deepEqual(frame([], [shift('mei', 0, 24)]), { from_min: 0, to_min: 1440 });
});

test('roster: of a queue only those who serve it cover its need', () => {
  const day = [shift('mei', 9, 17), shift('tom', 9, 17), shift('xia', 9, 17)];
  const people = [{ login: 'mei', queues: [{ queue: 'sales' }] }, { login: 'tom', queues: ['support', 'sales'] }, { login: 'xia' }];
  assert.deepEqual(ofQueue(day, people, 'sales').map((s) => s.agent), ['mei', 'tom']);
  assert.deepEqual(ofQueue(day, people, 'support').map((s) => s.agent), ['tom']);
  assert.equal(ofQueue(day, people, '').length, 3);
  assert.equal(ofQueue(day, [], 'sales').length, 3); /* whose they are is not known */
});

test('roster: a line of steps, with a hole where nothing is known', () => {
  const at = { from_min: 60, to_min: 300 };
  assert.equal(steps([[0, 30, 9], [60, 90, 1], [90, 120, 2], [180, 210, 2]], at, 2, 100), 'M0 50L30 50L30 0L60 0M120 0L150 0');
});

test('roster: a row a person, by begin', () => {
  const rows = rowsOf([shift('tom', 12, 20), shift('mei', 17, 18), shift('mei', 9, 12)], [kept({ agent: 'xia' }), kept({})]);
  assert.deepEqual(rows.map((r) => [r.agent, r.shifts.length, r.kept !== null]), [['mei', 2, true], ['tom', 1, false], ['xia', 0, true]]);
});

test('roster: a few minutes are nothing, an hour is told', () => {
  assert.deepEqual(
    [kept({}), kept({ late_min: 5 }), kept({ late_min: 6 }), kept({ early_min: 60 }), kept({ now: 'late', late_min: 20 }), kept({ now: 'late', late_min: 2 }), kept({ now: 'away', away_min: 9 }), kept({ planned_min: 0 })].map(markOf),
    ['ok', 'ok', 'warn', 'warn', 'bad', 'ok', 'bad', ''],
  );
});

test('roster: who is missing', () => {
  const all = [kept({ agent: 'a', now: 'late', late_min: 20 }), kept({ agent: 'b', now: 'away', away_min: 3 }), kept({ agent: 'c', now: 'away', away_min: 30 }), kept({ agent: 'd' })];
  assert.deepEqual(missing(all), ['a', 'c']);
});

test('roster: what is wrong with a shift', () => {
  const good = shift('mei', 9, 17, [12, 13]);
  const cases: [Shift, string | null][] = [
    [good, null], [shift('mei', 9, 9), 'order'], [shift('mei', 9, 17, [8, 10]), 'pause'], [shift('mei', 9, 17, [12, 13], [12.5, 14]), 'pause'],
    [shift('mei', 9, 17, [16, 18]), 'pause'],
  ];
  for (const [s, want] of cases) assert.equal(faultOf(s, [s]), want);
  assert.equal(faultOf(good, [good, shift('tom', 9, 17), shift('mei', 17, 18)]), null);
  assert.equal(faultOf(good, [good, shift('mei', 16, 18)]), 'twice');
  assert.equal(faultOf(freshShift('mei', []), []), null);
  assert.equal(freshShift('mei', [{ from_min: 1380, agents: 1, scheduled: 1 }]).to_min, 1440);
});

test('desk: the next shift is the one that runs, or the first to come', () => {
  const own = { zone: 'Asia/Shanghai', items: [{ day: '2026-11-27', shifts: [{ from_min: 540, to_min: 720 }, { from_min: 780, to_min: 1440 }] }] };
  const at = (utc: string) => nextShift(own, Date.parse(`2026-11-${utc}:00Z`))?.from ?? null;
  assert.deepEqual([at('26T10:00'), at('27T03:59'), at('27T04:00'), at('27T15:59'), at('27T16:00')], ['09:00', '09:00', '13:00', '13:00', null]);
});
