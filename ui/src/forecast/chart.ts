/* What came and what is expected with its intervals, and the people needed, one below the other: uPlot in our colours,
 * one cursor for both. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Columns } from './days.ts';

export interface Names {
  time: string;
  actual: string;
  mean: string;
  in80: string;
  in95: string;
  agents: string;
  scheduled: string;
}

const CALLS_PX = 260;
const PEOPLE_PX = 160;

function parts() {
  const css = getComputedStyle(document.documentElement);
  const color = (name: string): string => css.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--muted'),
    font: `11px ${css.getPropertyValue('--font')}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  return { color, axis };
}

const whole = (v: number | null): string => (v === null ? '–' : String(Math.round(v)));
const top = (_u: uPlot, _min: number, max: number): [number, number] => [0, max > 0 ? max * 1.1 : 1];

function options(height: number, when: (s: number) => string): Omit<uPlot.Options, 'series'> {
  const { axis } = parts();
  return {
    width: 600,
    height,
    padding: [10, 12, 0, 0],
    cursor: { y: false, sync: { key: 'forecast' } },
    legend: { live: true },
    scales: { y: { range: top } },
    axes: [
      { ...axis, grid: { show: false }, space: 90, size: 30, values: (_u, at) => at.map(when) },
      { ...axis, size: 54, values: (_u, at) => at.map(whole) },
    ],
  };
}

export function drawForecast(calls: HTMLElement, people: HTMLElement, c: Columns, n: Names, when: (s: number) => string): () => void {
  const { color } = parts();
  const accent = color('--accent');
  const line = (label: string, stroke: string, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
    label, stroke, width: 1.75, spanGaps: false, points: { show: false }, value: (_u, v) => whole(v), ...more,
  });
  const edge = (label: string): uPlot.Series => line(label, accent + '55', { width: 0.5 });
  const stamp: uPlot.Series = { label: n.time, value: (_u, s) => (s === null ? '–' : when(s)) };
  const step = uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {};
  const all = [
    new uPlot(
      {
        ...options(CALLS_PX, when),
        bands: [
          { series: [1, 2], fill: accent + '18' },
          { series: [3, 4], fill: accent + '2a' },
        ],
        series: [
          stamp, edge(`${n.in95} ↑`), edge(`${n.in95} ↓`), edge(`${n.in80} ↑`), edge(`${n.in80} ↓`),
          line(n.mean, accent), line(n.actual, color('--ink') || color('--text') || color('--soft')),
        ],
      },
      [c.at, c.p975, c.p025, c.p90, c.p10, c.mean, c.actual] as uPlot.AlignedData,
      calls,
    ),
    new uPlot(
      {
        ...options(PEOPLE_PX, when),
        series: [stamp, line(n.scheduled, color('--warn'), step), line(n.agents, color('--ok'), { ...step, fill: color('--ok') + '22' })],
      },
      [c.at, c.scheduled, c.agents] as uPlot.AlignedData,
      people,
    ),
  ];
  const fit = () => {
    all[0]!.setSize({ width: Math.max(240, calls.clientWidth), height: CALLS_PX });
    all[1]!.setSize({ width: Math.max(240, people.clientWidth), height: PEOPLE_PX });
  };
  const seen = new ResizeObserver(fit);
  seen.observe(calls);
  fit();
  return () => {
    seen.disconnect();
    all.forEach((u) => u.destroy());
  };
}
