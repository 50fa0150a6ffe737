/* ways.mjs: calls that another telephone system hands over, with that system played here: AudioSocket over TCP and,
 * over WebSocket, Asterisk's chan_websocket and media streams as carriers have them. Each greets aloud, hears a
 * spoken question, answers it aloud from the right article, obeys keys, falls silent when interrupted, and hangs up
 * both ways. Then strangers, bad bytes and too many calls. */
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { demo, events, http, isSpeech, join, login, main, memory, metric, note, ok, readFileSync, sleep, speak, speechiness,
  temp, until, wav, WebSocket } from './lib.mjs';

const QUESTION = ['How can I cancel my order?', /^order-cancel/];
const FRAME_MS = 20;

function db(samples) {
  let power = 0;
  for (const v of samples) power += v * v;
  return 10 * Math.log10(power / Math.max(1, samples.length) / 32768 ** 2 + 1e-12);
}

/* What both ends of every way share: frames of 20 ms sent on time, frames heard with their time. */
class Far {
  constructor(rate) {
    this.rate = rate;
    this.size = rate / 50;
    this.heard = []; /* {at, s: Int16Array} */
    this.queue = [];
    this.closed = false;
  }

  take(s) {
    this.heard.push({ at: performance.now(), s });
  }

  /* Sends frames until the end: what is queued, else a quiet room. */
  async clock() {
    let next = performance.now();
    while (!this.closed) {
      const s = this.queue.shift() ?? Int16Array.from({ length: this.size }, () => Math.random() * 30 - 15);
      this.sendFrame(s);
      next += FRAME_MS;
      await sleep(Math.max(0, next - performance.now()));
    }
  }

  /* Says a sound file; resolves with the time at which its last frame that is no silence was sent. */
  async say(file) {
    const s = wav(readFileSync(file)).channels[0];
    const frames = [];
    for (let i = 0; i + this.size <= s.length; i += this.size) frames.push(s.subarray(i, i + this.size));
    while (frames.length && db(frames.at(-1)) < -50) frames.pop();
    this.queue.push(...frames);
    await until('the question to be said', () => this.queue.length === 0);
    return performance.now();
  }

  loudAfter(at) {
    return this.heard.filter((f) => f.at > at && db(f.s) > -45);
  }

  sound(from = 0, to = Infinity) {
    const v = this.heard.filter((f) => f.at >= from && f.at < to).map((f) => f.s);
    const all = new Int16Array(v.reduce((n, s) => n + s.length, 0));
    let at = 0;
    for (const s of v) {
      all.set(s, at);
      at += s.length;
    }
    return all;
  }

  /* Until something was said and then nothing for ms. */
  async turn(from, ms = 1500) {
    await until('the bot to speak and end', () => {
      const loud = this.loudAfter(from);
      return loud.length > 20 && performance.now() - loud.at(-1).at > ms;
    }, 40000);
    return this.loudAfter(from);
  }
}

class AudioSocket extends Far {
  static async open(port, { rate = 8000, uuid = randomBytes(16) } = {}) {
    const x = new AudioSocket(rate);
    x.uuid = uuid.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
    x.kind = { 8000: 0x10, 16000: 0x12 }[rate];
    x.sock = net.connect(port, '127.0.0.1');
    x.sock.setNoDelay(true);
    x.sock.on('data', (d) => x.data(d));
    x.sock.on('close', () => (x.closed = true));
    x.sock.on('error', (e) => (x.error = e.code));
    x.in = Buffer.alloc(0);
    x.hangups = 0;
    await new Promise((done) => x.sock.once('connect', done));
    x.send(0x01, uuid);
    x.clock();
    return x;
  }

  send(kind, body = Buffer.alloc(0)) {
    if (this.closed) return;
    const head = Buffer.from([kind, body.length >> 8, body.length & 255]);
    this.sock.write(Buffer.concat([head, body]));
  }

  sendFrame(s) {
    this.send(this.kind, Buffer.from(s.buffer, s.byteOffset, s.byteLength));
  }

  data(d) {
    this.in = Buffer.concat([this.in, d]);
    while (this.in.length >= 3) {
      const n = this.in.readUInt16BE(1);
      if (this.in.length < 3 + n) break;
      const body = this.in.subarray(3, 3 + n);
      if (this.in[0] === 0x00) this.hangups++;
      else if (this.in[0] !== this.kind || n !== 2 * this.size) this.odd = `kind ${this.in[0]}, ${n} bytes`;
      else this.take(Int16Array.from({ length: n / 2 }, (_, i) => body.readInt16LE(2 * i)));
      this.in = this.in.subarray(3 + n);
    }
  }

