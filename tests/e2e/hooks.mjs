/* hooks.mjs: a receiver of webhooks that refuses, a server killed without warning, the audit: every event that was
 * acknowledged arrives, signed, with the id it had first; who looked is found, and a touched row is named.
 *
 *	node tests/e2e/hooks.mjs */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { bin, demo, have, http, login, main, ok, password, readdirSync, root, run, runAsync, skip, until } from './lib.mjs';

const CHATS = 6;
const env = { CALLM_WEBHOOKS__PRIVATE_ADDRESSES: 'true' };

/* What came in: {id, type, conversation, good}; it answers with status while it is set. */
class Receiver {
  got = [];
  status = 200;
  secret = '';

  async open() {
    this.server = createServer((q, a) => {
      let body = '';
      q.on('data', (d) => (body += d));
      q.on('end', () => {
        const [id, ts, sig] = ['id', 'timestamp', 'signature'].map((h) => q.headers[`webhook-${h}`]);
        const want = createHmac('sha256', Buffer.from(this.secret.slice(6), 'base64')).update(`${id}.${ts}.${body}`).digest('base64');
        const o = JSON.parse(body);
        this.got.push({ id, type: o.type, conversation: o.conversation ?? o.data.conversation, body, status: this.status, good: sig === `v1,${want}` && o.id === id });
        a.writeHead(this.status).end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((r) => this.server.on('listening', r));
    this.url = `http://127.0.0.1:${this.server.address().port}/in`;
    return this;
  }
}

/* One whole chat; resolves with its id once the end was acknowledged: it is on disk then. */
async function chat(s, text) {
  const c = (await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat', language: 'en' } })).json;
  const said = await http(s, 'POST', `/api/v1/conversations/${c.id}/messages`, { token: c.token, body: { text } });
  const over = await http(s, 'POST', `/api/v1/conversations/${c.id}/close`, { token: c.token });
  if (said.status !== 200 || over.status >= 300) throw new Error(`chat: ${said.status} ${over.status} ${over.text}`);
  return c.id;
}

const audit = (s, ...args) => run(bin, ['audit', 'verify', '--json', '--data', s.data, ...args]);

await main(async () => {
  const in1 = await new Receiver().open();
  let s = await demo({ env });
  let token = await login(s);
  const made = await http(s, 'POST', '/api/v1/webhooks', { token, body: { url: in1.url, events: ['conversation.closed', 'interaction.ended', 'turn.customer'] } });
  ok(made.status === 201 && /^whsec_/.test(made.json?.secret), 'a webhook is made, its secret told', made.text);
  in1.secret = made.json.secret;
  const path = `/api/v1/webhooks/${made.json.id}`;
  ok(!(await http(s, 'GET', path, { token })).text.includes('whsec_'), 'and never again');

  await http(s, 'POST', `${path}/test`, { token, body: {} });
  await until('the test', () => in1.got.some((x) => x.type === 'webhook.test'));

  in1.status = 500;
  const ids = [];
  for (let i = 0; i < CHATS; i++) ids.push(await chat(s, 'My number is 13800138000, how long may I return goods?'));
  await until('a refused one', () => in1.got.some((x) => x.status === 500));
  await s.kill();
  in1.status = 200;

  s = await demo({ data: s.data, env });
  token = await login(s);
  const arrived = (type) => ids.filter((id) => in1.got.some((x) => x.type === type && x.conversation === id && x.status === 200));
  await until('everything to arrive', async () => {
    const all = ['turn.customer', 'conversation.closed', 'interaction.ended'].every((k) => arrived(k).length === CHATS);
    if (!all) await http(s, 'PUT', path, { token, body: { active: true } });        // what waits is tried at once
    return all;
  }, 20000).catch((e) => ok(false, e.message, in1.got.map((x) => `${x.type} ${x.conversation} ${x.status}`)));
  ok(in1.got.every((x) => x.good), `all ${in1.got.length} requests are signed`);
  const first = new Map();
  const changed = in1.got.filter((x) => x.conversation).filter((x) => {
    const k = `${x.type} ${x.conversation}`;
    if (!first.has(k)) first.set(k, x.id);
    return first.get(k) !== x.id;
  });
  ok(arrived('interaction.ended').length === CHATS && !changed.length, `${CHATS} chats before a kill -9: each event arrived with its first id`, changed);
  ok(!in1.got.some((x) => x.body.includes('13800138000')), 'personal data is masked');

  const cdr = await http(s, 'GET', '/api/v1/cdr?limit=3', { token });
  const rest = await http(s, 'GET', `/api/v1/cdr?cursor=${cdr.json?.next}`, { token });
  const both = [...(cdr.json?.items ?? []), ...(rest.json?.items ?? [])].map((x) => x.conversation);
  ok(both.length === CHATS && ids.every((id) => both.includes(id)), 'a record of each interaction, once, in pages', cdr.text);
  const csv = await http(s, 'GET', '/api/v1/cdr?format=csv', { token });
  ok(csv.text.trim().split('\r\n').length === CHATS + 1, 'and as CSV');

  await http(s, 'GET', `/api/v1/conversations/${ids[0]}/events`, { token });
  const who = await http(s, 'GET', `/api/v1/audit?who=admin&subject=${ids[0]}`, { token });
  ok(who.json?.items[0]?.what === 'conversation.read' && who.json.items[0].outcome === 200, 'who looked is in the audit', who.text);
  ok(JSON.parse(audit(s).out).ok === true, 'all rows are there, also beside the running server');
  if (!have(process.env.CHROMIUM ?? 'chromium')) skip('the console', 'no Chromium');
  else {
    const ui = await runAsync(process.execPath, [join(root, 'ui/e2e/admin.mjs')], { env: { CALLM_URL: s.url, CALLM_PASSWORD: password } });
    ok(ui.code === 0, 'and at the console: made, tested, sent again, read in the audit', ui.out + ui.err);
  }
  ok((await s.stop()).code === 0, 'it ends in order', s.err);
  in1.server.close();

  const db = join(s.data, readdirSync(s.data).find((f) => f.endsWith('.db')));
  run('sqlite3', [db, "UPDATE event SET body=replace(body,'admin','nobody') WHERE kind='audit.look' AND body LIKE '%admin%'"]);
  const touched = audit(s);
  ok(touched.code === 1 && JSON.parse(touched.out).bad_pos > 0, 'a row that was touched is named', touched.out + touched.err);
});
