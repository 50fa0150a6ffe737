/* The roster of a day: one row a person with their shifts and pauses, what is needed against who is planned, who keeps to it; planned
 * from the forecast, changed by hand, saved, published, and planned anew during the day. What is not saved stays when the day is left. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { here, pct } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, may, now, route, user } from '../console/state.ts';
import { Done, post, seg, setHashQuery, useJob, useLoad } from '../service/parts.tsx';
import type { Forecast } from './days.ts';
import {
  addDays, balance, cover, coverSteps, dayOf, daysTo, faultOf, frame, freshShift, hhmm, markOf, minuteOf, missing, needOf, needSteps, nowMin, ofQueue, rowsOf,
  steps, workMin, type Adherence, type Kept, type Move, type Need, type Person, type Roster, type Rosters, type Shift, type Span,
} from './roster.ts';

const AHEAD_DAYS = 27;
const CHART_PX = 96;
const FRESH_MS = 30000;

interface Proposal {
  shifts: Shift[];
  made?: number; /* shifts that are new */
  open?: Shift[];
  moves?: Move[];
  short_min?: number;
  absent?: string[];
}

/* What was not saved yet, and the version it was made on. */
interface Draft {
  base: number;
  shifts: Shift[];
}
const drafts = new Map<string, Draft>(); /* by user and day: another who signs in does not get them */

export function RosterPage({ queues }: { queues: preact.ComponentChildren }) {
  const zone = useSignal(here());
  const today = dayOf(now.value, zone.value);
  const asked = route.value.query['day'] ?? '';
  const day = /^\d{4}-\d\d-\d\d$/.test(asked) && !Number.isNaN(Date.parse(asked)) ? asked : today;
  const people = useLoad<{ items: Person[] }>('/api/v1/agents', {}).data.value?.items ?? [];
  const go = (n: number) => setHashQuery({ day: addDays(day, n) });
  return (
    <div class="page-body forecast roster" data-test="roster">
      <div class="card roster-bar">
        <div class="srow">
          <button class="btn square" data-test="day-before" aria-label={t('ro.before')} title={t('ro.before')} onClick={() => go(-1)}><Icon name="back" /></button>
          <input class="input" type="date" data-test="roster-day" aria-label={t('fc.day')} value={day}
            onChange={(e) => e.currentTarget.value && setHashQuery({ day: e.currentTarget.value })} />
          <button class="btn square" data-test="day-after" aria-label={t('ro.after')} title={t('ro.after')} onClick={() => go(1)}><Icon name="right" /></button>
          {day === today ? <span class="tag info">{t('ro.today')}</span> : <button class="btn ghost" onClick={() => setHashQuery({ day: today })}>{t('ro.today')}</button>}
        </div>
        {queues}
      </div>
      <OfDay key={day} {...{ day, today, zone, people }} />
    </div>
  );
}

function OfDay({ day, today, zone, people }: { day: string; today: string; zone: Signal<string>; people: Person[] }) {
  const got = useLoad<Rosters>('/api/v1/rosters', { from: day, to: day });
  const all = got.data.value;
  useEffect(() => {
    if (all) zone.value = all.zone;
  }, [all]);
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!all) return <Skeleton rows={6} kind="line" />;
  return <Day {...{ day, today, people }} zone={all.zone} saved={all.items[0] ?? null} load={got.load} />;
}

interface DayProps {
  day: string;
  today: string;
  zone: string;
  saved: Roster | null;
  load: () => Promise<void>;
  people: Person[];
}

/* The need: only ahead, and of today; null while it is not known. */
function useNeed(day: string, today: string): Need[] | null {
  const need = useSignal<Need[] | null>(null);
  const ahead = daysTo(today, day), queue = route.value.query['queue'] ?? '', shrinkage = route.value.query['roster_shrinkage'] ?? '';
  useEffect(() => {
    need.value = ahead < 0 || ahead > AHEAD_DAYS ? [] : null;
    if (need.value) return;
    let gone = false;
    authed<Forecast>('/api/v1/forecast', { query: { days: ahead + 1, period: 30, queue, shrinkage: Number(shrinkage || 0) / 100 } })
      .then((f) => !gone && (need.value = needOf(f, day)))
      .catch(() => void (gone || (need.value = []))); /* nothing to forecast from: no line */
    return () => void (gone = true);
  }, [day, ahead, queue, shrinkage]);
  return need.value;
}

