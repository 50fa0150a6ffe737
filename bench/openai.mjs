/* openai.mjs: what OpenAI clients cost: chat completions on kept connections, and realtime sessions with sound both
 * ways. CALLM_BIN (default build/callm); prints a few lines. */
import http from 'node:http';
import { demo, login, main, note, ok, readFileSync, sleep, until, WebSocket } from '../tests/e2e/lib.mjs';

const cpuMs = (pid) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};

async function completions(s, token, count = 4000, clients = 16) {
  const body = JSON.stringify({ model: 'callm', messages: [{ role: 'user', content: 'How can I cancel my order?' }] });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const one = () => new Promise((resolve, reject) => {
    const t0 = performance.now();
    const r = http.request(`${s.url}/v1/chat/completions`, { agent, method: 'POST', headers }, (m) => {
      m.resume();
      m.on('end', () => (m.statusCode === 200 ? resolve(performance.now() - t0) : reject(new Error(m.statusCode))));
    });
    r.on('error', reject);
    r.end(body);
  });
  for (let i = 0; i < 200; i++) await one();
  const took = [];
  let left = count;
  const cpu = cpuMs(s.pid);
  const t0 = performance.now();
  await Promise.all(Array.from({ length: clients }, async () => {
    while (left-- > 0) took.push(await one());
  }));
  const seconds = (performance.now() - t0) / 1000;
  took.sort((a, b) => a - b);
  note(`${clients} clients, ${count} completions, each a new recorded conversation: ${(count / seconds).toFixed(0)}/s, ` +
    `p50 ${took[count >> 1].toFixed(1)} ms, p99 ${took[Math.floor(count * 0.99)].toFixed(1)} ms, CPU ${(((cpuMs(s.pid) - cpu) / count) * 1000).toFixed(0)} us each`);
  ok(took.length === count, 'every completion came, no connection was lost');
  agent.destroy();
}

async function sessions(s, token, count = 40) {
  let frames = 0;
  let ready = 0;
  const open = () => new Promise((resolve) => {
    const ws = new WebSocket(`${s.url.replace('http', 'ws')}/v1/realtime?model=callm`, { headers: { authorization: `Bearer ${token}` } });
    let first = true;
    ws.on('message', (m) => {
      if (!m.includes('output_audio.delta')) return;
      frames++;
      if (first) ready++;
      first = false;
    });
    ws.on('open', () => resolve(ws));
  });
  const socks = [await open()];
  socks[0].send('{"type":"response.create"}'); /* its greeting is kept for the others */
  await until('the first greeting', () => ready === 1);
  await sleep(3000);
  while (socks.length < count) socks.push(await open());
  const silence = JSON.stringify({ type: 'input_audio_buffer.append', audio: Buffer.alloc(4800).toString('base64') });
  for (const w of socks.slice(1)) w.send('{"type":"response.create"}');
  await until('all greetings', () => ready === count);
  const cpu = cpuMs(s.pid);
  const before = frames;
  const t0 = performance.now();
  const timer = setInterval(() => socks.forEach((w) => w.send(silence)), 100);
  await sleep(5000);
  clearInterval(timer);
  const seconds = (performance.now() - t0) / 1000;
  note(`${count} sessions, sound both ways: ${((frames - before) / seconds / (count - 1)).toFixed(1)} frames a second each (50 wanted), ` +
    `${((cpuMs(s.pid) - cpu) / seconds / count / 10).toFixed(2)} % of a core each`);
  for (const w of socks) w.terminate();
}

await main(async () => {
  const s = await demo();
  const token = await login(s);
  await completions(s, token);
  await sessions(s, token);
});
