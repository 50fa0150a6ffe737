/* call.mjs: a caller asks aloud in English and is answered aloud: the right answer, heard at the caller's end; the
 * transcript, the citation and a two-channel recording at the API. Then keys: Chinese by star, a menu entry. */
import { demo, events, http, isSpeech, join, login, main, note, ok, readFileSync, runAsync, bin, speak, speechiness,
  temp, until, wav, metric } from './lib.mjs';

const SPOKEN = [
  ['How can I cancel my order?', /^order-cancel/],
  ['How long do I have to return something?', /^return-window/],
  ['Can I pay in instalments?', /^payment-instalments/],
];

async function phone(s, args) {
  const r = await runAsync(bin, ['call', `sip:service@${s.sip}`, '--max', '50000', ...args], { ms: 70000 });
  let report = null;
  try {
    report = JSON.parse(r.out);
  } catch {
    ok(false, 'callm call prints its report', `exit ${r.code}: ${r.out}${r.err}`);
  }
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  return report;
}

/* The newest telephone conversation and its rows. */
async function newest(s, token) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  return { conv: json.items[0], rows: await events(s, json.items[0].id, token) };
}

async function recording(s, token, conv, name) {
  const r = await fetch(`${s.url}/api/v1/conversations/${conv.id}/recording`, { headers: { authorization: `Bearer ${token}` } });
  const w = r.status === 200 ? wav(Buffer.from(await r.arrayBuffer())) : null;
  ok(w && w.rate === 8000 && w.channels.length === 2, `${name}: the recording is 8 kHz stereo`, r.status);
  if (!w) return;
  for (const [i, who] of ['customer', 'bot'].entries())
    ok(isSpeech(w.channels[i], w.rate), `${name}: the ${who}'s channel is speech`, speechiness(w.channels[i], w.rate));
}

async function spoken(s, token, i, [text, article]) {
  const heard = join(temp, `heard-${i}.wav`);
  const r = await phone(s, ['--play', speak(text, join(temp, `q-${i}.wav`), { rate: 8000 }), '--record', heard, '--quiet', '1500']);
  const { conv, rows } = await newest(s, token);
  const said = rows.filter((e) => e.kind === 'turn.customer' && e.body.via === 'speech');
  const bot = rows.find((e) => e.kind === 'turn.bot' && e.turn === said[0]?.turn && e.turn > 0);
  note(`"${text}" heard as "${said[0]?.body.text}" (${said[0]?.body.asr_confidence}); answer after ${r?.turn_gap_ms} ms`);
  const right = bot?.body.grounded === true && article.test(bot.body.citations[0]?.article_id);
  if (i === 0) {
    ok(r?.answered && r.rtp_lost === 0 && r.first_audio_ms < 3000, 'the call is answered and greeted', r);
    ok(said[0]?.body.text, 'what the caller said is in the transcript', rows);
    ok(right, 'the answer is grounded and cites the right article', bot ?? rows);
    const c = bot?.body.citations[0];
    ok(c?.quote && c.title && c.version >= 1, 'the citation has title, version and quote', c);
    ok(r?.turn_gap_ms > 0 && r.turn_gap_ms < 5000, 'the answer begins within 5 s', r);
    const a = wav(readFileSync(heard));
    ok(isSpeech(a.channels[0], a.rate), 'what the caller hears is speech', speechiness(a.channels[0], a.rate));
    await recording(s, token, conv, 'spoken call');
    ok(rows[0].kind === 'conversation.opened' && rows.at(-1).kind === 'conversation.closed',
      'its log goes from opened to closed', rows.map((e) => e.kind));
  }
  return right;
}

async function keys(s, token) {
  const r = await phone(s, ['--dtmf', '*', '--quiet', '1500']);
  const { rows } = await newest(s, token);
  const zh = rows.filter((e) => e.kind === 'turn.bot' && /[\u4e00-\u9fff]/.test(e.body.text));
  ok(r?.answered && zh.length > 0, 'star switches to Chinese, spoken', rows.map((e) => [e.kind, e.body.text ?? e.body.digit]));
  const k = await phone(s, ['--dtmf', '3', '--quiet', '1500']);
  const log = (await newest(s, token)).rows;
  const bot = log.find((e) => e.kind === 'turn.bot' && e.body.citations?.some((c) => /^return/.test(c.article_id)));
  ok(k?.heard_speech_ms > 1000 && log.some((e) => e.kind === 'call.dtmf' && e.body.digit === '3') && bot,
    'a menu key is answered from its article', log.map((e) => [e.kind, e.body.text ?? e.body.digit]));
}

/* A demo of its own for what is done with it. */
async function alone(name, what) {
  const s = await demo();
  await what(s, await login(s));
  ok((await s.stop()).code === 0, `${name}: the server ends in order`, s.err);
}

await main(() =>
  Promise.all([
    alone('spoken', async (s, token) => {
      let right = 0;
      for (const [i, q] of SPOKEN.entries()) right += await spoken(s, token, i, q);
      ok(right === SPOKEN.length, `${right} of ${SPOKEN.length} spoken questions get the right answer`);
    }),
    alone('keys', async (s, token) => {
      await keys(s, token);
      const tcp = await runAsync(bin, ['call', `sip:service@${s.sip};transport=tcp`, '--tcp', '--max', '3000'], { ms: 20000 });
      ok(tcp.code === 0 && JSON.parse(tcp.out).answered, 'a call by TCP is answered', tcp.out + tcp.err);
    }),
  ]),
);
