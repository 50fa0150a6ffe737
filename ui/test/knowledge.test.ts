/* What the article editor tells while one writes, what it sends; what a key starts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bodyOf, EMPTY, fieldsOf, idFits } from '../src/knowledge/fields.ts';
import { firstSentence } from '../src/knowledge/first.ts';
import { asTable, curveFrom, finished, share, slug, textOf, type Run } from '../src/knowledge/run.ts';
import { PIECE, sendPieces } from '../src/knowledge/pieces.ts';
import { ApiError } from '../src/lib/api.ts';
import { newJob } from '../src/lib/job.ts';

test('the first sentence is what would be said', () => {
  assert.equal(firstSentence('# Returns\n\nYou have **30 days**. Then no more.'), 'You have 30 days.');
  assert.equal(firstSentence('退货期限是签收后30天。逾期不可退。'), '退货期限是签收后30天。');
  assert.equal(firstSentence('- It costs 3.50 yuan. Each.'), 'It costs 3.50 yuan.');
  assert.equal(firstSentence('| a | b |\n|---|---|\n\n1. Open *My orders*'), 'Open My orders');
  assert.equal(firstSentence('## only a heading'), '');
  assert.equal(firstSentence(''), '');
});

const KEPT = {
  title: 'Parking', body_md: 'Here.', aliases: 'vans', category: 'store', valid_from: '2026-01-01T00:00:30.000Z', valid_to: null,
};

test('a save sends what differs, so that seconds of validity are not cut', () => {
  const was = fieldsOf(KEPT);
  assert.deepEqual(bodyOf({ ...was, body_md: 'There.' }, was), { body_md: 'There.' });
  assert.deepEqual(bodyOf({ ...was, aliases: '', category: '' }, was), { aliases: '', category: '' }, 'emptied is sent empty');
  assert.deepEqual(bodyOf({ ...was, valid_from: '' }, was), { valid_from: null });
  assert.deepEqual(bodyOf({ ...was, valid_to: '2026-03-01T12:00' }, was), { valid_to: new Date('2026-03-01T12:00').toISOString() });
  assert.deepEqual(bodyOf(was, was), {}, 'a retired one comes back as it was');
});

test('an article may be called in any script, with its language at the end', () => {
  for (const id of ['refunds.en', 'delivery.big-city_2.en', '退货期限.zh', 'größe.de']) assert.ok(idFits(id), id);
  for (const id of ['refunds', '.en', 'a..en', 'a b.en', 'a\u00a0b.en', 'a\u200bb.en', 'a\u202eb.en', 'a/b.en', 'a.EN', '退货.中文']) assert.ok(!idFits(id), id);
});

test('a new article is sent whole', () => {
  assert.deepEqual(bodyOf({ ...EMPTY, title: ' Parking ', body_md: 'Here.' }, null), {
    title: 'Parking', body_md: 'Here.', aliases: '', category: '', valid_from: null, valid_to: null,
  });
});

test('one job at a time; how it ended is told', async () => {
  const job = newJob((e) => `told: ${(e as Error).message}`);
  let end: (said: string) => void = () => undefined;
  let runs = 0;
  const what = () => {
    runs++;
    return new Promise<string>((done) => (end = done));
  };
  const first = job.run(what);
  await job.run(what);
  assert.equal(runs, 1, 'a second press meanwhile does nothing');
  assert.equal(job.busy.value, true);
  end('Published.');
  await first;
  assert.deepEqual([job.done.value, job.error.value, job.busy.value], ['Published.', null, false]);
  await job.run(() => Promise.reject(new Error('no')));
  assert.deepEqual([job.done.value, job.error.value, job.busy.value], ['', 'told: no', false]);
  job.clear();
  assert.equal(job.error.value, null);
});

const run = (right: number, questions: number) => ({ right, questions }) as Run;

test('a share is never rounded up to all, and a curve begins below the least', () => {
  assert.equal(share(run(999, 1000)), 99);
  assert.equal(share(run(1000, 1000)), 100);
  assert.equal(share(run(0, 0)), 0);
  assert.equal(curveFrom([run(97, 100), run(92, 100)]), 80);
  assert.equal(curveFrom([run(3, 100)]), 0);
});

test('every fault of a test set\'s file is told in both languages', () => {
  const source = readFileSync(new URL('../../src/learn/learn_set_read.c', import.meta.url), 'utf8').replace(/\/\*[^]*?\*\/|'"'/g, '');
  const said = [...source.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]!.replace(/\\"/g, '"')).filter((x) => / \w/.test(x));
  assert.ok(said.length > 20);
  for (const l of ['en', 'zh']) {
    const words = JSON.parse(readFileSync(new URL(`../src/i18n/knowledge.${l}.json`, import.meta.url), 'utf8')) as Record<string, string>;
    for (const s of said) {
      assert.ok(words[`setfault.${slug(s)}`] ?? words[`setmend.${slug(s)}`], `${l}: ${s}`);
    }
  }
});

test('a set goes out as the table that comes in', () => {
  const rows = [
    { question: 'how much', lang: 'en', article: 'fee.en' },
    { question: '"now"\tor later', lang: 'en', article: '' },
    { question: '# 1', lang: 'en', article: 'a' },
  ];
  assert.equal(asTable(rows), 'question\tlang\tarticle\nhow much\ten\tfee.en\n"""now""\tor later"\ten\t-\n"# 1"\ten\ta\n');
});

test('why a run failed is told in both languages', () => {
  const read = (name: string) => readFileSync(new URL(`../../src/${name}`, import.meta.url), 'utf8').replace(/"\s*"/g, '');
  const said = [...read('learn/learn_set_run.c').matchAll(/err_set\([^"]*"([^"%]+)"/g),
    ...read('learn/learn_decide.c').matchAll(/ret_why = [^;]*?"([^"]+)"/g),
    ...read('kb/kb_update.c').matchAll(/ERR_UNSUPPORTED,\s*"([^"]+)"/g)].map((m) => m[1]!);
  assert.ok(said.length >= 9, said.join());
  for (const l of ['en', 'zh']) {
    const words = JSON.parse(readFileSync(new URL(`../src/i18n/knowledge.${l}.json`, import.meta.url), 'utf8')) as Record<string, string>;
    for (const s of said) assert.ok(words[`setwhy.${slug(s)}`], `${l}: ${s}`);
  }
});

test('a file is read in the code that it was saved in', () => {
  assert.equal(textOf(new TextEncoder().encode('运费多少,fee')), '运费多少,fee');
  const gbk = [0xd4, 0xcb, 0xb7, 0xd1, 0xb6, 0xe0, 0xc9, 0xd9, 0x2c, 0x66];
  assert.equal(textOf(new Uint8Array(gbk)), '运费多少,f');
  assert.equal(textOf(new Uint8Array([0xff, 0xfe, 0xd0, 0x8f, 0x39, 0x8d])), '运费');
  assert.equal(textOf(new Uint8Array([])), '');
});

test('a long run is told of and looked at until it is over', async () => {
  let looks = 0;
  let late = 0;
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  const look = async () => ({ run: { state: ++looks < 400 ? 'waiting' : 'done' } });
  assert.equal((await finished(look, () => true, () => late++, pause))?.run.state, 'done');
  assert.equal(looks, 400);
  assert.equal(late, 1);
  assert.ok(pauses.reduce((a, b) => a + b) > 600_000, 'many minutes');
  assert.equal(await finished(look, () => false, () => late++, pause), null, 'nobody is there any more');
  assert.equal(looks, 400);
});

test('a document goes in pieces, from where the server stands', async () => {
  const file = new Blob([new Uint8Array(2 * PIECE + 7)]);
  const at: [number, number][] = [];
  const shares: number[] = [];
  const whole = await sendPieces(file, (piece, from) => {
    at.push([from, piece.size]);
    const have = from + piece.size;
    return Promise.resolve(have === file.size ? { have, source: 'S', replaced: true } : { have });
  }, (x) => shares.push(x));
  assert.deepEqual(whole, { have: file.size, source: 'S', replaced: true });
  assert.deepEqual(at, [[0, PIECE], [PIECE, PIECE], [2 * PIECE, 7]]);
  assert.equal(shares.at(-1), 1);
});

test('a piece that is not awaited begins the document again, once', async () => {
  const file = new Blob(['abcd']);
  let calls = 0;
  assert.equal((await sendPieces(file, () => (calls++ ? Promise.resolve({ have: 4, source: 'S' }) : Promise.reject(new ApiError(409, '', ''))), () => undefined)).source, 'S');
  await assert.rejects(sendPieces(file, () => Promise.reject(new ApiError(409, '', '')), () => undefined), ApiError);
  await assert.rejects(sendPieces(file, () => Promise.resolve({ have: 0 }), () => undefined), /bad answer/);
});
