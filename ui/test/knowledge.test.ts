/* What the article editor tells while one writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstSentence } from '../src/knowledge/first.ts';

test('the first sentence is what would be said', () => {
  assert.equal(firstSentence('# Returns\n\nYou have **30 days**. Then no more.'), 'You have 30 days.');
  assert.equal(firstSentence('退货期限是签收后30天。逾期不可退。'), '退货期限是签收后30天。');
  assert.equal(firstSentence('- It costs 3.50 yuan. Each.'), 'It costs 3.50 yuan.');
  assert.equal(firstSentence('| a | b |\n|---|---|\n\n1. Open *My orders*'), 'Open My orders');
  assert.equal(firstSentence('## only a heading'), '');
  assert.equal(firstSentence(''), '');
});
