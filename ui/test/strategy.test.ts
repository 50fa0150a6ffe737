import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INTENTS, LABELS } from '../src/lib/intents.ts';
import { emptyRow, hasWhen, idFor, idsOf, lineOf, rowLines, tiersOf, withRow } from '../src/strategy/row.ts';

const TABLE = readFileSync(join(import.meta.dirname, '../../demo/policies/strategy.yaml'), 'utf8');

test('the table tells its rows, offers, topics and tiers', () => {
  assert.deepEqual(tiersOf(TABLE), ['standard', 'silver', 'gold']);
  assert.deepEqual(idsOf(TABLE, 'offers'), ['free_pickup', 'voucher_20', 'voucher_50']);
  assert.deepEqual(idsOf(TABLE, 'topics'), ['safety', 'legal', 'vulnerable', 'repeat', 'money']);
  assert.equal(idsOf(TABLE, 'rows').at(-1), 'everyone');
  assert.deepEqual(idsOf('rows:\n- {id: a, priority: 1}\n- id: "b"\nother: 1\n  - id: c\n', 'rows'), ['a', 'b']);
  assert.deepEqual(idsOf('version: 1\n', 'rows'), []);
  assert.deepEqual(tiersOf('tiers: ["a", b ]'), ['a', 'b']);
});

test('a row says what was chosen and nothing else', () => {
  const plain = { ...emptyRow(), mood: ['angry'] };
  assert.deepEqual(rowLines(plain, []), ['- id: angry', '  priority: 70', '  when: {mood: angry}', '  do: {style: plain}']);
  const full = {
    ...emptyRow(), mood: ['angry', 'sad'], intent: 'invoice', tier: 'gold', topic: 'money', answer: 'none', channel: 'voice', attempts: 2, rank: 88,
    style: 'calm', apology: 'full', human: 'offer', offer: 'voucher_50', max: 30, priority: 7, sentences: 3, alert: true,
    why: { en: '', zh: '金卡"客户"' },
  };
  assert.deepEqual(rowLines({ ...full, id: 'x' }, []), [
    '- id: x',
    '  priority: 88',
    '  when: {mood: [angry, sad], intent: invoice, tier: gold, topic: money, answer: none, channel: voice, attempts: 2}',
    '  do: {style: calm, apology: full, offer: voucher_50, max: 30, human: offer, priority: 7, alert: true, max_sentences: 3}',
    '  why: {en: "金卡\\"客户\\"", zh: "金卡\\"客户\\""}',
  ]);
  const two = rowLines({ ...plain, offer: 'free_pickup', second: { style: 'warm', apology: 'short', human: 'offer' } }, []);
  assert.equal(two[4], '  try: {rollout: true, do: {style: warm, apology: short, offer: free_pickup, human: offer}}');
  assert.ok(rowLines({ ...full, offer: '' }, []).join().indexOf('max: ') < 0, 'no worth without an offer');
});

test('names are as the table wants them and no row has them yet', () => {
  const r = { ...emptyRow(), mood: ['angry'], tier: 'gold' };
  assert.equal(idFor(r, []), 'angry_gold');
  assert.equal(idFor(r, ['angry_gold', 'angry_gold_2']), 'angry_gold_3');
  assert.equal(idFor({ ...r, id: ' VIP: 客户 upset! ' }, []), 'vip_upset');
  assert.equal(idFor({ ...r, id: '金卡' }, []), 'row');
  assert.ok(idFor({ ...r, id: 'a'.repeat(80) }, ['a'.repeat(35)]).length < 40);
  assert.equal(hasWhen(emptyRow()), false);
  assert.ok(hasWhen({ ...emptyRow(), attempts: 1 }));
});

test('a row goes before the one that always holds', () => {
  const r = { ...emptyRow(), mood: ['sad'], id: 'mine' };
  const got = withRow(TABLE, r);
  const ids = idsOf(got.text, 'rows');
  assert.deepEqual(ids.slice(-2), ['mine', 'everyone']);
  assert.equal(ids.length, idsOf(TABLE, 'rows').length + 1);
  assert.match(got.text.split('\n')[got.line - 1]!, /^ {2}- id: mine$/);
  assert.equal(got.text.split('\n').filter((_, n) => n < got.line - 1 || n > got.line + 2).join('\n'), TABLE, 'the rest stays');
  const twice = withRow(got.text, r);
  assert.ok(idsOf(twice.text, 'rows').includes('mine_2'));
});

test('rows in other places, without indent, with comments, or none at all', () => {
  const r = { ...emptyRow(), mood: ['sad'], id: 'mine' };
  assert.equal(withRow('rows:\n- id: a\n  do: {style: plain}\n\n# what is offered\noffers:\n- id: o\n', r).text.split('\n')[1], '- id: mine');
  assert.deepEqual(idsOf(withRow('rows:\n- id: a\n\n# offers\noffers:\n- id: o\n', r).text, 'offers'), ['o']);
  const told = withRow('rows:\n  - id: a\n  # for all the others\n  - id: z\n', r);
  assert.deepEqual(told.text.split('\n').slice(2, 7), ['  - id: mine', '    priority: 70', '    when: {mood: sad}', '    do: {style: plain}', '  # for all the others']);
  const fresh = withRow('version: 1\n', r);
  assert.equal(fresh.text, 'version: 1\nrows:\n  - id: mine\n    priority: 70\n    when: {mood: sad}\n    do: {style: plain}\n');
  assert.equal(fresh.text.split('\n')[fresh.line - 1], '  - id: mine');
  assert.equal(withRow('', r).text.split('\n')[0], 'rows:');
  assert.deepEqual(idsOf(withRow('rows:\n\nversion: 1\n', r).text, 'rows'), ['mine']);
});

test('a fault names its line', () => {
  assert.equal(lineOf('strategy:41'), 41);
  assert.equal(lineOf('strategy.yaml:7:12'), 7);
  assert.equal(lineOf('strategy'), 0);
});

test('the intents of the form are those that the strategy table takes', () => {
  const c = readFileSync(new URL('../../src/policy/policy_cond.c', import.meta.url), 'utf8');
  const taken = /intents\[\] = \{([^}]*)\}/.exec(c)![1]!;
  assert.deepEqual(INTENTS, [...taken.matchAll(/"(\w+)"/g)].map((m) => m[1]));
  assert.ok(LABELS.includes('talk_to_human') && LABELS.includes('oos') && !LABELS.includes('out_of_scope'));
});
