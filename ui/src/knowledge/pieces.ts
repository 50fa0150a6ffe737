/* A document on its way to the server, piece by piece. */
import { ApiError } from '../lib/api.ts';

export const PIECE = 1 << 20;
export const MOST = 32 << 20;
export const KINDS = '.pdf,.docx,.xlsx,.pptx,.html,.htm,.md,.markdown,.txt,.csv,.tsv,.json,.jsonl,.ndjson,.eml,.zip';

export interface Kept {
  have: number;
  source?: string; /* of a whole document */
}
export type Put = (piece: Blob, at: number) => Promise<Kept>;

/* The source it lies in. A piece that the server does not await (another window sent the same file) begins it again,
 * once. */
export async function sendPieces(file: Blob, put: Put, told: (share: number) => void): Promise<string> {
  let again = true;
  for (let at = 0; ;) {
    try {
      const r = await put(file.slice(at, at + PIECE), at);
      told(r.have / file.size);
      if (r.source) return r.source;
      if (r.have <= at) throw new ApiError(502, 'bad answer', '');
      at = r.have;
    } catch (e) {
      if (!again || !(e instanceof ApiError) || e.status !== 409) throw e;
      again = false;
      at = 0;
    }
  }
}
