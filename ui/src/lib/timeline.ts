/* From the log of a conversation to what a reader sees: turns and small system
 * lines, in order. Pure; used by the console, the chat and the talk page. */
import type { Cite, Ev } from './types.ts';

export interface TurnItem {
  type: 'turn';
  seq: number;
  ts: string;
  turn: number;
  who: 'customer' | 'bot' | 'agent';
  text: string;
  heard: string | null; /* null: heard in full */
  unheard: string;
  badge: string | null; /* action, or "fallback" */
  fallback: boolean;
  citations: Cite[];
  start_ms: number | undefined; /* offsets into the recording */
  end_ms: number | undefined;
  latency_ms: number | undefined;
  ev: Ev;
}

export interface SystemItem {
  type: 'system';
  seq: number;
  ts: string;
  kind: string;
  heard: string | null; /* of what was said beside the turns; null: all of it */
  unheard: string;
  ev: Ev;
}

export type Item = TurnItem | SystemItem;

/* Events arrive twice after a reconnect and may arrive out of order: one entry
 * per seq, ascending. Returns the same array when nothing is new. */
export function mergeEvents(known: Ev[], fresh: Ev[]): Ev[] {
  const seen = new Set(known.map((e) => e.seq));
  const add = fresh.filter((e) => !seen.has(e.seq) && seen.add(e.seq));
  if (add.length === 0) return known;
  return [...known, ...add].sort((a, b) => a.seq - b.seq);
}

export const lastSeq = (events: Ev[]): number => events[events.length - 1]?.seq ?? 0;

/* What was heard is a prefix of the text; when normalisation made them differ,
 * its length in characters is what counts. */
export function splitHeard(text: string, heard: string): { heard: string; unheard: string } {
  if (text.startsWith(heard)) return { heard, unheard: text.slice(heard.length) };
  return cutAt(text, [...heard].length);
}

export function cutAt(text: string, chars: number): { heard: string; unheard: string } {
  const all = [...text];
  return { heard: all.slice(0, chars).join(''), unheard: all.slice(chars).join('') };
}

/* How a spoken turn went, told by a later row: turn.played or turn.cut. */
interface Fate {
  cut: boolean;
  heard_text?: string;
  heard_chars?: number;
  start_ms?: number;
  end_ms?: number;
}

/* Rows about speech name what was said by say_id; older ones only the turn. */
const sayKey = (e: Ev): string =>
  e.body.say_id !== undefined ? `say ${e.body.say_id}` : `turn ${e.turn}`;

const isFate = (e: Ev): boolean => e.kind === 'turn.cut' || e.kind === 'turn.played';

function heardOf(e: Ev, fate: Fate | undefined): { heard: string; unheard: string } | null {
  const text = e.body.text ?? '';
  const heard = e.body.heard_text ?? (fate?.cut ? fate.heard_text : undefined);
  if (heard !== undefined) return splitHeard(text, heard);
  if (fate?.cut && fate.heard_chars !== undefined) return cutAt(text, fate.heard_chars);
  return null;
}

function turnItem(e: Ev, fates: Map<string, Fate>): TurnItem {
  const b = e.body;
  const who = e.kind === 'turn.customer' ? 'customer' : e.actor === 'agent' ? 'agent' : 'bot';
  const fate = who === 'customer' ? undefined : fates.get(sayKey(e));
  const parts = who === 'customer' ? null : heardOf(e, fate);
  const cut = parts?.unheard ? parts : null;
  return {
    type: 'turn',
    seq: e.seq,
    ts: e.ts,
    turn: e.turn,
    who,
    text: b.text ?? '',
    heard: cut ? cut.heard : null,
    unheard: cut ? cut.unheard : '',
    badge: who === 'bot' ? (b.action ?? null) : null,
    fallback: Boolean(b.fallback),
    citations: b.citations ?? [],
    start_ms: b.start_ms ?? fate?.start_ms,
    end_ms: b.end_ms ?? fate?.end_ms,
    latency_ms: b.latency_ms ?? (b.latency_us === undefined ? undefined : b.latency_us / 1000),
    ev: e,
  };
}

/* What the bot says beside a turn (a filler, news) is a line, not a turn. */
function systemItem(e: Ev, fates: Map<string, Fate>): SystemItem {
  const parts = e.kind === 'turn.aside' ? heardOf(e, fates.get(sayKey(e))) : null;
  const cut = parts?.unheard ? parts : null;
  return {
    type: 'system',
    seq: e.seq,
    ts: e.ts,
    kind: e.kind,
    heard: cut ? cut.heard : null,
    unheard: cut ? cut.unheard : '',
    ev: e,
  };
}

export function timeline(events: Ev[]): Item[] {
  const fates = new Map<string, Fate>();
  for (const e of events)
    if (isFate(e)) fates.set(sayKey(e), { cut: e.kind === 'turn.cut', ...e.body });
  const items: Item[] = [];
  for (const e of events) {
    if (isFate(e)) continue;
    if (e.kind === 'turn.customer' || e.kind === 'turn.bot' || e.kind === 'turn.agent')
      items.push(turnItem(e, fates));
    else items.push(systemItem(e, fates));
  }
  return items;
}

/* The turn being spoken at this offset into the recording, or null. */
export function turnAt(items: Item[], at_ms: number): number | null {
  let best: number | null = null;
  for (const i of items) {
    if (i.type !== 'turn') continue;
    const { start_ms: a, end_ms: b } = i;
    if (a !== undefined && a <= at_ms && at_ms < (b ?? a + 1000)) best = i.seq;
  }
  return best;
}

/* One source once: two quotes of one article stay two chips only when the
 * quotes differ. */
export function uniqueCites(cites: Cite[]): Cite[] {
  const seen = new Set<string>();
  return cites.filter((c) => {
    const key = `${c.article_id}\n${c.quote}`;
    return !seen.has(key) && seen.add(key);
  });
}
