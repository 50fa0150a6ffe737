/* The little Markdown that articles use, as blocks, and where a quote lies in a
 * stretch of text. Pure; md.tsx turns blocks into elements. */

export type Block =
  | { type: 'h'; level: number; text: string }
  | { type: 'p'; text: string }
  | { type: 'ul' | 'ol'; items: string[] }
  | { type: 'quote'; text: string }
  | { type: 'code'; text: string }
  | { type: 'table'; rows: string[][] };

const isTable = (l: string): boolean => /^\s*\|.*\|\s*$/.test(l);
const cells = (l: string): string[] =>
  l.trim().replace(/^\||\|$/g, '').split('|').map((c) => c.trim());

/* Consumes one block that starts at lines[at]; returns it and where it ends. */
function block(lines: string[], at: number): [Block | null, number] {
  const l = lines[at]!;
  const take = (ok: (l: string) => boolean): string[] => {
    let end = at;
    while (end < lines.length && ok(lines[end]!)) end++;
    return lines.slice(at, end);
  };
  if (!l.trim()) return [null, at + 1];
  const head = /^(#{1,6})\s+(.*)$/.exec(l);
  if (head) return [{ type: 'h', level: head[1]!.length, text: head[2]! }, at + 1];
  if (l.startsWith('```')) {
    const end = lines.indexOf('```', at + 1);
    const stop = end < 0 ? lines.length : end;
    return [{ type: 'code', text: lines.slice(at + 1, stop).join('\n') }, stop + 1];
  }
  const lists: ['ul' | 'ol', RegExp][] = [['ul', /^\s*[-*+]\s+/], ['ol', /^\s*\d+[.)、]\s*/]];
  for (const [type, mark] of lists) {
    if (!mark.test(l)) continue;
    const got = take((x) => mark.test(x));
    return [{ type, items: got.map((x) => x.replace(mark, '')) }, at + got.length];
  }
  if (isTable(l)) {
    const got = take(isTable);
    const rows = got.map(cells).filter((r) => !r.every((c) => /^:?-+:?$/.test(c)));
    return [{ type: 'table', rows }, at + got.length];
  }
  if (l.startsWith('>')) {
    const got = take((x) => x.startsWith('>'));
    return [
      { type: 'quote', text: got.map((x) => x.replace(/^>\s?/, '')).join(' ') },
      at + got.length,
    ];
  }
  const got = take((x) => Boolean(x.trim()) && !/^(#{1,6}\s|```|>)/.test(x) && !isTable(x));
  const para = got.length ? got : [l];
  return [{ type: 'p', text: para.join('\n') }, at + para.length];
}

export function parseBlocks(md: string): Block[] {
  const lines = md.replace(/\r\n?/g, '\n').split('\n');
  const out: Block[] = [];
  for (let at = 0; at < lines.length; ) {
    const [b, next] = block(lines, at);
    if (b) out.push(b);
    at = next;
  }
  return out;
}

const PLAIN = /[\s*`_#>|]+/g;
export const squash = (s: string): string => s.replace(PLAIN, '');

/* The stretch [from, to) of text that holds the quote, or the part of the quote
 * that lies in this text; white space and marks do not count. */
export function findQuote(text: string, quote: string): [number, number] | null {
  const want = squash(quote);
  const at: number[] = [];
  let flat = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i]!.replace(PLAIN, '') === '') continue;
    at.push(i);
    flat += text[i];
  }
  if (want.length < 2 || flat.length < 2) return null;
  const whole = flat.indexOf(want);
  if (whole >= 0) return [at[whole]!, at[whole + want.length - 1]! + 1];
  if (flat.length >= 6 && want.includes(flat)) return [at[0]!, at[at.length - 1]! + 1];
  return null;
}
