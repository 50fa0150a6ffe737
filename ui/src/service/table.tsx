/* One decision table: drawn as a grid, tried with facts, the rule that decides marked cell by cell, all rules and
 * boundaries checked, and its text. */
import { useSignal, type Signal } from '@preact/signals';
import type { Issue } from '../lib/api.ts';
import { both, t, tWord, type Both } from '../lib/i18n.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { attempt, docPath, Editor, useDoc, type Doc, type DocOpen } from './doc.tsx';
import { Facts } from './facts.tsx';
import { BackBar, post } from './parts.tsx';

export interface Input {
  name: string;
  type: string; /* int, num, bool, word */
  title: Both;
  unit?: string;
  min?: number;
  max?: number;
  values?: string[];
  other?: boolean;
  default?: unknown;
}
interface Output {
  name: string;
  type: string;
  title: Both;
  unit?: string;
}
interface Rule {
  id: string;
  when: Record<string, string>;
  then: Record<string, unknown>;
  why: Both;
  article?: string[];
}
interface TableJson {
  id: string;
  version: number;
  title: Both;
  about?: Both;
  hit?: string;
  inputs: Input[];
  outputs: Output[];
  rules: Rule[];
}
export interface Decision {
  rule?: string;
  rules?: { rule: string }[];
  why?: Both;
  because?: { fact: string; want: string; is: unknown }[];
  missing?: string[];
  error?: string;
  fact?: string;
  [output: string]: unknown;
}
interface Conform {
  table: string;
  rules: number;
  hit: number;
  cases: number;
  not_hit: string[];
  wrong: { facts: Record<string, unknown>; want: string; got: string }[];
}
type TableDoc = Doc & { table?: TableJson | null };

export function TablePage({ id }: { id: string }) {
  const s = useDoc(docPath('policies', id));
  const d = s.open.value as TableDoc | null;
  const decision = useSignal<Decision | null>(null);
  /* a draft with faults has no grid: the one in use is shown */
  const view = d?.table ?? (s.got.data.value as TableDoc | null)?.table ?? null;
  return (
    <section class="page" aria-label={t('doc.table')} data-test="table-page">
      <BackBar to={['rules']}>
        <h1>{both(view?.title ?? d?.title) || id}</h1>
      </BackBar>
      <div class="page-body">
        {s.got.error.value ? <ErrorNote error={s.got.error.value} retry={() => void s.got.load()} /> : null}
        {!d ? (
          s.got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <>
            {view?.about ? <p class="muted">{both(view.about)}</p> : null}
            {view ? <Grid t={view} d={decision.value} /> : null}
            <div class="two even">
              <div class="stack">
                {view ? <Try s={s} table={view} decision={decision} /> : null}
                <Check s={s} />
              </div>
              <Editor s={s} label={t('doc.text')} />
            </div>
          </>
        )}
      </div>
    </section>
  );
}

const shows = (v: unknown): string =>
  v === true ? t('ui.yes') : v === false ? t('ui.no') : v === null || v === undefined ? '–' : tWord('fact', String(v));

