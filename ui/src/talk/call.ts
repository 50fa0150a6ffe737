/* One call: conversation, media socket, audio line, and what the page shows. */
import { batch, signal } from '@preact/signals';
import { call } from '../lib/api.ts';
import { lang, t } from '../lib/i18n.ts';
import { wsUrl } from '../lib/socket.ts';
import { mergeEvents } from '../lib/timeline.ts';
import type { Ev } from '../lib/types.ts';
import { errorText } from '../lib/ui.tsx';
import { openAudio, type AudioLine } from './audio.ts';
import { GapMeter } from './gap.ts';

export type Phase = 'idle' | 'starting' | 'live' | 'ended' | 'lost';

export const phase = signal<Phase>('idle');
export const events = signal<Ev[]>([]);
export const partial = signal('');
export const level = signal(0);
export const speaking = signal(false);
export const muted = signal(false);
export const gap_ms = signal<number | null>(null);
export const error = signal('');
export const startedAt = signal(0);
/* For tests and the curious: frames of 20 ms in both directions. */
export const frames = { sent: 0, received: 0, flushed: 0 };

const FRAME_BYTES = 640;
const BACKLOG_BYTES = 50 * FRAME_BYTES; /* one second: the network is stuck */

interface Created {
  id: string;
  interaction_id: string;
  token: string;
}

type Frame =
  | { type: 'event'; data: Ev }
  | { type: 'partial'; data: { text: string } }
  | { type: 'flush' }
  | { type: 'closed' };

let line: AudioLine | null = null;
let ws: WebSocket | null = null;
let meter = new GapMeter();

export async function startCall(): Promise<void> {
  batch(() => {
    phase.value = 'starting';
    events.value = [];
    partial.value = '';
    gap_ms.value = null;
    error.value = '';
    muted.value = false;
  });
  Object.assign(frames, { sent: 0, received: 0, flushed: 0 });
  meter = new GapMeter();
  try {
    line = await openAudio({ frame: sendFrame, level: onLevel, playing: onPlaying });
    const c = await call<Created>('/api/v1/conversations', {
      method: 'POST',
      body: { channel: 'talk', language: lang.value },
    });
    connect(c);
  } catch (e) {
    error.value = startError(e);
    finish('idle');
  }
}

function startError(e: unknown): string {
  const name = (e as Error).name;
  if (name === 'NotAllowedError' || name === 'SecurityError') return t('talk.no_mic');
  if (name === 'NotFoundError' || name === 'NotReadableError') return t('talk.mic_missing');
  return errorText(e);
}

function connect(c: Created): void {
  const id = encodeURIComponent(c.interaction_id);
  const s = new WebSocket(wsUrl(`/ws/media/${id}?token=${encodeURIComponent(c.token)}`));
  ws = s;
  s.binaryType = 'arraybuffer';
  s.onopen = () =>
    batch(() => {
      phase.value = 'live';
      startedAt.value = Date.now();
    });
  s.onmessage = (e: MessageEvent) => {
    if (ws === s) receive(e.data);
  };
  s.onclose = (e: CloseEvent) => {
    if (ws === s) finish(e.code === 1000 ? 'ended' : 'lost');
  };
}

function receive(data: unknown): void {
  if (data instanceof ArrayBuffer) {
    frames.received++;
    line?.play(data.byteLength % 2 ? data.slice(0, -1) : data);
    return;
  }
  const m = JSON.parse(String(data)) as Frame;
  if (m.type === 'event') onEvent(m.data);
  else if (m.type === 'partial') partial.value = m.data.text;
  else if (m.type === 'flush') {
    frames.flushed++;
    line?.flush();
  } else if (m.type === 'closed') finish('ended');
}

function onEvent(e: Ev): void {
  events.value = mergeEvents(events.value, [e]);
  if (e.kind === 'turn.customer') partial.value = '';
  if (e.kind === 'conversation.closed') finish('ended');
}

function sendFrame(pcm: ArrayBuffer): void {
  if (phase.value !== 'live' || ws?.readyState !== WebSocket.OPEN) return;
  if (ws.bufferedAmount > BACKLOG_BYTES) return;
  ws.send(pcm);
  frames.sent++;
}

function onLevel(v: number): void {
  level.value = v;
  if (!speaking.value) meter.level(v, performance.now());
}

function onPlaying(on: boolean): void {
  speaking.value = on;
  if (!on) return;
  const ms = meter.answered(performance.now());
  if (ms !== null) gap_ms.value = ms;
}

export function dtmf(digit: string): void {
  if (phase.value === 'live') ws?.send(JSON.stringify({ op: 'dtmf', data: { digit } }));
}

export function toggleMute(): void {
  muted.value = !muted.value;
  line?.mute(muted.value);
}

export function hangUp(): void {
  if (ws?.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ op: 'hangup' }));
  finish('ended');
}

function finish(to: Phase): void {
  const s = ws;
  ws = null;
  if (s && s.readyState <= WebSocket.OPEN) s.close();
  line?.close();
  line = null;
  batch(() => {
    phase.value = to;
    level.value = 0;
    speaking.value = false;
    partial.value = '';
  });
}

addEventListener('pagehide', () => {
  if (phase.value === 'live') hangUp();
});
