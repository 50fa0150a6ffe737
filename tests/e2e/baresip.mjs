/* baresip.mjs: a telephone that others wrote (baresip, package baresip-core) calls: over UDP, over TLS with SRTP, and
 * while the server is told to end. What it heard is judged by its own recording. */
import { demo, events, have, http, isSpeech, join, login, main, mediaPort, metric, ok, readFileSync, readdirSync, runAsync, skip,
  sleep, temp, until, wav, wavOf, writeFileSync } from './lib.mjs';
import { existsSync, mkdirSync } from 'node:fs';
import dgram from 'node:dgram';

const modules = ['/usr/lib/baresip/modules', '/usr/lib64/baresip/modules', '/usr/local/lib/baresip/modules'].find((d) => existsSync(d));

/* Calls uri for so many seconds; {out, heard (a WAV)}. */
async function call(name, uri, account, seconds) {
  const dir = join(temp, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'say.wav'), wavOf(new Int16Array(30 * 8000))); // silence: its sources are files or microphones
  const mods = ['g711', 'aufile', 'sndfile', 'srtp'].map((m) => `module ${m}.so`).join('\n');
  /* accounts last: they name modules */
  writeFileSync(join(dir, 'config'), `sip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\nmodule_path ${modules}\n${mods}\n` +
    `module_app menu.so\nmodule_app account.so\naudio_source aufile,${dir}/say.wav\nsnd_path ${dir}\n`);
  writeFileSync(join(dir, 'accounts'), `<sip:tester@127.0.0.1${account}\n`);
  writeFileSync(join(dir, 'contacts'), '');
  const r = await runAsync('baresip', ['-f', dir, '-t', String(seconds), '-e', `/dial ${uri}`], { ms: (seconds + 20) * 1000 });
  const file = readdirSync(dir).find((f) => f.endsWith('-dec.wav'));
  return { out: (r.out + r.err).replace(/[^\n]*\r|\x1b\[[0-9;]*m/g, '').slice(-3000), heard: file ? wav(readFileSync(join(dir, file))) : null };
}

function heard(r, what) {
  const samples = r.heard?.channels[0] ?? [];
  ok(/Call established/.test(r.out) && samples.length > 3 * 8000, `${what}: the call stands and sound arrives`, r.out);
  return ok(samples.length > 0 && isSpeech(samples, 8000), `${what}: what is heard is speech`, r.out);
}

/* The status of an OPTIONS. */
function options(to) {
  const [host, port] = to.split(':');
  const s = dgram.createSocket('udp4');
  return new Promise((done) => {
    const end = (v) => { clearTimeout(t); s.close(); done(v); };
    const t = setTimeout(() => end(0), 2000);
    s.on('message', (m) => end(Number(String(m).slice(8, 11))));
    s.bind(0, host, () => s.send(`OPTIONS sip:x@${to} SIP/2.0\r\nVia: SIP/2.0/UDP ${host}:${s.address().port};branch=z9hG4bKo${Math.random()}\r\n` +
      `From: <sip:o@${host}>;tag=o\r\nTo: <sip:x@${to}>\r\nCall-ID: o${Math.random()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`, port, host));
  });
}

await main(async () => {
  if (!have('baresip') || !modules) return skip('baresip', 'package baresip-core is not installed');
  const s = await demo();
  heard(await call('udp', `sip:service@${s.sip}`, '>;regint=0', 7), 'UDP');
  const token = await login(s);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const list = (await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=9', { token })).json.items;
  const log = list.length === 1 ? await events(s, list[0].id, token) : [];
  ok(log.some((e) => e.kind === 'conversation.closed'), 'its BYE ends the conversation', log);

  /* Told to end while a call is on: the call is let finish, new ones are not taken. */
  const going = call('drain', `sip:service@${s.sip}`, '>;regint=0', 7);
  await until('the call to be there', async () => (await metric(s, 'callm_calls_active')) === 1);
  await sleep(1000);
  const t = Date.now();
  const ending = s.stop();
  await sleep(500);
  ok(await options(s.sip) === 503, 'OPTIONS is answered 503 while it ends');
  heard(await going, 'a call during the end');
  const end = await ending;
  ok(end.code === 0 && Date.now() - t > 3000, 'the server waited for it and ended in order', s.err);

  /* A call that is longer than it may be is ended. */
  const brief = join(temp, 'brief.yaml');
  writeFileSync(brief, 'sip:\n  drain_s: 1\n');
  const b = await demo({ args: ['--config', brief] });
  const long = call('brief', `sip:service@${b.sip}`, '>;regint=0', 12);
  await until('the call to be there', async () => (await metric(b, 'callm_calls_active')) === 1);
  const began = Date.now();
  const stopped = await b.stop();
  ok(stopped.code === 0 && Date.now() - began < 6000, 'sip.drain_s is how long a call may still take', b.err);
  const cut = await long;
  ok(/terminated \(duration: [1-6] secs?\)/.test(cut.out), 'the caller gets a BYE', cut.out);

  /* Encrypted both ways, and nothing else taken. */
  const tls = await mediaPort();
  const file = join(temp, 'tls.yaml');
  writeFileSync(file, `sip:\n  tls_port: ${tls}\n  srtp: require\n`);
  const d = await demo({ args: ['--config', file] });
  const r = await call('tls', `sip:service@127.0.0.1:${tls}`, ';transport=tls>;regint=0;mediaenc=srtp-mand', 7);
  heard(r, 'TLS and SRTP');
  ok(/SRTP is Enabled/.test(r.out), 'it says that the sound is encrypted', r.out);
  const plain = await call('plain', `sip:service@${d.sip}`, '>;regint=0', 3);
  ok(/488/.test(plain.out) && !/Call established/.test(plain.out), 'without SRTP the call is refused', plain.out);
});
