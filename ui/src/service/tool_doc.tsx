/* The declaration of a tool: its text, and what it asks for. */
import { both, t, tWord } from '../lib/i18n.ts';
import { ErrorNote, Skeleton } from '../lib/ui.tsx';
import { docPath, Editor, useDoc, type Doc } from './doc.tsx';
import { BackBar } from './parts.tsx';
import { fieldsOf } from './schema.ts';
import type { Tool } from './types.ts';

export function ToolPage({ id }: { id: string }) {
  const s = useDoc(docPath('tools/files', id));
  const d = s.open.value as (Doc & { tools?: { items: Tool[] } | null }) | null;
  const tools = d?.tools?.items ?? [];
  return (
    <section class="page" aria-label={t('doc.tools')} data-test="tool-page">
      <BackBar to={['rules', 'tools']}>
        <h1>{both(d?.title) || id}</h1>
      </BackBar>
      <div class="page-body">
        {s.got.error.value ? <ErrorNote error={s.got.error.value} retry={() => void s.got.load()} /> : null}
        {!d ? (
          s.got.error.value ? null : <Skeleton rows={8} kind="line" />
        ) : (
          <div class="two even">
            <div class="stack">
              {tools.map((x) => (
                <section key={x.name} class="card">
                  <h2>
                    {both(x.title) || x.name} <small class="mono">{x.name}</small>
                  </h2>
                  <p>{both(x.about)}</p>
                  <p class="chips">
                    <span class="tag">{tWord('level', String(x.level))}</span>
                    {x.effect ? <span class="tag warn">{t('doc.effect')}</span> : <span class="tag">{t('doc.reads')}</span>}
                    {x.confirm ? <span class="tag info">{t('doc.confirms')}</span> : null}
                  </p>
                  <dl class="facts">
                    {fieldsOf(x.schema).map((f) => (
                      <div key={f.name}>
                        <dt class="mono">{f.name}{f.required ? ' *' : ''}</dt>
                        <dd>{both(f.schema.description) || f.options.join(' · ')}</dd>
                      </div>
                    ))}
                  </dl>
                </section>
              ))}
            </div>
            <Editor s={s} label={t('doc.text')} />
          </div>
        )}
      </div>
    </section>
  );
}
