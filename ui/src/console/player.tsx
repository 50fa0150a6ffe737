/* The recording: two-channel waveform on a canvas (customer above, bot below),
 * playback, and seeking by mouse, keys or a click on a turn. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { signal, useSignal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ApiError, callBytes } from '../lib/api.ts';
import { clock } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { dark } from '../lib/theme.ts';
import { turnAt, type Item } from '../lib/timeline.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { parseWave, peaks, type Wave } from '../lib/wave.ts';
import { makeHash } from '../lib/router.ts';
import { route, token } from './state.ts';

export interface PlayerState {
  ready: Signal<boolean>;
  playing: Signal<boolean>;
  at_ms: Signal<number>;
  current: Signal<number | null>; /* seq of the turn being heard */
  wave: Signal<Wave | null>;
  error: Signal<unknown>;
  audio: HTMLAudioElement;
  load: () => Promise<void>;
  seek: (ms: number, play?: boolean) => void;
  toggle: () => void;
}

async function decode(bytes: ArrayBuffer): Promise<Wave | null> {
  const pcm = parseWave(bytes);
  if (pcm) return pcm;
  const rate_hz = 8000;
  const b = await new OfflineAudioContext(2, 1, rate_hz).decodeAudioData(bytes.slice(0));
  const channels = Array.from({ length: b.numberOfChannels }, (_, c) =>
    Int16Array.from(b.getChannelData(c), (s) => Math.round(s * 32767)),
  );
  return { rate_hz, channels, duration_ms: b.duration * 1000 };
}

export function usePlayer(id: string, items: ReadonlySignal<Item[]>): PlayerState {
  const p = useMemo(() => makePlayer(id, items), [id]);
  useEffect(
    () => () => {
      p.audio.pause();
      if (p.audio.src) URL.revokeObjectURL(p.audio.src);
    },
    [p],
  );
  return p;
}

function makePlayer(id: string, items: ReadonlySignal<Item[]>): PlayerState {
  const audio = new Audio();
  const p: PlayerState = {
    ready: signal(false),
    playing: signal(false),
    at_ms: signal(0),
    current: signal<number | null>(null),
    wave: signal<Wave | null>(null),
    error: signal<unknown>(null),
    audio,
    async load() {
      p.error.value = null;
      try {
        const path = `/api/v1/conversations/${encodeURIComponent(id)}/recording`;
        const bytes = await callBytes(path, { token: token.value });
        p.wave.value = await decode(bytes);
        audio.src = URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
        p.ready.value = true;
        const at_s = Number(route.value.query['t'] ?? NaN);
        if (at_s >= 0) p.seek(at_s * 1000);
      } catch (e) {
        p.error.value = e;
      }
    },
    seek(ms, play = false) {
      audio.currentTime = ms / 1000;
      place(ms);
      if (play) void audio.play();
    },
    toggle() {
      if (audio.paused) void audio.play();
      else audio.pause();
    },
  };
  const place = (ms: number) => {
    p.at_ms.value = ms;
    p.current.value = turnAt(items.peek(), ms);
  };
  const tick = () => {
    if (audio.paused) return;
    place(audio.currentTime * 1000);
    requestAnimationFrame(tick);
  };
  audio.addEventListener('play', () => {
    p.playing.value = true;
    tick();
  });
  for (const name of ['pause', 'ended'])
    audio.addEventListener(name, () => (p.playing.value = false));
  return p;
}

export function Player(props: { player: PlayerState; items: Item[]; open: boolean }) {
  const p = props.player;
  if (props.open) return <p class="player-wait muted">{t('player.after_call')}</p>;
  if (p.error.value) {
    const gone = p.error.value instanceof ApiError && p.error.value.status === 404;
    if (gone) return <p class="player-wait muted">{t('player.none')}</p>;
    return <ErrorNote error={p.error.value} retry={() => void p.load()} />;
  }
  if (!p.ready.value) return <div class="skel player-skel" aria-label={t('ui.loading')} />;
  const total = p.wave.value?.duration_ms ?? 0;
  const label = t(p.playing.value ? 'player.pause' : 'player.play');
  return (
    <div class="player" data-test="player">
      <button
        class="btn primary round"
        data-play
        data-test="play"
        title={`${label} (Space)`}
        aria-label={label}
        onClick={p.toggle}
      >
        <Icon name={p.playing.value ? 'pause' : 'play'} />
      </button>
      <div class="lanes">
        <span class="lane-a">{t('who.customer')}</span>
        <span class="lane-b">{t('who.bot')}</span>
      </div>
      <Lanes p={p} items={props.items} total={total} />
      <span class="player-time num">
        {clock(p.at_ms.value)}
        <small>/ {clock(total)}</small>
      </span>
      <Share at_ms={p.at_ms} />
    </div>
  );
}

