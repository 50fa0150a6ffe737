/* workers.mjs: every worker process of the server is killed in mid-call, one kind after the other, while the bot speaks
 * and before the caller asks again: the call goes on, the next question is answered, and each kind is back afterwards. With
 * the weights installed here (CALLM_CACHE) if there are any, else with the engines that need none. */
import { bin, children, demo, events, http, join, login, main, metric, note, ok, readFileSync, run, runAsync, sleep, speak, temp, until,
  withWeights } from './lib.mjs';

const FIRST = 'How long do I have to return something?';
const SECOND = 'How can I cancel my order?';

/* What a worker is: "callm worker flite", "callm-onnx kokoro". */
function kindOf(pid) {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    const program = args[0].split('/').at(-1);
    const word = args.slice(1).find((a) => /^[a-z]+$/.test(a) && a !== 'worker');
    return program === 'callm' ? (word ?? 'callm') : [program, word].filter(Boolean).join(' ');
  } catch {
    return '';
  }
}

function workers(s) {
  const map = new Map();
  for (const pid of children(s.pid)) {
    const kind = kindOf(pid);
    if (kind) map.set(kind, [...(map.get(kind) ?? []), Number(pid)]);
  }
  return map;
}

function kill(pids) {
  for (const p of pids)
    try {
      process.kill(p, 'SIGKILL');
    } catch {
      /* gone already */
    }
}

/* The newest call but those known before, its rows; none = []. */
async function newest(s, token, before) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  const id = json.items[0]?.id;
  return id && !before.has(id) ? events(s, id, token) : [];
}

async function known(s, token) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=20', { token });
  return new Set(json.items.map((c) => c.id));
}

const answered = (rows, article) => rows.some((e) => e.kind === 'turn.bot' && e.turn > 0 && article.test(e.body.citations?.[0]?.article_id ?? ''));

/* The caller asks twice; between the first answer's beginning and the second question all workers die. */
async function call(s, token, file, when) {
  const before = await known(s, token);
  const done = runAsync(bin, ['call', `sip:service@${s.sip}`, '--max', '70000', '--play', file, '--quiet', '5000'], { ms: 100000 });
  const heard = (n) => async () => (await newest(s, token, before)).filter((e) => e.kind === 'turn.bot' && e.turn > 0).length >= n;
  await until('the first answer', heard(1), 60000);
  await sleep(when);
  const killed = workers(s);
  for (const [kind, pids] of killed) {
    kill(pids);
    note(`killed ${kind}: ${pids.length}`);
    await sleep(150);
  }
  const r = await done;
  const report = JSON.parse(r.out);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const rows = await newest(s, token, before);
  ok(report.answered && report.sip_status === 200, 'the call was not dropped', report);
  ok(answered(rows, /^return-window/) && answered(rows, /^order-cancel/), 'both questions were answered', rows.map((e) => [e.kind, e.body.text]));
  ok(rows.at(-1).kind === 'conversation.closed' && rows.at(-1).body.by === 'customer', 'the caller ended it', rows.at(-1));
  return killed;
}

await main(async () => {
  const s = await demo({ env: withWeights });
  const token = await login(s);
  const parts = [FIRST, SECOND].map((t, i) => speak(t, join(temp, `part${i}.wav`), { rate: 8000, after: i ? 0 : 11 }));
  const file = join(temp, 'both.wav');
  run('sox', [...parts, file]);
  const before = workers(s);
  note(`workers: ${[...before.keys()].join(', ')}`);
  ok(before.size >= 2, 'the server has workers', [...before]);
  await call(s, token, file, 500); // the bot speaks
  const killed = await call(s, token, file, 6000); // it has spoken, the caller is about to
  const back = await until('every kind to be back', () => [...killed.keys()].every((k) => workers(s).has(k)), 70000).catch(() => false);
  ok(back, 'every kind of worker is back', { killed: [...killed.keys()], now: [...workers(s).keys()] });
  ok((await s.stop()).code === 0, 'the server ends in order', s.err);
});