  key(digit) {
    this.send(0x03, Buffer.from(digit));
  }

  hangup() {
    this.send(0x00);
  }
}

/* G.711 mu-law (ITU-T G.711), a sample each. */
function fromUlaw(byte) {
  const u = ~byte & 255;
  const v = (((u & 15) << 3) + 132 << (u >> 4 & 7)) - 132;
  return u & 128 ? -v : v;
}

function toUlaw(sample) {
  const sign = sample < 0 ? 128 : 0;
  const v = Math.min(Math.abs(sample), 32635) + 132;
  const e = Math.max(0, Math.floor(Math.log2(v)) - 7);
  return ~(sign | e << 4 | v >> e + 3 & 15) & 255;
}

/* Asterisk's chan_websocket with mu-law: as client, with a queue of frames that a timer of its own empties. */
class Asterisk extends Far {
  static async open(url, { json = false, headers = {} } = {}) {
    const x = new Asterisk(8000);
    x.json = json;
    x.uuid = `${Date.now()}.${Math.floor(Math.random() * 1e6)}`;
    x.commands = [];
    x.waiting = []; /* its queue of media frames */
    x.most = 0;
    x.ws = new WebSocket(url, ['media'], { headers });
    x.ws.on('message', (d, binary) => (binary ? x.media(d) : x.command(String(d))));
    x.ws.on('close', (code) => {
      x.closed = true;
      x.code = code;
    });
    x.ws.on('error', (e) => (x.error = e.message));
    await until('the socket', () => x.closed || x.ws.readyState === WebSocket.OPEN);
    if (x.closed) return x;
    x.event('MEDIA_START', { connection_id: 'callm', channel: 'WebSocket/callm/0x55', channel_id: x.uuid,
      format: 'ulaw', optimal_frame_size: 160, ptime: 20 });
    x.clock();
    return x;
  }

  event(event, fields = {}) {
    const plain = [event, ...Object.entries(fields).map(([k, v]) => `${k}:${v}`)].join(' ');
    this.ws.send(this.json ? JSON.stringify({ event, ...fields }) : plain);
  }

  media(d) {
    if (d.length % 160) this.odd = `${d.length} bytes`;
    for (let i = 0; i + 160 <= d.length; i += 160) this.waiting.push(d.subarray(i, i + 160));
    this.most = Math.max(this.most, this.waiting.length);
  }

  command(text) {
    const name = this.json ? JSON.parse(text).command : text;
    this.commands.push(name);
    if (name === 'FLUSH_MEDIA') this.waiting = [];
    if (name === 'HANGUP') this.ws.close(1000);
  }

  /* Each 20 ms one frame goes to us and one of its queue, or silence, to the caller. */
  sendFrame(s) {
    if (this.ws.readyState !== WebSocket.OPEN) return;
    this.ws.send(Buffer.from(Uint8Array.from(s, toUlaw)));
    const f = this.waiting.shift();
    this.take(f ? Int16Array.from(f, fromUlaw) : new Int16Array(160));
  }

  key(digit) {
    this.event('DTMF_END', { digit, channel_id: this.uuid });
  }

  hangup() {
    this.ws.close(1000);
  }
}

/* A carrier's media stream as Twilio has it: JSON with base64, the key among the custom parameters. */
class Twilio extends Far {
  static async open(url, token) {
    const x = new Twilio(8000);
    x.uuid = `CA${randomBytes(16).toString('hex')}`;
    x.sid = `MZ${randomBytes(16).toString('hex')}`;
    x.clears = 0;
    x.ws = new WebSocket(url);
    x.ws.on('message', (d) => x.message(JSON.parse(String(d))));
    x.ws.on('close', (code) => {
      x.closed = true;
      x.code = code;
    });
    x.ws.on('error', (e) => (x.error = e.message));
    await until('the socket', () => x.closed || x.ws.readyState === WebSocket.OPEN);
    x.tell({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    x.tell({ event: 'start', streamSid: x.sid, start: { streamSid: x.sid, callSid: x.uuid, tracks: ['inbound'],
      customParameters: { token, from: '+15550100' },
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 } } });
    x.clock();
    return x;
  }

  tell(v) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(v));
  }

  message(m) {
    if (m.streamSid !== this.sid) this.odd = m;
    if (m.event === 'clear') this.clears++;
    else if (m.event === 'media') this.take(Int16Array.from(Buffer.from(m.media.payload, 'base64'), fromUlaw));
    else this.odd = m;
  }

  sendFrame(s) {
    this.tell({ event: 'media', streamSid: this.sid, media: { track: 'inbound',
      payload: Buffer.from(Uint8Array.from(s, toUlaw)).toString('base64') } });
  }

  key(digit) {
    this.tell({ event: 'dtmf', streamSid: this.sid, dtmf: { track: 'inbound_track', digit } });
  }

  hangup() {
    this.tell({ event: 'stop', streamSid: this.sid, stop: { callSid: this.uuid } });
  }
}

