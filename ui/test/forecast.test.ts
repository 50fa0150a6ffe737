/* Forecast: what is asked from the address, columns with holes at night, days of the zone, the file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columns, csv, days, readAsked, toQuery, type Forecast, type Point } from '../src/forecast/days.ts';

const point = (ts: string, mean: number, over: Partial<Point> = {}): Point => ({ ts, mean, p025: mean - 2, p10: mean - 1, p90: mean + 1, p975: mean + 2, ...over });
const answer = (over: Partial<Forecast>): Forecast => ({
  zone: 'Asia/Shanghai', period_min: 30, model: 'calendar', pooled: false, wape: 0.05, baseline_wape: 0.08, aht_s: 180, goal: 0.8, within_s: 20, history: [], items: [], ...over,
});

test('forecast: asked by the address, odd parts are what is usual', () => {
  assert.deepEqual(readAsked({}), { queue: '', metric: 'entered', days: 7, period: 30, goal: 0, within: -1, aht: 0, patience: 0, shrinkage: 30, concurrency: 1 });
  const a = readAsked({ queue: 'sales', metric: 'fun', days: '99', period: '45', goal: '90', aht: '', shrinkage: '-1', concurrency: '3' });
  assert.deepEqual([a.queue, a.metric, a.days, a.period, a.goal, a.aht, a.shrinkage, a.concurrency], ['sales', 'entered', 7, 30, 90, 0, 30, 3]);
  const q = toQuery(a);
  assert.equal(q['goal'], 0.9);
  assert.equal(q['within_s'], undefined);
  assert.equal(q['aht_s'], undefined);
  assert.equal(q['queue'], 'sales');
});

test('forecast: nights are a hole, today has both', () => {
  const c = columns(answer({
    history: [{ ts: '2026-11-02T09:00:00Z', value: 4 }, { ts: '2026-11-02T09:30:00Z', value: 5 }],
    items: [point('2026-11-03T01:00:00Z', 7, { actual: 6, agents: 2, scheduled: 3 }), point('2026-11-03T01:30:00Z', 8)],
  }));
  assert.equal(c.at.length, 5);
  assert.deepEqual(c.actual, [4, 5, null, 6, null]);
  assert.deepEqual(c.mean, [null, null, null, 7, 8]);
  assert.deepEqual(c.scheduled, [null, null, null, 3, null]);
  assert.equal(c.at[2]! - c.at[1]!, 1800);
});

test('forecast: days are those of the zone', () => {
  const d = days(answer({
    items: [
      point('2026-11-02T15:30:00Z', 3, { scheduled: 2, actual: 4 }), point('2026-11-02T16:00:00Z', 5, { scheduled: 4 }), point('2026-11-02T16:30:00Z', 6, { scheduled: 3 }),
    ],
  }));
  assert.deepEqual(d.map((x) => [x.date, x.mean, x.actual, x.most, x.hours]), [['2026-11-02', 3, 4, 2, 1], ['2026-11-03', 11, null, 4, 3.5]]);
  assert.equal(d[1]!.busiest.mean, 6);
});

test('forecast: the file has a line an interval', () => {
  const text = csv(answer({ items: [point('2026-11-02T15:30:00Z', 3, { agents: 1, scheduled: 2 }), point('2026-11-02T16:00:00Z', 4)] }));
  assert.equal(text, 'ts,mean,p025,p10,p90,p975,agents,scheduled\r\n2026-11-02T15:30:00Z,3,1,2,4,5,1,2\r\n2026-11-02T16:00:00Z,4,2,3,5,6,,\r\n');
});
