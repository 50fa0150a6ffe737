/* fake_llm.mjs: a language model server for tests: OpenAI's chat completions, streamed or whole, with tools and
 * usage, and every way to misbehave that real ones have shown.
 *
 *   import { fakeLlm } from './fake_llm.mjs';
 *   const llm = await fakeLlm();                     // llm.url = http://127.0.0.1:PORT/v1
 *   llm.rules = [{ match: 'order', call: { name: 'find_order', args: { id: 'HH2026-100123' } } },
 *                { tool: 'shipped', say: ['It is ', 'on its way. [1]'] },
 *                { say: ['I can help with orders.'] }];
 *   llm.fault({ kind: '429', retry_after: 1, times: 2 });
 *   ... llm.requests.at(-1).body.messages ...
 *   await llm.close();
 *
 * or from a shell: node tests/e2e/fake_llm.mjs [PORT], which prints the url; then
 *   POST /rules [...]   POST /fault {...}   GET /requests   POST /reset
 *
 * A rule fits when `match` is part of the last customer message, or, after a tool's result, when `tool` is part of
 * that result; without either it fits always (but not after a result, so that a call is not made for ever). What a
 * rule says is split into pieces as given, `delay_ms` apart (default 5). `answer(body)` instead of rules may return a rule.
 *
 * Faults, for the next `times` requests (default 1; 0 = until reset), optionally only those whose model or last
 * message contains `match`: also by the header x-fault, or a model called "fault-KIND".
 *   reset       hang up with a TCP reset before the head     silent      no head, ever
 *   stall       a head, then nothing                         keepalive   a head, then only comments
 *   empty       only deltas without text                     die         hang up after two pieces
 *   half        two pieces, then nothing                     garbage     no JSON
 *   400 401 429 500 503 ...   that status; retry_after in seconds, retry_after_ms
 *   error200    an error object inside a 200                 error_late  the same after two pieces
 *   trickle     every piece 400 ms apart                     badcall     a call without its arguments
 *   nodone      neither finish_reason nor [DONE]             open        all of it, but the connection stays open
 *   split       every byte in a packet of its own */
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const pause = (ms, signal) =>
  new Promise((done) => {
    if (signal.aborted) return done();
    const t = setTimeout(done, ms);
    signal.addEventListener('abort', () => (clearTimeout(t), done()), { once: true });
  });

const textOf = (m) => (Array.isArray(m?.content) ? m.content.map((c) => c.text ?? '').join('') : (m?.content ?? ''));
const tokens = (s) => Math.ceil(Buffer.byteLength(s) / 4);

function choose(rules, body) {
  const messages = body.messages ?? [];
  const last = messages.at(-1);
  if (last?.role === 'tool') return rules.find((r) => r.tool !== undefined && textOf(last).includes(r.tool));
  const said = textOf(messages.findLast((m) => m.role === 'user'));
  return rules.find((r) => r.tool === undefined && (!r.match || said.includes(r.match)));
}

/* The chunks of an answer: [{delta, finish_reason}]. */
function chunksOf(rule, kind) {
  const calls = [rule.call ?? [], rule.calls ?? []].flat().map((c) => ({ ...c, wrong: kind === 'badcall' }));
  const list = (rule.say ?? []).map((text) => ({ delta: { content: text } }));
  calls.forEach((c, index) => {
    const args = c.wrong ? '{}' : JSON.stringify(c.args ?? {});
    const half = Math.ceil(args.length / 2);
    list.push({ delta: { tool_calls: [{ index, id: c.id ?? `call_${Math.random().toString(36).slice(2, 11)}`, type: 'function', function: { name: c.name, arguments: '' } }] } });
    for (const part of [args.slice(0, half), args.slice(half)])
      if (part) list.push({ delta: { tool_calls: [{ index, function: { arguments: part } }] } });
  });
  list.push({ delta: {}, finish_reason: calls.length ? 'tool_calls' : 'stop' });
  return list;
}

function whole(rule, chunks, body, usage) {
  const calls = [rule.call ?? [], rule.calls ?? []].flat();
  const message = { role: 'assistant', content: (rule.say ?? []).join('') || null };
  if (calls.length)
    message.tool_calls = calls.map((c, i) => ({ id: c.id ?? `call_${i}abcdefg`, type: 'function', function: { name: c.name, arguments: JSON.stringify(c.args ?? {}) } }));
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1764000000, model: body.model, choices: [{ index: 0, message, finish_reason: chunks.at(-1).finish_reason }], usage };
}

