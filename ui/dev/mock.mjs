/* A stand-in for the server while working on the pages: the built files, the
 * API with invented conversations, and the three sockets.
 *
 *   npm run build && npm run mock          then open http://127.0.0.1:8090
 *
 * PORT chooses the port, CALLM_PASSWORD the password (default "demo"), CALLM_DIST other built files. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { recording } from './mock-audio.mjs';
import { answer, articles, hello, search } from './mock-kb.mjs';
import { append, botBody, chatter, convs, gauges, logs, open, seed, tokens, totals } from './mock-world.mjs';
import { agent, deskRoutes, seedReviews } from './mock-desk.mjs';
import { serviceRoutes } from './mock-service.mjs';
import { chat, media, supervisor } from './mock-ws.mjs';

const dist = process.env.CALLM_DIST ?? join(import.meta.dirname, '..', 'dist');
const port = Number(process.env.PORT ?? 8090);
const password = process.env.CALLM_PASSWORD ?? 'demo';
const ADMIN = 'mock-admin-token';
const t0 = Date.now();

const CSP =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self'; " +
  "media-src 'self' blob:; worker-src 'self' blob:; frame-ancestors 'self'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

class Problem extends Error {
  constructor(status, title, detail = '') {
    super(title);
    Object.assign(this, { status, title, detail });
  }
}

const bearer = (req) => (req.headers.authorization ?? '').replace(/^Bearer /, '');
const admin = (req) => {
  if (bearer(req) !== ADMIN) throw new Problem(401, 'unauthorized', 'sign in first');
};
const conv = (id) => {
  const c = convs.get(id);
  if (!c) throw new Problem(404, 'not found', 'no such conversation');
  return c;
};
const page = (all, q) => {
  const from = Number(q.get('cursor') ?? 0);
  const limit = Math.min(200, Number(q.get('limit') || 50));
  const next = from + limit < all.length ? String(from + limit) : null;
  return { items: all.slice(from, from + limit), next_cursor: next };
};
const permissions = await readFile(join(import.meta.dirname, '../../src/tbl/permissions.def'), 'utf8');
const USER = { login: 'admin', name: 'Admin', role: 'admin', may: [...permissions.matchAll(/^X\("([^"]+)"/gm)].map((m) => m[1]) };

const COMPONENTS = [
  ['http', 'ok', '127.0.0.1:8090'],
  ['sip', 'ok', 'UDP 127.0.0.1:5060, 2 calls'],
  ['store', 'ok', 'last write 0.4 ms, 0 waiting'],
  ['kb', 'ok', '14 articles, 2 languages'],
  ['llm', 'degraded', 'model server does not answer; built-in engine in use'],
  ['asr', 'ok', 'small-streaming, 2 workers'],
  ['tts', 'ok', 'two voices'],
  ['embed', 'off', 'not configured'],
].map(([name, status, detail]) => ({ name, status, detail }));

/* [method, pattern, handler(req, params, query, body)] */
const routes = [
  ['POST', /^\/api\/v1\/auth\/login$/, (_r, _p, _q, b) => {
    if (b.password !== password) throw new Problem(401, 'unauthorized', 'wrong login or password');
    return { token: ADMIN, user: USER };
  }],
  ['GET', /^\/api\/v1\/me$/, (r) => (admin(r), USER)],
  ['GET', /^\/api\/v1\/health$/, (r) => {
    admin(r);
    return { status: 'degraded', version: '0.1.0-mock', uptime_ms: Date.now() - t0 + 9e6, company: { name: { zh: '明灯家居', en: 'Lantern Home' } }, components: COMPONENTS, gauges: gauges() };
  }],
  ['GET', /^\/api\/v1\/conversations$/, (r, _p, q) => {
    admin(r);
    const state = q.get('state') ?? 'all';
    const all = [...convs.values()]
      .filter((c) => state === 'all' || (state === 'live') === (c.state === 'open'))
      .filter((c) => !q.get('channel') || c.channel === q.get('channel'))
      .sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
    return page(all, q);
  }],
  ['POST', /^\/api\/v1\/conversations$/, (_r, _p, _q, b) => {
    const { c, token } = open({ channel: b.channel, language: b.language ?? 'en', name: b.customer?.name });
    c.mine = true;
    return { id: c.id, interaction_id: c.interaction_id, token, greeting: hello(c.language) };
  }],
  ['POST', /^\/api\/v1\/conversations\/(\w+)\/messages$/, (r, [id], _q, b) => {
    if (tokens.get(bearer(r)) !== id) throw new Problem(401, 'unauthorized');
    const e = append(id, 'turn.customer', 'customer', { text: b.text, via: 'text' });
    const a = answer(b.text);
    append(id, 'turn.bot', 'bot', botBody(a));
    return { ...a, seq: e.seq };
  }],
  ['POST', /^\/api\/v1\/conversations\/(\w+)\/feedback$/, () => ({})],
  ['POST', /^\/api\/v1\/conversations\/(\w+)\/close$/, (_r, [id]) => {
    if (conv(id).state === 'open') append(id, 'conversation.closed', 'system', { by: 'customer', reason: 'done' });
    return {};
  }],
  ['GET', /^\/api\/v1\/conversations\/(\w+)$/, (r, [id]) => (admin(r), conv(id))],
  ['GET', /^\/api\/v1\/conversations\/(\w+)\/events$/, (r, [id], q) => {
    if (tokens.get(bearer(r)) !== id) admin(r);
    conv(id);
    const all = logs.get(id).filter((e) => e.seq > Number(q.get('after') ?? 0));
    return { items: all.slice(0, Number(q.get('limit') || 500)), last_seq: logs.get(id).length };
  }],
  ['GET', /^\/api\/v1\/conversations\/(\w+)\/recording$/, (r, [id]) => {
    admin(r);
    if (!conv(id).recording || !totals.has(id)) throw new Problem(404, 'not found', 'no recording');
    return recording(logs.get(id), totals.get(id));
  }],
  ['POST', /^\/api\/v1\/kb\/search$/, (r, _p, _q, b) => (admin(r), { hits: search(b.query, b.k), took_ms: 3 })],
  ['POST', /^\/api\/v1\/bot\/turn$/, (r, _p, _q, b) => (admin(r), answer(b.text))],
  ['GET', /^\/api\/v1\/articles$/, (r, _p, q) => {
    admin(r);
    const s = (q.get('q') ?? '').toLowerCase();
    const all = articles
      .filter((a) => !q.get('lang') || a.lang === q.get('lang'))
      .filter((a) => !q.get('category') || a.category === q.get('category'))
      .filter((a) => !s || (a.title + a.body_md).toLowerCase().includes(s))
      .map(({ body_md: _b, aliases: _a, source: _s, ...row }) => row);
    return page(all, q);
  }],
  ['GET', /^\/api\/v1\/articles\/([\w-]+)$/, (r, [id]) => {
    admin(r);
    const a = articles.find((x) => x.id === id);
    if (!a) throw new Problem(404, 'not found', 'no such article');
    return a;
  }],
  ['GET', /^\/healthz$/, () => ({ status: 'ok' })],
  ...deskRoutes(admin, page, Problem),
  ...serviceRoutes(admin, page, Problem),
];

