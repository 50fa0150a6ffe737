/* One review: the conversation on the left with what counts as evidence marked, the form on the right: what was found
 * automatically and what people say. j k move through the items; 1 passes, 2 fails, 3 does not apply; Ctrl Enter saves. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { dateTime, timeOfDay } from '../lib/format.ts';
import { both, lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { timeline, type TurnItem } from '../lib/timeline.ts';
import type { Job } from '../lib/job.ts';
import type { Ev } from '../lib/types.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, fetchEvents } from '../console/state.ts';
import { BackBar, Done, ifMatch, post, seg, useJob, useKeys, useLoad, type Loaded } from '../service/parts.tsx';
import { ReviewState, Score } from './quality.tsx';
import { differs, pieces, scoreOf } from './score.ts';
import type { Evidence, Form, FormItem, Mark, MarkState, Review } from './types.ts';

export function ReviewPage({ id }: { id: string }) {
  const got = useLoad<Review>(`/api/v1/qa/reviews/${seg(id)}`);
  const job = useJob(); /* of the page: what was saved is still told beside the next version */
  const r = got.data.value;
  return (
    <section class="page" aria-label={t('qa.review')} data-test="review-page">
      <BackBar to={['quality']}>
        <h1>{r ? `${r.agent_name || tWord('who', r.agent)} · ${dateTime(r.ended_at ?? null, lang.value)}` : t('qa.review')}</h1>
        {r ? <ReviewState state={r.state} /> : null}
        {r ? <Score r={r} /> : null}
        {r ? (
          <a class="btn ghost" href={makeHash(['c', r.conversation])}>
            <Icon name="play" />
            {t('qa.replay')}
          </a>
        ) : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {r ? <Loaded key={r.version ?? 0} r={r} got={got} job={job} /> : got.error.value ? null : <Skeleton rows={8} kind="line" />}
      </div>
    </section>
  );
}

function Loaded({ r, got, job }: { r: Review; got: Loaded<Review>; job: Job }) {
  const form = useLoad<Form>(`/api/v1/qa/forms/${seg(r.form)}`);
  const rows = useSignal<Ev[] | null>(null);
  const chosen = useSignal(''); /* the item whose evidence is marked */
  const error = useSignal<unknown>(null);
  useEffect(() => {
    fetchEvents(r.conversation, 0).then((all) => (rows.value = all), (e: unknown) => (error.value = e));
  }, [r.conversation]);
  const mark = (r.marks ?? []).find((m) => m.item === chosen.value);
  const evidence = chosen.value ? (mark?.evidence ?? []) : (r.marks ?? []).flatMap((m) => m.evidence ?? []);
  return (
    <div class="review">
      <div class="card review-script" tabIndex={0} aria-label={t('conv.transcript')} data-test="review-script">
        {error.value ? <ErrorNote error={error.value} /> : null}
        <ol>
          {timeline(rows.value ?? []).filter((i): i is TurnItem => i.type === 'turn').map((i) => (
            <Said key={i.seq} i={i} evidence={evidence.filter((e) => e.seq === i.seq)} />
          ))}
        </ol>
      </div>
      <div class="stack">
        {form.error.value ? <ErrorNote error={form.error.value} retry={() => void form.load()} /> : null}
        {form.data.value ? <Sheet r={r} form={form.data.value} got={got} chosen={chosen} job={job} /> : null}
        <Moves r={r} got={got} />
        <History r={r} />
      </div>
    </div>
  );
}

