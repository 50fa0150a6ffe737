/* outbound.mjs: the company calls: a person, a machine with a beep, an assistant that asks who is calling, a full
 * mailbox, silence, busy, nobody; what the API says about each, and how soon we speak. With figures. */
import { bin, demo, have, http, join, login, main, metric, note, ok, readFileSync, run, skip, temp, until, wav, writeFileSync } from './lib.mjs';
import { db, joined, person, silence, sine } from './person.mjs';

let n = 0;
/* Spoken by flite (or espeak-ng), 8 kHz; trailing silence cut. */
function spoken(text, voice = 'slt') {
  const raw = join(temp, `out-${n++}.wav`);
  const file = join(temp, `out-${n++}.wav`);
  if (voice === 'zh') run('espeak-ng', ['-v', 'cmn', '-w', raw, text]);
  else run('flite', ['-voice', voice, '-t', text, '-o', raw]);
  run('sox', [raw, '-r', '8000', '-c', '1', '-b', '16', file, 'gain', '-n', '-8']);
  const s = wav(readFileSync(file)).channels[0];
  let end = s.length;
  while (end > 160 && db(s.subarray(end - 160, end)) < -45) end -= 160;
  return s.slice(0, end);
}

const p95 = (v) => [...v].sort((a, b) => a - b)[Math.min(v.length - 1, Math.floor(v.length * 0.95))];

