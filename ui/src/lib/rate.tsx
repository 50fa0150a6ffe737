/* A scale to choose from: five stars, or numbers; by mouse, touch and arrow keys. */
import { useSignal } from '@preact/signals';
import { t } from './i18n.ts';
import { Icon } from './ui.tsx';

interface RateProps {
  kind: string;
  from: number;
  to: number;
  label: string;
  value?: number | null;
  choose: (v: number) => void;
}

export function Rate({ kind, from, to, label, value = null, choose }: RateProps) {
  const over = useSignal<number | null>(null);
  const stars = kind === 'csat' && to - from === 4;
  const shown = over.value ?? value;
  return (
    <div class={`rate ${stars ? 'stars' : ''}`} role="group" aria-label={label} data-test="rate" onMouseLeave={() => (over.value = null)}>
      {Array.from({ length: to - from + 1 }, (_, i) => from + i).map((v) => (
        <button key={v} type="button" class={`${stars && shown !== null && v <= shown ? 'lit' : ''} ${!stars && v === value ? 'lit' : ''}`} data-test={`rate-${v}`}
          aria-pressed={v === value} aria-label={stars ? t('rate.stars', { n: v }) : String(v)} onMouseEnter={() => (over.value = v)} onClick={() => choose(v)}>
          {stars ? <Icon name="star" /> : v}
        </button>
      ))}
    </div>
  );
}
