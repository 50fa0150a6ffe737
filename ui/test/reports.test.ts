/* Reports: the question in the address, columns across, numbers, lines, what stands behind a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, behind, clockOf, distinct, FIRST, leads, moment, oneDay, pivot, readQuestion, series, shown, toggled, unusual, type Answer } from '../src/reports/ask.ts';

const answer = (over: Partial<Answer>): Answer => ({
  from: '2026-11-01T00:00:00+08:00', to: '2026-11-03T00:00:00+08:00', zone: 'Asia/Shanghai', dims: ['time', 'queue'], columns: false,
  metrics: ['entered'], rows: [], total: [0], cut: false, ...over,
});

test('reports: a question from the address, odd parts left out', () => {
  assert.deepEqual(readQuestion(undefined), FIRST);
  assert.deepEqual(readQuestion('{'), FIRST);
  assert.deepEqual(readQuestion('{"metrics":[]}'), FIRST);
  const q = readQuestion(JSON.stringify({ metrics: ['aht', 7], rows: ['queue', 'shoe'], last: '7d', sl_s: 'x', filters: { queue: ['a'], shoe: ['b'], agent: [] } }));
  assert.deepEqual(q, { metrics: ['aht'], rows: ['queue'], last: '7d', filters: { queue: ['a'] } });
});

test('reports: chosen and unchosen, the last metric stays', () => {
  assert.deepEqual(toggled(['a'], 'b'), ['a', 'b']);
  assert.deepEqual(toggled(['a', 'b'], 'a'), ['b']);
  assert.deepEqual(toggled(['a'], 'a', 1), ['a']);
  assert.deepEqual(toggled(['a'], 'a'), []);
});

test('reports: the last dimension across, holes stay empty', () => {
  const p = pivot(answer({
    dims: ['queue', 'channel'], columns: true,
    rows: [{ key: ['a', 'phone'], values: [1] }, { key: ['a', 'email'], values: [2] }, { key: ['b', 'phone'], values: [3] }],
  }));
  assert.deepEqual(p.across, ['email', 'phone']);
  assert.deepEqual(p.lines, [{ key: ['a'], cells: [[2], [1]] }, { key: ['b'], cells: [[null], [3]] }]);
});

test('reports: numbers as they are read', () => {
  assert.equal(shown(null, 'count', 'en'), '–');
  assert.equal(shown(12345, 'count', 'en'), '12,345');
  assert.equal(shown(81.25, 'percent', 'en'), '81.3 %');
  assert.equal(shown(7840, 'ms', 'en'), '7.8 s');
  assert.equal(shown(185000, 'ms', 'en'), '3:05');
  assert.equal(shown(5400000, 'ms', 'en'), '1.5 h');
  assert.equal(shown(1.5, 'money', 'en'), '1.50');
  assert.equal(unusual('volume', 41.6, 'en'), '42');
  assert.equal(unusual('mood', -0.457962963, 'en'), '-0.46');
});

test('reports: the same words once, the first place kept', () => {
  const q = [{ id: 1, text: 'a' }, { id: 2, text: 'b' }, { id: 3, text: 'a' }];
  assert.deepEqual(distinct(q).map((x) => x.id), [1, 2]);
  assert.deepEqual(distinct([]), []);
});

test('reports: the clock of the report, not of the reader', () => {
  assert.equal(moment('2026-11-01T08:15:00+08:00', '15min'), '11-01 08:15');
  assert.equal(moment('2026-11-01T00:00:00+08:00', 'day'), '2026-11-01');
  assert.equal(moment('2026-11-01T00:00:00+08:00', 'month'), '2026-11');
});

test('reports: lines over time, the largest first', () => {
  const at = (d: number, q: string, v: number | null) => ({ key: [`2026-11-0${d}T00:00:00+08:00`, q], values: [v] });
  const s = series(answer({ rows: [at(1, 'a', 1), at(1, 'b', 5), at(2, 'b', 6)] }), 0);
  assert.equal(s?.at.length, 2);
  assert.deepEqual(s?.lines, [{ name: 'b', values: [5, 6] }, { name: 'a', values: [1, null] }]);
  assert.equal(series(answer({ dims: ['queue'] }), 0), null);
  const words = series(answer({ rows: [at(1, 'a', 1), at(2, '', 2)] }), 0, (d, v) => (v ? `${d} ${v}` : 'none'));
  assert.deepEqual(words?.lines.map((l) => l.name), ['none', 'queue a']);
});

test('reports: what stands behind a line', () => {
  const a = answer({ rows: [{ key: ['2026-11-01T00:00:00+08:00', 'sales'], values: [1] }] });
  const q = behind({ metrics: ['entered', 'aht'], rows: ['time', 'queue'], filters: { channel: ['phone'] } }, a, a.rows[0]!.key, 'aht');
  assert.deepEqual(q, {
    metrics: ['aht'], rows: [], filters: { channel: ['phone'], queue: ['sales'] }, from: '2026-11-01T00:00:00+08:00', to: '2026-11-02',
  });
});

test('reports: times without a row are of the zone of the report too', () => {
  const s = Date.parse('2026-11-26T16:00:00Z') / 1000;
  assert.equal(clockOf('Asia/Shanghai', 'hour')(s), '11-27 00:00');
  assert.equal(clockOf('America/New_York', '15min')(s), '11-26 11:00');
  assert.equal(clockOf('Asia/Shanghai', 'day')(s), '2026-11-27');
  assert.equal(clockOf('Asia/Shanghai', 'month')(s), '2026-11');
});

test('reports: the end of a step', () => {
  assert.equal(after('2026-10-31T23:45:00+08:00', '15min'), '2026-11-01T00:00:00+08:00');
  assert.equal(after('2026-10-31T23:00:00-04:00', 'hour'), '2026-11-01T00:00:00-04:00');
  assert.equal(after('2026-11-01T00:00:00-04:00', 'day'), '2026-11-02'); /* 25 hours later in New York */
  assert.equal(after('2026-12-28T00:00:00+08:00', 'week'), '2027-01-04');
  assert.equal(after('2026-12-01T00:00:00+08:00', 'month'), '2027-01-01');
});

test('reports: a range of one\'s own begins with a day that the server takes', () => {
  assert.deepEqual(oneDay(new Date('2026-12-31T23:30:00Z'), 'UTC'), { from: '2026-12-31', to: '2027-01-01' });
  assert.deepEqual(oneDay(new Date('2026-12-31T23:30:00Z'), 'Asia/Shanghai'), { from: '2027-01-01', to: '2027-01-02' });
  assert.deepEqual(oneDay(new Date('2026-11-02T02:00:00Z'), 'America/New_York'), { from: '2026-11-01', to: '2026-11-02' }, 'a day of 25 hours');
});

test('reports: a cell of an hour or weekday leads to no interactions, as they are no filters', () => {
  assert.equal(leads(['time', 'queue', 'channel']), true);
  assert.equal(leads([]), true);
  assert.equal(leads(['hour', 'queue']), false);
  assert.equal(leads(['weekday']), false);
});
