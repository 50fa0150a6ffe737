/* One flow: its text, its drawing with the step that runs marked, and a chat to try it in. */
import { useSignal, type Signal } from '@preact/signals';
import type { Issue } from '../lib/api.ts';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { attempt, docPath, Editor, useDoc, type Doc, type DocOpen } from './doc.tsx';
import { Facts } from './facts.tsx';
import { draw, type FlowStep } from './flowdraw.ts';
import { BackBar, post } from './parts.tsx';

interface Step extends FlowStep {
  slot?: string;
  tool?: string;
  word?: string;
  text?: Both;
}
interface FlowJson {
  id: string;
  title: Both;
  intents: string[];
  slots: { name: string; type: string; ask: Both }[];
  steps: Step[];
}
type FlowDoc = Doc & { flows?: FlowJson[] | null };

interface FlowAct {
  kind: string; /* say, ask, call, handoff, aside, end */
  text?: string;
  args?: unknown;
  step?: string;
  choices?: string[];
}
interface Tried {
  turns: { said: string | null; acts: FlowAct[] }[];
  slots: Record<string, unknown>;
  issues: Issue[];
}

export function FlowPage({ id }: { id: string }) {
  const s = useDoc(docPath('flows', id));
  const d = s.open.value as FlowDoc | null;
  const step = useSignal('');
  const flows = d?.flows ?? (s.got.data.value as FlowDoc | null)?.flows ?? [];
  const which = useSignal(0); /* a file may hold several */
  const view = flows[which.value] ?? flows[0] ?? null;
  return (
    <section class="page" aria-label={t('doc.flow')} data-test="flow-page">
      <BackBar to={['rules', 'flows']}>
        <h1>{both(view?.title ?? d?.title) || id}</h1>
        {view?.intents?.length ? (
          <span class="muted">{view.intents.map((i) => tWord('intent', i)).join(' · ')}</span>
        ) : null}
      </BackBar>
      <div class="page-body">
        {s.got.error.value ? <ErrorNote error={s.got.error.value} retry={() => void s.got.load()} /> : null}
        {!d ? (
          s.got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <div class="two wide-right">
            <div class="stack">
              <Editor s={s} label={t('doc.text')} />
            </div>
            <div class="stack">
              {flows.length > 1 ? (
                <div class="seg" role="group" aria-label={t('doc.flows')}>
                  {flows.map((f, n) => (
                    <button key={f.id} aria-pressed={view === f} onClick={() => (which.value = n)}>
                      {both(f.title) || f.id}
                    </button>
                  ))}
                </div>
              ) : null}
              {view ? <Picture steps={view.steps} at={step.value} /> : null}
              {view ? <TryChat key={view.id} s={s} step={step} flow={view} /> : null}
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

const sub = (s: Step): string =>
  s.kind === 'collect' ? (s.slot ?? '') : (s.tool ?? s.word ?? both(s.text));

const short = (x: string, n: number): string => ([...x].length > n ? [...x].slice(0, n - 1).join('') + '…' : x);

function Picture({ steps, at }: { steps: Step[]; at: string }) {
  const d = draw(steps);
  const by = new Map(steps.map((s) => [s.id, s]));
  return (
    <section class="card flush flow-pic" tabIndex={0} role="region" aria-label={t('doc.picture')}>
      <svg viewBox={`0 0 ${d.w} ${d.h}`} width={d.w} height={d.h} role="img"
        aria-label={t('doc.picture_of', { n: steps.length })} data-test="flow-picture">
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8Z" />
          </marker>
        </defs>
        {d.edges.map((e, n) => (
          <g key={n} class={`fedge ${e.back ? 'back' : ''}`}>
            <path d={e.path} marker-end="url(#tip)" />
            {e.label ? (
              <text x={e.lx} y={e.ly} text-anchor={e.side === 'left' ? 'end' : e.side === 'right' ? 'start' : 'middle'}>
                {short(tWord('flowway', e.label), e.side === 'none' ? 26 : 14)}
              </text>
            ) : null}
          </g>
        ))}
        {d.boxes.map((b) => {
          const s = by.get(b.id);
          const text = s ? sub(s) : '';
          return (
            <g key={b.id} class={`fbox ${b.kind} ${b.id === at ? 'now' : ''}`} data-step={b.id}
              data-test={b.id === at ? 'step-now' : 'step'}>
              <title>{`${b.id} · ${b.kind} ${text}`}</title>
              <rect x={b.x} y={b.y} width={b.w} height={b.h} rx={b.kind === 'end' ? 22 : 9} />
              <text x={b.x + b.w / 2} y={b.y + 18} text-anchor="middle" class="fkind">
                {tWord('fstep', b.kind)}
              </text>
              <text x={b.x + b.w / 2} y={b.y + 34} text-anchor="middle">
                {short(text || b.id, /[\u2e80-\uffff]/.test(text) ? 11 : 22)}
              </text>
            </g>
          );
        })}
      </svg>
    </section>
  );
}

const OUTCOMES = ['done', 'refused', 'not_found', 'approve', 'later', 'failed', 'denied', 'invalid', 'declined', 'unverified'];

interface Line {
  who: 'customer' | 'bot' | 'system';
  text: string;
}

/* The server runs the flow as it stands in the text on the left; no tool is called. */
function TryChat({ s, step, flow }: { s: DocOpen; step: Signal<string>; flow: FlowJson }) {
  const lines = useSignal<Line[]>([]);
  const said = useSignal<string[]>([]);
  const text = useSignal('');
  const choices = useSignal<string[]>([]);
  const slots = useSignal<Record<string, unknown>>({});
  const outcomes = useSignal<Record<string, string>>({});
  const tools = [...new Set(flow.steps.flatMap((x) => (x.tool ? [x.tool] : [])))];
  const busy = useSignal(false);

  async function run(messages: string[]) {
    if (busy.value) return;
    busy.value = true;
    await attempt(s, async () => {
      const draft = s.draft.value !== s.got.data.value?.text;
      const r = await post<Tried>(`${s.path}/try`, {
        flow: flow.id,
        messages,
        language: lang.value,
        outcomes: Object.fromEntries(Object.entries(outcomes.value).map(([k, v]) => [k, { outcome: v }])),
        ...(draft ? { text: s.draft.value } : {}),
      });
      s.issues.value = r.issues;
      said.value = messages;
      lines.value = r.turns.flatMap((x) => [
        ...(x.said ? [{ who: 'customer' as const, text: x.said }] : []),
        ...x.acts.map(lineOf),
      ]);
      const acts = r.turns.flatMap((x) => x.acts);
      step.value = [...acts].reverse().find((a) => a.step)?.step ?? '';
      choices.value = acts[acts.length - 1]?.choices ?? [];
      slots.value = r.slots;
      return '';
    });
    busy.value = false;
  }
  const send = (words: string) => {
    if (!words.trim()) return;
    text.value = '';
    void run([...said.value, words.trim()]);
  };
  return (
    <section class="card" data-test="flow-try">
      <h2>
        {t('strategy.try')}
        <button class="btn small" data-test="flow-start" onClick={() => void run([])}>
          {t(lines.value.length ? 'doc.again' : 'doc.start')}
        </button>
      </h2>
      <p class="hint">{t('doc.flow_try')}</p>
      {tools.length ? (
        <details>
          <summary>{t('doc.outcomes')}</summary>
          <div class="pair">
            {tools.map((x) => (
              <label key={x} class="field">
                <span class="mono">{x}</span>
                <select class="input" data-test={`outcome-${x}`} value={outcomes.value[x] ?? 'done'}
                  onChange={(e) => (outcomes.value = { ...outcomes.value, [x]: e.currentTarget.value })}>
                  {OUTCOMES.map((o) => (
                    <option key={o} value={o}>
                      {tWord('outcome', o)}
                    </option>
                  ))}
                </select>
              </label>
            ))}
          </div>
        </details>
      ) : null}
      <ol class="trychat" aria-live="polite">
        {lines.value.map((l, n) => (
          <li key={n} class={l.who} data-test="try-line">
            {l.text}
          </li>
        ))}
      </ol>
      <div class="chips">
        {choices.value.map((c) => (
          <button key={c} class="chip" onClick={() => send(c)}>
            {c}
          </button>
        ))}
      </div>
      {Object.keys(slots.value).length ? (
        <details open>
          <summary>{t('doc.slots')}</summary>
          <Facts of={slots.value} />
        </details>
      ) : null}
      <form class="srow" onSubmit={(e) => {
        e.preventDefault();
        send(text.value);
      }}>
        <input class="input" data-search data-test="flow-say" aria-label={t('doc.say')} placeholder={t('doc.say')}
          value={text.value} onInput={(e) => (text.value = e.currentTarget.value)} />
        <button class="btn" type="submit" disabled={busy.value}>
          <Icon name="send" label={t('chat.send')} />
        </button>
      </form>
    </section>
  );
}

function lineOf(a: FlowAct): Line {
  if (a.kind === 'say' || a.kind === 'ask') return { who: 'bot', text: a.text ?? '' };
  const args = a.args === undefined ? '' : typeof a.args === 'string' ? a.args : JSON.stringify(a.args);
  return { who: 'system', text: [tWord('fact_act', a.kind), a.text, args].filter(Boolean).join(' ') };
}
