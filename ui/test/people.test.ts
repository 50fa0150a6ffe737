/* What the wallboard counts, what a quality form scores, how a set-up is edited, to whom one can transfer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyLive, RAISED_MAX, reduceLive, type LiveMsg } from '../src/console/live.ts';
import { choicesOf, personOf, surveyOf } from '../src/chat/person.ts';
import { choices } from '../src/desk/choices.ts';
import { emptyDesk, reduceDesk } from '../src/desk/store.ts';
import { byRisk, byState, containment, goalOf, moods, slOf, slTone, standing, totals, unset } from '../src/floor/numbers.ts';
import type { Conv, Ev, EventBody } from '../src/lib/types.ts';
import { differs, pieces, scoreOf } from '../src/quality/score.ts';
import type { Form } from '../src/quality/types.ts';
import { fitsId, getAt, newThing, parsed, same, setAt, toggleSeat, withLevel } from '../src/settings/draft.ts';
import { kindsOf } from '../src/settings/kinds.ts';

const conv = (id: string, over: Partial<Conv> = {}): [string, Conv] => [id, {
  id, interaction_id: '', channel: 'webchat', state: 'open', language: 'en', customer: null, address: null, started_at: '2026-03-01T12:00:00Z',
  last_at: '2026-03-01T12:00:00Z', ended_at: null, end_by: null, turns: 2, last_text: null, last_actor: 'bot', last_action: 'reply', emotion: null, recording: false, ...over,
}];
const NOON = Date.parse('2026-03-01T12:00:00Z');

test('totals weigh service level by what left the queues, handling time by what was answered', () => {
  const t = totals([
    { id: 'a', waiting: 2, longest_ms: 5000, serving: 1, entered: 40, answered: 30, abandoned: 10, sl: 0.5, promise_pct: 80, aht_ms: 100000 },
    { id: 'b', waiting: 1, longest_ms: 9000, serving: 0, entered: 10, answered: 10, abandoned: 0, sl: 1, promise_pct: 95, aht_ms: 300000 },
    { id: 'c', waiting: 0, sl: 1, promise_pct: 10 },
  ], [{ login: 'x', state: 'READY' }, { login: 'y', state: 'paused' }]);
  assert.deepEqual([t.waiting, t.longest_ms, t.ready, t.sl, t.goal, t.aht_ms, t.abandon], [3, 9000, 1, 0.6, 0.83, 150000, 0.2]);
  const rung = totals([{ id: 'a', waiting: 0, offered: 1, longest_ms: 18000 }], []);
  assert.deepEqual([rung.waiting, rung.offered, rung.longest_ms], [1, 1, 18000], 'who is rung for still waits');
  const unserved = [{ id: 'a', sl: 0, late: 2, waiting: 2, longest_ms: 60000, ready: 0 }, { id: 'b', waiting: 1, ready: 1 }, { id: 'c', waiting: 1, ready: 0, longest_ms: 5000 }];
  assert.equal(slOf(unserved[0]!), 0, 'who waits too long has missed it');
  assert.deepEqual(standing(unserved).map((q) => q.id), ['a', 'c'], 'alerts that hold, whoever was told');
  const none = totals([], []);
  assert.deepEqual([none.sl, none.goal, none.aht_ms, none.abandon, none.longest_ms], [null, null, null, null, 0]);
  assert.equal(totals([{ id: 'a', promise_pct: 80 }, { id: 'b', promise_pct: 90 }], []).goal, 0.85, 'promised before anybody called');
});

test('a service level is measured against what its own queue promised', () => {
  assert.deepEqual([slOf({ id: 'a', sl: 1 }), slOf({ id: 'a', sl: 0.4, answered: 1 }), goalOf({ id: 'a', promise_pct: 95 }), goalOf({ id: 'a' })], [null, 0.4, 0.95, null]);
  assert.deepEqual([slTone(0.82, 0.8), slTone(0.82, 0.95), slTone(0.1, 0.8), slTone(null, 0.8), slTone(0.8, null)], ['ok', 'warn', 'bad', '', '']);
});

test('those at risk are first: told, angry, long', () => {
  const items = new Map([conv('calm'), conv('angry', { emotion: 'angry' }), conv('told'), conv('long', { started_at: '2026-03-01T11:30:00Z' }), conv('over', { state: 'closed', emotion: 'angry' })]);
  assert.deepEqual(byRisk(items, [{ kind: 'x', conversation: 'told', at_ms: NOON }], NOON).map((c) => c.id), ['told', 'angry', 'long', 'calm']);
  assert.deepEqual(byRisk(items, [{ kind: 'x', conversation: 'told', at_ms: NOON }], NOON + 16 * 60000).map((c) => c.id)[0], 'angry', 'what was told long ago counts no more');
});

test('the bot ended alone; moods of live ones', () => {
  const items = new Map([conv('a', { state: 'closed' }), conv('b', { state: 'closed', last_action: 'handoff' }), conv('c', { state: 'closed', turns: 0 }), conv('p', { state: 'closed', person: true }), conv('q', { state: 'closed' }), conv('d', { emotion: 'angry' }), conv('e', { emotion: 'relieved' }), conv('f')]);
  assert.equal(containment(items), 0.5);
  assert.equal(containment(new Map()), null);
  assert.deepEqual(moods(items), { good: 1, plain: 1, bad: 1 });
  assert.deepEqual(byState([{ login: 'b', state: 'offline' }, { login: 'a', state: 'talking' }]).map((a) => a.login), ['a', 'b']);
});

test('the stream brings numbers and alerts; alerts are bounded', () => {
  const alert: LiveMsg = { type: 'alert.raised', data: { kind: 'customer_angry', conversation: 'a' } };
  const s = reduceLive(emptyLive(), [
    { type: 'queue.realtime', data: { items: [{ id: 'sales', waiting: 2 }] } }, { type: 'agent.realtime', data: { items: [{ login: 'mei', state: 'ready' }] } },
    ...Array.from({ length: RAISED_MAX + 3 }, () => alert),
  ], 7);
  assert.deepEqual([s.queues[0]!.waiting, s.agents[0]!.login, s.raised.length, s.raised[0]!.at_ms], [2, 'mei', RAISED_MAX, 7000]);
});

const form: Form = {
  id: 'f', title: 'F', sections: [
    { id: 'a', title: 'A', items: [{ id: 'hello', title: 'Hello', type: 'plus', weight: 10 }, { id: 'verify', title: 'Verify', type: 'plus', weight: 30 }] },
    { id: 'b', title: 'B', items: [{ id: 'quiet', title: 'Quiet', type: 'minus', weight: 15 }, { id: 'word', title: 'Word', type: 'taboo' }] },
  ],
};

test('a score: plus of those judged, less minus, nothing with a taboo', () => {
  assert.equal(scoreOf(form, { hello: 'pass', verify: 'fail' }), 25);
  assert.equal(scoreOf(form, { hello: 'pass', verify: 'n_a' }), 100);
  assert.equal(scoreOf(form, { hello: 'pass', verify: 'pass', quiet: 'fail' }), 85);
  assert.equal(scoreOf(form, { hello: 'fail', verify: 'fail', quiet: 'fail' }), 0, 'not below nothing');
  assert.equal(scoreOf(form, { hello: 'pass', word: 'fail' }), 0);
  assert.equal(scoreOf(form, { hello: 'abstain' }), null);
});

test('evidence is marked by code points; an empty span is the row', () => {
  assert.deepEqual(pieces('a😀bc', [{ seq: 1, start: 1, end: 3 }]), [{ text: 'a', lit: false }, { text: '😀b', lit: true }, { text: 'c', lit: false }]);
  assert.deepEqual(pieces('abc', [{ seq: 1, start: 0, end: 0 }]), [{ text: 'abc', lit: true }]);
  assert.deepEqual(pieces('abc', [{ seq: 1, start: 1, end: 99 }]).map((p) => p.text), ['a', 'bc']);
  assert.deepEqual(differs([{ item: 'a', state: 'pass' }, { item: 'b', state: 'abstain' }, { item: 'c', state: 'fail' }], { a: 'fail', b: 'pass', c: 'fail' }), ['a']);
});

test('a set-up is changed by paths and stays otherwise', () => {
  const o = { id: 'q', sl: { s: 20, pct: 80 }, relax: [1] };
  assert.deepEqual(setAt(o, 'sl.pct', 90), { id: 'q', sl: { s: 20, pct: 90 }, relax: [1] });
  assert.equal(o.sl.pct, 80, 'the one before is untouched');
  assert.deepEqual(setAt(o, 'overflow.late', 'callback')['overflow'], { late: 'callback' });
  assert.deepEqual(Object.keys(setAt(o, 'sl', undefined)), ['id', 'relax']);
  assert.deepEqual([getAt(o, 'sl.s'), getAt(o, 'sl.no.way'), same(o, { ...o })], [20, undefined, true]);
  assert.deepEqual(parsed('{"a":1}'), { value: { a: 1 } });
  assert.ok('fault' in parsed('[1]') && 'fault' in parsed('{'));
  assert.deepEqual(withLevel({ a: 1 }, 'b', 99), { a: 1, b: 10 });
  assert.deepEqual(withLevel({ a: 1 }, 'a', 0), {});
  assert.deepEqual(toggleSeat(toggleSeat([], 'x'), 'x'), []);
});

test('one can transfer to those who are there, to queues, and on a call to a number', () => {
  const s = reduceDesk(emptyDesk(), [{ type: 'hello', data: {
    me: { login: 'mei' }, work: [], queues: [{ id: 'sales' }, { id: 'vip' }],
    agents: [{ login: 'tom', name: 'Tom', state: 'talking' }, { login: 'xia', state: 'ready' }, { login: 'off', state: 'offline' }, { login: 'mei', state: 'ready' }],
  } }], 0);
  const which = { names: (q: { id: string }) => q.id, queues: true, numbers: true, except: 'vip' };
  assert.deepEqual(choices(s, '', which).map((c) => c.id), ['agent:xia', 'agent:tom', 'queue:sales']);
  assert.deepEqual(choices(s, 'TO', which).map((c) => c.to), [{ agent: 'tom' }]);
  assert.deepEqual(choices(s, '+49 30-123', which)[0]!.to, { to: '+4930123' });
  assert.equal(choices(s, '+4930123', { ...which, numbers: false }).length, 0);
});

const row = (seq: number, kind: string, body: EventBody = {}): Ev => ({ seq, kind, body, turn: 1, actor: 'system', ts: '2026-03-01T12:00:00Z' });

test('a customer sees where they stand, and with whom', () => {
  const rows = [row(1, 'turn.customer'), row(2, 'handover.queued', { position: 3, wait_ms: 90000 })];
  assert.deepEqual(personOf(rows), { state: 'waiting', position: 3, wait_ms: 90000, name: '' });
  rows.push(row(3, 'handover.queued', { position: 1 }));
  assert.deepEqual([personOf(rows).position, personOf(rows).wait_ms], [1, -1]);
  rows.push(row(4, 'handover.accepted', { name: 'Mei' }), row(5, 'turn.agent', { text: 'Hello', name: 'Mei' }));
  assert.deepEqual([personOf(rows).state, personOf(rows).name], ['with', 'Mei']);
  assert.equal(personOf([...rows, row(6, 'handover.returned')]).state, 'none');
  assert.equal(personOf([...rows, row(6, 'handover.failed', { why: 'closed' })]).state, 'none');
  assert.equal(personOf([]).state, 'none');
});

test('a question is open until it is answered or something else is said', () => {
  const asked = [row(1, 'turn.agent'), row(2, 'survey', { kind: 'csat' }), row(3, 'turn.bot', { text: 'How was it?' })];
  assert.equal(surveyOf(asked), 'csat');
  assert.equal(surveyOf([...asked, row(4, 'survey.answer', { value: 5 })]), null);
  assert.equal(surveyOf([...asked, row(4, 'turn.customer')]), null);
  assert.equal(surveyOf([row(1, 'survey', { kind: 'other' })]), null);
  assert.equal(surveyOf([]), null);
});

test('kinds of events are read however they are written', () => {
  assert.deepEqual(kindsOf(' handover.*, interaction.ended\nhandover.*  turn.bot '), ['handover.*', 'interaction.ended', 'turn.bot']);
  assert.deepEqual(kindsOf('对话.*、a，b'), ['对话.*', 'a', 'b']);
  assert.deepEqual(kindsOf(' , '), []);
});

test('numbered lines behind a question can be pressed; steps of an answer cannot', () => {
  const bot = (text: string, action = 'reply'): Ev => ({ seq: 1, turn: 1, ts: '2026-03-01T12:00:00Z', kind: 'turn.bot', actor: 'bot', body: { text, action } });
  const asks = 'Which of these do you mean?\n1. Returning an article\n2. Where is my parcel';
  assert.deepEqual(choicesOf([bot(asks)]), ['Returning an article', 'Where is my parcel']);
  assert.deepEqual(choicesOf([bot('我想确认一下，您问的是：\n1. 退货\n2. 换货', 'clarify')]), ['退货', '换货']);
  assert.deepEqual(choicesOf([bot('Do this:\n1. Open the box\n2. Take it out')]), []);
  assert.deepEqual(choicesOf([bot('Which?\n1. One')]), []);
  assert.deepEqual(choicesOf([bot(`${asks}\nOr something else?`)]), []);
  assert.deepEqual(choicesOf([bot(asks), { ...bot('1'), seq: 2, kind: 'turn.customer' }]), [], 'answered');
  assert.deepEqual(choicesOf([]), []);
});

test('a new queue, skill or agent has a name the server takes', () => {
  for (const id of ['vip', 'after-sales_2', 'anna.li', 'a@b']) assert.ok(fitsId(id), id);
  for (const id of ['', '售后', 'a b', 'a/b', 'x'.repeat(48)]) assert.ok(!fitsId(id), id);
  assert.deepEqual(newThing('queue', 'vip', '贵宾', 'VIP'), { id: 'vip', title: { zh: '贵宾', en: 'VIP' } });
  assert.deepEqual(newThing('agent', 'anna', '', ''), { login: 'anna', name: 'anna' });
});

test('who was given no queues, or no skills where others have some, is told', () => {
  const a = (login: string, queues?: string[], skills?: Record<string, number>) => ({ login, state: 'ready', ...(queues ? { queues } : {}), ...(skills ? { skills } : {}) });
  const mei = a('mei', ['general'], { orders: 8 });
  assert.equal(unset(a('anna'), [mei]), true, 'not in the plan');
  assert.equal(unset(a('anna', []), []), true);
  assert.equal(unset(a('anna', ['general'], {}), [mei]), true);
  assert.equal(unset(a('anna', ['general'], {}), [a('tom', ['general'], {})]), false, 'a company without skills');
  assert.equal(unset(mei, [mei]), false);
});
