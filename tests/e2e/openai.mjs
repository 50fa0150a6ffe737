/* openai.mjs: the stock OpenAI client (npm openai, as in ui/package.json) against callm over TLS: chat, streams,
 * functions, errors; a spoken question over /v1/realtime with its spoken answer, by 24 kHz PCM and by G.711, by voice
 * detector and by hand; cutting in; nonsense. */
import { createRequire } from 'node:module';
import { demo, events, http, isSpeech, join, login, main, metric, note, ok, readFileSync, root, run, sleep, speak, speechiness,
  temp, until, wav, WebSocket, writeFileSync } from './lib.mjs';

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; /* the certificate is made below */
process.removeAllListeners('warning');
process.on('warning', () => undefined);
const need = createRequire(join(root, 'ui/package.json'));
const OpenAI = need('openai').default;
const { OpenAIRealtimeWS } = need('openai/realtime/ws');
const { OpenAIRealtimeWS: BetaWS } = need('openai/beta/realtime/ws');

const CANCEL = 'How can I cancel my order?';
const ask = (text) => [{ role: 'user', content: text }];

function config() {
  const cert = join(temp, 'cert.pem');
  const key = join(temp, 'key.pem');
  const r = run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert]);
  if (r.code) throw new Error(r.err);
  const file = join(temp, 'tls.yaml');
  writeFileSync(file, `http:\n  tls_cert: ${cert}\n  tls_key: ${key}\n`);
  return file;
}

/* ---- text ---- */

async function chat(s, ai, token) {
  const models = [];
  for await (const m of ai.models.list()) models.push(m.id);
  ok(models.includes('callm') && (await ai.models.retrieve('callm')).owned_by === 'callm', 'the agent is a model', models);
  const a = await ai.chat.completions.create({ model: 'callm', messages: ask(CANCEL) });
  const m = a.choices[0].message;
  ok(/cancel/i.test(m.content) && a.choices[0].finish_reason === 'stop', 'a question is answered', a);
  ok(/^order-cancel/.test(a.callm.citations[0]?.article_id) && a.callm.grounded, 'with the right source', a.callm);
  const note1 = m.annotations[0]?.url_citation;
  const quoted = [...m.content].slice(note1?.start_index, note1?.end_index).join('');
  ok(quoted === a.callm.citations[0]?.quote, 'the annotation marks the quote', note1);
  const article = await fetch(note1.url, { headers: { authorization: `Bearer ${token}` } });
  ok(article.status === 200, 'and its URL is the article', note1.url);
  ok(a.usage.total_tokens === a.usage.prompt_tokens + a.usage.completion_tokens && a.usage.completion_tokens > 5, 'usage', a.usage);
  const b = await ai.chat.completions.create({ model: 'callm', messages: [...ask(CANCEL), { role: 'assistant', content: m.content },
    ...ask('How long do I have to return something?')] });
  ok(b.callm.conversation_id === a.callm.conversation_id && b.callm.turn === 2, 'the next question is in the same conversation', b.callm);
  const rows = await events(s, a.callm.conversation_id, token);
  ok(rows.filter((e) => e.kind === 'turn.customer').length === 2, 'which is recorded like any other', rows.map((e) => e.kind));
  const zh = await ai.chat.completions.create({ model: 'callm', messages: ask('怎么取消订单？') });
  ok(/[\u4e00-\u9fff]/.test(zh.choices[0].message.content) && /^order-cancel/.test(zh.callm.citations[0]?.article_id),
    'Chinese is answered in Chinese', zh);
}

async function streams(ai) {
  const stream = ai.chat.completions.stream({ model: 'callm', messages: ask(CANCEL), stream_options: { include_usage: true } });
  let text = '';
  stream.on('content', (d) => (text += d));
  const last = await stream.finalChatCompletion();
  ok(/cancel/i.test(text) && last.choices[0].message.content === text && last.choices[0].finish_reason === 'stop', 'a stream', last);
  ok(last.usage?.completion_tokens > 5, 'its usage', last.usage);
  const cut = await ai.chat.completions.create({ model: 'callm', messages: ask(CANCEL), stream: true });
  for await (const c of cut) {
    if (c.choices[0]?.delta) break; /* the client hangs up in the middle */
  }
  const all = await Promise.all(Array.from({ length: 20 }, () => ai.chat.completions.create({ model: 'callm', messages: ask(CANCEL) })));
  ok(new Set(all.map((x) => x.callm.conversation_id)).size === 20 && all.every((x) => /cancel/i.test(x.choices[0].message.content)),
    'twenty at once, each its own conversation');
}

