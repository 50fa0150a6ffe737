/* people.mjs: the people's side on a real server: a chat customer asks the bot for a person, waits, is offered to an
 * agent, talks, is handed on, goes back to the bot and asks again, is wrapped up; two agents race for one offer; a
 * socket is cut; the server is killed while somebody waits. */
import { demo, events, http, join, login, main, ok, openQueues, temp, until, WebSocket } from './lib.mjs';
import { mkdtempSync } from 'node:fs';

/* An agent at the desk: frames, orders with answers, waits for events. */
class Agent {
  constructor(s, login, token) {
    Object.assign(this, { s, login, token, frames: [], seq: 0, orders: new Map(), n: 0 });
  }

  async open() {
    const ws = new WebSocket(`${this.s.url.replace('http', 'ws')}/ws/agent?token=${this.token}&after=${this.seq}`);
    this.ws = ws;
    ws.on('message', (m) => {
      const f = JSON.parse(m);
      if (f.re) return this.orders.get(f.re)?.(f);
      if (f.seq && f.type !== 'hello' && this.seq && f.seq !== this.seq + 1) this.gap = [this.seq, f.seq];
      if (f.seq) this.seq = f.seq;
      this.frames.push(f);
    });
    ws.on('error', () => {});
    await until(`hello for ${this.login}`, () => this.frames.some((f) => f.type === 'hello'));
    this.hello = this.frames.findLast((f) => f.type === 'hello').data;
    return this;
  }

  cut() {
    this.ws.terminate();
  }

  order(op, data = {}) {
    const id = `${this.login}${++this.n}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.login}: no answer to ${op}`)), 15000);
      this.orders.set(id, (f) => (clearTimeout(timer), resolve(f)));
      this.ws.send(JSON.stringify({ id, op, data }));
    });
  }

  /* The first event of that type from frame `from` on that fits. */
  wait(type, fits = () => true, from = 0, ms = 20000) {
    return until(`${this.login}: ${type}`, () => this.frames.slice(from).find((f) => f.type === type && fits(f.data)), ms);
  }

  row(kind, text, from = 0) {
    return this.wait('message.created', (d) => d.row.kind === kind && (!text || d.row.body.text?.includes(text)), from);
  }
}

/* A customer in the web chat. */
class Customer {
  constructor(s, language) {
    Object.assign(this, { s, language, rows: [], n: 0 });
  }

  async open() {
    const ws = new WebSocket(`${this.s.url.replace('http', 'ws')}/ws/chat`);
    this.ws = ws;
    ws.on('message', (m) => {
      const f = JSON.parse(m);
      if (f.type === 'session') Object.assign(this, { id: f.data.id, token: f.data.token });
      if (f.type === 'event') this.rows.push(f.data);
      if (f.type === 'closed') this.closed = f.data.reason;
    });
    ws.on('error', () => {});
    await new Promise((r) => ws.on('open', r));
    const start = this.id
      ? { op: 'session.resume', data: { id: this.id, token: this.token, after: this.rows.at(-1)?.seq ?? 0 } }
      : { op: 'session.start', data: { language: this.language } };
    ws.send(JSON.stringify(start));
    await until('the session', () => this.id);
    return this;
  }

  say(text) {
    this.ws.send(JSON.stringify({ op: 'message.send', data: { text, client_id: `c${++this.n}` } }));
  }

  row(kind, text, from = 0) {
    return until(`customer: ${kind} ${text ?? ''}`, () =>
      this.rows.slice(from).find((r) => r.kind === kind && (!text || r.body.text?.includes(text))), 20000);
  }
}

async function handedOver(customer, agent, words) {
  const from = agent.frames.length;
  customer.say(words);
  const offer = await agent.wait('handover.offered', (d) => d.conversation === customer.id, from);
  return offer.data;
}

