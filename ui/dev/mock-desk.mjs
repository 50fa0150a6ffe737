/* The people's side of the stand-in server: the agent's socket with customers who answer, queues, agents, reviews. */
import { append, convs, logs, open, tell, tokens } from './mock-world.mjs';

const iso = (t = Date.now()) => new Date(t).toISOString();
const both = (zh, en) => ({ zh, en });
const queues = [
  ['sales', both('售前', 'Sales'), 0], ['aftersales', both('售后', 'After-sales'), 2], ['complaints', both('投诉', 'Complaints'), 1],
  ['vip', both('贵宾', 'VIP'), 0], ['general', both('综合', 'General'), 3],
].map(([id, title, waiting]) => ({
  id, title, waiting, longest_ms: waiting * 47000, ready: 2, serving: 3, sl: 0.86 - waiting * 0.09, promise_pct: 80, aht_ms: 263000, entered: 61, answered: 55, abandoned: 3, open: true,
  strategy: 'longest-idle-agent', priority: 0, ageing: 1, hours: 'service', max_len: 50, max_wait_s: 600, overflow: { late: 'callback', closed: 'voicemail' },
  sl_target: { s: 20, pct: 80 }, ring_s: 20, wrapup_s: 60, callback: true, voicemail: true, needs: [{ skill: id === 'vip' ? 'vip' : 'orders', level: 3, preferred: false }],
}));
const agents = [['mei', 'Mei Zhang', 'offline', '1001'], ['tom', 'Tom Field', 'talking', '1002'], ['xia', 'Xia Lin', 'paused', '1003'], ['ana', 'Ana Ruiz', 'wrapup', '1004']]
  .map(([login, name, state, extension], n) => ({
    login, name, state, extension, reason: state === 'paused' ? 'lunch' : '', since: iso(Date.now() - (n + 1) * 127000), serving: n === 1 ? 2 : 0,
    languages: n === 1 ? ['en'] : ['zh', 'en'], skills: { orders: 8, returns: 5 }, queues: [{ queue: 'aftersales', tier: 1, position: 1 }], capacity: { voice: 1, chat: 4 }, blended: false, wrapup_s: 60,
  }));
const dispositions = [['order_status', both('查询订单', 'Order status')], ['return', both('退换货', 'Return or exchange')], ['complaint', both('投诉', 'Complaint')], ['other', both('其他', 'Other')]]
  .map(([id, title]) => ({ id, title }));
const cites = [{ article_id: 'return-window.en', version: 2, title: 'How long can I return something?', quote: 'You have 30 days from delivery to return goods.', lang: 'en' }];

const packet = (zh) => ({
  summary: zh ? '客户的吊灯到货破损，想退货并尽快退款；机器人查了订单，退货需人工确认照片。' : 'The pendant lamp arrived broken. The customer wants their money back soon; the return needs a look at the photos.',
  reason: 'customer_asked', language: zh ? 'zh' : 'en',
  mood: { now: 'frustrated', trend: -0.3, turning: [{ turn: 2, from: 'neutral', to: 'frustrated', words: zh ? '已经第三次打电话了' : 'this is my third call' }] },
  slots: [{ type: 'order', value: 'HH2026-100101' }, { type: 'product', value: zh ? '吊灯' : 'pendant lamp' }],
  tried: [{ tool: 'order_status', outcome: 'done' }, { tool: 'return_create', outcome: 'approve' }],
  asked: [zh ? '什么时候能退款？' : 'When do I get my money?'], citations: [{ article_id: cites[0].article_id, title: cites[0].title }],
  flow: { id: 'return', title: both('退货', 'Return'), step: 'photo' },
});

let n = 0;
function customer(voice) {
  const zh = n % 2 === 1;
  n++;
  const name = zh ? '陈婷' : 'Ada Fields';
  const { c } = open({ channel: voice ? 'phone' : 'webchat', language: zh ? 'zh' : 'en', name });
  c.mine = true;
  c.customer = { id: zh ? 'c001' : 'c024', name };
  append(c.id, 'turn.customer', 'customer', { text: zh ? '我的吊灯到货就碎了，我要退货' : 'My lamp arrived broken. I want to return it.', emotion: 'frustrated', language: c.language });
  append(c.id, 'turn.bot', 'bot', { text: zh ? '很抱歉。订单 HH2026-100101 可以退货。' : 'I am sorry. Order HH2026-100101 can be returned.', action: 'reply', citations: cites, language: c.language });
  append(c.id, 'turn.customer', 'customer', { text: zh ? '转人工，这已经是第三次打电话了' : 'Get me a person, this is my third call.', emotion: 'angry', language: c.language });
  return {
    handover: `h${String(n).padStart(4, '0')}`, conversation: c.id, queue: 'aftersales', media: voice ? 'voice' : 'chat', priority: zh ? 0 : 2, language: c.language,
    since: iso(Date.now() - 48000), customer: { id: c.customer.id, name, tier: 'gold', level: 2 }, packet: packet(zh),
  };
}

