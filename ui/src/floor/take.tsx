/* What a supervisor can do with a conversation that goes on: hear a call, speak in it, take it; a chat can be taken. */
import '../desk/texts.ts';
import '../styles/floor.css';
import { t, tWord } from '../lib/i18n.ts';
import { makeHash } from '../lib/router.ts';
import type { Conv } from '../lib/types.ts';
import { ErrorNote } from '../lib/ui.tsx';
import { useJob, useKeys } from '../service/parts.tsx';
import { act, ways } from './ways.ts';

const KEY: Record<string, string> = { takeover: 'o' };

export default function Take({ c }: { c: Conv }) {
  const job = useJob();
  const all = ways(c);
  const go = (how: string) =>
    void job.run(async () => {
      await act(c, how);
      if (how === 'takeover') location.hash = makeHash(['desk']);
      return '';
    });
  useKeys((): Record<string, () => void> => (all.includes('takeover') ? { o: () => go('takeover') } : {}));
  return (
    <div class="listen take" role="group" aria-label={t('floor.act')} data-test="take">
      {all.map((how) => (
        <button key={how} class={`btn small ${how === 'takeover' ? 'primary' : ''}`} data-test={`do-${how}`} disabled={job.busy.value} title={tWord('listenhint', how)} onClick={() => go(how)}>
          {tWord('listen', how)} {KEY[how] ? <kbd>{KEY[how]}</kbd> : null}
        </button>
      ))}
      {job.error.value ? <ErrorNote error={job.error.value} /> : null}
    </div>
  );
}
