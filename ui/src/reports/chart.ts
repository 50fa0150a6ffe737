/* Lines over time: uPlot in our colours. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT_PX = 220;
const COLORS = ['--accent', '--ok', '--warn', '--bad', '--soft', '--muted'];

export interface Lines {
  at: number[];
  lines: { name: string; values: (number | null)[] }[];
}

export function drawLines(box: HTMLElement, data: Lines, show: (v: number | null) => string, when: (s: number) => string): () => void {
  const css = getComputedStyle(document.documentElement);
  const color = (n: number) => css.getPropertyValue(COLORS[n % COLORS.length]!).trim();
  const axis = {
    stroke: css.getPropertyValue('--muted').trim(),
    font: `11px ${css.getPropertyValue('--font')}`,
    grid: { stroke: css.getPropertyValue('--line').trim(), width: 1 },
    ticks: { show: false },
  };
  const u = new uPlot(
    {
      width: Math.max(240, box.clientWidth),
      height: HEIGHT_PX,
      padding: [10, 12, 0, 0],
      cursor: { y: false },
      legend: { show: true, live: true },
      scales: { y: { range: (_u, min, max) => [Math.min(0, min), max > 0 ? max * 1.1 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, space: 80, values: (_u, at) => at.map(when) },
        { ...axis, size: 64, values: (_u, at) => at.map(show) },
      ],
      series: [
        { value: (_u, s) => (s === null ? '–' : when(s)) },
        ...data.lines.map((l, n) => ({
          label: l.name || ' ',
          stroke: color(n),
          width: 1.75,
          spanGaps: false,
          value: (_u: uPlot, v: number | null) => show(v),
        })),
      ],
    },
    [data.at, ...data.lines.map((l) => l.values)] as uPlot.AlignedData,
    box,
  );
  const seen = new ResizeObserver(() => u.setSize({ width: box.clientWidth, height: HEIGHT_PX }));
  seen.observe(box);
  return () => {
    seen.disconnect();
    u.destroy();
  };
}
