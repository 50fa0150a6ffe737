/* The agent's desk: what there is to do, the conversation, what helps with it. Everything goes by keys. */
import './texts.ts';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t, tWord, type Key } from '../lib/i18n.ts';
import { isTyping } from '../lib/keys.ts';
import { Empty, ErrorNote } from '../lib/ui.tsx';
import { help, may, moreHelp, route } from '../console/state.ts';
import { useKeys } from '../service/parts.tsx';
import { accept, acting, goTo, hold, merge, mute, panel, record, reject } from './acts.ts';
import { CallBar, flip, Head } from './callbar.tsx';
import { queueName } from './parts.tsx';
import { desk, deskLink, fetchNew, oldState, put, retryDesk, startDesk } from './client.ts';
import { calling, CallNote } from './dial.tsx';
import { box, Composer, noting, take } from './composer.tsx';
import { Answer, Inbox, Queues } from './inbox.tsx';
import { Panel } from './panels.tsx';
import { flipPresence, Presence } from './presence.tsx';
import { propose } from '../console/propose.tsx';
import { lastTyped, Script } from './script.tsx';
import { Side } from './side.tsx';
import { emptyTalk } from './store.ts';
import { translating } from './translate.ts';
import type { Work } from './types.ts';
import { inbox, offersOf } from './work.ts';
import { WrapUp } from './wrapup.tsx';

const HELP: [string[], Key][] = [
  [['a', 'x'], 'desk.k_offer'], [['j', 'k'], 'desk.k_move'], [['i'], 'desk.k_write'], [['Enter'], 'desk.k_send'], [['Alt 1–3'], 'desk.k_take'],
  [['n'], 'desk.k_note'], [['l'], 'desk.k_translate'], [['h'], 'desk.k_hold'], [['u'], 'desk.k_mute'], [['d'], 'desk.k_keypad'],
  [['p'], 'desk.k_record'], [['c', 'm'], 'desk.k_consult'], [['t'], 'desk.k_transfer'], [['b'], 'desk.k_return'], [['e'], 'desk.k_end'],
  [['f'], 'prop.make'], [['s'], 'desk.k_presence'], [['Ctrl Enter'], 'desk.k_wrap'],
];

export default function Desk() {
  const id = route.value.path[1] ?? '';
  const w = desk.value.work.get(id) ?? null;
  useEffect(() => {
    startDesk(!may('live.watch'));
    moreHelp.value = { title: 'desk.title', rows: HELP };
    return () => void (moreHelp.value = null);
  }, []);
  useEffect(calledOpens, [calling.value, desk.value.work]);
  useKeys(() => keysFor(w));
  return (
    <section class={`desk ${w ? 'has' : ''}`} aria-label={t('desk.title')} data-test="desk" data-link={deskLink.value}>
      <div class="desk-left">
        <Presence />
        <CallNote />
        <Broken />
        <Inbox open={id} />
        <Queues />
      </div>
      {w ? <Middle key={w.id} w={w} /> : <Idle gone={id !== ''} />}
    </section>
  );
}

/* Whom one called has picked up: the conversation opens. */
function calledOpens(): void {
  const id = calling.value?.state === 'human' && calling.value.conversation_id;
  const w = id ? [...desk.value.work.values()].find((x) => x.conversation === id) : null;
  if (!w) return;
  calling.value = null;
  goTo(w.id);
}

/* Supervisors have the console's own banner for another line; this one is the desk's. */
function Broken() {
  if (!may('live.watch') || deskLink.value !== 'waiting') return null;
  return (
    <p class="note warn" role="status">
      <span class="grow">{t('link.lost_now')}</span>
      <button onClick={retryDesk}>{t('link.retry')}</button>
    </p>
  );
}

function Idle({ gone }: { gone: boolean }) {
  const offers = offersOf(desk.value).length;
  return (
    <div class="desk-idle">
      {gone ? <Empty icon="check" title={t('desk.gone')} text={t('desk.gone_text')} />
        : <Empty icon="headset" title={t(offers ? 'desk.rings' : 'desk.idle')} text={t(offers ? 'desk.rings_text' : 'desk.idle_text')} />}
      <News />
    </div>
  );
}

