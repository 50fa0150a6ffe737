/* What waits for a person's yes or no: j and k choose, y and n decide, m is for the note. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { Facts } from './facts.tsx';
import { byText, Done, money, Pick, post, Rows, seg, usePages, useRows } from './parts.tsx';
import type { Approval, ToolAnswer } from './types.ts';

const STATES = ['waiting', 'yes', 'no', 'all'];

export function Approvals() {
  const state = route.value.query['state'] || 'waiting';
  const pages = usePages<Approval>('/api/v1/approvals', { state: state === 'all' ? '' : state });
  const rows = pages.rows.value ?? [];
  const notes = useSignal<Record<string, string>>({});
  const error = useSignal<unknown>(null);
  const done = useSignal('');
  const busy = useSignal(false);

  async function decide(n: number, yes: boolean) {
    const a = rows[n];
    if (!a || !waits(a) || busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      const r = await post<Partial<ToolAnswer>>(`/api/v1/approvals/${seg(a.id)}`, {
        yes,
        note: (notes.value[a.id] ?? '').trim(),
      });
      const what = a.what || both(a.title) || a.tool;
      const failed = yes && r?.outcome && r.outcome !== 'done';
      done.value = failed
        ? t('approval.undone', { what, why: r.why || tWord('outcome', r.outcome) })
        : t(yes ? 'approval.done_yes' : 'approval.done_no', { what });
      await pages.load(null);
    } catch (e) {
      error.value = e;
    }
    busy.value = false;
  }
  const at = useRows(rows.length, () => undefined, () => ({
    y: () => void decide(Math.max(0, at.value), true),
    n: () => void decide(Math.max(0, at.value), false),
    m: () => document.querySelectorAll<HTMLElement>('[data-note]')[Math.max(0, at.value)]?.focus(),
  }));

  return (
    <>
      <div class="filters">
        <Pick name="state" label={t('order.state')} group="astate" every={tWord('astate', 'waiting')}
          words={STATES.slice(1)} />
        <span class="hint">{t('approval.keys')}</span>
      </div>
      {done.value ? <Done text={done.value} /> : null}
      {error.value ? <ErrorNote error={error.value} retry={() => void pages.load(null)} /> : null}
      <Rows pages={pages} empty={<Empty icon="check" title={t('approval.none')} text={t('approval.none_text')} />}>
        {(all) => (
          <ol class="stack" data-test="approvals">
            {all.map((a, n) => (
              <li key={a.id} class="card approval" data-row aria-current={at.value === n ? 'true' : undefined} data-test="approval"
                onClick={() => (at.value = n)}>
                <h2>
                  <span>
                    {a.what || both(a.title) || a.tool}
                    {a.amount ? <b class="num amount">{money(a.amount)}</b> : null}
                  </span>
                  <small>
                    {[both(a.title), byText(a.actor), dateTime(a.made_at ?? null, lang.value)].filter(Boolean).join(' · ')}
                  </small>
                </h2>
                {a.args ? <Facts of={a.args} /> : null}
                <p class="links">
                  {a.customer ? <a href={makeHash(['customers', a.customer])}>{t('order.customer')} {a.customer}</a> : null}
                  {a.conversation ? <a href={makeHash(['c', a.conversation])}>{t('conv.title')}</a> : null}
                </p>
                {waits(a) ? (
                  <div class="srow">
                    <input class="input" data-note data-test="note" aria-label={t('approval.note')}
                      placeholder={t('approval.note')} value={notes.value[a.id] ?? ''} maxLength={500}
                      onInput={(e) => (notes.value = { ...notes.value, [a.id]: e.currentTarget.value })}
                      onKeyDown={(e) => {
                        if (e.key === 'Enter') e.currentTarget.blur();
                      }} />
                    <button class="btn primary" data-test="approve" disabled={busy.value}
                      onClick={() => void decide(n, true)}>
                      <Icon name="check" />
                      {t('approval.yes')} <kbd>y</kbd>
                    </button>
                    <button class="btn" data-test="refuse" disabled={busy.value} onClick={() => void decide(n, false)}>
                      <Icon name="x" />
                      {t('approval.no')} <kbd>n</kbd>
                    </button>
                  </div>
                ) : (
                  <p class="hint">
                    {tWord('astate', a.state)} {[byText(a.by), a.decided_at ? dateTime(a.decided_at, lang.value) : '', a.note].filter(Boolean).join(' · ')}
                  </p>
                )}
              </li>
            ))}
          </ol>
        )}
      </Rows>
    </>
  );
}

const waits = (a: Approval): boolean => a.state === 'waiting';
