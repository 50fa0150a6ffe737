/* A page whose code comes when it is opened first; a failed download can be tried again. */
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ErrorNote, Skeleton } from './ui.tsx';

export type Loader = () => Promise<{ default: ComponentType }>;

export function Lazy({ load }: { load: Loader }) {
  const page = useSignal<{ is: ComponentType } | null>(null);
  const error = useSignal<unknown>(null);
  const fetch = () => {
    error.value = null;
    load().then(
      (m) => (page.value = { is: m.default }),
      (e: unknown) => (error.value = e),
    );
  };
  useEffect(fetch, []);
  if (page.value) {
    const Page = page.value.is;
    return <Page />;
  }
  return (
    <section class="page">
      <div class="page-body">
        {error.value ? <ErrorNote error={error.value} retry={fetch} /> : <Skeleton rows={6} kind="line" />}
      </div>
    </section>
  );
}
