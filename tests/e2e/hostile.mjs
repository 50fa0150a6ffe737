/* hostile.mjs: while a call is up: 50 and more hostile HTTP requests (the corpus of the fuzz target), broken
 * WebSocket frames, the messages of RFC 4475 and our own SIP and RTP corpora. The call must not notice. */
import dgram from 'node:dgram';
import net from 'node:net';
import { bin, demo, http, join, login, main, metric, note, ok, readFileSync, readdirSync, root, runAsync, speak, temp,
  until, WebSocket } from './lib.mjs';

const files = (dir) => readdirSync(dir).sort().map((f) => [f, readFileSync(join(dir, f))]);
const corpus = (name) => files(join(root, 'tests/fuzz/corpus', name));

/* Sends bytes, half-closes, gives what came back; ends when the server closed or after ms. */
function raw(s, bytes, ms = 4000) {
  const { port, hostname } = new URL(s.url);
  return new Promise((resolve) => {
    let got = '';
    const c = net.connect(Number(port), hostname, () => c.end(bytes));
    const over = (closed) => {
      clearTimeout(timer);
      c.destroy();
      resolve({ got, closed });
    };
    const timer = setTimeout(() => over(false), ms);
    c.on('data', (d) => (got += d.toString('latin1')));
    c.on('error', () => over(true));
    c.on('close', () => over(true));
  });
}

async function hostileHttp(s) {
  const all = corpus('web_http');
  const wrong = [];
  let served = 0;
  let refused = 0;
  for (const [name, bytes] of all) {
    const r = await raw(s, bytes);
    const status = Number(r.got.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0);
    if (status >= 500 && status !== 501 && status !== 503 && status !== 505) wrong.push(`${name}: ${status}`);
    if (status >= 400) refused++;
    else if (status) served++;
    if (!r.closed) wrong.push(`${name}: still open after 4 s`);
  }
  note(`${all.length} hostile requests: ${refused} refused, ${served} served, the rest closed`);
  ok(all.length >= 50 && !wrong.length, `${all.length} hostile HTTP requests get a clear error or are closed`, wrong);
}

async function hostileApi(s, token) {
  const bad = [
    ['POST', '/api/v1/conversations', '{'], ['POST', '/api/v1/conversations', '[]'], ['POST', '/api/v1/bot/turn', '{"text":7}'],
    ['POST', '/api/v1/bot/turn', '{"text":""}'], ['POST', '/api/v1/bot/turn', `{"text":"${'a'.repeat(100000)}"}`],
    ['POST', '/api/v1/kb/search', '{"query":"\\ud800"}'], ['POST', '/api/v1/kb/search', `{"query":${'['.repeat(2000)}`],
    ['POST', '/api/v1/auth/login', '{"login":"admin\u0000","password":[]}'], ['GET', '/api/v1/conversations?limit=-1'],
    ['GET', '/api/v1/conversations?cursor=%ff%fe'], ['GET', "/api/v1/articles/';DROP TABLE event;--"],
    ['GET', '/api/v1/conversations/../../etc/passwd/events'], ['DELETE', '/api/v1/conversations'],
    ['GET', '/api/v1/conversations/01ARZ3NDEKTSV4RRFFQ69G5FAV/recording'], ['POST', '/api/v1/kb/search', '{"query":"x","k":1e99}'],
  ];
  const wrong = [];
  for (const [method, path, body] of bad) {
    const r = await fetch(s.url + path, { method, body, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })
      .catch((e) => ({ status: 999, headers: new Map(), text: () => `${e.message}: ${e.cause?.message}` }));
    const type = r.headers.get('content-type') ?? '';
    const text = await r.text();
    if (r.status === 999) wrong.push(`${method} ${path} ${body?.slice(0, 40)}: ${text}`);
    else if (r.status >= 500 || (r.status >= 400 && !/problem\+json/.test(type))) wrong.push(`${method} ${path}: ${r.status} ${type}`);
  }
  ok(!wrong.length, `${bad.length} senseless API requests get problem+json`, wrong);
}

