/* recording.mjs: a call whose recording is made secret in the middle and then goes on: both sides are silent there, time
 * went on, the label can be read, the river says who did it and what is left; a killed server leaves a readable file. The
 * event log of the call is replayed. */
import { bin, demo, events, http, join, login, main, metric, note, ok, readdirSync, readFileSync, root, run, runAsync, speak, temp, until, wav,
  have, writeFileSync }
  from './lib.mjs';

const peak = (samples, from, to) => {
  let p = 0;
  for (let i = Math.max(0, Math.floor(from * 8)); i < Math.min(samples.length, Math.floor(to * 8)); i++) p = Math.max(p, Math.abs(samples[i]));
  return p;
};

const set = (s, token, id, state) => http(s, 'POST', `/api/v1/conversations/${id}/recording`, { token, body: { state } });

async function live(s, token) {
  let conv = null;
  await until('the call to be there', async () => {
    const { json } = await http(s, 'GET', '/api/v1/conversations?state=open&channel=phone&limit=1', { token });
    conv = json.items[0];
    return conv;
  });
  return conv;
}

/* The caller speaks for 14 s without a pause that ends the call; from 3 s to 8 s of it are secret. */
async function secretCall(s, token) {
  const talk = speak('I would like to know how long I have to return something that I bought last week in your store. '.repeat(3),
    join(temp, 'long.wav'), { rate: 8000 });
  const call = runAsync(bin, ['call', `sip:service@${s.sip}`, '--now', '--play', talk, '--max', '16000', '--quiet', '9000'], { ms: 40000 });
  const conv = await live(s, token);
  const began = Date.now();
  await new Promise((r) => setTimeout(r, 3000));
  const a = await set(s, token, conv.id, 'secret');
  await new Promise((r) => setTimeout(r, 5000));
  const b = await set(s, token, conv.id, 'on');
  ok(a.status === 200 && a.json.state === 'secret' && b.status === 200, 'staff make a recording secret and let it go on', [a, b]);
  ok((await set(s, token, conv.id, 'loud')).status === 400, 'another state is refused');
  await call;
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  return { conv, ms: Date.now() - began };
}

async function main_() {
  const s = await demo({ env: { CALLM_RECORDING__REPLAY: 'true', CALLM_RECORDING__PRODUCER: 'Example Shop' } });
  const token = await login(s);
  const { conv, ms } = await secretCall(s, token);
  const rows = await events(s, conv.id, token);
  const last = rows.find((e) => e.kind === 'recording.closed');
  ok(rows.some((e) => e.kind === 'recording.secret' && e.actor === 'agent') && rows.some((e) => e.kind === 'recording.on'),
    'the river says who changed it', rows.map((e) => e.kind));
  const span = last?.body.spans.find((x) => x.why === 'secret');
  ok(last?.body.complete && span && Math.abs(span.to_ms - span.from_ms - 5000) < 400, 'and what the recording lacks', last);
  const file = join(s.data, last.body.recording);
  const w = wav(readFileSync(file));
  ok(w.channels.length === 2 && w.rate === 8000, 'the recording is 8 kHz stereo');
  ok(Math.abs(w.channels[0].length / 8 - last.body.duration_ms) < 100 && last.body.duration_ms < ms + 500, 'it is as long as the call', [w.channels[0].length / 8, last.body.duration_ms, ms]);
  for (const [i, who] of ['customer', 'bot'].entries())
    ok(peak(w.channels[i], span.from_ms + 20, span.to_ms - 20) === 0, `the ${who}'s side of the secret time is silent`);
  ok(peak(w.channels[0], 0, span.from_ms - 300) > 1000 && peak(w.channels[0], span.to_ms + 20, span.to_ms + 3000) > 1000, 'around it the customer is heard');
  const head = readFileSync(file).subarray(0, 1024).toString('latin1');
  ok(/LIST.*ICMT.*"AIGC":\{"Label":"1","ContentProducer":"Example Shop"/s.test(head), 'the label stands in front of the sound', head);
  if (have('soxi')) ok(Number(run('soxi', ['-D', file]).out) === w.channels[0].length / 8000, 'soxi reads it to its end');
  await s.stop();
  const logs = readdirSync(join(s.data, 'recordings')).filter((f) => f.endsWith('.jsonl')).map((f) => join(s.data, 'recordings', f));
  const r = run(bin, ['replay', '--key', join(s.data, 'replay.key'), ...logs]);
  note(r.out.trim());
  ok(logs.length === 1 && r.code === 0 && /the same/.test(r.out), 'the call replays byte for byte', r.out + r.err);
  await killed();
}

async function killed() {
  const s = await demo();
  const token = await login(s);
  const call = runAsync(bin, ['call', `sip:service@${s.sip}`, '--now', '--play', speak('Hello, hello, is anybody there?', join(temp, 'k.wav'), { rate: 8000, after: 8 }), '--max', '9000'], { ms: 30000 });
  await live(s, token);
  await new Promise((r) => setTimeout(r, 4500));
  await s.kill();
  await call;
  const name = readdirSync(join(s.data, 'recordings')).find((f) => f.endsWith('.wav'));
  const w = wav(readFileSync(join(s.data, 'recordings', name)));
  ok(w.channels[0].length >= 3 * 8000 && peak(w.channels[0], 0, 3000) > 1000, 'a killed server leaves a readable recording', w.channels[0].length);
}

/* The recorded calls of the demo: the engine still does what it did, and shows a changed log. */
function calls() {
  const dir = join(root, 'demo/calls');
  const logs = readdirSync(dir).filter((f) => f.endsWith('.jsonl')).map((f) => join(dir, f));
  const key = ['--key', join(dir, 'replay.key')];
  const r = run(bin, ['replay', ...key, ...logs]);
  note(r.out.trim().split('\n').at(-1));
  ok(logs.length === 10 && r.code === 0, 'ten recorded calls replay byte for byte', r.out + r.err);
  const text = logs.map((f) => readFileSync(f, 'utf8')).join('');
  const open = text.replace(/"sealed":"[0-9a-f]+"/g, '');
  ok(/sealed/.test(text) && !/4539.?5787|5787.?6362|five seven eight seven/i.test(open), 'none holds the card number that was said');
  const changed = join(temp, 'changed.jsonl');
  writeFileSync(changed, readFileSync(logs[0], 'utf8').replace('"kind":"say"', '"kind":"sing"'));
  const d = run(bin, ['replay', ...key, changed]);
  ok(d.code === 1 && /differs at line \d+/.test(d.out) && /expected.*sing/.test(d.out) && /got .*say/.test(d.out), 'a difference is shown', d.out + d.err);
  const missing = run(bin, ['replay', join(temp, 'nothing.jsonl')]);
  ok(missing.code === 1 && /nothing\.jsonl/.test(missing.err), 'a missing log is told', missing.err);
}

await main(async () => {
  await main_();
  calls();
});
