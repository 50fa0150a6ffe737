/* start.mjs: an installed machine: run.sh is up within 2 s, a server is small when idle, answers its pages with
 * the right headers, and ends in order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { children, demo, http, join, login, main, memory, note, ok, password, root, run, sleep, temp, until } from './lib.mjs';

async function secondStart() {
  const times = [];
  for (let i = 0; i < 2; i++) {
    const t0 = performance.now();
    const p = spawn(join(root, 'run.sh'), ['--http', '127.0.0.1:0', '--sip', '127.0.0.1:0', '--data', join(temp, 'second')],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, CALLM_ADMIN_PASSWORD: password } });
    let out = '';
    p.stdout.on('data', (d) => (out += d));
    p.stderr.on('data', (d) => (out += d));
    try {
      await until('run.sh to print the address', () => /console +http:\/\/127/.test(out), 20000);
      times.push(performance.now() - t0);
    } finally {
      process.kill(-p.pid, 'SIGTERM');
    }
    const [code] = await once(p, 'exit');
    if (i === 1) ok(code === 0, 'Ctrl-C ends it with exit 0', `${code}: ${out}`);
  }
  note(`first with a new data folder ${Math.round(times[0])} ms, then ${Math.round(times[1])} ms`);
  ok(times[1] <= 2000, 'run.sh on an installed machine prints the address within 2 s', times);
}

async function pages(s) {
  for (const path of ['/', '/chat', '/talk', '/widget.js', '/healthz', '/readyz', '/version', '/openapi.json', '/metrics']) {
    const r = await http(s, 'GET', path);
    ok(r.status === 200 && r.text.length > 0, `GET ${path}`, r.status);
  }
  const page = await http(s, 'GET', '/');
  const csp = page.headers.get('content-security-policy') ?? '';
  ok(/default-src 'self'/.test(csp) && !/unsafe-inline/.test(csp), 'the console has a strict CSP', csp);
  ok(!/https?:\/\/(?!127)/.test(page.text.replace(/http:\/\/www\.w3\.org\S*/g, '')), 'no outside host in the page', page.text);
  const assets = [...page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1]);
  let bytes = 0;
  for (const a of assets) {
    const r = await fetch(s.url + a, { headers: { 'accept-encoding': 'gzip' } });
    const length = Number(r.headers.get('content-length'));
    await r.arrayBuffer();
    bytes += length;
    if (r.status !== 200 || !(length > 0)) ok(false, `${a} is served`, r.status);
  }
  note(`first load of the console: ${bytes} bytes gzipped in ${assets.length} files`);
  ok(assets.length > 0 && bytes > 0 && bytes <= 90 * 1024, 'first load of the console is at most 90 KB', bytes);
  const wrong = await http(s, 'POST', '/api/v1/auth/login', { body: { login: 'admin', password: 'x' } });
  ok(wrong.status === 401 && /problem\+json/.test(wrong.headers.get('content-type')), 'a wrong password is a 401 problem', wrong);
  const health = await http(s, 'GET', '/api/v1/health', { token: await login(s) });
  ok(health.json?.status === 'ok' && health.json.components.length >= 3, 'all components are well', health.text);
}

await main(async () => {
  await secondStart();
  const s = await demo();
  await pages(s);
  await sleep(2000); // settle: what is measured is an idle server
  const workers = children(s.pid);
  note(`ready after ${Math.round(s.readyMs)} ms; idle ${memory(s.pid)} KiB, ${workers.length} workers of ${workers.map(memory)} KiB`);
  ok(memory(s.pid) <= 64 * 1024, 'an idle server takes at most 64 MB', memory(s.pid));
  const busy = run(join(root, 'build/callm'), ['demo', '--http', s.url.slice(7), '--sip', 'off', '--data', join(temp, 'busy')]);
  ok(busy.code === 1 && busy.err.trim().split('\n').length <= 2 && /in use|taken|busy/i.test(busy.err),
    'a taken port is a clear line and exit 1', busy.err);
  const end = await s.stop();
  ok(end.code === 0, 'SIGTERM ends it with exit 0', { end, err: s.err });
  ok(workers.every((w) => !run('ps', ['-p', w]).out.includes('callm')), 'its workers went with it', workers);
});
