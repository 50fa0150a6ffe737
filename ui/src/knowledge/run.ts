/* A run of a test set, and the share of its questions that were answered rightly. */
export interface Run {
  id: string;
  set: string;
  state: string; /* waiting, done, failed */
  error: string;
  draft: string;
  at: string | null;
  by: string;
  newest_change: string | null;
  meaning: boolean;
  articles: number;
  questions: number;
  right: number;
  among: number;
  declined: number;
  wrong: number;
  first: number;
  five: number;
  took_ms: number;
}

/* Never rounded up to all of them. */
export const share = (r: Run): number => (r.questions ? Math.floor((100 * r.right) / r.questions) : 0);

/* Where a curve of shares begins, so that one per cent can be seen: a ten below the least. */
export const curveFrom = (runs: Run[]): number => Math.max(0, 10 * Math.floor(Math.min(...runs.map(share)) / 10) - 10);

/* The questions as the file that the import reads. */
export const asTable = (rows: { question: string; lang: string; article: string }[]): string =>
  ['question\tlang\tarticle', ...rows.map((q) => [q.question, q.lang, q.article || '-'].map(field).join('\t'))].join('\n') + '\n';

const field = (s: string): string => (/^[#"]|\t/.test(s) ? `"${s.replace(/"/g, '""')}"` : s);

/* A file of questions as text: UTF-8, what Excel calls Unicode, else what Chinese Windows saves. Nothing is lost
 * silently: a table of another code is refused by the server, by its line. */
export function textOf(bytes: Uint8Array<ArrayBuffer>): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

const LOOK_MS = 300;
const PATIENCE_MS = 20000;

/* Looks until a run is over or nobody wants to know; late is told once when it takes long, and from then on it looks
 * less often. */
export async function finished<T extends { run: { state: string } }>(
  look: () => Promise<T>, wanted: () => boolean, late: () => void, pause = (ms: number): Promise<unknown> => new Promise((r) => setTimeout(r, ms)),
): Promise<T | null> {
  for (let waited = 0, each = LOOK_MS; wanted(); waited += each) {
    const d = await look();
    if (d.run.state !== 'waiting') return d;
    if (waited >= PATIENCE_MS && each === LOOK_MS) {
      late();
      each = 10 * LOOK_MS;
    }
    await pause(each);
  }
  return null;
}

/* The key of the server's words, to tell them in the reader's language. */
export const slug = (words: string): string => words.replace(/\W+/g, '_').replace(/^_|_$/g, '').toLowerCase();
