/* Learning: bounds that can be drawn, and what is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounds, modelOf, over, waysOf, type Learned, type Trial } from '../src/learning/trial.ts';

test('learning: bounds stay within the bar', () => {
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: 0.2, hi: 0.7 }), { lo: 0.2, hi: 0.7 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: -1, hi: 3 }), { lo: 0, hi: 1 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: 0.8, hi: 0.7 }), { lo: 0.8, hi: 0.8 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: NaN, hi: NaN }), { lo: 0, hi: 0 });
});

test('learning: what is over can only begin again', () => {
  assert.deepEqual(['shadow', '5', '25', '100', 'back', 'no_gain'].map((s) => over(s as never)), [false, false, false, false, true, true]);
});

test('learning: ways that no night has counted are empty', () => {
  const x: Learned = { row: 'upset', explore: 0.1, ways: ['own', 'calm'] };
  assert.deepEqual(waysOf(x), [{ id: 'own', n: 0 }, { id: 'calm', n: 0 }]);
  x.night = { at_ms: 1, why: 'choice_same', n: 9, ways: [{ id: 'calm', n: 9, mean: 0.5 }] };
  assert.equal(waysOf(x)[1]?.mean, 0.5);
});

test('learning: only the roll-out of the model of now tells its stage', () => {
  const x: Learned = { row: 'upset', explore: 0.1, ways: ['own', 'calm'], model: 2 };
  const item = { row: 'upset', in_use: true, stage: '5' } as Trial;
  assert.equal(modelOf(x, [{ ...item, in_use: false }, item])?.stage, '5');
  assert.equal(modelOf(x, [{ ...item, in_use: false }]), undefined);
  delete x.model;
  assert.equal(modelOf(x, [item]), undefined);
});
