/* The strategy table: add rows by a form, edit it as data, with every fault told, and try it before it is saved. */
import '../strategy/texts.ts';
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { ApiError } from '../lib/api.ts';
import type { Strategy } from '../lib/types.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { Because } from './mood.tsx';
import { authed } from './state.ts';
import { CodeBox } from '../strategy/codebox.tsx';
import { idFor, idsOf, lineOf, withRow, type NewRow } from '../strategy/row.ts';
import { RowForm } from '../strategy/rowform.tsx';

interface Table {
  version: number;
  text: string;
  company_rows: string[];
  history: { version: number; at: string; by: string; note: string }[];
}
interface Issue {
  where: string;
  what: string;
  mend: string;
}
interface Tried {
  text: string;
  intent: string;
  mood: { class: string; valence: number; sustained: number };
  strategy: Strategy;
  why: { en: string; zh: string };
  offer_text?: { en: string; zh: string };
}

const PATH = '/api/v1/policies/strategy';
const EXAMPLES = {
  en: 'Where is my refund?\nThis is outrageous, I have waited three weeks!\nYou are liars, nobody cares!',
  zh: '我的退款到哪了？\n太不像话了，我等了三个星期！\n你们就是骗子，没人管！',
};

export function StrategyPage() {
  const table = useSignal<Table | null>(null);
  const draft = useSignal('');
  const error = useSignal<unknown>(null);

  async function load(version?: number) {
    error.value = null;
    try {
      const got = await authed<Table>(PATH, { query: { version: version ?? null } });
      if (!version) table.value = got; // an old text beside the one in use can be tried and saved again
      draft.value = got.text;
    } catch (e) {
      error.value = e;
    }
  }
  useEffect(() => void load(), []);

  return (
    <section class="page" aria-label={t('nav.strategy')}>
      <header class="bar">
        <h1>{t('nav.strategy')}</h1>
        {table.value ? (
          <span class="tag num" data-test="strategy-version">
            {table.value.version ? t('strategy.version', { v: table.value.version }) : t('strategy.built_in')}
          </span>
        ) : null}
      </header>
      <div class="page-body">
        {error.value ? <ErrorNote error={error.value} retry={() => void load()} /> : null}
        {table.value === null ? (
          error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <div class="strategy">
            <Editor table={table} draft={draft} load={load} />
            <Try draft={draft} saved={table.value.text} />
          </div>
        )}
      </div>
    </section>
  );
}

interface EditorProps {
  table: Signal<Table | null>;
  draft: Signal<string>;
  load: (version?: number) => Promise<void>;
}

function Editor({ table, draft, load }: EditorProps) {
  const note = useSignal('');
  const issues = useSignal<Issue[]>([]);
  const error = useSignal<unknown>(null);
  const done = useSignal('');
  const busy = useSignal(false);
  const adding = useSignal(false);
  const show = useSignal(0);
  const now = table.value!;
  const changed = draft.value !== now.text;

  async function check(): Promise<boolean> {
    const r = await authed<{ issues: Issue[] }>(`${PATH}/try`, {
      method: 'POST',
      body: { text: draft.value, mood: 'neutral' },
    });
    issues.value = r.issues;
    return r.issues.length === 0;
  }
  async function save() {
    if (busy.value || !changed) return;
    busy.value = true;
    error.value = null;
    done.value = '';
    try {
      if (await check()) {
        const r = await authed<{ version: number; rows: number }>(PATH, {
          method: 'PUT',
          body: { text: draft.value, base: now.version, note: note.value.trim() },
        });
        note.value = '';
        done.value = t('strategy.saved', { v: r.version, n: r.rows });
        await load();
      }
    } catch (e) {
      error.value = e instanceof ApiError && e.status === 409 ? new ApiError(409, '', t('strategy.clash')) : e;
    } finally {
      busy.value = false;
    }
  }
  function keys(e: KeyboardEvent) {
    if (e.key === 's' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      void save();
    }
  }
  function add(r: NewRow) {
    const id = idFor(r, idsOf(draft.value, 'rows'));
    const got = withRow(draft.value, r);
    draft.value = got.text;
    show.value = got.line;
    adding.value = false;
    done.value = t('srow.added', { id });
    check().catch((e) => (error.value = e));
  }

  return (
    <section class="card strategy-edit">
      <h2>
        {t('strategy.table')}
        <button class="btn" data-test="row-open" aria-expanded={adding.value} onClick={() => (adding.value = !adding.value)}>
          <Icon name="plus" />
          {t('srow.open')}
        </button>
      </h2>
      <p class="hint">{t('strategy.how')}</p>
      {adding.value ? <RowForm text={draft.value} add={add} close={() => (adding.value = false)} /> : null}
      <CodeBox text={draft} show={show} marks={new Set(issues.value.map((i) => lineOf(i.where)))} label={t('strategy.table')} test="strategy-text" onKeyDown={keys} />
      {now.company_rows.length ? (
        <p class="hint">{t('strategy.company_rows', { rows: now.company_rows.join(', ') })}</p>
      ) : null}
      {issues.value.length ? (
        <ul class="issues" role="alert" data-test="issues">
          {issues.value.map((i) => (
            <li key={i.where + i.what}>
              <button class="linkish" title={i.where} onClick={() => (show.value = lineOf(i.where))}>
                {lineOf(i.where) ? t('strategy.line', { n: lineOf(i.where) }) : i.where}
              </button>
              <b>{i.what}</b> {i.mend}
            </li>
          ))}
        </ul>
      ) : null}
      {error.value ? <ErrorNote error={error.value} retry={() => void load()} /> : null}
      <div class="srow">
        <input
          class="input"
          data-test="strategy-note"
          aria-label={t('strategy.note')}
          placeholder={t('strategy.note')}
          maxLength={200}
          value={note.value}
          onInput={(e) => (note.value = e.currentTarget.value)}
        />
        <button class="btn" data-test="strategy-check" onClick={() => check().then((ok) => (done.value = ok ? t('strategy.fine') : ''), (e) => (error.value = e))}>
          {t('strategy.check')}
        </button>
        <button
          class="btn primary"
          data-test="strategy-save"
          disabled={!changed || busy.value}
          title="Ctrl S"
          onClick={() => void save()}
        >
          {t('strategy.save')}
        </button>
      </div>
      {done.value ? (
        <p class="saved" role="status" data-test="strategy-saved">
          <Icon name="check" />
          {done.value}
        </p>
      ) : null}
      {now.history.length ? (
        <details class="versions" data-test="versions">
          <summary>{t('strategy.versions', { n: now.history.length })}</summary>
          <ol>
            {now.history.map((h) => (
              <li key={h.version}>
                <button class="linkish" onClick={() => void load(h.version)}>
                  {t('strategy.version', { v: h.version })}
                </button>
                <span>{h.by}</span>
                <time dateTime={h.at}>{dateTime(h.at, lang.value)}</time>
                <span>{h.note}</span>
              </li>
            ))}
          </ol>
        </details>
      ) : null}
    </section>
  );
}

