/* edit.mjs: 50 customers chat while articles are written: how long from the save until a customer gets the new text.
 *
 *	EDIT_CHATS=50 EDITS=20 node tests/e2e/edit.mjs */
import { demo, http, login, main, note, ok, sleep, until } from './lib.mjs';

const CHATS = Number(process.env.EDIT_CHATS ?? 50);
const EDITS = Number(process.env.EDITS ?? 8);
const QUESTIONS = ['How long do I have to return something?', 'Can I pay in instalments?', '可以开发票吗？', '怎么退货？'];
const TITLE = 'When does the harbour zeppelin depart?';

let going = true;
let turns = 0;
let failed = 0;

const open = async (s) => (await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat' } })).json;
const say = (s, c, text) =>
  http(s, 'POST', `/api/v1/conversations/${c.id}/messages`, { token: c.token, body: { text } });

/* One customer after another, each with a few questions. */
async function chat(s, i) {
  for (let k = 0; going; k++) {
    const c = await open(s);
    for (let q = 0; q < 5 && going; q++) {
      const r = await say(s, c, QUESTIONS[(i + k + q) % QUESTIONS.length]);
      turns++;
      if (r.status !== 200 && r.status !== 202) failed++;
      await sleep(300); // people read
    }
  }
}

/* Saves a text; resolves with the milliseconds until a new customer is told it. */
async function edit(s, token, n) {
  const said = `at ${1 + (n % 11)}:${String(10 + n)} from pier ${n}`;
  const put = await http(s, 'PUT', '/api/v1/articles/zeppelin.en', {
    token,
    body: { title: TITLE, body_md: `The harbour zeppelin departs ${said}.`, category: 'trips', lang: 'en' },
  });
  if (put.status !== 200) throw new Error(`PUT: ${put.status} ${put.text}`);
  const saved = performance.now();
  await until(`edit ${n} to be answered`, async () => {
    const r = await say(s, await open(s), TITLE);
    return r.json?.reply?.includes(`pier ${n}`);
  });
  return performance.now() - saved;
}

await main(async () => {
  const s = await demo({ args: [], env: { CALLM_HTTP__CHATS_PER_ADDR: '-1', CALLM_HTTP__RATE_PER_S: '0' } });
  const token = await login(s);
  const chats = Array.from({ length: CHATS }, (_, i) => chat(s, i));
  await until('the chats to begin', () => turns >= CHATS);
  const ms = [];
  for (let n = 1; n <= EDITS; n++) ms.push(await edit(s, token, n));
  going = false;
  await Promise.all(chats);
  ms.sort((a, b) => a - b);
  const p95 = ms[Math.min(ms.length - 1, Math.floor(ms.length * 0.95))];
  note(`${EDITS} edits beside ${CHATS} chats (${turns} turns): p50 ${Math.round(ms[ms.length >> 1])} ms, p95 ${Math.round(p95)} ms`);
  ok(p95 <= 5000, 'an edit is answered within 5 s', ms);
  ok(failed === 0, `none of ${turns} turns failed`, failed);
  const gone = await http(s, 'DELETE', '/api/v1/articles/zeppelin.en', { token });
  ok(gone.status === 200 || gone.status === 204, 'it is retired', gone.text);
  await until('it to be gone', async () => !(await say(s, await open(s), TITLE)).json?.reply?.includes('pier'));
  ok(true, 'and told to nobody any more');
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