/* ---- a whole call by any way ---- */

async function rowsOf(s, token, ref) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=20', { token });
  for (const conv of json.items) {
    const rows = await events(s, conv.id, token);
    if (rows[0]?.body.ref === ref) return { conv, rows };
  }
  return { conv: null, rows: [] };
}

async function wholeCall(s, token, name, far, ref, way) {
  const greeting = await far.turn(0);
  ok(isSpeech(far.sound(), far.rate), `${name}: the greeting is heard as speech`, speechiness(far.sound(), far.rate));
  const gaps = greeting.slice(1).map((f, i) => f.at - greeting[i].at).sort((a, b) => a - b);
  note(`${name}: frames of the greeting come every ${gaps[gaps.length >> 1].toFixed(1)} ms, p99 ${gaps[Math.floor(gaps.length * 0.99)].toFixed(1)}`);
  const asked = await far.say(speak(QUESTION[0], join(temp, `${name}.wav`), { rate: far.rate }));
  const answer = await far.turn(asked);
  note(`${name}: answered ${Math.round(answer[0].at - asked)} ms after the question`);
  ok(isSpeech(far.sound(asked), far.rate), `${name}: the answer is heard as speech`, speechiness(far.sound(asked), far.rate));
  const { rows } = await rowsOf(s, token, ref);
  ok(rows[0]?.kind === 'conversation.opened' && rows[0].body.way === way && rows[0].body.channel === 'phone',
    `${name}: the log says which way the call came and what the far side calls it`, rows[0] ?? 'no conversation');
  const bot = rows.find((e) => e.kind === 'turn.bot' && e.turn === 1);
  ok(bot?.body.grounded && QUESTION[1].test(bot.body.citations[0]?.article_id), `${name}: it is the right answer`,
    rows.map((e) => [e.kind, e.body.text]));
}

/* A long answer, and the caller speaks into it. */
async function interrupt(name, far) {
  const asked = await far.say(speak('How long do I have to return something?', join(temp, `${name}-2.wav`), { rate: far.rate }));
  const stop = speak('Stop, please stop, I want to ask something else.', join(temp, `${name}-3.wav`), { rate: far.rate });
  await until('the bot to speak', () => far.loudAfter(asked).length > 30, 20000);
  const from = performance.now();
  const said = await far.say(stop);
  const late = far.loudAfter(from).filter((f) => f.at < said);
  const last = late.length ? late.at(-1).at - from : 0;
  note(`${name}: interrupted, the last loud frame came ${Math.round(last)} ms after the caller began`);
  ok(last < 1500, `${name}: we fall silent when interrupted`, `${Math.round(last)} ms`);
  await far.turn(said);
}

async function keys(s, token, name, far, ref) {
  const from = performance.now();
  far.key('3');
  await far.turn(from);
  const { rows } = await rowsOf(s, token, ref);
  ok(rows.some((e) => e.kind === 'call.dtmf' && e.body.digit === '3'), `${name}: a key is obeyed`,
    rows.map((e) => [e.kind, e.body.text ?? e.body.digit]));
}

async function over(s, token, name, far, ref) {
  await until('the far side to be closed', () => far.closed, 5000);
  const { rows } = await until('the conversation to be closed', async () => {
    const got = await rowsOf(s, token, ref);
    return got.rows.at(-1)?.kind === 'conversation.closed' ? got : null;
  }, 5000);
  ok(rows.at(-1).body.by === 'customer', `${name}: the far side hung up, and the log says so`, rows.at(-1));
}

/* ---- AudioSocket ---- */

async function audiosocket(s, token, port) {
  for (const rate of [8000, 16000]) {
    const name = `audiosocket ${rate / 1000} kHz`;
    const x = await AudioSocket.open(port, { rate });
    await wholeCall(s, token, name, x, x.uuid, 'audiosocket');
    if (rate === 8000) {
      await interrupt(name, x);
      await keys(s, token, name, x, x.uuid);
    }
    ok(!x.odd, `${name}: only sound of this rate, 20 ms each`, x.odd);
    x.hangup();
    await over(s, token, name, x, x.uuid);
  }
}

