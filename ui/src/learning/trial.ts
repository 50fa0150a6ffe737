/* A second way that is let in step by step, as the server tells it. */
export interface Mean {
  n: number;
  mean: number;
  lo: number;
  hi: number;
}
export interface Arm {
  arm: 'before' | 'new';
  seen: number;
  reward: Mean;
  handover: Mean;
  thumb_down: Mean;
}
export type Stage = 'shadow' | '5' | '25' | '100' | 'back' | 'no_gain';
export interface Step {
  at_ms: number;
  from: Stage;
  to: Stage;
  why: string;
  by: string;
}
export interface Trial {
  row: string;
  stage: Stage;
  share: number;
  why?: string;
  since_ms: number;
  in_use: boolean;
  arms: Arm[];
  history?: Step[];
}

export const over = (s: Stage): boolean => s === 'back' || s === 'no_gain';

/* Within 0 to 1 and in order, whatever comes: it is drawn. */
export function bounds(m: Mean): { lo: number; hi: number } {
  const unit = (x: number) => (x > 0 ? Math.min(x, 1) : 0);
  const lo = unit(m.lo);
  return { lo, hi: Math.max(lo, unit(m.hi)) };
}
