/* Any JSON object for people: names in words, money, times and lists as such. */
import { dateTime } from '../lib/format.ts';
import { both, lang, t, tWord, type Both } from '../lib/i18n.ts';
import { money } from './parts.tsx';

const TIME = /^\d{4}-\d\d-\d\dT/;
const DOUBLE = /_(text|fen)$/; /* the same again: in words, in the smallest coin */
const MONEY = /(amount|total|price|refund|fee|difference|value)$/;

function isBoth(v: object): boolean {
  const keys = Object.keys(v);
  return keys.length > 0 && keys.every((k) => k === 'zh' || k === 'en');
}

export function Value({ name, v }: { name: string; v: unknown }) {
  if (v === null || v === undefined || v === '') return <>–</>;
  if (typeof v === 'boolean') return <>{t(v ? 'ui.yes' : 'ui.no')}</>;
  if (typeof v === 'number') return <span class="num">{MONEY.test(name) ? money(v) : v}</span>;
  if (typeof v === 'string')
    return <>{TIME.test(v) ? dateTime(v, lang.value) : /^(state|status)$/.test(name) ? tWord('ostate', v) : v}</>;
  if (Array.isArray(v))
    return (
      <ul class="sub">
        {v.map((x, n) => (
          <li key={n}>{x !== null && typeof x === 'object' ? <Facts of={x as Record<string, unknown>} /> : <Value name={name} v={x} />}</li>
        ))}
      </ul>
    );
  if (isBoth(v as object)) return <>{both(v as Both)}</>;
  const m = v as { amount?: unknown; currency?: unknown };
  if (typeof m.amount === 'number' && 'currency' in m) return <>{money(m as { amount: number; currency: string })}</>;
  return <Facts of={v as Record<string, unknown>} />;
}

export function Facts({ of, skip = [] }: { of: Record<string, unknown>; skip?: string[] }) {
  const rows = Object.entries(of).filter(([k, v]) => !skip.includes(k) && !DOUBLE.test(k) && v !== null && v !== '');
  return (
    <dl class="facts">
      {rows.map(([k, v]) => (
        <div key={k}>
          <dt>{tWord('fact', k)}</dt>
          <dd>
            <Value name={k} v={v} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
