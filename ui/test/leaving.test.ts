/* Signing out, and what is still open then: the ring, the queue of frames, the line of this browser. And a start of the
 * console while the server does not answer. The browser is made here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageName } from '../src/console/state.ts';
import type { Gauges } from '../src/lib/types.ts';

const g = globalThis as unknown as Record<string, unknown>;
const put = (name: string, v: unknown): void => void Object.defineProperty(g, name, { value: v, configurable: true, writable: true });
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

const kept = new Map([['callm.token', 'tok'], ['callm.zone', 'Pacific/Kiritimati']]);
put('localStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) });
put('location', { hash: '', search: '', protocol: 'http:', host: 'localhost' });
put('document', { documentElement: { dataset: {} }, visibilityState: 'visible' });
put('navigator', { language: 'en', mediaDevices: { getUserMedia: () => new Promise((given) => (grant = given)) } });
put('addEventListener', () => undefined);
put('matchMedia', () => ({ matches: false, addEventListener: () => undefined }));
let grant: (stream: unknown) => void = () => undefined;

/* Timers that only run when a test says so. */
const timers = new Map<number, { fn: () => void; ms: number; every: boolean }>();
let made = 0;
const timer = (every: boolean) => (fn: () => void, ms: number) => (timers.set(++made, { fn, ms, every }), made);
put('setInterval', timer(true));
put('setTimeout', timer(false));
put('clearInterval', (id: number) => timers.delete(id));
put('clearTimeout', (id: number) => timers.delete(id));
const due = (ms: number): number[] => [...timers].filter(([, x]) => x.ms === ms).map(([id]) => id);
function pass(): void {
  for (const [id, x] of [...timers])
    if (!x.every) {
      timers.delete(id);
      x.fn();
    }
}

const sockets: FakeSocket[] = [];
class FakeSocket {
  static OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  onopen = (): void => undefined;
  onclose = (): void => undefined;
  onmessage = (_: { data: unknown }): void => undefined;
  constructor(public url: string) {
    sockets.push(this);
  }
  send(): void {}
  close(): void {
    this.readyState = 3;
  }
}
put('WebSocket', FakeSocket);
class FakeAudio {
  closed = false;
  audioWorklet = { addModule: async () => undefined };
  async resume() {}
  createMediaStreamSource = () => ({ connect: () => undefined });
  async close() {
    this.closed = true;
  }
}
put('window', g);
put('AudioContext', FakeAudio);
put('AudioWorkletNode', class {
  port = { postMessage: () => undefined };
  connect(): void {}
});
const microphone = () => {
  const track = { enabled: true, live: true, stop: () => (track.live = false) };
  return { track, getTracks: () => [track], getAudioTracks: () => [track] };
};

let me: { status: number; body: unknown } = { status: 503, body: {} };
const asked: string[] = [];
put('fetch', async (path: string) => {
  asked.push(path);
  return new Response(JSON.stringify(me.body), { status: me.status, headers: { 'Content-Type': 'application/json' } });
});

const { here } = await import('../src/lib/format.ts');
const state = await import('../src/console/state.ts');
const client = await import('../src/desk/client.ts');
const line = await import('../src/desk/line.ts');
const RING_MS = 3000;

test('the zone of the times is known before the server says who is signed in', () => {
  assert.deepEqual([here(), state.zoned.value], ['Pacific/Kiritimati', true]);
});

