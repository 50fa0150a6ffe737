/* Documents from the reader's own machine: chosen or dropped, sent one after the other, and what the server made of
 * each. */
import { useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed } from '../console/state.ts';
import { seg, useLoad } from '../service/parts.tsx';
import { KINDS, MOST, sendPieces, type Kept } from './pieces.ts';
import { BASE, Document, useLook, type Source, type SourceDoc } from './sources.tsx';

interface Sent {
  name: string;
  share: number; /* 0 to 1 */
  error: unknown;
  whole: boolean;
}

export function Upload({ done }: { done: () => void }) {
  const sent = useSignal<Sent[]>([]);
  const source = useSignal('');
  const over = useSignal(false);
  const round = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const line = useRef<Promise<void>>(Promise.resolve());

  const put = (n: number, change: Partial<Sent>) =>
    (sent.value = sent.value.map((x, i) => (i === n ? { ...x, ...change } : x)));
  const one = async (f: File, n: number) => {
    try {
      if (!f.size || f.size > MOST) throw new Error(t(f.size ? 'ku.too_big' : 'ku.empty'));
      source.value = await sendPieces(
        f,
        (piece, at) => authed<Kept>('/api/v1/kb/uploads', { method: 'POST', body: piece, query: { name: f.name, at: String(at), total: f.size } }),
        (share) => put(n, { share }),
      );
      put(n, { whole: true, share: 1 });
      round.value++;
    } catch (error) {
      put(n, { error });
    }
  };
  const take = (list: FileList | null | undefined) => {
    for (const f of list ?? []) {
      const n = sent.value.length;
      sent.value = [...sent.value, { name: f.name, share: 0, error: null, whole: false }];
      line.current = line.current.then(() => one(f, n)).then(done);
    }
  };
  return (
    <section class={`card upload ${over.value ? 'over' : ''}`} data-test="upload"
      onDragOver={(e) => {
        e.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={(e) => {
        e.preventDefault();
        over.value = false;
        take(e.dataTransfer?.files);
      }}>
      <p class="srow">
        <span class="grow">{t('ku.drop')}</span>
        <button type="button" class="btn primary" data-test="upload-choose" onClick={() => input.current?.click()}>{t('ku.choose')}</button>
        <input ref={input} type="file" multiple hidden accept={KINDS} data-test="upload-file" onChange={(e) => {
          take(e.currentTarget.files);
          e.currentTarget.value = '';
        }} />
      </p>
      <p class="hint">{t('ku.kinds')}</p>
      {sent.value.length ? (
        <ul class="docs" data-test="upload-list" aria-live="polite">
          {sent.value.map((x, n) => (
            <li key={n} class="srow" data-test="upload-row" data-state={x.error ? 'error' : x.whole ? 'whole' : 'sending'}>
              <Icon name={x.error ? 'alert' : x.whole ? 'check' : 'clock'} />
              <b class="uri">{x.name}</b>
              {x.error ? <ErrorNote error={x.error} /> : x.whole ? null : <progress max={1} value={x.share} aria-label={x.name} />}
            </li>
          ))}
        </ul>
      ) : null}
      {source.value ? <Report key={round.value} id={source.value} names={sent.value.filter((x) => x.whole).map((x) => x.name)} /> : null}
    </section>
  );
}

/* What became of them, once they are read. */
function Report({ id, names }: { id: string; names: string[] }) {
  const path = `${BASE}/${seg(id)}`;
  const got = useLoad<Source>(path);
  const docs = useLoad<{ items: SourceDoc[] }>(`${path}/documents`, { limit: 200 });
  const busy = got.data.value?.waiting ?? true;
  useLook(busy, () => Promise.all([got.load(), docs.load()]), 1000);
  const mine = (docs.data.value?.items ?? []).filter((d) => names.includes(d.uri));
  return (
    <>
      <p class="srow" role="status">
        <span class="grow">{t(busy ? 'ku.reading' : 'ku.read')}</span>
        <a href={makeHash(['kb', 'sources', id])}>{t('ku.all')}</a>
      </p>
      {busy ? null : (
        <ul class="docs" data-test="upload-report">
          {mine.map((d) => (
            <Document key={d.uri} d={d} />
          ))}
        </ul>
      )}
    </>
  );
}
