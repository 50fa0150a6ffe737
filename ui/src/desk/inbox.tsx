/* The left pane: offers that ring, what is served, what is to be wrapped up. */
import { clock } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, Icon } from '../lib/ui.tsx';
import { waits } from '../console/live.ts';
import { now } from '../console/state.ts';
import { accept, acting, reject } from './acts.ts';
import { desk } from './client.ts';
import { AwayTag, DueTag, Media, MoodDot, queueName } from './parts.tsx';
import type { Work, WorkState } from './types.ts';
import { dueOf, inbox } from './work.ts';

const GROUPS: [WorkState, Key][] = [['offered', 'desk.offers'], ['accepted', 'desk.mine'], ['wrapup', 'desk.wrapups']];

const NOTHING: Record<string, Key> = { offline: 'desk.nothing_offline', wrapup: 'desk.nothing_wrapup' };

export const nameOf = (w: Work): string => w.customer?.name || t('conv.visitor', { id: w.conversation.slice(-4) });

export function Inbox({ open }: { open: string }) {
  const all = inbox(desk.value);
  if (!all.length)
    return (
      <Empty icon="users" title={t('desk.nothing')}
        text={t(NOTHING[desk.value.state.state.toLowerCase()] ?? 'desk.nothing_text')} />
    );
  return (
    <div class="inbox" data-test="inbox">
      {GROUPS.map(([state, label]) => {
        const rows = all.filter((w) => w.state === state);
        if (!rows.length) return null;
        return (
          <section key={state} aria-label={t(label)}>
            <h2>
              {t(label)} <em class="num">{rows.length}</em>
            </h2>
            <ul>
              {rows.map((w) => (
                <li key={w.id}>{state === 'offered' ? <Offer w={w} open={open} /> : <Row w={w} open={open} />}</li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

function Lines({ w }: { w: Work }) {
  const talk = desk.value.talks.get(w.conversation);
  const last = talk?.events.filter((e) => e.kind === 'turn.customer' || e.kind === 'turn.agent').at(-1)?.body.text;
  const text = w.state === 'offered' ? (w.packet?.summary ?? '') : (talk?.partial?.text ?? last ?? w.packet?.summary ?? '');
  return (
    <>
      <span class="ib-who">
        <b>{nameOf(w)}</b>
        {w.language ? <span class="lang">{w.language}</span> : null}
        <MoodDot mood={talk?.mood || (w.packet?.mood?.now ?? '')} trend={talk?.trend ?? 0} />
        {w.priority > 0 ? <span class="tag bad num" title={t('desk.priority')}>P{w.priority}</span> : null}
      </span>
      <span class="ib-text" lang={w.language || undefined}>
        {text || tWord('askreason', w.packet?.reason)}
      </span>
    </>
  );
}

function Row({ w, open }: { w: Work; open: string }) {
  const talk = desk.value.talks.get(w.conversation);
  return (
    <a class="ib-row" data-test="work" data-id={w.id} data-state={w.state} href={makeHash(['desk', w.id])}
      aria-current={open === w.id ? 'true' : undefined}>
      <Media media={w.media} on={w.state === 'accepted'} />
      <span class="ib-main">
        <Lines w={w} />
        <AwayTag w={w} />
      </span>
      <span class="ib-side">
        <DueTag due={dueOf(desk.value, w, now.value)} label={t(w.state === 'wrapup' ? 'desk.wrap_left' : 'desk.answer_due')} />
        {w.held ? <span class="tag warn">{t('desk.held')}</span> : null}
        {talk?.unread ? (
          <span class="unread num" data-test="unread" aria-label={t('desk.unread', { n: talk.unread })}>
            {talk.unread}
          </span>
        ) : null}
      </span>
    </a>
  );
}

function Offer({ w, open }: { w: Work; open: string }) {
  const waited = now.value - w.since_ms;
  const due = dueOf(desk.value, w, now.value);
  return (
    <article class={`offer ${open === w.id ? 'lit' : ''}`} data-test="offer" data-id={w.id} aria-live="assertive">
      <a class="ib-row" href={makeHash(['desk', w.id])}>
        <Media media={w.media} />
        <span class="ib-main">
          <Lines w={w} />
        </span>
      </a>
      <p class="offer-facts">
        <DueTag due={due} label={t('desk.offer_left')} />
        <span class="tag accent">{queueName(w.queue)}</span>
        <AwayTag w={w} />
        {w.customer?.tier ? <span class={`tag tier ${w.customer.tier}`}>{tWord('tier', w.customer.tier)}</span> : null}
        <span class="num muted">{t('desk.waited', { t: clock(waited) })}</span>
      </p>
      {w.ringing ? (
        <p class="offer-rings" role="status" data-test="ringing">
          <Icon name="phone" />
          {t('desk.phone_rings')}
        </p>
      ) : null}
      <div class="offer-do" hidden={w.ringing}>
        <Answer w={w} />
      </div>
    </article>
  );
}

/* Take it or not. */
export function Answer({ w }: { w: Work }) {
  return (
    <>
      <button class="btn primary" data-test="accept" disabled={acting.busy.value} onClick={() => void accept(w)}>
        <Icon name={w.media === 'voice' ? 'phone' : 'check'} />
        {t('desk.accept')} <kbd>a</kbd>
      </button>
      <button class="btn" data-test="reject" disabled={acting.busy.value} onClick={() => void reject(w)}>
        {t('desk.reject')} <kbd>x</kbd>
      </button>
    </>
  );
}

/* Numbers of the agent's own queues, below the inbox. */
export function Queues() {
  const rows = desk.value.queues;
  if (!rows.length) return null;
  return (
    <section class="minis" aria-label={t('desk.queues')} data-test="desk-queues">
      <h2>{t('desk.queues')}</h2>
      <table>
        <thead>
          <tr>
            <th>{t('desk.queue')}</th>
            <th class="right">{t('desk.waiting')}</th>
            <th class="right">{t('desk.longest')}</th>
            <th class="right">{t('desk.ready')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((q) => (
            <tr key={q.id} class={waits(q) ? 'busy' : ''}>
              <td lang={lang.value}>{queueName(q.id)}</td>
              <td class="num right">{waits(q)}</td>
              <td class="num right">{q.longest_ms ? clock(q.longest_ms) : '–'}</td>
              <td class="num right">{q.ready ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
