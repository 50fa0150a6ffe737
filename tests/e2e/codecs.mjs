/* codecs.mjs: a telephone that others wrote (baresip, package baresip-core) says a tone to `callm bench echo` in each
 * codec and records what comes back: through their encoder, our decoder and encoder, and their decoder. */
import { bin, have, join, main, ok, readFileSync, readdirSync, runAsync, skip, temp, until, wav, wavOf, writeFileSync } from './lib.mjs';
import { existsSync, mkdirSync } from 'node:fs';
import { spawn } from 'node:child_process';

const modules = ['/usr/lib/baresip/modules', '/usr/lib64/baresip/modules', '/usr/local/lib/baresip/modules'].find((d) => existsSync(d));
const HZ = 700, LEVEL = 9000;

/* A WAV of the tone; a mono file of the codec's own rate is what aufile wants. */
function tone(file, rate, seconds) {
  const wave = (_, i) => Math.round(LEVEL * Math.sin((2 * Math.PI * HZ * i) / rate));
  writeFileSync(file, wavOf(Int16Array.from({ length: rate * seconds }, wave), rate));
}

/* How much of the tone is in the samples, and how much there is in all (both as amplitudes). */
function amplitude(s, rate) {
  let c = 0, q = 0, all = 0;
  for (let i = 0; i < s.length; i++) {
    c += s[i] * Math.cos((2 * Math.PI * HZ * i) / rate);
    q += s[i] * Math.sin((2 * Math.PI * HZ * i) / rate);
    all += s[i] * s[i];
  }
  return { tone: (2 * Math.hypot(c, q)) / s.length, all: Math.sqrt((2 * all) / s.length) };
}

async function echo(codec) {
  const p = spawn(bin, ['bench', 'echo', '--port', '0', '--codecs', codec], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  p.stderr.on('data', (d) => { said += d; });
  await until('the echo', () => /sip:echo@[\d.:]+/.test(said));
  return { uri: said.match(/sip:echo@[\d.:]+/)[0], end: () => new Promise((r) => { p.on('exit', r); p.kill('SIGTERM'); }) };
}

async function call(codec, module, rate) {
  const dir = join(temp, codec);
  mkdirSync(dir);
  tone(join(dir, 'say.wav'), rate, 15);
  writeFileSync(join(dir, 'config'), `sip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\nmodule_path ${modules}\nmodule ${module}.so\n` +
    `module aufile.so\nmodule sndfile.so\nmodule_app menu.so\nmodule_app account.so\naudio_source aufile,${dir}/say.wav\nsnd_path ${dir}\n` +
    'opus_stereo no\nopus_sprop_stereo no\n');
  writeFileSync(join(dir, 'accounts'), '<sip:tester@127.0.0.1>;regint=0\n');
  writeFileSync(join(dir, 'contacts'), '');
  const s = await echo(codec);
  const r = await runAsync('baresip', ['-f', dir, '-t', '6', '-e', `/dial ${s.uri}`], { ms: 25000 });
  await s.end();
  const file = readdirSync(dir).find((f) => f.endsWith('-dec.wav'));
  const w = file ? wav(readFileSync(join(dir, file))) : null;
  const all = w?.channels[0] ?? [];
  const last = all.slice(-2 * rate, -Math.floor(rate / 2));
  const got = last.length > rate ? amplitude(last, rate) : { tone: 0, all: 0 };
  ok(/Call established/.test(r.out + r.err), `${codec}: the call stands`, (r.out + r.err).slice(-1500));
  ok(got.tone > 0.8 * LEVEL && got.tone < 1.15 * LEVEL && got.all < 1.1 * got.tone + 300,
    `${codec}: the tone comes back`, { got, samples: all.length });
}

await main(async () => {
  if (!have('baresip') || !modules)
    return skip('codecs', 'package baresip-core is not installed');
  for (const [codec, module, rate] of [['pcmu', 'g711', 8000], ['g722', 'g722', 16000], ['opus', 'opus', 48000]])
    await call(codec, module, rate);
});