const order = {
  name: 'get_order_status',
  description: 'Looks up where an order is',
  parameters: { type: 'object', properties: { order_id: { type: 'string', description: 'the order id' } }, required: ['order_id'] },
};

async function functions(ai) {
  const tools = [{ type: 'function', function: order }];
  const tool_choice = { type: 'function', function: { name: order.name } };
  const a = await ai.chat.completions.create({ model: 'callm', tools, tool_choice, messages: ask('Where is my order A1024?') });
  const call = a.choices[0].message.tool_calls?.[0];
  ok(call?.function.arguments === '{"order_id":"A1024"}' && a.choices[0].finish_reason === 'tool_calls', 'a function is called', a);
  const b = await ai.chat.completions.create({ model: 'callm', tools, tool_choice, messages: ask('Where is my order?') });
  ok(!b.choices[0].message.tool_calls && /order id/.test(b.choices[0].message.content), 'what is missing is asked for', b);
  const asked = [];
  const runner = ai.chat.completions.runTools({
    model: 'callm',
    messages: ask('Where is my order A1024?'),
    tools: [{ type: 'function', function: { ...order, parse: JSON.parse, function: (args) => {
      asked.push(args);
      return { status: 'out for delivery', expected: '2026-11-27' };
    } } }],
  });
  const final = await runner.finalContent();
  ok(asked.length === 1 && asked[0].order_id === 'A1024', 'the client runs it once', asked);
  ok(/out for delivery/.test(final) && /2026-11-27/.test(final), 'and the result is in the answer', final);
}

async function errors(s, ai) {
  const fails = async (what, body, client = ai) => {
    try {
      await client.chat.completions.create(body);
      return {};
    } catch (e) {
      return { name: e.constructor.name, status: e.status, code: e.code, what };
    }
  };
  const bad = new OpenAI({ apiKey: 'sk-callm-wrong', baseURL: `${s.url}/v1`, maxRetries: 0 });
  const got = [
    [await fails('key', { model: 'callm', messages: ask('x') }, bad), 'AuthenticationError', 401, 'invalid_api_key'],
    [await fails('model', { model: 'gpt-5', messages: ask('x') }), 'NotFoundError', 404, 'model_not_found'],
    [await fails('messages', { model: 'callm', messages: [] }), 'BadRequestError', 400, 'missing_required_parameter'],
    [await fails('n', { model: 'callm', n: 3, messages: ask('x') }), 'BadRequestError', 400, 'invalid_value'],
    [await fails('long', { model: 'callm', messages: ask('x'.repeat(5000)) }), 'BadRequestError', 400, 'string_above_max_length'],
    [await fails('json', { model: 'callm', messages: ask(CANCEL), response_format: { type: 'json_object' } }), 'BadRequestError', 400,
      'unsupported_value'],
  ];
  for (const [e, name, status, code] of got)
    ok(e.name === name && e.status === status && e.code === code, `${code} is a ${name}`, e);
}

/* ---- voice ---- */

/* What a session tells, by type; say(text) sends a spoken question in pieces of 100 ms as fast as it can. */
async function session(ai, Class = OpenAIRealtimeWS) {
  const rt = new Class({ model: 'callm' }, ai);
  const x = { rt, all: [], at: 0, errors: [] };
  rt.on('event', (e) => x.all.push(e));
  rt.on('error', (e) => x.errors.push(e));
  x.next = (type, ms = 30000) => until(type, () => {
    const i = x.all.findIndex((e, k) => k >= x.at && e.type === type);
    if (i < 0) return null;
    x.at = i + 1;
    return x.all[i];
  }, ms);
  x.send = (e) => rt.send(e);
  x.sound = (bytes, piece) => {
    for (let i = 0; i < bytes.length; i += piece)
      x.send({ type: 'input_audio_buffer.append', audio: bytes.subarray(i, i + piece).toString('base64') });
  };
  x.close = async () => {
    rt.close();
    await until('the socket to close', () => rt.socket.readyState === 3);
  };
  await x.next('session.created');
  return x;
}

const audio = (x, type, from = 0) =>
  Buffer.concat(x.all.slice(from).filter((e) => e.type === type).map((e) => Buffer.from(e.delta, 'base64')));

function pcm(text, o = {}) {
  const f = wav(readFileSync(speak(text, join(temp, 'rt.wav'), { rate: 24000, before: 0.2, after: 1.2, ...o })));
  return Buffer.from(f.channels[0].buffer, f.channels[0].byteOffset, f.channels[0].byteLength);
}

