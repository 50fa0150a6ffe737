/* lib.mjs: what the end-to-end programs share: a demo server of their own, its API, sockets, sound files, TAP.
 *
 * CALLM_BIN (default build/callm) is the program under test. Every server listens on ports the kernel chose, keeps
 * its data in a temporary folder and is ended with this process. */
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const bin = resolve(root, process.env.CALLM_BIN ?? 'build/callm');
export const password = 'correct-horse-battery';
export const { WebSocket } = createRequire(join(root, 'ui/package.json'))('ws');

/* What is installed on this machine must not decide a test: no weights unless it asks for the cache. */
export const cache = process.env.CALLM_CACHE ?? join(process.env.HOME ?? '/root', '.cache/callm');
export const withWeights = { CALLM_MODELS__CACHE: cache };
process.env.CALLM_MODELS__CACHE = '/nonexistent';
process.env.CALLM_MODELS__PULL = 'false';

export const temp = mkdtempSync(join(tmpdir(), 'callm-e2e-'));
const servers = new Set();
process.on('exit', () => {
  for (const s of servers) s.child.kill('SIGKILL');
  rmSync(temp, { recursive: true, force: true });
});
for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => process.exit(1));

/* ---- TAP ---- */

let n = 0;
let bad = 0;

export function ok(good, name, detail) {
  console.log(`${good ? 'ok' : 'not ok'} ${++n} - ${name}`);
  if (!good) bad++;
  if (!good && detail !== undefined)
    console.log(String(typeof detail === 'string' ? detail : JSON.stringify(detail, null, 1)).replace(/^/gm, '# '));
  return good;
}

export function note(text) {
  console.log(`# ${text}`);
}

export function skip(name, why) {
  console.log(`ok ${++n} - ${name} # SKIP ${why}`);
}

export async function main(run) {
  try {
    await run();
  } catch (e) {
    ok(false, 'ran to its end', e.stack);
  }
  for (const s of [...servers]) await s.stop().catch((e) => ok(false, 'a server stops', e.message));
  console.log(`1..${n}`);
  process.exit(bad ? 1 : 0);
}

/* ---- time ---- */

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

export async function until(what, fn, ms = 15000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) throw new Error(`gave up waiting: ${what}`);
    await sleep(50);
  }
}

/* ---- the server ---- */