test('signing out stops the ring, drops the frames that wait and closes the line of this browser', async () => {
  client.startDesk(true);
  const s = sockets.at(-1)!;
  s.onopen();
  const says = (m: unknown): void => s.onmessage({ data: JSON.stringify(m) });
  says({ seq: 1, type: 'hello', data: { me: { login: 'mei' }, state: { state: 'ready' }, work: [{ handover: 'h1', conversation: 'c1', state: 'offered' }] } });
  assert.equal(due(RING_MS).length, 1, 'it rings');
  says({ seq: 2, type: 'handover.offered', data: { handover: 'h2', conversation: 'c2' } });

  const opening = line.openLine();
  const mic = microphone();
  grant(mic);
  await turn();
  const media = sockets.at(-1)!;
  assert.match(media.url, /ws\/media/);
  media.onopen();
  assert.deepEqual([await opening, line.lineState.value, mic.track.live], [true, 'open', true]);

  state.feed({ type: 'stats', data: {} as Gauges });
  state.signOut();
  assert.equal(due(RING_MS).length, 0, 'it rings no more');
  assert.deepEqual([line.lineState.value, mic.track.live, media.readyState], ['off', false, 3]);
  pass();
  assert.deepEqual([client.desk.value.work.size, state.live.value.gauges], [0, null], 'what waited was of the one who left');
});

test('a line that is closed while the browser asks for the microphone stays closed', async () => {
  const before = sockets.length;
  const first = line.openLine();
  const late = microphone();
  const grant_first = grant;
  line.closeLine();
  const second = line.openLine();
  grant_first(late);
  assert.deepEqual([await first, late.track.live, line.lineState.value], [false, false, 'opening']);
  const mic = microphone();
  grant(mic);
  await turn();
  assert.equal(sockets.length, before + 1, 'one line');
  sockets.at(-1)!.onopen();
  assert.deepEqual([await second, mic.track.live], [true, true]);
  line.closeLine();
});

test('who is signed in is asked again until the server says it; then the line of that role is opened', async () => {
  const me_asked = (): number => asked.filter((p) => p.startsWith('/api/v1/me')).length;
  kept.set('callm.token', 'tok');
  state.token.value = 'tok';
  state.user.value = null;
  const before = me_asked();
  const ready = state.boot();
  await turn();
  assert.deepEqual([me_asked() - before, state.user.value, state.link.value], [1, null, 'waiting']);
  me = { status: 200, body: { login: 'ann', name: 'Ann', role: 'viewer', may: ['agent.read', 'article.read', 'queue.read', 'report.read', 'system.read'] } };
  const n = sockets.length;
  state.reconnect();
  await ready;
  assert.deepEqual([(state.user.value as { login: string } | null)?.login, state.page.value, state.link.value], ['ann', 'kb', 'closed']);
  assert.equal(sockets.length, n, 'a viewer has no line');
});

test('the zone is kept beside the token, and goes with it', async () => {
  me = { status: 200, body: { login: 'ann', name: 'Ann', role: 'viewer', may: [], timezone: 'Asia/Shanghai' } };
  state.signOut();
  assert.deepEqual([kept.get('callm.zone'), state.zoned.value], [undefined, false]);
  state.token.value = 'tok';
  await state.boot();
  assert.deepEqual([kept.get('callm.zone'), here(), state.zoned.value], ['Asia/Shanghai', 'Asia/Shanghai', true]);
  state.signOut();
  me = { status: 200, body: { token: 'new', user: { login: 'bo', name: 'Bo', role: 'viewer', may: [] } } };
  await state.signIn('bo', 'secret');
  assert.deepEqual([kept.get('callm.zone'), state.zoned.value], ['', true], 'a company without one');
  state.signOut();
});

test('names of customers are of the user who may know them', async () => {
  const { loadNames, nameOf } = await import('../src/service/known.ts');
  const as = (login: string, ...may: string[]): void => void (state.user.value = { login, name: login, role: 'viewer', may });
  const lists = (): number => asked.filter((p) => p.startsWith('/api/v1/customers')).length;
  state.token.value = 'tok';
  me = { status: 200, body: { items: [{ id: 'C1', name: 'Wang Li' }, { id: 'C2' }] } };
  as('ann', 'customer.read');
  await loadNames();
  await loadNames();
  assert.deepEqual([nameOf('C1'), nameOf('C2'), lists()], ['Wang Li', 'C2', 1]);
  state.signOut();
  assert.equal(nameOf('C1'), 'C1', 'signed out');
  state.token.value = 'tok';
  as('bo');
  await loadNames();
  assert.deepEqual([nameOf('C1'), lists()], ['C1', 1], 'the next one may not');
  as('cy', 'customer.read');
  const late = loadNames();
  as('bo');
  await late;
  assert.deepEqual([nameOf('C1'), lists()], ['C1', 2], 'what comes late is for nobody else');
  state.signOut();
});

