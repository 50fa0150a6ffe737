/* This browser as the agent's telephone: the microphone and the loudspeaker on one socket that waits until a call is
 * put onto it. The second browser of the same login takes the line. */
import { effect, signal } from '@preact/signals';
import { wsUrl } from '../lib/socket.ts';
import { openAudio, type AudioLine } from '../talk/audio.ts';
import { token } from '../console/state.ts';

export type Line = 'off' | 'opening' | 'open' | 'busy'; /* busy: somebody is on it */
export const lineState = signal<Line>('off');
export const lineError = signal<unknown>(null);

const BACKLOG_BYTES = 32000; /* one second: the network is stuck */
let audio: AudioLine | null = null;
let ws: WebSocket | null = null;
let attempt = 0; /* grows with every start and end: what was begun before has lost the line */

function finish(): void {
  attempt++;
  const s = ws;
  ws = null;
  if (s && s.readyState <= WebSocket.OPEN) s.close();
  audio?.close();
  audio = null;
  lineState.value = 'off';
}

function receive(data: unknown): void {
  if (data instanceof ArrayBuffer) {
    audio?.play(data.byteLength % 2 ? data.slice(0, -1) : data);
    return;
  }
  const m = JSON.parse(String(data)) as { type: string; data?: { on?: boolean } };
  if (m.type === 'flush') audio?.flush();
  if (m.type !== 'line') return;
  lineState.value = m.data?.on ? 'busy' : 'open';
}

/* true: the line is open. */
export async function openLine(): Promise<boolean> {
  if (lineState.value !== 'off') return lineState.value !== 'opening';
  lineState.value = 'opening';
  lineError.value = null;
  const mine = ++attempt;
  try {
    const opened = await openAudio({
      frame: (pcm) => {
        if (ws?.readyState !== WebSocket.OPEN || ws.bufferedAmount > BACKLOG_BYTES) return;
        ws.send(pcm);
      },
      level: () => undefined,
      playing: () => undefined,
    });
    if (mine !== attempt) {
      opened.close();
      return false;
    }
    audio = opened;
    return await new Promise<boolean>((done) => {
      const s = new WebSocket(wsUrl(`/ws/media?party=${encodeURIComponent(token.value ?? '')}`));
      ws = s;
      s.binaryType = 'arraybuffer';
      s.onopen = () => {
        lineState.value = 'open';
        done(true);
      };
      s.onmessage = (e: MessageEvent) => {
        if (ws === s) receive(e.data);
      };
      s.onclose = () => {
        if (ws === s) finish();
        done(false);
      };
    });
  } catch (e) {
    if (mine !== attempt) return false;
    lineError.value = e;
    finish();
    return false;
  }
}

export const closeLine = (): void => finish();
export const muteLine = (on: boolean): void => audio?.mute(on);
addEventListener('pagehide', finish);
effect(() => {
  if (token.value === null) finish();
});
