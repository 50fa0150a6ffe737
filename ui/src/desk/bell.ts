/* What makes itself heard: an offer rings until it is taken or goes, a customer's word to a hidden page beeps once;
 * with the agent's leave the desktop shows it too. The sound is made here, there is no file. */
import { signal } from '@preact/signals';
import { t } from '../lib/i18n.ts';
import type { DeskState } from './store.ts';
import { offersOf } from './work.ts';

const STORE = 'callm.desk.sound';
const RING_MS = 3000;
export const sound = signal(localStorage.getItem(STORE) !== 'off');
export const rings = signal(0); /* how often it rang, for those who look instead of listen */

export function toggleSound(): void {
  sound.value = !sound.value;
  localStorage.setItem(STORE, sound.value ? 'on' : 'off');
}

let audio: AudioContext | null = null;

/* Notes one after another: [Hz, ms]. */
function play(notes: [number, number][]): void {
  if (!sound.value) return;
  try {
    audio ??= new AudioContext();
    let at = audio.currentTime + 0.02;
    for (const [hz, ms] of notes) {
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      tone.frequency.value = hz;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.16, at + 0.02);
      loud.gain.linearRampToValueAtTime(0, at + ms / 1000);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
      at += ms / 1000 + 0.03;
    }
  } catch {
    /* No sound device: the eyes have it. */
  }
}

let timer: ReturnType<typeof setInterval> | null = null;
const ring = (): void => {
  rings.value++;
  play([[660, 180], [880, 260]]);
};

export const mayAsk = (): boolean => 'Notification' in window && Notification.permission === 'default';

function desktop(title: string, body: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.visibilityState === 'visible') return;
  const n = new Notification(title, { body, tag: 'callm-desk' });
  n.onclick = () => {
    window.focus();
    n.close();
  };
}

/* What is new between two states. */
export function announce(before: DeskState, after: DeskState): void {
  const offers = offersOf(after);
  const had = new Set(offersOf(before).map((w) => w.id));
  const fresh = offers.filter((w) => !had.has(w.id));
  if (fresh.length) {
    ring();
    desktop(t('desk.offer_title'), fresh.map((w) => w.customer?.name || w.queue).join(', '));
  }
  if (offers.length) timer ??= setInterval(ring, RING_MS);
  else if (timer) {
    clearInterval(timer);
    timer = null;
  }
  for (const [id, talk] of after.talks) {
    const was = before.talks.get(id);
    if (!was || talk.unread <= was.unread) continue;
    play([[740, 120]]);
    const last = [...talk.events].reverse().find((e) => e.kind === 'turn.customer');
    desktop(t('desk.message_title'), last?.body.text ?? '');
  }
}
