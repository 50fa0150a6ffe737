/* Training: which intents were heard, what people say they were, and the rows to learn from. A matrix of labels
 * against predictions; a cell shows its turns; a key labels a turn and goes on to the next. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { dateTime, pct } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { LABELS } from '../lib/intents.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authedBytes, route } from '../console/state.ts';
import { keysFor, matrixOf, type Confusion } from './matrix.ts';
import { Done, post, Rows, save, Search, setHashQuery, useLoad, usePages, useRows } from './parts.tsx';

interface Turn {
  conversation: string;
  seq: number;
  at: string;
  text: string;
  language: string;
  predicted: string;
  p: number;
  label: string;
  by: string;
}

export default function Training() {
  const got = useLoad<Confusion>('/api/v1/intents/confusion');
  const error = useSignal<unknown>(null);
  const c = got.data.value;
  async function download() {
    error.value = null;
    try {
      save('intents.tsv', await authedBytes('/api/v1/intents/labels'), 'text/tab-separated-values');
    } catch (e) {
      error.value = e;
    }
  }
  return (
    <section class="page" aria-label={t('nav.training')} data-test="training">
      <header class="bar">
        <h1>{t('nav.training')}</h1>
        {c ? (
          <span class="muted num" data-test="training-sum">
            {t('train.sum', { turns: c.turns, labelled: c.labelled, share: share(c) })}
          </span>
        ) : null}
        <div class="filters">
          <button class="btn" data-test="download" disabled={!c?.labelled} onClick={() => void download()}>
            <Icon name="download" />
            {t('train.download')}
          </button>
        </div>
      </header>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {error.value ? <ErrorNote error={error.value} /> : null}
        {!c ? got.error.value ? null : <Skeleton rows={8} kind="line" /> : <Matrix c={c} />}
        {c?.labelled ? (
          <p class="hint">
            {t('train.hint')} <code>callm train intent --data intents.tsv --out intent.bin</code>
          </p>
        ) : null}
        {c ? <Turns c={c} after={() => void got.load()} /> : null}
      </div>
    </section>
  );
}

const share = (c: Confusion): string => (c.labelled ? `${Math.round((100 * c.right) / c.labelled)} %` : '–');

const pick = (label: string, predicted: string): void => {
  const q = route.value.query;
  const same = q['label'] === label && q['predicted'] === predicted;
  setHashQuery(same ? { label: '', predicted: '' } : { label, predicted, state: '' });
};

function Matrix({ c }: { c: Confusion }) {
  const m = matrixOf(c);
  const { label = '', predicted = '' } = route.value.query;
  if (!m.rows.length)
    return <Empty icon="target" title={t('train.none')} text={t('train.none_text')} />;
  return (
    <section class="card" data-test="confusion">
      <h2>
        {t('train.matrix')} <small>{t('train.axes')}</small>
      </h2>
      <div class="matrix-wrap" tabIndex={0} role="region" aria-label={t('train.matrix')}>
        <table class="matrix">
          <thead>
            <tr>
              <td />
              {m.columns.map((x) => (
                <th key={x} scope="col">
                  <span>{tWord('intent', x)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {m.rows.map((r) => (
              <tr key={r.label}>
                <th scope="row">{tWord('intent', r.label)}</th>
                {m.columns.map((x, n) => {
                  const cell = r.cells[n]!;
                  if (!cell.n) return <td key={x} />;
                  const text = t('train.cell', { n: cell.n, label: tWord('intent', r.label), heard: tWord('intent', x) });
                  return (
                    <td key={x}>
                      <button
                        class={cell.right ? 'right-cell' : 'wrong-cell'}
                        style={{ '--share': cell.share.toFixed(2) }}
                        aria-pressed={label === r.label && predicted === x}
                        aria-label={text}
                        title={text}
                        data-test="cell"
                        data-cell={`${r.label}/${x}`}
                        onClick={() => pick(r.label, x)}
                      >
                        {cell.n}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Turns({ c, after }: { c: Confusion; after: () => void }) {
  const { q = '', label = '', predicted = '', state = '' } = route.value.query;
  const shown = label || predicted ? state : state || 'unlabelled';
  const pages = usePages<Turn>('/api/v1/intents/turns', { q, label, predicted, state: shown, limit: 30 });
  const rows = pages.rows.value ?? [];
  const said = useSignal('');
  const error = useSignal<unknown>(null);
  const other = useSignal('');
  const labels = keysFor(LABELS, c);
  const mark = (x: Turn, word: string) => {
    pages.rows.value = (pages.rows.value ?? []).map((y) =>
      y.conversation === x.conversation && y.seq === x.seq ? { ...y, label: word } : y);
  };
  /* Shown at once, so that keys may come quickly; taken back when the server does not take it. What was
   * labelled just now stays where it is until the list is loaded again. */
  async function put(n: number, word: string) {
    const x = pages.rows.value?.[n];
    if (!x) return;
    error.value = null;
    mark(x, word);
    if (word && n + 1 < rows.length) at.value = n + 1;
    try {
      await post('/api/v1/intents/labels', { conversation: x.conversation, seq: x.seq, label: word });
      said.value = word ? t('train.said', { label: tWord('intent', word) }) : t('train.back');
      after();
    } catch (e) {
      mark(x, x.label);
      error.value = e;
    }
  }
  const here = () => Math.max(0, at.value);
  const at: Signal<number> = useRows(rows.length, (n) => {
    location.hash = makeHash(['c', rows[n]!.conversation], { seq: String(rows[n]!.seq) });
  }, () => ({
    ...Object.fromEntries(labels.map(([key, word]) => [key, () => void put(here(), word)])),
    y: () => void put(here(), rows[here()]?.predicted || 'oos'),
    x: () => void put(here(), ''),
    m: () => document.querySelector<HTMLElement>('[data-test=label-other]')?.focus(),
  }));
  useEffect(() => {
    at.value = 0;
  }, [q, label, predicted, shown]);

  return (
    <section class="stack" data-test="turns">
      <div class="filters">
        <h2 class="section">{t('train.turns')}</h2>
        <Search label={t('train.search')} />
        <select class="input" aria-label={t('order.state')} data-test="pick-state" value={shown}
          onChange={(e) => setHashQuery({ state: e.currentTarget.value })}>
          {['unlabelled', 'labelled', 'wrong', 'all'].map((w) => (
            <option key={w} value={w}>
              {tWord('lstate', w)}
            </option>
          ))}
          {shown ? null : <option value="">{tWord('lstate', 'cell')}</option>}
        </select>
        {label || predicted ? (
          <button class="btn small" onClick={() => setHashQuery({ label: '', predicted: '' })}>
            {tWord('intent', label)} ← {tWord('intent', predicted)} <Icon name="x" label={t('live.clear')} />
          </button>
        ) : null}
      </div>
      <div class="chips" data-test="label-keys">
        <span class="chip-key">
          <kbd>y</kbd> {t('train.as_heard')}
        </span>
        {labels.map(([key, word]) => (
          <button key={word} class="chip" data-test={`label-${word}`} onClick={() => void put(here(), word)}>
            <kbd>{key}</kbd>
            {tWord('intent', word)}
          </button>
        ))}
        <form onSubmit={(e) => {
          e.preventDefault();
          const word = other.value.trim().replace(/\s+/g, '_');
          if (word) void put(here(), word);
          other.value = '';
          (document.activeElement as HTMLElement | null)?.blur();
        }}>
          <input class="input" data-test="label-other" aria-label={t('train.other')} placeholder={`m · ${t('train.other')}`}
            maxLength={64} value={other.value} onInput={(e) => (other.value = e.currentTarget.value)} />
        </form>
      </div>
      {said.value ? <Done text={said.value} /> : null}
      {error.value ? <ErrorNote error={error.value} /> : null}
      <Rows pages={pages} empty={<Empty icon="check" title={t('train.nothing')} text={t('train.nothing_text')} />}>
        {(all) => (
          <ol class="turns">
            {all.map((x, n) => (
              <li key={`${x.conversation}/${x.seq}`} class="card heard" data-row aria-current={at.value === n ? 'true' : undefined}
                data-test="turn" onClick={() => (at.value = n)}>
                <p lang={x.language}>{x.text}</p>
                <div class="meta muted">
                  <span>{t('train.heard')}</span>
                  <span class="tag">{x.predicted ? tWord('intent', x.predicted) : t('train.nothing_heard')}</span>
                  {x.predicted ? <span class="num">{pct(x.p)}</span> : null}
                  {x.label ? (
                    <span class={`tag ${x.label === (x.predicted || 'oos') ? 'ok' : 'warn'}`} data-test="turn-label">
                      {tWord('intent', x.label)}
                    </span>
                  ) : null}
                  <span class="grow" />
                  <time class="num">{dateTime(x.at, lang.value)}</time>
                  <a href={makeHash(['c', x.conversation], { seq: String(x.seq) })}>{t('conv.title')}</a>
                </div>
              </li>
            ))}
          </ol>
        )}
      </Rows>
    </section>
  );
}
