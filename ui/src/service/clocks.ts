/* Clocks of a ticket: which one counts, how long is left, how bad it is; and where a key leads on the board.
 * Pure. */
import type { Clock, TicketCard } from './types.ts';

export interface Due {
  kind: string;
  left_ms: number; /* negative: late */
  tone: 'ok' | 'warn' | 'bad' | 'paused';
}

const SOON_MS = 30 * 60000;

function clocksOf(t: TicketCard): Clock[] {
  if (t.clocks?.length) return t.clocks;
  return t.due_at ? [{ kind: 'due', due_at: t.due_at, breach: t.late ?? false }] : [];
}

function dueOf(c: Clock, now: number): Due | null {
  const at = c.due_at ? Date.parse(c.due_at) : NaN;
  if (Number.isNaN(at) || c.ended_at) return null;
  const left_ms = at - now;
  const tone = c.paused ? 'paused' : c.breach || left_ms < 0 ? 'bad' : left_ms < SOON_MS ? 'warn' : 'ok';
  return { kind: c.kind, left_ms, tone };
}

/* The clock that runs out first; a paused one only when no other runs. null: none runs. */
export function nextDue(t: TicketCard, now: number): Due | null {
  if (t.state === 'closed') return null;
  const all = clocksOf(t).flatMap((c) => dueOf(c, now) ?? []);
  const running = all.filter((d) => d.tone !== 'paused');
  return [...(running.length ? running : all)].sort((a, b) => a.left_ms - b.left_ms)[0] ?? null;
}

export const allDue = (t: TicketCard, now: number): Due[] => clocksOf(t).flatMap((c) => dueOf(c, now) ?? []);

/* 7500000 -> "2h 5m"; 40000 -> "40s" */
export function leftText(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000);
  const d = Math.floor(s / 86400);
  const h = Math.floor((s % 86400) / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (d) return `${d}d ${h}h`;
  if (h) return `${h}h ${m}m`;
  return m ? `${m}m` : `${s}s`;
}

export interface Spot {
  col: number;
  row: number;
}

/* From one card to the next by a key; empty columns are skipped sideways. */
export function step(sizes: number[], at: Spot, key: 'h' | 'j' | 'k' | 'l'): Spot {
  if (key === 'j' || key === 'k') {
    const n = sizes[at.col] ?? 0;
    return { col: at.col, row: Math.max(0, Math.min(n - 1, at.row + (key === 'j' ? 1 : -1))) };
  }
  const by = key === 'l' ? 1 : -1;
  for (let col = at.col + by; col >= 0 && col < sizes.length; col += by)
    if (sizes[col]! > 0) return { col, row: Math.min(at.row, sizes[col]! - 1) };
  return at;
}
