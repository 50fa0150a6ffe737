/* workers.mjs: every worker process of the server is killed in mid-call, one kind after the other, while the bot speaks,
 * and again before the caller asks once more: the call goes on, each question is answered, and each kind is back. With
 * the weights installed here (CALLM_CACHE) if there are any, else with the engines that need none. */
import { bin, children, demo, events, http, join, login, main, metric, note, ok, readFileSync, run, runAsync, sleep, speak, temp, until,
  withWeights } from './lib.mjs';

/* What is asked, the article that answers it, and how long the caller then listens, s. */
const ASKED = [
  ['How long do I have to return something?', /^return-window/, 11],
  ['How can I cancel my order?', /^order-cancel/, 14],
  ['How long do I have to return something?', /^return-window/, 0],
];

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

/* The rows of the one call; none yet = []. */
async function call(s, token) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  return json.items.length ? events(s, json.items[0].id, token) : [];
}

const answers = (rows) => rows.filter((e) => e.kind === 'turn.bot' && e.body.citations?.length);

/* All of them, once so many questions are being answered and some time later; what was killed. */
async function killAll(s, token, n, later) {
  await until(`answer ${n}`, async () => answers(await call(s, token)).length >= n, 60000);
  await sleep(later);
  const killed = workers(s);
  for (const [kind, pids] of killed) {
    kill(pids);
    note(`killed ${kind}: ${pids.length}`);
    await sleep(150);
  }
  return [...killed.keys()];
}

await main(async () => {
  const s = await demo({ env: withWeights });
  const token = await login(s);
  const parts = ASKED.map(([text, , after], i) => speak(text, join(temp, `part${i}.wav`), { rate: 8000, after }));
  const file = join(temp, 'all.wav');
  run('sox', [...parts, file]);
  const before = workers(s);
  note(`workers: ${[...before.keys()].join(', ')}`);
  ok(before.size >= 2, 'the server has workers', [...before]);
  const done = runAsync(bin, ['call', `sip:service@${s.sip}`, '--max', '90000', '--play', file, '--quiet', '5000'], { ms: 110000 });
  const killed = new Set(await killAll(s, token, 1, 500)); // the bot speaks
  for (const k of await killAll(s, token, 2, 6000)) killed.add(k); // it has spoken, the caller is about to
  const report = JSON.parse((await done).out);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const rows = await call(s, token);
  ok(report.answered && report.sip_status === 200, 'the call was not dropped', report);
  for (const [i, [text, article]] of ASKED.entries())
    ok(article.test(answers(rows)[i]?.body.citations[0].article_id), `answered: ${text}`, rows.map((e) => [e.kind, e.body.text]));
  ok(rows.at(-1).kind === 'conversation.closed' && rows.at(-1).body.by === 'customer', 'the caller ended it', rows.at(-1));
  const back = await until('every kind to be back', () => [...killed].every((k) => workers(s).has(k)), 70000).catch(() => false);
  ok(back, 'every kind of worker is back', { killed: [...killed], now: [...workers(s).keys()] });
  ok((await s.stop()).code === 0, 'the server ends in order', s.err);
});
