/* A text with its **stressed** words as such; stars of a mask (138****1234) stay. */
const STRESS = /(?<!\*)\*\*(?!\*)(\S(?:[^*\n]*[^*\s])?)\*\*(?!\*)/;

/* [text, stressed] in order. Pure. */
export function stressed(text: string): [string, boolean][] {
  return text
    .split(STRESS)
    .map((s, n): [string, boolean] => [s, n % 2 === 1])
    .filter(([s]) => s);
}

export const Stressed = ({ text }: { text: string }) => <>{stressed(text).map(([s, b]) => (b ? <b>{s}</b> : s))}</>;
