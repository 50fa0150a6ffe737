/* Settings of the people's side: queues, agents, skills, hours, users, dispositions. */
import './texts.ts';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { dateTime } from '../lib/format.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { may, route } from '../console/state.ts';
import { Rows, Tabs, useLoad, usePages, useRows } from '../service/parts.tsx';
import { AddAgent, AddQueue, AddSkill } from './add.tsx';
import { AgentPage, QueuePage } from './edit.tsx';
import { Audit } from './audit.tsx';
import { UserPage, Users } from './users.tsx';
import { WebhookPage, Webhooks } from './webhooks.tsx';

export default function Settings() {
  const [, sub = '', id = ''] = route.value.path;
  if (sub === 'queue' && id) return <QueuePage key={id} id={id} />;
  if (sub === 'agent' && id) return <AgentPage key={id} id={id} />;
  if (sub === 'webhook' && id) return <WebhookPage key={id} id={id} />;
  if (sub === 'user' && id) return <UserPage key={id} login={id} />;
  const tabs: [string, string][] = [['', t('set.queues')], ['agents', t('floor.agents')], ['skills', t('set.skills')], ['hours', t('set.hours')], ['dispositions', t('set.dispositions')]];
  if (may('user.manage')) tabs.push(['users', t('set.users')]);
  if (may('webhook.manage')) tabs.push(['webhooks', t('set.webhooks')]);
  if (may('audit.read')) tabs.push(['audit', t('set.audit')]);
  return (
    <section class="page" aria-label={t('nav.settings')} data-test="settings">
      <header class="bar">
        <h1>{t('nav.settings')}</h1>
        <Tabs page="settings" label={t('set.views')} tabs={tabs} />
      </header>
      <div class="page-body">
        {sub === 'agents' ? <Agents /> : sub === 'skills' ? <Skills /> : sub === 'hours' ? <Hours /> : sub === 'dispositions' ? <Dispositions /> : sub === 'users' ? <Users /> : sub === 'webhooks' ? <Webhooks /> : sub === 'audit' ? <Audit /> : <Queues />}
      </div>
    </section>
  );
}
interface QueueRow {
  id: string;
  title?: Both;
  strategy?: string;
  hours?: string;
  max_wait_s?: number;
  sl?: { s?: number; pct?: number };
  callback?: boolean;
  voicemail?: boolean;
}

