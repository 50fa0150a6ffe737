/* What a supervisor can do with a conversation that goes on: hear a call, speak in it, take it; a chat can be taken. */
import '../desk/texts.ts';
import '../styles/floor.css';
import { t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Conv } from '../lib/types.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { lineState, openLine } from '../desk/line.ts';
import { post, seg, useJob, useKeys } from '../service/parts.tsx';

const KEY: Record<string, string> = { takeover: 'o' };

export default function Take({ c }: { c: Conv }) {
  const job = useJob();
  const voice = c.channel !== 'webchat';
  const go = (how: string) =>
    void job.run(async () => {
      const web = lineState.value === 'open' || (voice && (await openLine()));
      await post(`/api/v1/conversations/${seg(c.id)}/${how}`, { conversation: c.id, ...(voice && web ? { line: 'web' } : {}) });
      if (how === 'takeover') location.hash = makeHash(['desk']);
      return '';
    });
  useKeys(() => ({ o: () => go('takeover') }));
  return (
    <div class="listen take" role="group" aria-label={t('floor.act')} data-test="take">
      {(voice ? ['monitor', 'whisper', 'barge', 'takeover'] : ['takeover']).map((how) => (
        <button key={how} class={`btn small ${how === 'takeover' ? 'primary' : ''}`} data-test={`do-${how}`} disabled={job.busy.value} title={tWord('listenhint', how)} onClick={() => go(how)}>
          {tWord('listen', how)} {KEY[how] ? <kbd>{KEY[how]}</kbd> : null}
        </button>
      ))}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </div>
  );
}
