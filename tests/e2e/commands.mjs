/* commands.mjs: the commands as a person types them: answers with their source, refusals, quality of the knowledge
 * base over the demo's questions, configuration mistakes explained. */
import { bin, join, main, note, ok, readFileSync, root, run, temp, writeFileSync } from './lib.mjs';
import { mkdirSync } from 'node:fs';

const callm = (args, o) => run(bin, args, o);
const data = ['--data', join(temp, 'desk')];

function asks() {
  const cases = [
    ['退货需要多久？', 'zh', /^(return-window|refund-time)/, /30天|[0-9一二三四五六七八九十]+个?(工作)?[天日]/],
    ['How long do I have to return something?', 'en', /^return-window/, /30 days/],
  ];
  for (const [text, lang, article, said] of cases) {
    const r = callm(['ask', '--json', ...data, text]);
    const a = r.code === 0 ? JSON.parse(r.out) : {};
    const c = a.citations?.[0];
    ok(a.action === 'reply' && a.language === lang && a.grounded === true && said.test(a.reply),
      `ask (${lang}) is answered`, r.out + r.err);
    ok(c && article.test(c.article_id) && c.version >= 1 && c.title, `ask (${lang}) cites the right article`, c);
    const file = c && readFileSync(join(root, `demo/kb/${lang}/${c.article_id.replace(/\.(zh|en)$/, '')}.md`), 'utf8');
    ok(c && file.includes(c.quote), `ask (${lang}) quotes the article literally`, c?.quote);
  }
  for (const text of ['明天北京下不下雨？', 'What is the weather like in Shanghai tomorrow?']) {
    const r = callm(['ask', '--json', ...data, text]);
    const a = r.code === 0 ? JSON.parse(r.out) : {};
    ok(['decline', 'clarify'].includes(a.action) && !a.citations.length && a.grounded === false,
      `what nothing answers is not guessed: ${text}`, r.out + r.err);
  }
  const plain = callm(['ask', ...data, 'How long do I have to return something?']);
  ok(plain.code === 0 && /30 days/.test(plain.out) && !plain.out.startsWith('{'), 'ask without --json is text', plain.out);
}

/* Service in a terminal: a copy of the demo's orders is worked on, so the second time is like the first. */
function serves() {
  const lines = 'Please cancel my order HH2026-100438\nthe last four are 2295\nyes please\n';
  for (let i = 0; i < 2; i++) {
    const r = callm(['ask', '--chat', '--json', ...data], { input: lines });
    const says = r.code === 0 ? r.out.trim().split('\n').map((l) => JSON.parse(l).reply) : [];
    ok(says.length === 3 && /last four digits/.test(says[0]) && /Shall I cancel/.test(says[1]) && /is cancelled/.test(says[2]),
      `an order is cancelled in the terminal, ${i ? 'and once more: nothing stayed' : 'after a check and a yes'}`, r.out + r.err);
  }
  const known = callm(['ask', '--json', '--customer', 'c010', ...data, '我的订单HH2026-100367到哪了']);
  ok(known.code === 0 && /HH2026-100367/.test(JSON.parse(known.out).reply), 'a customer who is signed in is told at once', known.out + known.err);
  const none = callm(['ask', '--customer', 'nobody', ...data, 'hello']);
  ok(none.code === 1 && /no customer/.test(none.err), 'an unknown customer is told', none.out + none.err);
}

