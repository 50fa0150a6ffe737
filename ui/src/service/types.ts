/* Shapes of the server's JSON on the service pages. Field names are the wire names; what an older server
 * leaves out is optional. */
import type { Both } from '../lib/i18n.ts';

export interface CustomerRow {
  id: string;
  name: string;
  tier: string;
  language: string;
  phone_masked: string;
  email_masked: string;
  last_ms?: number;
  last_at?: string | null;
}
export interface Identity {
  id: string;
  kind: string;
  masked: string;
  value?: string; /* with reveal only */
  verified: number | string;
  primary: boolean;
}
export interface Consent {
  channel: string;
  purpose: string;
  yes: boolean;
  at: string;
  source: string;
}
export interface Joined {
  id?: string;
  a?: string;
  b?: string;
  name?: string;
  reason?: string;
  score?: number;
  by?: string;
  at?: string;
}
export interface Customer extends CustomerRow {
  since?: string;
  identities: Identity[];
  consent: Consent[];
  preferences: Record<string, unknown> | null;
  stats: Record<string, unknown> | null;
  joined?: Joined[];
  address?: Record<string, unknown> | string | null;
}
export interface Moment {
  at: string;
  kind: string;
  channel?: string;
  title: string;
  ref?: string;
  by?: string;
}

export interface OrderRow {
  number: string;
  state: string;
  customer?: string;
  total: number | { amount: number; currency?: string };
  currency?: string;
  placed_at: string;
  shipped_at?: string | null;
  delivered_at?: string | null;
  cancelled_at?: string | null;
}
export interface OrderEvent {
  at: string;
  kind: string;
  place?: string;
  text?: Both;
}
export interface Order extends OrderRow {
  items: { sku: string; name: Both; qty: number; price: number }[];
  events: OrderEvent[];
  returns: ReturnRow[];
  refunds?: Refund[];
  carrier?: string;
  tracking?: string;
  address?: Record<string, unknown> | string | null;
  customer_name?: string;
}
/* Money that goes back: kind cancel, return, exchange or price. */
export interface Refund {
  id: string;
  kind: string;
  state: string;
  amount: number;
  made_at?: string | null;
  released_at?: string | null;
}
export interface ReturnRow {
  id: string;
  order?: string;
  kind?: string;
  state: string;
  reason?: string;
  refund?: number | null;
  currency?: string;
  requested_at?: string | null;
}

export interface Tool {
  name: string;
  title: Both;
  about: Both;
  schema: Schema;
  source: string;
  role: string | number;
  level: string | number;
  effect: boolean;
  confirm: boolean;
  undo?: string;
}
export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: (string | number)[];
  title?: Both;
  description?: Both;
  items?: Schema;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  default?: unknown;
}
export interface ToolAnswer {
  outcome: string;
  say?: string;
  why?: string;
  body?: Record<string, unknown>;
  print?: string | number;
}
export interface Approval {
  id: string;
  state: string; /* waiting, yes, no */
  tool: string;
  title?: Both;
  what: string;
  args?: Record<string, unknown>;
  amount?: number;
  customer?: string;
  conversation?: string;
  actor?: string; /* who asked */
  made_at?: string | null;
  by?: string; /* who decided */
  decided_at?: string | null;
  note?: string;
}

export interface Clock {
  kind: string; /* first_response, next_update, resolution */
  due_at: string | null;
  breach?: boolean;
  paused?: boolean;
  ended_at?: string | null;
}
export interface TicketCard {
  id: string; /* its number */
  type: string;
  state: string;
  severity: string;
  title: string;
  priority?: number;
  owner?: string;
  customer?: string;
  category?: string;
  promised_at?: string | null;
  opened_at?: string | null;
  due_at?: string | null; /* of the clock that runs out first; in lists */
  late?: boolean;
  clocks?: Clock[];
}
interface TicketEvent {
  n: number;
  at: string;
  kind: string;
  by: string;
  public?: boolean;
  text?: string;
  body?: Record<string, unknown>;
}
export interface Ticket extends TicketCard {
  facts?: Record<string, unknown> | null;
  history?: TicketEvent[];
  links?: { kind: string; ref: string; at?: string; by?: string }[];
  moves?: string[];
  closed_by?: string;
  solved_at?: string | null;
  follow_up_at?: string | null;
}
