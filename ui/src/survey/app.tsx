/* The page behind a link in a message: one question, a scale, a word if one likes. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ApiError, call } from '../lib/api.ts';
import { both, lang, t, type Both } from '../lib/i18n.ts';
import { Rate } from '../lib/rate.tsx';
import { ErrorNote, Icon, LangSwitch, Logo, Skeleton } from '../lib/ui.tsx';

interface Survey {
  kind: string;
  min: number;
  max: number;
  question: Both;
  why?: Both;
  thanks?: Both;
  answered?: boolean;
}
const TEXT_MAX = 300;

export function SurveyApp() {
  const q = new URLSearchParams(location.search);
  const path = `/api/v1/surveys/${encodeURIComponent(q.get('token') ?? q.get('t') ?? '')}`;
  const survey = useSignal<Survey | null>(null);
  const value = useSignal<number | null>(null);
  const text = useSignal('');
  const error = useSignal<unknown>(null);
  const thanks = useSignal('');
  const busy = useSignal(false);
  useEffect(() => {
    call<Survey>(path).then((s) => (survey.value = s), (e: unknown) => (error.value = e));
  }, []);
  useEffect(() => {
    document.title = t('rate.title');
  }, [lang.value]);

  async function send() {
    if (value.value === null || busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      await call(path, { method: 'POST', body: { value: value.value, text: text.value.trim() } });
      thanks.value = both(survey.value?.thanks) || t('rate.thanks');
    } catch (e) {
      error.value = e;
    }
    busy.value = false;
  }
  const s = survey.value;
  const bad = error.value instanceof ApiError && [400, 401, 404, 410].includes(error.value.status) && !s;
  return (
    <main class="survey">
      <div class="survey-tools"><LangSwitch /></div>
      <section class="survey-card" data-test="survey">
        <Logo />
        {bad ? (
          <p class="note warn" role="alert" data-test="survey-bad">{t('rate.gone')}</p>
        ) : thanks.value ? (
          <>
            <Icon name="check" />
            <div role="status"><h1 data-test="survey-thanks">{thanks.value}</h1></div>
          </>
        ) : !s ? (
          error.value ? <ErrorNote error={error.value} /> : <Skeleton rows={3} kind="line" />
        ) : (
          <form onSubmit={(e) => {
            e.preventDefault();
            void send();
          }}>
            <h1>{both(s.question) || t('rate.title')}</h1>
            {s.answered ? <p class="hint">{t('rate.again')}</p> : null}
            <Rate kind={s.kind} from={s.min} to={s.max} label={both(s.question)} value={value.value} choose={(v) => (value.value = v)} />
            <label class="field">
              <span>{both(s.why) || t('rate.why')}</span>
              <textarea class="input" rows={3} maxLength={TEXT_MAX} data-test="survey-text" value={text.value} onInput={(e) => (text.value = e.currentTarget.value)} />
            </label>
            {error.value ? <ErrorNote error={error.value} /> : null}
            <button class="btn primary" data-test="survey-send" disabled={value.value === null || busy.value}>{t('chat.send')}</button>
          </form>
        )}
      </section>
    </main>
  );
}
