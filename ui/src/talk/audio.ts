/* Microphone and loudspeaker as two worklets around one AudioContext. */
import captureUrl from './capture.worklet.ts?worker&url';
import playoutUrl from './playout.worklet.ts?worker&url';

export interface AudioEvents {
  frame: (pcm: ArrayBuffer) => void;
  level: (level: number) => void;
  playing: (on: boolean) => void;
}

export interface AudioLine {
  play: (pcm: ArrayBuffer) => void;
  flush: () => void;
  mute: (on: boolean) => void;
  close: () => void;
}

export async function openAudio(on: AudioEvents): Promise<AudioLine> {
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode)
    throw new DOMException('no microphone outside https', 'NotAllowedError');
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: false },
  });
  const ctx = new AudioContext({ latencyHint: 'interactive' });
  try {
    await Promise.all([
      ctx.audioWorklet.addModule(captureUrl),
      ctx.audioWorklet.addModule(playoutUrl),
    ]);
    await ctx.resume();
    return wire(ctx, stream, on);
  } catch (e) {
    stream.getTracks().forEach((t) => t.stop());
    void ctx.close();
    throw e;
  }
}

function wire(ctx: AudioContext, stream: MediaStream, on: AudioEvents): AudioLine {
  const mic = ctx.createMediaStreamSource(stream);
  const capture = new AudioWorkletNode(ctx, 'callm-capture', {
    channelCount: 1,
    channelCountMode: 'explicit',
    numberOfOutputs: 0,
  });
  const playout = new AudioWorkletNode(ctx, 'callm-playout', {
    numberOfInputs: 0,
    outputChannelCount: [1],
  });
  capture.port.onmessage = (e: MessageEvent<{ pcm: ArrayBuffer; level: number }>) => {
    on.frame(e.data.pcm);
    on.level(e.data.level);
  };
  playout.port.onmessage = (e: MessageEvent<{ playing: boolean }>) => on.playing(e.data.playing);
  mic.connect(capture);
  playout.connect(ctx.destination);
  return {
    play: (pcm) => playout.port.postMessage({ pcm }, [pcm]),
    flush: () => playout.port.postMessage({ flush: true }),
    mute: (off) => stream.getAudioTracks().forEach((t) => (t.enabled = !off)),
    close: () => {
      stream.getTracks().forEach((t) => t.stop());
      void ctx.close();
    },
  };
}
