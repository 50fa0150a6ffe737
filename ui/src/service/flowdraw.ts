/* A drawing of a flow: steps in layers from the top, each edge once, edges that lead back at the side. Pure. */

export interface FlowStep {
  id: string;
  kind: string;
  next: { to: string; label?: string }[];
}
interface Box {
  id: string;
  kind: string;
  x: number;
  y: number;
  w: number;
  h: number;
}
interface Edge {
  from: string;
  to: string;
  label: string;
  path: string;
  lx: number;
  ly: number;
  back: boolean;
  side: 'left' | 'right' | 'none';
}
export interface Drawing {
  w: number;
  h: number;
  boxes: Box[];
  edges: Edge[];
}

const W = 168;
const H = 44;
const GAP_X = 28;
const GAP_Y = 46;
const PAD = 12;
const SIDE = 14;
const LABEL = 70; /* room for what an edge at the side is called */
const END = 'end';

/* How deep a step lies: the longest way from the first one, without the edges that close a circle. */
function layers(steps: FlowStep[]): { depth: Map<string, number>; back: Set<string> } {
  const by = new Map(steps.map((s) => [s.id, s]));
  const depth = new Map<string, number>();
  const back = new Set<string>();
  const open = new Set<string>();
  const seen = new Set<string>();
  const order: string[] = [];
  const visit = (id: string): void => {
    seen.add(id);
    open.add(id);
    for (const e of by.get(id)?.next ?? []) {
      if (open.has(e.to)) back.add(`${id} ${e.to}`);
      else if (!seen.has(e.to)) visit(e.to);
    }
    open.delete(id);
    order.push(id);
  };
  for (const s of steps) if (!seen.has(s.id)) visit(s.id);
  for (const id of order.reverse()) {
    const d = depth.get(id) ?? 0;
    depth.set(id, d);
    for (const e of by.get(id)?.next ?? [])
      if (!back.has(`${id} ${e.to}`)) depth.set(e.to, Math.max(depth.get(e.to) ?? 0, d + 1));
  }
  return { depth, back };
}

/* Within a layer a step stands under the middle of those that lead to it. */
function rows(steps: FlowStep[], depth: Map<string, number>): string[][] {
  const out: string[][] = [];
  for (const [id, d] of depth) (out[d] ??= []).push(id);
  const above = new Map<string, string[]>();
  for (const s of steps) for (const e of s.next) above.set(e.to, [...(above.get(e.to) ?? []), s.id]);
  const at = new Map<string, number>();
  const place = (row: string[]) => row.forEach((id, n) => at.set(id, n - (row.length - 1) / 2));
  for (const row of out) {
    const middle = (id: string): number => {
      const up = (above.get(id) ?? []).flatMap((u) => at.get(u) ?? []);
      return up.length ? up.reduce((a, b) => a + b, 0) / up.length : 0;
    };
    const m = new Map(row.map((id) => [id, middle(id)]));
    row.sort((a, b) => m.get(a)! - m.get(b)!);
    place(row);
  }
  return out;
}

/* Edges that lead back go along the right side, those that jump over a layer along the left: one lane for each
 * step they lead to. */
interface Lanes {
  left: Map<string, number>;
  right: Map<string, number>;
}

function lanesOf(steps: FlowStep[], depth: Map<string, number>, back: Set<string>): Lanes {
  const lanes: Lanes = { left: new Map(), right: new Map() };
  for (const s of steps)
    for (const e of s.next) {
      const side = back.has(`${s.id} ${e.to}`) ? lanes.right : depth.get(e.to)! - depth.get(s.id)! > 1 ? lanes.left : null;
      if (side && !side.has(e.to)) side.set(e.to, side.size);
    }
  return lanes;
}

function edge(a: Box, b: Box, label: string, back: boolean, lane: number | undefined, right: number): Edge {
  const base = { from: a.id, to: b.id, label, back };
  const ya = a.y + a.h / 2;
  const yb = b.y + b.h / 2;
  if (back) {
    const side = right + SIDE * ((lane ?? 0) + 1);
    return { ...base, side: 'right', path: `M${a.x + a.w} ${ya} H${side} V${yb} H${b.x + b.w}`, lx: a.x + a.w + 6, ly: ya - 5 };
  }
  if (lane !== undefined) {
    const side = PAD + SIDE * lane;
    return { ...base, side: 'left', path: `M${a.x} ${ya} H${side} V${yb} H${b.x}`, lx: a.x - 6, ly: ya - 5 };
  }
  const x1 = a.x + a.w / 2;
  const x2 = b.x + b.w / 2;
  const y1 = a.y + a.h;
  const bend = Math.min(30, (b.y - y1) / 2);
  return {
    ...base,
    side: 'none',
    path: `M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${b.y - bend} ${x2} ${b.y}`,
    lx: x1 + (x2 - x1) * 0.35,
    ly: y1 + (b.y - y1) * 0.42,
  };
}

export function draw(steps: FlowStep[]): Drawing {
  if (!steps.length) return { w: 0, h: 0, boxes: [], edges: [] };
  const ends = steps.some((s) => s.next.some((e) => e.to === END)) && !steps.some((s) => s.id === END);
  const all: FlowStep[] = ends ? [...steps, { id: END, kind: 'end', next: [] }] : steps;
  const known = new Set(all.map((s) => s.id));
  const clean = all.map((s) => ({ ...s, next: s.next.filter((e) => known.has(e.to)) }));
  const { depth, back } = layers(clean);
  const grid = rows(clean, depth);
  const lanes = lanesOf(clean, depth, back);
  const widest = Math.max(...grid.map((r) => r?.length ?? 0));
  const left = PAD + SIDE * lanes.left.size + (lanes.left.size ? LABEL : 0);
  const right = left + widest * W + (widest - 1) * GAP_X;
  const kinds = new Map(clean.map((s) => [s.id, s.kind]));
  const boxes: Box[] = grid.flatMap((row, d) =>
    (row ?? []).map((id, n) => ({
      id,
      kind: kinds.get(id) ?? '',
      w: W,
      h: H,
      x: left + (right - left - row.length * W - (row.length - 1) * GAP_X) / 2 + n * (W + GAP_X),
      y: PAD + d * (H + GAP_Y),
    })),
  );
  const box = new Map(boxes.map((b) => [b.id, b]));
  const edges = clean.flatMap((s) =>
    s.next.map((e) => {
      const is = back.has(`${s.id} ${e.to}`);
      const far = depth.get(e.to)! - depth.get(s.id)! > 1;
      const lane = is ? lanes.right.get(e.to) : far ? lanes.left.get(e.to) : undefined;
      return edge(box.get(s.id)!, box.get(e.to)!, e.label ?? '', is, lane, right + (lanes.right.size ? LABEL : 0));
    }),
  );
  return {
    w: right + PAD + (lanes.right.size ? LABEL + SIDE * (lanes.right.size + 1) : 0),
    h: 2 * PAD + grid.length * (H + GAP_Y) - GAP_Y,
    boxes,
    edges,
  };
}