async function journey(s, lin) {
  const mei = await new Agent(s, 'mei', await login(s, 'mei')).open();
  const tom = await new Agent(s, 'tom', await login(s, 'tom')).open();
  ok(mei.hello.me.extension === '1001' && mei.hello.queues.length >= 5 && mei.hello.dispositions.length > 3,
    'hello: who, queues, dispositions', mei.hello.me);
  ok((await mei.order('state', { state: 'ready' })).ok, 'an agent is ready');
  const kim = await new Customer(s, 'en').open();
  await kim.row('turn.bot');
  kim.say('Where is my order HH2026-100108?');
  await until('an answer', () => kim.rows.filter((r) => r.kind === 'turn.bot').length >= 2);
  const offer = await handedOver(kim, mei, 'I want to talk to a person please');
  ok(offer.handover && offer.until && offer.packet?.summary !== undefined, 'an offer comes with what is known', offer);
  const h = { handover: offer.handover, conversation: kim.id };
  ok((await tom.order('accept', h)).status === 409, 'another agent cannot take the offer');
  const accepted = await mei.order('accept', h);
  ok(accepted.ok, 'the agent accepts', accepted);
  await kim.row('handover.accepted');
  ok((await mei.order('say', { ...h, text: 'Hello, Mei here.', client_id: 'a1' })).ok, 'the agent speaks');
  ok((await kim.row('turn.agent', 'Mei here')).body.name === 'Mei', 'and the customer reads it, with the name');
  kim.say('My lamp arrived broken');
  ok(Boolean(await mei.row('turn.customer', 'lamp')), 'the agent reads the customer at once');
  await mei.order('note', { ...h, text: 'be generous' });
  await mei.row('note.agent', 'generous');

  /* A cut socket lacks nothing. */
  mei.cut();
  kim.say('Are you there?');
  await until('the words to be written', async () =>
    (await events(s, kim.id, lin)).some((r) => r.body.text === 'Are you there?'));
  const before = mei.frames.length;
  await mei.open();
  ok(Boolean(await mei.row('turn.customer', 'Are you there', before)) && !mei.gap, 'a cut socket gets what it lacked', mei.gap);

  /* To a queue, with its place; the next agent takes it. */
  await tom.order('state', { state: 'ready' });
  await mei.order('state', { state: 'offline' });
  ok((await mei.order('transfer', { ...h, queue: 'general', note: 'a lamp' })).ok, 'to a queue');
  const second = await tom.wait('handover.offered', (d) => d.conversation === kim.id);
  ok((await tom.order('accept', { ...h, handover: second.data.handover })).ok, 'another agent takes it');
  ok((await mei.order('say', { ...h, text: 'me again' })).status >= 403, 'the first one cannot speak any more');
  const h2 = { ...h, handover: second.data.handover };
  await tom.order('say', { ...h2, text: 'Tom here.' });
  await kim.row('turn.agent', 'Tom here');

  /* Back to the bot, and once more to a person. */
  let from = kim.rows.length;
  ok((await tom.order('return', { ...h2, instruction: 'Tell the customer when we are open.' })).ok, 'back to the bot');
  await kim.row('handover.returned', null, from);
  kim.say('What are your opening hours?');
  ok(Boolean(await kim.row('turn.bot', null, from)), 'the bot answers again');
  for (const [a, x] of [[mei, h], [tom, h2]]) {
    const w = await a.order('wrap', { ...x, disposition: a.hello.dispositions[0].id, summary: 'a lamp' });
    ok(w.ok, `${a.login} has done the wrap-up`, w);
  }
  const third = await handedOver(kim, tom, 'human agent please');
  const h3 = { handover: third.handover, conversation: kim.id };
  ok((await tom.order('accept', h3)).ok, 'and again to a person');

  /* The end: wrap-up, survey. */
  from = kim.rows.length;
  ok((await tom.order('end', { ...h3, survey: true })).ok, 'the agent ends it');
  const asked = await kim.row('survey', null, from);
  kim.say('5');
  const answer = await kim.row('survey.answer', null, from);
  ok(asked.body.kind === 'csat' && Number(answer.body.value) === 5, 'the customer is asked and answers 5', [asked.body, answer.body]);
  const disposition = tom.hello.dispositions[0].id;
  ok((await tom.order('wrap', { ...h3, disposition, summary: 'lamp', follow_ups: [] })).ok, 'the wrap-up is done');
  const inside = await events(s, kim.id, lin);
  const outside = await events(s, kim.id, kim.token);
  ok(inside.some((r) => r.kind === 'note.agent') && !outside.some((r) => r.kind === 'note.agent'),
    'a note is for colleagues only');
  ok(!JSON.stringify(outside).includes('"turning"'), 'nor does the customer see what the hand-over carried');
  mei.cut();
  tom.cut();
}

