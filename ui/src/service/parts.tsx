/* What the service pages share: loading, paged lists, rows moved through by keys, tabs, notices. */
import './texts.ts';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal, type Signal } from '@preact/signals';
import { ApiError, type CallOptions } from '../lib/api.ts';
import { newJob, type Job } from '../lib/job.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { isTyping, type Bindings } from '../lib/keys.ts';
import { makeHash } from '../lib/router.ts';
import { ErrorNote, Icon, Skeleton } from '../lib/ui.tsx';
import { authed, authedTagged, keyStack, order, route, user } from '../console/state.ts';

type Query = NonNullable<CallOptions['query']>;

export interface Loaded<T> {
  data: Signal<T | null>;
  error: Signal<unknown>;
  etag: Signal<string | null>;
  load: () => Promise<void>;
}

/* What a path answers, asked again when path or query change; an answer that comes late is dropped. */
export function useLoad<T>(path: string, query: Query = {}): Loaded<T> {
  const data = useSignal<T | null>(null);
  const error = useSignal<unknown>(null);
  const etag = useSignal<string | null>(null);
  const key = JSON.stringify([path, query]);
  const wanted = useRef(key);
  wanted.current = key;
  async function load() {
    error.value = null;
    try {
      const got = await authedTagged<T>(path, { query });
      if (wanted.current !== key) return;
      data.value = got.body;
      etag.value = got.etag;
    } catch (e) {
      if (wanted.current === key) error.value = e;
    }
  }
  useEffect(() => void load(), [key]);
  return { data, error, etag, load };
}

/* What is changed is what was read. */
export const ifMatch = (got: Pick<Loaded<unknown>, 'etag'>): Record<string, string> =>
  got.etag.value ? { 'If-Match': got.etag.value } : {};

interface Paged<T> {
  items: T[];
  next?: string | null;
  next_cursor?: string | null;
}
export interface Pages<T> {
  rows: Signal<T[] | null>;
  next: Signal<string | null>;
  error: Signal<unknown>;
  load: (cursor: string | null) => Promise<void>;
}
const TYPING_MS = 200;

export function usePages<T>(path: string, query: Query): Pages<T> {
  const rows = useSignal<T[] | null>(null);
  const next = useSignal<string | null>(null);
  const error = useSignal<unknown>(null);
  const key = JSON.stringify([path, query]);
  const wanted = useRef(key);
  wanted.current = key;
  async function load(cursor: string | null) {
    error.value = null;
    try {
      const p = await authed<Paged<T>>(path, { query: { ...query, cursor } });
      if (wanted.current !== key) return;
      rows.value = cursor ? [...(rows.value ?? []), ...p.items] : p.items;
      next.value = p.next ?? p.next_cursor ?? null;
    } catch (e) {
      if (wanted.current === key) error.value = e;
    }
  }
  useEffect(() => {
    const later = setTimeout(() => void load(null), rows.peek() ? TYPING_MS : 0);
    return () => clearTimeout(later);
  }, [key]);
  return { rows, next, error, load };
}

/* One effect for one press: the same key when the same request is sent again. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');

export const post = <T,>(path: string, body: unknown, key = newKey()): Promise<T> =>
  authed<T>(path, { method: 'POST', body, headers: { 'Idempotency-Key': key } });

export const seg = encodeURIComponent;

const clash = (e: unknown): unknown => (e instanceof ApiError && e.status === 412 ? new ApiError(412, '', t('svc.clash')) : e);

export function useJob(): Job {
  const job = useRef<Job | null>(null);
  return (job.current ??= newJob(clash));
}

/* Keys while this is on screen. */
export function useKeys(keys: () => Bindings): void {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    const mine = () => latest.current();
    keyStack.push(mine);
    order.value = [];
    return () => void keyStack.splice(keyStack.indexOf(mine), 1);
  }, []);
}

/* j and k through rows, Enter opens one. Rows carry data-row and aria-current. */
export function useRows(n: number, open: (at: number) => void, more: () => Bindings = () => ({})): Signal<number> {
  const at = useSignal(-1);
  const go = (to: number) => {
    at.value = Math.max(0, Math.min(n - 1, to));
    requestAnimationFrame(() =>
      document.querySelector('[data-row][aria-current=true]')?.scrollIntoView({ block: 'nearest' }));
  };
  useKeys(() => ({
    j: () => n && go(at.value + 1),
    k: () => n && go(at.value - 1),
    Enter: () => at.value >= 0 && at.value < n && open(at.value),
    ...more(),
  }));
  return at;
}

