import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emptyChat, freeze, isMaskOf, reduceChat, showGreeting, thaw, type ChatMsg, type ChatState,
} from '../src/chat/store.ts';
import {
  emptyLive, reduceLive, selectConvs, SERIES_MAX, SNAPSHOT_MAX, type LiveMsg,
} from '../src/console/live.ts';
import type { Conv, Gauges } from '../src/lib/types.ts';
import type { Ev, EventBody } from '../src/lib/types.ts';

const ev = (seq: number, kind: string, body: EventBody = {}, turn = 1): Ev => ({
  seq, turn, kind, body, ts: `2026-03-01T12:00:${String(seq).padStart(2, '0')}Z`,
  actor: kind === 'turn.customer' ? 'customer' : 'bot',
});

const conv = (id: string, over: Partial<Conv> = {}): Conv => ({
  id, interaction_id: 'i' + id, channel: 'webchat', state: 'open', language: 'en', customer: null,
  address: null, started_at: '2026-03-01T12:00:00Z', last_at: '2026-03-01T12:00:00Z',
  ended_at: null, end_by: null, turns: 0, last_text: null, last_actor: null, last_action: null,
  emotion: null, recording: false, ...over,
});

const live = (...m: LiveMsg[]) => reduceLive(emptyLive(), m, 1);

test('a new snapshot closes what ended while the line was down', () => {
  let s = live({ type: 'snapshot', data: { items: [conv('a'), conv('b')] } });
  s = reduceLive(s, [{ type: 'snapshot', data: { items: [conv('b', { turns: 4 })] } }], 2);
  assert.equal(s.items.get('a')!.state, 'closed');
  assert.equal(s.items.get('b')!.turns, 4);
  assert.equal(s.snapshots, 2);
});

test('an event updates its row, but an old one does not', () => {
  const say = (seq: number, text: string): LiveMsg => ({
    type: 'event', data: { conversation_id: 'a', ...ev(seq, 'turn.customer', { text }) },
  });
  const s = live({ type: 'snapshot', data: { items: [conv('a')] } }, say(9, 'new'), say(5, 'old'));
  assert.equal(s.items.get('a')!.last_text, 'new');
  assert.equal(live(say(1, 'x')).items.size, 0, 'unknown conversations wait for their message');
});

test('an alert stays on its row, whatever the server sends later', () => {
  const alert = { conversation_id: 'a', seq: 3, ts: '2030-01-01T00:00:00Z', turn: 2, actor: 'system',
    kind: 'alert.supervisor', body: { priority: 8 } } as const;
  let s = live({ type: 'snapshot', data: { items: [conv('a')] } }, { type: 'event', data: alert });
  assert.equal(s.items.get('a')?.alert, 8);
  s = reduceLive(s, [{ type: 'conversation', data: conv('a', { turns: 5 }) }], 2);
  assert.equal(s.items.get('a')?.alert, 8);
  assert.equal(s.items.get('a')?.turns, 5);
  s = reduceLive(s, [{ type: 'snapshot', data: { items: [conv('a'), conv('b')] } }], 3);
  assert.equal(s.items.get('a')?.alert, 8);
  assert.equal(s.items.get('b')?.alert, undefined);
});

test('a closing event closes', () => {
  const closing = { conversation_id: 'a', ...ev(9, 'conversation.closed', { by: 'customer' }) };
  const s = live(
    { type: 'snapshot', data: { items: [conv('a')] } },
    { type: 'event', data: closing },
  );
  assert.equal(s.items.get('a')!.state, 'closed');
  assert.equal(s.items.get('a')!.end_by, 'customer');
});

test('a page from REST does not overwrite fresher news', () => {
  const s = live(
    { type: 'conversation', data: conv('a', { last_at: '2026-03-01T13:00:00Z', turns: 7 }) },
    { type: 'page', data: { items: [conv('a'), conv('z')] } },
  );
  assert.equal(s.items.get('a')!.turns, 7);
  assert.ok(s.items.has('z'));
});

test('the series is bounded', () => {
  const g = { turn_p50_ms: 1, turn_p95_ms: 2, live_conversations: 3, loop_lag_p99_ms: 4 } as Gauges;
  let s = emptyLive();
  for (let i = 0; i < SERIES_MAX + 5; i++) s = reduceLive(s, [{ type: 'stats', data: g }], i);
  assert.equal(s.series.length, SERIES_MAX);
  assert.deepEqual(s.series[0], { t: 5, p50: 1, p95: 2, live: 3, lag: 4 });
});

test('filters by state, channel and text; newest first', () => {
  const items = live({
    type: 'snapshot',
    data: {
      items: [
        conv('a', { customer: { name: 'Ada' } }),
        conv('b', { channel: 'phone', started_at: '2026-03-01T12:05:00Z', last_text: '退货' }),
        conv('c', { state: 'closed' }),
      ],
    },
  }).items;
  const ids = (f: Partial<Parameters<typeof selectConvs>[1]>) =>
    selectConvs(items, { state: 'all', channel: '', text: '', ...f }).map((c) => c.id);
  assert.deepEqual(ids({ state: 'live' }), ['b', 'a']);
  assert.deepEqual(ids({ state: 'closed' }), ['c']);
  assert.deepEqual(ids({ channel: 'phone' }), ['b']);
  assert.deepEqual(ids({ text: ' ADA ' }), ['a']);
  assert.deepEqual(ids({ text: '退货' }), ['b']);
});

