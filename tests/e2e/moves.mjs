/* moves.mjs: a caller presses 0 and is handed to a person: every way it can go, what each hears, what the record says,
 * and that nothing is left. */
import { bin, demo, events, http, join, login, main, metric, note, ok, readFileSync, runAsync, sleep, temp, until, wav,
  writeFileSync } from './lib.mjs';
import { db, person, silence, sine, tone } from './person.mjs';

const serve = (yaml) => {
  const file = join(temp, `moves-${Math.random()}.yaml`);
  writeFileSync(file, yaml);
  return demo({ args: ['--config', file] });
};

/* A call that presses 0 after the greeting (11 s, and 5 s of hand-over sentence) and stays on the line for ms; what it heard. */
async function caller(s, name, ms, more = []) {
  const file = join(temp, `${name}.wav`);
  const r = await runAsync(bin, ['call', `sip:service@${s.sip}`, '--dtmf', '0', '--quiet', '60000', '--max', String(ms), '--record', file, ...more],
    { ms: ms + 20000 });
  return { report: JSON.parse(r.out), heard: wav(readFileSync(file)).channels[0] };
}

async function rows(s, token) {
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  return events(s, json.items[0].id, token);
}

const steps = (list) => list.filter((e) => e.kind === 'call.transfer').map((e) => e.body.state + (e.body.reason ? `: ${e.body.reason}` : ''));

/* ms of sound in which this frequency stands out. */
const has = (s, hz) => {
  let n = 0;
  for (let i = 0; i + 160 <= s.length; i += 160) n += tone(s.subarray(i, i + 160), hz) > -30;
  return n * 20;
};

/* A person, and a server that transfers to it. */
async function desk(does, ring_s = 3) {
  const ann = await person({ does, play: sine(1850, 60000) });
  const s = await serve(`transfer:\n  to: "${ann.uri}"\n  ring_s: ${ring_s}\n`);
  const token = await login(s);
  return {
    ann, s,
    idle: () => until('all calls to be over', async () => (await metric(s, 'callm_calls_active')) === 0),
    rows: () => rows(s, token),
    end: async (name) => {
      ok((await metric(s, 'callm_calls_active')) === 0, `${name}: no call is left`);
      ok((await s.stop()).code === 0, `${name}: the server ends in order`, s.err);
      ann.close();
    },
  };
}

/* The person answers, is told, talks; the caller hangs up. Then the person hangs up: back to the bot. */
async function answers() {
  const { ann, s, idle, rows: all, end } = await desk('answers');
  const c = await caller(s, 'answers', 30000);
  await idle();
  let list = await all();
  ok(/ringing,briefing,joined$/.test(steps(list).join()) || /asked,briefing,joined$/.test(steps(list).join()),
    'a person answers: asked, briefed, joined', steps(list));
  ok(ann.invites === 1, 'the person is called once', ann.invites);
  ok(has(c.heard, 1850) > 1000, 'the caller hears the person', has(c.heard, 1850));
  const briefed = ann.heard.filter((f) => db(f.s) > -40).length * 20;
  ok(briefed > 1500, 'the person hears a briefing', briefed);
  ok(ann.byes === 1 && ann.overAt > 0, 'the caller hangs up: the person gets BYE', ann.byes);

  ann.again();
  const talk = caller(s, 'gone', 40000);
  await until('the person to be up', () => ann.upAt, 30000);
  await sleep(8000);
  const hung = performance.now();
  ann.hangUp();
  await talk;
  await idle();
  list = await all();
  ok(steps(list).at(-1) === 'failed: gone', 'the person hangs up: the caller is back with the bot', steps(list));
  note(`hung up ${Math.round(hung - ann.upAt)} ms after the answer`);
  await end('answers');
}

/* Busy, declined: the bot is back and says why. */
async function refuses() {
  const { ann, s, idle, rows: all, end } = await desk('busy');
  for (const [does, why] of [['busy', 'busy'], ['declines', 'declined']]) {
    ann.again();
    ann.does = does;
    await caller(s, does, 30000);
    await idle();
    const list = await all();
    ok(steps(list).at(-1) === `failed: ${why}`, `${does}: the caller is back with the bot`, steps(list));
    const failed = list.find((e) => e.body.state === 'failed');
    const said = failed && list.find((e) => e.seq > failed.seq && e.actor === 'bot');
    ok(said && /could not connect/i.test(said.body.text ?? ''), `${does}: the bot says why`, said);
  }
  await end('refuses');
}

/* Nobody answers: 3 s of ringing, CANCEL, back. */
async function rings() {
  const { ann, s, idle, rows: all, end } = await desk('rings');
  await caller(s, 'rings', 32000);
  await idle();
  const list = await all();
  ok(steps(list).at(-1) === 'failed: no answer', 'nobody answers: the caller is back with the bot', steps(list));
  ok(ann.cancelled === 1, 'the ringing is cancelled', ann.cancelled);
  const rang = ann.overAt - ann.rangAt;
  note(`rang for ${Math.round(rang)} ms of 3000`);
  ok(Math.abs(rang - 3000) < 1000, 'it rang as long as configured, within 1 s', rang);
  await end('rings');
}

/* The caller leaves while it rings. */
async function leaves() {
  const { ann, s, end } = await desk('rings', 40);
  await caller(s, 'leaves', 26000);
  const left = performance.now();
  await until('the ringing to end', () => ann.cancelled, 2000);
  ok(ann.rangAt > 0 && ann.overAt < left + 1000, 'the caller leaves while it rings: CANCEL within a second', [ann.rangAt, ann.overAt, left]);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  await end('leaves');
}

const rest = async () => {
  await rings();
  await leaves();
};

await main(() => Promise.all([answers(), refuses(), rest()]));
