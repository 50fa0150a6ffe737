/* story_world.mjs: the demo company as a company of its own, for stories on the real program: its orders moved to today,
 * one article sold out and two cheaper than when they were bought, and a recogniser that knows the callers' sentences. */
import { cpSync, mkdirSync } from 'node:fs';
import { bin, demo, http, join, readFileSync, readdirSync, root, run, temp, until, wav, writeFileSync } from './lib.mjs';
import { ears } from './story_ears.mjs';

const TODAY = Date.parse('2026-11-26T00:00:00+08:00'); /* of the demo's orders */
const DAY = 86400000;
const SOLD_OUT = ['HH-1419', 'HH-1106'];
const CHEAPER = { 'HH-1225': 100, 'HH-1112': 100 };

/* A time of the demo, as many days before today as it was before its own today. */
function moved(text, days) {
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00/g, (x) =>
    new Date(Date.parse(x) + days * DAY + 8 * 3600000).toISOString().replace(/\.\d+Z$/, '+08:00'));
}

function edited(line) {
  const o = JSON.parse(line);
  if (SOLD_OUT.includes(o.sku)) o.stock = 0;
  if (CHEAPER[o.sku]) o.price_cny = CHEAPER[o.sku];
  return JSON.stringify(o);
}

const lines = (name, fn) => readFileSync(join(root, 'demo', name), 'utf8').trim().split('\n').map(fn).join('\n') + '\n';

function company() {
  const dir = join(temp, 'company');
  const today = Math.floor((Date.now() + 8 * 3600000) / DAY) * DAY - 8 * 3600000;
  mkdirSync(dir);
  for (const name of ['company.yaml', 'calendars.yaml', 'queues.yaml', 'assist.yaml', 'canned.yaml', 'dispositions.yaml', 'customers.jsonl', 'tools', 'policies', 'flows'])
    cpSync(join(root, 'demo', name), join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'orders.jsonl'), lines('orders.jsonl', (l) => moved(l, Math.round((today - TODAY) / DAY))));
  writeFileSync(join(dir, 'products.jsonl'), lines('products.jsonl', edited));
  return join(dir, 'company.yaml');
}

/* Whose telephone it is. */
export const customerOf = (phone) =>
  readFileSync(join(root, 'demo/customers.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l)).find((c) => c.phone === phone).id;

/* {s, ear, said(lang, words): samples at 8 kHz, message(after): the newest of DATA/messages that has a code} */
export async function world() {
  const ear = await ears();
  const data = join(temp, 'story');
  const file = join(temp, 'story.yaml');
  mkdirSync(data);
  writeFileSync(file, `company: ${company()}
llm: [builtin]
sip: {language: en, record: true}
asr: [{kind: realtime, url: "${ear.url}"}]
tts: [{kind: flite}, {kind: espeak, lang: zh}]
`);
  const kb = run(bin, ['kb', 'import', '--empty', '--data', data, join(root, 'demo/kb')]);
  if (kb.code) throw new Error(`kb import: ${kb.out}${kb.err}`);
  const s = await demo({ data, args: ['--config', file] });
  return { s, ear, said: (lang, words) => said(ear, lang, words), code: (since) => code(data, since) };
}

/* ---- what a caller says ---- */

const sounds = new Map();
const loud = (f) => f.reduce((a, x) => a + x * x, 0) / f.length > (32768 * 0.004) ** 2;

/* Spoken by flite or espeak-ng; silence at both ends cut. The ear knows it from then on. */
function said(ear, lang, words) {
  if (sounds.has(words)) return sounds.get(words);
  const raw = join(temp, `say-${sounds.size}.wav`);
  const file = join(temp, `say-${sounds.size}-8.wav`);
  const a = lang === 'zh' ? run('espeak-ng', ['-v', 'cmn', '-s', '200', '-w', raw, words]) : run('flite', ['-voice', 'slt', '-t', words, '-o', raw]);
  const b = run('sox', [raw, '-r', '8000', '-c', '1', '-b', '16', file, 'gain', '-n', '-6']);
  if (a.code || b.code) throw new Error(`flite, espeak-ng or sox: ${a.err}${b.err}`);
  const v = wav(readFileSync(file)).channels[0];
  let from = 0;
  let to = v.length;
  while (from + 160 < to && !loud(v.subarray(from, from + 160))) from += 160;
  while (to - 160 > from && !loud(v.subarray(to - 160, to))) to -= 160;
  const samples = v.slice(from, to);
  ear.know(words, samples);
  sounds.set(words, samples);
  return samples;
}

/* ---- messages that went out ---- */

function code(data, since) {
  const dir = join(data, 'messages');
  return until('the code', () => {
    let names = [];
    try {
      names = readdirSync(dir).filter((n) => !since.includes(n));
    } catch {
      /* nothing was sent yet */
    }
    for (const n of names) {
      const m = readFileSync(join(dir, n), 'utf8').match(/\b(\d{6})\b/);
      if (m && /code|验证码/.test(readFileSync(join(dir, n), 'utf8'))) return m[1];
    }
    return null;
  });
}

export const messages = (s) => {
  try {
    return readdirSync(join(s.data, 'messages'));
  } catch {
    return [];
  }
};

/* ---- what staff see ---- */

export async function get(s, token, path) {
  const r = await http(s, 'GET', `/api/v1/${path}`, { token });
  if (r.status !== 200) throw new Error(`${path}: ${r.status} ${r.text}`);
  return r.json;
}

/* An agent's tool or move of a ticket. */
export async function agent(s, token, path, body) {
  const r = await fetch(`${s.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': `story-${Date.now()}-${Math.random()}` },
    body: JSON.stringify(body),
  });
  if (!r.ok) throw new Error(`${path}: ${r.status} ${await r.text()}`);
  return r.json();
}
