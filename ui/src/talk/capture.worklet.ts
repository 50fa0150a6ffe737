/* Microphone -> 16 kHz s16le frames of 20 ms, on the audio thread. Each frame
 * is posted with its level so that the page need not look at the samples. */
import { floatToS16, Framer, Resampler } from '../lib/resample.ts';
import { rms } from '../lib/wave.ts';
import { WIRE_HZ, FRAME_SAMPLES } from './wire.ts';

class Capture extends AudioWorkletProcessor {
  private resampler = new Resampler(sampleRate, WIRE_HZ);
  private framer = new Framer(FRAME_SAMPLES);

  override process(inputs: Float32Array[][]): boolean {
    const x = inputs[0]?.[0];
    if (!x) return true;
    for (const frame of this.framer.push(floatToS16(this.resampler.push(x))))
      this.port.postMessage({ pcm: frame.buffer, level: rms(frame) / 32768 }, [frame.buffer]);
    return true;
  }
}

registerProcessor('callm-capture', Capture);
