/* A row of the strategy table from a form: its YAML, and where it goes in the text. All pure. */

export interface NewRow {
  id: string; /* '': made of the conditions */
  rank: number;
  mood: string[];
  intent: string;
  tier: string;
  topic: string;
  answer: string;
  channel: string;
  attempts: number; /* 0: not asked */
  style: string;
  apology: string;
  human: string;
  offer: string;
  max: number; /* of the offer's worth; -1: what the offer says */
  priority: number;
  sentences: number; /* 0: as many as it takes */
  alert: boolean;
  second: { style: string; apology: string; human: string } | null; /* another way, let in step by step while it does better */
  why: { en: string; zh: string };
}

export const emptyRow = (): NewRow => ({
  id: '', rank: 70, mood: [], intent: '', tier: '', topic: '', answer: '', channel: '', attempts: 0,
  style: 'plain', apology: 'none', human: 'no', offer: '', max: -1, priority: 0, sentences: 0, alert: false, second: null,
  why: { en: '', zh: '' },
});

export const MOODS = ['angry', 'frustrated', 'sad', 'anxious', 'confused', 'satisfied', 'relieved', 'neutral'];
export const STYLES = ['plain', 'warm', 'empathic', 'brief', 'calm'];

const lines = (text: string): string[] => text.split('\n');

/* [first, last) of the lines under a key of the outermost level; null without that key. */
function section(all: string[], key: string): [number, number] | null {
  const at = all.findIndex((l) => new RegExp(`^${key}:\\s*(#.*)?$`).test(l));
  if (at < 0) return null;
  let end = at + 1;
  while (end < all.length && !/^[^\s#-]/.test(all[end]!)) end++;
  return [at + 1, end];
}

const ITEM = /^(\s*)- (?:\{\s*)?id:\s*"?([a-z0-9_]+)/;

/* The ids under offers, topics or rows. */
export function idsOf(text: string, key: string): string[] {
  const all = lines(text);
  const s = section(all, key);
  return s ? all.slice(...s).flatMap((l) => ITEM.exec(l)?.[2] ?? []) : [];
}

/* The tiers that the table knows. */
export const tiersOf = (text: string): string[] =>
  (/^tiers:\s*\[([^\]]*)\]/m.exec(text)?.[1] ?? '').split(',').map((x) => x.trim().replace(/^"|"$/g, '')).filter(Boolean);

/* A name that no row has yet: the given one, or one of the conditions. */
export function idFor(r: NewRow, taken: string[]): string {
  const made = [...r.mood.slice(0, 2), r.intent, r.tier, r.topic, r.answer && `answer_${r.answer}`, r.channel, r.attempts ? `attempts_${r.attempts}` : '']
    .filter(Boolean).join('_');
  const base = ((r.id || made).toLowerCase().replace(/[^a-z0-9_]+/g, '_').replace(/^_+|_+$/g, '') || 'row').slice(0, 35);
  let id = base;
  for (let n = 2; taken.includes(id); n++) id = `${base}_${n}`;
  return id;
}

const quoted = (s: string): string => JSON.stringify(s.trim());
const put = (all: [string, string | number | false][]): string =>
  `{${all.filter(([, v]) => v !== '' && v !== false).map(([k, v]) => `${k}: ${v}`).join(', ')}}`;

/* True: something is asked for. A row that always holds would hide those below it. */
export const hasWhen = (r: NewRow): boolean =>
  Boolean(r.mood.length || r.intent || r.tier || r.topic || r.answer || r.channel || r.attempts > 0);

/* What the row and its second way differ in comes from way. */
const served = (r: NewRow, way: { style: string; apology: string; human: string }): string => put([
  ['style', way.style], ['apology', way.apology !== 'none' && way.apology], ['offer', r.offer], ['max', r.offer !== '' && r.max >= 0 && r.max],
  ['human', way.human !== 'no' && way.human], ['priority', r.priority > 0 && r.priority], ['alert', r.alert && 'true'],
  ['max_sentences', r.sentences > 0 && r.sentences],
]);

export function rowLines(r: NewRow, taken: string[]): string[] {
  const why = { en: r.why.en || r.why.zh, zh: r.why.zh || r.why.en };
  return [
    `- id: ${idFor(r, taken)}`,
    `  priority: ${r.rank}`,
    `  when: ${put([
      ['mood', r.mood.length > 1 ? `[${r.mood.join(', ')}]` : (r.mood[0] ?? '')], ['intent', r.intent], ['tier', r.tier],
      ['topic', r.topic], ['answer', r.answer], ['channel', r.channel], ['attempts', r.attempts > 0 && r.attempts],
    ])}`,
    `  do: ${served(r, r)}`,
    ...(r.second ? [`  try: {rollout: true, do: ${served(r, r.second)}}`] : []),
    ...(why.en ? [`  why: {en: ${quoted(why.en)}, zh: ${quoted(why.zh)}}`] : []),
  ];
}

/* The text with the row before the last of its rows (which always holds), and the row's line, from 1. A table
 * without rows gets the list. */
export function withRow(text: string, r: NewRow): { text: string; line: number } {
  const all = lines(text);
  const s = section(all, 'rows');
  const row = rowLines(r, idsOf(text, 'rows'));
  if (!s) {
    const body = text.replace(/\s+$/, '');
    const head = body ? `${body}\n` : '';
    return { text: `${head}rows:\n${row.map((l) => `  ${l}`).join('\n')}\n`, line: lines(head).length + 1 };
  }
  let at = s[1];
  let indent = '  ';
  for (let n = s[0]; n < s[1]; n++) {
    const m = ITEM.exec(all[n]!);
    if (m) [at, indent] = [n, m[1]!];
  }
  while (at > s[0] && /^\s*#/.test(all[at - 1]!)) at--; /* a comment stays with its row */
  if (at === s[1]) while (at > s[0] && !all[at - 1]!.trim()) at--;
  all.splice(at, 0, ...row.map((l) => indent + l));
  return { text: all.join('\n'), line: at + 1 };
}

/* The line that a fault names ("strategy:41" or "strategy.yaml:41:7"), 0 without one. */
export const lineOf = (where: string): number => Number(/:(\d+)/.exec(where)?.[1] ?? 0);
