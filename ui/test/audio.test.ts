import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatToS16, Framer, Resampler, s16ToFloat } from '../src/lib/resample.ts';
import { Ring } from '../src/lib/ring.ts';
import { parseWave, peaks, rms } from '../src/lib/wave.ts';
import { GapMeter } from '../src/talk/gap.ts';

const f = (...x: number[]) => Float32Array.from(x);

test('ring gives back what went in, in order, across its border', () => {
  const r = new Ring(4);
  r.push(f(1, 2, 3));
  const out = new Float32Array(2);
  assert.equal(r.pull(out), 2);
  assert.deepEqual([...out], [1, 2]);
  r.push(f(4, 5));
  const rest = new Float32Array(4);
  assert.equal(r.pull(rest), 3);
  assert.deepEqual([...rest], [3, 4, 5, 0], 'missing samples are silence');
});

test('a full ring drops its oldest samples and counts them', () => {
  const r = new Ring(4);
  r.push(f(1, 2, 3));
  r.push(f(4, 5, 6));
  assert.equal(r.dropped, 2);
  const out = new Float32Array(4);
  r.pull(out);
  assert.deepEqual([...out], [3, 4, 5, 6]);
  r.push(f(1, 2, 3, 4, 5, 6));
  assert.equal(r.length, 4);
  r.pull(out);
  assert.deepEqual([...out], [3, 4, 5, 6]);
});

test('clear empties the ring at once', () => {
  const r = new Ring(8);
  r.push(f(1, 2, 3));
  r.clear();
  const out = f(9, 9);
  assert.equal(r.pull(out), 0);
  assert.deepEqual([...out], [0, 0]);
});

function tone(hz: number, rate: number, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
}

/* Pushes x in blocks of 128, as the audio thread does. */
function run(r: Resampler, x: Float32Array): Float32Array {
  const out: number[] = [];
  for (let i = 0; i < x.length; i += 128) out.push(...r.push(x.subarray(i, i + 128)));
  return Float32Array.from(out);
}

for (const from of [48000, 44100, 16000, 8000])
  test(`resampling ${from} Hz to 16 kHz keeps length, level and pitch of speech`, () => {
    const y = run(new Resampler(from, 16000), tone(1000, from, from));
    assert.ok(Math.abs(y.length - 16000) < 64, `length ${y.length}`);
    const mid = y.subarray(2000, 14000);
    assert.ok(Math.abs(rms(mid) - Math.SQRT1_2) < 0.01, `level ${rms(mid)}`);
    let crossings = 0;
    for (let i = 1; i < mid.length; i++) if (mid[i - 1]! < 0 && mid[i]! >= 0) crossings++;
    assert.ok(Math.abs(crossings - 750) <= 1, `pitch ${crossings}`);
  });

test('what cannot exist at 16 kHz is filtered out, not folded back', () => {
  const y = run(new Resampler(48000, 16000), tone(11000, 48000, 48000));
  assert.ok(rms(y.subarray(2000, 14000)) < 0.01);
});

test('block borders leave no trace', () => {
  const x = tone(440, 48000, 4096);
  const whole = new Resampler(48000, 16000).push(x);
  const parts = run(new Resampler(48000, 16000), x);
  assert.equal(parts.length, whole.length);
  whole.forEach((v, i) => assert.ok(Math.abs(v - parts[i]!) < 1e-5, `sample ${i}`));
});

test('samples clip instead of wrapping round', () => {
  assert.deepEqual([...floatToS16(f(0, 1, -1, 1.7, -3))], [0, 32767, -32768, 32767, -32768]);
  assert.deepEqual([...s16ToFloat(Int16Array.of(-32768, 16384))], [-1, 0.5]);
});

test('the framer cuts 20 ms frames and keeps the rest', () => {
  const fr = new Framer(320);
  assert.equal(fr.push(new Int16Array(300)).length, 0);
  const x = new Int16Array(400).fill(7);
  const got = fr.push(x);
  assert.equal(got.length, 2);
  assert.equal(got[0]![299], 0);
  assert.equal(got[0]![300], 7);
  assert.equal(fr.push(new Int16Array(259)).length, 0);
  assert.equal(fr.push(new Int16Array(1)).length, 1);
});

function wav(frames: [number, number][], size = frames.length * 4): ArrayBuffer {
  const b = Buffer.alloc(44 + frames.length * 4);
  b.write('RIFF', 0);
  b.write('WAVEfmt ', 8);
  b.writeUInt32LE(16, 16);
  b.writeUInt16LE(1, 20);
  b.writeUInt16LE(2, 22);
  b.writeUInt32LE(8000, 24);
  b.writeUInt16LE(4, 32);
  b.writeUInt16LE(16, 34);
  b.write('data', 36);
  b.writeUInt32LE(size, 40);
  frames.forEach(([l, r], i) => {
    b.writeInt16LE(l, 44 + i * 4);
    b.writeInt16LE(r, 46 + i * 4);
  });
  return b.buffer.slice(b.byteOffset, b.byteOffset + b.length) as ArrayBuffer;
}

test('a stereo WAV is split into customer and bot', () => {
  const w = parseWave(wav([[1, -1], [2, -2]]))!;
  assert.equal(w.rate_hz, 8000);
  assert.deepEqual(w.channels.map((c) => [...c]), [[1, 2], [-1, -2]]);
  assert.equal(w.duration_ms, 0.25);
});

test('a data size that lies does not read past the end', () => {
  assert.equal(parseWave(wav([[1, 1]], 0xffffffff))!.channels[0]!.length, 1);
});

test('what is not PCM16 is refused', () => {
  assert.equal(parseWave(new ArrayBuffer(3)), null);
  assert.equal(parseWave(Buffer.from('RIFF----WAVE').buffer.slice(0, 12) as ArrayBuffer), null);
  const law = wav([[1, 1]]);
  new DataView(law).setUint16(20, 7, true);
  assert.equal(parseWave(law), null);
});

test('peaks find the loudest sample of each stretch', () => {
  const p = peaks(Int16Array.of(0, 16384, 0, -32768, 3277, 0), 3);
  assert.deepEqual([...p].map((v) => +v.toFixed(2)), [0.5, 1, 0.1]);
  assert.equal(peaks(Int16Array.of(32767), 4).length, 4);
});

test('the gap runs from the end of speech to the first sound', () => {
  const g = new GapMeter();
  assert.equal(g.answered(0), null, 'the greeting is no answer');
  g.level(0.5, 1000);
  assert.equal(g.answered(1010), null, 'a click is not speech');
  for (let t = 2000; t <= 3000; t += 20) g.level(0.2, t);
  for (let t = 3020; t < 3600; t += 20) g.level(0.001, t);
  assert.equal(g.answered(3600), 600);
  assert.equal(g.answered(4000), null, 'once per turn');
});