/* Who keeps to it, asked again while the day runs. */
function useKept(day: string, today: string, version: string): Adherence | null {
  const kept = useSignal<Adherence | null>(null);
  useEffect(() => {
    if (day > today || !version || !(may('agent.read') || may('staffing.plan'))) return;
    const ask = () => void authed<Adherence>(`/api/v1/rosters/${seg(day)}/adherence`).then((a) => (kept.value = a)).catch(() => undefined);
    ask();
    const again = day === today ? setInterval(ask, FRESH_MS) : 0;
    return () => clearInterval(again);
  }, [day, today, version]);
  return kept.value;
}

function Day({ day, today, zone, saved, load, people }: DayProps) {
  const mine = `${user.value?.login ?? ''} ${day}`;
  const draft = useSignal<Draft | null>(drafts.get(mine) ?? null);
  const hint = useSignal<Proposal | null>(null);
  const open = useSignal('');
  const job = useJob();
  const known = useNeed(day, today), need = known ?? [];
  const kept = useKept(day, today, saved ? `${saved.version} ${saved.state}` : '');
  const shifts = draft.value?.shifts ?? saved?.shifts ?? [];
  const set = (s: Shift[] | null) => {
    draft.value = s && { base: draft.value?.base ?? saved?.version ?? 0, shifts: s };
    if (draft.value) drafts.set(mine, draft.value);
    else drafts.delete(mine);
  };
  const serving = ofQueue(shifts, people, route.value.query['queue'] ?? '');
  const name = (login: string) => people.find((p) => p.login === login)?.name || login;
  return (
    <>
      <Actions {...{ day, today, saved, draft, hint, need, shifts, serving, set, load, job }} absent={missing(kept?.items ?? [])} none={known?.length === 0} />
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
      {hint.value ? <Hint hint={hint.value} name={name} /> : null}
      {draft.value ? null : <Warnings of={saved} name={name} />}
      <Chart need={need} shifts={shifts} serving={serving} now={day === today ? nowMin(now.value, zone) : -1} rows={rowsOf(shifts, kept?.items ?? [])} name={name} open={open}
        change={may('staffing.plan') ? set : null} basis={kept?.basis ?? ''} />
      {may('staffing.plan') ? <Add people={people} shifts={shifts} add={(who) => { set([...shifts, freshShift(who, need)]); open.value = who; }} /> : null}
    </>
  );
}

interface ActionsProps {
  day: string;
  today: string;
  saved: Roster | null;
  draft: Signal<Draft | null>;
  hint: Signal<Proposal | null>;
  need: Need[];
  none: boolean; /* nothing to plan from */
  absent: string[];
  shifts: Shift[];
  serving: Shift[]; /* of them those for the queue */
  set: (s: Shift[] | null) => void;
  load: () => Promise<void>;
  job: ReturnType<typeof useJob>;
}

