/* The words that an answer is from. */
import { Stressed } from '../lib/stress.tsx';
import type { Cite } from '../lib/types.ts';

export const Quotes = ({ cites }: { cites: Cite[] }) => (
  <>
    {cites.map((c, n) => (
      <blockquote key={n} lang={c.lang}>
        <Stressed text={c.quote} />
      </blockquote>
    ))}
  </>
);