function Try({ draft, saved }: { draft: Signal<string>; saved: string }) {
  const said = useSignal(EXAMPLES[lang.value]);
  const channel = useSignal('chat');
  const tier = useSignal('');
  const answer = useSignal('found');
  const turns = useSignal<Tried[] | null>(null);
  const error = useSignal<unknown>(null);

  async function run() {
    error.value = null;
    const messages = said.value.split('\n').map((x) => x.trim()).filter(Boolean).slice(0, 20);
    if (!messages.length) return;
    try {
      const r = await authed<{ turns: Tried[]; issues: Issue[] }>(`${PATH}/try`, {
        method: 'POST',
        body: {
          messages,
          channel: channel.value,
          tier: tier.value.trim(),
          answer: answer.value,
          language: lang.value,
          ...(draft.value === saved ? {} : { text: draft.value }),
        },
      });
      if (r.issues.length) throw new ApiError(422, '', `${r.issues[0]!.where}: ${r.issues[0]!.what}`);
      turns.value = r.turns;
    } catch (e) {
      turns.value = null;
      error.value = e;
    }
  }

  return (
    <section class="card strategy-try" data-test="strategy-try">
      <h2>{t('strategy.try')}</h2>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void run();
        }}
      >
        <label>
          <span>{t('strategy.messages')}</span>
          <textarea
            class="input"
            rows={4}
            data-search
            data-test="try-text"
            value={said.value}
            onInput={(e) => (said.value = e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) void run();
            }}
          />
        </label>
        <div class="srow">
          <label>
            <span>{t('strategy.channel')}</span>
            <select class="input" value={channel.value} onChange={(e) => (channel.value = e.currentTarget.value)}>
              <option value="chat">{tWord('channel', 'webchat')}</option>
              <option value="voice">{tWord('channel', 'phone')}</option>
            </select>
          </label>
          <label>
            <span>{t('strategy.tier')}</span>
            <input class="input" data-test="try-tier" placeholder={t('strategy.unknown_customer')}
              value={tier.value} onInput={(e) => (tier.value = e.currentTarget.value)} />
          </label>
          <label>
            <span>{t('strategy.answer')}</span>
            <select class="input" value={answer.value} onChange={(e) => (answer.value = e.currentTarget.value)}>
              {['found', 'unsure', 'none'].map((a) => (
                <option key={a} value={a}>
                  {tWord('found', a)}
                </option>
              ))}
            </select>
          </label>
          <button class="btn primary" type="submit" data-test="try-run" title="Ctrl Enter">
            {t('strategy.run')}
          </button>
        </div>
      </form>
      {draft.value === saved ? null : <p class="hint">{t('strategy.trying_draft')}</p>}
      {error.value ? <ErrorNote error={error.value} retry={() => void run()} /> : null}
      <ol class="tried" aria-live="polite">
        {(turns.value ?? []).map((x, n) => (
          <li key={n} data-test="tried">
            <p class="tried-said">{x.text}</p>
            <p class="tried-why">
              <b>{x.strategy.row}</b> {x.why[lang.value]}
              <span class="tag">{tWord('emotion', x.mood.class)}</span>
            </p>
            {x.offer_text ? <p class="tried-offer">{x.offer_text[lang.value]}</p> : null}
            <Because s={x.strategy} />
          </li>
        ))}
      </ol>
    </section>
  );
}
