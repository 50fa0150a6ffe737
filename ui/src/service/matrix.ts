/* Labels against predictions as a matrix, and which key labels what. Pure. */

export interface Confusion {
  turns: number;
  labelled: number;
  right: number;
  heard: Record<string, number>;
  cells: { label: string; predicted: string; n: number }[];
}
interface MatrixCell {
  n: number;
  share: number; /* of the row's turns, 0..1 */
  right: boolean;
}
export interface Matrix {
  columns: string[];
  rows: { label: string; n: number; cells: MatrixCell[] }[];
}

/* Nothing heard is right for what is out of scope. */
const isRight = (label: string, predicted: string): boolean =>
  label === predicted || (label === 'oos' && predicted === 'none');

export function matrixOf(c: Confusion): Matrix {
  const total = new Map<string, number>();
  for (const x of c.cells) total.set(x.label, (total.get(x.label) ?? 0) + x.n);
  const labels = [...total.keys()].sort((a, b) => total.get(b)! - total.get(a)! || (a < b ? -1 : 1));
  const heard = new Set(c.cells.map((x) => x.predicted));
  /* Columns in the order of the rows, so that what is right lies on the diagonal. */
  const columns = [
    ...labels.filter((l) => heard.has(l)),
    ...[...heard].filter((h) => !total.has(h)).sort(),
  ];
  const at = new Map(c.cells.map((x) => [`${x.label}\n${x.predicted}`, x.n]));
  return {
    columns,
    rows: labels.map((label) => ({
      label,
      n: total.get(label)!,
      cells: columns.map((p) => {
        const n = at.get(`${label}\n${p}`) ?? 0;
        return { n, share: n / total.get(label)!, right: isRight(label, p) };
      }),
    })),
  };
}

const KEYS = '1234567890qwertuiopasdf'.replace(/[ykjmxg]/g, '');

/* The labels that are used or heard most get the first keys. */
export function keysFor(known: string[], c: Confusion): [string, string][] {
  const weight = new Map(known.map((w) => [w, 0]));
  for (const [w, n] of Object.entries(c.heard)) if (w !== 'none') weight.set(w, (weight.get(w) ?? 0) + n);
  for (const x of c.cells) weight.set(x.label, (weight.get(x.label) ?? 0) + 3 * x.n);
  const order = [...weight.keys()];
  const words = order.sort((a, b) => weight.get(b)! - weight.get(a)!);
  return words.slice(0, KEYS.length).map((w, n) => [KEYS[n]!, w]);
}
