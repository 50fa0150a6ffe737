/* parties.mjs: several persons in one call on a real server: a caller presses 0 and waits with the company's music and its
 * announcement, an agent takes the call by telephone, a supervisor listens, whispers, speaks and takes over, a colleague is consulted, brought together with the caller and
 * handed the call. Everybody speaks a tone of their own all the time, so what each telephone received says who heard
 * whom, and nothing may click. */
import { bin, demo, events, http, join, login, main, metric, note, ok, openQueues, readFileSync, runAsync, sleep, temp, until, wav, wavOf,
  WebSocket, writeFileSync } from './lib.mjs';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { db, joined, person, sine, tone } from './person.mjs';

const MUSIC = 1850;
const HZ = { caller: 400, agent: 700, colleague: 1000, supervisor: 1300 };

/* A desk: its events, and orders that are answered. */
async function desk(s, who) {
  const token = await login(s, who);
  const ws = new WebSocket(`${s.url.replace('http', 'ws')}/ws/agent?token=${token}`);
  const d = { token, frames: [], orders: new Map(), n: 0 };
  ws.on('message', (m) => {
    const f = JSON.parse(m);
    if (f.re) d.orders.get(f.re)?.(f);
    else d.frames.push(f);
  });
  ws.on('error', () => {});
  await until(`hello for ${who}`, () => d.frames.length);
  d.order = (op, data) =>
    new Promise((resolve) => {
      const id = `${who}${++d.n}`;
      d.orders.set(id, resolve);
      ws.send(JSON.stringify({ id, op, data }));
      setTimeout(() => resolve({ ok: false, detail: 'no answer' }), 15000);
    });
  d.wait = (type, fits = () => true) => until(`${who}: ${type}`, () => d.frames.find((f) => f.type === type && fits(f.data)), 40000);
  d.close = () => ws.terminate();
  return d;
}

/* A telephone that speaks a tone for ever; hears(since): whose tones it got in the half second before now. */
async function telephone(who) {
  const p = await person({ play: sine(HZ[who], 180000, 4000) });
  p.hears = () => {
    const end = performance.now();
    const got = p.heard.filter((f) => f.at > end - 400 && f.at <= end - 20).map((f) => f.s);
    const s = got.length ? joined(...got) : new Int16Array(160);
    return Object.keys(HZ).filter((w) => tone(s, HZ[w]) > -36).join();
  };
  return p;
}

/* A supervisor's browser: speaks the supervisor's tone, keeps what it gets. */
async function browser(s, token) {
  const ws = new WebSocket(`${s.url.replace('http', 'ws')}/ws/media?token=${token}`);
  const got = [];
  ws.on('message', (m, binary) => binary && got.push(Int16Array.from({ length: m.length / 2 }, (_, i) => m.readInt16LE(i * 2))));
  ws.on('error', () => {});
  await new Promise((resolve, reject) => (ws.on('open', resolve), ws.on('close', () => reject(new Error('the browser line is refused')))));
  const from = performance.now();
  let n = 0;
  const timer = setInterval(() => {
    for (; n * 20 <= performance.now() - from && ws.readyState === 1; n++)
      ws.send(Buffer.from(Int16Array.from({ length: 320 }, (_, i) => 4000 * Math.sin((2 * Math.PI * HZ.supervisor * (n * 320 + i)) / 16000)).buffer));
  }, 10);
  return {
    hears: () => {
      const all = got.slice(-20);
      const x = all.length ? joined(...all) : new Int16Array(320);
      return Object.keys(HZ).filter((w) => tone(x, HZ[w] / 2) > -36).join(); // tone() counts in 8 kHz
    },
    close: () => (clearInterval(timer), ws.terminate()),
  };
}

/* Hann-windowed energy at 3.7 kHz of every 20 ms (hop 5 ms): a jump of a frame is far above what tones and mu-law leave. */
function click(s) {
  let worst = -200;
  for (let at = 0; at + 160 <= s.length; at += 40) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < 160; i++) {
      const x = s[at + i] * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 160));
      re += x * Math.cos((2 * Math.PI * 3700 * i) / 8000);
      im += x * Math.sin((2 * Math.PI * 3700 * i) / 8000);
    }
    worst = Math.max(worst, 20 * Math.log10((4 * Math.hypot(re, im)) / 160 / 32768 + 1e-9));
  }
  return worst;
}

/* What the caller heard, 100 ms by 100 ms: music, the agent's tone, words (any other sound) or nothing. */
const sounds = (got) =>
  Array.from({ length: Math.floor(got.length / 800) }, (_, i) => {
    const s = got.subarray(i * 800, i * 800 + 800);
    return tone(s, HZ.agent) > -36 ? 'agent' : tone(s, MUSIC) > -36 ? 'music' : db(s) > -45 ? 'words' : '';
  });