function Grid({ t: x, d }: { t: TableJson; d: Decision | null }) {
  const hit = new Set(d?.rules ? d.rules.map((r) => r.rule) : d?.rule ? [d.rule] : []);
  const held = new Set((d?.because ?? []).map((b) => b.fact));
  return (
    <div class="card flush grid-wrap" tabIndex={0} role="region" aria-label={t('doc.grid')}>
      <table class="table rules-grid" data-test="grid">
        <thead>
          <tr>
            <th scope="col">{t('doc.rule')}</th>
            {x.inputs.map((i) => (
              <th key={i.name} scope="col" class="in">
                {both(i.title) || i.name}
                {i.unit ? <small> {i.unit}</small> : null}
              </th>
            ))}
            {x.outputs.map((o) => (
              <th key={o.name} scope="col" class="out">
                {both(o.title) || o.name}
                {o.unit ? <small> {o.unit}</small> : null}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {x.rules.map((r) => (
            <tr key={r.id} class={hit.has(r.id) ? 'hit' : ''} data-rule={r.id} data-test={hit.has(r.id) ? 'hit' : 'rule'}
              title={both(r.why)}>
              <th scope="row">
                {hit.has(r.id) ? <Icon name="right" label={t('doc.decides')} /> : null}
                {r.id}
              </th>
              {x.inputs.map((i) => (
                <td key={i.name} class={`in ${hit.has(r.id) && held.has(i.name) ? 'held' : ''}`}>
                  {r.when[i.name] ?? <span class="muted">–</span>}
                </td>
              ))}
              {x.outputs.map((o) => (
                <td key={o.name} class={`out ${hit.has(r.id) ? 'held' : ''}`}>
                  {shows(r.then[o.name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/* What was typed as facts: left out when empty, so that "missing" can be tried too. */
function factsOf(inputs: Input[], typed: Record<string, string>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const i of inputs) {
    const v = (typed[i.name] ?? '').trim();
    if (!v) continue;
    if (i.type === 'bool') out[i.name] = v === 'yes';
    else if (i.type === 'int' || i.type === 'num' || i.type === 'number') out[i.name] = Number.isNaN(Number(v)) ? v : Number(v);
    else out[i.name] = v;
  }
  return out;
}

interface TryProps {
  s: DocOpen;
  table: TableJson;
  decision: Signal<Decision | null>;
}

function Try({ s, table, decision }: TryProps) {
  const typed = useSignal<Record<string, string>>({});
  const draft = s.draft.value !== s.got.data.value?.text;
  async function run(e?: Event) {
    e?.preventDefault();
    decision.value = null;
    await attempt(s, async () => {
      const r = await post<{ decision: Decision | null; issues: Issue[] }>(`${s.path}/try`, {
        facts: factsOf(table.inputs, typed.value),
        ...(draft ? { text: s.draft.value } : {}),
      });
      s.issues.value = r.issues;
      decision.value = r.decision;
      requestAnimationFrame(() => {
        const row = document.querySelector<HTMLElement>('[data-test=hit]');
        const box = row?.closest('.grid-wrap');
        const head = box?.querySelector('thead')?.offsetHeight ?? 0;
        if (row && box) box.scrollTop = row.offsetTop - head - 6;
      });
      return '';
    });
  }
  const set = (name: string, v: string) => (typed.value = { ...typed.value, [name]: v });
  return (
    <section class="card" data-test="try">
      <h2>{t('strategy.try')}</h2>
      <form onSubmit={(e) => void run(e)}>
        <div class="pair">
          {table.inputs.map((i) => (
            <label key={i.name} class="field">
              <span>
                {both(i.title) || i.name} {i.unit ? <small class="muted">{i.unit}</small> : null}
              </span>
              {i.type === 'bool' || (i.values?.length && !i.other) ? (
                <select class="input" data-test={`fact-${i.name}`} value={typed.value[i.name] ?? ''}
                  onChange={(e) => set(i.name, e.currentTarget.value)}>
                  <option value="">–</option>
                  {(i.type === 'bool' ? ['yes', 'no'] : i.values!).map((w) => (
                    <option key={w} value={w}>
                      {i.type === 'bool' ? tWord('ui', w) : tWord('fact', w)}
                    </option>
                  ))}
                </select>
              ) : (
                <input class="input" data-test={`fact-${i.name}`} value={typed.value[i.name] ?? ''}
                  inputMode={i.type === 'word' ? 'text' : 'decimal'} list={i.values ? `l-${i.name}` : undefined}
                  onInput={(e) => set(i.name, e.currentTarget.value)} />
              )}
              {i.values && i.other ? (
                <datalist id={`l-${i.name}`}>
                  {i.values.map((w) => (
                    <option key={w} value={w} />
                  ))}
                </datalist>
              ) : null}
            </label>
          ))}
        </div>
        <div class="srow">
          <button class="btn primary" type="submit" data-test="try-run">
            {t('strategy.run')}
          </button>
          {draft ? <span class="hint">{t('doc.trying_draft')}</span> : null}
        </div>
      </form>
      {decision.value ? <Decided d={decision.value} table={table} /> : null}
    </section>
  );
}

function Decided({ d, table }: { d: Decision; table: TableJson }) {
  const bad = Boolean(d.error);
  const outputs = Object.fromEntries(table.outputs.map((o) => [both(o.title) || o.name, d[o.name]]));
  return (
    <div class={`outcome ${bad ? '' : d.missing?.length ? 'warn' : 'ok'}`} role="status" data-test="decision"
      data-rule={d.rule ?? ''}>
      <p>
        <Icon name={bad ? 'alert' : d.missing?.length ? 'help' : 'check'} />
        <b>{bad ? `${d.fact ?? ''} ${d.error}` : d.rule || t('doc.undecided')}</b>
      </p>
      {d.why ? <blockquote>{both(d.why)}</blockquote> : null}
      {bad || !d.rule ? null : <Facts of={outputs} />}
      {d.because?.length ? (
        <ul class="sub hint">
          {d.because.map((b) => (
            <li key={b.fact}>
              {both(table.inputs.find((i) => i.name === b.fact)?.title) || b.fact} {b.want} · {t('strategy.was')}{' '}
              <b>{shows(b.is)}</b>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Check({ s }: { s: DocOpen }) {
  const result = useSignal<Conform | null>(null);
  const run = () =>
    attempt(s, async () => {
      const draft = s.draft.value !== s.got.data.value?.text;
      const r = await post<{ ok: boolean; checks: Conform[]; issues: Issue[] }>(
        `${s.path}/check`, draft ? { text: s.draft.value } : {});
      s.issues.value = r.issues;
      result.value = r.checks[0] ?? null;
      return '';
    });
  const r = result.value;
  const good = r ? r.hit === r.rules && !r.wrong?.length : false;
  return (
    <section class="card" data-test="conform">
      <h2>
        {t('doc.conform')}
        <button class="btn small" data-test="check-run" onClick={() => void run()}>
          {t('doc.conform_run')}
        </button>
      </h2>
      <p class="hint">{t('doc.conform_text')}</p>
      {r ? (
        <div class={`outcome ${good ? 'ok' : ''}`} role="status" data-test="conform-result" data-good={good}>
          <p>
            <Icon name={good ? 'check' : 'alert'} />
            <b>{t('doc.conform_sum', { cases: r.cases, hit: r.hit, rules: r.rules })}</b>
          </p>
          {r.not_hit?.length ? <p>{t('doc.not_hit', { rules: r.not_hit.join(', ') })}</p> : null}
          {r.wrong?.map((w, n) => (
            <p key={n} class="hint">
              {JSON.stringify(w.facts)} {w.want} → {w.got}
            </p>
          ))}
        </div>
      ) : null}
    </section>
  );
}
