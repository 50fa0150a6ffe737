/* The first sentence of the text, without headings and marks. */
export function firstSentence(md: string): string {
  const line = md.split('\n').find((l) => l.trim() && !/^\s*(#|\||---)/.test(l)) ?? '';
  const plain = line.replace(/[*_`]|^\s*([-*]|\d+\.)\s+/g, '').trim();
  return /^.*?(?:[。！？]|[.!?](?=\s|$))/.exec(plain)?.[0] ?? plain;
}
