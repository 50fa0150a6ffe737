import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffDelay } from '../src/lib/backoff.ts';
import { ReSocket, wsUrl, type SocketOptions, type SocketWorld } from '../src/lib/socket.ts';

test('backoff doubles up to its maximum, half of it random', () => {
  const b = { base_ms: 500, max_ms: 15000 };
  assert.equal(backoffDelay(0, 0, b), 250);
  assert.equal(backoffDelay(0, 1, b), 500);
  assert.equal(backoffDelay(3, 1, b), 4000);
  assert.equal(backoffDelay(10, 1, b), 15000);
  assert.equal(backoffDelay(10_000, 0, b), 7500);
});

class FakeSocket {
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  constructor(public url: string) {}
  send(s: string) {
    this.sent.push(s);
  }
  close() {
    this.readyState = 3;
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  drop() {
    this.readyState = 3;
    this.onclose?.();
  }
}

/* A world with a hand-turned clock. */
function rig(opt: Partial<SocketOptions> = {}) {
  const made: FakeSocket[] = [];
  const timers = new Map<number, { at: number; fn: () => void }>();
  let now = 0;
  let id = 0;
  const world: SocketWorld = {
    make: (url) => {
      made.push(new FakeSocket(url));
      return made[made.length - 1] as unknown as WebSocket;
    },
    set: (fn, ms) => (timers.set(++id, { at: now + ms, fn }), id),
    clear: (t) => void timers.delete(t as number),
    random: () => 0,
  };
  const states: string[] = [];
  const got: unknown[] = [];
  const s = new ReSocket(
    { url: () => 'ws://x', onMessage: (m) => got.push(m), onState: (x) => states.push(x), ...opt },
    world,
  );
  const turn = (ms: number) => {
    now += ms;
    for (const [k, t] of [...timers].sort((a, b) => a[1].at - b[1].at))
      if (t.at <= now && timers.delete(k)) t.fn();
  };
  return { s, made, states, got, turn };
}

test('a lost link comes back, slower each time, and onOpen runs again', () => {
  let opened = 0;
  const r = rig({ onOpen: () => opened++ });
  r.s.start();
  r.made[0]!.open();
  r.made[0]!.drop();
  assert.equal(r.s.state, 'waiting');
  r.turn(249);
  assert.equal(r.made.length, 1);
  r.turn(1);
  assert.equal(r.made.length, 2);
  r.made[1]!.drop();
  r.turn(499);
  assert.equal(r.made.length, 2);
  r.turn(1);
  r.made[2]!.open();
  assert.equal(opened, 2);
  assert.equal(r.s.attempts, 2, 'opening alone does not prove a healthy server');
  r.made[2]!.onmessage!({ data: '{"a":1}' });
  assert.equal(r.s.attempts, 0);
  assert.deepEqual(r.got, [{ a: 1 }]);
  assert.deepEqual(r.states, [
    'connecting', 'open', 'waiting', 'connecting', 'waiting', 'connecting', 'open',
  ]);
});

test('silence longer than idle_ms counts as a lost link', () => {
  const r = rig({ idle_ms: 1000 });
  r.s.start();
  r.made[0]!.open();
  r.turn(900);
  r.made[0]!.onmessage!({ data: '{}' });
  r.turn(900);
  assert.equal(r.s.state, 'open');
  r.turn(100);
  assert.equal(r.s.state, 'waiting');
  assert.equal(r.made[0]!.readyState, 3, 'the dead socket is closed');
});

test('stop is final; late callbacks of the old socket are ignored', () => {
  const r = rig();
  r.s.start();
  const old = r.made[0]!;
  r.s.stop();
  old.open();
  old.onmessage?.({ data: '{}' });
  old.drop();
  r.turn(60_000);
  assert.equal(r.s.state, 'closed');
  assert.equal(r.made.length, 1);
  assert.deepEqual(r.got, []);
});

test('retryNow skips the wait; send tells whether it went out', () => {
  const r = rig();
  r.s.start();
  assert.equal(r.s.send({ op: 'x' }), false);
  r.made[0]!.drop();
  r.s.retryNow();
  assert.equal(r.made.length, 2);
  r.turn(60_000);
  assert.equal(r.made.length, 2, 'the cancelled retry does not fire');
  r.made[1]!.open();
  assert.equal(r.s.send({ op: 'x' }), true);
  assert.deepEqual(r.made[1]!.sent, ['{"op":"x"}']);
});

test('pings go out while the link is open; garbage is dropped', () => {
  const r = rig({ ping_ms: 100 });
  r.s.start();
  r.made[0]!.open();
  r.turn(100);
  r.turn(100);
  assert.deepEqual(r.made[0]!.sent, ['{"op":"ping"}', '{"op":"ping"}']);
  r.made[0]!.onmessage!({ data: '{not json' });
  r.made[0]!.onmessage!({ data: new ArrayBuffer(2) });
  assert.deepEqual(r.got, []);
});

test('wsUrl follows the page', () => {
  assert.equal(wsUrl('/ws/chat', { protocol: 'https:', host: 'a:1' }), 'wss://a:1/ws/chat');
  assert.equal(wsUrl('/ws/chat', { protocol: 'http:', host: 'a' }), 'ws://a/ws/chat');
});
