/* Shapes of the server's JSON. Field names are the wire names. */

export type Lang = 'zh' | 'en';
export type Channel = 'webchat' | 'phone' | 'talk';
export type Action = 'reply' | 'clarify' | 'tool' | 'handoff' | 'decline' | 'end';

export interface Conv {
  id: string;
  interaction_id: string;
  channel: Channel;
  state: 'open' | 'closed';
  language: Lang | null;
  customer: { id?: string; name?: string } | null;
  address: string | null;
  started_at: string;
  last_at: string;
  ended_at: string | null;
  end_by: string | null;
  turns: number;
  last_text: string | null;
  last_actor: 'customer' | 'bot' | null;
  last_action: string | null;
  emotion: string | null;
  recording: boolean;
  person?: boolean; /* a person was asked for; known from its rows only */
  alert?: number; /* a supervisor was alerted, with this priority; known from its row only */
}

export interface Cite {
  article_id: string;
  version: number | string;
  title: string;
  quote: string;
  lang: string;
}

export interface Mood {
  class: string;
  valence: number; /* smoothed, -1..1 */
  arousal: number;
  trend: number;
  sustained: number; /* turns of anger in a row */
  turn_valence: number;
}

/* What the strategy table decided for a turn, and why. */
export interface Strategy {
  row: string;
  style: string;
  pace: number;
  apology: string;
  simplify: boolean;
  priority: number;
  human: string;
  alert: boolean;
  max_sentences: number;
  offer?: string;
  because: { what: string; want: string; is: string }[];
  instead: { row: string; style: string; human: string }[];
  bounds: string[];
  propensity: number;
}

/* How it was said, against this caller's usual: calls only. */
export interface Voice {
  arousal: number; /* -1..1 */
  anger: number; /* probability */
  trust: number; /* 0..1: how much was heard */
  cue?: string;
}

export interface EventBody {
  mood?: Mood; /* turn.customer */
  voice?: Voice; /* turn.customer */
  strategy?: Strategy; /* turn.bot */
  turn?: number; /* mood.turn */
  why?: string;
  priority?: number; /* handover, alert.supervisor */
  row?: string;
  offer?: string;
  field?: string; /* profile.use */
  text?: string;
  heard_text?: string;
  heard_chars?: number;
  say_id?: number; /* ties turn.played and turn.cut to their turn.bot */
  language?: string;
  channel?: string;
  way?: string; /* how a call reached us, when not by SIP */
  ref?: string; /* and what the other side calls it */
  via?: 'text' | 'speech' | 'dtmf';
  asr_confidence?: number;
  start_ms?: number;
  end_ms?: number;
  action?: string;
  intent?: string | null;
  emotion?: string | null;
  citations?: Cite[];
  grounded?: boolean;
  model?: string;
  fallback?: boolean | string;
  latency_ms?: number;
  latency_us?: number;
  digit?: string;
  from?: string;
  to?: string;
  by?: string;
  state?: string; /* call.transfer: how far it is */
  what?: string; /* turn.aside: disclosure, filler, progress */
  complete?: boolean; /* recording.closed */
  reason?: string;
  client_id?: string;
  tool?: string; /* tool.call, tool.result */
  outcome?: string;
  level?: string | number;
  flow?: string; /* flow.saved, flow.ended */
  step?: string;
  how?: string;
  position?: number; /* handover.queued */
  wait_ms?: number;
  name?: string; /* turn.agent, handover.accepted */
  agent?: string;
  kind?: string; /* survey */
  value?: string | number; /* survey.answer */
  id?: string; /* call.party */
  mode?: string;
}

export interface Ev {
  seq: number;
  ts: string;
  turn: number;
  kind: string;
  actor: 'customer' | 'bot' | 'system' | 'agent';
  body: EventBody;
}

export interface Gauges {
  live_conversations: number;
  calls_active: number;
  turns_total: number;
  turns_per_min: number;
  turn_p50_ms: number;
  turn_p95_ms: number;
  rss_bytes: number;
  loop_lag_p99_ms: number;
  events_total: number;
  kb_articles: number;
}

export interface Component {
  name: string;
  status: string;
  detail: string | null;
}

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  version: string;
  uptime_ms: number;
  company: { name: { zh: string; en: string } };
  components: Component[];
  gauges: Gauges;
}

export interface Hit {
  article_id: string;
  title: string;
  passage: string;
  score: number;
  p?: number; /* how likely this article answers */
  valid_from: string | null;
  valid_to: string | null;
  source: string | null;
  lang: string;
  version: number | string;
  audience?: string; /* public: customers, too */
  why?: { bm25?: number; title?: number; alias?: number; coverage?: number };
}

export interface BotTurn {
  reply: string;
  language: string;
  intent: string | null;
  emotion: string | null;
  action: Action;
  citations: Cite[];
  grounded: boolean;
  latency_ms: number;
  seq?: number;
}

export interface ArticleRow {
  id: string;
  title: string;
  lang: string;
  category: string | null;
  version: number | string;
  status: string;
  valid_from: string | null;
  valid_to: string | null;
  updated_at: string | null;
}

export interface Article extends ArticleRow {
  body_md: string;
  aliases: string[] | string | null;
  source: string | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface User {
  login: string;
  name: string;
  role: string;
  may: string[]; /* permissions, docs/access.md */
  sample_history?: boolean; /* what lies behind is made up */
  timezone?: string; /* the company's */
}
