/* The articles that an answer cites, each once, with its quotes. Pure. */
import type { Cite } from '../lib/types.ts';

export interface Cited {
  id: string;
  version: number | null; /* null: of no article's kind */
  cites: Cite[];
}

export function articlesOf(cites: Cite[]): Cited[] {
  const all = new Map<string, Cited>();
  for (const c of cites) {
    const version = Number(c.version);
    const one = all.get(c.article_id) ?? { id: c.article_id, version: version > 0 ? version : null, cites: [] };
    one.cites.push(c);
    all.set(c.article_id, one);
  }
  return [...all.values()];
}
