/* The mock server's memory: conversations, their logs, who listens. */
import { answer, hello, langOf } from './mock-kb.mjs';

export const convs = new Map();
export const logs = new Map();
export const tokens = new Map();
export const supervisors = new Set();
let nextId = 1;
let turnsTotal = 0;
let says = 0;

const iso = (t = Date.now()) => new Date(t).toISOString();

export function open({ channel, language, name = null, address = null, at = Date.now() }) {
  const id = `c${String(1000 + nextId).padStart(6, '0')}`;
  const c = {
    id, interaction_id: `i${1000 + nextId++}`, channel, state: 'open', language,
    customer: name ? { id: 'cu' + id, name } : null, address, started_at: iso(at), last_at: iso(at),
    ended_at: null, end_by: null, turns: 0, last_text: null, last_actor: null, last_action: null,
    emotion: null, recording: channel !== 'webchat',
  };
  convs.set(id, c);
  logs.set(id, []);
  const token = `t${Math.random().toString(36).slice(2)}`;
  tokens.set(token, id);
  append(id, 'conversation.opened', 'system', { channel, language }, at);
  return { c, token };
}

export function append(id, kind, actor, body, at = Date.now()) {
  const c = convs.get(id);
  const log = logs.get(id);
  if (kind === 'turn.customer') c.turns++;
  const ev = { seq: log.length + 1, ts: iso(at), turn: c.turns, kind, actor, body };
  log.push(ev);
  c.last_at = ev.ts;
  if (kind.startsWith('turn.') && body.text !== undefined) {
    c.last_text = body.text;
    c.last_actor = actor;
    if (body.action) c.last_action = body.action;
    if (kind === 'turn.bot') turnsTotal++;
    if (body.emotion && body.emotion !== 'neutral') c.emotion = body.emotion;
  }
  if (kind === 'conversation.closed')
    Object.assign(c, { state: 'closed', ended_at: ev.ts, end_by: body.by });
  tell({ type: 'event', data: { conversation_id: id, ...ev } });
  tell({ type: 'conversation', data: c });
  return ev;
}

export const tell = (m) => supervisors.forEach((ws) => ws.send(JSON.stringify(m)));

export function botBody(a, extra = {}) {
  const { reply: text, action, intent, emotion, citations, grounded, latency_ms, language } = a;
  return { text, action, intent, emotion, citations, grounded, latency_ms, language, model: 'builtin-s', ...extra };
}

const p = (base, spread) => Math.round(base + (Math.sin(Date.now() / 9000) + Math.random()) * spread);

export function gauges() {
  const live = [...convs.values()].filter((c) => c.state === 'open');
  return {
    live_conversations: live.length, calls_active: live.filter((c) => c.channel !== 'webchat').length,
    turns_total: turnsTotal, turns_per_min: 14 + Math.round(Math.random() * 5), turn_p50_ms: p(320, 40),
    turn_p95_ms: p(860, 150), rss_bytes: 47185920 + Math.round(Math.random() * 3e6),
    loop_lag_p99_ms: +(0.8 + Math.random() * 0.9).toFixed(2),
    events_total: [...logs.values()].reduce((n, l) => n + l.length, 0), kb_articles: 14,
  };
}

/* Voice: lays the turns out on a time line as a recording would have them. */
function talk(id, at, lines) {
  let ms = 600;
  append(id, 'call.ringing', 'system', {}, at);
  append(id, 'call.answered', 'system', {}, at + 400);
  for (const [who, text, o = {}] of lines) {
    if (who === 'sys') {
      append(id, text, 'system', o, at + ms);
      ms += 500;
      continue;
    }
    const len = Math.max(900, [...text].length * (langOf(text) === 'zh' ? 190 : 62));
    const heard = o.heard_text ? len * ([...o.heard_text].length / [...text].length) : len;
    const times = { start_ms: Math.round(ms), end_ms: Math.round(ms + heard) };
    if (who === 'customer')
      append(id, 'turn.customer', 'customer', { text, language: langOf(text), via: 'speech', asr_confidence: 0.93, ...o, ...times }, at + ms);
    else {
      const a = answer(o.q ?? text);
      const { q: _, ...rest } = o;
      const { heard_text = text, ...said } = rest;
      const say_id = ++says;
      append(id, 'turn.bot', 'bot', { ...botBody(a), text, say_id, ...(o.q ? {} : { citations: [], grounded: false, intent: null, action: 'reply' }), ...said }, at + ms);
      const how = { say_id, heard_chars: [...heard_text].length, heard_text, ...times };
      append(id, o.heard_text ? 'turn.cut' : 'turn.played', 'bot', how, at + ms + heard);
    }
    ms += heard + 350 + (o.latency_ms ?? 300) / 3;
  }
  return ms + 800;
}

