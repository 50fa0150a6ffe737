/* The list of shortcuts, as a dialog. */
import { useEffect, useRef } from 'preact/hooks';
import { t, type Key } from '../lib/i18n.ts';
import { moreHelp } from './state.ts';
import { Icon } from '../lib/ui.tsx';

const ROWS: [string[], Key][] = [
  [['j', 'k'], 'help.move'],
  [['Enter'], 'help.open'],
  [['/'], 'help.search'],
  [['Space'], 'help.play'],
  [['p'], 'help.record'],
  [['g', 'd'], 'help.desk'],
  [['g', 'f'], 'help.floor'],
  [['g', 'q'], 'help.quality'],
  [['g', 'p'], 'help.reports'],
  [['g', 'w'], 'help.forecast'],
  [['g', 'b'], 'help.learning'],
  [['g', 'l'], 'help.live'],
  [['g', 'c'], 'help.customers'],
  [['g', 'o'], 'help.orders'],
  [['g', 't'], 'help.tickets'],
  [['g', 'k'], 'help.kb'],
  [['g', 'r'], 'help.rules'],
  [['g', 's'], 'help.strategy'],
  [['g', 'i'], 'help.training'],
  [['g', ','], 'help.settings'],
  [['g', 'h'], 'help.health'],
  [['y', 'n'], 'help.approve'],
  [['h', 'l'], 'help.column'],
  [['[', ']'], 'help.shift'],
  [['e'], 'help.edit'],
  [['Esc'], 'help.back'],
  [['?'], 'help.help'],
];

export function Help({ close }: { close: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog class="help" ref={ref} onClose={close} aria-labelledby="help-title" data-test="help">
      <header>
        <h2 id="help-title">{t('help.title')}</h2>
        <button class="btn ghost square" aria-label={t('ui.close')} onClick={close}>
          <Icon name="x" />
        </button>
      </header>
      {moreHelp.value ? (
        <>
          <h3>{t(moreHelp.value.title)}</h3>
          <List rows={moreHelp.value.rows} />
          <h3>{t('help.everywhere')}</h3>
        </>
      ) : null}
      <List rows={ROWS} />
    </dialog>
  );
}

const List = ({ rows }: { rows: [string[], Key][] }) => (
  <dl>
    {rows.map(([keys, label]) => (
      <div key={label}>
        <dt>{t(label)}</dt>
        <dd>
          {keys.map((k) => (
            <kbd key={k}>{k}</kbd>
          ))}
        </dd>
      </div>
    ))}
  </dl>
);