function quality() {
  const r = callm(['score', 'kb', '--json', ...data], { ms: 120000 });
  const lines = r.out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  ok(r.code === 0 && lines.length === 2 && lines.every((s) => s.n >= 200 && s.n_oos >= 60),
    'score kb measures both languages on 200 + 60 questions', r.out + r.err);
  for (const s of lines) {
    note(`${s.lang}: first ${s.first}, in3 ${s.in3}, declined ${s.oos_declined}, literal ${s.quotes_literal}`);
    ok(s.first >= 0.85, `${s.lang}: the right article comes first for 85 %`, s);
    ok(s.oos_declined >= 0.9, `${s.lang}: 90 % of what nothing answers is declined`, s);
    ok(s.quotes > 0 && s.quotes_literal === 1, `${s.lang}: every quote is literally in its article`, s);
  }
  const unseen = callm(['score', 'kb', '--company', 'gym', '--json', ...data], { ms: 60000 });
  const far = unseen.out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  ok(unseen.code === 0 && far.length === 2 && far.every((s) => s.n === 160 && s.n_oos === 40),
    'score kb measures a company that nothing has learned from', unseen.out + unseen.err);
  ok(far[0].in5 >= 0.35 && far[1].in5 >= 0.7 && far.every((s) => s.oos_declined >= 0.85 && s.quotes_literal === 1),
    'its articles are found by words alone, and most of what it does not know is declined', far);
  const sums = callm(['score', 'summary', '--json', '--only', 'person'], { ms: 60000 });
  const s = JSON.parse(sums.out || '{}');
  ok(sums.code === 0 && s.total >= 10 && s.promises_ok >= 0.9 * s.promises && s.slots_ok >= 0.9 * s.slots && s.invented === 0,
    'summaries of conversations with a person hold slots and promises and invent nothing', { ...s, cases: undefined });
  const none = callm(['score', 'kb', '--company', 'nobody', ...data], { ms: 60000 });
  ok(none.code !== 0 && none.err.includes('tests/unseen/nobody/articles.jsonl'), 'a company that is not there is told', none.err);
}

function texts() {
  const r = callm(['redact'], { input: 'ring 13812345678 or write to li.hua@example.com\n我的手机是13987654321\n' });
  ok(r.code === 0 && !/13812345678|example\.com|13987654321/.test(r.out) && r.out.split('\n').length === 3,
    'redact masks telephone and e-mail', r.out + r.err);
  const u = callm(['understand', '--json', '-'], { input: '我要退货\nwhere is my parcel\n' });
  const us = u.out.trim().split('\n').map((l) => JSON.parse(l));
  ok(u.code === 0 && us.length === 2 && us[0].language === 'zh' && us[0].intent === 'return_goods' &&
    us[1].language === 'en', 'understand reads a line each', u.out + u.err);
  const d = callm(['understand', '--json', '--now', '2026-11-25T08:00:00Z', '--tz', '+08:00', '下周三下午三点打13812345678，退我三千五']);
  const slots = d.code === 0 ? JSON.parse(d.out).slots.map((x) => `${x.type} ${x.value} ${x.start}-${x.end}`) : [];
  ok(slots.join(', ') === 'date 2026-12-02 0-3, time 15:00 3-7, phone +8613812345678 8-19, money 3500.00 CNY 22-25',
    'understand gives slots with values and places', d.out + d.err);
}

/* Masks that can be taken off again: the map is sealed, the text comes back to the byte. */
function reversible() {
  const map = join(temp, 'map'), key = ['--key', join(temp, 'pii.key')];
  const text = 'ring 13812345678, 我叫王小明\r\nno data [phone_1] here\n';
  const m = callm(['redact', '--map', map, ...key], { input: text });
  ok(m.code === 0 && m.out === 'ring [phone_1], 我叫[name_1]\r\nno data [text_1] here\n', 'redact --map writes tokens', m.out + m.err);
  ok(!readFileSync(map, 'latin1').includes('13812345678'), 'the map is sealed');
  const b = callm(['redact', '--restore', map, ...key], { input: m.out });
  ok(b.code === 0 && b.out === text, 'redact --restore gives the text back', b.out + b.err);
  writeFileSync(join(temp, 'other.key'), Buffer.alloc(32, 7));
  const w = callm(['redact', '--restore', map, '--key', join(temp, 'other.key')], { input: m.out });
  ok(w.code === 1 && w.out === '' && /another key/.test(w.err), 'another key opens nothing', w.out + w.err);
  const long = '打13812345678给我 '.repeat(20000);
  const r = callm(['redact'], { input: `${long}\n` });
  ok(r.code === 0 && r.out.split('[phone]').length === 20001, 'a line of 400 kB is masked to its end', r.out.length);
  const p = callm(['score', 'pii', '--json', '--data', join(root, 'tests/unit/t_guard_pii.zh.txt')]);
  const f = p.code === 0 ? JSON.parse(p.out) : {};
  ok(f.recall >= 0.95 && f.precision >= 0.9 && f.per_type.phone.recall === 1, 'score pii measures per type', p.out + p.err);
}