/* A demo server. {url, sip, pid, readyMs, data, stop(), kill()}; stop() returns how it ended. */
export async function demo({ data = mkdtempSync(join(temp, 'data-')), args = [], env = {} } = {}) {
  if (!existsSync(bin)) throw new Error(`${bin} is not built; run ./run.sh --build-only`);
  const t0 = performance.now();
  const child = spawn(
    bin,
    ['demo', '--http', '127.0.0.1:0', '--sip', '127.0.0.1:0', '--data', data, ...args],
    { env: { ...process.env, CALLM_ADMIN_PASSWORD: password, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const s = { child, pid: child.pid, data, out: '', err: '' };
  child.stdout.on('data', (d) => (s.out += d));
  child.stderr.on('data', (d) => (s.err = (s.err + d).slice(-40000)));
  s.ended = once(child, 'exit');
  s.running = () => child.exitCode === null && child.signalCode === null;
  s.kill = async () => {
    child.kill('SIGKILL');
    await s.ended;
    servers.delete(s);
  };
  s.stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 30000);
    const [code, signal] = await s.ended;
    clearTimeout(timer);
    servers.delete(s);
    return { code, signal };
  };
  servers.add(s);
  await until(`the server to start: ${s.err}`, () => {
    if (!s.running()) throw new Error(`the server ended at once: ${s.out}${s.err}`);
    return /stop with/.test(s.out);
  }, 60000);
  s.readyMs = performance.now() - t0;
  s.url = s.out.match(/http:\/\/[0-9.]+:\d+/)[0];
  s.sip = s.out.match(/sip:service@([0-9.]+:\d+)/)?.[1];
  return s;
}

export async function http(s, method, path, { token, body } = {}) {
  const r = await fetch(s.url + path, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await r.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    /* not every answer is JSON */
  }
  return { status: r.status, headers: r.headers, text, json };
}

export async function login(s, who = 'admin') {
  const r = await http(s, 'POST', '/api/v1/auth/login', { body: { login: who, password } });
  if (r.status !== 200) throw new Error(`login ${who}: ${r.status} ${r.text}`);
  return r.json.token;
}

/* The demo's queues keep office hours: a test runs at any time. */
export async function openQueues(s, token) {
  const { json } = await http(s, 'GET', '/api/v1/queues', { token });
  for (const { hours, ...always } of json.items) {
    const r = await http(s, 'PUT', `/api/v1/queues/${always.id}`, { token, body: always });
    if (r.status !== 200) throw new Error(`queue ${always.id}: ${r.status} ${r.text}`);
  }
}

export async function events(s, id, token) {
  const items = [];
  for (let after = 0; ; ) {
    const r = await http(s, 'GET', `/api/v1/conversations/${id}/events?after=${after}`, { token });
    if (r.status !== 200) throw new Error(`events: ${r.status} ${r.text}`);
    if (!r.json.items.length) return items;
    items.push(...r.json.items);
    after = r.json.items.at(-1).seq;
  }
}

/* A gauge or counter of /metrics, labels added up; null when it is not there. */
export async function metric(s, name) {
  const { text } = await http(s, 'GET', '/metrics');
  const found = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'gm'))];
  return found.length ? found.reduce((sum, m) => sum + Number(m[1]), 0) : null;
}

/* ---- processes ---- */

export const memory = (pid) =>
  Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/* The workers of a server: its children. */
export const children = (pid) =>
  readdirSync('/proc').filter((p) => {
    if (!/^\d+$/.test(p)) return false;
    try {
      return readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1] === String(pid);
    } catch {
      return false;
    }
  });

export function run(cmd, args, { input, env = {}, ms = 60000, cwd = root } = {}) {
  const r = spawnSync(cmd, args, { input, encoding: 'utf8', timeout: ms, cwd, env: { ...process.env, ...env } });
  return { code: r.status, out: r.stdout ?? '', err: r.stderr ?? String(r.error ?? '') };
}

