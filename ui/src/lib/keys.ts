/* Keyboard shortcuts with sequences ("g l"). The matching is pure; listen()
 * ties it to the document and stays silent while somebody is typing. */

export type Bindings = Record<string, (e: KeyboardEvent) => void>;

export interface Pending {
  prefix: string;
  at_ms: number;
}

const SEQUENCE_MS = 1200;

/* Which binding does this key complete, and what stays pending after it? */
export function matchKey(
  names: string[],
  pending: Pending,
  key: string,
  now_ms: number,
): { hit: string | null; pending: Pending } {
  const none = { prefix: '', at_ms: 0 };
  if (pending.prefix && now_ms - pending.at_ms <= SEQUENCE_MS) {
    const full = `${pending.prefix} ${key}`;
    if (names.includes(full)) return { hit: full, pending: none };
  }
  if (names.includes(key)) return { hit: key, pending: none };
  if (names.some((n) => n.startsWith(key + ' ')))
    return { hit: null, pending: { prefix: key, at_ms: now_ms } };
  return { hit: null, pending: none };
}

export function isTyping(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null;
  if (!el || !el.tagName) return false;
  return el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName);
}

export function listen(bindings: () => Bindings): () => void {
  let pending: Pending = { prefix: '', at_ms: 0 };
  const onKey = (e: KeyboardEvent) => {
    if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    if (isTyping(e.target) && e.key !== 'Escape') return;
    const all = bindings();
    const m = matchKey(Object.keys(all), pending, e.key, performance.now());
    pending = m.pending;
    if (!m.hit) return;
    const pressed = /^(BUTTON|A|SUMMARY)$/.test((e.target as HTMLElement).tagName ?? '');
    if (pressed && (e.key === 'Enter' || e.key === ' ')) return;
    e.preventDefault();
    all[m.hit]!(e);
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}