function knowledge() {
  const s = callm(['kb', 'search', '--json', '-k', '2', ...data, '退货运费']);
  const hits = s.out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
  ok(s.code === 0 && hits.length >= 1 && hits.length <= 2 && /^return-postage/.test(hits[0].article_id) &&
    hits[0].title && hits[0].passage && hits[0].score > 0, 'kb search finds the article', s.out + s.err);
  const file = join(temp, 'lamp.md');
  writeFileSync(file, '# How do I reset the Zephyrine lamp?\n\nHold the Zephyrine button for nine seconds.\n');
  const own = ['--data', join(temp, 'own')];
  const i = callm(['kb', 'import', ...own, file]);
  const a = callm(['ask', '--json', ...own, 'How do I reset the Zephyrine lamp?']);
  ok(i.code === 0 && a.code === 0 && /nine seconds/.test(JSON.parse(a.out).reply),
    'an imported article answers at once', i.err + a.out + a.err);
}

function mistakes() {
  const bad = join(temp, 'bad.yaml');
  writeFileSync(bad, 'sip:\n  max_calls: many\ncolour: red\n');
  const c = callm(['check', '--config', bad]);
  ok(c.code === 1 && /bad\.yaml:2:sip\.max_calls: .+; .+/.test(c.err) && /bad\.yaml:3:colour: .+; .+/.test(c.err),
    'check names file, line, key and the mend of each mistake', c.err);
  const wrong = [
    ['http.listen', 'http:\n  listen: nonsense\n'], ['sip.listen', 'sip:\n  listen: 1.2.3:x\n'],
    ['http.tls_key', 'http:\n  tls_cert: /etc/hostname\n'], ['http.tls_cert', 'http:\n  tls_cert: /no.pem\n  tls_key: /no.key\n'],
    ['stream.allow[1]', 'stream:\n  allow: [10.0.0.0/8, 10.0.0.0/x]\n'],
    ['audiosocket.listen', 'audiosocket:\n  listen: localhost:9092\n'], ['audiosocket.allow[0]', 'audiosocket:\n  allow: [here]\n'],
    ['sip.allow[1]', 'sip:\n  allow: [10.0.0.0/8, 10.0.0.0/99]\n'], ['sip.rtp_min', 'sip:\n  rtp_min: 30000\n  rtp_max: 20000\n'],
    ['sip.public_ip', 'sip:\n  public_ip: banana\n'], ['sip.codecs', 'sip:\n  codecs: pcmu,mp3\n'],
    ['sip.tls_cert', 'sip:\n  tls_key: /etc/hostname\n'], ['sip.session_s', 'sip:\n  session_s: 30\n'],
    ['sip.refer_to[1]', 'sip:\n  refer_to: ["201@pbx.example.com", "sip:x"]\n'],
    ['sip.register[0].uri', 'sip:\n  register:\n    - uri: pbx.example.com\n      user: "201"\n      password: "env:PATH"\n'],
    ['company', 'company: /no.yaml\n'],
    ['systems[0]', 'systems:\n  - name: erp\n'], ['systems[1]', 'systems:\n  - {name: a, url: "https://a"}\n  - {name: a, sqlite: /a.db}\n'],
    ['systems[0].ca_file', 'systems:\n  - {name: a, url: "https://a", ca_file: /no.pem}\n'],
    ['llm[1].url', 'llm:\n  - url: http://127.0.0.1:9/v1\n  - url: ftp://x\n'],
  ];
  const missed = wrong.filter(([key, text]) => {
    writeFileSync(bad, text);
    const r = callm(['check', '--config', bad]);
    return r.code !== 1 || !r.err.includes(`:${key}: `) || /: fine/.test(r.out);
  });
  ok(!missed.length, `check finds ${wrong.length} values that the server could not use`, missed);
  const dir = join(temp, 'mine');
  const i = callm(['init', dir]);
  const again = callm(['init', dir]);
  ok(i.code === 0 && callm(['check', '-c', join(dir, 'callm.yaml')]).code === 0, 'init writes what check accepts', i.err);
  ok(again.code === 1 && /left alone/.test(again.err), 'init overwrites nothing', again.err);
  for (const args of [[], ['nonsense'], ['ask'], ['ask', '--wrong'], ['call'], ['kb'], ['score'], ['night', '--lang', 'fr']]) {
    const r = callm(args);
    ok(r.code === 2 && r.err.length > 0, `callm ${args.join(' ')}: usage on stderr, exit 2`, `${r.code}: ${r.err}`);
  }
  const none = callm(['serve', '--config', join(temp, 'absent.yaml')]);
  ok(none.code === 1 && /absent\.yaml/.test(none.err) && none.err.trim().split('\n').length === 1,
    'a missing file is one clear line', none.err);
  const help = callm(['--help']).out;
  const names = [...help.matchAll(/^ {2}(\w+) {2,}/gm)].map((m) => m[1]);
  const silent = names.filter((n) => !['version', 'worker'].includes(n) &&
    !callm([n, '--help']).out.startsWith('example:'));
  ok(names.length >= 10 && !silent.length, 'every command has --help with an example first', silent);
}

