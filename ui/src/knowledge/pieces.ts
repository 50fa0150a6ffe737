/* A document on its way to the server, piece by piece. */
import { ApiError } from '../lib/api.ts';

export const PIECE = 1 << 20;
export const MOST = 32 << 20;
export const KINDS = '.pdf,.docx,.xlsx,.pptx,.html,.htm,.md,.markdown,.txt,.csv,.tsv,.json,.jsonl,.ndjson,.eml,.zip';

export interface Kept {
  have: number;
  source?: string; /* of a whole document: where it lies */
  replaced?: boolean; /* it took the place of another of its name */
}
export type Whole = Kept & { source: string };
export type Put = (piece: Blob, at: number) => Promise<Kept>;

/* What the server says of the whole. A piece that it does not await begins the document again, once. */
export async function sendPieces(file: Blob, put: Put, told: (share: number) => void): Promise<Whole> {
  let again = true;
  for (let at = 0; ;) {
    try {
      const r = await put(file.slice(at, at + PIECE), at);
      told(r.have / file.size);
      if (r.source) return { ...r, source: r.source };
      if (r.have <= at) throw new ApiError(502, 'bad answer', '');
      at = r.have;
    } catch (e) {
      if (!again || !(e instanceof ApiError) || e.status !== 409) throw e;
      again = false;
      at = 0;
    }
  }
}
