/* Prepared answers: the company's own ones, then passages of the knowledge base that fit the words behind the slash. */
import { signal } from '@preact/signals';
import { authed } from '../console/state.ts';
import { both, lang, type Both } from '../lib/i18n.ts';
import type { Hit } from '../lib/types.ts';
import { desk } from './client.ts';
import type { Work } from './types.ts';

export interface Prepared {
  id: string;
  title: string;
  text: string;
}
interface Canned {
  id: string;
  shortcut?: string;
  title?: Both;
  text: Both;
}

export const canned = signal<Prepared[]>([]);
const SHOWN = 7;
let own: Canned[] | null = null;
let latest = '';

async function load(): Promise<Canned[]> {
  if (own) return own;
  try {
    own = (await authed<{ items: Canned[] }>('/api/v1/canned')).items;
  } catch {
    return []; /* asked again with the next slash */
  }
  return own;
}

const inLang = (v: Both, l: string): string => (v && typeof v === 'object' ? ((v as Record<string, string>)[l] ?? both(v)) : both(v));

/* {name} and {agent} are the two people. */
export const filled = (text: string, w: Work, agent: string): string =>
  text.replace(/\{(customer|name)\}/g, w.customer?.name ?? '').replace(/\{agent\}/g, agent);

export async function findCanned(words: string, w: Work): Promise<void> {
  latest = words;
  const l = w.language || lang.value;
  const needle = words.trim().toLowerCase();
  const me = desk.value.me?.name ?? '';
  const mine = (await load())
    .map((c) => ({ id: c.id, title: `/${(c.shortcut ?? c.id).replace(/^\//, '')}`, text: filled(inLang(c.text, l), w, me), hay: `${c.id} ${c.shortcut ?? ''} ${both(c.title)} ${inLang(c.text, l)}`.toLowerCase() }))
    .filter((c) => !needle || c.hay.includes(needle));
  if (latest !== words) return;
  canned.value = mine.slice(0, SHOWN);
  if (needle.length < 2) return;
  try {
    const r = await authed<{ hits: Hit[] }>('/api/v1/kb/search', { method: 'POST', body: { query: words, k: 4, lang: l } });
    if (latest !== words) return;
    const known = r.hits.map((h) => ({ id: `${h.article_id}/${h.passage.slice(0, 20)}`, title: h.title, text: h.passage }));
    canned.value = [...mine, ...known].slice(0, SHOWN);
  } catch {
    /* The company's own answers are there. */
  }
}