const work = new Map();
let seq = Date.now();

export function agent(ws) {
  const send = (m) => ws.readyState === 1 && ws.send(JSON.stringify(m));
  const kept = (type, data) => send({ seq: ++seq, type, data });
  const show = (type, data) => send({ type, data });
  const me = agents[0];
  const state = (s, reason = '') => {
    Object.assign(me, { state: s, reason, since: iso() });
    kept('agent.state', { login: 'mei', state: s, reason, since: me.since });
  };
  const row = (id, kind, actor, body) => kept('message.created', { conversation: id, row: append(id, kind, actor, body) });
  const offer = (voice) => {
    const w = { ...customer(voice), until: iso(Date.now() + 20000) };
    work.set(w.handover, { ...w, state: 'offered' });
    kept('handover.offered', w);
  };
  const of = (d) => work.get(d.handover) ?? [...work.values()].find((w) => w.conversation === d.conversation);
  const help = (w) => {
    show('assist.suggestion', { conversation: w.conversation, turn: 2, text: w.language === 'zh' ? '签收后 30 天内可以退货，破损件由我们承担运费。' : 'You have 30 days from delivery. We pay the postage for broken goods.', citations: cites, confidence: 0.86 });
    show('assist.next', { conversation: w.conversation, actions: [{ id: 'return', title: both('办理退货', 'Create the return'), why: 'return_goods', call: { tool: 'return_create', args: { order: 'HH2026-100101' } } }] });
    show('assist.check', { conversation: w.conversation, items: [['greet', both('问候并报姓名', 'Greeted with name'), 'done'], ['verify', both('核实身份', 'Identity checked'), 'due'], ['close', both('询问是否还有其他问题', 'Asked whether all is well'), 'due']].map(([id, title, st]) => ({ id, title, state: st })) });
    show('assist.alert', { conversation: w.conversation, kind: 'verify', text: both('办理前请先核实身份', 'Check the identity before you act') });
  };
  const over = (w, how) => {
    kept('handover.ended', { handover: w.handover, conversation: w.conversation, how });
    work.set(w.handover, { ...w, state: 'wrapup' });
    kept('handover.wrapup', { handover: w.handover, until: iso(Date.now() + 60000) });
    state('wrapup');
  };
  const next = () => setTimeout(() => offer(n % 3 === 2), 600);
  const ops = {
    state: (d) => (state(d.state, d.reason), d.state === 'ready' ? next() : 0),
    accept: (d) => {
      const w = { ...of(d), state: 'accepted', accepted_at: iso() };
      work.set(w.handover, w);
      append(w.conversation, 'handover.accepted', 'system', { agent: 'mei', name: 'Mei' });
      kept('handover.accepted', { handover: w.handover, agent: 'mei', accepted_at: w.accepted_at });
      state('talking');
      setTimeout(() => help(w), 200);
      if (w.media === 'voice') kept('call', { conversation: w.conversation, party: 'agent:mei', step: 'joined', mode: 'talks', recording: true });
      setTimeout(() => show('transcript.partial', { conversation: w.conversation, who: 'customer', text: w.language === 'zh' ? '什么时候' : 'When will I' }), 900);
      setTimeout(() => row(w.conversation, 'turn.customer', 'customer', { text: w.language === 'zh' ? '什么时候能收到退款？' : 'When will I get my money back?', language: w.language }), 1800);
    },
    reject: (d) => (kept('handover.revoked', { handover: of(d).handover, why: 'reject' }), work.delete(d.handover), next()),
    say: (d) => {
      row(d.conversation, 'turn.agent', 'agent', { text: d.text, by: 'mei', name: 'Mei', client_id: d.client_id });
      setTimeout(() => show('typing', { conversation: d.conversation, who: 'customer' }), 300);
      setTimeout(() => row(d.conversation, 'turn.customer', 'customer', { text: 'OK, thank you.', emotion: 'relieved', language: 'en' }), 1500);
    },
    note: (d) => row(d.conversation, 'note.agent', 'agent', { text: d.text, by: 'mei', client_id: d.client_id }),
    consult: (d) => {
      const party = `consult:${d.agent ?? d.to}`;
      kept('call', { conversation: d.conversation, party, step: 'ringing', mode: 'consults', held: true });
      setTimeout(() => kept('call', { conversation: d.conversation, party, step: 'joined', mode: 'consults', held: true }), 500);
    },
    merge: (d) => kept('call', { conversation: d.conversation, party: 'consult:tom', step: 'joined', mode: 'talks', held: false }),
    drop: (d) => kept('call', { conversation: d.conversation, party: d.party, step: 'left', held: false }),
    transfer: (d) => over(of(d), 'transfer'),
    return: (d) => (kept('handover.returned', { handover: d.handover }), work.delete(d.handover)),
    end: (d) => over(of(d), 'agent'),
    wrap: (d) => (work.delete(d.handover), state('ready'), next()),
    suggest: (d) => show('assist.suggestion', { conversation: d.conversation, turn: 9, text: `${cites[0].quote} (${d.query})`, citations: cites, confidence: 0.7 }),
  };
  kept('hello', { me: { login: 'mei', name: 'Mei Zhang', role: 'agent', extension: '1001' }, state: me, work: [...work.values()], queues, agents, reasons: ['break', 'lunch', 'training', 'meeting', 'other'], dispositions });
  const tick = setInterval(() => show('queue.realtime', { items: queues }), 1000);
  ws.on('message', (raw) => {
    const m = JSON.parse(raw.toString());
    if (!m.id) return;
    ops[m.op]?.(m.data ?? {});
    send({ re: m.id, ok: true, data: {} });
  });
  ws.on('close', () => clearInterval(tick));
}

