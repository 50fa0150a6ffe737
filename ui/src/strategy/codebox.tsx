/* A text with numbered lines that wrap: a field over a copy of itself, which gives the height, the numbers and the marks. */
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/* show: a line to scroll to and to select, from 1; 0: none. marks: lines with a fault. */
export function CodeBox(p: { text: Signal<string>; show: Signal<number>; marks: Set<number>; label: string; test: string; onKeyDown: (e: KeyboardEvent) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const all = p.text.value.split('\n');
  const to = p.show.value;
  useEffect(() => {
    const el = field.current;
    if (!el || to < 1 || to > all.length) return;
    const at = all.slice(0, to - 1).reduce((n, l) => n + l.length + 1, 0);
    el.focus({ preventScroll: true });
    el.setSelectionRange(at, at + all[to - 1]!.length);
    const line = box.current!.querySelectorAll<HTMLElement>('.codelines > div')[to - 1];
    if (line) box.current!.scrollTop = Math.max(0, line.offsetTop - 80);
    p.show.value = 0;
  }, [to]);
  return (
    <div class="input codebox" ref={box}>
      <div class="codein">
        <div class="codelines" aria-hidden="true">
          {all.map((l, n) => (
            <div key={n} class={p.marks.has(n + 1) ? 'fault' : undefined}>{l || '\u200b'}</div>
          ))}
        </div>
        <textarea ref={field} data-test={p.test} spellcheck={false} autocapitalize="off" aria-label={p.label} value={p.text.value}
          onInput={(e) => (p.text.value = e.currentTarget.value)} onKeyDown={p.onKeyDown} />
      </div>
    </div>
  );
}
