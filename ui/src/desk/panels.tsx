/* What opens under the call bar: to whom to transfer or whom to ask, back to the bot with an instruction, keys, the
 * end. Filled in and sent by keys alone; Escape closes. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { both, t, tWord } from '../lib/i18n.ts';
import { Icon } from '../lib/ui.tsx';
import { acting, consult, end, giveBack, keys, panel, transfer, type Target } from './acts.ts';
import { desk } from './client.ts';
import { StateTag } from './parts.tsx';
import { choices, type Choice } from './choices.ts';
import type { Work } from './types.ts';

export function Panel({ w }: { w: Work }) {
  switch (w.state === 'accepted' ? panel.value : '') {
    case 'transfer':
      return <Where key="transfer" w={w} mode="transfer" />;
    case 'consult':
      return <Where key="consult" w={w} mode="consult" />;
    case 'return':
      return <Back w={w} />;
    case 'keypad':
      return <Keypad w={w} />;
    case 'end':
      return <End w={w} />;
    default:
      return null;
  }
}

const close = (): void => void (panel.value = '');

function Where({ w, mode }: { w: Work; mode: 'transfer' | 'consult' }) {
  const words = useSignal('');
  const at = useSignal(0);
  const note = useSignal('');
  const warm = useSignal(w.media === 'voice');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []); /* with the panel: the next key may come before it is painted */
  const all = choices(desk.value, words.value, {
    names: (q) => both(q.title) || tWord('queue', q.id), queues: mode === 'transfer', numbers: w.media === 'voice', except: w.queue,
  });
  const one: Choice | undefined = all[Math.min(at.value, all.length - 1)];
  const go = () => {
    if (!one) return;
    if (mode === 'consult') void consult(w, one.to);
    else void transfer(w, one.to as Target, warm.value, note.value.trim());
  };
  return (
    <form class="panel" data-test={`panel-${mode}`} aria-label={t(mode === 'transfer' ? 'desk.transfer' : 'desk.consult')} onSubmit={(e) => {
      e.preventDefault();
      go();
    }}>
      <label class="field">
        <span>{t('desk.to_whom')}</span>
        <input ref={field} class="input" data-test="where" role="combobox" aria-expanded="true" aria-controls="where-list" autocomplete="off"
          aria-activedescendant={one ? `where-${all.indexOf(one)}` : undefined} value={words.value}
          placeholder={t(w.media === 'voice' ? 'desk.to_whom_call' : 'desk.to_whom_hint')}
          onInput={(e) => {
            words.value = e.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={(e) => {
            if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
            e.preventDefault();
            at.value = (at.value + (e.key === 'ArrowDown' ? 1 : all.length - 1)) % Math.max(1, all.length);
          }} />
      </label>
      <ul class="where" role="listbox" id="where-list" aria-label={t('desk.to_whom')}>
        {all.map((c, n) => (
          <li key={c.id} id={`where-${n}`} role="option" aria-selected={c === one} data-test="choice" data-id={c.id} onClick={() => (at.value = n)}>
            <Icon name={c.kind === 'queue' ? 'users' : c.kind === 'agent' ? 'headset' : 'phone'} />
            <b>{c.name}</b>
            {c.state ? <StateTag state={c.state} /> : null}
            {c.kind === 'queue' ? <small class="num">{t('desk.queue_now', { n: c.waiting ?? 0, r: c.ready ?? '–' })}</small> : null}
          </li>
        ))}
        {all.length ? null : <li class="none" role="option" aria-selected="false">{t('live.none_found')}</li>}
      </ul>
      {mode === 'transfer' ? (
        <label class="field">
          <span>{t('desk.transfer_note')}</span>
          <input class="input" data-test="transfer-note" maxLength={500} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
        </label>
      ) : null}
      <div class="srow">
        {mode === 'transfer' && w.media === 'voice' ? (
          <label class="check">
            <input type="checkbox" data-test="warm" checked={warm.value} onChange={(e) => (warm.value = e.currentTarget.checked)} />
            {t('desk.warm')}
          </label>
        ) : null}
        <span class="grow" />
        <button type="button" class="btn ghost" onClick={close}>{t('ui.close')}</button>
        <button class="btn primary" data-test="where-go" disabled={!one || acting.busy.value}>
          {t(mode === 'consult' ? 'desk.consult' : warm.value && w.media === 'voice' ? 'desk.transfer_warm' : 'desk.transfer')}
        </button>
      </div>
    </form>
  );
}

function Back({ w }: { w: Work }) {
  const text = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form class="panel" data-test="panel-return" aria-label={t('desk.return')} onSubmit={(e) => {
      e.preventDefault();
      void giveBack(w, text.value.trim());
    }}>
      <label class="field">
        <span>{t('desk.instruction')}</span>
        <input ref={field} class="input" data-test="instruction" maxLength={500} placeholder={t('desk.instruction_hint')} value={text.value}
          onInput={(e) => (text.value = e.currentTarget.value)} />
      </label>
      <div class="srow">
        <span class="grow" />
        <button type="button" class="btn ghost" onClick={close}>{t('ui.close')}</button>
        <button class="btn primary" data-test="return-go" disabled={acting.busy.value}>{t('desk.return')}</button>
      </div>
    </form>
  );
}

const DIGITS = '123456789*0#';

function Keypad({ w }: { w: Work }) {
  const pressed = useSignal('');
  const first = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const press = (d: string) => {
    pressed.value = (pressed.value + d).slice(-20);
    void keys(w, d);
  };
  return (
    <div class="panel keypad" data-test="panel-keypad" ref={first} tabIndex={-1} role="group" aria-label={t('talk.keypad')} onKeyDown={(e) => {
      if (!DIGITS.includes(e.key)) return;
      e.preventDefault();
      e.stopPropagation();
      press(e.key);
    }}>
      <output class="num">{pressed.value || ' '}</output>
      <div class="pad">
        {[...DIGITS].map((d) => (
          <button key={d} class="btn num" aria-label={t('talk.key', { digit: d })} onClick={() => press(d)}>{d}</button>
        ))}
      </div>
    </div>
  );
}

function End({ w }: { w: Work }) {
  const survey = useSignal(true);
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus(), []);
  return (
    <form class="panel" data-test="panel-end" aria-label={t('desk.end')} onSubmit={(e) => {
      e.preventDefault();
      void end(w, survey.value);
    }}>
      <p>{t(w.media === 'voice' ? 'desk.end_call' : 'desk.end_chat')}</p>
      <div class="srow">
        <label class="check">
          <input type="checkbox" data-test="survey" checked={survey.value} onChange={(e) => (survey.value = e.currentTarget.checked)} />
          {t('desk.survey')}
        </label>
        <span class="grow" />
        <button type="button" class="btn ghost" onClick={close}>{t('ui.close')}</button>
        <button ref={yes} class="btn danger" data-test="end-go" disabled={acting.busy.value}>{t('desk.end')}</button>
      </div>
    </form>
  );
}