/* Decision tables: every rule and boundary tried, a decision with its reason, faults with their line. */
function rules() {
  const c = callm(['rules', 'check', '--json']);
  const t = c.code === 0 ? JSON.parse(c.out) : [];
  ok(t.length >= 10 && t.every((x) => x.hit === x.rules && x.cases > x.rules && !x.wrong.length),
    'rules check tries every rule of the demo company', c.out.slice(0, 200) + c.err);
  const d = callm(['rules', 'decide', 'return', '{"state":"delivered","reason":"size","days_since_delivery":31}']);
  const a = d.code === 0 ? JSON.parse(d.out) : {};
  ok(a.rule === 'late' && a.allowed === false && /31天/.test(a.why?.zh) && /31 days/.test(a.why?.en),
    'rules decide tells the rule and why', d.out + d.err);
  const bad = join(temp, 'table.yaml');
  writeFileSync(bad, readFileSync(join(root, 'demo/policies/cancel.yaml'), 'utf8').replace('"> 24"', '"> day"'));
  const b = callm(['rules', 'check', bad]);
  ok(b.code === 1 && /table\.yaml:\d+:rules\[4\]\.when\.hours_since_payment: .*not a number/.test(b.err),
    'a fault of a table is told with its line', b.err);
}

/* A pack is a whole company: written once, accepted by check, its articles answer. */
function packs() {
  for (const [pack, question, article] of [['telecom', '流量用完了怎么收费？', /^data-overuse/],
    ['bank', 'How do I raise my transfer limit?', /^limit-raise/], ['public', '夜间施工噪音怎么办？', /^noise/]]) {
    const dir = join(temp, `pack-${pack}`), own = ['--data', join(dir, 'data')];
    const i = callm(['init', dir, '--pack', pack]);
    ok(i.code === 0 && callm(['check', '--config', join(dir, 'callm.yaml')]).code === 0, `init --pack ${pack} writes what check accepts`, i.err);
    const k = callm(['kb', 'import', ...own, join(dir, 'kb')]);
    const r = callm(['ask', '--json', ...own, question]);
    const a = r.code === 0 ? JSON.parse(r.out) : {};
    ok(k.code === 0 && article.test(a.citations?.[0]?.article_id), `the articles of ${pack} answer`, k.err + r.out + r.err);
    if (pack !== 'bank') continue;
    const lost = callm(['ask', '--json', ...own, 'I lost my card, how do I block it?']);
    ok(/"action":"handoff"/.test(lost.out) && /A colleague blocks it at once/.test(lost.out) && !/400-810/.test(lost.out),
      'and its own flow and telephone number: a lost card goes to a person at once', lost.out + lost.err);
  }
  const none = callm(['init', join(temp, 'pack-none'), '--pack', 'zoo']);
  ok(none.code === 1 && /telecom/.test(none.err), 'an unknown pack names those there are', none.err);
}

