/* Shapes of the agent's socket and of its REST twins. Field names are the wire names; what a server may leave out is
 * optional. */
import type { Both } from '../lib/i18n.ts';
import type { Cite, Ev } from '../lib/types.ts';

/* ready, paused, offline as the agent wants; reserved, talking, hold, wrapup come from the work. */
export interface AgentState {
  login?: string;
  state: string;
  reason?: string;
  since?: string | number;
}
export interface Me {
  login: string;
  name: string;
  role: string;
  extension?: string;
}
export interface Mood {
  now?: string;
  trend?: number | string;
  turning?: { turn: number; from: string; to: string; words?: string }[];
}
/* What the bot hands over with the customer. */
export interface Packet {
  summary?: string;
  reason?: string;
  language?: string;
  mood?: Mood;
  slots?: { type: string; value: string }[];
  tried?: { tool: string; outcome: string }[];
  asked?: string[];
  citations?: { article_id: string; title: string }[];
  flow?: { id: string; title?: Both; step?: string } | null;
  customer?: Who | null;
}
export interface Who {
  id?: string;
  name?: string;
  tier?: string;
  level?: number | string;
}
export type WorkState = 'offered' | 'accepted' | 'wrapup';
/* A hand-over as this agent sees it. */
export interface Work {
  id: string;
  conversation: string;
  queue: string;
  media: string; /* voice, chat, message, email, task */
  state: WorkState;
  priority: number;
  language: string;
  since_ms: number; /* when the customer asked first */
  until_ms: number; /* of an offer: when it goes on to somebody else; of wrap-up: when it ends by itself */
  accepted_ms: number;
  ended_ms: number;
  held: boolean;
  away_ms: number; /* since when the customer's page is closed; 0: open, or not known */
  customer: Who | null;
  packet: Packet | null;
  ringing: boolean; /* taken: the agent's telephone rings */
}
export interface QueueLine {
  id: string;
  title?: Both;
  waiting?: number;
  offered?: number;
  longest_ms?: number;
  ready?: number;
}
export interface Disposition {
  id: string;
  title: Both;
}
export interface Suggestion {
  conversation: string;
  turn?: number;
  text: string;
  citations?: Cite[];
  confidence?: number;
}
export interface NextAction {
  id: string;
  title: Both;
  why?: string;
  call?: { tool?: string; args?: Record<string, unknown> } | null;
}
export interface CheckItem {
  id: string;
  title: Both;
  state: 'done' | 'due' | 'missed';
  hand?: boolean; /* ticked by the agent */
}
export interface AssistAlert {
  kind: string;
  text: Both;
}
export interface FollowUp {
  kind: string; /* ticket, callback, message */
  when?: string;
  text: string;
}
export interface Summary {
  text?: string;
  issue?: string;
  outcome?: string;
  done?: unknown[];
  promises?: unknown[];
  open?: unknown[];
  disposition?: string | { id: string } | null;
  follow_ups?: FollowUp[];
}
export interface Party {
  id: string;
  step: string; /* ringing briefing joined failed left */
  mode: string;
  why: string;
}
export interface CallState {
  parties: Party[];
  held: boolean;
  muted: boolean;
  recording: boolean;
}
/* Said by this agent and not in the log yet. */
export interface Pending {
  client_id: string;
  text: string;
  note: boolean;
  translate: boolean;
  state: 'sent' | 'failed';
  why: string;
}
export interface Talk {
  events: Ev[];
  partial: { who: string; text: string } | null;
  typing_ms: number; /* the customer typed last at; 0: not */
  pending: Pending[];
  unread: number;
  mood: string; /* as of the last turn */
  trend: number;
  suggestions: Suggestion[];
  actions: NextAction[];
  checks: CheckItem[];
  alerts: AssistAlert[];
  summary: Summary | null;
  call: CallState | null;
}
