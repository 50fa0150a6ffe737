/* On the test bench: "this question must find this article", by one key, into a test set. */
import './texts.ts';
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Hit } from '../lib/types.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { Done, post, seg, useJob, useKeys, useLoad } from '../service/parts.tsx';
import { choose, chosen, type TestSet } from './setdiff.tsx';

const BASE = '/api/v1/kb/sets';

export default function Pin({ q, hits, at }: { q: string; hits: Hit[]; at: Signal<number> }) {
  const sets = useLoad<{ items: TestSet[] }>(BASE);
  const picked = useSignal('');
  const { busy, error, done, run, clear } = useJob();
  const all = sets.data.value?.items ?? [];
  const set = all.find((s) => s.id === picked.value) ?? chosen(all);
  const hit = hits[at.value];
  const staff = Boolean(hit?.audience && hit.audience !== 'public'); /* no customer ever gets it */
  useEffect(clear, [q]);
  /* The key may be quicker than the list of sets. */
  const pin = (what: { article: string } | { nothing: true }) =>
    run(async () => {
      if (!sets.data.value) await sets.load();
      if (!sets.data.value) throw sets.error.value;
      const into = set ?? chosen(sets.data.value.items);
      const body = { question: q, ...what };
      const r = into
        ? await post<{ id: string }>(`${BASE}/${seg(into.id)}/questions`, body)
        : await post<{ id: string }>(BASE, { name: t('kt.first_name'), ...body });
      choose(r.id);
      if (!into) await sets.load();
      return t('kt.pinned', { set: into?.name ?? t('kt.first_name'), what: 'article' in what ? t('kt.must', { id: what.article }) : t('kt.nothing') });
    });
  const find = () => hit && !staff && void pin({ article: hit.article_id });
  const nothing = () => void pin({ nothing: true });
  const go = (n: number) => (at.value = Math.max(0, Math.min(hits.length - 1, n)));
  useKeys(() => ({ j: () => go(at.value + 1), k: () => go(at.value - 1), s: find, x: nothing }));
  return (
    <div class="card pin" data-test="pin">
      <p class="srow">
        <span>{t('kt.pin')}</span>
        {hit ? (
          <button class="btn" disabled={busy.value || staff} data-test="pin-find" onClick={find}>
            {at.value + 1}. {hit.title} <kbd>s</kbd>
          </button>
        ) : null}
        {staff ? (
          <span class="tag warn" data-test="pin-staff">
            {t('kt.staff')}
          </span>
        ) : null}
        <button class="btn" disabled={busy.value} data-test="pin-nothing" onClick={nothing}>
          {t('kt.pin_nothing')} <kbd>x</kbd>
        </button>
        <span class="grow" />
        {all.length > 1 ? (
          <select class="input" aria-label={t('kt.set')} value={set?.id ?? ''} onChange={(e) => (picked.value = e.currentTarget.value)}>
            {all.map((s) => (
              <option key={s.id} value={s.id}>
                {s.name}
              </option>
            ))}
          </select>
        ) : null}
        {set ? <a href={makeHash(['kb', 'sets', set.id])}>{set.name}</a> : null}
        <span class="hint">{t('kt.pin_hint')}</span>
      </p>
      {error.value ? <ErrorNote error={error.value} retry={clear} /> : null}
      {done.value ? <Done text={done.value} /> : null}
    </div>
  );
}
