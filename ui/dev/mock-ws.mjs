/* The mock server's three sockets. */
import { babble, rmsOf } from './mock-audio.mjs';
import { answer, hello, langOf } from './mock-kb.mjs';
import { append, botBody, convs, gauges, logs, open, supervisors, tokens } from './mock-world.mjs';

const json = (ws, m) => ws.readyState === 1 && ws.send(JSON.stringify(m));
const wait = (ms) => new Promise((r) => setTimeout(r, ms));

export function supervisor(ws) {
  const items = [...convs.values()].filter((c) => c.state === 'open');
  json(ws, { type: 'snapshot', data: { items } });
  supervisors.add(ws);
  const timer = setInterval(() => json(ws, { type: 'stats', data: gauges() }), 1000);
  ws.on('close', () => {
    supervisors.delete(ws);
    clearInterval(timer);
  });
}

const mask = (s) => s.replace(/\d{7,}/g, (d) => d.slice(0, 3) + '****' + d.slice(-2));

export function chat(ws) {
  let id = null;
  const known = new Map();
  const event = (data) => json(ws, { type: 'event', data });
  const ops = {
    'session.start'(d) {
      const { c, token } = open({ channel: 'webchat', language: d.language ?? 'en' });
      c.mine = true;
      id = c.id;
      json(ws, { type: 'session', data: { id, interaction_id: c.interaction_id, token } });
      event(append(id, 'turn.bot', 'bot', { text: hello(c.language), action: 'reply', model: 'builtin', citations: [] }));
    },
    'session.resume'(d) {
      if (tokens.get(d.token) !== d.id) return json(ws, { type: 'error', data: { code: 'denied', detail: 'no such conversation' } });
      id = d.id;
      json(ws, { type: 'session', data: { id, interaction_id: convs.get(id).interaction_id, token: d.token } });
      if (convs.get(id).state === 'closed') json(ws, { type: 'closed', data: { reason: 'closed' } });
      logs.get(id).filter((e) => e.seq > (d.after ?? 0)).forEach(event);
    },
    async 'message.send'(d) {
      if (!id) return json(ws, { type: 'error', data: { code: 'no_session', detail: 'start a session first' } });
      const same = logs.get(id).find((e) => e.body.client_id === d.client_id);
      if (same) return json(ws, { type: 'ack', data: { client_id: d.client_id, seq: same.seq } });
      const e = append(id, 'turn.customer', 'customer', { text: mask(d.text), language: langOf(d.text), via: 'text', client_id: d.client_id });
      await wait(120);
      json(ws, { type: 'ack', data: { client_id: d.client_id, seq: e.seq } });
      event(e);
      json(ws, { type: 'typing' });
      const a = answer(d.text);
      await wait(500);
      const step = a.language === 'zh' ? 3 : 8;
      const all = [...a.reply];
      for (let i = 0; i < all.length; i += step) {
        json(ws, { type: 'delta', data: { text: all.slice(i, i + step).join('') } });
        await wait(40);
      }
      event(append(id, 'turn.bot', 'bot', botBody(a)));
    },
    typing() {},
    ping: () => json(ws, { type: 'pong' }),
  };
  ws.on('message', (raw) => {
    const m = JSON.parse(raw.toString());
    void ops[m.op]?.(m.data ?? {});
  });
  return known;
}

const FRAME = 640;
const LINES = {
  en: ['Where is my order?', 'How do I return something?', 'I need an invoice'],
  zh: ['我的快递到哪了？', '怎么退货？', '我要开发票'],
};

export function media(ws, interaction_id) {
  const c = [...convs.values()].find((x) => x.interaction_id === interaction_id);
  if (!c) return ws.close();
  let queue = [];
  let loud = 0;
  let quiet = 0;
  let said = 0;
  let lastTurn = Date.now();
  const event = (data) => json(ws, { type: 'event', data });
  const t0 = Date.now();
  const speak = (a) => {
    const len = Math.max(900, [...a.reply].length * (a.language === 'zh' ? 170 : 55));
    const start_ms = Date.now() - t0;
    event(append(c.id, 'turn.bot', 'bot', botBody(a, { start_ms, end_ms: start_ms + len })));
    const pcm = Buffer.from(babble(len, 16000, 190, said + 1).buffer);
    for (let i = 0; i + FRAME <= pcm.length; i += FRAME) queue.push(pcm.subarray(i, i + FRAME));
  };
  append(c.id, 'call.answered', 'system', {});
  const greeting = { ...answer('thanks'), reply: hello(c.language), language: c.language, action: 'reply', intent: 'greeting' };
  setTimeout(() => speak(greeting), 300);
  const pump = setInterval(() => queue.length && ws.send(queue.shift()), 20);
  const turn = async () => {
    lastTurn = Date.now();
    if (queue.length) {
      queue = [];
      json(ws, { type: 'flush' });
    }
    const text = LINES[c.language][said++ % 3];
    for (let i = 4; i < text.length; i += 5) {
      json(ws, { type: 'partial', data: { text: text.slice(0, i) } });
      await wait(60);
    }
    const at = Date.now() - t0;
    event(append(c.id, 'turn.customer', 'customer', { text, language: c.language, via: 'speech', asr_confidence: 0.9, start_ms: Math.max(0, at - 1200), end_ms: at }));
    await wait(300);
    speak(answer(text));
  };
  ws.on('message', (raw, binary) => {
    if (binary) {
      if (rmsOf(raw) > 0.02) {
        loud++;
        quiet = 0;
      } else quiet++;
      if (loud >= 3 && quiet >= 10 && Date.now() - lastTurn > 4500) {
        loud = 0;
        void turn();
      }
      return;
    }
    const m = JSON.parse(raw.toString());
    if (m.op === 'dtmf') event(append(c.id, 'call.dtmf', 'customer', { digit: m.data.digit }));
    if (m.op === 'hangup') {
      json(ws, { type: 'closed' });
      ws.close();
    }
  });
  ws.on('close', () => {
    clearInterval(pump);
    if (c.state === 'open') append(c.id, 'conversation.closed', 'system', { by: 'customer', reason: 'hangup' });
  });
}
