/* make.mjs: makes the ten recorded calls of this folder: a real server, real SIP and RTP, the recogniser and the engine as they are;
 * only the callers are synthetic. Each leaves NAME.wav (left the caller, right callm, u-law) and NAME.jsonl (its event log, for
 * `callm replay --key demo/calls/replay.key demo/calls/*.jsonl`).
 *
 *   CALLM_BIN=build/callm node demo/calls/make.mjs [part of a name ...]
 *
 * Callers speak by flite (English) and Kokoro (Chinese, needs b_tts of the build); needs sox and the pulled models. callm hears with PocketSphinx
 * (English) and Whisper (Chinese), and answers with flite and espeak-ng, which are quick on any machine. Card and order numbers are made up. */
import { bin, cache, demo, events, http, join, login, metric, readdirSync, readFileSync, root, run, runAsync, temp, until, withWeights, writeFileSync }
  from '../../tests/e2e/lib.mjs';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { dirname } from 'node:path';

const here = join(root, 'demo/calls');

/* say: what is said, in turn, as [seconds of silence before it, words]; keys are pressed when the greeting is over. */
const CALLS = [
  { name: 'en-1-enquiry-goodbye', lang: 'en', say: [[0, 'How long do I have to return something?'], [9.5, 'Thank you very much. Goodbye.']] },
  { name: 'en-2-order-wish', lang: 'en', say: [[0, 'I would like to order the blue sofa, please.']] },
  { name: 'en-3-barge-in', lang: 'en', say: [[0, 'How long does a refund take?'], [5, 'Wait, how can I cancel my order?']] },
  { name: 'en-4-backchannel', lang: 'en', turns: 2, say: [[0, 'How can I cancel my order?'], [5, 'Uh huh.'], [5, 'Okay, goodbye.']] },
  { name: 'en-5-card-number', lang: 'en', turns: 2, say: [[0, 'My card number is four five three nine, five seven eight seven, six three six two, one four eight six.'], [9, 'How do I get a refund?']] },
  { name: 'zh-1-enquiry', lang: 'zh', say: [[0, '你好，请问退货期限是多久？']] },
  { name: 'zh-2-barge-in', lang: 'zh', say: [[0, '请问运费怎么算？'], [5, '等一下，发票怎么开？']] },
  { name: 'zh-3-number', lang: 'zh', turns: 1, say: [[0, '我的订单号是，二零二五。'], [0.9, '一一二三。'], [1.1, '四五六七。'], [8, '好的，再见。']] },
  { name: 'zh-4-keypad', lang: 'zh', turns: 0, keys: '2', say: [] },
  { name: 'zh-5-angry', lang: 'zh', say: [[0, '太差劲了，等了三个星期还没到货！'], [9, '我要找人工客服。']] },
];
const VOICES = ['rms', 'slt', 'awb'];

function must(r, what) {
  if (r.code) throw new Error(`${what}: ${r.out}${r.err}`);
  return r;
}

/* All Chinese words in one go: the voice's model is loaded once. */
function chinese(texts) {
  const list = join(temp, 'zh.txt');
  const out = mkdtempSync(join(temp, 'zh-'));
  const runtime = readdirSync(join(cache, 'models')).find((d) => d.startsWith('onnxruntime-'));
  writeFileSync(list, texts.join('\n') + '\n');
  const kokoro = readdirSync(join(cache, 'models')).find((d) => /^kokoro-[0-9.]+$/.test(d));
  must(run(join(dirname(bin), 'src/model/b_tts'), ['kokoro', `file=${join(cache, 'models', kokoro)}`, `runtime=${join(cache, 'models', runtime)}`,
    `exe=${join(dirname(bin), 'callm-onnx')}`, 'lang=zh', `out=${out}`, list], { ms: 600000 }), 'Kokoro');
  return readdirSync(out).sort().map((f) => join(out, f));
}

function english(text, i, voice) {
  const file = join(temp, `en-${i}.wav`);
  must(run('flite', ['-voice', voice, '-t', text, '-o', file]), 'flite');
  return file;
}

/* One WAV of all that a caller says, with the silences between. */
function line(call, clips) {
  const file = join(temp, `${call.name}.wav`);
  const parts = clips.map((c, i) => {
    const part = join(temp, `${call.name}-${i}.wav`);
    must(run('sox', [c, '-r', '8000', '-c', '1', '-b', '16', part, 'gain', '-n', '-6', 'pad', String(call.say[i][0]), '0.2']), 'sox');
    return part;
  });
  must(run('sox', [...parts, file]), 'sox');
  return file;
}

/* ---- 16 bit to u-law (ITU-T G.711), all other chunks as they are: the label stays */