setInterval(() => {
  tell({ type: 'queue.realtime', data: { items: queues } });
  tell({ type: 'agent.realtime', data: { items: agents } });
}, 1000);
setInterval(() => tell({ type: 'alert.raised', data: { kind: 'waiting_too_long', queue: 'general', text: '141 s', severity: 'high' } }), 4000);

const item = (id, title, type, weight, auto) => ({ id, title, type, weight, auto });
const form = {
  id: 'general', version: 3, title: both('通用服务质检', 'General service'), pass: 80, sections: [
    { id: 'open', title: both('开场', 'Opening'), items: [item('greeting', both('问候客户', 'Greeted the customer'), 'plus', 10, 'rule'), item('verify', both('先核实身份', 'Checked the identity first'), 'plus', 20, 'rule')] },
    { id: 'serve', title: both('服务', 'Service'), items: [item('dead_air', both('长时间沉默', 'Long silence'), 'minus', 10, 'rule'), item('empathy', both('回应客户情绪', 'Answered the customer\'s mood'), 'plus', 20, 'model'), item('taboo', both('使用禁语', 'Forbidden words'), 'taboo', 0, 'rule')] },
  ],
};
const said = (c) => logs.get(c).find((e) => e.kind === 'turn.bot') ?? logs.get(c)[0];
const marks = (c) => [
  { item: 'greeting', state: 'pass', evidence: [{ seq: said(c).seq, turn: 1, start: 0, end: 4, text: said(c).body.text?.slice(0, 4) }] }, { item: 'verify', state: 'fail', why: 'order data was told before', evidence: [{ seq: said(c).seq, turn: 1, text: '' }] },
  { item: 'dead_air', state: 'pass', evidence: [] }, { item: 'empathy', state: 'abstain', evidence: [] }, { item: 'taboo', state: 'n_a', evidence: [] },
];
const reviews = new Map();
export function seedReviews() {
  [...convs.values()].slice(0, 6).forEach((c, i) => reviews.set(`r${i}`, {
    id: `r${i}`, version: 1, conversation: c.id, agent: i % 2 ? 'mei' : 'bot', form: 'general', agent_name: i % 2 ? 'Mei Zhang' : '', state: ['nodis', 'dis', 'done', 'appeal', 'recheck', 'archive'][i], auto_score: [92, 71, 84, 55, 66, 100][i], score: i > 1 ? [0, 0, 84, 55, 70, 100][i] : null, taboo: i === 3, channel: c.channel, language: c.language,
    passed: i !== 3, ended_at: c.last_at, reviewer: i ? 'qin' : '', why: [{ kind: i % 2 ? 'angry' : 'random' }], marks: marks(c.id), people: [], history: [{ at: c.last_at, from: 'no', to: 'nodis', by: 'system' }], moves: ['dis', 'done', 'appeal', 'recheck', 'arbitrate', 'archive'],
  }));
}