/* An address that opens this conversation at this moment; it asks to sign in like any other. */
function Share({ at_ms }: { at_ms: Signal<number> }) {
  const done = useSignal(false);
  async function copy() {
    const at = makeHash(route.value.path, { t: String(Math.floor(at_ms.peek() / 1000)) });
    history.replaceState(null, '', at);
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      /* Not on plain http: the address bar has it. */
    }
    done.value = true;
    setTimeout(() => (done.value = false), 2000);
  }
  const label = t(done.value ? 'player.shared' : 'player.share');
  return (
    <button class="btn ghost square" data-test="share" title={label} aria-label={label} onClick={() => void copy()}>
      <Icon name={done.value ? 'check' : 'link'} />
    </button>
  );
}

const STEP_MS = 5000;

function Lanes({ p, items, total }: { p: PlayerState; items: Item[]; total: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const el = canvas.current!;
    const draw = () => paint(el, p.wave.value!, items, p.at_ms.value / total, p.current.value);
    const seen = new ResizeObserver(draw);
    seen.observe(el);
    const stop = p.at_ms.subscribe(draw);
    return () => {
      seen.disconnect();
      stop();
    };
  }, [items, p.wave.value, dark.value]);

  function onPointer(e: PointerEvent) {
    if (e.type === 'pointermove' && !(e.buttons & 1)) return;
    const r = canvas.current!.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (e.clientX - r.left) / r.width));
    p.seek(part * total);
  }
  function onKey(e: KeyboardEvent) {
    const by = { ArrowLeft: -STEP_MS, ArrowRight: STEP_MS }[e.key];
    if (!by) return;
    e.preventDefault();
    p.seek(Math.min(total, Math.max(0, p.at_ms.value + by)));
  }
  return (
    <canvas
      ref={canvas}
      class="wave"
      data-test="wave"
      role="slider"
      tabIndex={0}
      aria-label={t('player.position')}
      aria-valuemin={0}
      aria-valuemax={Math.round(total / 1000)}
      aria-valuenow={Math.round(p.at_ms.value / 1000)}
      aria-valuetext={clock(p.at_ms.value)}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
      onKeyDown={onKey}
    />
  );
}

const BAR_PX = 3;
const cache = new WeakMap<Wave, { bins: number; lanes: Float32Array[] }>();

function lanesOf(w: Wave, bins: number): Float32Array[] {
  const had = cache.get(w);
  if (had?.bins === bins) return had.lanes;
  const lanes = w.channels.slice(0, 2).map((c) => peaks(c, bins));
  cache.set(w, { bins, lanes });
  return lanes;
}

function paint(
  el: HTMLCanvasElement,
  w: Wave,
  items: Item[],
  part: number,
  current: number | null,
): void {
  const { clientWidth: width, clientHeight: height } = el;
  if (!width) return;
  const scale = devicePixelRatio || 1;
  if (el.width !== Math.round(width * scale)) el.width = Math.round(width * scale);
  if (el.height !== Math.round(height * scale)) el.height = Math.round(height * scale);
  const g = el.getContext('2d')!;
  const css = getComputedStyle(el);
  const color = (name: string) => css.getPropertyValue(name).trim();
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  for (const i of items) {
    if (i.type !== 'turn') continue;
    const { start_ms: a, end_ms: b } = i;
    if (a === undefined || b === undefined) continue;
    const x = (a / w.duration_ms) * width;
    const wide = Math.max(2, ((b - a) / w.duration_ms) * width);
    g.fillStyle = i.seq === current ? color('--accent-soft') : color('--sunken');
    g.beginPath();
    g.roundRect(x, i.who === 'customer' ? 0 : height / 2 + 1, wide, height / 2 - 1, 4);
    g.fill();
  }
  const bins = Math.floor(width / BAR_PX);
  const half = height / 2;
  lanesOf(w, bins).forEach((lane, c) => {
    const mid = c * half + half / 2;
    g.fillStyle = color(c === 0 ? '--wave-a' : '--wave-b');
    lane.forEach((v, n) => {
      const tall = Math.max(1, v * half * 0.92);
      g.globalAlpha = n / bins <= part ? 1 : 0.42;
      g.fillRect(n * BAR_PX, mid - tall / 2, BAR_PX - 1, tall);
    });
  });
  g.globalAlpha = 1;
  g.fillStyle = color('--text');
  g.fillRect(Math.min(width - 1.5, part * width), 0, 1.5, height);
}
