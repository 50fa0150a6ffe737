/* Lines over time: uPlot in our colours. */
import uPlot from 'uplot';
import { axis, color, fit, inZone } from '../lib/plot.ts';

const HEIGHT_PX = 220;
/* Distances of ticks: 1, 2, 5, 10 .. */
const WHOLE = Array.from({ length: 30 }, (_, k) => [1, 2, 5][k % 3]! * 10 ** Math.floor(k / 3));
const COLORS = ['--accent', '--ok', '--warn', '--bad', '--soft', '--muted'];

export interface Lines {
  at: number[];
  lines: { name: string; values: (number | null)[] }[];
  whole: boolean; /* counts: no ticks between two numbers */
}

/* names: of the time, and of a line that has none; zone: the one that the report counts by; when: a time of it, as
 * read. */
export function drawLines(box: HTMLElement, data: Lines, names: { time: string; all: string }, zone: string, show: (v: number | null) => string, when: (s: number) => string): () => void {
  const u = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT_PX,
      tzDate: inZone(zone),
      padding: [10, 40, 0, 0], /* half of the last day's date */
      cursor: { y: false },
      legend: { show: true, live: true },
      scales: { y: { range: (_u, min, max) => [Math.min(0, min), max > 0 ? max * 1.1 : 1] } },
      axes: [
        { ...axis(), grid: { show: false }, space: 80, size: 30, values: (_u, at) => at.map(when) },
        { ...axis(), size: 64, values: (_u, at) => at.map(show), ...(data.whole ? { incrs: WHOLE } : {}) },
      ],
      series: [
        { label: names.time, value: (_u, s) => (s === null ? '–' : when(s)) },
        ...data.lines.map((l, n) => ({
          label: l.name || names.all,
          stroke: color(COLORS[n % COLORS.length]!),
          width: 1.75,
          spanGaps: false,
          value: (_u: uPlot, v: number | null) => show(v),
        })),
      ],
    },
    [data.at, ...data.lines.map((l) => l.values)] as uPlot.AlignedData,
    box,
  );
  return fit(u, box);
}