/* ---- the customer's chat ---- */

const play = (s: ChatState, ...m: ChatMsg[]) => m.reduce(reduceChat, s);
const session: ChatMsg = {
  type: 'session', data: { id: 'c1', interaction_id: 'i1', token: 't', greeting: 'Hello' },
};
const queue = (client_id: string, text = 'hi'): ChatMsg => ({
  type: 'local.queue', data: { client_id, text, at: '2026-03-01T12:00:00Z' },
});
const sent = (client_id: string): ChatMsg => ({ type: 'local.sent', data: { client_id } });

test('a message goes queued, sent, stored, and then is the event', () => {
  let s = play(emptyChat(), session, queue('x', 'call 13812345678'));
  assert.equal(s.outbox[0]!.state, 'queued');
  s = play(s, sent('x'));
  assert.equal(s.outbox[0]!.state, 'sent');
  s = play(s, { type: 'ack', data: { client_id: 'x', seq: 2 } });
  assert.deepEqual([s.outbox[0]!.state, s.outbox[0]!.seq], ['stored', 2]);
  s = play(s, { type: 'event', data: ev(2, 'turn.customer', { text: 'call ***' }) });
  assert.equal(s.outbox.length, 0);
  assert.equal(s.own[2], 'call 13812345678', 'the customer sees what they typed');
});

test('a thumb is kept over a reload and can be changed or taken back', () => {
  const rated = (turn: number, value: 'up' | 'down' | null): ChatMsg => ({ type: 'local.rated', data: { turn, value } });
  let s = play(emptyChat(), session, rated(1, 'up'), rated(2, 'down'));
  s = thaw(freeze(s));
  assert.deepEqual(s.rated, { 1: 'up', 2: 'down' });
  s = play(s, rated(1, 'down'), rated(2, null));
  assert.deepEqual(s.rated, { 1: 'down' });
  const old = JSON.parse(freeze(s)) as Record<string, unknown>;
  delete old['rated'];
  assert.deepEqual(thaw(JSON.stringify(old)).rated, {}, 'kept before there were thumbs');
});

test('the event may come before the ack', () => {
  const s = play(
    emptyChat(), session, queue('x'), sent('x'),
    { type: 'event', data: ev(2, 'turn.customer', { text: 'hi' }) },
    { type: 'ack', data: { client_id: 'x', seq: 2 } },
  );
  assert.equal(s.outbox.length, 0);
  assert.equal(s.events.length, 1);
});

test('after a break, what was in flight is queued again and not doubled', () => {
  let s = play(emptyChat(), session, queue('x'), sent('x'), { type: 'local.lost' });
  assert.equal(s.outbox[0]!.state, 'queued');
  /* The server had it: replay brings the event, the resend only an ack. */
  s = play(s, session, { type: 'event', data: ev(2, 'turn.customer', { text: 'hi', client_id: 'x' }) });
  assert.equal(s.outbox.length, 0);
  s = play(s, { type: 'ack', data: { client_id: 'x', seq: 2 } });
  assert.equal(s.events.length, 1);
});

test('a replay of a masked message without client_id is settled by the ack', () => {
  const s = play(
    emptyChat(), session, queue('x'), sent('x'), { type: 'local.lost' }, session,
    { type: 'event', data: ev(2, 'turn.customer', { text: '***' }) },
    sent('x'), { type: 'ack', data: { client_id: 'x', seq: 2 } },
  );
  assert.equal(s.outbox.length, 0);
  assert.equal(s.events.length, 1);
  assert.equal(s.own[2], 'hi');
});

test('deltas build a draft that the event replaces; late ones are ignored', () => {
  const delta = (text: string): ChatMsg => ({ type: 'delta', data: { turn: 1, text } });
  let s = play(emptyChat(), session, { type: 'typing' }, delta('He'), delta('llo'));
  assert.deepEqual([s.drafts[1], s.typing], ['Hello', false]);
  s = play(s, { type: 'event', data: ev(3, 'turn.bot', { text: 'Hello!' }) }, delta('late'));
  assert.deepEqual(s.drafts, {});
});

test('a masked text is recognised, another text is not', () => {
  assert.ok(isMaskOf('call 138****5678 now', 'call 13812345678 now'));
  assert.ok(isMaskOf('call [phone] now', 'call 13812345678 now'));
  assert.ok(isMaskOf('hi', ' hi '));
  assert.ok(!isMaskOf('hi', 'hi there'));
  assert.ok(!isMaskOf('mail [email] soon', 'call 13812345678 now'));
});

test('an event from another tab does not settle our message', () => {
  const s = play(
    emptyChat(), session, queue('x', 'mine'), sent('x'),
    { type: 'event', data: ev(2, 'turn.customer', { text: 'theirs' }) },
  );
  assert.equal(s.outbox.length, 1);
  assert.equal(s.own[2], undefined);
});

