/* Rules and flows: the lists, one decision table, one flow, the declaration of the tools. */
import { dateTime } from '../lib/format.ts';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty } from '../lib/ui.tsx';
import { route } from '../console/state.ts';
import { FlowPage } from './flow.tsx';
import { Rows, Tabs, usePages, useRows } from './parts.tsx';
import { TablePage } from './table.tsx';
import { ToolPage } from './tool_doc.tsx';

interface DocRow {
  kind: string;
  id: string;
  title?: Both;
  version: number;
  state: string;
  draft?: number | null;
  changed_at?: string | null;
  by?: string | null;
}

const KINDS: Record<string, { path: string; tab: string }> = {
  rules: { path: 'policies', tab: '' },
  flow: { path: 'flows', tab: 'flows' },
  tool: { path: 'tools/files', tab: 'tools' },
};

export default function RulesPages() {
  const [, sub = '', id = ''] = route.value.path;
  if (sub === 'table' && id) return <TablePage key={id} id={id} />;
  if (sub === 'flows' && id) return <FlowPage key={id} id={id} />;
  if (sub === 'tools' && id) return <ToolPage key={id} id={id} />;
  const kind = sub === 'flows' ? 'flow' : sub === 'tools' ? 'tool' : 'rules';
  return (
    <section class="page" aria-label={t('nav.rules')} data-test="rules">
      <header class="bar">
        <h1>{t('nav.rules')}</h1>
        <Tabs page="rules" label={t('doc.views')}
          tabs={[['', t('doc.tables')], ['flows', t('doc.flows')], ['tools', t('doc.tools')]]} />
      </header>
      <div class="page-body">
        <List key={kind} kind={kind} />
      </div>
    </section>
  );
}

const hrefOf = (d: DocRow): string =>
  d.kind === 'strategy'
    ? '#/strategy'
    : makeHash(['rules', d.kind === 'flow' ? 'flows' : d.kind === 'tool' ? 'tools' : 'table', d.id]);

function List({ kind }: { kind: string }) {
  const pages = usePages<DocRow & { name?: string }>(`/api/v1/${KINDS[kind]!.path}`, {});
  const rows: DocRow[] = (pages.rows.value ?? []).map((d) => ({ ...d, kind: d.kind ?? kind, id: d.id ?? d.name ?? '' }));
  const at = useRows(rows.length, (n) => (location.hash = hrefOf(rows[n]!)));
  return (
    <Rows pages={pages} empty={<Empty icon="rules" title={t('doc.none')} text={t('doc.none_text')} />}>
      {() => (
        <div class="card flush">
          <table class="table rows">
            <thead>
              <tr>
                <th>{t('doc.title')}</th>
                <th>{t('doc.id')}</th>
                <th>{t('order.state')}</th>
                <th>{t('doc.version')}</th>
                <th>{t('doc.changed')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((d, n) => (
                <tr key={d.kind + d.id} data-row aria-current={at.value === n ? 'true' : undefined} data-test="doc">
                  <td>
                    <a href={hrefOf(d)}>{both(d.title) || d.id}</a>
                  </td>
                  <td class="mono">{d.id}</td>
                  <td>
                    <DocState state={d.state} /> {d.draft ? <DocState state="draft" /> : null}
                  </td>
                  <td class="num">{d.version || '–'}</td>
                  <td class="num muted">
                    {d.changed_at ? dateTime(d.changed_at, lang.value) : '–'} {d.by ?? ''}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Rows>
  );
}

export function DocState({ state }: { state: string | undefined }) {
  const tone = state === 'published' || state === 'file' ? 'ok' : state === 'draft' ? 'warn' : '';
  return <span class={`tag ${tone}`}>{tWord('status', state || 'published')}</span>;
}