async function race(s, lin) {
  const q = (await http(s, 'GET', '/api/v1/queues/general', { token: lin })).json;
  await http(s, 'PUT', '/api/v1/queues/general', { token: lin, body: { ...q, hours: undefined, strategy: 'ring-all' } });
  const agents = await Promise.all(['mei', 'tom'].map(async (l) => new Agent(s, l, await login(s, l)).open()));
  for (const a of agents) await a.order('state', { state: 'ready' });
  const kim = await new Customer(s, 'en').open();
  await kim.row('turn.bot');
  kim.say('I want to talk to a person please');
  const offers = await Promise.all(agents.map((a) => a.wait('handover.offered', (d) => d.conversation === kim.id)));
  const got = await Promise.all(agents.map((a, i) => a.order('accept', { handover: offers[i].data.handover, conversation: kim.id })));
  ok(got.map((g) => g.status).sort().join() === '200,409', 'two accept at once: one has it', got);
  const winner = agents[got.findIndex((g) => g.ok)];
  const loser = agents.find((a) => a !== winner);
  ok(Boolean(await loser.wait('handover.revoked', () => true).catch(() => null)), 'the other is told');
  await winner.order('end', { handover: offers[0].data.handover, conversation: kim.id, survey: false });
  await winner.order('wrap', { handover: offers[0].data.handover, disposition: winner.hello.dispositions[0].id, summary: '' });
  for (const a of agents) {
    await a.order('state', { state: 'offline' });
    a.cut();
  }
}

/* Killed while one waits and another is served: nothing is lost. */
async function killed(data) {
  let s = await demo({ data });
  const waits = await new Customer(s, 'en').open();
  await waits.row('turn.bot');
  waits.say('I want to talk to a person please');
  await waits.row('handover.queued');
  await s.kill();
  s = await demo({ data });
  const lin = await login(s, 'lin');
  const left = (await http(s, 'GET', '/api/v1/handovers?state=live', { token: lin })).json.items;
  ok(left.length === 1 && left[0].conversation === waits.id && left[0].state === 'QUEUED', 'after a kill it still waits', left);
  const mei = await new Agent(s, 'mei', await login(s, 'mei')).open();
  await mei.order('state', { state: 'ready' });
  const offer = await mei.wait('handover.offered', (d) => d.conversation === waits.id);
  ok((await mei.order('accept', { handover: offer.data.handover, conversation: waits.id })).ok, 'and is taken');
  ok((await mei.order('say', { conversation: waits.id, text: 'Sorry for the wait.' })).ok, 'the agent speaks to a chat nobody has open');
  waits.s = s;
  await waits.open();
  ok(Boolean(await waits.row('turn.agent', 'Sorry')), 'the customer comes back and reads it');
  await s.kill();
  s = await demo({ data });
  const again = await new Agent(s, 'mei', await login(s, 'mei')).open();
  ok(again.hello.work.length === 1 && again.hello.work[0].conversation === waits.id && again.hello.state.state !== 'offline',
    'killed while it is served: it is hers still', [again.hello.work, again.hello.state]);
  ok((await again.order('say', { conversation: waits.id, text: 'I am still here.' })).ok, 'and she goes on');
  waits.s = s;
  await waits.open();
  await waits.row('turn.agent', 'still here');
  await s.stop();
}

await main(async () => {
  const data = mkdtempSync(join(temp, 'data-'));
  let s = await demo({ data });
  ok(/mei, tom, xia, lin, qin/.test(s.out), 'the start tells the demo\'s people', s.out);
  const lin = await login(s, 'lin');
  await openQueues(s, lin);
  await journey(s, lin);
  await race(s, lin);
  ok((await s.stop()).code === 0, 'the server ends in order', s.err);
  await killed(data);
});
