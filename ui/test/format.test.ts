import { effect } from '@preact/signals';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, bytes, clock, dateOnly, dateTime, fromLocal, here, latency, localTime, pct, percentile, setZone, span, timeOfDay, zoneTag } from '../src/lib/format.ts';

test('clock counts minutes, and hours only when there are any', () => {
  assert.equal(clock(0), '0:00');
  assert.equal(clock(83_999), '1:23');
  assert.equal(clock(3_723_000), '1:02:03');
  assert.equal(clock(-5), '0:00');
});

test('latency changes unit at one second', () => {
  assert.equal(latency(0.84), '0.8 ms');
  assert.equal(latency(840), '840 ms');
  assert.equal(latency(1240), '1.2 s');
  assert.equal(latency(12_400), '12 s');
  assert.equal(latency(NaN), '–');
});

test('bytes uses binary units', () => {
  assert.equal(bytes(512), '512 B');
  assert.equal(bytes(1536), '1.5 KiB');
  assert.equal(bytes(47_185_920), '45.0 MiB');
});

test('span shows the two largest units that are not zero', () => {
  assert.equal(span(0), '0s');
  assert.equal(span(65_000), '1m 5s');
  assert.equal(span(90_061_000), '1d 1h');
  assert.equal(span(86_400_000), '1d');
});

test('ago speaks the language and never the future', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  assert.equal(ago('2026-03-01T11:59:50Z', now, 'en'), 'now');
  assert.equal(ago('2026-03-01T12:00:30Z', now, 'en'), 'now');
  assert.match(ago('2026-03-01T11:55:00Z', now, 'en'), /5\s?m/);
  assert.match(ago('2026-03-01T11:55:00Z', now, 'zh'), /5\s?分钟前/);
  assert.match(ago('2025-01-01T00:00:00Z', now, 'en'), /2025|2024/);
  assert.equal(ago(null, now, 'en'), '–');
});

test('shares as percent; an instant as a field of the reader\'s zone has it', () => {
  assert.deepEqual([pct(0.804), pct(1), pct(0), pct(null), pct(undefined), pct(-1), pct(NaN)], ['80 %', '100 %', '0 %', '–', '–', '–', '–']);
  const there = localTime('2026-03-01T12:00:00Z');
  assert.match(there, /^2026-0[23]-\d\dT\d\d:00$/);
  assert.equal(new Date(there).toISOString(), '2026-03-01T12:00:00.000Z');
  assert.deepEqual([localTime(''), localTime(null), localTime('no')], ['', '', '']);
});

test('percentile is nearest rank and leaves its input alone', () => {
  const x = [5, 1, 9, 3];
  assert.equal(percentile(x, 50), 3);
  assert.equal(percentile(x, 95), 9);
  assert.equal(percentile(x, 0), 1);
  assert.ok(Number.isNaN(percentile([], 50)));
  assert.deepEqual(x, [5, 1, 9, 3]);
});

test('times are told in the company’s zone, and fields read them back', () => {
  const iso = '2026-11-27T02:50:00.000Z';
  setZone('Asia/Shanghai');
  assert.equal(timeOfDay(iso, 'en'), '10:50');
  assert.match(dateTime('2026-11-27T20:30:00.000Z', 'en'), /Nov 28.*04:30/);
  assert.match(dateOnly('2026-11-27T20:30:00.000Z', 'en'), /Nov 28/);
  assert.equal(localTime(iso), '2026-11-27T10:50');
  assert.equal(fromLocal('2026-11-27T10:50'), iso);
  setZone('Mars/Olympus');
  assert.equal(here(), 'Asia/Shanghai', 'an unknown zone changes nothing');
  setZone('America/New_York');
  assert.equal(fromLocal(localTime('2026-03-08T07:30:00.000Z')), '2026-03-08T07:30:00.000Z', 'just after the clock goes forward');
  assert.equal(fromLocal(localTime('2026-03-08T06:30:00.000Z')), '2026-03-08T06:30:00.000Z', 'just before');
  assert.equal(fromLocal(localTime('2026-07-01T00:00:00.000Z')), '2026-07-01T00:00:00.000Z');
  setZone(undefined);
  assert.equal(zoneTag(Date.parse(iso), 'en'), '', 'the reader’s own zone is not named');
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  setZone(own === 'Asia/Shanghai' ? 'America/New_York' : 'Asia/Shanghai');
  assert.match(zoneTag(Date.parse(iso), 'en'), /^GMT[+-]\d/);
  setZone(undefined);
});

test('a field is read back while its year is typed, and one that says nothing gives nothing', () => {
  for (const zone of ['Asia/Shanghai', 'America/New_York', 'UTC']) {
    setZone(zone);
    for (const typed of ['0002-11-27T10:00', '0020-11-27T10:00', '0202-11-27T10:00', '2026-11-27T10:00'])
      assert.equal(localTime(fromLocal(typed)), typed, zone);
    assert.deepEqual(['', 'soon', '12026-11-27T10:00'].map(fromLocal), ['', '', '']);
  }
  setZone(undefined);
});

test('what shows times is drawn anew when the zone is known', () => {
  const seen: string[] = [];
  const end = effect(() => void seen.push(timeOfDay('2026-11-27T02:50:00.000Z', 'en')));
  setZone('Asia/Shanghai');
  setZone('Pacific/Kiritimati');
  end();
  setZone(undefined);
  assert.deepEqual(seen.slice(-2), ['10:50', '16:50']);
});

test('span speaks Chinese', () => {
  assert.equal(span(86_000_000, 'zh'), '23小时53分');
  assert.equal(span(0, 'zh'), '0秒');
});
