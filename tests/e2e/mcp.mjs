/* mcp.mjs: the Model Context Protocol against programs of others: our client uses server-everything over both of its
 * transports; the inspector and two generations of the official client use our functions, over standard streams and
 * over HTTP. The programs are those of tests/e2e/peers. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bin, demo, http, join, login, main, ok, root, runAsync, temp, until, writeFileSync, readFileSync } from './lib.mjs';

const peers = join(root, 'tests/e2e/peers/node_modules');
const load = (path) => import(pathToFileURL(join(peers, path)).href);
const everything = join(peers, '@modelcontextprotocol/server-everything/dist/index.js');
const inspector = join(peers, '@modelcontextprotocol/inspector-cli/build/index.js');
const data = join(temp, 'mcp-client');

const callm = (...args) => runAsync(bin, ['mcp', ...args]);
const server = (...args) => callm(...args, '--data', data, '--', process.execPath, everything, 'stdio');

async function freePort() {
  const s = createServer();
  await new Promise((r) => s.listen(0, '127.0.0.1', r));
  const { port } = s.address();
  await new Promise((r) => s.close(r));
  return port;
}

/* ---- our client, their server ---- */

async function ourClient() {
  const list = await server('list', '--json');
  const tools = list.out.trim().split('\n').map((l) => JSON.parse(l));
  const echo = tools.find((t) => t.name === 'echo');
  ok(list.code === 0 && tools.length >= 5 && echo?.trust === 'ok' && echo.sha256.length === 64, 'list of server-everything', list.err);
  const hi = await server('call', 'echo', '{"message":"你好"}', '--json');
  const said = JSON.parse(hi.out);
  ok(hi.code === 0 && said.untrusted === true && said.text === 'Echo: 你好', 'echo 你好', hi.out + hi.err);
  const sum = await server('call', 'get-sum', '{"a":40,"b":2}');
  ok(sum.code === 0 && /42/.test(sum.out), 'get-sum', sum.out + sum.err);
  const bad = await server('call', 'get-sum', '{"a":"x","b":2}');
  ok(bad.code === 1 && /arguments of get-sum/.test(bad.err), 'arguments are checked against the schema', bad.err);
  const none = await server('call', 'nothing', '{}');
  ok(none.code === 1 && /has no tool nothing/.test(none.err), 'a tool that is not there', none.err);
  const t0 = performance.now();
  const slow = await server('call', 'trigger-long-running-operation', '{"duration":30,"steps":30}', '--timeout', '4000');
  ok(slow.code === 1 && /in time/.test(slow.err) && performance.now() - t0 < 15000, 'a deadline', slow.err);
  const long = await server('call', 'trigger-long-running-operation', '{"duration":1,"steps":2}');
  ok(long.code === 0 && /\.\.\. 2 of 2/.test(long.err), 'progress', long.out + long.err);
  const shape = await server('call', 'get-structured-content', '{"location":"Chicago"}', '--json');
  ok(shape.code === 0 && typeof JSON.parse(shape.out).structured === 'object', 'structured content', shape.out + shape.err);
}

/* A description that changed since it was accepted. */
async function pinning() {
  const file = join(data, 'mcp-pins.json');
  const pins = JSON.parse(readFileSync(file, 'utf8'));
  const [name] = Object.keys(pins.servers);
  pins.servers[name].echo = '0'.repeat(64);
  delete pins.servers[name]['get-sum'];
  writeFileSync(file, JSON.stringify(pins));
  const changed = await server('call', 'echo', '{"message":"a"}');
  ok(changed.code === 1 && /is not what was accepted/.test(changed.err), 'a changed tool is refused', changed.err);
  const fresh = await server('call', 'get-sum', '{"a":1,"b":2}');
  ok(fresh.code === 1 && /is new/.test(fresh.err), 'a new tool is refused', fresh.err);
  const pin = await server('pin');
  ok(pin.code === 0 && /^2 accepted anew/.test(pin.out), 'pin accepts them', pin.out + pin.err);
  ok((await server('call', 'echo', '{"message":"a"}')).code === 0, 'and they can be called again');
}

