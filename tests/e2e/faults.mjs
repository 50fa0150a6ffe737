/* faults.mjs: a language model server that misbehaves in every known way, while a customer writes and a caller calls:
 * the reply is right, comes in time, and nobody waits in silence for longer than 3 s (measured on what the caller's
 * side received). */
import { fakeLlm } from './fake_llm.mjs';
import { demo, events, http, join, login, longestSilence, main, metric, note, ok, readFileSync, runAsync, bin, speak, temp, until,
  wav } from './lib.mjs';
import { writeFileSync } from 'node:fs';

const QUESTION = 'How long do I have to return something?';
const GOOD = { match: 'return', say: ['You have 30 days from the day of delivery ', 'to return unused articles. [1]'] };
const SILENT = ['reset', 'silent', 'stall', 'keepalive', 'empty', 'garbage', '500', '429', 'error200'];
const LATE = ['half', 'die', 'error_late'];

const config = (name, urls) => {
  const file = join(temp, name);
  writeFileSync(file, `llm:\n${urls.map((u, i) => `  - {url: "${u}", model: "m${i + 1}"}\n`).join('')}`);
  return ['--config', file];
};

async function chat(s) {
  const { json } = await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat' } });
  const t0 = Date.now();
  const r = await http(s, 'POST', `/api/v1/conversations/${json.id}/messages`, { token: json.token, body: { text: QUESTION } });
  return { ...r.json, ms: Date.now() - t0 };
}

const right = (r) => r.grounded === true && /30 days/.test(r.reply) && /^return-window/.test(r.citations?.[0]?.article_id);

/* One model, broken: the built-in engine answers. A server each, since three failures in a row open the breaker, and then
 * nothing is asked any more. */
async function chats(kinds) {
  for (const kind of kinds) {
    const bad = await fakeLlm({ rules: [GOOD] });
    const s = await demo({ args: config(`chat-${kind}.yaml`, [bad.url]) });
    bad.fault({ kind, times: 0, retry_after: 1 });
    const r = await chat(s);
    note(`chat, ${kind}: ${r.model} after ${r.ms} ms, asked ${bad.requests.length} times`);
    ok(bad.requests.length > 0 && right(r) && r.ms < 6000, `chat: ${kind} is answered rightly`, { ...r, asked: bad.requests.length });
    await s.stop();
    await bad.close();
  }
}

async function phone(s, token, kind, wavFile) {
  const heard = join(temp, `heard-${kind}.wav`);
  const r = await runAsync(bin, ['call', `sip:service@${s.sip}`, '--max', '40000', '--play', wavFile, '--record', heard, '--quiet', '4000'], { ms: 60000 });
  const report = JSON.parse(r.out);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  const rows = await events(s, json.items[0].id, token);
  const bot = rows.find((e) => e.kind === 'turn.bot' && e.turn > 0);
  const a = wav(readFileSync(heard));
  const asked = wav(readFileSync(wavFile));
  const end = report.question_at_ms + (asked.channels[0].length / asked.rate) * 1000;
  const silence = longestSilence(a.channels[0], a.rate, end);
  note(`phone, ${kind}: first sound ${report.turn_gap_ms} ms after the question, longest silence ${silence} ms, by ${bot?.body.model}`);
  ok(bot?.body.grounded && /30 days/.test(bot.body.text), `phone: ${kind} is answered rightly`, rows.map((e) => [e.kind, e.body]));
  ok(report.turn_gap_ms > 0 && report.turn_gap_ms <= 3000 && silence <= 3000, `phone: ${kind} leaves no silence over 3 s`, { ...report, silence });
}

/* A call to a server of its own, its model broken in this way. */
async function calls(kinds, wavFile) {
  for (const kind of kinds) {
    const bad = await fakeLlm({ rules: [GOOD] });
    const s = await demo({ args: config(`${kind}.yaml`, [bad.url]) });
    bad.fault({ kind, times: 0, retry_after: 1 });
    await phone(s, await login(s), kind, wavFile);
    ok(bad.requests.length > 0, `phone: ${kind}: the model was asked`, bad.requests.length);
    ok((await s.stop()).code === 0, `phone: ${kind}: the server ends in order`, s.err);
    await bad.close();
  }
}

await main(async () => {
  const bad = await fakeLlm({ rules: [GOOD] });
  const good = await fakeLlm({ rules: [GOOD] });
  const kinds = [...SILENT, ...LATE];
  await Promise.all([0, 1, 2].map((lane) => chats(kinds.filter((_, i) => i % 3 === lane))));
  const q = speak(QUESTION, join(temp, 'q.wav'), { rate: 8000 });
  await Promise.all([calls(['reset', 'stall', 'keepalive', 'half'], q), calls(['die', 'garbage', '429'], q)]);

  const two = await demo({ args: config('two.yaml', [bad.url, good.url]) });
  for (const kind of ['reset', '500', 'garbage']) {
    bad.reset();
    bad.fault({ kind, times: 0 });
    const r = await chat(two);
    note(`chat, 2 models, ${kind}: ${r.model} after ${r.ms} ms`);
    ok(right(r) && /m2/.test(r.model) && r.ms < 5000, `chat: ${kind}, then the second model answers`, r);
  }
  ok((await two.stop()).code === 0, 'the second server ends in order', two.err);
  await bad.close();
  await good.close();
});