/* An even UDP port that is free now, with the next three: sipp wants to be told where its sound goes. */
export async function mediaPort() {
  for (let i = 0; i < 100; i++) {
    const port = 10000 + 4 * Math.floor(Math.random() * 2400);
    const socks = [0, 1, 2, 3].map(() => dgram.createSocket('udp4'));
    const free = await Promise.all(socks.map((k, j) => new Promise((resolve) => {
      k.on('error', () => resolve(false));
      k.bind(port + j, '127.0.0.1', () => resolve(true));
    })));
    for (const [j, k] of socks.entries()) if (free[j]) k.close();
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free UDP port');
}

export async function runAsync(cmd, args, { cwd = root, ms = 120000, env = {} } = {}) {
  const child = spawn(cmd, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (d) => (out = (out + d).slice(-200000)));
  child.stderr.on('data', (d) => (err = (err + d).slice(-20000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code, out, err };
}

export const have = (cmd) => run('sh', ['-c', `command -v ${cmd}`]).code === 0;

/* ---- sound ---- */

/* A question spoken by flite, as 16 bit WAV at rate. before/after: silence in s. */
export function speak(text, file, { rate = 16000, before = 0, after = 0, voice = 'rms' } = {}) {
  const raw = join(temp, 'spoken.wav');
  const a = run('flite', ['-voice', voice, '-t', text, '-o', raw]);
  const b = run('sox', [raw, '-r', String(rate), '-c', '1', '-b', '16', file, 'gain', '-n', '-6', 'pad', String(before), String(after)]);
  if (a.code || b.code) throw new Error(`flite/sox: ${a.err}${b.err}`);
  return file;
}

/* {rate, channels: [Int16Array]} of a 16 bit WAV. */
export function wav(bytes) {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF') throw new Error('not a WAV file');
  let rate = 0;
  let count = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      count = bytes.readUInt16LE(at + 10);
      rate = bytes.readUInt32LE(at + 12);
      if (bytes.readUInt16LE(at + 22) !== 16) throw new Error('not 16 bit');
    }
    if (id === 'data') {
      const frames = Math.floor(Math.min(size, bytes.length - at - 8) / 2 / count);
      const channels = Array.from({ length: count }, () => new Int16Array(frames));
      for (let i = 0; i < frames; i++)
        for (let c = 0; c < count; c++) channels[c][i] = bytes.readInt16LE(at + 8 + (i * count + c) * 2);
      return { rate, channels };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error('no data in the WAV file');
}

/* A 16 bit mono WAV of samples. */
export function wavOf(samples, rate = 8000) {
  const h = Buffer.alloc(44);
  h.write('RIFF', 0);
  h.writeUInt32LE(36 + samples.length * 2, 4);
  h.write('WAVEfmt ', 8);
  h.writeUInt32LE(16, 16);
  h.writeUInt16LE(1, 20);
  h.writeUInt16LE(1, 22);
  h.writeUInt32LE(rate, 24);
  h.writeUInt32LE(rate * 2, 28);
  h.writeUInt16LE(2, 32);
  h.writeUInt16LE(16, 34);
  h.write('data', 36);
  h.writeUInt32LE(samples.length * 2, 40);
  return Buffer.concat([h, Buffer.from(samples.buffer)]);
}

/* What makes sound speech and not a tone or noise: loud and quiet frames in turn at the pace of syllables, and
 * both voiced (few zero crossings) and hissing frames (many). {seconds, active, ups, voiced, hiss} */
export function speechiness(samples, rate) {
  const size = rate / 50;
  let active = 0;
  let ups = 0;
  let voiced = 0;
  let hiss = 0;
  let loud = false;
  const count = Math.floor(samples.length / size);
  for (let f = 0; f < count; f++) {
    let power = 0;
    let crossings = 0;
    for (let i = f * size + 1; i < (f + 1) * size; i++) {
      power += samples[i] ** 2;
      crossings += samples[i] >= 0 !== samples[i - 1] >= 0;
    }
    const db = 10 * Math.log10(power / size / 32768 ** 2 + 1e-10);
    if (db > -38 && !loud) ups++;
    loud = db > -38;
    if (loud) {
      active++;
      const share = crossings / size;
      if (share < 0.16) voiced++;
      if (share > 0.3) hiss++;
    }
  }
  return { seconds: samples.length / rate, active: active / 50, ups, voiced, hiss };
}

export function isSpeech(samples, rate) {
  const s = speechiness(samples, rate);
  return s.active > 0.8 && s.ups >= 3 && s.ups / s.active < 15 && s.voiced > 20 && s.hiss > 0;
}

export { join, readFileSync, readdirSync, writeFileSync };

/* The longest silence in ms of a sound from `from` ms on, up to the last that is loud; 20 ms frames over -45 dB. */
export function longestSilence(samples, rate, from) {
  const size = rate / 50;
  const loud = [];
  for (let f = Math.floor(from / 20); (f + 1) * size <= samples.length; f++) {
    let power = 0;
    for (let i = f * size; i < (f + 1) * size; i++) power += samples[i] ** 2;
    if (10 * Math.log10(power / size / 32768 ** 2 + 1e-12) > -45) loud.push(f);
  }
  let longest = 0;
  let last = Math.floor(from / 20);
  for (const f of loud) {
    longest = Math.max(longest, f - last - 1);
    last = f;
  }
  return loud.length ? longest * 20 : Infinity;
}
