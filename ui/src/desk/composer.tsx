/* Where the agent writes: Enter sends, Shift+Enter is a line, "/" finds a prepared answer, Alt and a number takes a
 * suggestion. What was begun stays with its conversation. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { signal, useSignal } from '@preact/signals';
import { lang, t } from '../lib/i18n.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { canned, findCanned, type Prepared } from './canned.ts';
import { say, typing } from './client.ts';
import { translateError, translateNew, translating } from './translate.ts';
import type { Talk, Work } from './types.ts';

const TEXT_MAX = 4000;
const drafts = signal<Record<string, string>>({});
export const noting = signal(false); /* the next text is a private note */

const draftOf = (conversation: string): string => drafts.value[conversation] ?? '';
function setDraft(conversation: string, text: string): void {
  drafts.value = { ...drafts.value, [conversation]: text };
}

export const box = (): HTMLTextAreaElement | null => document.querySelector('[data-composer]');

/* Puts a text where it can be edited before it is sent. */
export function take(conversation: string, text: string): void {
  const had = draftOf(conversation).trim();
  setDraft(conversation, had && !had.startsWith('/') ? `${had}\n${text}` : text);
  requestAnimationFrame(() => {
    const el = box();
    el?.focus();
    el?.setSelectionRange(el.value.length, el.value.length);
  });
}

export function Composer({ w, talk }: { w: Work; talk: Talk }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const at = useSignal(0);
  const text = draftOf(w.conversation);
  const slash = text.startsWith('/') && !text.includes('\n') ? text.slice(1) : null;
  const found: Prepared[] = slash === null ? [] : canned.value;
  const over = [...text].length - TEXT_MAX;
  const ready = text.trim().length > 0 && over <= 0 && slash === null;
  const on = translating.value === w.conversation;

  useLayoutEffect(() => {
    const el = area.current!;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight + 2, 180)}px`;
  }, [text, w.id]);
  useLayoutEffect(() => {
    canned.value = []; /* what was found belongs to another slash */
  }, [slash === null, w.id]);
  useEffect(() => {
    if (slash === null) return;
    at.value = 0;
    const later = setTimeout(() => void findCanned(slash, w), 120);
    return () => clearTimeout(later);
  }, [slash]);
  useEffect(() => {
    if (on) void translateNew(w.conversation);
  }, [on, talk.events.length, lang.value]);

  function send() {
    if (!ready) return;
    say({ conversation: w.conversation, text: text.trim(), note: noting.value, translate: on && !noting.value });
    setDraft(w.conversation, '');
    noting.value = false;
    area.current?.focus();
  }
  function choose(p: Prepared) {
    setDraft(w.conversation, '');
    take(w.conversation, p.text);
  }
  function onKey(e: KeyboardEvent) {
    if (e.isComposing || e.keyCode === 229) return; /* Enter picks a candidate of the input method */
    if (e.altKey && /^Digit[1-3]$/.test(e.code)) {
      const s = talk.suggestions[Number(e.code.slice(5)) - 1];
      if (s) take(w.conversation, s.text);
      return e.preventDefault();
    }
    if (found.length && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      at.value = (at.value + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length;
      return e.preventDefault();
    }
    if (e.key !== 'Enter' || e.shiftKey) return;
    e.preventDefault();
    if (slash !== null) {
      const p = found[at.value];
      if (p) choose(p);
    } else send();
  }

  return (
    <form class={`desk-composer ${noting.value ? 'private' : ''}`} onSubmit={(e) => {
      e.preventDefault();
      send();
    }}>
      {slash !== null ? (
        <ul class="canned" role="listbox" id="canned" aria-label={t('desk.canned')} data-test="canned">
          {found.map((p, n) => (
            <li key={p.id} role="option" id={`canned-${n}`} aria-selected={n === at.value} onMouseDown={(e) => {
              e.preventDefault();
              choose(p);
            }}>
              <b>{p.title}</b>
              <span>{p.text}</span>
            </li>
          ))}
          {found.length ? null : <li class="none" role="option" aria-selected="false">{t('desk.canned_none')}</li>}
        </ul>
      ) : null}
      {translateError.value ? <ErrorNote error={translateError.value} /> : null}
      <textarea
        ref={area}
        data-composer
        data-test="say"
        rows={1}
        class="input"
        aria-label={t(noting.value ? 'desk.note_label' : 'desk.say_label')}
        placeholder={t(noting.value ? 'desk.note_hint' : 'desk.say_hint')}
        aria-controls={slash !== null ? 'canned' : undefined}
        aria-activedescendant={found.length ? `canned-${at.value}` : undefined}
        value={text}
        onInput={(e) => {
          setDraft(w.conversation, e.currentTarget.value);
          if (!noting.value) typing(w.conversation);
        }}
        onKeyDown={onKey}
      />
      <div class="composer-row">
        <button type="button" class="btn ghost small" aria-pressed={noting.value} data-test="note-toggle"
          onClick={() => (noting.value = !noting.value)}>
          <Icon name="lock" />
          {t('desk.note')} <kbd>n</kbd>
        </button>
        <button type="button" class="btn ghost small" aria-pressed={on} data-test="translate"
          onClick={() => (translating.value = on ? '' : w.conversation)}>
          <Icon name="globe" />
          {t('desk.translate')} <kbd>l</kbd>
        </button>
        <span class={`hint grow ${over > 0 ? 'over' : ''}`}>{over > 0 ? t('chat.too_long', { n: over }) : t('desk.say_keys')}</span>
        <button class="btn primary" type="submit" data-test="send" disabled={!ready} title={t('desk.say_keys')}>
          <Icon name="send" />
          {t(noting.value ? 'desk.note_save' : 'chat.send')}
        </button>
      </div>
    </form>
  );
}