/* What happened without one's doing, the last of it. */
function News() {
  const n = desk.value.news;
  if (!n) return null;
  return (
    <p class="note" role="status" data-test="news">
      {t(`desk.news_${n.kind}` as Key, { what: desk.value.queues.some((q) => q.id === n.what) ? queueName(n.what) : n.what, why: tWord('askend', n.why) })}
    </p>
  );
}

function Middle({ w }: { w: Work }) {
  const talk = desk.value.talks.get(w.conversation) ?? emptyTalk();
  const loading = useSignal(true);
  const error = useSignal<unknown>(null);
  useEffect(() => {
    put({ type: 'local.open', data: { conversation: w.conversation } });
    panel.value = '';
    noting.value = false;
    if (translating.value !== w.conversation) translating.value = '';
    return () => put({ type: 'local.open', data: { conversation: '' } });
  }, [w.id]);
  useEffect(() => {
    loading.value = true;
    fetchNew(w.conversation).then(() => (error.value = null), (e: unknown) => (error.value = e)).finally(() => (loading.value = false));
  }, [w.id, oldState.value]);
  useEffect(() => {
    if (w.state === 'accepted' && w.media !== 'voice') requestAnimationFrame(() => box()?.focus());
  }, [w.state]);
  return (
    <>
      <div class="desk-mid">
        <Head w={w} />
        <CallBar w={w} />
        {acting.error.value ? <ErrorNote error={acting.error.value} /> : null}
        <Panel w={w} />
        <Script w={w} talk={talk} loading={loading.value} error={error.value} />
        {w.state === 'offered' ? w.ringing ? <p class="offer-bar">{t('desk.phone_rings')}</p> : <div class="offer-bar"><Answer w={w} /></div> : w.state === 'accepted' ? <Composer w={w} talk={talk} /> : null}
      </div>
      {w.state === 'wrapup' ? (
        <aside class="desk-side" aria-label={t('desk.wrapup')}>
          <div class="side-body" tabIndex={0}><WrapUp w={w} talk={talk} /></div>
        </aside>
      ) : (
        <Side w={w} talk={talk} />
      )}
    </>
  );
}

function move(by: number): void {
  const all = inbox(desk.value);
  if (!all.length) return;
  const at = all.findIndex((w) => w.id === route.value.path[1]);
  goTo(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]!.id);
}

function escape(): void {
  const here = document.activeElement as HTMLElement | null;
  if (help.value) help.value = false;
  else if (panel.value) panel.value = '';
  else if (isTyping(here)) here?.blur();
  else goTo('');
}

function keysFor(w: Work | null): Record<string, () => void> {
  const offer = w?.state === 'offered' && !w.ringing ? w : offersOf(desk.value)[0];
  const all: Record<string, () => void> = {
    j: () => move(1),
    k: () => move(-1),
    s: flipPresence,
    Escape: escape,
    ...(offer ? { a: () => void accept(offer), x: () => void reject(offer) } : {}),
  };
  const article = () => {
    const seq = w && lastTyped(desk.value.talks.get(w.conversation));
    if (seq) void propose(w.conversation, seq);
  };
  if (w?.state === 'wrapup') return { ...all, f: article, w: () => document.querySelector<HTMLElement>('[data-test=disposition]')?.focus() };
  if (w?.state !== 'accepted') return all;
  const talk = desk.value.talks.get(w.conversation);
  const picks = (talk?.suggestions ?? []).map((s, n) => [String(n + 1), () => take(w.conversation, s.text)] as const);
  const voice = w.media === 'voice';
  return {
    ...all,
    ...Object.fromEntries(picks),
    i: () => box()?.focus(),
    n: () => {
      noting.value = !noting.value;
      box()?.focus();
    },
    l: () => (translating.value = translating.value === w.conversation ? '' : w.conversation),
    h: () => void hold(w),
    f: article,
    t: () => flip('transfer'),
    b: () => flip('return'),
    e: () => flip('end'),
    ...(voice
      ? { u: () => void mute(w), d: () => flip('keypad'), p: () => void record(w), c: () => flip('consult'), m: () => void merge(w) }
      : {}),
  };
}
