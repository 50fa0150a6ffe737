/* The customer's words in the reader's language, asked for when the agent wants them; each turn once. */
import { signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { authed } from '../console/state.ts';
import { lang, t } from '../lib/i18n.ts';
import { desk } from './client.ts';
import { noModel } from './work.ts';

/* The conversation that is translated just now; one at a time, the one on screen. */
export const translating = signal('');
export const translateError = signal<unknown>(null);
const texts = signal<Map<string, string>>(new Map());
const asked = new Set<string>();

const keyOf = (conversation: string, seq: number): string => `${lang.value}/${conversation}/${seq}`;

export const translated = (conversation: string, seq: number): string | undefined => texts.value.get(keyOf(conversation, seq));

/* Nobody there who could: trying again helps nothing. */
const without = (e: unknown): unknown => (noModel(e) ? new ApiError(400, '', t('desk.no_model')) : e);

export async function translateNew(conversation: string): Promise<void> {
  const talk = desk.value.talks.get(conversation);
  const todo = (talk?.events ?? [])
    .filter((e) => e.kind === 'turn.customer' && e.body.text && e.body.language !== lang.value)
    .slice(-20)
    .filter((e) => !asked.has(keyOf(conversation, e.seq)));
  for (const e of todo) {
    const key = keyOf(conversation, e.seq);
    asked.add(key);
    try {
      const r = await authed<{ text: string }>(`/api/v1/conversations/${encodeURIComponent(conversation)}/translate`, {
        method: 'POST',
        body: { text: e.body.text, from: e.body.language ?? undefined, to: lang.value },
      });
      texts.value = new Map(texts.value).set(key, r.text);
      translateError.value = null;
    } catch (err) {
      asked.delete(key);
      translateError.value = without(err);
      translating.value = '';
      return;
    }
  }
}