export function setHashQuery(change: Record<string, string>): void {
  history.replaceState(null, '', makeHash(route.value.path, { ...route.value.query, ...change }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function Search({ label }: { label: string }) {
  return (
    <label class="search">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        data-search
        data-test="search"
        aria-label={label}
        placeholder={label}
        value={route.value.query['q'] ?? ''}
        onInput={(e) => setHashQuery({ q: e.currentTarget.value })}
      />
      <kbd>/</kbd>
    </label>
  );
}

export function Pick(p: { name: string; label: string; words: string[]; group: string; every: string }) {
  return (
    <select
      class="input"
      data-test={`pick-${p.name}`}
      aria-label={p.label}
      value={route.value.query[p.name] ?? ''}
      onChange={(e) => setHashQuery({ [p.name]: e.currentTarget.value })}
    >
      <option value="">{p.every}</option>
      {p.words.map((w) => (
        <option key={w} value={w}>
          {tWord(p.group, w)}
        </option>
      ))}
    </select>
  );
}

/* Where what is shown was made up for the demo, and not lived. */
export const Sample = () =>
  user.value?.sample_history ? <span class="tag warn" data-test="sample" title={t('sample.text')}>{t('sample.title')}</span> : null;

/* [path's second part, label]; the first has none. */
export function Tabs({ page, tabs, label }: { page: string; label: string; tabs: [string, string, (number | null)?][] }) {
  const here = route.value.path[1] ?? '';
  return (
    <nav class="seg" aria-label={label}>
      {tabs.map(([to, text, n]) => (
        <a
          key={to}
          href={makeHash(to ? [page, to] : [page])}
          data-test={`tab-${to || page}`}
          aria-current={here === to ? 'page' : undefined}
        >
          {text}
          {n ? <em class="num">{n}</em> : null}
        </a>
      ))}
    </nav>
  );
}

export function Rows<T>(p: {
  pages: Pages<T>;
  empty: ComponentChildren;
  children: (rows: T[]) => ComponentChildren;
}) {
  const { rows, error, next, load } = p.pages;
  return (
    <>
      {error.value ? <ErrorNote error={error.value} retry={() => void load(null)} /> : null}
      {rows.value === null ? (
        error.value ? null : <Skeleton rows={8} kind="line" />
      ) : rows.value.length === 0 ? (
        p.empty
      ) : (
        p.children(rows.value)
      )}
      {next.value ? (
        <button class="btn more" data-test="more" onClick={() => void load(next.value)}>
          {t('live.more')}
        </button>
      ) : null}
    </>
  );
}

/* Escape: out of the field first, then back. */
function leave(to: string[]): void {
  const here = document.activeElement as HTMLElement | null;
  if (document.querySelector('dialog[open]')) return;
  if (isTyping(here)) here?.blur();
  else location.hash = makeHash(to);
}

export function BackBar({ to, children }: { to: string[]; children?: ComponentChildren }) {
  useKeys(() => ({ Escape: () => leave(to) }));
  return (
    <header class="bar">
      <a class="btn ghost" href={makeHash(to)} data-test="back">
        <Icon name="back" />
        {t('ui.back')}
      </a>
      {children}
    </header>
  );
}

export function Done({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <p class="saved" role="status" data-test="done">
      <Icon name="check" />
      {text}
      {children}
    </p>
  );
}

export function money(n: number | { amount: number; currency?: string } | null | undefined, currency = 'CNY'): string {
  if (n === null || n === undefined) return '–';
  const [amount, cur] = typeof n === 'number' ? [n, currency] : [n.amount, n.currency ?? currency];
  return new Intl.NumberFormat(lang.value === 'zh' ? 'zh-CN' : 'en', {
    style: 'currency',
    currency: cur || 'CNY',
    currencyDisplay: 'narrowSymbol',
  }).format(amount);
}

/* Gives the reader a file. */
export function save(name: string, bytes: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/* Who did it: "user:mei" is mei; bot, customer and others by their names. */
export const byText = (by: string | null | undefined): string => tWord('who', (by ?? '').replace(/^user:/, ''));
