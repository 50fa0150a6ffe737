/* Carrying out a tool for a customer: pick, fill in, see what would happen, do it, say yes, result. The server
 * decides; nothing here is an authority. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed } from '../console/state.ts';
import { Facts } from './facts.tsx';
import { newKey, seg, useKeys, useLoad } from './parts.tsx';
import { argsOf, fieldsOf, type Field } from './schema.ts';
import type { Tool, ToolAnswer } from './types.ts';

interface Props {
  customer: string;
  preset: Record<string, string>; /* arguments that are known, by name */
  after: () => void;
  conversation?: string;
  pick?: string | undefined; /* the tool that is open at once */
  keys?: boolean; /* 1 to 9 choose; not where the page has these keys itself */
}

export function Actions(p: Props) {
  const tools = useLoad<{ items: Tool[] }>('/api/v1/tools');
  const chosen = useSignal<Tool | null>(null);
  const names = Object.keys(p.preset);
  /* the shop's first; who the customer is was checked by the agent */
  const fit = (tools.data.value?.items ?? [])
    .filter((x) => x.effect && x.source !== 'cust' && names.some((n) => n in (x.schema?.properties ?? {})))
    .sort((a, b) => Number(b.source === 'shop') - Number(a.source === 'shop'));
  const picked = (tools.data.value?.items ?? []).find((x) => x.name === p.pick);
  useEffect(() => {
    if (picked) chosen.value = picked;
  }, [picked]);
  const keys = p.keys ?? true;
  useKeys(() => Object.fromEntries((keys ? fit : []).slice(0, 9).map((x, n) => [String(n + 1), () => (chosen.value = x)])));
  return (
    <section class="card" data-test="actions">
      <h2>{t('action.title')}</h2>
      {tools.error.value ? <ErrorNote error={tools.error.value} retry={() => void tools.load()} /> : null}
      {tools.data.value && !fit.length ? <p class="hint">{t('action.none')}</p> : null}
      <div class="chips">
        {fit.map((x, n) => (
          <button
            key={x.name}
            class="chip"
            aria-pressed={chosen.value?.name === x.name}
            title={both(x.about)}
            data-test={`tool-${x.name}`}
            onClick={() => (chosen.value = chosen.value?.name === x.name ? null : x)}
          >
            {keys && n < 9 ? <kbd>{n + 1}</kbd> : null}
            {both(x.title) || x.name}
          </button>
        ))}
      </div>
      {chosen.value ? <Run key={chosen.value.name} tool={chosen.value} {...p} /> : null}
    </section>
  );
}

type Stage = 'form' | 'dry' | 'confirm' | 'over';
const GOOD = ['done', 'confirm', 'approve', 'later'];

