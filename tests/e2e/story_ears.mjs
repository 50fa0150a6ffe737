/* story_ears.mjs: a recogniser that knows certain sounds: a server of Realtime transcription that compares what a call
 * sent, frame by frame of its loudness, with the sentences that the story's callers have, and answers with the words of
 * the one that it is. It hears the real path (SIP, RTP, voice detection, the end of an utterance) and costs no time, so
 * that many calls fit a small machine. What it does not know it hears as nothing. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, root } from './lib.mjs';
import { pcmOf } from './person.mjs';

const { WebSocketServer } = createRequire(join(root, 'ui/package.json'))('ws');
const FRAME = 160; /* 20 ms at 8 kHz */
const QUIET_DB = -50;
const MOST = 0.6; /* of a sentence: less is none */
const NEAR = 2; /* dB a frame; the right one has 0.1 to 1.3, the next 2.6 and more */
const PLAINER = 0.6; /* of the next one's distance: what is about as near is nothing for sure */

/* Loudness in dB over QUIET_DB of each frame, the silence at both ends left off. */
export function shape(samples) {
  const v = [];
  for (let f = 0; (f + 1) * FRAME <= samples.length; f++) {
    let power = 0;
    for (let i = f * FRAME; i < (f + 1) * FRAME; i++) power += samples[i] ** 2;
    v.push(Math.max(0, 10 * Math.log10(power / FRAME / 32768 ** 2 + 1e-12) - QUIET_DB));
  }
  const from = v.findIndex((x) => x > 0);
  const to = v.findLastIndex((x) => x > 0);
  return from < 0 ? [] : v.slice(from, to + 1);
}

/* How far what was heard is from a part of what is known, in dB a frame: both may be stretched (dynamic time warping,
 * the part's ends are free), since packets of a busy machine come late. Infinity: less than MOST of it was heard. */
function apart(heard, known) {
  let row = known.map((x, j) => ({ cost: Math.abs(heard[0] - x), from: j }));
  for (let i = 1; i < heard.length; i++) {
    const next = [];
    for (let j = 0; j < known.length; j++) {
      let best = row[j];
      if (j > 0 && row[j - 1].cost <= best.cost) best = row[j - 1];
      if (j > 0 && next[j - 1].cost < best.cost) best = next[j - 1];
      next.push({ cost: best.cost + Math.abs(heard[i] - known[j]), from: best.from });
    }
    row = next;
  }
  let least = Infinity;
  row.forEach((x, j) => {
    if (j - x.from + 1 >= MOST * known.length) least = Math.min(least, x.cost / heard.length);
  });
  return least;
}

/* {url, know(words, samples), heard: [words], close()} */
export async function ears() {
  const known = [];
  const heard = [];
  const server = createServer();
  const wss = new WebSocketServer({ server });
  const find = (samples) => {
    const is = shape(samples);
    if (is.length < 10) return { words: '', apart: Infinity };
    const all = known.map((k) => ({ words: k.words, apart: apart(is, k.shape) })).sort((x, y) => x.apart - y.apart);
    const sure = all[0]?.apart <= NEAR && !(all[0].apart > PLAINER * all[1]?.apart);
    return sure ? { ...all[0], second: all[1]?.apart } : { words: '', apart: all[0]?.apart, like: all[0]?.words };
  };
  wss.on('connection', (ws) => {
    let sound = [];
    let item = 0;
    ws.on('message', (data) => {
      const m = JSON.parse(String(data));
      if (m.type === 'input_audio_buffer.append') for (const b of Buffer.from(m.audio, 'base64')) sound.push(pcmOf(b));
      if (m.type === 'input_audio_buffer.clear') sound = [];
      if (m.type !== 'input_audio_buffer.commit') return;
      const got = find(sound);
      const item_id = `item_${++item}`;
      sound = [];
      heard.push(got);
      ws.send(JSON.stringify({ type: 'input_audio_buffer.committed', item_id }));
      ws.send(JSON.stringify({ type: 'conversation.item.input_audio_transcription.completed', item_id,
        transcript: got.words, logprobs: [{ token: got.words, logprob: -0.05 }] }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `ws://127.0.0.1:${server.address().port}/v1/realtime`,
    heard,
    know: (words, samples) => known.push({ words, shape: shape(samples) }),
    close: () => {
      for (const ws of wss.clients) ws.terminate();
      wss.close();
      server.close();
    },
  };
}
