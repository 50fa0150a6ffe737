/* train.mjs: callm train and callm score as a company uses them: its rows in, a file out, figures; mistakes told by their
 * line; nothing half-written when it is stopped. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { bin, join, main, ok, readFileSync, run, temp, writeFileSync } from './lib.mjs';

const callm = (args, o) => run(bin, args, o);
const file = (name, text) => (writeFileSync(join(temp, name), text), join(temp, name));

const about = {
  refund: ['my money back', 'a refund', 'what I paid returned', '把钱退给我', '退款', '退回我付的钱'],
  delivery: ['my parcel', 'the courier', 'the delivery', '我的包裹', '快递', '送货时间'],
  invoice: ['an invoice', 'a tax receipt', 'the bill for my company', '开发票', '增值税发票', '公司抬头的票'],
  oos: ['a song', 'the football score', 'a poem on spring', '天气预报', '讲个笑话', '股票行情'],
};
const fronts = ['please', 'I want', 'can you tell me about', 'hello, it is about', '请问', '我想要', '麻烦帮我看', '你好，关于'];

/* Every `step`-th combination from `from` on; the others are for the other file. */
function rows(from, step) {
  const all = [];
  for (const [label, things] of Object.entries(about))
    for (const thing of things) for (const front of fronts) all.push(`${label}\t${front} ${thing}`);
  return all.filter((_, i) => i % step === from).join('\n') + '\n';
}

function learns() {
  const train = file('train.tsv', '# made up\n' + rows(0, 2)), test = file('test.tsv', rows(1, 2));
  const out = join(temp, 'intent.bin');
  const t = callm(['train', 'intent', '--data', train, '--out', out, '--json', '--licence', 'CC0', '--epochs', '20'], { ms: 120000 });
  const told = t.code === 0 ? JSON.parse(t.out) : {};
  ok(told.rows === 96 && told.labels === 4 && told.accuracy > 0.8 && existsSync(out), 'train learns 96 rows', t.out + t.err);
  const s = callm(['score', 'intent', '--model', out, '--data', test, '--json']);
  const f = s.code === 0 ? JSON.parse(s.out) : {};
  ok(f.n === 96 && f.accuracy > 0.8 && f.oos_recall > 0.5 && f.false_alarms < 0.2, 'score: right on rows it has not seen', s.out + s.err);
  ok(['macro_f1', 'weighted_f1', 'ece'].every((k) => f[k] >= 0 && f[k] <= 1) &&
    Object.keys(f.per_label).sort().join() === 'delivery,invoice,oos,refund' && f.per_label.refund.n === 24,
  'score --json has all figures', s.out);
  const p = callm(['score', 'intent', '--model', out, '--data', test]);
  ok(p.code === 0 && /accuracy \d/.test(p.out) && /delivery/.test(p.out), 'score without --json is text', p.out + p.err);
  const bars = callm(['train', 'intent', '--data', train, '--out', join(temp, 'again.bin'), '--epochs', '20'], { ms: 120000 });
  ok(/epoch 1 of 20: loss .* s left/.test(bars.err) && /held-out rows: accuracy/.test(bars.out), 'train tells how far it is', bars.err);
  const wrong = callm(['score', 'pairs', '--model', out, '--data', test]);
  ok(wrong.code === 1 && /trained for intent, not for pairs/.test(wrong.err), 'another task is refused', wrong.err);
  return out;
}

function mistakes(model) {
  const good = file('good.tsv', rows(0, 2));
  const out = join(temp, 'none.bin');
  const cases = [
    [['train'], 2, /train what\?/],
    [['train', 'weather', '--data', good, '--out', out], 2, /train what\?/],
    [['train', 'intent', '--data', good], 2, /needs --data .* and --out/],
    [['train', 'intent', '--data', join(temp, 'missing.tsv'), '--out', out], 1, /missing\.tsv/],
    [['train', 'intent', '--data', file('b.tsv', 'a\tx\nno tab\nb\n'), '--out', out], 1, /b\.tsv:2: no tab.*1 more broken/],
    [['train', 'intent', '--data', file('c.tsv', 'a\tx\nb\ty\n'), '--out', out], 1, /too little/],
    [['train', 'intent', '--data', file('d.tsv', ''), '--out', out], 1, /no rows/],
    [['train', 'intent', '--data', good, '--out', '/nonexistent/x.bin', '--epochs', '1'], 1, /nonexistent/],
    [['train', 'intent', '--data', good, '--out', out, '--threads', '99'], 2, /--threads/],
    [['score', 'intent', '--data', good], 2, /needs --model/],
    [['score', 'intent', '--model', good, '--data', good], 1, /not a trained task/],
    [['score', 'intent', '--model', model, '--data', file('e.tsv', 'x')], 1, /e\.tsv:1: no tab/],
  ];
  for (const [args, code, says] of cases) {
    const r = callm(args, { ms: 120000 });
    ok(r.code === code && says.test(r.err) && r.err.trim().split('\n').at(-1).startsWith('callm: '),
      `a mistake is told: ${says}`, `${r.code} ${r.err}`);
  }
  const cut = file('cut.bin', readFileSync(model).subarray(0, 5000));
  const r = callm(['score', 'intent', '--model', cut, '--data', good]);
  ok(r.code === 1 && /damaged/.test(r.err), 'half a file is refused', r.err);
  ok(!existsSync(out) && !readdirSync(temp).some((f) => f.endsWith('.tmp')), 'no mistake leaves a file behind');
}

function odd() {
  const long = 'x'.repeat(1 << 20), rude = '\u{1F621}'.repeat(2000);
  const train = file('odd.tsv', Buffer.concat([Buffer.from(rows(0, 2) + `refund\t${long}\ndelivery\t${rude}\ninvoice\tأين الفاتورة\n`),
    Buffer.from([0x6f, 0x6f, 0x73, 9, 0xff, 0xfe, 0x41, 10])]));
  const out = join(temp, 'odd.bin');
  const r = callm(['train', 'intent', '--data', train, '--out', out, '--epochs', '2', '--json'], { ms: 120000 });
  ok(r.code === 0 && JSON.parse(r.out).rows === 100, 'a line of 1 MB, emoji, Arabic, invalid UTF-8 are rows like others', r.err);
  const s = callm(['score', 'intent', '--model', out, '--data', train, '--json']);
  ok(s.code === 0 && JSON.parse(s.out).n === 100, 'and are scored', s.err);
}

async function stops() {
  const many = file('many.tsv', Array.from({ length: 60 }, (_, i) => rows(i % 2, 2).replaceAll('\n', ` ${i}\n`)).join(''));
  const out = join(temp, 'stopped.bin');
  const p = spawn(bin, ['train', 'intent', '--data', many, '--out', out, '--epochs', '500'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  const ended = new Promise((r) => p.on('exit', (code, sig) => r({ code, sig })));
  p.stderr.on('data', (d) => {
    err += d;
    if (/epoch 1 of/.test(err)) p.kill('SIGINT');
  });
  const { code } = await ended;
  ok(code === 1 && /stopped/.test(err) && !existsSync(out), 'Ctrl-C stops it and leaves no file', `${code} ${err}`);
}

main(async () => {
  const model = learns();
  mistakes(model);
  odd();
  await stops();
});