async function spoken(s, ai, token) {
  const x = await session(ai);
  x.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['audio'],
    audio: { input: { transcription: { model: 'callm', language: 'en' }, turn_detection: { type: 'server_vad' } } } } });
  ok((await x.next('session.updated')).session.audio.output.format.rate === 24000, 'a session of 24 kHz');
  const sound = pcm(CANCEL);
  const t0 = performance.now();
  x.sound(sound, 4800);
  await x.next('input_audio_buffer.speech_started');
  await x.next('input_audio_buffer.committed');
  const heard = await x.next('conversation.item.input_audio_transcription.completed');
  await x.next('response.output_audio.delta');
  const gap = performance.now() - t0 - (sound.length / 48 - 1200); /* heard at the speed of sound, 1.2 s of silence behind */
  note(`"${heard.transcript}" heard; the answer begins ${Math.round(gap)} ms after the words ended`);
  const done = (await x.next('response.done')).response;
  const said = done.output[0].content[0].transcript;
  ok(done.status === 'completed' && /cancel/i.test(said), 'a spoken question gets an answer', done);
  ok(/^order-cancel/.test(done.callm.citations[0]?.article_id), 'from the right article', done.callm);
  const deltas = x.all.filter((e) => e.type === 'response.output_audio_transcript.delta').map((e) => e.delta).join('');
  ok(deltas === said, 'its transcript comes in pieces too', deltas);
  const out = audio(x, 'response.output_audio.delta');
  const samples = new Int16Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.length));
  ok(isSpeech(samples, 24000), 'and it is spoken', speechiness(samples, 24000));
  const first = x.all.find((e) => e.type === 'response.created');
  const last = x.all.indexOf(x.all.find((e) => e.type === 'response.done'));
  ok(x.all.indexOf(first) < last && x.errors.length === 0, 'no error on the way', x.errors.map(String));
  await x.close();
  const rows = await until('the conversation to be closed', async () => {
    const got = await events(s, done.conversation_id, token);
    return got.at(-1).kind === 'conversation.closed' && got;
  });
  ok(rows[0].body.channel === 'realtime' && rows.some((e) => e.kind === 'turn.played'), 'it is a conversation like any other',
    rows.map((e) => e.kind));
  const rec = await fetch(`${s.url}/api/v1/conversations/${done.conversation_id}/recording`, { headers: { authorization: `Bearer ${token}` } });
  const w = rec.status === 200 ? wav(Buffer.from(await rec.arrayBuffer())) : null;
  ok(w && w.channels.every((c) => isSpeech(c, w.rate)), 'recorded on both channels', rec.status);
}

async function cutIn(ai) {
  const x = await session(ai);
  x.sound(pcm(CANCEL), 4800);
  for (let i = 0; i < 40; i++) await x.next('response.output_audio.delta'); /* 800 ms of it */
  const from = x.all.length;
  x.sound(pcm('How long do I have to return something?', { before: 0 }), 4800);
  const cut = (await x.next('response.done')).response;
  const when = x.all.findIndex((e, i) => i >= from && e.type === 'input_audio_buffer.speech_started');
  const after = x.all.slice(when).filter((e) => e.type === 'response.output_audio.delta' && e.response_id === cut.id).length;
  ok(cut.status === 'cancelled' && cut.status_details.reason === 'turn_detected', 'a voice cuts in', cut);
  ok(after <= 3, `no more than 60 ms of the old answer come after it (${after * 20})`);
  const full = x.all.filter((e) => e.type === 'response.output_audio_transcript.delta' && e.response_id === cut.id).map((e) => e.delta).join('');
  const heard = cut.output[0].content[0].transcript;
  ok(heard.length < full.length && full.startsWith(heard.trim()), 'only what was heard is kept', { heard, full });
  x.send({ type: 'conversation.item.truncate', item_id: cut.output[0].id, content_index: 0, audio_end_ms: 300 });
  await x.next('conversation.item.truncated');
  const next = (await x.next('response.done')).response;
  ok(next.status === 'completed' && /^return/.test(next.callm.citations[0]?.article_id), 'and is answered', next);
  await x.close();
}

/* mu-law by hand, as the telephone has it, and the end of the utterance said by the client. */
async function byHand(ai) {
  const x = await session(ai);
  x.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'],
    audio: { input: { format: { type: 'audio/pcmu' }, turn_detection: null } } } });
  await x.next('session.updated');
  const file = speak(CANCEL, join(temp, 'hand.wav'), { rate: 8000 });
  run('sox', [file, '-t', 'ul', '-r', '8000', '-c', '1', join(temp, 'hand.ul')]);
  x.sound(readFileSync(join(temp, 'hand.ul')), 800);
  x.send({ type: 'input_audio_buffer.commit' });
  x.send({ type: 'response.create' });
  const done = (await x.next('response.done')).response;
  ok(done.status === 'completed' && /^order-cancel/.test(done.callm?.citations[0]?.article_id), 'G.711, committed by hand, answered by text', done);
  ok(!x.all.some((e) => e.type === 'response.output_audio.delta'), 'without sound');
  x.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'How long do I have to return something?' }] } });
  x.send({ type: 'response.create' });
  const text = (await x.next('response.done')).response;
  ok(/^return/.test(text.callm?.citations[0]?.article_id) && text.output[0].content[0].type === 'output_text', 'the same by text', text);
  await x.close();
}