function Queues() {
  const pages = usePages<QueueRow>('/api/v1/queues', {});
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['settings', 'queue', rows[n]!.id])));
  return (
    <>
    <AddQueue />
    <Rows pages={pages} empty={<Empty icon="users" title={t('set.no_queues')} text={t('set.no_queues_text')} />}>
      {(all) => (
        <div class="card flush">
          <table class="table rows">
            <thead>
              <tr>
                <th>{t('desk.queue')}</th>
                <th>{t('set.strategy')}</th>
                <th>{t('set.hours')}</th>
                <th class="right">{t('set.goal')}</th>
                <th class="right">{t('set.max_wait')}</th>
                <th>{t('set.else')}</th>
              </tr>
            </thead>
            <tbody>
              {all.map((q, n) => (
                <tr key={q.id} data-row aria-current={at.value === n ? 'true' : undefined} data-test="queue-row">
                  <td><a href={makeHash(['settings', 'queue', q.id])}>{both(q.title) || q.id}</a></td>
                  <td>{tWord('strategyname', q.strategy)}</td>
                  <td>{q.hours ? tWord('calendar', q.hours) : t('set.always')}</td>
                  <td class="num right">{q.sl?.pct ? `${q.sl.pct} % / ${q.sl.s} s` : '–'}</td>
                  <td class="num right">{q.max_wait_s ? t('set.minutes', { n: Math.round(q.max_wait_s / 60) }) : '–'}</td>
                  <td>
                    {q.callback ? <span class="tag">{tWord('follow', 'callback')}</span> : null} {q.voicemail ? <span class="tag">{t('set.voicemail')}</span> : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Rows>
    </>
  );
}

interface AgentRow {
  login: string;
  name?: string;
  extension?: string;
  languages?: string[];
  skills?: Record<string, number>;
  queues?: { queue: string }[];
}

function Agents() {
  const pages = usePages<AgentRow>('/api/v1/agents', {});
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['settings', 'agent', rows[n]!.login])));
  return (
    <>
    <AddAgent />
    <Rows pages={pages} empty={<Empty icon="headset" title={t('set.no_agents')} text={t('set.no_agents_text')} />}>
      {(all) => (
        <div class="card flush">
          <table class="table rows">
            <thead>
              <tr>
                <th>{t('set.agent')}</th>
                <th>{t('set.extension')}</th>
                <th>{t('set.languages')}</th>
                <th>{t('set.queues')}</th>
                <th>{t('set.skills')}</th>
              </tr>
            </thead>
            <tbody>
              {all.map((a, n) => (
                <tr key={a.login} data-row aria-current={at.value === n ? 'true' : undefined} data-test="agent-row">
                  <td>
                    <a href={makeHash(['settings', 'agent', a.login])}>{a.name || a.login}</a> <small class="muted">{a.login}</small>
                  </td>
                  <td class="num">{a.extension || '–'}</td>
                  <td>{(a.languages ?? []).map((l) => tWord('lang', l)).join(', ') || '–'}</td>
                  <td>{(a.queues ?? []).map((q) => tWord('queue', q.queue)).join(', ') || '–'}</td>
                  <td class="muted">{Object.entries(a.skills ?? {}).map(([s, l]) => `${s} ${l}`).join(', ') || '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Rows>
    </>
  );
}

interface List<T> {
  path: string;
  empty: string;
  head: string[];
  row: (x: T) => (string | number)[];
  hint?: string;
  add?: (after: () => void) => preact.ComponentChildren;
}

function Simple<T>({ path, empty, head, row, hint, add }: List<T>) {
  const got = useLoad<{ items: T[] }>(path);
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!got.data.value) return <Skeleton rows={5} kind="line" />;
  const extra = add?.(() => void got.load());
  if (!got.data.value.items.length)
    return (
      <>
        {extra}
        <Empty icon="rules" title={empty} text={t('set.in_file')} />
      </>
    );
  return (
    <>
    {extra}
    {hint ? <p class="hint">{hint}</p> : null}
    <div class="card flush">
      <table class="table">
        <thead>
          <tr>{head.map((h) => <th key={h}>{h}</th>)}</tr>
        </thead>
        <tbody>
          {got.data.value.items.map((x, n) => (
            <tr key={n}>{row(x).map((c, i) => <td key={i}>{c}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
    </>
  );
}

const Skills = () => (
  <Simple<{ id: string; title?: Both }> path="/api/v1/skills" empty={t('set.no_skills')} head={[t('set.skill'), t('doc.id')]} row={(s) => [both(s.title) || s.id, s.id]}
    add={(after) => <AddSkill after={after} />} />
);
const Hours = () => (
  <Simple<{ queue?: string; id?: string; hours?: string; open?: boolean; opens_at?: string | null }> path="/api/v1/hours" empty={t('set.no_hours')} hint={t('set.hours_hint')}
    head={[t('desk.queue'), t('set.hours'), t('order.state'), t('set.opens')]}
    row={(h) => [tWord('queue', h.queue ?? h.id), h.hours ? tWord('calendar', h.hours) : t('set.always'), h.open === false ? t('set.shut') : t('set.open'), h.opens_at ? dateTime(h.opens_at, lang.value) : '–']} />
);
const Dispositions = () => (
  <Simple<{ id: string; title?: Both }> path="/api/v1/dispositions" empty={t('set.no_dispositions')} head={[t('desk.disposition'), t('doc.id')]} row={(d) => [both(d.title) || d.id, d.id]} />
);
