import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffLines, shorten } from '../src/service/diff.ts';
import { keysFor, matrixOf } from '../src/service/matrix.ts';
import { draw, type FlowStep } from '../src/service/flowdraw.ts';

const marks = (a: string, b: string): string => diffLines(a, b).map((l) => l.mark + l.text).join('|');

test('differences, line by line', () => {
  assert.equal(marks('a\nb\nc', 'a\nx\nc'), ' a|-b|+x| c');
  assert.equal(marks('a', 'a'), ' a');
  assert.equal(marks('', 'a'), '-|+a');
  assert.equal(marks('a\nb', 'b'), '-a| b');
  assert.equal(marks('b', 'a\nb'), '+a| b');
});

/* Whatever the texts: taking out + gives the old, taking out - the new. Numbers by a fixed rule, no chance. */
test('a difference holds both texts', () => {
  let seed = 7;
  const next = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let i = 0; i < 300; i++) {
    const a = Array.from({ length: next(14) }, () => 'abcd'[next(4)]).join('\n');
    const b = Array.from({ length: next(14) }, () => 'abcd'[next(4)]).join('\n');
    const d = diffLines(a, b);
    assert.equal(d.filter((l) => l.mark !== '+').map((l) => l.text).join('\n'), a);
    assert.equal(d.filter((l) => l.mark !== '-').map((l) => l.text).join('\n'), b);
  }
});

test('very different texts end in bounded time, whole', () => {
  const a = Array.from({ length: 3000 }, (_, n) => `a${n}`).join('\n');
  const d = diffLines(a, a.replaceAll('a', 'b'));
  assert.equal(d.length, 6000);
});

test('only what changed, with lines around', () => {
  const a = Array.from({ length: 20 }, (_, n) => String(n));
  const b = a.map((x, n) => (n === 10 ? 'x' : x));
  const s = shorten(diffLines(a.join('\n'), b.join('\n')), 2);
  assert.equal(s.map((l) => l.mark).join(''), '…  -+  …');
  assert.deepEqual(shorten(diffLines('a\nb', 'a\nb')), []);
});

const FLOW: FlowStep[] = [
  { id: 'ask', kind: 'collect', next: [{ to: 'look' }] },
  { id: 'look', kind: 'call', next: [{ to: 'check', label: 'done' }, { to: 'ask', label: 'not_found' }, { to: 'gone', label: 'failed' }] },
  { id: 'check', kind: 'if', next: [{ to: 'say', label: 'x' }, { to: 'end', label: 'else' }] },
  { id: 'say', kind: 'say', next: [{ to: 'end' }] },
  { id: 'gone', kind: 'handoff', next: [] },
];

test('a flow is drawn downwards, circles at the side, nothing on top of another', () => {
  const d = draw(FLOW);
  const box = new Map(d.boxes.map((b) => [b.id, b]));
  assert.equal(d.boxes.length, 6, 'with the end');
  assert.equal(d.edges.length, 7);
  for (const e of d.edges) {
    if (e.back) assert.deepEqual([e.from, e.to], ['look', 'ask']);
    else assert.ok(box.get(e.from)!.y < box.get(e.to)!.y, `${e.from} above ${e.to}`);
  }
  assert.ok(box.get('say')!.y < box.get('end')!.y, 'by the longest way');
  for (const a of d.boxes) {
    assert.ok(a.x >= 0 && a.x + a.w <= d.w && a.y + a.h <= d.h, 'inside');
    for (const b of d.boxes)
      assert.ok(a === b || a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y);
  }
});

test('a flow that is only a circle, edges to nowhere, two parts, nothing', () => {
  const one = draw([{ id: 'a', kind: 'say', next: [{ to: 'a' }, { to: 'nowhere' }] }]);
  assert.equal(one.edges.length, 1);
  assert.equal(one.edges[0]!.back, true);
  assert.equal(draw([{ id: 'a', kind: 'say', next: [] }, { id: 'b', kind: 'say', next: [] }]).boxes.length, 2);
  assert.deepEqual(draw([]).boxes, []);
});

test('labels against predictions: what is right lies on the diagonal', () => {
  const c = {
    turns: 40, labelled: 10, right: 8, heard: { return_goods: 20, none: 9, thanks: 1 },
    cells: [
      { label: 'oos', predicted: 'none', n: 2 },
      { label: 'return_goods', predicted: 'return_goods', n: 6 },
      { label: 'return_goods', predicted: 'exchange_goods', n: 2 },
    ],
  };
  const m = matrixOf(c);
  assert.deepEqual(m.columns, ['return_goods', 'exchange_goods', 'none']);
  assert.deepEqual(m.rows.map((r) => r.label), ['return_goods', 'oos']);
  assert.deepEqual(m.rows[0]!.cells[0], { n: 6, share: 0.75, right: true });
  assert.equal(m.rows[0]!.cells[1]!.right, false);
  assert.deepEqual(m.rows[1]!.cells[2], { n: 2, share: 1, right: true }, 'nothing heard is right out of scope');
  const keys = keysFor(['a', 'thanks'], c);
  assert.deepEqual(keys[0], ['1', 'return_goods'], 'what is used most has the first key');
  assert.equal(new Set(keys.map(([k]) => k)).size, keys.length);
  assert.ok(!keys.some(([k, w]) => 'jkymxg'.includes(k) || w === 'none'), 'keys of the page stay free');
  assert.deepEqual(matrixOf({ ...c, cells: [] }).rows, []);
});
