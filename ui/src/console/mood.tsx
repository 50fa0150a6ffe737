/* The mood over a conversation: a curve of valence with its turning points, and for an answer why
 * it was served like this: the row of the strategy table, what held, what else held. */
import { useSignal } from '@preact/signals';
import { pct } from '../lib/format.ts';
import { lang, t, tWord, type Key } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Ev, Strategy, Voice } from '../lib/types.ts';
import { Icon } from '../lib/ui.tsx';
import { route } from './state.ts';

const W = 600;
const H = 56;

interface Point {
  seq: number;
  turn: number;
  v: number;
  mood: string;
  voice: Voice | null;
}

function moodPoints(events: Ev[]): Point[] {
  return events.flatMap((e) =>
    e.kind === 'turn.customer' && e.body.mood
      ? [{ seq: e.seq, turn: e.turn, v: e.body.mood.valence, mood: e.body.mood.class, voice: e.body.voice ?? null }]
      : [],
  );
}

/* What the voice told beside the words. */
const voiceText = (v: Voice): string =>
  t('mood.heard', {
    arousal: `${v.arousal > 0 ? '+' : ''}${v.arousal.toFixed(2)}`,
    anger: pct(v.anger),
    trust: pct(v.trust),
  });

const y = (v: number): number => H / 2 - (Math.max(-1, Math.min(1, v)) * (H - 12)) / 2;

export function MoodCurve({ events, id }: { events: Ev[]; id: string }) {
  const points = moodPoints(events);
  const turned = new Map(
    events.flatMap((e) => (e.kind === 'mood.turn' ? [[e.body.turn ?? e.turn, e] as const] : [])),
  );
  if (points.length === 0) return null;
  const x = (i: number): number =>
    points.length === 1 ? W / 2 : 10 + (i * (W - 20)) / (points.length - 1);
  const path = points.map((p, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(p.v).toFixed(1)}`);
  const last = points[points.length - 1]!;
  const heard = points.flatMap((p, i) => (p.voice ? [{ i, n: p.turn, voice: p.voice }] : []));
  const loud = heard.map((h, k) => `${k ? 'L' : 'M'}${x(h.i).toFixed(1)} ${y(h.voice.arousal).toFixed(1)}`);
  return (
    <div class="mood" data-test="mood">
      <span class="strip-label">
        {t('mood.title')}
        <b>{tWord('emotion', last.mood)}</b>
        {turned.size ? <b class="num">{t('mood.turnings', { n: turned.size })}</b> : null}
        {heard.length ? <b class="mood-key">{t('mood.voice')}</b> : null}
      </span>
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img"
        aria-label={t('mood.label', { from: tWord('emotion', points[0]!.mood), to: tWord('emotion', last.mood) })}>
        <line class="mood-zero" x1="0" x2={W} y1={H / 2} y2={H / 2} />
        {heard.length > 1 ? <path class="mood-voice" d={loud.join('')} /> : null}
        <path class="mood-line" d={path.join('')} />
        {heard.map((h) => (
          <path key={h.n} class="mood-loud" data-test="mood-voice" stroke-width={(4 + 6 * h.voice.trust).toFixed(1)}
            d={`M${x(h.i).toFixed(1)} ${y(h.voice.arousal).toFixed(1)}h.01`} />
        ))}
      </svg>
      <ol>
        {points.map((p, i) => {
          const e = turned.get(p.turn);
          const label = e
            ? t('mood.turned', {
                n: p.turn,
                from: tWord('emotion', e.body.from),
                to: tWord('emotion', e.body.to),
                why: tWord('moodwhy', e.body.why),
              })
            : t('mood.at', { n: p.turn, mood: tWord('emotion', p.mood) });
          const title = p.voice ? `${label} · ${voiceText(p.voice)}` : label;
          return (
            <li key={p.seq} style={{ left: `${(x(i) / W) * 100}%`, top: `${(y(p.v) / H) * 100}%` }}>
              <a
                class={`mood-dot ${p.v <= -0.35 ? 'bad' : p.v >= 0.35 ? 'ok' : ''} ${e ? 'turning' : ''}`}
                data-test={e ? 'turning' : 'mood-point'}
                title={title}
                aria-label={title}
                href={makeHash(['c', id], { ...route.value.query, seq: String(p.seq) })}
              />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const yesNo = (s: string): string => (s === 'yes' || s === 'no' ? t(`ui.${s}` as Key) : s);

const words = (what: string, list: string): string =>
  list
    .split('|')
    .map((w) => (what === 'mood' ? tWord('emotion', w) : what === 'intent' ? tWord('intent', w) : yesNo(w)))
    .join(lang.value === 'zh' ? '、' : ', ');

/* What was decided, in tags: style, pace, apology, person, priority ... */
export function Served({ s }: { s: Strategy }) {
  const tags: [string, string][] = [
    [t('strategy.style'), tWord('style', s.style)],
    [t('strategy.human'), tWord('human', s.human)],
    [t('strategy.priority'), String(s.priority)],
  ];
  if (s.pace !== 100) tags.push([t('strategy.pace'), `${s.pace} %`]);
  if (s.apology !== 'none') tags.push([t('strategy.apology'), tWord('apology', s.apology)]);
  if (s.simplify) tags.push([t('strategy.simplify'), t('ui.yes')]);
  if (s.max_sentences) tags.push([t('strategy.sentences'), String(s.max_sentences)]);
  if (s.offer) tags.push([t('strategy.offer'), s.offer.replace(/_/g, ' ')]);
  if (s.alert) tags.push([t('strategy.alert'), t('ui.yes')]);
  return (
    <ul class="served">
      {tags.map(([k, v]) => (
        <li key={k}>
          <span>{k}</span> <b>{v}</b>
        </li>
      ))}
    </ul>
  );
}

export function Because({ s }: { s: Strategy }) {
  return (
    <div class="because">
      <Served s={s} />
      {s.because.length ? (
        <table>
          <thead>
            <tr>
              <th>{t('strategy.condition')}</th>
              <th>{t('strategy.wanted')}</th>
              <th>{t('strategy.was')}</th>
            </tr>
          </thead>
          <tbody>
            {s.because.map((c) => (
              <tr key={c.what}>
                <td>{tWord('cond', c.what)}</td>
                <td>{words(c.what, c.want)}</td>
                <td>{words(c.what, c.is)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p>{t('strategy.always')}</p>
      )}
      {s.instead.length ? (
        <p>
          {t('strategy.instead')} {s.instead.map((x) => x.row).join(', ')}
        </p>
      ) : null}
      {s.bounds.length ? (
        <p>
          {t('strategy.bounds')} {s.bounds.map((b) => tWord('bound', b)).join(', ')}
        </p>
      ) : null}
      {s.propensity < 1 ? <p>{t('strategy.propensity', { p: s.propensity.toFixed(3) })}</p> : null}
    </div>
  );
}

export function Why({ s }: { s: Strategy }) {
  const open = useSignal(false);
  return (
    <div class="whybox">
      <button
        class="chip"
        data-test="why"
        aria-expanded={open.value}
        title={t('strategy.why_title')}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="pulse" />
        <span>{t('strategy.row', { row: s.row })}</span>
      </button>
      {open.value ? <Because s={s} /> : null}
    </div>
  );
}
