/* Streaming sample-rate conversion with a windowed-sinc kernel (Hann, 16 zero
 * crossings), for microphone -> 16 kHz and 16 kHz -> loudspeaker. The state
 * between pushes is the tail of the input, so block borders are inaudible. */

const CROSSINGS = 16;

export class Resampler {
  private tail: Float32Array = new Float32Array(0);
  private pos: number; /* next output's place in tail, in input samples */
  private step: number;
  private cut: number; /* of the input's Nyquist frequency */
  private half: number; /* kernel radius in input samples */

  constructor(from_hz: number, to_hz: number) {
    this.step = from_hz / to_hz;
    this.cut = Math.min(1, to_hz / from_hz);
    this.half = Math.ceil(CROSSINGS / this.cut);
    this.tail = new Float32Array(this.half);
    this.pos = this.half;
  }

  push(x: Float32Array): Float32Array {
    if (this.step === 1) return x;
    const all = new Float32Array(this.tail.length + x.length);
    all.set(this.tail);
    all.set(x, this.tail.length);
    const n = Math.max(0, Math.ceil((all.length - this.half - this.pos) / this.step));
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) out[i] = this.at(all, this.pos + i * this.step);
    this.pos += n * this.step;
    const keep = Math.max(0, Math.floor(this.pos) - this.half);
    this.tail = all.slice(keep);
    this.pos -= keep;
    return out;
  }

  private at(x: Float32Array, pos: number): number {
    const first = Math.max(0, Math.ceil(pos - this.half));
    const last = Math.min(x.length - 1, Math.floor(pos + this.half));
    let sum = 0;
    for (let i = first; i <= last; i++) sum += x[i]! * this.kernel(i - pos);
    return sum;
  }

  private kernel(d: number): number {
    if (d === 0) return this.cut;
    const a = Math.PI * d * this.cut;
    const hann = 0.5 + 0.5 * Math.cos((Math.PI * d) / this.half);
    return (this.cut * Math.sin(a) * hann) / a;
  }
}

export function floatToS16(x: Float32Array): Int16Array {
  const out = new Int16Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const s = Math.max(-1, Math.min(1, x[i]!));
    out[i] = Math.round(s < 0 ? s * 32768 : s * 32767);
  }
  return out;
}

export function s16ToFloat(x: Int16Array): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) out[i] = x[i]! / 32768;
  return out;
}

/* Cuts a stream of samples into frames of one size; the rest waits. */
export class Framer {
  private rest: Int16Array = new Int16Array(0);

  constructor(private size: number) {}

  push(x: Int16Array): Int16Array[] {
    const all = new Int16Array(this.rest.length + x.length);
    all.set(this.rest);
    all.set(x, this.rest.length);
    const frames: Int16Array[] = [];
    let at = 0;
    for (; at + this.size <= all.length; at += this.size)
      frames.push(all.slice(at, at + this.size));
    this.rest = all.slice(at);
    return frames;
  }
}
