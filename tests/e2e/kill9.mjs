/* kill9.mjs: 200 customers chat, the server is killed without warning, starts again on the same data: every message
 * that was acknowledged is there once; what was sent again with the same client_id is there once; chats go on.
 *
 *	KILL9_CHATS=200 KILL9_ROUNDS=2 node tests/e2e/kill9.mjs */
import { demo, events, http, join, main, note, ok, readdirSync, run, sleep, temp, until, WebSocket } from './lib.mjs';

const CHATS = Number(process.env.KILL9_CHATS ?? 200);
const ROUNDS = Number(process.env.KILL9_ROUNDS ?? 2);
const QUESTIONS = ['How long do I have to return something?', 'Can I pay in instalments?', '可以开发票吗？', '怎么退货？'];

/* Customers come from 20 addresses (the number of chats from one is limited). Plain words tell messages apart: numbers and
 * what looks like a name are masked as personal data. */
const WORDS = ['sofa', 'lamp', 'table', 'chair', 'shelf', 'bed', 'desk', 'rug', 'mirror', 'stool'];
const word = (i) => [...String(i)].map((d) => WORDS[d]).join(' ');

class Chat {
  constructor(i) {
    this.i = i;
    this.sent = new Map(); // client_id -> text
    this.acks = new Map(); // client_id -> seq
    this.session = null;
  }

  /* Opens the socket; resolves when the server gave (or took back) the session. */
  open(s) {
    this.ws = new WebSocket(`${s.url.replace('http', 'ws')}/ws/chat`, { localAddress: `127.0.1.${1 + (this.i % 20)}` });
    this.ws.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      this.ws.on('close', () => reject(new Error(`chat ${this.i} closed`)));
      this.ws.on('open', () => this.op(this.session ? 'session.resume' : 'session.start',
        this.session ? { id: this.session.id, token: this.session.token, after: 0 } : { language: this.i % 2 ? 'en' : 'zh' }));
      this.ws.on('message', (m) => {
        const f = JSON.parse(m);
        if (f.type === 'session') {
          this.session = f.data.token ? f.data : this.session;
          resolve(this);
        } else if (f.type === 'ack') {
          this.acks.set(f.data.client_id, f.data.seq);
          if (this.going) this.next();
        } else if (f.type === 'error') {
          this.problem = f.data;
          if (/^(loading|not_taken|busy)$/.test(f.data.code) && this.session) this.again();
          if (!this.session) reject(new Error(JSON.stringify(f.data)));
        }
      });
    });
  }

  op(op, data) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify({ op, data }));
  }

  say(id, text) {
    this.sent.set(id, text);
    this.op('message.send', { text, client_id: id });
  }

  /* What the server could not take yet, a moment later. */
  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const [id, text] of this.sent) if (!this.acks.has(id)) this.op('message.send', { text, client_id: id });
    }, 100);
  }

  next() {
    const k = this.sent.size;
    this.say(`c${this.i}-${k}`, `${QUESTIONS[(this.i + k) % QUESTIONS.length]} ${word(this.i)}, ${word(k)}`);
  }
}

const acked = (chats) => chats.reduce((sum, c) => sum + c.acks.size, 0);

async function round(r, chats, s) {
  await Promise.all(chats.map((c) => c.open(s)));
  for (const c of chats) c.going = true;
  for (const c of chats) c.next();
  const goal = acked(chats) + chats.length * 4;
  await until(`${goal} acknowledgements: ${JSON.stringify(chats.find((c) => c.problem)?.problem ?? null)}`,
    () => acked(chats) >= goal, 60000);
  await s.kill();
  for (const c of chats) c.going = false;
  note(`round ${r}: killed after ${acked(chats)} acknowledged messages`);
  await sleep(50); // frames that were on their way
}

/* For each chat: the rows of its messages in the river. */
async function compare(chats, s, what) {
  let lost = 0;
  let twice = 0;
  let moved = 0;
  for (const c of chats) {
    const rows = (await events(s, c.session.id, c.session.token)).filter((e) => e.kind === 'turn.customer');
    for (const [id, text] of c.sent) {
      const found = rows.filter((e) => e.body.text === text);
      if (found.length > 1) twice++;
      if (c.acks.has(id) && !found.length) lost++;
      if (c.acks.has(id) && found.length && found[0].seq !== c.acks.get(id)) moved++;
    }
  }
  ok(lost === 0, `${what}: none of ${acked(chats)} acknowledged messages is lost`, lost);
  ok(twice === 0, `${what}: none is there twice`, twice);
  ok(moved === 0, `${what}: each has the number that was acknowledged`, moved);
}

await main(async () => {
  const chats = Array.from({ length: CHATS }, (_, i) => new Chat(i));
  let s = await demo();
  for (let r = 1; r <= ROUNDS; r++) {
    await round(r, chats, s);
    s = await demo({ data: s.data });
    note(`up again after ${Math.round(s.readyMs)} ms`);
    await compare(chats, s, `kill ${r}`);
    await Promise.all(chats.map((c) => c.open(s)));
    for (const c of chats) { // what was not acknowledged once more, and one that was
      const ids = [...c.sent.keys()];
      for (const id of ids.filter((x) => !c.acks.has(x)).concat(ids.filter((x) => c.acks.has(x)).slice(-1)))
        c.say(id, c.sent.get(id));
    }
    const waiting = () => chats.find((c) => [...c.sent.keys()].some((id) => !c.acks.has(id)));
    await until('the messages sent again to be acknowledged', () => !waiting(), 20000).catch((e) => {
      const c = waiting();
      throw new Error(`${e.message}: chat ${c.session.id} ${JSON.stringify([c.problem ?? null, [...c.sent], [...c.acks]])}`);
    });
    await compare(chats, s, `sent again ${r}`);
    for (const c of chats) c.ws.terminate();
  }
  const alive = await http(s, 'GET', '/healthz');
  ok(alive.status === 200, 'the server is well');
  const end = await s.stop();
  ok(end.code === 0, 'it ends in order', s.err);
  for (const f of readdirSync(s.data).filter((f) => /\.(db|sqlite3?)$/.test(f))) {
    const check = run('sqlite3', [join(s.data, f), 'PRAGMA integrity_check']);
    ok(check.out.trim() === 'ok', `${f} is sound`, check.out + check.err);
  }
});