export const deskRoutes = (admin, page, Problem) => [
  ['GET', /^\/api\/v1\/canned$/, (r) => (admin(r), { items: [{ id: 'hello', shortcut: 'hi', title: both('问候', 'Greeting'), text: both('您好，我是{agent}，很高兴为您服务。', 'Hello {customer}, this is {agent}. How can I help?') }, { id: 'bye', shortcut: 'bye', title: both('结束语', 'Closing'), text: both('感谢您的来电，再见。', 'Thank you, goodbye.') }] })],
  ['GET', /^\/api\/v1\/conversations\/(\w+)\/summary$/, (r, [id]) => (admin(r), { text: 'The lamp arrived broken; a return was opened.', disposition: { id: 'return' }, follow_ups: [{ kind: 'callback', when: iso(Date.now() + 864e5), text: `Tell ${convs.get(id)?.customer?.name ?? ''} when the refund is out` }] })],
  ['PUT', /^\/api\/v1\/conversations\/(\w+)\/summary$/, (r, _p, _q, b) => (admin(r), b)],
  ['POST', /^\/api\/v1\/conversations\/(\w+)\/translate$/, (r, _p, _q, b) => (admin(r), { text: `[${b.to}] ${b.text}` })],
  ['POST', /^\/api\/v1\/conversations\/(\w+)\/(monitor|whisper|barge|takeover)$/, (r) => (admin(r), {})],
  ['PUT', /^\/api\/v1\/agents\/(\w+)\/state$/, (r, [id], _q, b) => (admin(r), Object.assign(agents.find((a) => a.login === id), { state: b.state, reason: b.reason ?? '', since: iso() }))],
  ['GET', /^\/api\/v1\/queues\/realtime$/, (r) => (admin(r), { items: queues })],
  ['GET', /^\/api\/v1\/(queues|agents|skills|hours|handovers)$/, (r, [what]) => (admin(r), { items: { queues, agents, skills: [{ id: 'orders', title: both('订单', 'Orders') }, { id: 'vip', title: both('贵宾', 'VIP') }], hours: [{ id: 'service', title: both('服务时间', 'Service hours') }], handovers: [] }[what], next: null })],
  ['GET', /^\/api\/v1\/queues\/(\w+)$/, (r, [id]) => (admin(r), queues.find((q) => q.id === id))],
  ['GET', /^\/api\/v1\/agents\/(\w+)$/, (r, [id]) => (admin(r), agents.find((q) => q.login === id))],
  ['PUT', /^\/api\/v1\/(queues|agents)\/(\w+)$/, (r, [what, id], _q, b) => (admin(r), Object.assign((what === 'queues' ? queues : agents).find((x) => (x.id ?? x.login) === id), b))],
  ['GET', /^\/api\/v1\/qa\/forms$/, (r) => (admin(r), { items: [form], next: null })],
  ['GET', /^\/api\/v1\/qa\/forms\/(\w+)$/, (r) => (admin(r), { ...form, text: 'id: general\nversion: 3\npass: 80\n' })],
  ['GET', /^\/api\/v1\/qa\/reviews$/, (r, _p, q) => (admin(r), page([...reviews.values()].filter((x) => !q.get('state') || x.state === q.get('state')), q))],
  ['GET', /^\/api\/v1\/qa\/reviews\/(\w+)$/, (r, [id]) => {
    admin(r);
    if (!reviews.has(id)) throw new Problem(404, 'not found', id);
    return reviews.get(id);
  }],
  ['PUT', /^\/api\/v1\/qa\/reviews\/(\w+)$/, (r, [id], _q, b) => {
    admin(r);
    const x = reviews.get(id);
    x.people.push({ by: 'qin', round: 'review', score: 80, items: b.items, comment: b.comment, at: iso() });
    return Object.assign(x, { state: 'done', version: x.version + 1 });
  }],
  ['POST', /^\/api\/v1\/qa\/reviews\/(\w+)\/(\w+)$/, (r, [id, to]) => (admin(r), Object.assign(reviews.get(id), { state: to }))],
  ['POST', /^\/api\/v1\/qa\/sample$/, (r) => (admin(r), { picked: [{ id: 'r0', agent: 'bot', why: ['risk: angry'] }] })],
  ['GET', /^\/api\/v1\/qa\/calibration$/, (r) => (admin(r), { items: [{ item: 'greeting', n: 12, raters: 2, agree: 0.96, kappa: 0.91 }, { item: 'empathy', n: 12, raters: 2, agree: 0.75, kappa: 0.48 }] })],
];
void tokens;