export async function fakeLlm({ port = 0, rules = [{ say: ['Hello, ', 'how can I help?'] }], answer } = {}) {
  const fake = { rules, answer, requests: [], faults: [], closed: 0, url: '', server: null };
  const take = (req, body) => {
    const asked = req.headers['x-fault'] ?? /fault-([\w]+)/.exec(body.model ?? '')?.[1];
    if (asked) return { kind: asked };
    const where = `${body.model} ${textOf((body.messages ?? []).at(-1))}`;
    const f = fake.faults.find((x) => !x.match || where.includes(x.match));
    if (f && f.times > 0 && --f.times === 0) fake.faults = fake.faults.filter((x) => x !== f);
    return f ?? {};
  };

  async function stream(res, rule, fault, body, usage, signal) {
    const { kind } = fault;
    const put = async (text) => {
      if (kind !== 'split') return res.write(text);
      for (const byte of Buffer.from(text)) {
        res.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
    };
    const event = (o) => put(`data: ${typeof o === 'string' ? o : JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1764000000, model: body.model, ...o })}\n\n`);
    const gap = kind === 'trickle' ? 400 : (rule.delay_ms ?? 5);
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    res.flushHeaders();
    if (kind === 'stall') return;
    while ((kind === 'keepalive' || kind === 'empty') && !signal.aborted) {
      if (kind === 'empty') await event({ choices: [{ index: 0, delta: { content: '' } }] });
      else await put(': keep-alive\n\n');
      await pause(100, signal);
    }
    if (kind === 'garbage') return res.end('data: {{{{ this is not JSON\n\ndata: \u0001\n\n');
    if (kind === 'error200') return (await event({ error: { message: 'overloaded', code: 503 } }), res.end());
    await event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });
    let sent = 0;
    for (const c of chunksOf(rule, kind)) {
      if (c.finish_reason && kind === 'nodone') return res.end();
      await pause(gap, signal);
      if (signal.aborted) return;
      await event({ choices: [{ index: 0, finish_reason: null, ...c }] });
      if (++sent < 2) continue;
      if (kind === 'half') return;
      if (kind === 'error_late') return (await event({ error: { message: 'overloaded' } }), res.end());
      if (kind === 'die') return setTimeout(() => res.socket?.resetAndDestroy(), 20);
    }
    if (body.stream_options?.include_usage) await event({ choices: [], usage });
    await event('[DONE]');
    if (kind !== 'open') res.end();
  }

  async function chat(req, res, body) {
    const fault = take(req, body);
    const gone = new AbortController();
    const entry = { at: Date.now(), body, headers: req.headers, fault: fault.kind, closed_at: 0 };
    fake.requests.push(entry);
    res.on('close', () => {
      gone.abort();
      entry.closed_at = Date.now();
      if (!res.writableFinished) fake.closed++;
    });
    if (fault.kind === 'reset') return req.socket.resetAndDestroy();
    if (fault.kind === 'silent') return;
    if (/^\d{3}$/.test(fault.kind ?? '')) {
      const headers = { 'content-type': 'application/json' };
      if (fault.retry_after !== undefined) headers['retry-after'] = String(fault.retry_after);
      if (fault.retry_after_ms !== undefined) headers['retry-after-ms'] = String(fault.retry_after_ms);
      res.writeHead(Number(fault.kind), headers);
      return res.end(JSON.stringify({ error: { message: `fault ${fault.kind}`, type: 'fault' } }));
    }
    const rule = (await fake.answer?.(body)) ?? choose(fake.rules, body) ?? { say: ['I do not know.'] };
    const chunks = chunksOf({ ...rule }, fault.kind);
    const out = (rule.say ?? []).join('') + JSON.stringify(rule.call ?? rule.calls ?? '');
    const input = tokens(JSON.stringify(body.messages ?? []));
    const usage = { prompt_tokens: input, completion_tokens: tokens(out), total_tokens: input + tokens(out) };
    if (body.stream) return stream(res, rule, fault, body, usage, gone.signal);
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(whole(rule, chunks, body, usage)));
  }

  const control = {
    'GET /v1/models': () => ({ object: 'list', data: [{ id: 'fake-1', object: 'model', created: 1764000000, owned_by: 'test' }] }),
    'GET /requests': () => fake.requests.map(({ at, body, fault, closed_at }) => ({ at, body, fault, closed_at })),
    'POST /rules': (body) => ((fake.rules = body), { rules: body.length }),
    'POST /fault': (body) => (fake.fault(body), { faults: fake.faults.length }),
    'POST /reset': () => (fake.reset(), {}),
  };

  fake.fault = (f) => void fake.faults.push({ times: 1, ...f });
  fake.reset = () => {
    fake.faults = [];
    fake.requests.length = 0;
    fake.closed = 0;
  };
  fake.server = createServer(async (req, res) => {
    try {
      let text = '';
      for await (const part of req) text += part;
      const path = req.url.split('?')[0];
      const body = text ? JSON.parse(text) : {};
      const way = control[`${req.method} ${path}`];
      if (way) return res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(way(body)));
      if (req.method === 'POST' && path.endsWith('/chat/completions')) return await chat(req, res, body);
      res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such path"}}');
    } catch (e) {
      if (!res.headersSent) res.writeHead(400, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ error: { message: e.message } }));
    }
  });
  await new Promise((up) => fake.server.listen(port, '127.0.0.1', up));
  fake.port = fake.server.address().port;
  fake.url = `http://127.0.0.1:${fake.port}/v1`;
  fake.close = () =>
    new Promise((down) => {
      fake.server.close(down);
      fake.server.closeAllConnections();
    });
  return fake;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const fake = await fakeLlm({ port: Number(process.argv[2] ?? 0) });
  console.log(fake.url);
}
