/* The fields of an article as the editor has them, and what a save sends of them. */
import { fromLocal, localTime } from '../lib/format.ts';
import type { Article } from '../lib/types.ts';

export interface Fields {
  title: string;
  body_md: string;
  aliases: string;
  category: string;
  valid_from: string;
  valid_to: string;
}

export const EMPTY: Fields = { title: '', body_md: '', aliases: '', category: '', valid_from: '', valid_to: '' };

const lines = (a: string[] | string | null | undefined): string => (Array.isArray(a) ? a.join('\n') : (a ?? ''));

export const fieldsOf = (a: Partial<Article>): Fields => ({
  title: a.title ?? '',
  body_md: a.body_md ?? '',
  aliases: lines(a.aliases),
  category: a.category ?? '',
  valid_from: localTime(a.valid_from),
  valid_to: localTime(a.valid_to),
});

/* The id of a new article: words of letters of any script and digits, and its language. */
export const idFits = (id: string): boolean => /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.[a-z]{2}$/u.test(id);

/* was: as it is kept, of which only what differs is sent: a field shows minutes, and seconds must not be lost by it.
 * null: there is none yet. */
export function bodyOf(f: Fields, was: Fields | null): Partial<Record<keyof Fields, string | null>> {
  const all: Record<keyof Fields, string | null> = {
    title: f.title.trim(),
    body_md: f.body_md,
    aliases: f.aliases,
    category: f.category.trim(),
    valid_from: fromLocal(f.valid_from) || null,
    valid_to: fromLocal(f.valid_to) || null,
  };
  if (!was) return all;
  const differ = (Object.keys(all) as (keyof Fields)[]).filter((k) => f[k] !== was[k]);
  return Object.fromEntries(differ.map((k) => [k, all[k]]));
}

export const asText = (f: Fields): string =>
  [f.title, f.category, f.valid_from && `${f.valid_from} –`, f.valid_to && `– ${f.valid_to}`, f.body_md, f.aliases]
    .filter(Boolean)
    .join('\n');
