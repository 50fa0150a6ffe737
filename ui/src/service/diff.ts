/* What two texts have in common, line by line (Myers' O(ND) greedy method: E. W. Myers, "An O(ND) Difference
 * Algorithm and Its Variations", Algorithmica 1, 1986). Pure. */

interface DiffLine {
  mark: ' ' | '+' | '-' | '…';
  text: string;
}

const MOST = 2000; /* changed lines beyond which the old text is simply replaced */

function trace(a: string[], b: string[]): Map<number, number>[] | null {
  const steps: Map<number, number>[] = [];
  let v = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MOST); d++) {
    steps.push(new Map(v));
    const next = new Map(v);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1));
      let x = down ? (v.get(k + 1) ?? 0) : (v.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return steps;
    }
    v = next;
  }
  return null;
}

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  const steps = trace(a, b);
  if (!steps)
    return [...a.map((text) => ({ mark: '-' as const, text })), ...b.map((text) => ({ mark: '+' as const, text }))];
  const out: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = steps.length - 1; d >= 0; d--) {
    const v = steps[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1));
    const px = v.get(down ? k + 1 : k - 1) ?? 0;
    const py = px - (down ? k + 1 : k - 1);
    while (x > px && y > py && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      out.push({ mark: ' ', text: a[--x]! });
      y--;
    }
    if (d === 0) break;
    if (down) out.push({ mark: '+', text: b[--y]! });
    else out.push({ mark: '-', text: a[--x]! });
  }
  return out.reverse();
}

/* Only what changed, with a few lines around. */
export function shorten(lines: DiffLine[], around = 3): DiffLine[] {
  const keep = lines.map(() => false);
  lines.forEach((l, n) => {
    if (l.mark !== ' ')
      for (let i = Math.max(0, n - around); i <= Math.min(lines.length - 1, n + around); i++) keep[i] = true;
  });
  const out: DiffLine[] = [];
  lines.forEach((l, n) => {
    if (keep[n]) out.push(l);
    else if (out[out.length - 1]?.mark !== '…') out.push({ mark: '…', text: '' });
  });
  return out.some((l) => l.mark !== '…') ? out : [];
}
