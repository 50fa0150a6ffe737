/* RIFF/WAVE reading and the peaks that a waveform is drawn from. PCM 16 bit
 * only; anything else is left to the browser's decoder by the caller. */

export interface Wave {
  rate_hz: number;
  channels: Int16Array[];
  duration_ms: number;
}

const tag = (v: DataView, at: number): string =>
  String.fromCharCode(v.getUint8(at), v.getUint8(at + 1), v.getUint8(at + 2), v.getUint8(at + 3));

/* null when the buffer is not a PCM16 WAVE. A truncated data chunk (a call
 * still being recorded) counts up to its last whole frame. */
export function parseWave(buf: ArrayBuffer): Wave | null {
  const v = new DataView(buf);
  if (buf.byteLength < 12 || tag(v, 0) !== 'RIFF' || tag(v, 8) !== 'WAVE') return null;
  let rate = 0;
  let chans = 0;
  let at = 12;
  while (at + 8 <= buf.byteLength) {
    const id = tag(v, at);
    const size = v.getUint32(at + 4, true);
    if (id === 'fmt ' && at + 24 <= buf.byteLength) {
      const format = v.getUint16(at + 8, true);
      chans = v.getUint16(at + 10, true);
      rate = v.getUint32(at + 12, true);
      const bits = v.getUint16(at + 22, true);
      if ((format !== 1 && format !== 0xfffe) || bits !== 16 || chans < 1) return null;
    }
    if (id === 'data') {
      if (!rate) return null;
      return split(v, at + 8, Math.min(size, buf.byteLength - at - 8), chans, rate);
    }
    at += 8 + size + (size & 1);
  }
  return null;
}

function split(v: DataView, at: number, size: number, chans: number, rate: number): Wave {
  const frames = Math.floor(size / 2 / chans);
  const channels = Array.from({ length: chans }, () => new Int16Array(frames));
  for (let i = 0; i < frames; i++)
    for (let c = 0; c < chans; c++)
      channels[c]![i] = v.getInt16(at + (i * chans + c) * 2, true);
  return { rate_hz: rate, channels, duration_ms: (frames / rate) * 1000 };
}

/* Loudest magnitude, 0..1, in each of `bins` equal stretches. */
export function peaks(pcm: Int16Array, bins: number): Float32Array {
  const out = new Float32Array(bins);
  const per = pcm.length / bins;
  for (let b = 0; b < bins; b++) {
    const to = Math.min(pcm.length, Math.ceil((b + 1) * per));
    let top = 0;
    for (let i = Math.floor(b * per); i < to; i++) {
      const a = Math.abs(pcm[i]!);
      if (a > top) top = a;
    }
    out[b] = top / 32768;
  }
  return out;
}

/* Root mean square, in the units of the samples. */
export function rms(x: Float32Array | Int16Array): number {
  let sum = 0;
  for (const s of x) sum += s * s;
  return x.length ? Math.sqrt(sum / x.length) : 0;
}