async function beta(ai) {
  const x = await session(ai, BetaWS);
  x.send({ type: 'session.update', session: { output_audio_format: 'g711_alaw', turn_detection: null } });
  await x.next('session.updated');
  x.send({ type: 'response.create' });
  await x.next('response.audio_transcript.done');
  const done = (await x.next('response.done')).response;
  const bytes = audio(x, 'response.audio.delta').length;
  ok(done.status === 'completed' && bytes > 8000, `the beta client hears a greeting, ${bytes / 8000} s of A-law`, done);
  await x.close();
}

/* ---- the unfriendly ---- */

const raw = (s, key) => new Promise((resolve) => {
  const ws = new WebSocket(`${s.url.replace('http', 'ws')}/v1/realtime?model=callm`, { headers: { authorization: `Bearer ${key}` } });
  const x = { ws, got: [], code: 0 };
  ws.on('message', (m) => x.got.push(JSON.parse(m)));
  ws.on('close', (code) => (x.code = code));
  ws.on('unexpected-response', (_, r) => ((x.status = r.statusCode), resolve(x)));
  ws.on('error', () => undefined);
  ws.on('open', () => resolve(x));
});

async function hostile(s, ai, key) {
  ok((await raw(s, 'sk-callm-no')).status === 401, 'no key, no socket');
  const x = await raw(s, key);
  const texts = ['', '{', '[]', 'null', '{"type":null}', '{"type":"response.create","response":7}', '{"type":"input_audio_buffer.append","audio":"%%%"}',
    '{"type":"input_audio_buffer.append","audio":{}}', '{"type":"conversation.item.truncate","item_id":7,"audio_end_ms":-1}',
    '{"type":"response.cancel","response_id":[]}', '{"type":"session.update","session":{"audio":7,"turn_detection":[]}}',
    `{"type":"input_audio_buffer.append","audio":"${'A'.repeat(100001)}"}`, '{"type":"input_audio_buffer.commit"}', '\u0000', '{"a":'.repeat(200)];
  for (const t of texts) x.ws.send(t);
  x.ws.send(Buffer.from('{"type":"response.create"}'), { binary: true });
  await until('an error for each', () => x.got.filter((e) => e.type === 'error').length >= texts.length);
  const bad = x.got.filter((e) => e.type === 'error' && (!e.error?.code || !e.error.message));
  ok(!bad.length && x.code === 0, `${texts.length + 1} senseless events get an error each, the session lives`, bad);
  x.ws.send(`{"type":"input_audio_buffer.append","audio":"${'A'.repeat(3 << 20)}"}`);
  await until('the socket to be closed', () => x.code);
  ok(x.code === 1009 || x.code === 1006, 'a frame of 3 MB closes it', x.code);
  const many = await Promise.all(Array.from({ length: 30 }, () => raw(s, key)));
  for (const m of many) {
    m.ws.send('{"type":"response.create"}');
    m.ws.send('{"type":"response.cancel"}');
    m.ws.send('{"type":"input_audio_buffer.append","audio":"AAAA"}');
  }
  await sleep(300);
  for (const m of many) m.ws.terminate();
  await until('their conversations to end', async () => (await metric(s, 'callm_conversations_live')) <= 60);
  const a = await ai.chat.completions.create({ model: 'callm', messages: ask(CANCEL) });
  ok(/cancel/i.test(a.choices[0].message.content), 'thirty torn sessions later it answers as before');
}

await main(async () => {
  const s = await demo({ args: ['--config', config()] });
  s.url = s.url.replace('http:', 'https:');
  const token = await login(s);
  const made = await http(s, 'POST', '/api/v1/keys', { token, body: { name: 'e2e' } });
  ok(made.status === 201 && /^sk-callm-/.test(made.json?.key), 'an administrator makes a key', made.text);
  const ai = new OpenAI({ apiKey: made.json.key, baseURL: `${s.url}/v1`, maxRetries: 0, timeout: 30000 });
  await chat(s, ai, token);
  await streams(ai);
  await functions(ai);
  await errors(s, ai);
  await spoken(s, ai, token);
  await cutIn(ai);
  await byHand(ai);
  await beta(ai);
  await hostile(s, ai, made.json.key);
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
