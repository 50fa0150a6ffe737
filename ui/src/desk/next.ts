/* Which of one's own shifts is next, on the clock of the company's wall. Pure. */
export interface Own {
  zone: string;
  items: { day: string; shifts: { from_min: number; to_min: number }[] }[];
}

const clockText = (min: number): string => `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`;

export function nextShift(own: Own, ms: number): { day: string; from: string; to: string } | null {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: own.zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(ms);
  const of = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  const today = `${of('year')}-${of('month')}-${of('day')}`, min = Number(of('hour')) * 60 + Number(of('minute'));
  for (const d of own.items)
    for (const s of d.shifts)
      if (d.day > today || (d.day === today && s.to_min > min)) return { day: d.day, from: clockText(s.from_min), to: clockText(s.to_min) };
  return null;
}
