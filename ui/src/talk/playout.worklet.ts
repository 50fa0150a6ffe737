/* 16 kHz s16le frames -> loudspeaker through a ring. Waits for a small cushion
 * before it starts, so that network jitter is not heard; a flush (the customer
 * interrupts) empties the ring within one block of 128 samples. */
import { Ring } from '../lib/ring.ts';
import { Resampler, s16ToFloat } from '../lib/resample.ts';
import { CUSHION_MS, RING_MS, WIRE_HZ } from './wire.ts';

type Order = { pcm: ArrayBuffer } | { flush: true };

class Playout extends AudioWorkletProcessor {
  private ring = new Ring(Math.round((sampleRate * RING_MS) / 1000));
  private resampler = new Resampler(WIRE_HZ, sampleRate);
  private cushion = Math.round((sampleRate * CUSHION_MS) / 1000);
  private waited = 0;
  private on = false;

  constructor() {
    super();
    this.port.onmessage = (e: MessageEvent<Order>) => this.obey(e.data);
  }

  private obey(order: Order): void {
    if ('flush' in order) {
      this.ring.clear();
      this.resampler = new Resampler(WIRE_HZ, sampleRate);
      this.say(false);
    } else {
      this.ring.push(this.resampler.push(s16ToFloat(new Int16Array(order.pcm))));
    }
  }

  private say(on: boolean): void {
    if (this.on !== on) this.port.postMessage({ playing: on });
    this.on = on;
    this.waited = 0;
  }

  override process(_in: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    if (!this.on && this.ring.length > 0) {
      this.waited += out.length;
      /* A reply shorter than the cushion must still be heard. */
      if (this.ring.length >= this.cushion || this.waited > 2 * this.cushion) this.say(true);
    }
    if (!this.on) return true;
    if (this.ring.pull(out) < out.length) this.say(false);
    for (const other of outputs[0]!.slice(1)) other.set(out);
    return true;
  }
}

registerProcessor('callm-playout', Playout);
