/* What came and what is expected with its intervals, and the people needed, one below the other: uPlot in our colours,
 * one cursor for both. */
import uPlot from 'uplot';
import { axis, color, fit, inZone } from '../lib/plot.ts';
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

const whole = (v: number | null): string => (v === null ? '–' : String(Math.round(v)));
const top = (_u: uPlot, _min: number, max: number): [number, number] => [0, max > 0 ? max * 1.1 : 1];

function options(height: number, zone: string, when: (s: number) => string): Omit<uPlot.Options, 'series'> {
  return {
    width: 600,
    height,
    tzDate: inZone(zone),
    padding: [10, 12, 0, 0],
    cursor: { y: false, sync: { key: 'forecast' } },
    legend: { live: true },
    scales: { y: { range: top } },
    axes: [
      { ...axis(), grid: { show: false }, space: 90, size: 30, values: (_u, at) => at.map(when) },
      { ...axis(), size: 54, values: (_u, at) => at.map(whole) },
    ],
  };
}

export function drawForecast(calls: HTMLElement, people: HTMLElement, c: Columns, n: Names, zone: string, when: (s: number) => string): () => void {
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
        ...options(CALLS_PX, zone, when),
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
        ...options(PEOPLE_PX, zone, when),
        series: [stamp, line(n.scheduled, color('--warn'), step), line(n.agents, color('--ok'), { ...step, fill: color('--ok') + '22' })],
      },
      [c.at, c.scheduled, c.agents] as uPlot.AlignedData,
      people,
    ),
  ];
  const ends = [fit(all[0]!, calls), fit(all[1]!, people)];
  return () => ends.forEach((end) => end());
}
