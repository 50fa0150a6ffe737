/* local.mjs: real models on this machine. The default set is pulled into the cache (CALLM_CACHE, else ~/.cache/callm), verified,
 * and used: a chat in English and Chinese by the local language model with the right article, a question asked aloud
 * and answered aloud through the neural recogniser. A damaged and a missing file are told plainly, and the
 * built-in engines answer. Skipped where the registries cannot be reached and nothing is installed. */
import { bin, cache as installed, demo, events, http, isSpeech, join, login, main, metric, note, ok, readFileSync, run, runAsync, skip, speak, temp, until, wav,
  withWeights } from './lib.mjs';
import { cpSync, readdirSync, rmSync, truncateSync } from 'node:fs';

const ASKED = [
  ['How long do I have to return something?', /^return-window/, 'en'],
  ['退货需要多久？', /^return-window/, 'zh'],
  ['How much does delivery of a parcel cost?', /^delivery-cost/, 'en'],
  ['发票怎么开？', /^invoice/, 'zh'],
];

async function ask(s, text) {
  const { json } = await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat' } });
  const t0 = Date.now();
  const r = await http(s, 'POST', `/api/v1/conversations/${json.id}/messages`, { token: json.token, body: { text } });
  return { ...r.json, ms: Date.now() - t0 };
}

async function chats(s) {
  let again = 0;
  for (const [text, article, lang] of ASKED) {
    let r = await ask(s, text); // a busy machine may leave it no time: then the quote stands alone
    for (; again < 3 && r.model === 'builtin'; again++) r = await ask(s, text);
    note(`${text} -> ${r.model} after ${r.ms} ms: ${r.reply}`);
    ok(/^llama:/.test(r.model) && r.grounded && r.language === lang && article.test(r.citations?.[0]?.article_id),
      `the local model answers from the right article: ${text}`, r);
  }
}

async function aloud(s) {
  const token = await login(s);
  const heard = join(temp, 'heard.wav');
  const r = await runAsync(bin, ['call', `sip:service@${s.sip}`, '--max', '60000', '--play', speak(ASKED[0][0], join(temp, 'q.wav'), { rate: 8000 }),
    '--record', heard, '--quiet', '6000'], { ms: 90000 });
  const report = JSON.parse(r.out);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  const rows = await events(s, json.items[0].id, token);
  const said = rows.find((e) => e.kind === 'turn.customer')?.body.text ?? '';
  const bot = rows.find((e) => e.kind === 'turn.bot' && e.turn > 0);
  const a = wav(readFileSync(heard));
  note(`heard "${said}", answered ${report.turn_gap_ms} ms after the question`);
  ok(/return something/i.test(said), 'the recogniser understood the question', rows.map((e) => [e.kind, e.body.text]));
  ok(bot?.body.grounded && ASKED[0][1].test(bot.body.citations[0]?.article_id), 'and it was answered rightly', bot);
  ok(isSpeech(a.channels[0], a.rate), 'the caller heard speech');
}

/* The cache with links instead of copies, so that harm stays here. */
function copyOf(cache) {
  const to = join(temp, 'cache');
  run('cp', ['-rl', cache, to]);
  return to;
}

/* Where a weight of the registry lies: beside it may lie older versions. */
function folder(cache, name) {
  const entry = readFileSync('models/registry.yaml', 'utf8').split('  - name: ').find((x) => x.startsWith(`${name}\n`));
  return join(cache, 'models', `${name}-${entry.match(/version: "?([^"\n]+)/)[1]}`);
}

async function harmed() {
  const cache = copyOf(installed);
  const dir = folder(cache, 'gemma-3-270m');
  const gguf = join(dir, readdirSync(dir).find((f) => f.endsWith('.gguf')));
  const whole = readFileSync(gguf);
  rmSync(gguf);
  cpSync(join(installed, 'models', dir.split('/').at(-1), gguf.split('/').at(-1)), gguf);
  truncateSync(gguf, Math.floor(whole.length / 2));
  const bad = run(bin, ['models', 'verify', 'gemma-3-270m'], { env: { CALLM_CACHE: cache } });
  ok(bad.code === 1 && /gemma-3-270m/.test(bad.err) && /pull/.test(bad.err), 'verify tells of the damage and the mend', bad);
  rmSync(folder(cache, 'kokoro'), { recursive: true });
  const s = await demo({ env: { CALLM_MODELS__CACHE: cache } });
  const r = await ask(s, ASKED[0][0]);
  ok(r.model === 'builtin' && r.grounded && ASKED[0][1].test(r.citations[0].article_id), 'with damaged weights the built-in engine answers', r);
  const list = run(bin, ['models', 'list'], { env: { CALLM_CACHE: cache } });
  ok(/gemma-3-270m.*broken/.test(list.out) && /kokoro.*missing/.test(list.out), 'the list shows what is broken and missing', list.out);
  ok((await s.stop()).code === 0, 'that server ends in order', s.err);
}

await main(async () => {
  const pull = await runAsync(bin, ['models', 'pull'], { ms: 400000 });
  const away = /resolve|connect|reach|timed out|network/i.test(pull.err); // anything else that fails is a fault
  if (pull.code !== 0 && !away) ok(false, 'callm models pull installs the default set', pull.err);
  if (pull.code !== 0) {
    if (away) skip('local models', `the default set cannot be pulled here: ${pull.err.split('\n').at(-2)}`);
    return;
  }
  const verify = run(bin, ['models', 'verify'], { ms: 60000 });
  ok(verify.code === 0, 'callm models verify passes', verify);
  const s = await demo({ env: withWeights });
  await until('the local model to be ready', async () => /^llama:/.test((await ask(s, ASKED[0][0])).model), 60000);
  await chats(s);
  await aloud(s);
  ok(!/cannot|failed/.test(s.err), 'no engine complains', s.err);
  ok((await s.stop()).code === 0, 'the server ends in order', s.err);
  await harmed();
});
