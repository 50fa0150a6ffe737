/* The audit: who looked at what, who changed what; whether all of it is there. */
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { Empty, ErrorNote } from '../lib/ui.tsx';
import { authedBytes, route } from '../console/state.ts';
import { Done, post, Rows, save, setHashQuery, useJob, useKeys, usePages } from '../service/parts.tsx';

interface AuditRow {
  id: string;
  at: string;
  who: string;
  what: string;
  subject: string;
  group: string;
  role: string;
  from: string;
  route: string;
  outcome: number | null;
}

const FIELDS = ['who', 'what', 'subject', 'from', 'to'] as const;

function Filter({ name }: { name: (typeof FIELDS)[number] }) {
  const label = t(`audit.${name}`);
  const same = {
    'data-test': `audit-${name}`, 'aria-label': label, title: label, placeholder: label, value: route.value.query[name] ?? '',
    onInput: (e: { currentTarget: HTMLInputElement }) => setHashQuery({ [name]: e.currentTarget.value }),
  };
  if (name === 'from' || name === 'to') return <input class="input" type="date" {...same} />;
  return <input class="input" type="search" data-search={name === 'who' ? true : undefined} {...same} />;
}

export function Audit() {
  const query: Record<string, string> = {};
  for (const f of FIELDS) {
    const v = route.value.query[f];
    if (v) query[f] = v;
  }
  const pages = usePages<AuditRow>('/api/v1/audit', { ...query, limit: 100 });
  const job = useJob();
  const verify = () =>
    void job.run(async () => {
      const v = await post<{ ok: boolean; rows: number; bad_pos?: number }>('/api/v1/audit/verify', {});
      if (!v.ok) throw new Error(t('audit.bad', { n: v.bad_pos ?? 0 }));
      return t('audit.ok', { n: v.rows });
    });
  const csv = () =>
    void job.run(async () => {
      save('audit.csv', await authedBytes('/api/v1/audit', { query: { ...query, limit: 1000, format: 'csv' } }), 'text/csv');
      return '';
    });
  useKeys(() => ({ v: verify }));
  return (
    <>
      <div class="card new-user">
        {FIELDS.map((f) => <Filter key={f} name={f} />)}
        <button class="btn" data-test="audit-csv" disabled={job.busy.value} onClick={csv}>CSV</button>
        <button class="btn" data-test="audit-verify" disabled={job.busy.value} onClick={verify}>{t('audit.verify')} <kbd>v</kbd></button>
        {job.done.value ? <Done text={job.done.value} /> : null}
        {job.error.value ? <ErrorNote error={job.error.value} /> : null}
      </div>
      <Rows pages={pages} empty={<Empty icon="rules" title={t('audit.none')} text={t('audit.none_text')} />}>
        {(rows) => (
          <div class="card flush">
            <table class="table">
              <thead>
                <tr>
                  <th>{t('audit.at')}</th>
                  <th>{t('audit.who')}</th>
                  <th>{t('audit.what')}</th>
                  <th>{t('audit.subject')}</th>
                  <th>{t('audit.peer')}</th>
                  <th class="right">{t('audit.outcome')}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r) => (
                  <tr key={r.id} data-test="audit-row">
                    <td>{dateTime(r.at, lang.value)}</td>
                    <td>{r.who.replace(/^user:/, '') || '–'} <small class="muted">{r.role ? tWord('role', r.role) : ''}</small></td>
                    <td title={r.route}>{tWord('did', r.what)} <small class="muted">{r.what}</small></td>
                    <td>{r.subject ? <>{r.group} <small class="muted">{r.subject}</small></> : r.group}</td>
                    <td class="num">{r.from}</td>
                    <td class="num right">{r.outcome === null ? '–' : r.outcome < 400 ? r.outcome : <span class="tag bad">{r.outcome}</span>}</td>
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