async function configured() {
  const port = await freePort();
  const child = spawn(process.execPath, [everything, 'streamableHttp'], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' });
  try {
    const url = `http://127.0.0.1:${port}/mcp`;
    await until('server-everything to listen', () => fetch(url).then(() => true, () => false), 20000);
    const file = join(temp, 'mcp.yaml');
    writeFileSync(file, `data: ${data}\nmcp:\n  - name: web\n    url: ${url}\n    allow: [echo]\n  - name: own\n    command: [${process.execPath}, ${everything}, stdio]\n`);
    const via = (name, ...args) => callm(...args, '--config', file, '--server', name);
    const web = await via('web', 'call', 'echo', '{"message":"北京"}');
    ok(web.code === 0 && web.out.trim() === 'Echo: 北京', 'over Streamable HTTP, by its name', web.out + web.err);
    const no = await via('web', 'call', 'get-sum', '{"a":1,"b":2}');
    ok(no.code === 1 && /list of allowed tools/.test(no.err), 'the allow list holds', no.err);
    const own = await via('own', 'call', 'get-sum', '{"a":1,"b":2}');
    ok(own.code === 0 && /3/.test(own.out), 'a command of the configuration', own.out + own.err);
    const who = await via('nobody', 'list');
    ok(who.code === 1 && /no mcp entry named nobody/.test(who.err), 'a name that is not there', who.err);
  } finally {
    child.kill('SIGKILL');
  }
  const gone = await callm('list', '--data', data, '--url', `http://127.0.0.1:${port}/mcp`);
  ok(gone.code === 1 && gone.err.length > 10, 'a server that is not there', gone.err);
  const sh = await callm('call', 'x', '--data', data, '--', 'sh', '-c', 'echo "{nonsense"; sleep 60');
  ok(sh.code === 1 && /no JSON-RPC/.test(sh.err), 'a server that talks nonsense', sh.err);
}

/* ---- their clients, our server ---- */

const ours = { command: bin, args: ['mcp', 'serve', '--data', join(temp, 'mcp-served')] };

/* What every client must be able to do. */
async function uses(client, how, { conversations }) {
  const { tools } = await client.listTools();
  const names = tools.map((t) => t.name);
  ok(names.includes('ask') && names.includes('kb_search') && names.includes('conversation_get') === conversations, `${how}: the list`, names);
  ok(tools.every((t) => t.annotations.readOnlyHint && t.inputSchema.type === 'object'), `${how}: all only read`);
  const found = await client.callTool({ name: 'kb_search', arguments: { query: '退货运费谁承担？', k: 3 } });
  ok(!found.isError && found.structuredContent.hits.length > 0 && JSON.parse(found.content[0].text).answerable === found.structuredContent.answerable, `${how}: kb_search`, found);
  const article = await client.callTool({ name: 'article_get', arguments: { id: found.structuredContent.hits[0].article_id } });
  ok(!article.isError && article.structuredContent.body_md.length > 20, `${how}: article_get`, article);
  const asked = await client.callTool({ name: 'ask', arguments: { text: 'How long do I have to return something?' } });
  ok(!asked.isError && /30/.test(asked.structuredContent.reply), `${how}: ask`, asked);
  const wrong = await client.callTool({ name: 'kb_search', arguments: { query: '' } });
  ok(wrong.isError === true && /query/.test(wrong.content[0].text), `${how}: wrong arguments are explained`, wrong);
  const refused = await client.callTool({ name: 'nothing', arguments: {} }).then((r) => r.isError, () => true);
  ok(refused === true, `${how}: a function that is not there`);
}

async function oldClient() {
  const { Client } = await load('@modelcontextprotocol/sdk/dist/esm/client/index.js');
  const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/dist/esm/client/stdio.js');
  const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.js');
  const make = async (transport) => {
    const c = new Client({ name: 'e2e', version: '1' });
    await c.connect(transport);
    return c;
  };
  return { make, Stdio: StdioClientTransport, Http: StreamableHTTPClientTransport };
}

async function newClient() {
  const m = await load('@modelcontextprotocol/client/dist/index.mjs');
  const { StdioClientTransport } = await load('@modelcontextprotocol/client/dist/stdio.mjs');
  const make = async (transport) => {
    const c = new m.Client({ name: 'e2e', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await c.connect(transport);
    return c;
  };
  return { make, Stdio: StdioClientTransport, Http: m.StreamableHTTPClientTransport };
}

async function theirClients(s, token, key) {
  for (const [name, kit] of [['sdk 1', await oldClient()], ['client 2', await newClient()]]) {
    const stdio = await kit.make(new kit.Stdio(ours));
    await uses(stdio, `${name}, stdio`, { conversations: true });
    await stdio.close();
    const to = (k) => new kit.Http(new URL('/mcp', s.url), { requestInit: { headers: { authorization: `Bearer ${k}` } } });
    const byKey = await kit.make(to(key));
    await uses(byKey, `${name}, http with an API key`, { conversations: false });
    await byKey.close();
    const byUser = await kit.make(to(token));
    const { structuredContent: list } = await byUser.callTool({ name: 'conversations_list', arguments: { limit: 5 } });
    const { structuredContent: one } = await byUser.callTool({ name: 'conversation_get', arguments: { id: list.items[0].id } });
    ok(one.events.some((e) => e.kind === 'turn.customer'), `${name}, http as a user: a conversation's timeline`, one);
    await byUser.close();
    const stranger = await kit.make(to('wrong')).then(() => null, (e) => e);
    ok(stranger, `${name}, http: a wrong key is refused`);
  }
}

async function theirInspector(s, token) {
  /* It looks for its package.json in the folder above the current one. */
  const cli = (...args) => runAsync(process.execPath, [inspector, ...args], { cwd: dirname(inspector) });
  const list = await cli(bin, ...ours.args, '--method', 'tools/list');
  ok(list.code === 0 && JSON.parse(list.out).tools.length === 7, 'inspector, stdio: tools/list', list.out + list.err);
  const call = await cli(`${s.url}/mcp`, '--transport', 'http', '--header', `Authorization: Bearer ${token}`, '--method', 'tools/call', '--tool-name', 'ask', '--tool-arg', 'text=退货期限是多久？');
  ok(call.code === 0 && /30/.test(JSON.parse(call.out).structuredContent.reply), 'inspector, http: ask', call.out + call.err);
}

/* Lines as they are: answers in any order, mistakes answered, and the end of input is its end. */
async function rawLines() {
  const child = spawn(bin, ours.args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => (out += d));
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const send = (m) => child.stdin.write(`${typeof m === 'string' ? m : JSON.stringify({ jsonrpc: '2.0', ...m })}\n`);
  send({ id: 'd', method: 'server/discover', params: { _meta: meta } });
  send('this is no JSON');
  for (let i = 0; i < 20; i++)
    send({ id: i, method: 'tools/call', params: { name: i % 2 ? 'ask' : 'kb_search', arguments: i % 2 ? { text: '怎么退货？' } : { query: 'refund' }, _meta: meta } });
  send({ id: 'x', method: 'nothing', params: { _meta: meta } });
  child.stdin.end();
  const code = await new Promise((r) => child.on('close', r));
  const answers = out.trim().split('\n').map((l) => JSON.parse(l));
  const of = (id) => answers.find((a) => a.id === id);
  ok(code === 0 && answers.length === 23, 'every line has its answer, then it ends', { code, n: answers.length });
  ok(of('d').result.supportedVersions[0] === '2026-07-28' && of('d').result.resultType === 'complete', 'server/discover', of('d'));
  ok(Array.from({ length: 20 }, (_, i) => of(i)).every((a) => a?.result && !a.result.isError), 'twenty calls at once');
  ok(of('x').error.code === -32601 && answers.some((a) => a.error?.code === -32700), 'mistakes are answered', out.slice(-300));
}

main(async () => {
  await ourClient();
  await pinning();
  await configured();
  const s = await demo();
  const token = await login(s);
  const key = (await http(s, 'POST', '/api/v1/keys', { token, body: { name: 'mcp' } })).json.key;
  const conv = (await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat', language: 'en' } })).json;
  await http(s, 'POST', `/api/v1/conversations/${conv.id}/messages`, { token: conv.token, body: { text: 'How do I return a kettle?' } });
  await theirClients(s, token, key);
  await theirInspector(s, token);
  await rawLines();
});
