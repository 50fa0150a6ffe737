/* Which rows of a long list are worth rendering. Rows have one height. */

interface RowWindow {
  first: number;
  last: number; /* exclusive */
  before_px: number;
  after_px: number;
}

export const VIRTUAL_FROM = 200;

export function windowOf(
  scroll_px: number,
  view_px: number,
  row_px: number,
  count: number,
  overscan = 8,
): RowWindow {
  if (count <= VIRTUAL_FROM) return { first: 0, last: count, before_px: 0, after_px: 0 };
  const top = Math.floor(Math.max(0, scroll_px) / row_px) - overscan;
  const first = Math.max(0, Math.min(top, count - 1));
  const shown = Math.ceil(view_px / row_px) + 2 * overscan;
  const last = Math.min(count, first + shown);
  return { first, last, before_px: first * row_px, after_px: (count - last) * row_px };
}
