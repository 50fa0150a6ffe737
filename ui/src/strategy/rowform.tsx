/* A new row of the strategy table by a form: when, and how to serve then. It shows the YAML that goes into the text. */
import { useSignal } from '@preact/signals';
import { lang, t, tWord } from '../lib/i18n.ts';
import { INTENTS } from '../lib/intents.ts';
import { Icon } from '../lib/ui.tsx';
import { emptyRow, hasWhen, idFor, idsOf, MOODS, rowLines, STYLES, tiersOf, type NewRow } from './row.ts';

type Word = 'intent' | 'tier' | 'topic' | 'answer' | 'channel' | 'style' | 'apology' | 'human' | 'offer';

const named = (id: string): string => id.replace(/_/g, ' ');

export function RowForm({ text, add, close }: { text: string; add: (r: NewRow) => void; close: () => void }) {
  const row = useSignal(emptyRow());
  const r = row.value;
  const set = (change: Partial<NewRow>) => (row.value = { ...row.value, ...change });
  const rows = idsOf(text, 'rows');
  const ready = hasWhen(r);
  const pick = (key: Word, label: string, words: [string, string][], none?: string) => (
    <label>
      <span>{label}</span>
      <select class="input" data-test={`row-${key}`} value={r[key]} onChange={(e) => set({ [key]: e.currentTarget.value })}>
        {none === undefined ? null : <option value="">{none}</option>}
        {words.map(([v, w]) => (
          <option key={v} value={v}>{w}</option>
        ))}
      </select>
    </label>
  );
  const number = (key: 'rank' | 'priority' | 'attempts' | 'sentences', label: string, most: number, hint?: string) => (
    <label title={hint}>
      <span>{label}</span>
      <input class="input num" data-test={`row-${key}`} type="number" min={0} max={most} value={r[key]}
        onInput={(e) => set({ [key]: Math.max(0, Math.min(most, Math.round(Number(e.currentTarget.value) || 0))) })} />
    </label>
  );
  const other = (key: 'style' | 'apology' | 'human', label: string, words: string[]) => (
    <label>
      <span>{label}</span>
      <select class="input" data-test={`second-${key}`} value={r.second?.[key]} onChange={(e) => r.second && set({ second: { ...r.second, [key]: e.currentTarget.value } })}>
        {words.map((w) => (
          <option key={w} value={w}>{tWord(key, w)}</option>
        ))}
      </select>
    </label>
  );
  const any = t('srow.any');
  return (
    <form class="rowform" data-test="row-form" aria-label={t('srow.title')}
      onKeyDown={(e) => {
        if (e.key !== 'Escape') return;
        e.stopPropagation();
        close();
      }}
      onSubmit={(e) => {
        e.preventDefault();
        if (!ready) return;
        add(row.value);
        row.value = emptyRow();
      }}>
      <h3>{t('srow.when')}</h3>
      <div class="chips" role="group" aria-label={tWord('cond', 'mood')}>
        {MOODS.map((m, n) => (
          <button key={m} type="button" class="chip" data-test={`row-mood-${m}`} autofocus={n === 0} aria-pressed={r.mood.includes(m)}
            onClick={() => set({ mood: r.mood.includes(m) ? r.mood.filter((x) => x !== m) : [...r.mood, m] })}>
            {tWord('emotion', m)}
          </button>
        ))}
      </div>
      <div class="pair">
        {pick('intent', t('srow.intent'), INTENTS.map((i) => [i, tWord('intent', i)]), any)}
        {pick('tier', t('strategy.tier'), tiersOf(text).map((x) => [x, tWord('stier', x)]), any)}
        {pick('topic', t('srow.topic'), idsOf(text, 'topics').map((x) => [x, tWord('stopic', x)]), any)}
        {pick('answer', t('strategy.answer'), ['found', 'unsure', 'none'].map((x) => [x, tWord('found', x)]), any)}
        {pick('channel', t('strategy.channel'), [['chat', tWord('channel', 'webchat')], ['voice', tWord('channel', 'phone')]], any)}
        {number('attempts', t('srow.attempts'), 50, t('srow.attempts_hint'))}
      </div>
      <h3>{t('srow.do')}</h3>
      <div class="pair">
        {pick('style', t('strategy.style'), STYLES.map((x) => [x, tWord('style', x)]))}
        {pick('apology', t('strategy.apology'), ['none', 'short', 'full'].map((x) => [x, tWord('apology', x)]))}
        {pick('human', t('strategy.human'), ['no', 'offer', 'now'].map((x) => [x, tWord('human', x)]))}
        {pick('offer', t('strategy.offer'), idsOf(text, 'offers').map((x) => [x, named(x)]), t('srow.no_offer'))}
        {r.offer ? (
          <label>
            <span>{t('srow.max')}</span>
            <input class="input num" data-test="row-max" type="number" min={0} placeholder={t('srow.max_own')} value={r.max < 0 ? '' : r.max}
              onInput={(e) => set({ max: e.currentTarget.value === '' ? -1 : Math.max(0, Number(e.currentTarget.value)) })} />
          </label>
        ) : null}
        {number('priority', t('srow.priority'), 9, t('srow.priority_hint'))}
        {number('sentences', t('strategy.sentences'), 8, t('srow.sentences_hint'))}
      </div>
      <label class="check">
        <input type="checkbox" data-test="row-alert" checked={r.alert} onChange={(e) => set({ alert: e.currentTarget.checked })} /> {t('strategy.alert')}
      </label>
      <label class="check">
        <input type="checkbox" data-test="row-second" checked={r.second !== null}
          onChange={(e) => set({ second: e.currentTarget.checked ? { style: r.style === 'warm' ? 'plain' : 'warm', apology: r.apology, human: r.human } : null })} />{' '}
        {t('srow.second')}
      </label>
      {r.second ? (
        <>
          <p class="hint">{t('srow.second_hint')}</p>
          <div class="pair">
            {other('style', t('strategy.style'), STYLES)}
            {other('apology', t('strategy.apology'), ['none', 'short', 'full'])}
            {other('human', t('strategy.human'), ['no', 'offer', 'now'])}
          </div>
        </>
      ) : null}
      <h3>{t('srow.name')}</h3>
      <div class="pair">
        <label class="wide">
          <span>{t('srow.why')}</span>
          <input class="input" data-test="row-why" maxLength={200} value={r.why[lang.value]}
            onInput={(e) => set({ why: { ...r.why, [lang.value]: e.currentTarget.value } })} />
        </label>
        <label>
          <span>{t('srow.id')}</span>
          <input class="input" data-test="row-id" maxLength={39} placeholder={idFor(r, rows)} value={r.id} onInput={(e) => set({ id: e.currentTarget.value })} />
        </label>
        {number('rank', t('srow.rank'), 1000, t('srow.rank_hint'))}
      </div>
      <pre class="rowyaml" aria-label={t('srow.yaml')} data-test="row-yaml">{rowLines(r, rows).join('\n')}</pre>
      <div class="srow">
        <button class="btn primary" data-test="row-add" disabled={!ready}>
          <Icon name="plus" />
          {t('srow.add')}
        </button>
        <button class="btn" type="button" onClick={close}>{t('ui.close')}</button>
        {ready ? null : <span class="hint">{t('srow.needs')}</span>}
      </div>
    </form>
  );
}
