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
