/* One queue, one agent: fields for what is changed every week, the whole as JSON for the rest; both edit one draft.
 * What is sent was made on a version; somebody else's change meanwhile is told. */
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { both, t, tWord, type Both, type Key } from '../lib/i18n.ts';
import { ApiError } from '../lib/api.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, may } from '../console/state.ts';
import { putNew } from './add.tsx';
import { BackBar, Done, ifMatch, seg, useJob, useLoad } from '../service/parts.tsx';
import { getAt, newThing, parsed, same, setAt, toggleSeat, withLevel, type Obj, type Seat } from './draft.ts';

const STRATEGIES = ['longest-idle-agent', 'least-busy', 'best-match', 'learned-match', 'round-robin', 'top-down', 'agent-with-fewest-calls', 'agent-with-least-talk-time', 'sequentially-by-agent-order', 'random', 'ring-all', 'ring-progressively'];

interface Edit {
  draft: Signal<Obj>;
  set: (path: string, v: unknown) => void;
}

function useEdit(path: string) {
  const got = useLoad<Obj>(path);
  const draft = useSignal<Obj>({});
  const text = useSignal('');
  const fault = useSignal('');
  const job = useJob();
  const d = got.data.value;
  const put = (o: Obj) => {
    draft.value = o;
    text.value = JSON.stringify(o, null, 2);
    fault.value = '';
  };
  useEffect(() => {
    if (d) put(d);
  }, [d]);
  const set = (p: string, v: unknown) => put(setAt(draft.value, p, v));
  const write = (s: string) => {
    text.value = s;
    const r = parsed(s);
    if ('value' in r) {
      draft.value = r.value;
      fault.value = '';
    } else fault.value = r.fault;
  };
  const save = () =>
    void job.run(async () => {
      await authed(path, { method: 'PUT', body: draft.value, headers: ifMatch(got) });
      await got.load();
      return t('set.saved');
    });
  const undo = () =>
    void job.run(async () => {
      await authed(path, { method: 'DELETE', headers: ifMatch(got) });
      await got.load();
      return t('set.undone');
    });
  return { got, draft, text, fault, job, set, write, save, undo };
}
type Use = ReturnType<typeof useEdit>;

function Page({ x, title, back, children }: { x: Use; title: string; back: string[]; children: preact.ComponentChildren }) {
  const changed = x.got.data.value !== null && !same(x.draft.value, x.got.data.value);
  const own = x.got.etag.value !== null && !/^(W\/)?"?0"?$/.test(x.got.etag.value);
  return (
    <section class="page" aria-label={title} data-test="setting-page">
      <BackBar to={back}>
        <h1>{title}</h1>
      </BackBar>
      <div class="page-body">
        {x.got.error.value ? <ErrorNote error={x.got.error.value} retry={() => void x.got.load()} /> : null}
        {!x.got.data.value ? (
          x.got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <form class="setting stack" onSubmit={(e) => {
            e.preventDefault();
            if (changed && !x.fault.value) x.save();
          }}>
            {children}
            <details class="card">
              <summary>{t('set.all')}</summary>
              <textarea class="input code" rows={18} spellcheck={false} data-test="setting-json" aria-label={t('set.all')} value={x.text.value}
                onInput={(e) => x.write(e.currentTarget.value)} />
              {x.fault.value ? <p class="note bad">{x.fault.value}</p> : null}
            </details>
            {x.job.error.value ? <ErrorNote error={x.job.error.value} retry={() => void x.got.load()} /> : null}
            {x.job.done.value ? <Done text={x.job.done.value} /> : null}
            <div class="srow">
              {own ? <button type="button" class="btn" data-test="setting-undo" disabled={x.job.busy.value} onClick={x.undo}>{t('set.undo')}</button> : null}
              <span class="grow" />
              <button class="btn primary" data-test="setting-save" disabled={!changed || x.fault.value !== '' || x.job.busy.value}>{t('set.save')}</button>
            </div>
          </form>
        )}
      </div>
    </section>
  );
}

function Num({ x, path, label, unit = '', min = 0, max = 100000 }: { x: Edit; path: string; label: Key; unit?: string; min?: number; max?: number }) {
  const v = getAt(x.draft.value, path);
  return (
    <label class="field">
      <span>{t(label)}{unit ? ` (${unit})` : ''}</span>
      <input class="input num" type="number" min={min} max={max} data-test={`f-${path}`} value={typeof v === 'number' ? v : ''}
        onInput={(e) => x.set(path, e.currentTarget.value === '' ? undefined : Number(e.currentTarget.value))} />
    </label>
  );
}

function Text({ x, path, label, most = 120 }: { x: Edit; path: string; label: Key; most?: number }) {
  const v = getAt(x.draft.value, path);
  return (
    <label class="field">
      <span>{t(label)}</span>
      <input class="input" data-test={`f-${path}`} value={typeof v === 'string' ? v : ''} maxLength={most} onInput={(e) => x.set(path, e.currentTarget.value)} />
    </label>
  );
}