/* ---- by WebSocket ---- */

async function asterisk(s, token, key) {
  const url = s.url.replace('http', 'ws') + '/asterisk/media';
  const stranger = await Asterisk.open(url);
  ok(stranger.closed && /401/.test(stranger.error), 'asterisk: without a key it is refused', stranger.error);
  for (const json of [false, true]) {
    const name = json ? 'asterisk in JSON' : 'asterisk';
    const headers = { authorization: `Basic ${Buffer.from(`pbx:${key}`).toString('base64')}` };
    const x = await Asterisk.open(json ? `${url}?token=${key}` : url, json ? { json } : { headers });
    ok(x.ws.protocol === 'media', `${name}: the subprotocol is media`, x.error ?? x.ws.protocol);
    await wholeCall(s, token, name, x, x.uuid, 'asterisk');
    if (!json) {
      await interrupt(name, x);
      ok(x.commands.includes('FLUSH_MEDIA'), `${name}: it was told to flush`, x.commands);
    }
    await keys(s, token, name, x, x.uuid);
    note(`${name}: at most ${x.most} frames of ours waited in its queue`);
    ok(!x.odd && x.most <= 12, `${name}: frames of its size, hardly any of them waiting`, { odd: x.odd, most: x.most });
    x.hangup();
    await over(s, token, name, x, x.uuid);
  }
}

async function twilio(s, token, key) {
  const url = s.url.replace('http', 'ws') + '/twilio/media';
  const stranger = await Twilio.open(url, 'sk-callm-0');
  await until('a stranger to be closed', () => stranger.closed, 5000);
  ok(stranger.code === 1008, 'twilio: without a key it is closed', stranger.code);
  const x = await Twilio.open(url, key);
  await wholeCall(s, token, 'twilio', x, x.uuid, 'twilio');
  await interrupt('twilio', x);
  ok(x.clears > 0, 'twilio: it was told to clear');
  await keys(s, token, 'twilio', x, x.uuid);
  ok(!x.odd, 'twilio: only messages of its stream', x.odd);
  x.hangup();
  await over(s, token, 'twilio', x, x.uuid);
}

/* Bytes to the port; resolves with what came back once the server has closed. */
function knock(port, bytes, { pause = 0, ms = 8000 } = {}) {
  return new Promise((done) => {
    const sock = net.connect(port, '127.0.0.1');
    const t0 = performance.now();
    const got = [];
    const timer = setTimeout(() => sock.destroy(), ms);
    sock.on('data', (d) => got.push(d));
    sock.on('error', () => {});
    sock.on('close', () => {
      clearTimeout(timer);
      done({ ms: performance.now() - t0, got: Buffer.concat(got) });
    });
    (async () => {
      if (!pause) sock.write(bytes);
      for (let i = 0; pause && i < bytes.length && !sock.destroyed; i++) {
        sock.write(bytes.subarray(i, i + 1));
        await sleep(pause);
      }
    })();
  });
}

async function hostile(s, token, port) {
  const id = Buffer.concat([Buffer.from([1, 0, 16]), randomBytes(16)]);
  const audio = Buffer.concat([Buffer.from([0x10, 1, 64]), Buffer.alloc(320)]);
  const cases = [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a giant length', Buffer.from([0x10, 255, 255, 1, 2])],
    ['sound before the UUID', Buffer.concat([audio, id])],
    ['half a UUID', id.subarray(0, 9)],
    ['nothing', Buffer.alloc(0)],
    ['garbage after the UUID', Buffer.concat([id, audio, Buffer.from([0x55, 0x55, 0x55])])],
    ['a trickle', id.subarray(0, 18), { pause: 400 }],
  ];
  const before = await metric(s, 'callm_audiosocket_calls_total');
  const all = await Promise.all(cases.map(([, b, how]) => knock(port, b, how)));
  for (const [i, r] of all.entries()) ok(r.ms < 7000, `${cases[i][0]} is closed`, `after ${Math.round(r.ms)} ms`);
  ok((await metric(s, 'callm_audiosocket_calls_total')) === before + 1, 'one of them was a call, until its garbage');
  const junk = await Promise.all(Array.from({ length: 40 }, () => knock(port, randomBytes(400))));
  ok(junk.length === 40 && s.running(), 'random bytes harm nothing');
  ok(/audiosocket.*(this is not AudioSocket|no UUID came)/.test(s.err), 'the log has a line about it', s.err.slice(-500));
  await until('no call to be left', async () => (await metric(s, 'callm_audiosocket_calls_active')) === 0, 5000);
}

