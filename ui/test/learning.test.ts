/* Learning: bounds that can be drawn, and what is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounds, over } from '../src/learning/trial.ts';

test('learning: bounds stay within the bar', () => {
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: 0.2, hi: 0.7 }), { lo: 0.2, hi: 0.7 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: -1, hi: 3 }), { lo: 0, hi: 1 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: 0.8, hi: 0.7 }), { lo: 0.8, hi: 0.8 });
  assert.deepEqual(bounds({ n: 9, mean: 0.5, lo: NaN, hi: NaN }), { lo: 0, hi: 0 });
});

test('learning: what is over can only begin again', () => {
  assert.deepEqual(['shadow', '5', '25', '100', 'back', 'no_gain'].map((s) => over(s as never)), [false, false, false, false, true, true]);
});