/* A company without a trade: its own name and articles, nothing of the demo's, one command after the other as README has them. */
function ownCompany() {
  const dir = join(temp, 'own'), own = ['--config', join(dir, 'callm.yaml')], articles = join(temp, 'own-articles');
  mkdirSync(articles);
  writeFileSync(join(articles, 'delivery.md'), '# 可以送货吗？\n\n可以，三公里以内免费送货。\n');
  ok(callm(['init', dir]).code === 0, 'init writes a company to fill in');
  const half = join(temp, 'half');
  mkdirSync(half);
  writeFileSync(join(half, 'company.yaml'), 'name: {zh: "半", en: "Half"}\n');
  ok(callm(['init', half]).code === 0 && /Half/.test(readFileSync(join(half, 'company.yaml'), 'utf8')), 'what is filled in already stays as it is');
  const blank = callm(['check', ...own]);
  ok(/company\.yaml: name, phone, email, hours\.text are empty/.test(blank.err), 'check tells what is not filled in', blank.err);
  const file = join(dir, 'company.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('name: {zh: "", en: ""}', 'name: {zh: "杏花面包房", en: "Apricot Bakery"}')
    .replace('phone: ""', 'phone: "555-0100"').replace('email: ""', 'email: "hello@apricot.example"')
    .replace('text: {zh: "", en: ""}', 'text: {zh: "每天 7 点到 19 点", en: "every day, 7 to 19"}'));
  const full = callm(['check', ...own]);
  ok(full.code === 0 && !full.err, 'filled in, it is fine', full.out + full.err);
  const k = callm(['kb', 'import', ...own, articles]);
  const u = callm(['user', 'add', 'lily', '--role', 'admin', ...own], { input: 'password123' });
  const twice = callm(['user', 'add', 'lily', '--role', 'admin', ...own], { input: 'password123' });
  ok(k.code === 0 && /user lily saved, role admin/.test(u.out) && /--replace/.test(twice.err), 'articles and an administrator', k.err + u.err + twice.err);
  const asked = ['可以送货吗', '我要退货', 'How much is the Haven sofa?', 'who are you?', '我的宽带断网了', 'Where is my order HH2026-100384?']
    .map((q) => callm(['ask', '--json', ...own, q]));
  const said = asked.map((r) => (r.code === 0 ? JSON.parse(r.out).reply : r.err)).join('\n');
  ok(/三公里/.test(said) && /555-0100/.test(said) && /Apricot Bakery/.test(said) && !/Harbour|港湾|400-810|broadband|订单号|Which product|哪一款/.test(said),
    'it answers by its own articles and in its own name', said);
  const demo = callm(['demo', '--data', join(dir, 'data'), '--http', '127.0.0.1:0', '--sip', 'off']);
  ok(demo.code === 1 && /belongs to the company/.test(demo.err), 'the demo refuses its data folder', demo.err);
  const past = callm(['demo', '--history', '2d', '--data', join(dir, 'data'), '--http', '127.0.0.1:0', '--sip', 'off']);
  const left = callm(['kb', 'list', ...own]);
  ok(past.code === 1 && /belongs to the company/.test(past.err) && left.code === 0 && !/return-how|store-hours/.test(left.out),
    'a made-up past is not written into it either', past.err + left.out + left.err);
  const none = callm(['check', '--config', (writeFileSync(join(temp, 'nobody.yaml'), 'log: info\n'), join(temp, 'nobody.yaml'))]);
  ok(none.code === 0 && /warning: .*Harbour Home/.test(none.err), 'check tells when the demo would be served', none.err);
}

