/* A text with its **stressed** words as such; stars of a mask (138****1234) stay. */
const STRESS = /(^|[^*])\*\*([^*\s](?:[^*\n]*[^*\s])?)\*\*(?!\*)/; /* no look-behind: old phones read the chat */

/* [text, stressed] in order. Pure. */
export function stressed(text: string): [string, boolean][] {
  const all: [string, boolean][] = [];
  let rest = text;
  for (let m = STRESS.exec(rest); m; m = STRESS.exec(rest)) {
    all.push([rest.slice(0, m.index) + m[1]!, false], [m[2]!, true]);
    rest = rest.slice(m.index + m[0].length);
  }
  return [...all, [rest, false] as [string, boolean]].filter(([s]) => s);
}

export const Stressed = ({ text }: { text: string }) => <>{stressed(text).map(([s, b]) => (b ? <b>{s}</b> : s))}</>;
