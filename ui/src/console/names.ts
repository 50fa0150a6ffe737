/* Tools and flows by the titles that the company gave them; asked for once, when the first is on screen. Until they
 * are there, and for those that are gone, the name itself reads as words. */
import { signal } from '@preact/signals';
import { lang } from '../lib/i18n.ts';
import type { Page } from '../lib/types.ts';
import { authed } from './state.ts';

interface Titled {
  zh?: string;
  en?: string;
}
type Titles = Record<string, Titled | string | undefined>;
const tools = signal<Titles>({});
const flows = signal<Titles>({});
const AGAIN_MS = 60000;
let ask_at = 0; /* not before; it is drawn anew more often than a server that has trouble should be asked */

async function load(): Promise<void> {
  const got = await authed<{ items: { name: string; title?: Titled | string }[] }>('/api/v1/tools');
  tools.value = Object.fromEntries(got.items.map((x) => [x.name, x.title]));
  const files = await authed<Page<{ id: string }>>('/api/v1/flows');
  const docs = await Promise.all(
    files.items.map((f) =>
      authed<{ flows?: { id: string; title?: Titled | string }[] | null }>(`/api/v1/flows/${encodeURIComponent(f.id)}`),
    ),
  );
  flows.value = Object.fromEntries(docs.flatMap((d) => (d.flows ?? []).map((f) => [f.id, f.title])));
}

function named(all: Titles, name: string): string {
  if (Date.now() >= ask_at) {
    ask_at = Infinity;
    load().catch(() => (ask_at = Date.now() + AGAIN_MS));
  }
  const title = all[name];
  const text = typeof title === 'string' ? title : (title?.[lang.value] ?? title?.en ?? title?.zh);
  return text || name.replace(/_/g, ' ');
}

export const toolName = (name: string | null | undefined): string => (name ? named(tools.value, name) : '');
export const flowName = (name: string | null | undefined): string => (name ? named(flows.value, name) : '');
