/* The agent's socket as one state: offers, service, wrap-up, what is said, help; and what the desk reads from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../src/lib/api.ts';
import { addRows, emptyDesk, emptyTalk, reduceDesk, type DeskState, type Frame } from '../src/desk/store.ts';
import { ANSWER_MS, carried, dueOf, inbox, noModel, offersOf, personFrom, summaryText, wholeUpTo, workOf } from '../src/desk/work.ts';
import type { Ev, EventBody } from '../src/lib/types.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const row = (seq: number, kind: string, body: EventBody = {}, at_s = seq): Ev => ({
  seq, kind, body, turn: seq, actor: kind === 'turn.customer' ? 'customer' : 'agent', ts: new Date(T0 + at_s * 1000).toISOString(),
});
const play = (s: DeskState, ...frames: Frame[]): DeskState => reduceDesk(s, frames, T0);
const hello = (work: Record<string, unknown>[] = [], more: Record<string, unknown> = {}): Frame => ({
  seq: 100, type: 'hello', data: {
    me: { login: 'mei', name: 'Mei', role: 'agent' }, state: { login: 'mei', state: 'ready' }, work, queues: [{ id: 'sales', title: { zh: '销售', en: 'Sales' } }],
    reasons: ['break'], dispositions: [{ id: 'solved', title: 'Solved' }], ...more,
  },
});
const offer = (seq: number, id = 'h1', conversation = 'c1'): Frame => ({
  seq, type: 'handover.offered', data: {
    handover: id, conversation, queue: 'sales', media: 'chat', priority: 2, until: new Date(T0 + 20000).toISOString(),
    customer: { name: 'Ada', tier: 'gold' }, packet: { summary: 'Wants a lamp', language: 'en' },
  },
});
const said = (conversation: string, r: Ev, seq: number): Frame => ({ seq, type: 'message.created', data: { conversation, row: r } });

test('a summary that is not there, or not theirs, holds no wrap-up; one that somebody changed does', () => {
  const failed = (status: number) => new ApiError(status, 'no', '');
  assert.deepEqual([403, 404, 428].map((n) => carried(failed(n))), [true, true, true]);
  assert.deepEqual([0, 400, 412, 503].map((n) => carried(failed(n))), [false, false, false, false]);
  assert.equal(carried(new TypeError('network')), false);
});

test('a summary has the name for whom may read it, and nobody asked for a person in a call that was placed', () => {
  const raw = (reason: string, name?: string) => ({
    handover: 'h', state: 'accepted', customer: name ? { name } : null, packet: { reason, summary: '[name] asks for a person' },
  });
  assert.equal(workOf(raw('policy', 'Ada'), undefined, 0)?.packet?.summary, 'Ada asks for a person');
  assert.equal(workOf(raw('policy'), undefined, 0)?.packet?.summary, '[name] asks for a person');
  assert.equal(workOf(raw('placed', 'Ada'), undefined, 0)?.packet?.summary, '');
});

test('a telephone that took no offer is told until something is done about it', () => {
  const offered = { handover: 'h1', conversation: 'c1', queue: 'q', media: 'voice' };
  let s = reduceDesk(emptyDesk(), [{ type: 'handover.offered', data: offered }], 0);
  s = reduceDesk(s, [{ type: 'handover.revoked', data: { handover: 'h1', why: 'rejected', phone: 'unreachable' } }], 1);
  assert.equal(s.phone, 'unreachable');
  s = reduceDesk(s, [{ type: 'handover.offered', data: offered }, { type: 'handover.revoked', data: { handover: 'h1', why: 'taken' } }], 2);
  assert.equal(s.phone, 'unreachable', 'another offer that went on says nothing of it');
  assert.equal(reduceDesk(s, [{ type: 'local.phone', data: {} }], 3).phone, '');
});

test('an offer is accepted, served, wrapped up and gone', () => {
  let s = play(emptyDesk(), hello(), offer(101));
  assert.deepEqual(offersOf(s).map((w) => [w.id, w.customer?.name, w.language, w.until_ms]), [['h1', 'Ada', 'en', T0 + 20000]]);
  s = play(s, { seq: 102, type: 'handover.accepted', data: { handover: 'h1', agent: 'mei' } });
  const w = s.work.get('h1')!;
  assert.deepEqual([w.state, w.conversation, w.packet?.summary, w.accepted_ms, w.until_ms], ['accepted', 'c1', 'Wants a lamp', T0, 0]);
  s = play(s, { seq: 103, type: 'handover.ended', data: { handover: 'h1', how: 'agent' } });
  assert.deepEqual([s.work.get('h1')!.state, s.news], ['wrapup', null]);
  s = play(s, { seq: 104, type: 'handover.wrapup', data: { handover: 'h1', until: new Date(T0 + 60000).toISOString() } });
  assert.equal(s.work.get('h1')!.until_ms, T0 + 60000);
  s = play(s, { type: 'local.wrapped', data: { handover: 'h1' } });
  assert.equal(s.work.size, 0);
});

test('a call that was taken rings no more here; one that went to somebody else is gone', () => {
  let s = play(emptyDesk(), hello(), offer(101), { type: 'local.ringing', data: { handover: 'h1' } });
  assert.deepEqual([offersOf(s).length, s.work.get('h1')!.ringing], [0, true]);
  s = play(s, { seq: 102, type: 'handover.accepted', data: { handover: 'h1', agent: 'mei' } });
  assert.deepEqual([s.work.get('h1')!.state, s.work.get('h1')!.ringing], ['accepted', false]);
  assert.equal(play(s, { seq: 103, type: 'handover.accepted', data: { handover: 'h1', agent: 'tom' } }).work.size, 0);
  assert.equal(play(s, { seq: 103, type: 'handover.queued', data: { handover: 'h1', agent: 'mei' } }).work.size, 0);
});

test('frames that were seen are dropped; a resumed stream goes on where it was', () => {
  let s = play(emptyDesk(), hello(), offer(101), { seq: 101, type: 'handover.revoked', data: { handover: 'h1', why: 'timeout' } });
  assert.equal(s.work.size, 1, 'a number once');
  s = play(s, { ...hello([{ handover: 'h1', conversation: 'c1', state: 'offered', queue: 'sales' }], { resumed: true }), seq: 107 });
  assert.equal(s.seq, 101, 'what was missed has lower numbers than this hello');
  s = play(s, { seq: 105, type: 'handover.revoked', data: { handover: 'h1', why: 'timeout' } });
  assert.deepEqual([s.work.size, s.seq, s.news?.kind, s.news?.why], [0, 105, 'revoked', 'timeout']);
  s = play(s, { ...hello(), seq: 9000 });
  assert.equal(s.seq, 9000, 'a hello without resume begins anew');
});

test('hello replaces the work and keeps what was said of it', () => {
  let s = play(emptyDesk(), hello([{ handover: 'h1', conversation: 'c1', state: 'ACCEPTED', customer: { name: 'Ada' } }]), said('c1', row(1, 'turn.customer', { text: 'Hi' }), 101));
  s = play(s, { ...hello([{ id: 'h1', conversation: 'c1', state: 'accepted' }, { id: 'h9', conversation: 'c9', state: 'queued' }]), seq: 200 });
  assert.deepEqual([...s.work.keys()], ['h1'], 'what is queued again is nobody\'s');
  assert.equal(s.work.get('h1')!.customer?.name, 'Ada');
  assert.equal(s.talks.get('c1')!.events.length, 1);
  s = play(s, { ...hello([]), seq: 300 });
  assert.deepEqual([s.work.size, s.talks.size], [0, 0]);
});

test('words: unread until the conversation is open, once each, the typing ends', () => {
  let s = play(emptyDesk(), hello(), offer(101), { type: 'typing', data: { conversation: 'c1', who: 'customer' } });
  assert.equal(s.talks.get('c1')!.typing_ms, T0);
  s = play(s, said('c1', row(1, 'turn.customer', { text: 'Hi', emotion: 'angry' }), 102), said('c1', row(1, 'turn.customer', { text: 'Hi' }), 103));
  assert.deepEqual([s.talks.get('c1')!.unread, s.talks.get('c1')!.typing_ms, s.talks.get('c1')!.mood], [1, 0, 'angry']);
  s = play(s, { type: 'local.open', data: { conversation: 'c1' } }, said('c1', row(2, 'turn.customer', { text: 'Hello?' }), 104));
  assert.equal(s.talks.get('c1')!.unread, 0);
  s = play(s, said('c1', row(3, 'turn.agent', { text: 'Here' }), 105), { type: 'local.open', data: { conversation: '' } }, said('c1', row(4, 'turn.agent', { text: 'x' }), 106));
  assert.equal(s.talks.get('c1')!.unread, 0, 'own words are not news');
});

test('what is said is pending until its row comes; a refusal stays', () => {
  const local = (client_id: string): Frame => ({ type: 'local.said', data: { conversation: 'c1', client_id, text: 'Yes', translate: true } });
  let s = play(emptyDesk(), hello(), offer(101), local('a'), local('b'), local('a'));
  assert.deepEqual(s.talks.get('c1')!.pending.map((p) => p.translate), [true, true], 'sent again as it was sent first');
  assert.deepEqual(s.talks.get('c1')!.pending.map((p) => p.client_id), ['b', 'a'], 'sent again after a break: once');
  s = play(s, said('c1', row(5, 'turn.agent', { text: 'Yes', client_id: 'a' }), 102));
  s = play(s, { type: 'local.failed', data: { conversation: 'c1', client_id: 'b', why: 'closed' } });
  assert.deepEqual(s.talks.get('c1')!.pending.map((p) => [p.client_id, p.state, p.why]), [['b', 'failed', 'closed']]);
});

test('partials are replaced and end with the turn', () => {
  const part = (text: string): Frame => ({ type: 'transcript.partial', data: { conversation: 'c1', who: 'customer', text } });
  let s = play(emptyDesk(), hello(), part('where'), part('where is'));
  assert.deepEqual(s.talks.get('c1')!.partial, { who: 'customer', text: 'where is' });
  s = play(s, said('c1', row(1, 'turn.customer', { text: 'Where is it?' }), 101));
  assert.equal(s.talks.get('c1')!.partial, null);
});

test('suggestions of an earlier turn go, at most three stay', () => {
  const one = (turn: number, text: string): Frame => ({ type: 'assist.suggestion', data: { conversation: 'c1', turn, text, citations: [] } });
  let s = play(emptyDesk(), hello(), one(1, 'old'), one(2, 'a'), one(2, 'b'), one(2, 'a'));
  assert.deepEqual(s.talks.get('c1')!.suggestions.map((x) => x.text), ['b', 'a']);
  assert.equal(play(s, one(3, '')).talks.get('c1')!.suggestions.length, 0, 'nothing fits the newest turn');
  s = play(s, one(2, 'c'), one(2, 'd'));
  assert.equal(s.talks.get('c1')!.suggestions.length, 3);
});

test('parties of a call come and go; mute is the own one, hold is everybody\'s', () => {
  const call = (d: Record<string, unknown>): Frame => ({ type: 'call', data: { conversation: 'c1', ...d } });
  let s = play(emptyDesk(), hello(), call({ party: 'agent:mei', step: 'joined', mode: 'talks' }), call({ party: 'consult:tom', step: 'ringing' }));
  assert.deepEqual(s.talks.get('c1')!.call!.parties.map((p) => [p.id, p.step]), [['agent:mei', 'joined'], ['consult:tom', 'ringing']]);
  s = play(s, call({ party: 'consult:tom', step: 'muted', muted: true }), call({ party: 'agent:mei', muted: true }), call({ held: true, recording: false }));
  const c = s.talks.get('c1')!.call!;
  assert.deepEqual([c.muted, c.held, c.recording, c.parties.find((p) => p.id === 'agent:mei')!.mode], [true, true, false, 'talks']);
  s = play(s, call({ party: 'agent:mei', step: 'unmuted' }), call({ party: 'agent:mei', step: 'mode', mode: 'talks' }), call({ party: 'super:lin', step: 'joined', mode: 'listens' }), call({ party: 'super:lin', step: 'mode', mode: 'whispers' }));
  assert.deepEqual([s.talks.get('c1')!.call!.muted, s.talks.get('c1')!.call!.held], [false, false]);
  assert.deepEqual(s.talks.get('c1')!.call!.parties.find((p) => p.id === 'super:lin'), { id: 'super:lin', step: 'joined', mode: 'whispers', why: '' });
  s = play(s, call({ party: 'agent:mei', step: 'mode', mode: 'on_hold' }));
  assert.equal(s.talks.get('c1')!.call!.held, true);
  s = play(s, call({ party: 'super:lin', step: 'left' }), call({ party: 'consult:tom', step: 'left' }));
  assert.deepEqual(s.talks.get('c1')!.call!.parties.map((p) => p.id), ['agent:mei']);
});

test('other agents are mates, the own state is the own state', () => {
  const s = play(emptyDesk(), hello(), { seq: 101, type: 'agent.state', data: { login: 'tom', state: 'paused', reason: 'lunch' } },
    { seq: 102, type: 'agent.state', data: { login: 'mei', state: 'talking', since: T0 } });
  assert.equal(s.state.state, 'talking');
  assert.deepEqual([...s.mates.values()].map((a) => [a.login, a.state]), [['tom', 'paused']]);
});

test('queue numbers keep the titles that hello gave', () => {
  const s = play(emptyDesk(), hello(), { type: 'queue.realtime', data: { items: [{ id: 'sales', waiting: 3 }] } });
  assert.deepEqual(s.queues, [{ id: 'sales', waiting: 3, title: { zh: '销售', en: 'Sales' } }]);
});

test('offers are first, then who asked first', () => {
  const at = (s: number): string => new Date(T0 + s * 1000).toISOString();
  const s = play(emptyDesk(), hello([
    { handover: 'b', conversation: 'cb', state: 'accepted', since: at(2) }, { handover: 'w', conversation: 'cw', state: 'wrapup', since: at(0) },
    { handover: 'a', conversation: 'ca', state: 'accepted', since: at(1) }, { handover: 'o', conversation: 'co', state: 'offered', since: at(9) },
  ]));
  assert.deepEqual(inbox(s).map((w) => w.id), ['o', 'a', 'b', 'w']);
});

test('the clock: of an offer, of an answer, of the wrap-up; none after the agent has answered or on a call', () => {
  let s = play(emptyDesk(), hello(), offer(101));
  assert.deepEqual(dueOf(s, s.work.get('h1')!, T0 + 16000), { left_ms: 4000, tone: 'warn' });
  s = play(s, { seq: 102, type: 'handover.accepted', data: { handover: 'h1' } }, said('c1', row(1, 'turn.customer', { text: 'Hi' }, 10), 103));
  const w = s.work.get('h1')!;
  assert.deepEqual(dueOf(s, w, T0 + 10000), { left_ms: ANSWER_MS, tone: 'ok' });
  assert.equal(dueOf(s, w, T0 + 11000 + ANSWER_MS)!.tone, 'bad');
  assert.equal(dueOf(s, { ...w, media: 'voice' }, T0), null);
  s = play(s, said('c1', row(2, 'turn.agent', { text: 'Yes' }), 104));
  assert.equal(dueOf(s, s.work.get('h1')!, T0 + 99999), null);
});

test('odd frames harm nothing', () => {
  const s = play(emptyDesk(), hello());
  for (const f of [{ type: 'unknown' }, { type: 'message.created' }, { type: 'handover.offered', data: {} }, { type: 'call', data: {} },
    { type: 'assist.next', data: { conversation: 'c1', actions: 'no' } }, { type: 'handover.ended', data: { handover: 'none' } }] as Frame[])
    assert.equal(play(s, f).work.size, 0, f.type);
  assert.equal(workOf({}, undefined, 0), null);
});

test('the person\'s part begins with the acceptance; a summary is its text or its parts', () => {
  assert.equal(personFrom([row(1, 'turn.bot'), row(2, 'handover.accepted'), row(3, 'turn.agent')]), 2);
  assert.equal(personFrom([row(1, 'turn.bot')]), 0);
  assert.deepEqual([wholeUpTo([]), wholeUpTo([row(1, 'a'), row(2, 'a'), row(5, 'a')]), wholeUpTo([row(3, 'a')])], [0, 2, 0]);
  assert.equal(addRows(emptyTalk(), [], true).events.length, 0);
  assert.equal(summaryText({ text: 'All.' }), 'All.');
  assert.equal(summaryText({ issue: 'Lamp', done: [{ text: 'Sent', when: 'Monday' }, 'Called'], open: [] }), 'Lamp\nSent · Monday\nCalled');
  assert.equal(summaryText(null), '');
});

test('a customer who closed the page is told, and comes back', () => {
  const at = new Date(T0 - 5000).toISOString();
  let s = play(emptyDesk(), hello(), offer(101), { seq: 102, type: 'handover.page', data: { handover: 'h1', state: 'OFFERED', away_at: at } });
  assert.deepEqual([s.work.get('h1')!.away_ms, s.work.get('h1')!.state], [T0 - 5000, 'offered']);
  s = play(s, { seq: 103, type: 'handover.accepted', data: { handover: 'h1', agent: 'mei', away_at: at } });
  assert.deepEqual([s.work.get('h1')!.away_ms, s.work.get('h1')!.state], [T0 - 5000, 'accepted']);
  s = play(s, { seq: 104, type: 'handover.page', data: { handover: 'h1', away_at: null } });
  assert.deepEqual([s.work.get('h1')!.away_ms, s.work.get('h1')!.state], [0, 'accepted']);
  assert.equal(play(s, { seq: 105, type: 'handover.page', data: { handover: 'h9', away_at: at } }).work.size, 1, 'of no work of ours');
});

test('no language model is known by its code, whatever the sentence says', () => {
  assert.equal(noModel(new ApiError(503, '', 'whatever', [], 'no_model')), true);
  assert.equal(noModel(new ApiError(503, '', 'no language model', [])), false, 'too busy is another matter');
  assert.equal(noModel(new TypeError('network')), false);
});
