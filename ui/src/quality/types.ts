/* Shapes of the quality side. Field names are the wire names. */
import type { Both } from '../lib/i18n.ts';

export type MarkState = 'pass' | 'fail' | 'n_a' | 'abstain';
export interface Evidence {
  seq: number;
  turn?: number;
  start?: number; /* code points of the row's text; start = end: the row as a whole */
  end?: number;
  text?: string;
}
export interface Mark {
  item: string;
  state: MarkState;
  why?: string;
  evidence?: Evidence[];
}
export interface People {
  by: string;
  round: string; /* review, recheck, arbitrate, calibration */
  at?: string;
  score?: number | null;
  comment?: string;
  items: Record<string, MarkState>;
}
export interface ReviewRow {
  id: string;
  conversation: string;
  form: string;
  agent: string; /* bot, or a login */
  agent_name?: string;
  state: string;
  auto_score?: number | null;
  score?: number | null;
  taboo?: boolean;
  passed?: boolean;
  why?: { kind: string; text?: string }[]; /* it was chosen for people */
  risks?: { kind: string; text?: string }[];
  reviewer?: string;
  channel?: string;
  language?: string;
  ended_at?: string | null;
  version?: number;
  moves?: string[];
}
export interface Review extends ReviewRow {
  marks?: Mark[];
  people?: People[];
  history?: { at: string; by: string; from: string; to: string; text?: string }[];
}
export interface FormItem {
  id: string;
  title: Both;
  type: 'plus' | 'minus' | 'taboo';
  weight?: number;
  auto?: string;
}
export interface Form {
  id: string;
  version?: number;
  title: Both;
  pass?: number;
  sections: { id: string; title: Both; items: FormItem[] }[];
  text?: string;
}
