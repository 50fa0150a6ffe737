/* What the server proposes while one serves: alerts, answers with their sources, next actions, what must not be
 * forgotten. A proposal is put where it can be edited; nothing is sent or done by itself. */
import { useSignal, type Signal } from '@preact/signals';
import { both, t, tWord } from '../lib/i18n.ts';
import { Icon } from '../lib/ui.tsx';
import { Cites } from '../console/transcript.tsx';
import { checkOff } from './acts.ts';
import { op, put } from './client.ts';
import { take } from './composer.tsx';
import type { NextAction, Talk, Work } from './types.ts';

/* A tool to carry out, with the arguments that are known. */
export interface Doing {
  tool: string;
  args: Record<string, string>;
}

export function Assist({ w, talk, doing }: { w: Work; talk: Talk; doing: Signal<Doing | null> }) {
  return (
    <>
      {talk.alerts.length ? (
        <section class="alerts" role="alert" data-test="assist-alerts">
          {talk.alerts.map((a, n) => (
            <p key={n} class="note warn">
              <Icon name="alert" />
              <span class="grow">{both(a.text) || tWord('alert', a.kind)}</span>
            </p>
          ))}
          <button class="linkish" onClick={() => put({ type: 'local.calm', data: { conversation: w.conversation } })}>{t('desk.seen')}</button>
        </section>
      ) : null}
      <Suggestions w={w} talk={talk} />
      <Next all={talk.actions} doing={doing} />
      <Checks w={w} talk={talk} />
    </>
  );
}

function Suggestions({ w, talk }: { w: Work; talk: Talk }) {
  const words = useSignal('');
  return (
    <section class="mini" data-test="suggestions">
      <h2>{t('desk.suggestions')}</h2>
      <form class="search" onSubmit={(e) => {
        e.preventDefault();
        if (words.value.trim()) op('suggest', { conversation: w.conversation, query: words.value.trim() }).catch(() => undefined);
      }}>
        <Icon name="search" />
        <input class="input" type="search" data-search data-test="suggest-query" aria-label={t('desk.find_answer')} placeholder={t('desk.find_answer')}
          value={words.value} onInput={(e) => (words.value = e.currentTarget.value)} />
        <kbd>/</kbd>
      </form>
      {talk.suggestions.length ? null : <p class="hint">{t('desk.no_suggestions')}</p>}
      <ol>
        {talk.suggestions.map((s, n) => (
          <li key={s.text} class="suggestion" data-test="suggestion">
            <p class="sg-text">{s.text}</p>
            {s.citations?.length ? <Cites cites={s.citations} /> : null}
            <p class="sg-do">
              <button class="btn small" data-test="take" onClick={() => take(w.conversation, s.text)}>
                {t('desk.take')} <kbd>{n + 1}</kbd>
              </button>
              {s.confidence !== undefined ? <small class="num muted">{t('desk.sure', { p: Math.round(s.confidence * 100) })}</small> : null}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

const textArgs = (a: NextAction): Record<string, string> =>
  Object.fromEntries(Object.entries(a.call?.args ?? {}).filter(([, v]) => v !== null && typeof v !== 'object').map(([k, v]) => [k, String(v)]));

function Next({ all, doing }: { all: NextAction[]; doing: Signal<Doing | null> }) {
  if (!all.length) return null;
  return (
    <section class="mini" data-test="next">
      <h2>{t('desk.next')}</h2>
      <ul>
        {all.map((a) => {
          const tool = a.call?.tool ?? '';
          const on = tool !== '' && doing.value?.tool === tool;
          return (
            <li key={a.id} data-test="next-action">
              <span class="grow">
                <b>{both(a.title) || a.id}</b>
                {a.why ? <small class="muted">{a.why}</small> : null}
              </span>
              {tool ? (
                <button class="btn small" aria-pressed={on} data-test="next-do" onClick={() => (doing.value = on ? null : { tool, args: textArgs(a) })}>
                  {t('desk.act')}
                </button>
              ) : null}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const MARK = { done: 'check', due: 'clock', missed: 'alert' } as const;

function Checks({ w, talk }: { w: Work; talk: Talk }) {
  if (!talk.checks.length) return null;
  const done = talk.checks.filter((c) => c.state === 'done').length;
  return (
    <section class="mini" data-test="checks">
      <h2>
        {t('desk.checks')} <small class="num">{done}/{talk.checks.length}</small>
      </h2>
      <ul class="checks">
        {talk.checks.map((c) => (
          <li key={c.id} class={c.state} data-state={c.state}>
            {c.hand ? (
              <label>
                <input type="checkbox" data-test="check-hand" checked={c.state === 'done'}
                  onChange={(e) => void checkOff(w, c.id, e.currentTarget.checked)} />
                <span>{both(c.title) || c.id}</span>
              </label>
            ) : (
              <>
                <Icon name={MARK[c.state] ?? 'clock'} label={tWord('check', c.state)} />
                <span>{both(c.title) || c.id}</span>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