function Check({ x, path, label, unset = false }: { x: Edit; path: string; label: Key; unset?: boolean }) {
  return (
    <label class="check">
      <input type="checkbox" data-test={`f-${path}`} checked={Boolean(getAt(x.draft.value, path) ?? unset)} onChange={(e) => x.set(path, e.currentTarget.checked)} />
      {t(label)}
    </label>
  );
}

function Pick({ x, path, label, words, group, none }: { x: Edit; path: string; label: Key; words: string[]; group: string; none?: Key }) {
  const v = String(getAt(x.draft.value, path) ?? '');
  const all = v && !words.includes(v) ? [v, ...words] : words;
  return (
    <label class="field">
      <span>{t(label)}</span>
      <select class="input" data-test={`f-${path}`} value={v} onChange={(e) => x.set(path, e.currentTarget.value || undefined)}>
        {none ? <option value="">{t(none)}</option> : null}
        {all.map((w) => (
          <option key={w} value={w}>{tWord(group, w)}</option>
        ))}
      </select>
    </label>
  );
}

const WHERE = ['voicemail', 'callback', 'bot', 'hangup'];

export function QueuePage({ id }: { id: string }) {
  const x = useEdit(`/api/v1/queues/${seg(id)}`);
  const skills = useLoad<{ items: { id: string; title?: Both }[] }>('/api/v1/skills');
  const others = useLoad<{ items: { id: string }[] }>('/api/v1/queues');
  const where = [...WHERE, ...(others.data.value?.items ?? []).filter((q) => q.id !== id).map((q) => `queue:${q.id}`)];
  return (
    <Page x={x} title={both(x.draft.value['title'] as Both) || id} back={['settings']}>
      <section class="card">
        <h2>{t('set.name')}</h2>
        <div class="pair">
          <Text x={x} path="title.zh" label="lang.zh" />
          <Text x={x} path="title.en" label="lang.en" />
          <Text x={x} path="hours" label="set.hours" />
        </div>
      </section>
      <section class="card">
        <h2>{t('set.routing')}</h2>
        <div class="pair">
          <Pick x={x} path="strategy" label="set.strategy" group="strategyname" words={STRATEGIES} />
          <Num x={x} path="priority" label="desk.priority" min={-100} max={100} />
          <Num x={x} path="ageing" label="set.ageing" max={1000} />
          <Num x={x} path="ring_s" label="set.ring" unit="s" min={3} max={3600} />
          <Num x={x} path="sticky_s" label="set.sticky" unit="s" max={86400} />
          <Num x={x} path="wrapup_s" label="set.wrapup" unit="s" min={-1} max={3600} />
        </div>
        <Needs x={x} skills={skills.data.value?.items ?? []} />
      </section>
      <section class="card">
        <h2>{t('set.waiting')}</h2>
        <div class="pair">
          <Num x={x} path="sl.pct" label="floor.sl" unit="%" min={1} max={100} />
          <Num x={x} path="sl.s" label="set.sl_s" unit="s" min={1} max={86400} />
          <Num x={x} path="max_len" label="set.max_len" />
          <Num x={x} path="max_wait_s" label="set.max_wait" unit="s" max={604800} />
          <Num x={x} path="away_s" label="set.away" unit="s" max={86400} />
          <Pick x={x} path="overflow.full" label="set.when_full" group="overflow" words={where} none="set.nothing" />
          <Pick x={x} path="overflow.late" label="set.when_late" group="overflow" words={where} none="set.nothing" />
          <Pick x={x} path="overflow.closed" label="set.when_closed" group="overflow" words={where} none="set.nothing" />
          <Num x={x} path="announce.first_s" label="set.first" unit="s" max={3600} />
          <Num x={x} path="announce.every_s" label="set.every" unit="s" max={3600} />
          <Text x={x} path="announce.say.zh" label="set.own_zh" most={200} />
          <Text x={x} path="announce.say.en" label="set.own_en" most={200} />
          <Text x={x} path="music" label="set.music" />
        </div>
        <p class="checks-row">
          <Check x={x} path="announce.position" label="set.say_position" />
          <Check x={x} path="announce.wait" label="set.say_wait" />
          <Check x={x} path="callback" label="set.offer_callback" unset />
          <Check x={x} path="voicemail" label="set.offer_voicemail" />
        </p>
      </section>
    </Page>
  );
}

interface Need {
  skill: string;
  level: number;
  preferred?: boolean;
}