test('pages, the first one and the line go by permissions, whatever the role is called', async () => {
  state.route.value = { path: [], query: {} };
  const as = (...may: string[]): void => void (state.user.value = { login: 'bo', name: 'Bo', role: 'night-desk', may });
  const seen = (...pages: PageName[]): boolean[] => pages.map(state.opens);
  as('desk.open', 'report.read', 'forecast.read');
  assert.deepEqual(seen('desk', 'reports', 'forecast', 'live', 'kb', 'settings'), [true, true, true, false, false, false]);
  assert.equal(state.page.value, 'desk');
  as('webhook.manage');
  assert.deepEqual([seen('settings'), state.page.value], [[true], 'settings']);
  as('live.watch', 'desk.open');
  assert.equal(state.page.value, 'live');
  as();
  assert.deepEqual([seen('live', 'c'), state.page.value], [[false, false], 'live']);
  state.token.value = 'tok';
  const lines = async (...may: string[]): Promise<(string | undefined)[]> => {
    as(...may);
    const before = sockets.length;
    await state.boot();
    const urls = sockets.slice(before).map((s) => /ws\/(\w+)/.exec(s.url)?.[1]);
    state.signOut();
    state.token.value = 'tok';
    return urls;
  };
  assert.deepEqual(await lines('desk.open'), ['agent']);
  assert.deepEqual(await lines('live.watch', 'desk.open'), ['supervisor'], 'the desk page opens its own');
  assert.deepEqual(await lines('report.read'), []);
});

test('signing out ends the asking', async () => {
  me = { status: 503, body: {} };
  state.user.value = null;
  const ready = state.boot();
  await turn();
  assert.equal(state.link.value, 'waiting');
  state.signOut();
  await ready;
  assert.deepEqual([state.user.value, state.link.value], [null, 'closed']);
});

test('the rows of a conversation are read to the end', async () => {
  state.token.value = 'tok';
  const rows = (from: number, n: number) => ({ items: Array.from({ length: n }, (_, i) => ({ seq: from + i, kind: 'turn.bot', ts: '', turn: 1, actor: 'bot', body: {} })) });
  put('fetch', async (path: string) => {
    const after = Number(new URLSearchParams(path.split('?')[1]).get('after'));
    return new Response(JSON.stringify(rows(after + 1, Math.min(500, 1100 - after))), { headers: { 'Content-Type': 'application/json' } });
  });
  const all = await state.fetchEvents('c1', 0);
  assert.deepEqual([all.length, all.at(-1)!.seq], [1100, 1100]);
  assert.equal((await state.fetchEvents('c1', 1050)).length, 50);
});

test('an answer has no stars while it is written', async () => {
  const { Draft } = await import('../src/chat/app.tsx');
  type Node = { type?: unknown; props?: Record<string, unknown> } | string | Node[];
  const html = (n: Node): string => {
    if (Array.isArray(n)) return n.map(html).join('');
    if (typeof n !== 'object' || !n) return String(n ?? '');
    if (typeof n.type === 'function') return html((n.type as (p: unknown) => Node)(n.props));
    const inner = html((n.props?.['children'] ?? '') as Node);
    return n.type === 'b' ? `<b>${inner}</b>` : inner;
  };
  assert.equal(html(Draft({ text: 'You have **30 days**. The' }) as Node), 'You have <b>30 days</b>. The');
});
