/* A WebSocket that comes back: backoff with jitter, an idle watchdog, and an
 * optional ping. It knows nothing about messages beyond JSON; whoever owns it
 * re-subscribes in onOpen, which runs on every (re)connection. */
import { backoffDelay } from './backoff.ts';

export type LinkState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface SocketOptions {
  url: () => string;
  onMessage: (msg: unknown) => void;
  onOpen?: () => void;
  onState?: (state: LinkState, retry_in_ms: number) => void;
  idle_ms?: number; /* no message for this long: the link is dead */
  ping_ms?: number; /* send {op:"ping"} this often */
}

/* The world outside, replaceable in tests. */
export interface SocketWorld {
  make: (url: string) => WebSocket;
  set: (fn: () => void, ms: number) => unknown;
  clear: (timer: unknown) => void;
  random: () => number;
}

const browser: SocketWorld = {
  make: (url) => new WebSocket(url),
  set: (fn, ms) => setTimeout(fn, ms),
  clear: (t) => clearTimeout(t as ReturnType<typeof setTimeout>),
  random: Math.random,
};

export class ReSocket {
  state: LinkState = 'closed';
  attempts = 0;
  private ws: WebSocket | null = null;
  private retry: unknown = null;
  private idle: unknown = null;
  private pinger: unknown = null;

  constructor(
    private opt: SocketOptions,
    private world: SocketWorld = browser,
  ) {}

  start(): void {
    if (this.state === 'closed') this.connect();
  }

  stop(): void {
    this.drop();
    this.enter('closed', 0);
  }

  retryNow(): void {
    if (this.state !== 'waiting') return;
    this.world.clear(this.retry);
    this.connect();
  }

  /* true when handed to the network; false when there is no open link */
  send(msg: unknown): boolean {
    if (this.state !== 'open' || !this.ws) return false;
    this.ws.send(JSON.stringify(msg));
    return true;
  }

  private enter(state: LinkState, retry_in_ms: number): void {
    this.state = state;
    this.opt.onState?.(state, retry_in_ms);
  }

  private connect(): void {
    this.enter('connecting', 0);
    const ws = this.world.make(this.opt.url());
    this.ws = ws;
    this.watch();
    ws.onopen = () => {
      if (this.ws !== ws) return;
      this.enter('open', 0);
      this.watch();
      this.ping();
      this.opt.onOpen?.();
    };
    ws.onmessage = (e: MessageEvent) => {
      if (this.ws !== ws) return;
      this.attempts = 0;
      this.watch();
      const msg = parse(e.data);
      if (msg !== undefined) this.opt.onMessage(msg);
    };
    ws.onclose = () => {
      if (this.ws === ws) this.lost();
    };
  }

  private lost(): void {
    this.drop();
    const ms = backoffDelay(this.attempts++, this.world.random());
    this.enter('waiting', ms);
    this.retry = this.world.set(() => this.connect(), ms);
  }

  private drop(): void {
    this.world.clear(this.retry);
    this.world.clear(this.idle);
    this.world.clear(this.pinger);
    const ws = this.ws;
    this.ws = null;
    if (ws && ws.readyState <= 1) ws.close();
  }

  private watch(): void {
    if (!this.opt.idle_ms) return;
    this.world.clear(this.idle);
    this.idle = this.world.set(() => this.lost(), this.opt.idle_ms);
  }

  private ping(): void {
    if (!this.opt.ping_ms) return;
    this.pinger = this.world.set(() => {
      if (this.send({ op: 'ping' })) this.ping();
    }, this.opt.ping_ms);
  }
}

function parse(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

export function wsUrl(path: string, loc: { protocol: string; host: string } = location): string {
  return `${loc.protocol === 'https:' ? 'wss:' : 'ws:'}//${loc.host}${path}`;
}
