/* Records that may be one person: y joins them, n keeps them apart for good; each by a person, never by itself. */
import { useSignal } from '@preact/signals';
import { dateTime, pct } from '../lib/format.ts';
import { lang, t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon } from '../lib/ui.tsx';
import { Done, post, Rows, usePages, useRows } from './parts.tsx';

interface Proposal {
  a: string;
  b: string;
  reason: string;
  score: number;
  at: string;
}

export function Proposals() {
  const pages = usePages<Proposal>('/api/v1/joins', {});
  const rows = pages.rows.value ?? [];
  const error = useSignal<unknown>(null);
  const done = useSignal('');
  async function decide(n: number, yes: boolean) {
    const p = rows[n];
    if (!p) return;
    error.value = null;
    try {
      const { a, b, reason } = p;
      await post(yes ? '/api/v1/customers/join' : '/api/v1/joins/no', yes ? { a, b, reason } : { a, b });
      done.value = t(yes ? 'cust.joined' : 'cust.kept_apart', { id: `${a}, ${b}` });
      await pages.load(null);
    } catch (e) {
      error.value = e;
    }
  }
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['customers', rows[n]!.a])), () => ({
    y: () => void decide(Math.max(0, at.value), true),
    n: () => void decide(Math.max(0, at.value), false),
  }));
  return (
    <>
      {done.value ? <Done text={done.value} /> : null}
      {error.value ? <ErrorNote error={error.value} /> : null}
      <Rows pages={pages} empty={<Empty icon="link" title={t('cust.no_joins')} text={t('cust.no_joins_text')} />}>
        {(all) => (
          <ol class="stack">
            {all.map((p, n) => (
              <li key={p.a + p.b} class="card approval" data-row aria-current={at.value === n ? 'true' : undefined}
                data-test="proposal" onClick={() => (at.value = n)}>
                <h2>
                  <span>
                    <a href={makeHash(['customers', p.a])}>{p.a}</a> · <a href={makeHash(['customers', p.b])}>{p.b}</a>
                  </span>
                  <small class="num">
                    {pct(p.score)} · {dateTime(p.at, lang.value)}
                  </small>
                </h2>
                <p>{p.reason}</p>
                <div class="srow">
                  <button class="btn primary" onClick={() => void decide(n, true)}>
                    <Icon name="link" />
                    {t('cust.join_do')} <kbd>y</kbd>
                  </button>
                  <button class="btn" onClick={() => void decide(n, false)}>
                    {t('cust.two')} <kbd>n</kbd>
                  </button>
                </div>
              </li>
            ))}
          </ol>
        )}
      </Rows>
    </>
  );
}
