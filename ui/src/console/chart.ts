/* uPlot in our colours. Loaded only by the health page. */
import uPlot from 'uplot';
import { here, latency } from '../lib/format.ts';
import { axis, color, fit } from '../lib/plot.ts';

export interface ChartSpec {
  ms: boolean;
  lang: string;
  lines: { label: string; color: string }[];
}

export interface Chart {
  set: (data: number[][]) => void;
  destroy: () => void;
}

const HEIGHT_PX = 168;
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export function makeChart(box: HTMLElement, spec: ChartSpec, data: number[][]): Chart {
  const show = (v: number | null) =>
    v === null ? '–' : spec.ms ? latency(v) : String(Math.round(v * 10) / 10);
  const clockOf = new Intl.DateTimeFormat(spec.lang, {
    timeZone: here(),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
  const u = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT_PX,
      padding: [10, 12, 0, 0],
      cursor: { y: false, points: { size: 7 } },
      legend: { show: false },
      scales: { y: { range: (_u, _min, max) => [0, niceTop(max, spec.ms)] } },
      axes: [
        {
          ...axis(),
          grid: { show: false },
          space: 90,
          size: 28,
          values: (_u, at) => at.map((s) => clockOf.format(s * 1000)),
        },
        {
          ...axis(),
          size: 58,
          space: 34,
          values: (_u, at) => at.map(show),
          ...(spec.ms ? {} : { incrs: WHOLE }),
        },
      ],
      series: [
        {},
        ...spec.lines.map((l, n) => ({
          label: l.label,
          stroke: color(l.color),
          width: 1.75,
          points: { show: false },
          ...(n === spec.lines.length - 1 ? { fill: color(l.color) + '1f' } : {}),
        })),
      ],
      plugins: [readout(box, show)],
    },
    data as unknown as uPlot.AlignedData,
    box,
  );
  return {
    set: (d) => u.setData(d as unknown as uPlot.AlignedData),
    destroy: fit(u, box),
  };
}

function niceTop(max: number, ms: boolean): number {
  const least = ms ? 1 : 4;
  return Number.isFinite(max) ? Math.max(least, max * 1.15) : least;
}

/* The values under the cursor, as a small line in the corner. */
function readout(box: HTMLElement, show: (v: number | null) => string): uPlot.Plugin {
  const el = document.createElement('output');
  el.className = 'plot-read num';
  return {
    hooks: {
      init: () => void box.append(el),
      destroy: () => el.remove(),
      setCursor: (u: uPlot) => {
        const at = u.cursor.idx;
        el.textContent =
          at === null || at === undefined
            ? ''
            : u.series
                .slice(1)
                .map((_s, n) => show((u.data[n + 1]?.[at] ?? null) as number | null))
                .join(' / ');
      },
    },
  };
}
