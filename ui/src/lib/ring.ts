/* A bounded FIFO of float samples for the playout worklet. When it is full the
 * oldest samples go, so that speech never lags further and further behind. */

export class Ring {
  private buf: Float32Array;
  private head = 0; /* next to read */
  private used = 0;
  dropped = 0;

  constructor(capacity: number) {
    this.buf = new Float32Array(capacity);
  }

  get length(): number {
    return this.used;
  }

  push(x: Float32Array): void {
    const cap = this.buf.length;
    const from = Math.max(0, x.length - cap);
    const n = x.length - from;
    const over = Math.max(0, this.used + n - cap);
    this.head = (this.head + over) % cap;
    this.used -= over;
    this.dropped += over + from;
    let at = (this.head + this.used) % cap;
    for (let i = 0; i < n; i++) {
      this.buf[at] = x[from + i]!;
      at = at + 1 === cap ? 0 : at + 1;
    }
    this.used += n;
  }

  /* Fills out and returns how many samples were real; the rest is silence. */
  pull(out: Float32Array): number {
    const n = Math.min(out.length, this.used);
    for (let i = 0; i < n; i++) {
      out[i] = this.buf[this.head]!;
      this.head = this.head + 1 === this.buf.length ? 0 : this.head + 1;
    }
    out.fill(0, n);
    this.used -= n;
    return n;
  }

  clear(): void {
    this.head = 0;
    this.used = 0;
  }
}