async function body(req) {
  const parts = [];
  for await (const p of req) parts.push(p);
  return parts.length ? JSON.parse(Buffer.concat(parts).toString()) : {};
}

async function api(req, res, url) {
  for (const [method, pattern, run] of routes) {
    const m = pattern.exec(url.pathname);
    if (!m || method !== req.method) continue;
    const out = await run(req, m.slice(1), url.searchParams, method === 'GET' ? {} : await body(req));
    const wav = Buffer.isBuffer(out);
    res.writeHead(200, { 'Content-Type': wav ? 'audio/wav' : 'application/json' });
    return res.end(wav ? out : JSON.stringify(out));
  }
  throw new Problem(404, 'not found', url.pathname);
}

const PAGES = { '/': 'index.html', '/chat': 'chat.html', '/talk': 'talk.html', '/survey': 'survey.html' };

async function file(res, path) {
  const name = PAGES[path] ?? normalize(path).replace(/^\/+/, '');
  try {
    const data = await readFile(join(dist, name));
    res.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP });
    res.end(data);
  } catch {
    throw new Problem(404, 'not found', path);
  }
}

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://mock');
  try {
    if (/^\/(api|healthz)/.test(url.pathname)) await api(req, res, url);
    else await file(res, url.pathname);
  } catch (e) {
    const status = e.status ?? 500;
    res.writeHead(status, { 'Content-Type': 'application/problem+json' });
    res.end(JSON.stringify({ type: 'about:blank', title: e.title ?? 'error', status, detail: e.detail ?? String(e) }));
  }
});

const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (req, socket, head) => {
  const url = new URL(req.url, 'http://mock');
  const [, , kind, id] = url.pathname.split('/');
  const token = url.searchParams.get('token');
  const ok = kind === 'chat' || ((kind === 'supervisor' || kind === 'agent') && token === ADMIN) || (kind === 'media' && tokens.has(token));
  if (!ok) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
  sockets.handleUpgrade(req, socket, head, (ws) => ({ chat, supervisor, media, agent })[kind](ws, id));
});

seed();
seedReviews();
setInterval(chatter, 5000);
server.listen(port, '127.0.0.1', () => console.log(`mock: http://127.0.0.1:${port}  admin / ${password}`));