await main(async () => {
  if (!have('flite') || !have('espeak-ng') || !have('sox')) return skip('outbound', 'flite, espeak-ng or sox is not installed');
  /* What can never be dialled is named before the start. */
  const wrong = join(temp, 'wrong.yaml');
  writeFileSync(wrong, 'transfer:\n  to: "+4961550"\n  allow: ["ann@pbx"]\noutbound:\n  allow: ["sip:*2@pbx", "+49*"]\n');
  const checked = run(bin, ['check', wrong]);
  ok(checked.code !== 0 && ['transfer.to', 'transfer.allow[0]', 'outbound.allow[0]'].every((w) => checked.err.includes(w)) &&
    !checked.err.includes('outbound.allow[1]'), 'callm check names wrong addresses', checked.out + checked.err);

  const bob = await person();
  const file = join(temp, 'outbound.yaml');
  writeFileSync(file, 'outbound:\n  allow: ["sip:*@127.0.0.1"]\n  ring_s: 3\n');
  const s = await demo({ args: ['--config', file] });
  const token = await login(s);

  /* One call to the end, or until a person was talked to; {call, sound: ms from the end of their words to ours}. */
  async function call({ does = 'answers', play = silence(0), after = 60, talk = 1500, body = {}, lead = 300 }) {
    bob.again();
    bob.does = does;
    bob.play = joined(silence(lead), play, silence(60000));
    const r = await http(s, 'POST', '/api/v1/calls', {
      token,
      body: { to: bob.uri, text: 'Your parcel has arrived at our shop.', language: 'en', purpose: 'a parcel', ...body },
    });
    if (r.status !== 202) throw new Error(`POST /api/v1/calls: ${r.status} ${r.text}`);
    const get = async () => (await http(s, 'GET', `/api/v1/calls/${r.json.id}`, { token })).json;
    const last = await until('the call to get somewhere', async () => {
      const c = await get();
      return ['human', 'ended', 'failed'].includes(c.state) && c;
    }, 30000);
    const words = bob.playedAt + lead + play.length / 8;
    if (last.state === 'human') {
      await until('our words', () => bob.firstLoud(words) !== null, 8000);
      await new Promise((ok2) => setTimeout(ok2, talk));
      bob.hangUp();
      await until('the end', async () => ['ended', 'failed'].includes((await get()).state));
    }
    await until('all calls to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
    const c = await get();
    return { call: c, states: c.events.map((e) => e.body.state), sound: bob.playedAt ? bob.firstLoud(words) : null, heard: bob.heard };
  }

  /* Not allowed, not signed in, no text. */
  const post = (body, t = token) => http(s, 'POST', '/api/v1/calls', { token: t, body });
  ok((await post({ to: 'sip:bob@10.0.0.1', text: 'x' })).status === 403, 'who is not on the list is not called');
  ok((await post({ to: bob.uri })).status === 400, 'a call needs a text');
  ok((await post({ to: bob.uri, text: 'x' }, 'nonsense')).status === 401, 'a stranger may call nobody');
  ok(bob.invites === 0, 'and no telephone rang');

  /* Persons. */
  const waits = [];
  const hellos = [['Hello?', 'slt'], ['Hello?', 'rms'], ['Yes?', 'kal'], ['Hello, this is Anna.', 'slt'], ['Hi, who is this?', 'awb'],
    ['Bob Miller speaking.', 'rms'], ['喂，你好。', 'zh'], ['喂', 'zh']];
  for (const [text, voice] of hellos) {
    const r = await call({ play: spoken(text, voice), body: { language: voice === 'zh' ? 'zh' : 'en' } });
    ok(r.states.join() === 'requested,ringing,answered,human,ended' && r.call.conversation_id, `"${text}" (${voice}) is a person`, r.states);
    if (r.sound !== null) waits.push(r.sound);
    if (text === 'Hello?' && voice === 'slt') {
      const rows = (await http(s, 'GET', `/api/v1/conversations/${r.call.conversation_id}/events`, { token })).json.items;
      ok(rows.some((e) => /automated assistant/.test(e.body.text ?? '')) && rows.some((e) => /parcel has arrived/.test(e.body.text ?? '')),
        'what we are and why we call is said', rows.map((e) => e.body.text));
    }
  }
  note(`first words after the end of theirs: ${waits.map((x) => Math.round(x)).join(', ')} ms; p95 ${Math.round(p95(waits))} ms`);
  ok(waits.length === hellos.length && p95(waits) <= 1500, 'persons hear us within 1.5 s of their words', waits);

  /* Machines. */
  const greeting = 'Hi, you have reached Bob. I am not available right now. Please leave a message after the beep.';
  const lates = [];
  for (const voice of ['slt', 'rms', 'kal']) {
    const g = joined(spoken(greeting, voice), silence(600), sine(1000, 400));
    const r = await call({ play: g, body: { message: 'This is the shop. Your parcel is here. Goodbye.' } });
    ok(r.states.join() === 'requested,ringing,answered,machine,message,ended' && r.call.reason === 'machine', `a machine (${voice}) gets the message`, r.states);
    if (r.sound !== null) lates.push(r.sound);
    const loud = r.heard.filter((f) => db(f.s) > -45);
    ok(loud.length > 75, 'the message is heard', loud.length * 20);
    const bye = bob.overAt - (loud.at(-1)?.at ?? 0);
    ok(bob.byes === 1 && bye < 900, 'hung up soon after its last word', bye);
  }
  note(`message after the end of the beep: ${lates.map((x) => Math.round(x)).join(', ')} ms`);
  ok(lates.length === 3 && Math.max(...lates) <= 1000 && Math.min(...lates) >= 0, 'the message starts within 1 s of the beep', lates);
  const none = await call({ play: joined(spoken(greeting), silence(400), sine(800, 300)) });
  ok(none.call.state === 'ended' && none.call.reason === 'machine' && !none.states.includes('message'), 'without a message a machine is hung up', none.states);

  /* Silence: "hello?", then the conversation. */
  const quiet = await call({});
  ok(quiet.states.join() === 'requested,ringing,answered,human,ended', 'silence is asked, then talked to', quiet.states);
  ok(quiet.sound > 2000 && quiet.sound < 3500, 'asked after 2.5 s', quiet.sound);

  /* Nobody there. */
  const busy = await call({ does: 'busy' });
  ok(busy.call.state === 'failed' && busy.call.reason === 'busy' && busy.call.sip_status === 486, 'busy', busy.call);
  const declined = await call({ does: 'declines' });
  ok(declined.call.reason === 'declined', 'declined', declined.call);
  const rings = await call({ does: 'rings' });
  ok(rings.call.reason === 'no answer' && bob.cancelled === 1, 'nobody answers: cancelled', rings.call);
  const rang = bob.overAt - bob.rangAt;
  ok(Math.abs(rang - 3000) < 1000, 'it rang for 3 s', rang);

  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
  bob.close();
});
