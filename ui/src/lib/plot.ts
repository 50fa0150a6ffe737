/* uPlot in our colours: what every chart has in common. Loaded with the charts only. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/* A colour of the stylesheet, as it is now. */
export const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const axis = (): uPlot.Axis => ({
  stroke: color('--muted'),
  font: `11px ${color('--font')}`,
  grid: { stroke: color('--line'), width: 1 },
  ticks: { show: false },
});

/* Ticks on round times of that zone, whatever the reader's is. */
export const inZone = (zone: string) => (s: number): Date => uPlot.tzDate(new Date(s * 1000), zone);

/* As wide as its box, now and later; the answer ends it and the chart. */
export function fit(u: uPlot, box: HTMLElement): () => void {
  const size = () => u.setSize({ width: Math.max(240, box.clientWidth), height: u.height });
  const seen = new ResizeObserver(size);
  seen.observe(box);
  size();
  return () => {
    seen.disconnect();
    u.destroy();
  };
}
