import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allDue, leftText, nextDue, step } from '../src/service/clocks.ts';
import { familyOf, hrefOf, withOrders } from '../src/service/moments.ts';
import { argsOf, fieldsOf } from '../src/service/schema.ts';
import type { Clock, TicketCard } from '../src/service/types.ts';
import { wayOf } from '../src/service/way.ts';

const NOW = Date.parse('2026-11-26T08:00:00Z');
const MIN = 60000;
const at = (min: number): string => new Date(NOW + min * MIN).toISOString();
const card = (clocks: Clock[], state = 'new'): TicketCard => ({
  id: '1', type: 'complaint', state, severity: 'high', title: 't', clocks,
});

test('the clock that runs out first counts; a paused one only when no other runs', () => {
  const due = nextDue(card([
    { kind: 'resolution', due_at: at(500) },
    { kind: 'first', due_at: at(20) },
    { kind: 'next', due_at: at(5), paused: true },
  ]), NOW)!;
  assert.deepEqual(due, { kind: 'first', left_ms: 20 * MIN, tone: 'warn' });
  assert.equal(nextDue(card([{ kind: 'next', due_at: at(-5), paused: true }]), NOW)!.tone, 'paused', 'not late');
});

test('late, in time, met, without an end, closed', () => {
  assert.equal(nextDue(card([{ kind: 'a', due_at: at(-1) }]), NOW)!.tone, 'bad');
  assert.equal(nextDue(card([{ kind: 'a', due_at: at(90), breach: true }]), NOW)!.tone, 'bad', 'the server says so');
  assert.equal(nextDue(card([{ kind: 'a', due_at: at(31) }]), NOW)!.tone, 'ok');
  assert.equal(nextDue(card([{ kind: 'a', due_at: at(3), ended_at: at(-3) }, { kind: 'b', due_at: null }]), NOW), null);
  assert.equal(nextDue(card([{ kind: 'a', due_at: at(-1) }], 'closed'), NOW), null);
  assert.equal(nextDue({ ...card([]), due_at: at(90), late: true }, NOW)!.tone, 'bad', 'a row of a list');
  assert.equal(allDue(card([{ kind: 'a', due_at: at(1) }, { kind: 'b', due_at: at(2), paused: true }]), NOW).length, 2);
});

test('what is left, in two units at most', () => {
  assert.equal(leftText(40_000), '40s');
  assert.equal(leftText(-95 * MIN), '1h 35m');
  assert.equal(leftText(59 * MIN), '59m');
  assert.equal(leftText(31 * 60 * MIN), '1d 7h');
});

test('keys on the board: inside a column, over empty ones, never off the edge', () => {
  const sizes = [3, 0, 1];
  assert.deepEqual(step(sizes, { col: 0, row: 2 }, 'l'), { col: 2, row: 0 });
  assert.deepEqual(step(sizes, { col: 2, row: 0 }, 'h'), { col: 0, row: 0 });
  assert.deepEqual(step(sizes, { col: 2, row: 0 }, 'l'), { col: 2, row: 0 });
  assert.deepEqual(step(sizes, { col: 0, row: 2 }, 'j'), { col: 0, row: 2 });
  assert.deepEqual(step(sizes, { col: 0, row: 1 }, 'k'), { col: 0, row: 0 });
  assert.deepEqual(step([0, 0], { col: 0, row: 0 }, 'l'), { col: 0, row: 0 });
  assert.deepEqual(step([0], { col: 0, row: 0 }, 'j'), { col: 0, row: 0 });
});

const kinds = (o: Parameters<typeof wayOf>[0]): string[] => wayOf(o).map((s) => `${s.kind}:${s.state}`);
const events = (...k: string[]) => k.map((kind, n) => ({ kind, at: at(n) }));