/* Counts of ten weeks with a rhythm of their own: forecast, tried on the past, nothing from the future; faulty lines named. */
function plans() {
  const day = 86400000, first = Date.UTC(2026, 0, 5);
  const line = (d, h, by = 1) => `${new Date(first + d * day + h * 3600000).toISOString().slice(0, 16).replace('T', ' ')},${Math.round(by * (60 + 25 * Math.sin(h) + 10 * (d % 7) + ((d * 7 + h * 5) % 9)))}`;
  const file = (name, rows) => {
    const path = join(temp, name);
    writeFileSync(path, ['ts,value', ...rows].join('\n') + '\n');
    return path;
  };
  const rows = [...Array(70).keys()].filter((d) => d % 7 < 5).flatMap((d) => [...Array(10).keys()].map((h) => [d, h + 8]));
  const all = file('calls.csv', rows.map(([d, h]) => line(d, h)));
  const r = callm(['forecast', '--json', '--horizon', '5d', all]);
  const points = r.out.trim().split('\n').map((l) => JSON.parse(l));
  ok(r.code === 0 && points.length === 50 && points.every((p) => p.p025 <= p.p10 && p.p10 <= p.mean + 9 && p.p90 <= p.p975 && /^2026-03-(1[6-9]|20)T/.test(p.ts)) &&
    /^model \w+: [\d.]+ % off on \d later origins/m.test(r.err),
    'forecast has a line an interval', r.out.slice(0, 300) + r.err);
  const t = callm(['forecast', '--backtest', '--json', all]).out.trim().split('\n').map((l) => JSON.parse(l));
  ok(t.length === 12 && t.filter((x) => x.chosen).length === 2 && t.find((x) => x.chosen).wape < 0.06, 'a backtest compares six models', t[0]);
  const then = file('then.csv', rows.map(([d, h]) => line(d, h, d < 49 ? 1 : 3)));
  const before = callm(['forecast', '--json', '--until', '2026-02-23', all]), after = callm(['forecast', '--json', '--until', '2026-02-23', then]);
  ok(before.code === 0 && before.out === after.out, 'what comes later changes no bit of a forecast', before.err + after.err);
  const bad = callm(['forecast', file('bad.csv', rows.map(([d, h], i) => (i === 40 ? '2026-01-09 08:00,-4' : line(d, h))))]);
  ok(bad.code === 1 && /line 42: -4 is negative/.test(bad.err) && !bad.out, 'a faulty line is named and nothing is forecast', bad.err);
  const s = callm(['staff', '--json', '--calls', '100', '--interval', '30m', '--aht', '180s', '--target', '80/20s', '--patience', '300s', '--shrinkage', '0.3']);
  const n = JSON.parse(s.out);
  ok(n.agents === 13 && n.scheduled === 19 && Math.abs(n.service_level - 0.858178) < 1e-6 && Math.abs(n.asa_ms - 7488.99) < 0.01, 'staff: Erlang A as published', n);
  ok(callm(['staff', '--calls', 'many', '--aht', '3m']).code === 2, 'staff: bad usage is told');
  const roster = JSON.parse(callm(['schedule', join(root, 'bench/schedule/day.yaml')]).out);
  ok(roster.proven && roster.cost === 3401, 'schedule: the least cost, proven', roster);
  const centre = join(root, 'bench/simulate/centre.yaml'), fuller = join(temp, 'fuller.yaml');
  writeFileSync(fuller, readFileSync(centre, 'utf8').replace('agents: [4, 6', 'agents: [5, 6'));
  const days = callm(['simulate', '--json', '--days', '5', centre, fuller]).out.trim().split('\n').map((l) => JSON.parse(l));
  const sum = days.filter((l) => l.type === 'all'), more = days.at(-1).difference;
  ok(sum.length === 2 && ['arrived', 'served'].every((f) => Math.abs(sum[1][f].mean - sum[0][f].mean - more[f].mean) < 1e-6),
    'simulate: the difference is that of all, without what is dialled', more);
}

/* A server with a made-up past, ended after three seconds: the log says what it is, reports have it. */
function history() {
  const past = ['--data', join(temp, 'past')];
  const r = run('timeout', ['-s', 'INT', '3', bin, 'demo', '--history', '3d', ...past, '--http', '127.0.0.1:0', '--sip', 'off']);
  const n = callm(['report', '--json', '--metrics', 'interactions', '--last', '7d', ...past]);
  ok(/history\.made_up.*made up, nothing/.test(r.err) && JSON.parse(n.out || '{}').total?.[0] > 200, 'demo --history: reports have a past, the log calls it made up', r.err + n.out + n.err);
  const bad = callm(['demo', '--history', '900d', ...past]);
  ok(bad.code === 2 && /1d to 400d/.test(bad.err), 'a history has its limits', bad.err);
}

await main(() => {
  rules();
  packs();
  ownCompany();
  asks();
  serves();
  knowledge();
  texts();
  reversible();
  mistakes();
  plans();
  history();
  quality();
});
