/* How long the caller waited: from the end of their own speech, as heard at
 * the microphone, to the first sound of the answer. Pure, fed with levels and
 * times; a simple gate with hangover is enough for a display. */

const SPEECH = 0.02; /* rms of full scale; about -34 dBFS */
const MIN_SPEECH_MS = 60;

export class GapMeter {
  private started_ms = -1;
  private last_loud_ms = -1;
  private armed = false;

  level(level: number, now_ms: number): void {
    if (level < SPEECH) return;
    if (this.started_ms < 0 || now_ms - this.last_loud_ms > 400) this.started_ms = now_ms;
    this.last_loud_ms = now_ms;
    if (now_ms - this.started_ms >= MIN_SPEECH_MS) this.armed = true;
  }

  /* The answer's first sound: the wait in ms, or null when nobody had spoken. */
  answered(now_ms: number): number | null {
    if (!this.armed) return null;
    this.armed = false;
    this.started_ms = -1;
    return Math.max(0, now_ms - this.last_loud_ms);
  }
}