async function full(s, port) {
  const a = await AudioSocket.open(port);
  const b = await AudioSocket.open(port);
  await until('two calls', async () => (await metric(s, 'callm_audiosocket_calls_active')) === 2);
  const c = await AudioSocket.open(port);
  await until('the third to be told', () => c.closed, 5000);
  ok(c.hangups === 1 && c.heard.length === 0, 'a third call of two is told to hang up', { hangups: c.hangups });
  const n = a.heard.length;
  await sleep(400);
  ok(!a.closed && a.heard.length > n + 15, 'the others go on');
  a.sock.destroy(); /* no farewell at all */
  b.hangup();
  await until('both to be over', async () => (await metric(s, 'callm_audiosocket_calls_active')) === 0, 5000);
  ok(true, 'a far side that just vanishes is over too');
}

async function drain(s, port) {
  const a = await AudioSocket.open(port);
  await until('a call', async () => (await metric(s, 'callm_audiosocket_calls_active')) === 1);
  const end = s.stop();
  await sleep(500);
  const b = await AudioSocket.open(port).catch(() => null);
  await until('the newcomer to be refused', () => !b || b.closed, 5000);
  ok(!a.closed && a.heard.length > 10, 'while the server drains the call goes on, a new one is refused');
  const t0 = performance.now();
  a.hangup();
  const { code } = await end;
  ok(code === 0 && performance.now() - t0 < 5000, 'the server ends in order once the call is over', s.err.slice(-500));
}

/* node tests/e2e/ways.mjs --density N: what N calls by AudioSocket cost the server, for docs/SPEED.md. */
async function density(n) {
  const s = await demo({ env: { CALLM_AUDIOSOCKET__LISTEN: '127.0.0.1:0', CALLM_AUDIOSOCKET__MAX_CALLS: String(n),
    CALLM_SPEECH__RECOGNISE: 'false' } });
  const port = Number(s.out.match(/AudioSocket on port (\d+)/)[1]);
  const cpu = () => readFileSync(`/proc/${s.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').slice(11, 13)
    .reduce((sum, v) => sum + Number(v) / 100, 0);
  const before = memory(s.pid);
  const calls = [];
  for (let i = 0; i < n; i++) {
    calls.push(await AudioSocket.open(port));
    calls[i].take = function () { this.count = (this.count ?? 0) + 1; };
  }
  await sleep(12000);
  const frames = () => calls.reduce((sum, x) => sum + (x.count ?? 0), 0);
  const [c, f, t] = [cpu(), frames(), performance.now()];
  await sleep(20000);
  const [c2, f2, secs] = [cpu(), frames(), (performance.now() - t) / 1000];
  note(`${n} calls: ${((c2 - c) / secs).toFixed(3)} of a core, ${((f2 - f) / secs / n).toFixed(2)} frames a second and call, ` +
    `${Math.round((memory(s.pid) - before) / n)} KB a call`);
  ok((await metric(s, 'callm_audiosocket_calls_active')) === n, `${n} calls are served`);
  for (const x of calls) x.sock.destroy();
}

const most = Number(process.argv[process.argv.indexOf('--density') + 1]);
if (most) await main(() => density(most));
const serve = async () => {
  const s = await demo({ env: { CALLM_AUDIOSOCKET__LISTEN: '127.0.0.1:0', CALLM_AUDIOSOCKET__MAX_CALLS: '2', CALLM_DISCLOSURE: 'false' } });
  return { s, token: await login(s), port: Number(s.out.match(/AudioSocket on port (\d+)/)?.[1]) };
};

/* Whole calls, three at a time. */
async function calls() {
  const { s, token, port } = await serve();
  const key = s.out.match(/key (sk-callm-\w+)/)[1];
  await until('the key to be known', async () => (await http(s, 'GET', '/v1/models', { token: key })).status === 200);
  await Promise.all([asterisk(s, token, key), twilio(s, token, key), audiosocket(s, token, port)]);
  for (const gauge of ['callm_stream_calls_active', 'callm_audiosocket_calls_active'])
    await until('all calls to be over', async () => (await metric(s, gauge)) === 0, 5000);
  const { json } = await http(s, 'GET', '/api/v1/health', { token });
  ok(json.components?.some((c) => c.name === 'audiosocket' && c.status === 'ok'), 'the health page shows it', json);
}

/* A server of its own for what is too much or wrong. */
async function limits() {
  const { s, token, port } = await serve();
  await full(s, port);
  await hostile(s, token, port);
  await drain(s, port);
}

await main(() => Promise.all([calls(), limits()]));
