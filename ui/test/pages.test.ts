import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findQuote, parseBlocks } from '../src/lib/blocks.ts';
import { withQuery } from '../src/lib/api.ts';
import { stressed } from '../src/lib/stress.tsx';
import { matchKey } from '../src/lib/keys.ts';
import { makeHash, parseHash } from '../src/lib/router.ts';
import { VIRTUAL_FROM, windowOf } from '../src/lib/window.ts';

test('hash routes go there and back, whatever is in them', () => {
  const path = ['kb', 'article', 'a/b é'];
  const query = { quote: '50 % & more = 好', empty: '' };
  const r = parseHash(makeHash(path, query));
  assert.deepEqual(r.path, path);
  assert.deepEqual(r.query, { quote: query.quote });
  assert.deepEqual(parseHash(''), { path: [], query: {} });
  assert.deepEqual(parseHash('#/c/%E0%A4%A').path, ['c', '%E0%A4%A'], 'broken escapes survive');
});

test('queries leave out what is empty', () => {
  assert.equal(withQuery('/x', { a: 1, b: '', c: null, d: undefined, e: 'f g' }), '/x?a=1&e=f+g');
  assert.equal(withQuery('/x', {}), '/x');
});

test('keys: single, sequence, sequence too slow, sequence broken off', () => {
  const names = ['j', 'k', 'g k', 'g l'];
  const none = { prefix: '', at_ms: 0 };
  assert.equal(matchKey(names, none, 'j', 0).hit, 'j');
  const g = matchKey(names, none, 'g', 100);
  assert.equal(g.hit, null);
  assert.equal(matchKey(names, g.pending, 'k', 300).hit, 'g k', 'not the plain k');
  assert.equal(matchKey(names, g.pending, 'k', 9000).hit, 'k', 'too late');
  assert.equal(matchKey(names, g.pending, 'j', 300).hit, 'j', 'no such sequence');
  assert.equal(matchKey(names, none, 'z', 0).hit, null);
});

test('short lists are whole, long ones a window of constant total height', () => {
  assert.deepEqual(windowOf(0, 700, 70, VIRTUAL_FROM), {
    first: 0, last: VIRTUAL_FROM, before_px: 0, after_px: 0,
  });
  for (const at of [0, 5000, 69_300, 1e9]) {
    const w = windowOf(at, 700, 70, 1000);
    assert.ok(w.first >= 0 && w.last <= 1000 && w.first < w.last, String(at));
    assert.ok(w.last - w.first <= 26);
    assert.equal(w.before_px + (w.last - w.first) * 70 + w.after_px, 70_000);
  }
  const w = windowOf(7000, 700, 70, 1000);
  assert.ok(w.first <= 100 && w.last >= 110, 'what is in view is rendered');
});

test('Markdown blocks', () => {
  const types = (md: string) => parseBlocks(md).map((b) => b.type);
  assert.deepEqual(types('# T\n\ntext\nmore\n\n- a\n- b\n\n1. c\n\n> q\n\n|a|b|\n|-|-|\n|1|2|'), [
    'h', 'p', 'ul', 'ol', 'quote', 'table',
  ]);
  const [table] = parseBlocks('|a|b|\n|-|:-:|\n|1|2|');
  assert.deepEqual(table, { type: 'table', rows: [['a', 'b'], ['1', '2']] });
  assert.deepEqual(parseBlocks('```\n# no\n```'), [{ type: 'code', text: '# no' }]);
  assert.deepEqual(parseBlocks('```\nopen'), [{ type: 'code', text: 'open' }]);
  assert.deepEqual(parseBlocks(''), []);
});

test('a quote is found across marks and white space', () => {
  const text = 'You have **30 days** to\nreturn it.';
  const hit = findQuote(text, '30 days to return')!;
  assert.equal(text.slice(...hit), '30 days** to\nreturn');
  assert.equal(findQuote(text, 'forty days'), null);
  assert.equal(findQuote('short part', 'before short part after')?.[0], 0, 'quote over paragraphs');
  assert.equal(findQuote('a', 'a b'), null);
});

test('stressed words are told from the stars of a mask', () => {
  assert.deepEqual(stressed('**You suspect it:** call 400-810-6600.'), [['You suspect it:', true], [' call 400-810-6600.', false]]);
  assert.deepEqual(stressed('退 **10%** 到 **30%**'), [['退 ', false], ['10%', true], [' 到 ', false], ['30%', true]]);
  for (const plain of ['138****1234 and 139****5678', '2 ** 3 ** 4', 'a * b * c', '**open', '']) assert.deepEqual(stressed(plain), plain ? [[plain, false]] : []);
});
