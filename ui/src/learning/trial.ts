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

/* A row that learns which of its ways fits the situation. */
export interface Learned {
  row: string;
  explore: number;
  ways: string[];
  model?: number;
  night?: {
    at_ms: number;
    why: string;
    n: number;
    ways: { id: string; n: number; mean?: number }[];
    old_value?: number;
    new_value?: number;
    lower?: number;
  };
}
export interface Listed {
  items: Trial[];
  learned?: Learned[];
}

/* Its ways with what the last night counted; none yet: all empty. */
export function waysOf(x: Learned): { id: string; n: number; mean?: number }[] {
  return x.ways.map((id) => x.night?.ways.find((w) => w.id === id) ?? { id, n: 0 });
}

/* The roll-out of its model, while it has one: no text of a row before counts. */
export function modelOf(x: Learned, items: Trial[]): Trial | undefined {
  return x.model ? items.find((i) => i.row === x.row && i.in_use) : undefined;
}

export const over = (s: Stage): boolean => s === 'back' || s === 'no_gain';

/* Within 0 to 1 and in order, whatever comes: it is drawn. */
export function bounds(m: Mean): { lo: number; hi: number } {
  const unit = (x: number) => (x > 0 ? Math.min(x, 1) : 0);
  const lo = unit(m.lo);
  return { lo, hi: Math.max(lo, unit(m.hi)) };
}
