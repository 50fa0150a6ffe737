/* Users: who may sign in and as what; a new one, another role, a new password, out of use. */
import { useSignal } from '@preact/signals';
import { dateTime } from '../lib/format.ts';
import { both, lang, t, tWord, whoIs, type Both } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { authed, may } from '../console/state.ts';
import { putNew } from './add.tsx';
import { newThing } from './draft.ts';
import { BackBar, Done, ifMatch, post, Rows, seg, useJob, useLoad, usePages, useRows } from '../service/parts.tsx';

interface UserRow {
  login: string;
  name: string;
  role: string;
  disabled?: boolean;
}
interface Role {
  id: string;
  title?: Both;
  masks?: Record<string, string>;
}
interface Session {
  id: string;
  made_at: string;
  last_at: string;
  from: string;
  agent: string;
}

const BUILT_IN = ['agent', 'supervisor', 'quality', 'knowledge', 'viewer', 'admin'];

function useRoles(): Role[] {
  const got = useLoad<{ items: Role[] }>('/api/v1/roles');
  return got.data.value?.items ?? BUILT_IN.map((id) => ({ id }));
}
const roleName = (r: Role): string => both(r.title) || tWord('role', r.id);

export function Users() {
  const pages = usePages<UserRow>('/api/v1/users', { limit: 100 });
  const rows = pages.rows.value ?? [];
  const at = useRows(rows.length, (n) => (location.hash = makeHash(['settings', 'user', rows[n]!.login])));
  return (
    <>
      <NewUser after={() => void pages.load(null)} />
      <Rows pages={pages} empty={<Empty icon="users" title={t('set.no_users')} text={t('set.no_users_text')} />}>
        {(all) => (
          <div class="card flush">
            <table class="table rows">
              <thead>
                <tr>
                  <th>{t('set.login')}</th>
                  <th>{t('set.name')}</th>
                  <th>{t('set.role')}</th>
                  <th>{t('order.state')}</th>
                </tr>
              </thead>
              <tbody>
                {all.map((u, n) => (
                  <tr key={u.login} data-row aria-current={at.value === n ? 'true' : undefined} data-test="user-row">
                    <td><a href={makeHash(['settings', 'user', u.login])}>{u.login}</a></td>
                    <td>{whoIs(u.name)}</td>
                    <td>{tWord('role', u.role)}</td>
                    <td>{u.disabled ? <span class="tag warn">{t('set.disabled')}</span> : <span class="tag ok">{t('set.active')}</span>}</td>
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

function NewUser({ after }: { after: () => void }) {
  const f = useSignal({ login: '', name: '', role: 'agent', password: '' });
  const job = useJob();
  const agent = useSignal('');
  const roles = useRoles();
  const set = (k: string) => (e: { currentTarget: { value: string } }) => (f.value = { ...f.value, [k]: e.currentTarget.value });
  const ready = /^[a-z][a-z0-9._-]{1,40}$/.test(f.value.login) && f.value.password.length >= 10;
  return (
    <form class="card new-user" data-test="user-new" onSubmit={(e) => {
      e.preventDefault();
      if (ready)
        void job.run(async () => {
          const { login: made, name, role } = f.value;
          await post('/api/v1/users', f.value);
          agent.value = '';
          /* one who works as an agent is among the agents at once; who is there already stays as they are */
          if (role === 'agent' && may('agent.write'))
            await putNew('/api/v1/agents', made, newThing('agent', made, '', name)).then(() => (agent.value = made), () => undefined);
          f.value = { login: '', name: '', role: 'agent', password: '' };
          after();
          return t('set.user_made', { login: made });
        });
    }}>
      <input class="input" data-test="user-login" aria-label={t('set.login')} placeholder={t('set.login')} autocomplete="off" value={f.value.login} onInput={set('login')} />
      <input class="input" data-test="user-name" aria-label={t('set.name')} placeholder={t('set.name')} autocomplete="off" value={f.value.name} onInput={set('name')} />
      <select class="input" data-test="user-role" aria-label={t('set.role')} value={f.value.role} onChange={set('role')}>
        {roles.map((r) => (
          <option key={r.id} value={r.id}>{roleName(r)}</option>
        ))}
      </select>
      <input class="input" data-test="user-password" type="password" aria-label={t('set.password')} placeholder={t('set.password_short')} autocomplete="new-password" value={f.value.password} onInput={set('password')} />
      <button class="btn primary" data-test="user-save" disabled={!ready || job.busy.value}>{t('set.user_add')}</button>
      {(f.value.login || f.value.password) && !ready ? <p class="hint" data-test="user-rule">{t('set.user_rule')}</p> : null}
      {job.done.value ? <Done text={job.done.value} /> : null}
      {agent.value ? (
        <p class="note warn" role="status" data-test="agent-next">
          <span class="grow">{t('set.agent_next', { login: agent.value })}</span>
          <a class="btn small" href={makeHash(['settings', 'agent', agent.value])}>{t('set.agent_go')}</a>
        </p>
      ) : null}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </form>
  );
}

/* How the role sees personal data. */
function Masks({ role }: { role: Role | undefined }) {
  const all = Object.entries(role?.masks ?? {});
  if (!all.length) return null;
  return (
    <section class="card setting" data-test="role-masks">
      <h2>{t('set.masks')}</h2>
      <p class="muted">{all.map(([kind, show]) => `${tWord('pii', kind)}: ${tWord('show', show)}`).join(' · ')}</p>
    </section>
  );
}

/* What they are signed in to, and the end of it. */
function Sessions({ path }: { path: string }) {
  const got = useLoad<{ items: Session[] }>(`${path}/sessions`);
  const job = useJob();
  const rows = got.data.value?.items ?? [];
  return (
    <section class="card setting" data-test="user-sessions">
      <h2>{t('set.sessions')}</h2>
      {rows.length ? (
        <ul>
          {rows.map((x) => (
            <li key={x.id}>{[dateTime(x.made_at, lang.value), x.from, x.agent].filter(Boolean).join(' · ')}</li>
          ))}
        </ul>
      ) : (
        <p class="muted">{t('set.no_sessions')}</p>
      )}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      <button class="btn" data-test="user-sign-out" disabled={!rows.length || job.busy.value} onClick={() => void job.run(async () => {
        await authed(`${path}/sessions`, { method: 'DELETE' });
        await got.load();
        return t('set.saved');
      })}>
        {t('set.sign_out')}
      </button>
    </section>
  );
}

export function UserPage({ login }: { login: string }) {
  const path = `/api/v1/users/${seg(login)}`;
  const got = useLoad<UserRow>(path);
  const job = useJob();
  const roles = useRoles();
  const password = useSignal('');
  const u = got.data.value;
  const patch = (body: Record<string, unknown>, told: string) =>
    void job.run(async () => {
      await authed(path, { method: 'PATCH', body, headers: ifMatch(got) });
      password.value = '';
      await got.load();
      return told;
    });
  const off = u?.disabled ?? false;
  return (
    <section class="page" aria-label={login} data-test="user-page">
      <BackBar to={['settings', 'users']}>
        <h1>{whoIs(u?.name ?? '') || login}</h1>
        {off ? <span class="tag warn">{t('set.disabled')}</span> : null}
      </BackBar>
      <div class="page-body">
        {got.error.value ? <ErrorNote error={got.error.value} retry={() => void got.load()} /> : null}
        {job.error.value ? <ErrorNote error={job.error.value} retry={() => void got.load()} /> : null}
        {job.done.value ? <Done text={job.done.value} /> : null}
        {u ? (
          <section class="card setting">
            <div class="pair">
              <label class="field">
                <span>{t('set.role')}</span>
                <select class="input" data-test="user-role" value={u.role} onChange={(e) => patch({ role: e.currentTarget.value }, t('set.saved'))}>
                  {roles.map((r) => (
                    <option key={r.id} value={r.id}>{roleName(r)}</option>
                  ))}
                </select>
              </label>
              <form class="field" onSubmit={(e) => {
                e.preventDefault();
                if (password.value.length >= 10) patch({ password: password.value }, t('set.password_set'));
              }}>
                <span>{t('set.new_password')}</span>
                <input class="input" type="password" autocomplete="new-password" aria-label={t('set.new_password')} value={password.value} onInput={(e) => (password.value = e.currentTarget.value)} />
              </form>
            </div>
            <div class="srow">
              <button class="btn" data-test="user-off" disabled={job.busy.value} onClick={() => patch({ disabled: !off }, t('set.saved'))}>
                {t(off ? 'set.enable' : 'set.disable')}
              </button>
            </div>
          </section>
        ) : got.error.value ? null : <Skeleton rows={5} kind="line" />}
        {u ? <Masks role={roles.find((r) => r.id === u.role)} /> : null}
        {u ? <Sessions path={path} /> : null}
      </div>
    </section>
  );
}
