/* What a button or a key starts: one job at a time, a second one meanwhile does nothing; how it ended is shown. */
import { signal, type Signal } from '@preact/signals';

export interface Job {
  busy: Signal<boolean>;
  error: Signal<unknown>;
  done: Signal<string>; /* what was done, in words; empty: nothing to tell */
  run: (what: () => Promise<string>) => Promise<void>;
  clear: () => void;
}

/* told: what is shown of an error. */
export function newJob(told: (e: unknown) => unknown = (e) => e): Job {
  const busy = signal(false);
  const error = signal<unknown>(null);
  const done = signal('');
  const clear = () => {
    error.value = null;
    done.value = '';
  };
  async function run(what: () => Promise<string>) {
    if (busy.peek()) return;
    busy.value = true;
    clear();
    try {
      done.value = await what();
    } catch (e) {
      error.value = told(e);
    }
    busy.value = false;
  }
  return { busy, error, done, run, clear };
}