function Actions({ day, today, saved, draft, hint, need, none, absent, shifts, serving, set, load, job }: ActionsProps) {
  const path = `/api/v1/rosters/${seg(day)}`, ahead = daysTo(today, day), busy = job.busy.value;
  const match = { 'If-Match': `"${draft.value?.base ?? saved?.version ?? 0}"` };
  const q = route.value.query;
  const ask = { ...(q['queue'] ? { queue: q['queue'] } : {}), shrinkage: Number(q['roster_shrinkage'] || 0) / 100 };
  const wrong = shifts.some((s) => faultOf(s, shifts));
  const plan = (what: 'propose' | 'replan') =>
    job.run(async () => {
      if (none) throw new ApiError(422, '', t('ro.no_need'));
      const keep = q['queue'] ? shifts : []; /* of all queues the day is made anew */
      const p = await post<Proposal>(`${path}/${what}`, what === 'replan' ? { ...ask, absent } : { ...ask, keep });
      set(p.shifts);
      hint.value = what === 'replan' ? { ...p, absent } : { ...p, made: p.shifts.length - keep.length };
      return '';
    });
  const save = () =>
    job.run(async () => {
      await authed<Roster>(path, { method: 'PUT', body: { shifts }, headers: match });
      set(null);
      hint.value = null;
      await load();
      return t('ro.saved');
    });
  const publish = () =>
    job.run(async () => {
      await authed<Roster>(`${path}/publish`, { method: 'POST', headers: match });
      await load();
      return t('ro.told');
    });
  const b = balance(need, serving);
  return (
    <div class="card roster-bar">
      <div class="srow">
        <State saved={saved} changed={draft.value !== null} />
        {need.length ? <span class="muted" data-test="roster-balance">{t('ro.balance', { short: b.short, over: b.over })}</span> : null}
      </div>
      {may('staffing.plan') ? (
        <div class="srow">
          {ahead >= 0 && ahead <= AHEAD_DAYS ? <button class="btn" data-test="propose" disabled={busy} onClick={() => void plan('propose')}>{t('ro.propose')}</button> : null}
          {ahead === 0 && saved && !draft.value ? <button class="btn" data-test="replan" disabled={busy} onClick={() => void plan('replan')}>{t('ro.replan')}</button> : null}
          {draft.value ? (
            <>
              <button class="btn ghost" data-test="discard" disabled={busy} onClick={() => { set(null); hint.value = null; job.clear(); void load(); }}>{t('ro.discard')}</button>
              <button class="btn primary" data-test="save" disabled={busy || wrong} onClick={() => void save()}>{t('ro.save')}</button>
            </>
          ) : saved && saved.state === 'planned' ? (
            <button class="btn primary" data-test="publish" disabled={busy} onClick={() => void publish()}>{t('ro.publish')}</button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function State({ saved, changed }: { saved: Roster | null; changed: boolean }) {
  if (changed) return <span class="tag warn" data-test="roster-state">{t('ro.unsaved')}</span>;
  if (!saved) return <span class="tag" data-test="roster-state">{t('ro.none')}</span>;
  return (
    <>
      <span class={`tag ${saved.state === 'published' ? 'ok' : 'info'}`} data-test="roster-state">{tWord('rostate', saved.state)}</span>
      {saved.state === 'planned' && saved.published_at ? <span class="muted">{t('ro.told_older')}</span> : null}
    </>
  );
}

/* What a proposal says of itself. */
function Hint({ hint, name }: { hint: Proposal; name: (login: string) => string }) {
  const moves = hint.moves ?? [], open = hint.open ?? [];
  return (
    <div class="note" role="status" data-test="roster-hint">
      <div class="grow">
        <b>{hint.moves ? (moves.length ? t('ro.moves') : t('ro.no_moves')) : t('ro.proposed', { n: hint.made ?? hint.shifts.length })}</b>
        {moves.length ? (
          <ul>
            {moves.map((m, i) => <li key={i}>{t(`ro.move_${m.move}`, { name: name(m.agent), at: hhmm(m.from_min ?? m.to_min ?? 0) })}</li>)}
          </ul>
        ) : null}
        {hint.absent?.length ? <p>{t('ro.absent', { list: hint.absent.map(name).join(', ') })}</p> : null}
        {open.length ? <p>{t('ro.open', { list: open.map((s) => `${hhmm(s.from_min)}–${hhmm(s.to_min)}`).join(', ') })}</p> : null}
        {hint.short_min ? <p>{t('ro.short', { h: Math.round(hint.short_min / 6) / 10 })}</p> : null}
      </div>
    </div>
  );
}

function Warnings({ of, name }: { of: Roster | null; name: (login: string) => string }) {
  if (!of?.warnings?.length) return null;
  return (
    <div class="note warn" role="status" data-test="roster-warnings">
      <Icon name="alert" />
      <ul class="grow">
        {of.warnings.map((w) => <li key={w.agent + w.day}>{t('ro.rest', { name: name(w.agent), h: Math.round(w.rest_min / 6) / 10, day: w.day })}</li>)}
      </ul>
    </div>
  );
}

interface ChartProps {
  need: Need[];
  shifts: Shift[];
  serving: Shift[];
  now: number;
  rows: ReturnType<typeof rowsOf>;
  name: (login: string) => string;
  open: Signal<string>;
  change: ((s: Shift[]) => void) | null;
  basis: string;
}

function Chart({ need, shifts, serving, now: min, rows, name, open, change, basis }: ChartProps) {
  const at = frame(need, shifts), wide = at.to_min - at.from_min;
  const top = Math.max(1, ...need.map((n) => n.scheduled), ...cover(serving));
  const line = (x: number, tall: number) => (min >= at.from_min && min < at.to_min ? <line class="now" x1={x} x2={x} y1={0} y2={tall} /> : null);
  return (
    <section class="card roster-chart" aria-label={t('ro.title')}>
      <div class="roster-row">
        <div class="roster-name">
          {need.length ? <span class="key need">{t('ro.needed')}</span> : null}
          <span class="key plan">{t('ro.planned')}</span>
          <span class="muted num">{t('ro.most', { n: top })}</span>
        </div>
        <svg class="roster-need" viewBox={`0 0 ${wide} ${CHART_PX}`} preserveAspectRatio="none" role="img" aria-label={t('ro.chart')} data-test="roster-need">
          <path class="plan" d={steps(coverSteps(serving), at, top, CHART_PX - 4)} transform="translate(0 2)" />
          <path class="need" d={steps(needSteps(need), at, top, CHART_PX - 4)} transform="translate(0 2)" />
          {line(min - at.from_min, CHART_PX)}
        </svg>
        <div class="roster-kept muted">{basis ? t(basis === 'published' ? 'ro.kept' : 'ro.kept_plan') : ''}</div>
      </div>
      <div class="roster-row hours" aria-hidden="true">
        <div class="roster-name" />
        <div class="roster-hours">{Array.from({ length: wide / 60 }, (_, i) => <span key={i}>{(at.from_min / 60 + i) % 24}</span>)}</div>
        <div class="roster-kept" />
      </div>
      {rows.length ? null : <p class="muted roster-empty">{t('ro.empty')}</p>}
      {rows.map((r) => (
        <div key={r.agent} data-test={`row-${r.agent}`}>
          <div class="roster-row">
            <div class="roster-name">
              {change ? (
                <button class="btn ghost small" aria-expanded={open.value === r.agent} data-test={`edit-${r.agent}`} onClick={() => (open.value = open.value === r.agent ? '' : r.agent)}>
                  <Icon name={open.value === r.agent ? 'down' : 'right'} />
                  {name(r.agent)}
                </button>
              ) : (
                name(r.agent)
              )}
            </div>
            <Bars shifts={r.shifts} at={at}>{line(min - at.from_min, 24)}</Bars>
            <KeptCell kept={r.kept} />
          </div>
          {change && open.value === r.agent ? <Edit agent={r.agent} name={name(r.agent)} shifts={shifts} change={change} /> : null}
        </div>
      ))}
    </section>
  );
}

const inWords = (s: Shift): string => `${hhmm(s.from_min)}–${hhmm(s.to_min)}` + s.pauses.map((p) => ` (${t('ro.pause')} ${hhmm(p.from_min)}–${hhmm(p.to_min)})`).join('');

function Bars({ shifts, at, children }: { shifts: Shift[]; at: Span; children: preact.ComponentChildren }) {
  const words = shifts.map(inWords).join('; ') || t('ro.no_shift');
  return (
    <svg class="roster-track" viewBox={`0 0 ${at.to_min - at.from_min} 24`} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      {shifts.map((s) => (
        <g key={s.from_min}>
          <rect class="bar-work" x={s.from_min - at.from_min} y={4} width={Math.max(0, s.to_min - s.from_min)} height={16} />
          {s.pauses.map((p) => <rect key={p.from_min} class="bar-pause" x={p.from_min - at.from_min} y={4} width={Math.max(0, p.to_min - p.from_min)} height={16} />)}
        </g>
      ))}
      {children}
    </svg>
  );
}

function KeptCell({ kept: k }: { kept: Kept | null }) {
  if (!k) return <div class="roster-kept" />;
  const parts = [
    k.adherence === undefined ? '' : pct(k.adherence),
    k.late_min ? t('ro.late', { n: k.late_min }) : '', k.away_min ? t('ro.away', { n: k.away_min }) : '', k.early_min ? t('ro.early', { n: k.early_min }) : '',
  ].filter(Boolean);
  return (
    <div class="roster-kept" data-test={`kept-${k.agent}`}>
      {k.now ? <span class={`tag ${markOf(k)}`}>{tWord('ronow', k.now)}</span> : null}
      <span class={`num ${k.now ? 'muted' : `tag ${markOf(k)}`}`}>{parts.join(' · ')}</span>
    </div>
  );
}

function TimeField({ label, value, end, set }: { label: string; value: number; end: boolean; set: (min: number) => void }) {
  return (
    <label>
      {label}
      <input class="input num" type="time" value={hhmm(value % 1440)} onChange={(e) => {
        const m = minuteOf(e.currentTarget.value, end);
        if (m !== null) set(m);
      }} />
    </label>
  );
}

function Edit({ agent, name, shifts, change }: { agent: string; name: string; shifts: Shift[]; change: (s: Shift[]) => void }) {
  const mine = shifts.filter((s) => s.agent === agent);
  const put = (old: Shift, made: Shift | null) => change(shifts.flatMap((s) => (s === old ? (made ? [made] : []) : [s])));
  return (
    <fieldset class="roster-edit" data-test={`editor-${agent}`}>
      <legend class="sr">{name}</legend>
      {mine.map((s, i) => {
        const fault = faultOf(s, shifts);
        const pause = (k: number, p: Span | null) => put(s, { ...s, pauses: s.pauses.flatMap((x, j) => (j === k ? (p ? [p] : []) : [x])) });
        const last = s.pauses[s.pauses.length - 1]?.to_min ?? s.from_min;
        const free = Math.max(last, Math.min(s.to_min - 30, Math.round((last + s.to_min) / 30) * 15));
        return (
          <div key={i} class="srow">
            <TimeField label={t('ro.from')} value={s.from_min} end={false} set={(from_min) => put(s, { ...s, from_min })} />
            <TimeField label={t('ro.to')} value={s.to_min} end set={(to_min) => put(s, { ...s, to_min })} />
            {s.pauses.map((p, k) => (
              <span key={k} class="srow roster-pause">
                <TimeField label={t('ro.pause_from')} value={p.from_min} end={false} set={(from_min) => pause(k, { ...p, from_min })} />
                <TimeField label={t('ro.pause_to')} value={p.to_min} end set={(to_min) => pause(k, { ...p, to_min })} />
                <button class="btn ghost square" aria-label={t('ro.no_pause')} title={t('ro.no_pause')} onClick={() => pause(k, null)}><Icon name="x" /></button>
              </span>
            ))}
            {s.pauses.length < 4 && free + 30 <= s.to_min ? (
              <button class="btn ghost small" onClick={() => put(s, { ...s, pauses: [...s.pauses, { from_min: free, to_min: free + 30 }] })}><Icon name="plus" />{t('ro.pause')}</button>
            ) : null}
            <span class="muted num">{t('ro.work', { h: Math.round(workMin(s) / 6) / 10 })}</span>
            <button class="btn ghost small" data-test={`drop-${agent}`} onClick={() => put(s, null)}><Icon name="x" />{t('ro.drop')}</button>
            {fault ? <span class="tag bad" role="alert">{tWord('rofault', fault)}</span> : null}
          </div>
        );
      })}
    </fieldset>
  );
}

function Add({ people, shifts, add }: { people: Person[]; shifts: Shift[]; add: (login: string) => void }) {
  const free = people.filter((p) => !shifts.some((s) => s.agent === p.login));
  if (!free.length) return null;
  return (
    <select class="input roster-add" data-test="roster-add" aria-label={t('ro.add')} value="" onChange={(e) => {
      if (e.currentTarget.value) add(e.currentTarget.value);
      e.currentTarget.value = '';
    }}>
      <option value="">{t('ro.add')}</option>
      {free.sort((a, b) => (a.name || a.login).localeCompare(b.name || b.login, lang.value)).map((p) => <option key={p.login} value={p.login}>{p.name || p.login}</option>)}
    </select>
  );
}