test('the way of a parcel: past, present, and what is to come', () => {
  assert.deepEqual(kinds({ state: 'paid', events: events('placed', 'paid'), placed_at: at(0) }),
    ['placed:done', 'paid:now', 'shipped:todo', 'delivered:todo']);
  assert.deepEqual(kinds({ state: 'shipped', events: events('placed', 'shipped', 'transit'), placed_at: at(0) }),
    ['placed:done', 'shipped:done', 'transit:now', 'delivered:todo']);
  assert.deepEqual(kinds({ state: 'delivered', events: [], placed_at: at(0), shipped_at: at(3), delivered_at: at(9) }),
    ['placed:done', 'shipped:done', 'delivered:now'], 'from the dates alone, in their order');
  assert.deepEqual(kinds({ state: 'cancelled', events: events('placed'), placed_at: at(0) }),
    ['placed:done', 'cancelled:stopped']);
  assert.deepEqual(kinds({ state: 'cancelled', events: events('placed', 'cancelled'), placed_at: at(0) }),
    ['placed:done', 'cancelled:stopped']);
  assert.deepEqual(wayOf({ state: 'paid', events: [], placed_at: '' }), []);
});

test('a form from a schema, needed fields first', () => {
  const fields = fieldsOf({
    type: 'object',
    required: ['order'],
    properties: {
      note: { type: 'string' },
      qty: { type: 'integer' },
      amount: { type: 'number' },
      way: { enum: ['pickup', 'store'] },
      opened: { type: 'boolean' },
      items: { type: 'array', items: { type: 'string' } },
      lines: { type: 'array', items: { type: 'object' } },
      day: { type: 'string', format: 'date' },
      order: { type: 'string' },
    },
  });
  assert.equal(fields[0]!.name, 'order');
  assert.deepEqual(Object.fromEntries(fields.map((f) => [f.name, f.kind])), {
    order: 'text', note: 'text', qty: 'whole', amount: 'number', way: 'choice', opened: 'yesno', items: 'words',
    lines: 'json', day: 'date',
  });
  const good = argsOf(fields, {
    order: ' HH1 ', qty: '2', amount: '1.5', way: 'store', opened: 'no', items: 'a, b，c', lines: '[{"sku":"x"}]', note: '',
  });
  assert.deepEqual(good, {
    args: { order: 'HH1', qty: 2, amount: 1.5, way: 'store', opened: false, items: ['a', 'b', 'c'], lines: [{ sku: 'x' }] },
    errors: {},
  });
  const bad = argsOf(fields, { qty: '1.5', amount: 'x', way: 'drone', lines: '{' });
  assert.deepEqual(bad.errors, { order: 'missing', qty: 'whole', amount: 'number', way: 'choice', lines: 'json' });
  assert.deepEqual(bad.args, {}, 'what does not fit is not sent');
  assert.deepEqual(fieldsOf(null), []);
});

test('choices keep the type of the schema', () => {
  const fields = fieldsOf({ properties: { n: { enum: [1, 2] } } });
  assert.deepEqual(argsOf(fields, { n: '2' }).args, { n: 2 });
});

test('rows of a timeline lead to their page', () => {
  const to = (kind: string, ref?: string) => hrefOf({ at: at(0), kind, title: '', ...(ref ? { ref } : {}) });
  assert.equal(to('conversation.opened', 'C1'), '#/c/C1');
  assert.equal(to('order.placed', 'HH2026-1'), '#/orders/HH2026-1');
  assert.equal(to('return.requested', 'R1'), '#/orders/returns/R1');
  assert.equal(to('return.requested', 'HH2026-1'), '#/orders/HH2026-1');
  assert.equal(to('ticket.opened', 'T1'), '#/tickets/T1');
  assert.equal(to('customer.changed', 'c1'), null);
  assert.equal(to('order.placed'), null);
  assert.equal(familyOf('customer.consent'), 'record');
});

test('orders are laid into the timeline, none twice, none before older rows are there', () => {
  const row = (min: number, kind: string, ref: string) => ({ at: at(min), kind, title: ref, ref });
  const rows = [row(-10, 'conversation', 'C1'), row(-40, 'order.shipped', 'H1'), row(-60, 'conversation', 'C2')];
  const orders = [
    { number: 'H1', state: 'shipped', total: 1, placed_at: at(-50), shipped_at: at(-40) },
    { number: 'H0', state: 'delivered', total: 1, placed_at: at(-900), delivered_at: at(-20) },
  ];
  const list = (more: boolean) => withOrders(rows, orders, more).map((m) => `${m.kind} ${m.ref}`);
  assert.deepEqual(list(true), [
    'conversation C1', 'order.delivered H0', 'order.shipped H1', 'order.placed H1', 'conversation C2',
  ]);
  assert.deepEqual(list(false).slice(-1), ['order.placed H0']);
  assert.equal(withOrders([], orders, false).length, 4);
});
