/* Documents from the reader's own machine: chosen or dropped, sent one after the other, and what the server made of
 * each. */
import { useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ApiError } from '../lib/api.ts';
import { t } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon } from '../lib/ui.tsx';
import { authed } from '../console/state.ts';
import { newKey, seg, useLoad } from '../service/parts.tsx';
import { KINDS, MOST, sendPieces, type Kept } from './pieces.ts';
import { BASE, Document, useLook, type Source, type SourceDoc } from './sources.tsx';

interface Sent {
  name: string;
  share: number; /* 0 to 1 */
  error: unknown;
  whole: boolean;
  replaced: boolean;
}

const FULL = 507; /* the server has no room for more documents */

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
      const upload = newKey(); /* two windows may send files of one name */
      const got = await sendPieces(
        f,
        (piece, at) => authed<Kept>('/api/v1/kb/uploads', { method: 'POST', body: piece, query: { name: f.name, at: String(at), total: f.size, upload } }),
        (share) => put(n, { share }),
      );
      source.value = got.source;
      put(n, { whole: true, share: 1, replaced: got.replaced ?? false });
      round.value++;
    } catch (error) {
      put(n, { error: error instanceof ApiError && error.status === FULL ? new Error(t('ku.full')) : error });
    }
  };
  const take = (list: FileList | null | undefined) => {
    for (const f of list ?? []) {
      const n = sent.value.length;
      sent.value = [...sent.value, { name: f.name, share: 0, error: null, whole: false, replaced: false }];
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
              {x.replaced ? <span class="tag info" data-test="upload-replaced">{t('ku.replaced')}</span> : null}
              {x.error ? <ErrorNote error={x.error} /> : x.whole ? null : <progress max={1} value={x.share} aria-label={x.name} />}
            </li>
          ))}
        </ul>
      ) : null}
      {source.value ? <Report key={round.value} id={source.value} names={[...new Set(sent.value.filter((x) => x.whole).map((x) => x.name))]} /> : null}
    </section>
  );
}

/* What became of them, once they are read. */
function Report({ id, names }: { id: string; names: string[] }) {
  const path = `${BASE}/${seg(id)}`;
  const got = useLoad<Source>(path);
  const busy = got.data.value?.waiting ?? true;
  useLook(busy, got.load, 1000);
  return (
    <>
      <p class="srow" role="status">
        <span class="grow">{t(busy ? 'ku.reading' : 'ku.read')}</span>
        <a href={makeHash(['kb', 'sources', id])}>{t('ku.all')}</a>
      </p>
      {busy ? null : (
        <ul class="docs" data-test="upload-report">
          {names.map((name) => (
            <Became key={name} path={path} name={name} />
          ))}
        </ul>
      )}
    </>
  );
}

function Became({ path, name }: { path: string; name: string }) {
  const docs = useLoad<{ items: SourceDoc[] }>(`${path}/documents`, { uri: name });
  const d = docs.data.value?.items[0];
  if (docs.error.value) return <li><ErrorNote error={docs.error.value} retry={() => void docs.load()} /></li>;
  return d ? <Document d={d} /> : null;
}