/* Frames of nonsense on a good socket: it answers with errors or closes, and the next one works. */
async function hostileSockets(s) {
  const texts = ['', '{', '[]', '{"op":7}', '{"op":"session.resume","data":{"id":"x","token":"y"}}', '{"op":"message.send","data":{"text":1}}',
    'x'.repeat(60000), '{"op":"session.start","data":{"language":["zh"]}}', '{"op":"session.start"}', '{"op":"message.send","data":{"text":"\\u0000"}}'];
  const ws = new WebSocket(`${s.url.replace('http', 'ws')}/ws/chat`);
  let frames = 0;
  ws.on('message', () => frames++);
  ws.on('error', () => undefined);
  await new Promise((r) => ws.on('open', r));
  for (const t of texts) ws.send(t);
  ws.send(Buffer.from([0xff, 0xfe, 0, 1]));
  await until('an answer to nonsense', () => frames > 0 || ws.readyState === WebSocket.CLOSED);
  ws.terminate();
  for (const [, bytes] of corpus('web_ws')) {
    const key = 'GET /ws/chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    await raw(s, Buffer.concat([Buffer.from(key), bytes]), 300);
  }
  const again = new WebSocket(`${s.url.replace('http', 'ws')}/ws/chat`);
  const session = new Promise((resolve, reject) => {
    again.on('message', (m) => JSON.parse(m).type === 'session' && resolve(true));
    again.on('error', reject);
  });
  await new Promise((r) => again.on('open', r));
  again.send('{"op":"session.start","data":{"language":"en"}}');
  ok(await session, 'broken WebSocket frames: the next socket is served');
  again.terminate();
}

function sipPort(s) {
  return Number(s.sip.split(':')[1]);
}

/* Resolves to the first line of the answer to an OPTIONS, or null. */
function options(s, sock) {
  return new Promise((resolve) => {
    const { port } = sock.address();
    const id = Math.random().toString(36).slice(2);
    const timer = setTimeout(() => resolve(null), 5000);
    const got = (m) => {
      if (!m.toString().includes(id)) return;
      clearTimeout(timer);
      sock.off('message', got);
      resolve(m.toString().split('\r\n')[0]);
    };
    sock.on('message', got);
    sock.send(`OPTIONS sip:service@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${id}\r\nMax-Forwards: 70\r\nFrom: <sip:h@127.0.0.1>;tag=h\r\nTo: <sip:service@127.0.0.1>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`, sipPort(s), '127.0.0.1');
  });
}

async function hostileSip(s) {
  const sock = dgram.createSocket('udp4');
  await new Promise((r) => sock.bind(0, '127.0.0.1', r));
  let sent = 0;
  const sets = process.env.CALLM_DATA_SETS;
  const all = [...corpus('tel_sip'), ...corpus('tel_sdp')];
  if (sets) all.push(...files(join(sets, 'sip_torture/rfc4475')).filter(([f]) => f.endsWith('.dat')));
  else note('RFC 4475 left out: CALLM_DATA_SETS is not set');
  for (const [, bytes] of all) {
    if (bytes.length > 60000) continue;
    sock.send(bytes, sipPort(s), '127.0.0.1');
    sent++;
    if (sent % 20 === 0) await options(s, sock);
  }
  const line = await options(s, sock);
  ok(sent >= 20 && /^SIP\/2\.0 200/.test(line ?? ''), `${sent} hostile SIP messages${sets ? ', those of RFC 4475 among them' : ''}: OPTIONS is answered`, line);
  sock.close();
}

await main(async () => {
  const s = await demo();
  const token = await login(s);
  const q = speak('Do I have to pay to send something back?', join(temp, 'q.wav'), { rate: 8000, before: 13 });
  const call = runAsync(bin, ['call', `sip:service@${s.sip}`, '--play', q, '--now', '--max', '60000'], { ms: 100000 });
  await until('the call to be up', async () => (await metric(s, 'callm_calls_active')) === 1);
  const t0 = Date.now();
  await hostileHttp(s);
  await hostileApi(s, token);
  await hostileSockets(s);
  await hostileSip(s);
  note(`all of it in ${Date.now() - t0} ms`);
  ok(s.running() && (await metric(s, 'callm_calls_active')) >= 1, 'the server lives, the call is still up',
    [await metric(s, 'callm_calls_active'), s.err]);
  const c = await call;
  const r = c.out ? JSON.parse(c.out) : {};
  note(`call: ${JSON.stringify(r)}`);
  ok(r.answered && r.heard_ms > 14000 && r.rtp_lost === 0, 'the call went on through it, no packet lost', c.out + c.err);
  ok(Math.abs(r.rtp_in - r.heard_ms / 20) < 0.05 * r.rtp_in, 'the call got its packets', r);
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=5', { token });
  ok(json?.items.some((x) => x.turns >= 1), 'its question was answered', json);
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order, without a report of the sanitizers', { end, err: s.err });
});
