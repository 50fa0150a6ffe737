import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cutAt, lastSeq, mergeEvents, splitHeard, timeline, turnAt, uniqueCites, type TurnItem,
} from '../src/lib/timeline.ts';
import { articlesOf } from '../src/chat/cited.ts';
import type { Ev, EventBody } from '../src/lib/types.ts';

const ev = (seq: number, kind: string, body: EventBody = {}, turn = 1): Ev => ({
  seq, turn, kind, body, ts: '2026-03-01T12:00:00Z',
  actor: kind === 'turn.customer' ? 'customer' : kind === 'turn.bot' ? 'bot' : 'system',
});

test('events are merged by seq, once each, in order', () => {
  const a = [ev(1, 'x'), ev(3, 'x')];
  const b = mergeEvents(a, [ev(3, 'x'), ev(2, 'x'), ev(2, 'x')]);
  assert.deepEqual(b.map((e) => e.seq), [1, 2, 3]);
  assert.equal(mergeEvents(b, a), b, 'nothing new: the same array');
  assert.equal(lastSeq(b), 3);
  assert.equal(lastSeq([]), 0);
});

test('heard text is a prefix, or counts by characters', () => {
  assert.deepEqual(splitHeard('One two.', 'One'), { heard: 'One', unheard: ' two.' });
  assert.deepEqual(splitHeard('A  b c', 'A b'), { heard: 'A  ', unheard: 'b c' });
  assert.deepEqual(cutAt('好的😀再见', 3), { heard: '好的😀', unheard: '再见' });
});

test('an interrupted turn shows what was heard, from heard_text or turn.cut', () => {
  const items = timeline([
    ev(1, 'turn.bot', { text: 'abcdef', heard_text: 'abc' }, 1),
    ev(2, 'turn.bot', { text: 'uvwxyz' }, 2),
    ev(3, 'turn.cut', { heard_chars: 2 }, 2),
    ev(4, 'turn.bot', { text: 'full', heard_text: 'full' }, 3),
    ev(5, 'turn.customer', { text: 'stop' }, 2),
  ]) as TurnItem[];
  assert.equal(items.length, 4, 'turn.cut is not a line of its own');
  assert.deepEqual(items.map((i) => [i.heard, i.unheard]), [
    ['abc', 'def'], ['uv', 'wxyz'], [null, ''], [null, ''],
  ]);
});

test('say_id ties what was played or cut to its turn, with its times', () => {
  const items = timeline([
    ev(1, 'turn.bot', { text: 'Hello.', say_id: 1, latency_us: 2500 }, 0),
    ev(2, 'turn.played', { say_id: 1, heard_text: 'Hello.', start_ms: 10, end_ms: 900 }, 0),
    ev(3, 'turn.bot', { text: 'One two.', say_id: 2 }, 1),
    ev(4, 'turn.bot', { text: 'Three.', say_id: 3 }, 1),
    ev(5, 'turn.cut', { say_id: 2, heard_text: 'One', heard_chars: 3, start_ms: 1000, end_ms: 1400 }, 1),
  ]) as TurnItem[];
  assert.deepEqual(items.map((i) => [i.heard, i.start_ms, i.end_ms]), [
    [null, 10, 900], ['One', 1000, 1400], [null, undefined, undefined],
  ]);
  assert.equal(items[0]!.latency_ms, 2.5);
  assert.equal(turnAt(items, 1200), 3);
});

test('calls and model changes are small lines, unknown kinds too', () => {
  const items = timeline([ev(1, 'call.dtmf', { digit: '5' }), ev(2, 'something.new')]);
  assert.deepEqual(items.map((i) => i.type), ['system', 'system']);
});

test('what is said beside a turn is a line, with what was heard of it', () => {
  const items = timeline([
    ev(1, 'turn.aside', { text: 'One moment.', say_id: 1, what: 'filler' }),
    ev(2, 'turn.played', { say_id: 1, heard_text: 'One moment.' }),
    ev(3, 'turn.aside', { text: 'Still looking.', say_id: 2, what: 'progress' }),
    ev(4, 'turn.cut', { say_id: 2, heard_text: 'Still', heard_chars: 5 }),
    ev(5, 'turn.bot', { text: 'Yes.', say_id: 3 }),
    ev(6, 'call.transfer', { state: 'asked', to: 'sip:201@pbx' }),
  ]);
  assert.deepEqual(items.map((i) => [i.type, i.heard, i.unheard]), [
    ['system', null, ''], ['system', 'Still', ' looking.'], ['turn', null, ''], ['system', null, ''],
  ]);
});

test('the turn at an offset, the later one where two overlap', () => {
  const items = timeline([
    ev(1, 'turn.bot', { text: 'a', start_ms: 0, end_ms: 2000 }),
    ev(2, 'turn.customer', { text: 'b', start_ms: 1500, end_ms: 3000 }),
  ]);
  assert.equal(turnAt(items, 500), 1);
  assert.equal(turnAt(items, 1700), 2);
  assert.equal(turnAt(items, 2500), 2);
  assert.equal(turnAt(items, 3000), null);
});

test('one chip for each quote', () => {
  const c = { article_id: 'a', version: 1, title: 'T', quote: 'q', lang: 'en' };
  assert.equal(uniqueCites([c, { ...c }, { ...c, quote: 'r' }]).length, 2);
});

test('an answer names each article once, with all its quotes', () => {
  const cite = (article_id: string, version: number | string, quote: string) => ({ article_id, version, title: 't', quote, lang: 'en' });
  assert.deepEqual(articlesOf([]), []);
  const all = articlesOf([cite('a.en', 2, 'q'), cite('b.en', '3', 'r'), cite('a.en', 2, 's'), cite('rule', '', 'w')]);
  assert.deepEqual(all.map((x) => [x.id, x.version, x.cites.map((c) => c.quote)]), [['a.en', 2, ['q', 's']], ['b.en', 3, ['r']], ['rule', null, ['w']]]);
});