function write(id, at, texts) {
  let t = at;
  for (const text of texts) {
    append(id, 'turn.customer', 'customer', { text, language: langOf(text), via: 'text' }, (t += 9000));
    append(id, 'turn.bot', 'bot', botBody(answer(text)), (t += 1200));
  }
}

const MIN = 60000;
export const totals = new Map();

export function seed() {
  const now = Date.now();
  let x = open({ channel: 'phone', language: 'en', name: 'Maria Lindqvist', address: '+46 ** *** 41 07', at: now - 52 * MIN });
  let total = talk(x.c.id, now - 52 * MIN, [
    ['bot', hello('en')],
    ['customer', 'Hi, I bought a heater two weeks ago and I would like to send it back.', { asr_confidence: 0.95 }],
    ['bot', 'You can return most items within 30 days of delivery. The item must be unused and in its original packaging. Open My orders, choose the item, and print the label; the return is free of charge.',
      { q: 'return policy how long', heard_text: 'You can return most items within 30 days of delivery. The item must be unused and', latency_ms: 412 }],
    ['customer', 'Sorry, I did open the box. Is that a problem?', { asr_confidence: 0.58, emotion: 'anxious' }],
    ['bot', 'Could you tell me whether the heater has been switched on, or only unpacked?', { action: 'clarify', latency_ms: 655 }],
    ['customer', 'Only unpacked. And how long until I get the money?'],
    ['bot', 'We refund to the original payment method within 5 working days after the parcel has arrived.', { q: 'refund payment method return', latency_ms: 1380 }],
    ['sys', 'call.hold', {}],
    ['sys', 'call.resume', {}],
    ['sys', 'turn.aside', { text: 'One moment, I am looking that up.', what: 'filler', language: 'en' }],
    ['sys', 'call.transfer', { state: 'asked', to: 'sip:201@pbx.example.com' }],
    ['sys', 'call.transfer', { state: 'ringing' }],
    ['sys', 'turn.aside', { text: 'I am still connecting you, please stay on the line.', what: 'progress', language: 'en', heard_text: 'I am still connecting you,' }],
    ['sys', 'call.transfer', { state: 'failed', reason: 'no answer', status: 408 }],
    ['sys', 'recording.paused', { by: 'lily' }],
    ['sys', 'recording.on', { by: 'lily' }],
    ['sys', 'model.fallback', { from: 'qwen-7b', to: 'builtin-s', reason: 'timeout' }],
    ['customer', 'Can you also tell me if you sell snow tyres?'],
    ['bot', 'I could not find that in our documents, so I would rather not guess.', { action: 'decline', fallback: true, latency_ms: 2240 }],
    ['sys', 'call.dtmf', { digit: '1' }],
    ['customer', 'Fine. Thank you, goodbye.', { emotion: 'satisfied' }],
    ['bot', 'You are welcome. Goodbye!', { action: 'end', latency_ms: 240 }],
  ]);
  append(x.c.id, 'conversation.closed', 'system', { by: 'customer', reason: 'hangup' }, now - 52 * MIN + total);
  totals.set(x.c.id, total);

  x = open({ channel: 'phone', language: 'zh', name: '陈思远', address: '138****0912', at: now - 31 * MIN });
  total = talk(x.c.id, now - 31 * MIN, [
    ['bot', hello('zh')],
    ['customer', '你好，我上周买的电暖器坏了，这已经是第三次了！', { emotion: 'frustrated', asr_confidence: 0.91 }],
    ['bot', '非常抱歉给您添麻烦了。所有电器自签收之日起享受两年保修。设备出现故障时，我们免费维修或更换。您可以在“我的订单”里提交报修。',
      { q: '坏了保修维修', heard_text: '非常抱歉给您添麻烦了。所有电器自签收之日起享受两年保修。', latency_ms: 530 }],
    ['customer', '那我不想修了，可以退货吗？'],
    ['bot', '自签收之日起 30 天内可以退货。商品须未使用且保留原包装。', { q: '可以退货吗', latency_ms: 348 }],
    ['sys', 'call.dtmf', { digit: '2' }],
    ['customer', '行，那就这样吧，谢谢。', { emotion: 'relieved' }],
    ['bot', '不客气，祝您生活愉快，再见。', { action: 'end', latency_ms: 210 }],
  ]);
  append(x.c.id, 'conversation.closed', 'system', { by: 'bot', reason: 'goodbye' }, now - 31 * MIN + total);
  totals.set(x.c.id, total);

  x = open({ channel: 'webchat', language: 'zh', at: now - 12 * MIN });
  write(x.c.id, now - 12 * MIN, ['我的快递到哪了？', '可以改成加急吗？', '发票怎么开']);
  x = open({ channel: 'webchat', language: 'en', name: 'Tom Becker', at: now - 8 * MIN });
  write(x.c.id, now - 8 * MIN, ['This is the third time I ask. Where is my order?', 'Do you repair bicycles?', 'I want to talk to a person']);
  x = open({ channel: 'phone', language: 'zh', address: '021-****8830', at: now - 3 * MIN });
  talk(x.c.id, now - 3 * MIN, [['bot', hello('zh')], ['customer', '我想取消昨天的订单'], ['bot', '订单打包前（通常为下单后两小时内）可免费修改或取消。', { q: '取消订单', latency_ms: 390 }]]);
  x = open({ channel: 'talk', language: 'en', at: now - 1.5 * MIN });
  talk(x.c.id, now - 1.5 * MIN, [['bot', hello('en')], ['customer', 'Do you send invoices?'], ['bot', 'An invoice is issued automatically when the order ships.', { q: 'invoice', latency_ms: 270 }]]);
  x = open({ channel: 'webchat', language: 'en', name: 'Priya Nair', at: now - 0.7 * MIN });
  write(x.c.id, now - 0.7 * MIN, ['How long does express delivery take?']);
  const names = ['Jonas Weber', '林小雨', 'Amélie Laurent', '王建国', 'Sam Ortiz', '赵敏'];
  for (let i = 0; i < Number(process.env.MOCK_CLOSED ?? 9); i++) {
    const zh = i % 2 === 1;
    const at = now - (70 + i * 17) * MIN;
    const y = open({ channel: i % 3 ? 'webchat' : 'phone', language: zh ? 'zh' : 'en', name: names[i % 6], at });
    y.c.recording = false;
    write(y.c.id, at, zh ? ['积分怎么用', '谢谢'] : ['Is there a discount on heaters in the sale?', 'Thanks']);
    append(y.c.id, 'conversation.closed', 'system', { by: 'customer', reason: 'done' }, at + 40000);
  }
}

/* A live conversation says something now and then. */
const CHATTER = {
  en: ['And what does express cost?', 'Can I change the address?', 'How do I return something?', 'Thanks'],
  zh: ['那运费谁出？', '可以改地址吗', '退货要多久', '谢谢'],
};
export function chatter() {
  const live = [...convs.values()].filter((c) => c.state === 'open' && c.channel === 'webchat' && !c.mine);
  const c = live[Math.floor(Math.random() * live.length)];
  if (!c || c.turns > 30) return;
  const text = CHATTER[c.language][Math.floor(Math.random() * 4)];
  append(c.id, 'turn.customer', 'customer', { text, language: c.language, via: 'text' });
  setTimeout(() => append(c.id, 'turn.bot', 'bot', botBody(answer(text))), 900);
}
