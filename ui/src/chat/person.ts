/* Where the customer stands with a person: waiting at a place, with somebody, asked how it was. From the rows. Pure. */
import type { Ev } from '../lib/types.ts';

export interface Person {
  state: 'none' | 'waiting' | 'with';
  position: number; /* 0: not told */
  wait_ms: number; /* below 0: not known */
  name: string;
}
type SurveyKind = 'csat' | 'nps' | 'ces';
export const SCALES: Record<SurveyKind, [number, number]> = { csat: [1, 5], nps: [0, 10], ces: [1, 7] };

const NONE: Person = { state: 'none', position: 0, wait_ms: -1, name: '' };

export function personOf(events: Ev[]): Person {
  let p = NONE;
  for (const e of events) {
    const b = e.body;
    if (e.kind === 'handover.queued')
      p = { ...NONE, state: 'waiting', position: b.position ?? 0, wait_ms: b.wait_ms ?? -1 };
    else if (e.kind === 'handover.accepted') p = { ...NONE, state: 'with', name: b.name ?? '' };
    else if (e.kind === 'turn.agent' && p.state !== 'with') p = { ...NONE, state: 'with', name: b.name ?? '' };
    else if (/^handover\.(failed|returned|ended)$/.test(e.kind) || e.kind === 'conversation.closed') p = NONE;
  }
  return p;
}

/* What the last words of the bot let one choose from: numbered lines behind a question, nothing said since. */
export function choicesOf(events: Ev[]): string[] {
  const last = events.filter((e) => e.kind.startsWith('turn.') || e.kind === 'survey' || e.kind === 'conversation.closed').at(-1);
  if (last?.kind !== 'turn.bot') return [];
  const lines = (last.body.text ?? '').trimEnd().split('\n');
  const found: string[] = [];
  for (let n = lines.length - 1; n > 0; n--) {
    const m = /^(\d)\. (\S.*)$/.exec(lines[n]!);
    if (!m) break;
    found.unshift(m[2]!);
    if (m[1] === '1') return found.length > 1 && asks(last, lines[n - 1]!) ? found : [];
  }
  return [];
}
const asks = (e: Ev, before: string): boolean => e.body.action === 'clarify' || /[?？]\s*$/.test(before);

/* The question that is open: asked, not answered, and nothing else was said since. */
export function surveyOf(events: Ev[]): SurveyKind | null {
  for (let i = events.length - 1; i >= 0; i--) {
    const e = events[i]!;
    if (e.kind === 'survey.answer' || e.kind === 'turn.customer' || e.kind === 'conversation.closed') return null;
    if (e.kind === 'survey') return e.body.kind !== undefined && e.body.kind in SCALES ? (e.body.kind as SurveyKind) : null;
  }
  return null;
}
