/* dial.mjs: an agent calls a customer by a click: the agent's own line rings first, by telephone and in the browser,
 * then the customer's, whose number the agent is never told. */
import { bin, demo, http, join, login, main, ok, root, runAsync, temp, until, writeFileSync } from './lib.mjs';
import { person, sine, tone } from './person.mjs';

const HZ = { agent: 700, customer: 1000 };
const CUSTOMER = 'c002';
const NUMBER = '15400001074'; /* of the demo's customer */

const hears = (p, hz) => p.heard.slice(-20).some((f) => tone(f.s, hz) > -36);

await main(async () => {
  const own = await person({ play: sine(HZ.agent, 60000, 4000) });
  const theirs = await person({ play: sine(HZ.customer, 60000, 4000), after: 300 });
  const yaml = join(temp, 'dial.yaml');
  writeFileSync(yaml, `sip:\n  trunk: "127.0.0.1:${theirs.port}"\ntransfer:\n  allow: ["sip:*@127.0.0.1"]\noutbound:\n  allow: ["+86*"]\n`);
  const s = await demo({ args: ['--config', yaml] });
  const admin = await login(s);
  const mei = await login(s, 'mei');
  const put = await http(s, 'PUT', '/api/v1/agents/mei', { token: admin, body: { extension: `sip:mei@127.0.0.1:${own.port}` } });
  ok(put.status === 200, 'the agent has a telephone of their own', put.text);

  const call = async (body, token = mei) => {
    const r = await http(s, 'POST', '/api/v1/calls', { token, body });
    return { r, get: async () => (await http(s, 'GET', `/api/v1/calls/${r.json.id}`, { token })).json };
  };
  const first = await call({ customer: CUSTOMER });
  ok(first.r.status < 300 && first.r.json.id, 'the call is placed by the customer\'s id', first.r.text);
  await until('the own telephone to answer', () => own.upAt);
  await until('the customer to answer', () => theirs.upAt);
  ok(own.upAt < theirs.rangAt, 'the own line rings first', [own.upAt, theirs.rangAt]);
  await until('both to hear each other', () => hears(own, HZ.customer) && hears(theirs, HZ.agent));
  const human = await until('the state', async () => ((await first.get()).state === 'human' ? first.get() : null));
  ok(human.conversation_id && !JSON.stringify([human, first.r.json]).includes(NUMBER), 'nothing tells the number', human);
  theirs.hangUp();
  await until('the end', async () => (await first.get()).state === 'ended');
  await until('the own line is let go', () => own.byes);

  ok((await call({ customer: 'c999999' })).r.status === 404, 'a customer that is not there');
  ok((await call({ customer: CUSTOMER, to: '+8615400001074' })).r.status === 400, 'one of both');
  own.again();
  theirs.again();
  own.does = 'busy';
  const busy = await call({ customer: CUSTOMER });
  await until('the failure', async () => (await busy.get()).state === 'failed');
  ok((await busy.get()).reason === 'agent' && theirs.invites === 0, 'the own line is busy: the customer is not rung', await busy.get());

  own.again();
  own.does = 'answers';
  const test = await call({ test: true });
  await until('the own line to be tested', async () => (await test.get()).state === 'ended');
  ok(own.upAt && own.byes === 1 && theirs.invites === 0, 'the own line alone is rung', [own.upAt, own.byes, theirs.invites]);

  theirs.again();
  Object.assign(process.env, { CALLM_URL: s.url, CALLM_PASSWORD: 'correct-horse-battery', CALLM_BIN: bin });
  const page = runAsync(process.execPath, [join(root, 'ui/e2e/desk_dial.mjs')], { ms: 70000 });
  await until('the customer to be called from the browser', () => theirs.upAt, 30000);
  theirs.does = 'busy'; /* the next time */
  const r = await page;
  ok(r.code === 0, 'browser: desk_dial', r.out + r.err);
  await s.stop();
  own.close();
  theirs.close();
});