function Run({ tool, customer, preset, after, conversation }: Props & { tool: Tool }) {
  const fields = fieldsOf(tool.schema);
  const typed = useSignal<Record<string, string>>({ ...preset });
  const errors = useSignal<Record<string, string>>({});
  const checked = useSignal('');
  const stage = useSignal<Stage>('form');
  const answer = useSignal<ToolAnswer | null>(null);
  const error = useSignal<unknown>(null);
  const busy = useSignal(false);
  const key = useSignal(newKey());

  async function ask(more: Record<string, unknown>, next: (a: ToolAnswer) => Stage) {
    const { args, errors: bad } = argsOf(fields, typed.value);
    errors.value = bad;
    if (Object.keys(bad).length || busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      const a = await authed<ToolAnswer>(`/api/v1/tools/${seg(tool.name)}/call`, {
        method: 'POST',
        body: {
          args,
          ...(customer ? { customer } : {}),
          lang: lang.value,
          ...(conversation ? { conversation } : {}),
          ...(checked.value && customer ? { checked: tWord('checked', checked.value) } : {}),
          ...more,
        },
        headers: { 'Idempotency-Key': `${key.value}-${stage.value}` },
      });
      answer.value = a;
      stage.value = next(a);
      if (stage.value === 'over') {
        key.value = newKey();
        if (a.outcome === 'done') after();
      }
    } catch (e) {
      error.value = e;
    }
    busy.value = false;
  }
  const dry = () => ask({ dry: true }, () => 'dry');
  const go = () => ask({}, (a) => (a.outcome === 'confirm' ? 'confirm' : 'over'));
  const yes = () => ask({ confirmed: answer.value?.print }, () => 'over');
  const back = () => {
    key.value = newKey();
    stage.value = 'form';
    answer.value = null;
  };

  return (
    <form
      class="run"
      data-test="run"
      onSubmit={(e) => {
        e.preventDefault();
        void (stage.value === 'form' ? dry() : stage.value === 'dry' ? go() : stage.value === 'confirm' ? yes() : back());
      }}
    >
      <p class="hint">{both(tool.about)}</p>
      {stage.value === 'form' ? <Form fields={fields} typed={typed} errors={errors.value} /> : null}
      {stage.value === 'form' ? (
        <label class="field">
          <span>{t('action.checked')}</span>
          <select class="input" data-test="checked" value={checked.value}
            onChange={(e) => (checked.value = e.currentTarget.value)}>
            <option value="">{t('action.unchecked')}</option>
            {['order_and_phone', 'one_time_code', 'call_back', 'id_document'].map((w) => (
              <option key={w} value={w}>
                {tWord('checked', w)}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {answer.value && stage.value !== 'form' ? <Answer a={answer.value} stage={stage.value} /> : null}
      {error.value ? <ErrorNote error={error.value} /> : null}
      <div class="srow">
        {stage.value === 'form' ? (
          <button class="btn primary" type="submit" data-test="dry" disabled={busy.value}>
            {t('action.dry')}
          </button>
        ) : stage.value === 'over' ? (
          <button class="btn" type="submit" data-test="again">
            {t('action.again')}
          </button>
        ) : (
          <>
            {GOOD.includes(answer.value?.outcome ?? '') ? (
              <button class="btn primary" type="submit" disabled={busy.value}
                data-test={stage.value === 'dry' ? 'do' : 'yes'}>
                {t(stage.value === 'dry' ? 'action.do' : 'action.yes')}
              </button>
            ) : null}
            <button class="btn" type="button" data-test="back-form" onClick={back}>
              {t('action.back')}
            </button>
          </>
        )}
      </div>
    </form>
  );
}

const TONE: Record<string, string> = { done: 'ok', confirm: 'info', approve: 'warn', later: 'warn', verify: 'warn' };

/* What came back, in the customer's words and in the agent's. */
function Answer({ a, stage }: { a: ToolAnswer; stage: Stage }) {
  const head =
    stage === 'dry' && GOOD.includes(a.outcome) ? t('action.would') : stage === 'confirm' ? t('action.ask') : tWord('outcome', a.outcome);
  return (
    <div class={`outcome ${TONE[a.outcome] ?? 'no'}`} role="status" data-test="outcome" data-outcome={a.outcome}
      data-stage={stage}>
      <p>
        <Icon name={a.outcome === 'done' ? 'check' : TONE[a.outcome] ? 'help' : 'alert'} />
        <b>{head}</b>
        {stage === 'dry' && a.outcome !== 'done' && GOOD.includes(a.outcome) ? <span class="tag">{tWord('outcome', a.outcome)}</span> : null}
      </p>
      {a.say ? <blockquote>{a.say}</blockquote> : null}
      {a.why ? <p class="hint">{a.why}</p> : null}
      {a.body && Object.keys(a.body).length ? <Facts of={a.body} /> : null}
    </div>
  );
}

interface FormProps {
  fields: Field[];
  typed: Signal<Record<string, string>>;
  errors: Record<string, string>;
}

export function Form({ fields, typed, errors }: FormProps) {
  const set = (name: string, v: string) => (typed.value = { ...typed.value, [name]: v });
  return (
    <div class="pair">
      {fields.map((f) => {
        const id = `f-${f.name}`;
        const bad = errors[f.name];
        const common = {
          id,
          class: 'input',
          'data-test': `arg-${f.name}`,
          'aria-invalid': bad ? true : undefined,
          'aria-describedby': `${id}-hint`,
          value: typed.value[f.name] ?? '',
        };
        const onInput = (e: { currentTarget: { value: string } }) => set(f.name, e.currentTarget.value);
        return (
          <label key={f.name} class={`field ${f.kind === 'json' ? 'wide' : ''}`} for={id}>
            <span>
              {both(f.schema.title) || tWord('fact', f.name)}
              {f.required ? ' *' : ''}
            </span>
            {f.kind === 'choice' || f.kind === 'yesno' ? (
              <select {...common} onChange={onInput}>
                <option value="">–</option>
                {(f.kind === 'yesno' ? ['yes', 'no'] : f.options).map((w) => (
                  <option key={w} value={w}>
                    {f.kind === 'yesno' ? tWord('ui', w) : tWord('choice', w)}
                  </option>
                ))}
              </select>
            ) : f.kind === 'json' ? (
              <textarea {...common} rows={3} spellcheck={false} placeholder="[ ] / { }" onInput={onInput} />
            ) : f.kind === 'date' ? (
              <input {...common} type="date" onInput={onInput} />
            ) : (
              <input {...common} type="text"
                inputMode={f.kind === 'number' ? 'decimal' : f.kind === 'whole' ? 'numeric' : undefined}
                maxLength={f.schema.maxLength} onInput={onInput} />
            )}
            <small id={`${id}-hint`} class={bad ? 'bad' : 'hint'}>
              {bad ? tWord('argbad', bad) : both(f.schema.description)}
            </small>
          </label>
        );
      })}
    </div>
  );
}
