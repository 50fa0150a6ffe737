/* A set-up that is being edited: an object from the server, changed by paths ("sl.pct"), sent back whole. Pure. */
export type Obj = Record<string, unknown>;

export function getAt(o: Obj, path: string): unknown {
  return path.split('.').reduce<unknown>((v, k) => (v !== null && typeof v === 'object' ? (v as Obj)[k] : undefined), o);
}

/* A copy with this value there; undefined takes it away. */
export function setAt(o: Obj, path: string, value: unknown): Obj {
  const [head, ...rest] = path.split('.') as [string, ...string[]];
  const next = { ...o };
  if (rest.length) {
    const inner = next[head];
    next[head] = setAt(inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? (inner as Obj) : {}, rest.join('.'), value);
  } else if (value === undefined) delete next[head];
  else next[head] = value;
  return next;
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/* The object of a text, or where it is no JSON object. */
export function parsed(text: string): { value: Obj } | { fault: string } {
  try {
    const v: unknown = JSON.parse(text);
    if (v === null || typeof v !== 'object' || Array.isArray(v)) return { fault: 'not an object' };
    return { value: v as Obj };
  } catch (e) {
    return { fault: (e as Error).message };
  }
}

/* Skills as { orders: 8 }: one level changed; 0 takes it away. */
export function withLevel(skills: Record<string, number>, id: string, level: number): Record<string, number> {
  const { [id]: _, ...rest } = skills;
  return level > 0 ? { ...rest, [id]: Math.min(10, Math.round(level)) } : rest;
}

export interface Seat {
  queue: string;
  tier: number;
  position: number;
}
export function toggleSeat(seats: Seat[], queue: string): Seat[] {
  return seats.some((s) => s.queue === queue) ? seats.filter((s) => s.queue !== queue) : [...seats, { queue, tier: 1, position: 1 }];
}

/* As the server takes names of queues, skills and agents. */
export const fitsId = (id: string): boolean => /^[A-Za-z0-9_.@-]{1,47}$/.test(id);

export function newThing(what: 'queue' | 'skill' | 'agent', id: string, zh: string, en: string): Obj {
  return what === 'agent' ? { login: id, name: en || id } : { id, title: { zh, en } };
}
