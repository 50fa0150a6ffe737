/* The wallboard: how the queues stand, what every agent does, which conversations need a look, what was told. The big
 * numbers fill a screen on the wall; supervisors listen, whisper, speak and take over from here. */
import '../desk/texts.ts';
import '../styles/floor.css';
import { useEffect } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { ago, clock, here, pct, zoneTag } from '../lib/format.ts';
import { both, lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Job } from '../lib/job.ts';
import type { Conv } from '../lib/types.ts';
import { Empty, ErrorNote, Icon } from '../lib/ui.tsx';
import { CHANNEL_ICON, convName, Emotion, lasted } from '../console/list.tsx';
import { waits, type AgentNow, type QueueNow } from '../console/live.ts';
import { authed, live, may, now } from '../console/state.ts';
import { seg, useJob, useKeys } from '../service/parts.tsx';
import { StateTag, stateTone } from '../desk/parts.tsx';
import { msOf } from '../desk/work.ts';
import { act, spoken, ways } from './ways.ts';
import { byRisk, byState, containment, goalOf, moods, slOf, slTone, standing, totals, unset } from './numbers.ts';

const SHOWN = 12;

export default function Floor() {
  const tv = useSignal(false);
  const job = useJob();
  const flip = () => {
    tv.value = !tv.value;
    if (tv.value) document.documentElement.requestFullscreen?.().catch(() => undefined);
    else if (document.fullscreenElement) void document.exitFullscreen();
  };
  useEffect(() => {
    if (!tv.value) return;
    const page = document.documentElement;
    const theme = page.dataset['theme'] ?? 'light';
    page.classList.add('tv');
    page.dataset['theme'] = 'dark'; /* on a wall it does not shine into the room */
    return () => {
      page.classList.remove('tv');
      page.dataset['theme'] = theme;
    };
  }, [tv.value]);
  useEffect(() => {
    const left = () => {
      if (!document.fullscreenElement) tv.value = false;
    };
    document.addEventListener('fullscreenchange', left);
    return () => document.removeEventListener('fullscreenchange', left);
  }, []);
  useKeys(() => ({ v: flip, Escape: () => tv.value && flip() }));
  const s = live.value;
  return (
    <section class={`page floor ${tv.value ? 'tv' : ''}`} aria-label={t('nav.floor')} data-test="floor">
      <header class="bar">
        <h1>{t('nav.floor')}</h1>
        <span class="num muted grow">{new Intl.DateTimeFormat(lang.value, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false, timeZone: here() }).format(now.value)} {zoneTag(now.value, lang.value)}</span>
        <button class="btn" data-test="tv" aria-pressed={tv.value} onClick={flip}>
          <Icon name="board" />
          {t('floor.tv')} <kbd>v</kbd>
        </button>
      </header>
      <div class="page-body">
        <Tiles />
        {job.error.value ? <ErrorNote error={job.error.value} /> : null}
        <div class="floor-grid">
          <div class="stack">
            <Queues rows={s.queues} />
            <Agents rows={s.agents} job={job} />
          </div>
          <div class="stack">
            <Alerts />
            <Risky job={job} />
          </div>
        </div>
      </div>
    </section>
  );
}

function Tile(p: { label: string; value: string; small?: string; tone?: string; test: string }) {
  return (
    <div class={`wtile ${p.tone ?? ''}`} data-test={`tile-${p.test}`}>
      <dt>{p.label}</dt>
      <dd class="num">
        {p.value}
        {p.small ? <small>{p.small}</small> : null}
      </dd>
    </div>
  );
}

