/* The score that marks make by a form, as the server counts it; what evidence marks in a text. Pure. */
import type { Evidence, Form, MarkState } from './types.ts';

/* 100 * points of plus items passed / points of those judged, less the points of minus items failed; 0 with a taboo
 * broken; null: nothing is judged. */
export function scoreOf(form: Form, marks: Record<string, MarkState | undefined>): number | null {
  let had = 0;
  let of = 0;
  let off = 0;
  let judged = 0;
  for (const i of form.sections.flatMap((s) => s.items)) {
    const m = marks[i.id];
    if (m !== 'pass' && m !== 'fail') continue;
    judged++;
    const points = i.weight ?? 0;
    if (i.type === 'taboo' && m === 'fail') return 0;
    if (i.type === 'minus' && m === 'fail') off += points;
    if (i.type !== 'plus') continue;
    of += points;
    if (m === 'pass') had += points;
  }
  if (!judged) return null;
  return Math.max(0, Math.min(100, (of ? (100 * had) / of : 100) - off));
}

interface Piece {
  text: string;
  lit: boolean;
}

/* A text in pieces, those that evidence names lit; offsets count code points. */
export function pieces(text: string, evidence: Evidence[]): Piece[] {
  const all = [...text];
  const lit = new Array<boolean>(all.length).fill(false);
  for (const e of evidence) {
    const from = e.start ?? 0;
    const to = e.end ?? 0;
    if (to <= from) lit.fill(true);
    else lit.fill(true, Math.max(0, from), Math.min(all.length, to));
  }
  const out: Piece[] = [];
  for (let i = 0; i < all.length; i++) {
    const last = out[out.length - 1];
    if (last && last.lit === lit[i]) last.text += all[i];
    else out.push({ text: all[i]!, lit: lit[i]! });
  }
  return out;
}

/* Which of a person's marks differ from what was found automatically. */
export function differs(auto: { item: string; state: MarkState }[], mine: Record<string, MarkState>): string[] {
  return auto.filter((m) => mine[m.item] !== undefined && mine[m.item] !== m.state && m.state !== 'abstain').map((m) => m.item);
}