function Needs({ x, skills }: { x: Edit; skills: { id: string; title?: Both }[] }) {
  const needs = (getAt(x.draft.value, 'needs') as Need[] | undefined) ?? [];
  const set = (all: Need[]) => x.set('needs', all);
  const free = skills.filter((s) => !needs.some((n) => n.skill === s.id));
  const title = (id: string) => both(skills.find((s) => s.id === id)?.title) || id;
  return (
    <fieldset class="needs" data-test="needs">
      <legend>{t('set.needs')}</legend>
      {needs.map((n, i) => (
        <p key={n.skill} class="need">
          <b>{title(n.skill)}</b>
          <label>
            {t('set.level')}{' '}
            <input class="input num" type="number" min={1} max={10} value={n.level}
              onInput={(e) => set(needs.map((m, k) => (k === i ? { ...m, level: Number(e.currentTarget.value) || 1 } : m)))} />
          </label>
          <label class="check">
            <input type="checkbox" checked={n.preferred === true} onChange={(e) => set(needs.map((m, k) => (k === i ? { ...m, preferred: e.currentTarget.checked } : m)))} />
            {t('set.preferred')}
          </label>
          <button type="button" class="linkish" onClick={() => set(needs.filter((_, k) => k !== i))}>{t('set.remove')}</button>
        </p>
      ))}
      {free.length ? (
        <select class="input" aria-label={t('set.add_skill')} value="" onChange={(e) => {
          if (e.currentTarget.value) set([...needs, { skill: e.currentTarget.value, level: 1 }]);
        }}>
          <option value="">{t('set.add_skill')}</option>
          {free.map((s) => (
            <option key={s.id} value={s.id}>{both(s.title) || s.id}</option>
          ))}
        </select>
      ) : null}
    </fieldset>
  );
}

const MEDIA = ['voice', 'chat', 'message', 'email', 'task'];
const LANGS = ['zh', 'en'];

/* Works with what the defaults give, and has no entry: made with a press. */
function NoAgent({ id, x }: { id: string; x: Use }) {
  const make = () =>
    void x.job.run(async () => {
      await putNew('/api/v1/agents', id, newThing('agent', id, '', ''));
      await x.got.load();
      return '';
    });
  return (
    <section class="page" aria-label={id} data-test="no-agent">
      <BackBar to={['settings', 'agents']}>
        <h1>{id}</h1>
      </BackBar>
      <div class="page-body">
        <Empty icon="headset" title={t('set.no_entry')} text={t('set.no_entry_text')}>
          {may('agent.write') ? <button class="btn primary" data-test="agent-make" disabled={x.job.busy.value} onClick={make}>{t('set.agent_go')}</button> : null}
        </Empty>
        {x.job.error.value ? <ErrorNote error={x.job.error.value} /> : null}
      </div>
    </section>
  );
}

export function AgentPage({ id }: { id: string }) {
  const x = useEdit(`/api/v1/agents/${seg(id)}`);
  const skills = useLoad<{ items: { id: string; title?: Both }[] }>('/api/v1/skills');
  const queues = useLoad<{ items: { id: string; title?: Both }[] }>('/api/v1/queues');
  const have = (getAt(x.draft.value, 'skills') as Record<string, number> | undefined) ?? {};
  const seats = (getAt(x.draft.value, 'queues') as Seat[] | undefined) ?? [];
  const langs = (getAt(x.draft.value, 'languages') as string[] | undefined) ?? [];
  const none = x.got.error.value;
  if (none instanceof ApiError && none.status === 404) return <NoAgent id={id} x={x} />;
  return (
    <Page x={x} title={String(x.draft.value['name'] ?? id)} back={['settings', 'agents']}>
      <section class="card">
        <h2>{t('set.agent')}</h2>
        <div class="pair">
          <Text x={x} path="name" label="set.name" />
          <Text x={x} path="extension" label="set.extension" />
          <Num x={x} path="wrapup_s" label="set.wrapup" unit="s" max={3600} />
          <Num x={x} path="max_no_answer" label="set.max_no_answer" max={1000} />
        </div>
        <p class="checks-row">
          {LANGS.map((l) => (
            <label key={l} class="check">
              <input type="checkbox" checked={langs.includes(l)} onChange={(e) => x.set('languages', e.currentTarget.checked ? [...langs, l] : langs.filter((y) => y !== l))} />
              {tWord('lang', l)}
            </label>
          ))}
          <Check x={x} path="blended" label="set.blended" />
        </p>
      </section>
      <section class="card">
        <h2>{t('set.capacity')}</h2>
        <div class="pair">
          {MEDIA.map((m) => (
            <label key={m} class="field">
              <span>{tWord('media', m)}</span>
              <input class="input num" type="number" min={0} max={50} value={Number(getAt(x.draft.value, `capacity.${m}`) ?? 0)}
                onInput={(e) => x.set(`capacity.${m}`, Number(e.currentTarget.value))} />
            </label>
          ))}
        </div>
      </section>
      <section class="card">
        <h2>{t('set.queues')}</h2>
        <div class="chips">
          {(queues.data.value?.items ?? []).map((q) => (
            <button key={q.id} type="button" class="chip" aria-pressed={seats.some((s) => s.queue === q.id)} data-test={`seat-${q.id}`}
              onClick={() => x.set('queues', toggleSeat(seats, q.id))}>
              {both(q.title) || q.id}
            </button>
          ))}
        </div>
      </section>
      <section class="card">
        <h2>{t('set.skills')} <small>{t('set.levels')}</small></h2>
        <div class="pair">
          {(skills.data.value?.items ?? []).map((s) => (
            <label key={s.id} class="field">
              <span>{both(s.title) || s.id}</span>
              <input class="input num" type="number" min={0} max={10} data-test={`skill-${s.id}`} value={have[s.id] ?? 0}
                onInput={(e) => x.set('skills', withLevel(have, s.id, Number(e.currentTarget.value)))} />
            </label>
          ))}
        </div>
      </section>
    </Page>
  );
}
