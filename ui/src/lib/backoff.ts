/* How long to wait before the next attempt: doubling with jitter, so that a
 * restarted server is not met by all its clients in the same instant. */

interface Backoff {
  base_ms: number;
  max_ms: number;
}

const DEFAULT_BACKOFF: Backoff = { base_ms: 500, max_ms: 15000 };

/* attempt counts from 0; random is in [0, 1). Half of the delay is fixed. */
export function backoffDelay(
  attempt: number,
  random: number,
  b: Backoff = DEFAULT_BACKOFF,
): number {
  const full = Math.min(b.max_ms, b.base_ms * 2 ** Math.min(attempt, 16));
  return Math.round(full / 2 + (full / 2) * random);
}