function Said({ i, evidence }: { i: TurnItem; evidence: Evidence[] }) {
  useEffect(() => {
    if (evidence.length === 1) document.querySelector(`[data-qa-seq="${i.seq}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [evidence.length, i.seq]);
  return (
    <li class={`turn ${i.who}`} data-qa-seq={i.seq} data-test={`turn-${i.who}`}>
      <div class="bubble">
        <p class="said" lang={i.ev.body.language}>
          {evidence.length ? pieces(i.text, evidence).map((p, n) => (p.lit ? <mark key={n}>{p.text}</mark> : p.text)) : i.text}
        </p>
      </div>
      <p class="meta num">
        <time>{timeOfDay(i.ts, lang.value, true)}</time>
        <span>{tWord('who', i.who)}</span>
      </p>
    </li>
  );
}

const CHOICES: [MarkState, string][] = [['pass', '1'], ['fail', '2'], ['n_a', '3']];
const MARKED = /^(dis|recheck|arbitrate|done)$/;

function Sheet({ r, form, got, chosen, job }: { r: Review; form: Form; got: Loaded<Review>; chosen: Signal<string>; job: Job }) {
  const auto = new Map((r.marks ?? []).map((m) => [m.item, m]));
  const last = (r.people ?? []).filter((p) => p.round !== 'calibration').at(-1);
  const items = form.sections.flatMap((s) => s.items);
  const mine = useSignal<Record<string, MarkState>>({ ...(last?.items ?? {}) });
  const comment = useSignal('');
  const calibrate = useSignal(false);
  const may = MARKED.test(r.state) && (r.moves?.length ?? 0) > 0;
  const all: Record<string, MarkState | undefined> = Object.fromEntries(items.map((i) => [i.id, mine.value[i.id] ?? auto.get(i.id)?.state]));
  const score = scoreOf(form, all);
  const other = differs(r.marks ?? [], mine.value);

  const set = (id: string, state: MarkState): void => void (mine.value = { ...mine.value, [id]: state });
  const move = (by: number): void => {
    const at = items.findIndex((i) => i.id === chosen.value);
    chosen.value = items[Math.max(0, Math.min(items.length - 1, at + by))]?.id ?? '';
  };
  const save = () =>
    void job.run(async () => {
      await authed(`/api/v1/qa/reviews/${seg(r.id)}`, {
        method: 'PUT',
        body: { items: mine.value, comment: comment.value.trim(), calibration: calibrate.value },
        headers: ifMatch(got),
      });
      await got.load();
      return t('qa.saved');
    });
  useKeys(() => ({
    j: () => move(1),
    k: () => move(-1),
    ...Object.fromEntries(CHOICES.map(([state, key]) => [key, () => may && chosen.value && set(chosen.value, state)])),
  }));

  return (
    <section class="card sheet" data-test="sheet" onKeyDown={(e) => {
      if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey) || !may) return;
      e.preventDefault();
      save();
    }}>
      <h2>
        {both(form.title) || form.id}
        <small class="num" data-test="sheet-score">{score === null ? '–' : t('qa.points', { n: Math.round(score), pass: form.pass ?? '–' })}</small>
      </h2>
      {form.sections.map((s) => (
        <fieldset key={s.id}>
          <legend>{both(s.title) || s.id}</legend>
          {s.items.map((i) => (
            <Item key={i.id} i={i} mark={auto.get(i.id)} mine={mine.value[i.id]} may={may} on={chosen.value === i.id}
              look={() => (chosen.value = chosen.value === i.id ? '' : i.id)} set={(m) => set(i.id, m)} />
          ))}
        </fieldset>
      ))}
      {may ? (
        <>
          <label class="field">
            <span>{t('qa.comment')}</span>
            <textarea class="input" rows={2} maxLength={2000} data-test="qa-comment" value={comment.value} onInput={(e) => (comment.value = e.currentTarget.value)} />
          </label>
          {other.length ? <p class="hint">{t('qa.differs', { n: other.length })}</p> : null}
          <div class="srow">
            <label class="check">
              <input type="checkbox" checked={calibrate.value} onChange={(e) => (calibrate.value = e.currentTarget.checked)} />
              {t('qa.for_calibration')}
            </label>
            <span class="grow" />
            <button class="btn primary" data-test="qa-save" disabled={job.busy.value} onClick={save}>{t('qa.save')}</button>
          </div>
        </>
      ) : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
      {job.error.value ? <ErrorNote error={job.error.value} retry={() => void got.load()} /> : null}
    </section>
  );
}

interface ItemProps {
  i: FormItem;
  mark: Mark | undefined;
  mine: MarkState | undefined;
  may: boolean;
  on: boolean;
  look: () => void;
  set: (m: MarkState) => void;
}

const MTONE: Record<string, string> = { pass: 'ok', fail: 'bad', abstain: 'warn' };

function Item({ i, mark, mine, may, on, look, set }: ItemProps) {
  return (
    <div class={`qitem ${on ? 'on' : ''}`} data-test="item" data-id={i.id}>
      <button class="qitem-name" aria-pressed={on} onClick={look}>
        <span class={`qtype ${i.type}`} title={tWord('qtype', i.type)}>{i.type === 'plus' ? '+' : i.type === 'minus' ? '−' : '!'}{i.weight || ''}</span>
        <span class="grow">{both(i.title) || i.id}</span>
        {mark ? (
          <span class={`tag ${MTONE[mark.state] ?? ''}`} title={tWord('qauto', i.auto ?? 'rule')}>
            {tWord('qmark', mark.state)}
            {mark.evidence?.length ? <Icon name="quote" /> : null}
          </span>
        ) : null}
      </button>
      {may ? (
        <div class="seg" role="group" aria-label={both(i.title) || i.id}>
          {CHOICES.map(([state, key]) => (
            <button key={state} aria-pressed={mine === state} data-test={`mark-${state}`} title={`${tWord('qmark', state)} (${key})`} onClick={() => set(state)}>
              {tWord('qmark', state)}
            </button>
          ))}
        </div>
      ) : mine ? <span class={`tag ${MTONE[mine] ?? ''}`}>{tWord('qmark', mine)}</span> : null}
      {on && (mark?.why || mark?.evidence?.some((e) => e.text)) ? (
        <p class="qwhy">
          {mark.why} {(mark.evidence ?? []).filter((e) => e.text).map((e, n) => <q key={n}>{e.text}</q>)}
        </p>
      ) : null}
    </div>
  );
}

const REASONED = /^(appeal|recheck|arbitrate)$/;
const ASKED: Record<string, string> = { dis: 'take', nodis: 'giveback' };

function Moves({ r, got }: { r: Review; got: Loaded<Review> }) {
  const reason = useSignal('');
  const job = useJob();
  const moves = (r.moves ?? []).filter((m) => m !== 'done' && m !== r.state);
  if (!moves.length) return null;
  const needs = moves.some((m) => REASONED.test(m));
  const go = (to: string) =>
    void job.run(async () => {
      await post(`/api/v1/qa/reviews/${seg(r.id)}/${ASKED[to] ?? to}`, { reason: reason.value.trim() });
      await got.load();
      return '';
    });
  return (
    <section class="card" data-test="moves">
      <h2>{t('qa.next')}</h2>
      {needs ? (
        <input class="input" data-test="qa-reason" aria-label={t('qa.reason')} placeholder={t('qa.reason')} maxLength={2000} value={reason.value}
          onInput={(e) => (reason.value = e.currentTarget.value)} />
      ) : null}
      <div class="srow">
        {moves.map((m) => (
          <button key={m} class="btn" data-test={`move-${m}`} disabled={job.busy.value || (REASONED.test(m) && !reason.value.trim())} onClick={() => go(m)}>
            {t(`qamove.${m}` as Key)}
          </button>
        ))}
      </div>
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </section>
  );
}

function History({ r }: { r: Review }) {
  const people = r.people ?? [];
  const rows = r.history ?? [];
  if (!people.length && !rows.length) return null;
  return (
    <details class="card">
      <summary>{t('qa.history', { n: rows.length + people.length })}</summary>
      <ul class="lines">
        {people.map((p, n) => (
          <li key={`p${n}`}>
            <b>{p.by}</b> <span class="tag">{tWord('qaround', p.round)}</span> <span class="num">{p.score ?? '–'}</span>
            <span class="grow">{p.comment}</span>
            <time class="muted num">{dateTime(p.at ?? null, lang.value)}</time>
          </li>
        ))}
        {rows.map((h, n) => (
          <li key={n}>
            <b>{tWord('who', h.by)}</b> {tWord('rstate', h.from)} → {tWord('rstate', h.to)} <span class="grow">{h.text}</span>
            <time class="muted num">{dateTime(h.at, lang.value)}</time>
          </li>
        ))}
      </ul>
    </details>
  );
}