function ulaw(x) {
  const sign = x < 0 ? 0x80 : 0;
  const v = Math.min(Math.abs(x), 32635) + 132;
  const exponent = Math.max(0, Math.floor(Math.log2(v)) - 7);
  return ~(sign | (exponent << 4) | ((v >> (exponent + 3)) & 15)) & 255;
}

const chunk = (id, body) => {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
};

function small(bytes) {
  const out = [];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const body = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
    if (id === 'fmt ') {
      const fmt = Buffer.alloc(18);
      body.copy(fmt, 0, 0, 16);
      fmt.writeUInt16LE(7, 0);
      fmt.writeUInt32LE(16000, 8);
      fmt.writeUInt16LE(2, 12);
      fmt.writeUInt16LE(8, 14);
      out.push(chunk(id, fmt));
    } else if (id === 'data') {
      out.push(chunk(id, Buffer.from(Array.from({ length: body.length >> 1 }, (_, i) => ulaw(body.readInt16LE(i * 2))))));
    } else if (id !== 'PEAK' && id !== 'fact') {
      out.push(chunk(id, body));
    }
    at += 8 + body.length + (body.length % 2);
  }
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...out]));
}

/* ---- calls */

const config = (lang) => `sip:
  language: ${lang}
recording:
  replay: true
  producer: "Harbour Home (example)"
llm:
  - builtin
asr:
  - ${lang === 'zh' ? 'whisper-base' : 'kind: pocketsphinx'}
tts:
  - kind: ${lang === 'zh' ? 'espeak\n    lang: zh' : 'flite'}
models:
  pull: false
`;

async function start(lang) {
  const data = mkdtempSync(join(temp, 'calls-'));
  const file = join(data, 'callm.yaml');
  writeFileSync(file, config(lang));
  if (existsSync(join(here, 'replay.key'))) copyFileSync(join(here, 'replay.key'), join(data, 'replay.key'));
  return demo({ data, args: ['--config', file], env: withWeights });
}

/* True: all that was said became turns. A crowded machine hears late; then the call is made again. */
async function one(s, token, call, clips, keep = true) {
  const args = ['call', `sip:service@${s.sip}`, '--max', '36500', '--quiet', '3000'];
  if (clips.length) args.push('--play', line(call, clips));
  if (call.keys) args.push('--dtmf', call.keys);
  const r = JSON.parse((await runAsync(bin, args, { ms: 60000 })).out);
  await until('the call to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  const { json } = await http(s, 'GET', '/api/v1/conversations?state=all&channel=phone&limit=1', { token });
  const rows = await events(s, json.items[0].id, token);
  const heard = rows.filter((e) => e.kind === 'turn.customer').length;
  if (!keep) return false;
  const log = join(s.data, 'recordings', `${json.items[0].interaction_id}.jsonl`);
  await until('its log', () => existsSync(log) && readFileSync(log, 'latin1').endsWith('{"end":true}\n'));
  writeFileSync(join(here, `${call.name}.wav`), small(readFileSync(log.replace(/jsonl$/, 'wav'))));
  copyFileSync(log, join(here, `${call.name}.jsonl`));
  console.log(`${call.name}: gap ${r.turn_gap_ms} ms`);
  for (const e of rows.filter((x) => /^turn\.(customer|bot|cut)|dtmf|recording/.test(x.kind)))
    console.log(`  ${e.kind.padEnd(16)} ${(e.body.text ?? e.body.heard_text ?? e.body.digit ?? JSON.stringify(e.body.spans)).slice(0, 150)}`);
  return heard >= (call.turns ?? call.say.length);
}

async function all(lang, calls) {
  if (!calls.length) return;
  const texts = calls.flatMap((c) => c.say.map(([, t]) => t));
  const clips = lang === 'zh' ? chinese(texts) : texts.map((t, i) => english(t, i, VOICES[i % VOICES.length]));
  const s = await start(lang);
  const token = await login(s);
  let at = 0;
  await one(s, token, calls[0], clips.slice(0, 1), false); // the recogniser is warm then
  for (const c of calls) {
    const said = clips.slice(at, at + c.say.length);
    for (let tries = 0; tries < 2 && !(await one(s, token, c, said)); ) tries++;
    at += c.say.length;
  }
  if (!existsSync(join(here, 'replay.key'))) copyFileSync(join(s.data, 'replay.key'), join(here, 'replay.key'));
  await s.stop();
}

const wanted = process.argv.slice(2);
const chosen = CALLS.filter((c) => !wanted.length || wanted.some((w) => c.name.includes(w)));
mkdirSync(here, { recursive: true });
for (const lang of ['en', 'zh']) await all(lang, chosen.filter((c) => c.lang === lang));
process.exit(0);