function Tiles() {
  const s = live.value;
  const n = totals(s.queues, s.agents);
  const m = moods(s.items);
  return (
    <dl class="wtiles" data-test="tiles">
      <Tile test="sl" label={t('floor.sl')} value={pct(n.sl)} {...(n.goal === null ? {} : { small: t('floor.goal', { p: Math.round(n.goal * 100) }) })} tone={slTone(n.sl, n.goal)} />
      <Tile test="waiting" label={t('desk.waiting')} value={String(n.waiting)} small={[t('floor.ready_n', { n: n.ready }), n.offered ? t('floor.rung_n', { n: n.offered }) : ''].filter(Boolean).join(' · ')} tone={n.waiting > n.ready * 2 ? 'warn' : ''} />
      <Tile test="longest" label={t('floor.longest')} value={n.longest_ms ? clock(n.longest_ms) : '–'} tone={n.longest_ms > 120000 ? 'bad' : n.longest_ms > 45000 ? 'warn' : ''} />
      <Tile test="aht" label={t('floor.aht')} value={n.aht_ms ? clock(n.aht_ms) : '–'} small={t('floor.answered_n', { n: n.answered })} />
      <Tile test="abandon" label={t('floor.abandon')} value={pct(n.abandon)} small={t('floor.of_n', { n: n.entered })} tone={n.abandon === null ? '' : n.abandon > 0.08 ? 'bad' : n.abandon > 0.04 ? 'warn' : 'ok'} />
      <Tile test="contained" label={t('floor.contained')} value={pct(containment(s.items))} small={t('floor.recent')} />
      <div class="wtile" data-test="tile-mood">
        <dt>{t('floor.mood')}</dt>
        <dd>
          <span class="moodbar" role="img" aria-label={t('floor.moods', m)}>
            <i class="good" style={{ flexGrow: m.good }} />
            <i class="plain" style={{ flexGrow: m.plain }} />
            <i class="upset" style={{ flexGrow: m.bad }} />
          </span>
          <small class="num">{t('floor.moods', m)}</small>
        </dd>
      </div>
    </dl>
  );
}

