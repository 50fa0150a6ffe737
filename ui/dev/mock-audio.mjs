/* Sounds for the mock server: babble that looks like speech on a waveform. */

/* Vowel-like tones at syllable rhythm; deterministic for a seed. */
export function babble(ms, rate, pitch, seed = 1) {
  const n = Math.round((ms * rate) / 1000);
  const out = new Int16Array(n);
  let state = seed * 2654435761;
  const rnd = () => ((state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32);
  let syllable = 0;
  let left = 0;
  let gain = 0;
  let f = pitch;
  for (let i = 0; i < n; i++) {
    if (left-- <= 0) {
      syllable = Math.round(rate * (0.11 + rnd() * 0.12));
      left = syllable;
      gain = rnd() < 0.14 ? 0.03 : 0.35 + rnd() * 0.55;
      f = pitch * (0.85 + rnd() * 0.35);
    }
    const shape = Math.sin((Math.PI * (syllable - left)) / syllable);
    const t = (2 * Math.PI * f * i) / rate;
    const v = Math.sin(t) + 0.5 * Math.sin(2 * t) + 0.25 * Math.sin(3.1 * t) + 0.12 * (rnd() - 0.5);
    out[i] = v * gain * shape * 9000;
  }
  return out;
}

/* A stereo 8 kHz WAV from the turns of a conversation. */
export function recording(events, total_ms) {
  const rate = 8000;
  const frames = Math.round((total_ms * rate) / 1000);
  const pcm = new Int16Array(frames * 2);
  for (let i = 0; i < pcm.length; i++) pcm[i] = (Math.random() - 0.5) * 120;
  for (const e of events) {
    const { start_ms: a, end_ms: b } = e.body;
    if (a === undefined) continue;
    const chan = e.actor === 'customer' ? 0 : 1;
    const voice = babble(b - a, rate, chan ? 190 : 120, e.seq);
    const at = Math.round((a * rate) / 1000);
    voice.forEach((v, i) => (pcm[(at + i) * 2 + chan] = v));
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 4, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(pcm.byteLength, 40);
  return Buffer.concat([head, Buffer.from(pcm.buffer)]);
}

export function rmsOf(buf) {
  let sum = 0;
  const n = buf.length >> 1;
  for (let i = 0; i < n; i++) sum += buf.readInt16LE(i * 2) ** 2;
  return Math.sqrt(sum / Math.max(1, n)) / 32768;
}