/* In a row: what, and how many tenths of a second; pauses and what is shorter than 0.3 s are left out. */
function rows(all) {
  const add = (r, x) => {
    if (r.at(-1)?.what === x.what) r.at(-1).n += x.n;
    else r.push({ ...x });
    return r;
  };
  return all.map((what) => ({ what, n: 1 })).reduce(add, []).filter((x) => x.n > 2 && x.what).reduce(add, []);
}

await main(async () => {
  const phones = { agent: await telephone('agent'), colleague: await telephone('colleague'), supervisor: await telephone('supervisor') };
  const yaml = join(temp, 'parties.yaml');
  const company = join(temp, 'company');
  cpSync('demo', company, { recursive: true });
  const folder = join(temp, 'sounds');
  mkdirSync(folder);
  writeFileSync(join(folder, 'sine.wav'), wavOf(sine(MUSIC, 3010, 9000)));
  cpSync(folder, join(company, 'music'), { recursive: true });
  const queues = readFileSync(join(company, 'queues.yaml'), 'utf8');
  writeFileSync(join(company, 'queues.yaml'), `music: music\n${queues}`);
  writeFileSync(yaml, `company: ${company}/company.yaml\ntransfer:\n  allow: ["sip:*@127.0.0.1"]\n`);
  const checked = await runAsync(bin, ['queues', 'check', join(company, 'queues.yaml')]);
  ok(checked.code === 0, 'music: a folder of sounds beside queues.yaml is found', checked.err);
  rmSync(join(company, 'music'), { recursive: true });
  const broken = await runAsync(bin, ['check', '--config', yaml]);
  ok(broken.code === 0 && /warning: the server starts/.test(broken.err) && /company.music: there is no such file or folder/.test(broken.err),
    'music that is gone: callm check warns', broken);
  writeFileSync(join(company, 'queues.yaml'), `music: default\n${queues}`);
  const named = await runAsync(bin, ['check', '--config', yaml]);
  ok(named.code === 0 && /queues.yaml:1:music: music "default" does not name/.test(named.err), "and of another system's class", named);
  writeFileSync(join(company, 'queues.yaml'), `music: music\n${queues}`);
  const mute = await demo({ args: ['--config', yaml] });
  await until('the log to tell it', () => /acd.music.*there is no such file or folder/.test(mute.err));
  ok((await mute.stop()).code === 0, 'and the server runs, with the tune');
  cpSync(folder, join(company, 'music'), { recursive: true });
  const s = await demo({ args: ['--config', yaml] });
  const admin = await login(s);
  await openQueues(s, admin);
  const general = (await http(s, 'GET', '/api/v1/queues/general', { token: admin })).json;
  const announce = { position: true, wait: false, first_s: 6, every_s: 60 };
  const put = await http(s, 'PUT', '/api/v1/queues/general', { token: admin, body: { ...general, hours: undefined, announce } });
  ok(put.status === 200, 'an announcement after 6 s', put.text);
  const absent = await http(s, 'PUT', '/api/v1/queues/general', { token: admin, body: { ...general, hours: undefined, music: 'music/absent.wav' } });
  ok(absent.status === 400 && /absent.wav: there is no such file/.test(absent.text), 'music that is not there is refused', absent.text);
  const recordings = await http(s, 'PUT', '/api/v1/queues/general', { token: admin, body: { ...general, hours: undefined, music: '../data/recordings' } });
  ok(recordings.status === 400 && /nor what lies in it/.test(recordings.text), 'nor is anything else of the disk played', recordings.text);
  const mei = await desk(s, 'mei');
  const lin = await desk(s, 'lin');

  const play = join(temp, 'caller.wav');
  const heard = join(temp, 'heard.wav');
  writeFileSync(play, wavOf(sine(HZ.caller, 120000, 4000)));
  const call = runAsync(bin, ['call', `sip:service@${s.sip}`, '--play', play, '--dtmf', '0', '--quiet', '90000', '--max', '75000', '--record', heard],
    { ms: 100000 }).then((r) => ({ ...r, heard: wav(readFileSync(heard)).channels[0] }));
  await until('the caller to wait', async () =>
    (await http(s, 'GET', '/api/v1/handovers?state=QUEUED', { token: admin })).json.items.length, 40000);
  await sleep(23000); // the announcement is over: nobody is there, the place is kept
  ok((await mei.order('state', { state: 'ready' })).ok, 'an agent is ready');
  const offer = (await mei.wait('handover.offered')).data;
  const at = { handover: offer.handover, conversation: offer.conversation };
  const taken = await mei.order('accept', { ...at, to: phones.agent.uri });
  ok(taken.ok, 'the agent accepts, with a telephone', taken);
  await mei.wait('handover.accepted', (d) => d.handover === at.handover);

  const hear = async (what, want) => {
    await sleep(700);
    const right = () => Object.entries(want).every(([who, tones]) => phones[who].hears() === tones);
    await until(what, right, 4000).catch(() => {});
    for (const [who, tones] of Object.entries(want)) {
      const got = phones[who].hears();
      ok(got === tones, `${what}: the ${who} hears ${tones || 'nobody'}`, got);
    }
  };
  const order = async (who, op, data = {}) => {
    const r = await who.order(op, { ...at, ...data });
    ok(r.ok, op, r);
  };
  await hear('talking', { agent: 'caller' });
  /* At a browser: 16 kHz frames both ways, a tone from there too. */
  const web = await browser(s, lin.token);
  await order(lin, 'monitor', { line: 'web' });
  await hear('monitor at a browser', { agent: 'caller' });
  ok(web.hears() === 'caller,agent', 'and the browser hears both', web.hears());
  await order(lin, 'whisper');
  await hear('whisper from a browser', { agent: 'caller,supervisor' });
  await order(lin, 'drop', { party: 'super:lin' });
  web.close();
  await order(lin, 'monitor', { to: phones.supervisor.uri });
  await until('the supervisor to be up', () => phones.supervisor.upAt);
  await hear('monitor', { agent: 'caller', supervisor: 'caller,agent' });
  const moved = await mei.order('merge', { ...at, party: 'super:lin' });
  ok(moved.status === 403, 'an agent does not let the caller hear who listens', moved);
  await order(lin, 'whisper');
  await hear('whisper', { agent: 'caller,supervisor', supervisor: 'caller,agent' });
  let barged = performance.now();
  await order(lin, 'barge');
  await hear('barge', { agent: 'caller,supervisor', supervisor: 'caller,agent' });
  await order(lin, 'monitor');
  barged = performance.now() - barged;
  await order(mei, 'hold');
  await hear('hold', { agent: '', supervisor: 'caller' });
  await order(mei, 'unhold');
  await order(mei, 'consult', { to: phones.colleague.uri });
  await until('the colleague to be up', () => phones.colleague.upAt);
  await hear('consult', { agent: 'colleague', colleague: 'agent', supervisor: 'caller,agent,colleague' });
  await order(mei, 'merge');
  await hear('merge', { agent: 'caller,colleague', colleague: 'caller,agent' });
  const over = performance.now();
  await order(lin, 'takeover');
  await hear('take over', { supervisor: 'caller' });
  ok(phones.agent.byes === 1 && phones.colleague.byes === 1, 'take over: the agent and the colleague are let go', [phones.agent.byes, phones.colleague.byes]);
  await order(lin, 'mute'); // it is theirs now: their own line, under the name they came with
  await order(lin, 'unmute');
  await order(lin, 'end', { survey: false });
  await call;
  await until('all calls to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  ok(phones.supervisor.byes === 1, 'the call ends: who is left gets BYE', phones.supervisor.byes);

  const list = await events(s, at.conversation, admin);
  const steps = list.filter((e) => e.kind === 'call.party').map((e) => `${e.body.id ?? e.body.party} ${e.body.step}`);
  ok(steps.some((x) => /^super:lin joined/.test(x)) && steps.some((x) => /left/.test(x)), 'each step is a row of the conversation', steps);

  /* What the caller heard, 100 ms by 100 ms; a whisper is nowhere in it. */
  const seen = [];
  const got = (await call).heard;
  for (let i = 0; i + 1600 <= got.length; i += 800)
    seen.push(Object.keys(HZ).filter((w) => tone(got.subarray(i, i + 1600), HZ[w]) > -36).join('+'));
  const first = (x, from = 0) => seen.indexOf(x, from);
  const order4 = ['agent', 'agent+supervisor', 'agent+colleague', 'supervisor'].map((x) => first(x, seen.indexOf('agent')));
  ok(order4.every((x, i) => x >= 0 && (i === 0 || x > order4[i - 1])), 'the caller hears agent, barge, conference, supervisor, in this order', order4);
  const both = seen.filter((x) => x === 'agent+supervisor').length * 100;
  ok(both > 300 && both < barged + 500, `the supervisor is heard while they speak to the caller only: ${both} of ${Math.round(barged)} ms`);
  const parts = rows(sounds(got));
  const joinsAt = parts.findIndex((r) => r.what === 'agent');
  const waited = parts.slice(Math.max(0, joinsAt - 3), joinsAt + 1);
  ok(waited.map((r) => r.what).join() === 'music,words,music,agent', `who waits hears music, the announcement alone, music again until the agent is there: ${
    waited.map((r) => `${r.what} ${(r.n / 10).toFixed(1)} s`).join(', ')}`, parts);
  ok(parts.slice(joinsAt + 1).some((r) => r.what === 'music'), 'and on hold', parts);
  for (const [who, p] of Object.entries(phones)) {
    const c = click(joined(...p.heard.filter((f) => f.at > p.upAt + (p === phones.agent ? 8000 : 500) && f.at < over).map((f) => f.s)));
    ok(c < -50, `nothing clicks at the ${who}: at most ${c.toFixed(1)} dB at 3.7 kHz`);
  }
  mei.close();
  lin.close();
  ok((await s.stop()).code === 0, 'the server ends in order', s.err);
  for (const p of Object.values(phones)) p.close();
});