function Queues({ rows }: { rows: QueueNow[] }) {
  if (!rows.length) return <Empty icon="users" title={t('floor.no_queues')} text={t('floor.no_queues_text')} />;
  return (
    <section class="card flush" aria-label={t('floor.queues')} data-test="floor-queues" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>{t('desk.queue')}</th>
            <th class="right">{t('desk.waiting')}</th>
            <th class="right">{t('desk.longest')}</th>
            <th class="right">{t('desk.ready')}</th>
            <th class="right">{t('floor.serving')}</th>
            <th class="right">{t('floor.sl')}</th>
            <th class="right">{t('floor.aht')}</th>
            <th class="right">{t('floor.lost')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((q) => {
            const sl = slOf(q);
            return (
              <tr key={q.id} data-test="queue" data-id={q.id}>
                <td>
                  {both(q.title) || tWord('queue', q.id)} {q.open === false ? <span class="tag">{t('floor.closed')}</span> : null}
                </td>
                <td class={`num right ${waits(q) ? 'strong' : ''}`}>{waits(q)}</td>
                <td class="num right">{q.longest_ms ? clock(q.longest_ms) : '–'}</td>
                <td class="num right">{q.ready ?? '–'}</td>
                <td class="num right">{q.serving ?? 0}</td>
                <td class="num right"><span class={`tag ${slTone(sl, goalOf(q))}`}>{pct(sl)}</span></td>
                <td class="num right">{q.aht_ms ? clock(q.aht_ms) : '–'}</td>
                <td class="num right">{q.abandoned ?? 0}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const FORCE = ['ready', 'paused', 'offline'];

function Agents({ rows, job }: { rows: AgentNow[]; job: Job }) {
  if (!rows.length) return null;
  const force = (login: string, state: string) =>
    void job.run(async () => {
      await authed(`/api/v1/agents/${seg(login)}/state`, { method: 'PUT', body: { state, ...(state === 'paused' ? { reason: 'forced' } : {}) } });
      return '';
    });
  return (
    <section aria-label={t('floor.agents')}>
      <h2 class="section">{t('floor.agents')}</h2>
      <ul class="agents" data-test="agents">
        {byState(rows).map((a) => {
          const state = a.state.toLowerCase();
          const since = msOf(a.since, 0);
          return (
            <li key={a.login} class={stateTone(state)} data-test="agent" data-login={a.login} data-state={state}>
              <b>{a.name || a.login}</b>
              <span class="num">{since ? clock(now.value - since) : ''}</span>
              <StateTag state={state} reason={a.reason} />
              <select class="input" aria-label={t('floor.force_whom', { name: a.name || a.login })} data-test="force" value=""
                onChange={(e) => {
                  const to = e.currentTarget.value;
                  e.currentTarget.value = '';
                  if (to) force(a.login, to);
                }}>
                <option value="">{t('floor.force')}</option>
                {FORCE.map((f) => (
                  <option key={f} value={f}>{tWord('astate', f)}</option>
                ))}
              </select>
              {!unset(a, rows) || !may('agent.write') ? null : (
                <a class="tag warn" data-test="no-queues" href={makeHash(['settings', 'agent', a.login])} title={t('floor.no_skills_text')}>{t('floor.no_skills')}</a>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Alerts() {
  const hold = standing(live.value.queues);
  const rows = live.value.raised.filter((r) => r.kind !== 'waiting_too_long').slice(0, Math.max(2, 6 - hold.length));
  return (
    <section class="card" aria-label={t('floor.alerts')} data-test="floor-alerts">
      <h2>{t('floor.alerts')}</h2>
      {rows.length || hold.length ? (
        <ol class="alert-list" aria-live="polite">
          {hold.map((q) => (
            <li key={q.id} class="bad" data-test="alert-queue">
              <Icon name="alert" />
              <span class="grow">
                <b>{t(q.late ? 'alertkind.waiting_too_long' : 'alertkind.nobody_ready')}</b>{' '}
                {t('floor.standing', { queue: both(q.title) || tWord('queue', q.id), n: waits(q), ready: q.ready ?? 0 })}
              </span>
              <span class="muted num">{q.longest_ms ? clock(q.longest_ms) : ''}</span>
            </li>
          ))}
          {rows.map((r, n) => (
            <li key={`${r.at_ms}${n}`} class={r.severity === 'critical' || r.severity === 'high' ? 'bad' : ''}>
              <Icon name="alert" />
              <span class="grow">
                <b>{tWord('alertkind', r.kind)}</b> {both(r.text)} {r.agent ? `· ${r.agent}` : ''}
              </span>
              {r.conversation ? <a href={makeHash(['c', r.conversation])}>{t('floor.look')}</a> : null}
              <time class="muted">{ago(new Date(r.at_ms).toISOString(), now.value, lang.value)}</time>
            </li>
          ))}
        </ol>
      ) : (
        <p class="hint">{t('floor.no_alerts')}</p>
      )}
    </section>
  );
}

function Risky({ job }: { job: Job }) {
  const own = useSignal(''); /* the conversation whose buttons lie open */
  const rows = byRisk(live.value.items, live.value.raised, now.value).slice(0, SHOWN);
  return (
    <section class="card flush" aria-label={t('floor.risk')} data-test="risk">
      <h2 class="floor-h2">{t('floor.risk')}</h2>
      {rows.length ? null : <p class="hint floor-h2">{t('live.none')}</p>}
      <ul class="risky">
        {rows.map((c) => (
          <li key={c.id} data-test="risky" data-id={c.id}>
            <a class="risk-row" href={makeHash(['c', c.id])}>
              <Icon name={CHANNEL_ICON[c.channel] ?? 'chat'} label={tWord('channel', c.channel)} />
              <b>{convName(c)}</b>
              <Emotion word={c.emotion} />
              {c.alert !== undefined ? <span class="tag bad num">{c.alert}</span> : null}
              <span class="cut grow muted" lang={c.language ?? undefined}>{c.last_text}</span>
              <span class="num muted">{clock(lasted(c, now.value))}</span>
            </a>
            <Listen c={c} job={job} own={own} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/* Hear a call, speak to the agent alone, to both, or take it; a chat can be taken. */
function Listen({ c, job, own }: { c: Conv; job: Job; own: Signal<string> }) {
  const open = own.value === c.id;
  const all = ways(c);
  const go = (how: string) =>
    void job.run(async () => {
      await act(c, how);
      if (!spoken(c)) location.hash = makeHash(['desk']); /* it is answered there */
      return '';
    });
  if (!all.length) return null;
  return (
    <>
      <button class="btn ghost square small" data-test="listen-open" aria-expanded={open} aria-label={t('floor.act_on', { name: convName(c) })} title={t('floor.act')}
        onClick={() => (own.value = open ? '' : c.id)}>
        <Icon name={spoken(c) ? 'headset' : 'swap'} />
      </button>
      {open ? (
        <div class="listen" role="group" aria-label={t('floor.act')} data-test="listen">
          {all.map((how) => (
            <button key={how} class={`btn small ${how === 'takeover' ? 'primary' : ''}`} data-test={`do-${how}`} disabled={job.busy.value} title={tWord('listenhint', how)}
              onClick={() => go(how)}>
              {tWord('listen', how)}
            </button>
          ))}
        </div>
      ) : null}
    </>
  );
}
