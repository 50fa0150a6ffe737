/* "Make an article of this": what a person typed becomes a draft that others decide about. */
import { signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Ev } from '../lib/types.ts';
import { authed, may } from './state.ts';

/* What became of each turn that was asked for: the draft's id (there: it was made before), what was wrong, or '' while it is under way. */
interface Told {
  draft?: string;
  there?: boolean;
  why?: string;
}
const told = signal<Record<string, Told>>({});
const keyOf = (conversation: string, seq: number): string => `${conversation} ${seq}`;

export const typed = (ev: Ev): boolean => ev.kind === 'turn.agent' && !(ev.body as { suggested?: boolean }).suggested;

export async function propose(conversation: string, seq: number): Promise<void> {
  const put = (x: Told) => (told.value = { ...told.value, [keyOf(conversation, seq)]: x });
  if (!may('conversation.note') || told.value[keyOf(conversation, seq)]?.draft) return;
  put({});
  try {
    const path = `/api/v1/conversations/${encodeURIComponent(conversation)}/draft`;
    put(await authed<{ draft: string; there: boolean }>(path, { method: 'POST', body: { seq } }));
  } catch (e) {
    put({ why: e instanceof ApiError && e.status === 409 ? t('prop.nothing') : t('prop.failed') });
  }
}

export function Propose({ conversation, ev, k }: { conversation: string; ev: Ev; k?: boolean | undefined }) {
  const x = told.value[keyOf(conversation, ev.seq)];
  if (!typed(ev) || !may('conversation.note')) return null;
  if (x?.draft)
    return (
      <a class="propose" data-test="proposed" href={makeHash(['kb', 'drafts'], { sel: x.draft })}>
        {t(x.there ? 'prop.there' : 'prop.made')}
      </a>
    );
  return (
    <>
      <button class="linkish propose" data-test="propose" disabled={x !== undefined && !x.why} onClick={() => void propose(conversation, ev.seq)}>
        {t('prop.make')} {k ? <kbd>f</kbd> : null}
      </button>
      {x?.why ? <span role="alert">{x.why}</span> : null}
    </>
  );
}
