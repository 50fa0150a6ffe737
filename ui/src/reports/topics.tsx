/* What customers come for, and what is not as usual; each leads to its interactions. */
import { dateTime } from '../lib/format.ts';
import { lang, t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import { Empty, ErrorNote, Skeleton } from '../lib/ui.tsx';
import { useLoad } from '../service/parts.tsx';
import { clockOf, distinct, shown, unusual, type Question } from './ask.ts';

interface Topic {
  id: number;
  n: number;
  share: number;
  containment: number | null;
  handle_ms: number | null;
  cost: number | null;
  cost_share: number | null;
  mood: number | null;
  mood_says: string;
  trend: { early: number; late: number; q: number; says: string };
  change: { at: string; q: number } | null;
  words: string[];
  quotes: { conversation_id: string; text: string }[];
  interactions: string[];
}

const share = (v: number | null) => (v === null ? '–' : shown(v * 100, 'percent', lang.value));
const tone: Record<string, string> = { more: 'warn', worse: 'bad', less: 'ok', better: 'ok' };
const Says = ({ says, title }: { says: string; title?: string }) =>
  says ? <span class={`tag ${tone[says] ?? ''}`} title={title}>{tWord('repsays', says)}</span> : null;

export function Topics() {
  const got = useLoad<{ items: Topic[]; made_at: string | null; from: string | null; to: string | null; texts: number; by: string }>('/api/v1/topics');
  const a = got.data.value;
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!a) return <Skeleton rows={6} kind="line" />;
  if (!a.items.length) return <Empty icon="chart" title={t('rep.no_topics')} text={t('rep.no_topics_text')} />;
  return (
    <div class="card flush scroll" data-test="topics">
      <p class="muted pad">
        {t('rep.topics_of', { n: a.texts, from: dateTime(a.from, lang.value), to: dateTime(a.to, lang.value) })} {a.by === 'words' ? t('rep.by_words') : ''}
      </p>
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('rep.topic')}</th>
            <th class="right">{t('rep.contacts')}</th>
            <th class="right">{t('rep.share_of')}</th>
            <th>{t('rep.trend')}</th>
            <th>{t('rep.mood')}</th>
            <th class="right">{t('rep.contained')}</th>
            <th class="right">{t('rep.cost')}</th>
            <th>{t('rep.behind_short')}</th>
          </tr>
        </thead>
        <tbody>
          {a.items.map((x) => (
            <tr key={x.id} data-test="topic">
              <td>
                <b>{x.words.join(' · ')}</b>
                {distinct(x.quotes).map((q) => (
                  <div key={q.conversation_id}><a class="muted" href={makeHash(['c', q.conversation_id])}>“{q.text}”</a></div>
                ))}
              </td>
              <td class="num right">{x.n}</td>
              <td class="num right">{share(x.share)}</td>
              <td>
                <Says says={x.trend.says} title={`${share(x.trend.early)} → ${share(x.trend.late)}, q ${x.trend.q}`} />
                {x.change ? <small class="muted"> {t('rep.since', { when: x.change.at.slice(0, 10) })}</small> : null}
              </td>
              <td class="num">{x.mood === null ? '–' : x.mood.toFixed(2)} <Says says={x.mood_says} /></td>
              <td class="num right">{share(x.containment)}</td>
              <td class="num right">{shown(x.cost, 'money', lang.value)}</td>
              <td>{x.interactions.slice(0, 5).map((id, n) => <a key={id} href={makeHash(['c', id])}>{n + 1} </a>)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Anomaly {
  kind: string;
  channel: string;
  from: string;
  to: string;
  value: number;
  expected: number;
  z: number;
  says: string;
  question: Question;
}

export function Anomalies({ open }: { open: (q: Question) => void }) {
  const got = useLoad<{ zone: string; items: Anomaly[] }>('/api/v1/anomalies', { days: 14 });
  const all = got.data.value?.items;
  const when = clockOf(got.data.value?.zone ?? 'UTC', 'hour');
  if (got.error.value) return <ErrorNote error={got.error.value} retry={() => void got.load()} />;
  if (!all) return <Skeleton rows={6} kind="line" />;
  if (!all.length) return <Empty icon="chart" title={t('rep.as_usual')} text={t('rep.as_usual_text')} />;
  return (
    <div class="card flush scroll" data-test="anomalies">
      <table class="table rows">
        <thead>
          <tr>
            <th>{t('rep.began')}</th>
            <th>{t('rep.ended')}</th>
            <th>{tWord('repdim', 'channel')}</th>
            <th>{t('rep.what')}</th>
            <th class="right">{t('rep.value')}</th>
            <th class="right">{t('rep.usual')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {all.map((x, n) => (
            <tr key={n}>
              <td>{when(Date.parse(x.from) / 1000)}</td>
              <td>{when(Date.parse(x.to) / 1000)}</td>
              <td>{tWord('channel', x.channel)}</td>
              <td>{tWord('repkind', x.kind)} <Says says={x.says} title={`z ${x.z}`} /></td>
              <td class="num right">{unusual(x.kind, x.value, lang.value)}</td>
              <td class="num right">{unusual(x.kind, x.expected, lang.value)}</td>
              <td><button class="btn" onClick={() => open({ ...x.question, rows: ['time', 'topic'], interval: 'hour' })}>{t('rep.open')}</button></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
