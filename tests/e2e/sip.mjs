/* sip.mjs: sipp as a stranger's telephone, UDP: sound, keys, hold, keep-alive; then what the API says about those
 * calls. Giving up while it rings (sip/cancel.xml) needs a server that rings for a while: the demo answers at once, so
 * that is t_tel's. */
import { bin, demo, events, have, http, join, login, main, mediaPort, metric, ok, root, run, runAsync, skip, speak, temp, until, writeFileSync } from './lib.mjs';

await main(async () => {
  if (!have('sipp')) return skip('sipp', 'package sip-tester is not installed');
  const s = await demo();
  const wavFile = speak('How long do I have to return something?', join(temp, 'question.wav'), { rate: 8000 });
  const question = join(temp, 'question.ulaw');
  run('sox', [wavFile, '-e', 'mu-law', '-t', 'raw', question]);
  for (const name of ['options', 'uac_g711', 'hold', 'dtmf', 'uac_question']) {
    const r = await runAsync('tests/e2e/sip/run.sh', [s.sip, name], { ms: 60000, env: { MEDIA_PORT: String(await mediaPort()), QUESTION: question } });
    ok(r.code === 0, `sipp: ${name}`, r.out + r.err);
  }
  const token = await login(s);
  await until('all calls to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const list = (await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=50', { token })).json.items;
  ok(list.length >= 3, 'the calls are conversations', list);
  const logs = await Promise.all(list.map((c) => events(s, c.id, token)));
  ok(logs.every((l) => l.some((e) => e.kind === 'conversation.closed')), 'each is closed', logs.map((l) => l.at(-1)));
  ok(logs.some((l) => l.filter((e) => e.kind === 'call.dtmf' && e.body.digit === '5').length === 2),
    'a key by RTP and one by INFO are in the log', logs.flat().filter((e) => e.kind === 'call.dtmf'));
  ok(logs.some((l) => l.some((e) => e.kind === 'call.hold') && l.some((e) => e.kind === 'call.resume')),
    'hold and resume are in the log');
  ok(logs.some((l) => l.some((e) => e.kind === 'turn.customer' && /how long do i have to return/.test(e.body.text)) &&
    l.some((e) => e.kind === 'turn.bot' && e.body.citations.some((c) => c.article_id === 'return-window.en'))),
    'a question asked by sipp is heard and answered from the right article', logs.flat().filter((e) => /turn/.test(e.kind)));
  /* With users in the configuration a call must know a password. */
  const file = join(temp, 'users.yaml');
  writeFileSync(file, 'sip:\n  users:\n    - user: "trunk"\n      password: "env:TRUNK_PW"\n');
  const d = await demo({ args: ['--config', file], env: { TRUNK_PW: 'a-good-one' } });
  for (const [pw, status] of [[null, 401], ['a-bad-one', 401], ['a-good-one', 200]]) {
    const args = ['call', `sip:service@${d.sip}`, '--max', '1500', ...(pw ? ['--user', 'trunk', '--password', 'env:PW'] : [])];
    const r = await runAsync(bin, args, { ms: 20000, env: { PW: pw ?? '' } });
    ok(JSON.parse(r.out).sip_status === status, `a call with ${pw ?? 'no password'} ends with ${status}`, r.out + r.err);
  }
  await d.stop();
  /* As an extension of a PBX, played by sipp. */
  const port = await mediaPort();
  const reg = join(temp, 'register.yaml');
  writeFileSync(reg, `sip:\n  register:\n    - uri: "sip:127.0.0.1:${port}"\n      user: "201"\n      password: "env:EXT_PW"\n`);
  const pbx = runAsync('sipp', ['-sf', join(root, 'tests/e2e/sip/registrar.xml'), '-i', '127.0.0.1', '-p', String(port), '-m', '1',
    '-timeout', '30s', '-timeout_error', '-nostdin'], { ms: 40000, cwd: temp });
  const x = await demo({ args: ['--config', reg], env: { EXT_PW: 'secret' } });
  const registered = await until('the registration', async () => (await metric(x, 'callm_sip_registrations')) === 1, 25000).catch(() => false);
  const p = await pbx;
  ok(registered && p.code === 0, 'it registers with a PBX, with its password', p.out.slice(-2000) + p.err);
  const parts = (await http(x, 'GET', '/api/v1/health', { token: await login(x) })).json.components;
  ok(parts.some((c) => c.name === 'sip registration' && c.status === 'ok' && /: registered$/.test(c.detail)), 'health says so', parts);
  await x.stop();
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
