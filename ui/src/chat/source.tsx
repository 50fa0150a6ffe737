/* The article behind an answer, as customers may read it: fetched when it is opened, with the words of the answer marked. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import '../styles/source.css';
import { Markdown } from '../console/md.tsx';
import { ApiError, call } from '../lib/api.ts';
import { t } from '../lib/i18n.ts';
import type { Cite } from '../lib/types.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { chat } from './client.ts';
import { Quotes } from './quotes.tsx';
import { articlesOf, type Cited } from './cited.ts';

interface Text {
  lang: string;
  title: string;
  body_md: string;
}

export default function Source({ cites, close }: { cites: Cite[]; close: () => void }) {
  return (
    <div class="whole" onKeyDown={(e) => (e.key === 'Escape' ? close() : undefined)}>
      {articlesOf(cites).map((c) => (
        <One key={c.id} c={c} />
      ))}
    </div>
  );
}

function One({ c }: { c: Cited }) {
  const text = useSignal<Text | null>(null);
  const error = useSignal<unknown>(null);
  const load = () => {
    const s = chat.value.session;
    error.value = null;
    if (!s) return;
    const path = `/api/v1/conversations/${encodeURIComponent(s.id)}/articles/${encodeURIComponent(c.id)}`;
    call<Text>(path, { token: s.token, query: { version: c.version } }).then(
      (a) => (text.value = a),
      (e: unknown) => (error.value = e),
    );
  };
  useEffect(load, []);
  if (text.value)
    return (
      <section class="text" tabIndex={0} aria-live="off" lang={text.value.lang} aria-label={t('chat.source_of', { title: text.value.title })} data-test="whole">
        <h2>{text.value.title}</h2>
        <Markdown md={text.value.body_md} quote={c.cites[0]!.quote} />
      </section>
    );
  const none = error.value instanceof ApiError && error.value.status > 0 && error.value.status < 500;
  return (
    <>
      <Quotes cites={c.cites} />
      {none ? <p class="aside" role="status" data-test="whole-none">{t('chat.source_none')}</p> : null}
      {error.value && !none ? <ErrorNote error={error.value} retry={load} /> : null}
    </>
  );
}