test('a refused message stays, marked, and can be sent again', () => {
  const no: ChatMsg = { type: 'error', data: { code: 'too_fast', detail: 'slow down' } };
  let s = play(emptyChat(), session, queue('x'), sent('x'), no);
  assert.equal(s.outbox[0]!.state, 'failed');
  assert.equal(s.closed, false);
  s = play(s, { type: 'local.again', data: { client_id: 'x' } });
  assert.deepEqual([s.outbox[0]!.state, s.error], ['queued', null]);
  assert.equal(play(s, { type: 'error', data: { code: 'closed', detail: '' } }).closed, true);
});

test('a delta without a turn belongs to the answer being written', () => {
  const delta = (text: string): ChatMsg => ({ type: 'delta', data: { text } });
  let s = play(emptyChat(), session, delta('He'), delta('llo'));
  assert.deepEqual(Object.values(s.drafts), ['Hello']);
  s = play(s, { type: 'event', data: ev(3, 'turn.bot', { text: 'Hello!' }) });
  assert.deepEqual(s.drafts, {});
  s = play(s, delta('Next'), { type: 'closed', data: { reason: 'closed' } });
  assert.deepEqual([s.drafts, s.closed], [{}, true]);
});

test('a server that asks for patience gets the message again; a named one fails', () => {
  let s = play(emptyChat(), session, queue('x'), sent('x'), queue('y'), sent('y'));
  s = play(s, { type: 'error', data: { code: 'loading', detail: '' } });
  assert.deepEqual(s.outbox.map((o) => o.state), ['queued', 'sent']);
  assert.equal(s.error, null);
  s = play(s, { type: 'error', data: { code: 'not_saved', detail: 'disk', client_id: 'y' } });
  assert.deepEqual(s.outbox.map((o) => o.state), ['queued', 'failed']);
});

test('no room for a conversation is told, what was written is kept, and it begins when there is', () => {
  let s = reduceChat(emptyChat(), { type: 'local.queue', data: { client_id: 'c1', text: 'hello', at: '' } });
  s = reduceChat(s, { type: 'error', data: { code: 'loading', detail: '' } });
  assert.equal(s.full, false, 'a server that starts is not full');
  s = reduceChat(s, { type: 'error', data: { code: 'busy', detail: 'The server is closing; try again soon.' } });
  assert.deepEqual([s.full, s.error, s.outbox[0]!.state], [false, null, 'queued'], 'nor one that closes');
  s = reduceChat(s, { type: 'error', data: { code: 'full', detail: 'Too many conversations are open from your address' } });
  assert.deepEqual([s.full, s.error, s.outbox[0]!.state], [true, null, 'queued']);
  s = reduceChat(s, { type: 'session', data: { id: 'x', interaction_id: 'y', token: 't' } });
  assert.deepEqual([s.full, s.outbox.length], [false, 1]);
  s = reduceChat(s, { type: 'error', data: { code: 'busy', detail: '' } });
  assert.equal(s.full, false, 'a message that has to wait is not it');
  assert.equal(thaw(freeze(s)).full, false);
});

test('a full snapshot closes nothing', () => {
  const many = Array.from({ length: SNAPSHOT_MAX }, (_, i) => conv('n' + i));
  const s = live(
    { type: 'conversation', data: conv('old') },
    { type: 'snapshot', data: { items: many } },
  );
  assert.equal(s.items.get('old')!.state, 'open');
});

test('replayed events are shown once', () => {
  const e: ChatMsg = { type: 'event', data: ev(3, 'turn.bot', { text: 'Hello!' }) };
  const s = play(emptyChat(), session, e);
  assert.equal(reduceChat(s, e), s);
});

test('another session starts empty but keeps what was not sent', () => {
  const s = play(
    emptyChat(), session, queue('x'), { type: 'event', data: ev(3, 'turn.bot', { text: 'a' }) },
    { type: 'session', data: { id: 'c2', interaction_id: 'i2', token: 'u', greeting: 'Hey' } },
  );
  assert.equal(s.events.length, 0);
  assert.equal(s.outbox.length, 1);
  assert.equal(s.greeting, 'Hey');
});

test('freeze and thaw; what was in flight is queued; broken data is dropped', () => {
  const s = play(emptyChat(), session, queue('x'), sent('x'), {
    type: 'event', data: ev(1, 'turn.bot', { text: 'Hello' }),
  });
  const back = thaw(freeze(s));
  assert.equal(back.session!.token, 't');
  assert.equal(back.outbox[0]!.state, 'queued');
  assert.equal(JSON.parse(freeze(s)).last, 1);
  for (const bad of [null, '', '{', '{}', '{"session":{"id":"a"}}', 'null'])
    assert.deepEqual(thaw(bad), emptyChat());
});

test('the greeting is shown once', () => {
  const s = play(emptyChat(), session);
  assert.equal(showGreeting(s), true);
  const logged = play(s, { type: 'event', data: ev(1, 'turn.bot', { text: 'Hello' }) });
  assert.equal(showGreeting(logged), false);
});
