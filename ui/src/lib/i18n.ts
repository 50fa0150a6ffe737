/* Two JSON files, one signal; pages that are loaded later bring two more (addTexts).
 * Components that call t() re-render on a switch. */
import { signal } from '@preact/signals';
import en from '../i18n/en.json';
import type desk from '../i18n/desk.en.json';
import type forecast from '../i18n/forecast.en.json';
import type health from '../i18n/health.en.json';
import type learning from '../i18n/learning.en.json';
import type knowledge from '../i18n/knowledge.en.json';
import type reports from '../i18n/reports.en.json';
import type settings from '../i18n/settings.en.json';
import type strategy from '../i18n/strategy.en.json';
import type service from '../i18n/service.en.json';
import zh from '../i18n/zh.json';
import type { Lang } from './types.ts';

export type Key = keyof typeof en | keyof typeof service | keyof typeof knowledge | keyof typeof desk | keyof typeof reports | keyof typeof forecast | keyof typeof learning | keyof typeof settings | keyof typeof strategy | keyof typeof health;
type Params = Record<string, string | number>;

const tables: Record<Lang, Record<string, string>> = { en: { ...en }, zh: { ...zh } };
const STORE = 'callm.lang';

function initial(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  const saved = asked ?? localStorage.getItem(STORE) ?? navigator.language;
  return saved.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const lang = signal<Lang>(initial());

export function setLang(l: Lang): void {
  lang.value = l;
  localStorage.setItem(STORE, l);
  document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en';
}

document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';

/* The texts of pages that are loaded later. */
export function addTexts(more: Record<Lang, Record<string, string>>): void {
  Object.assign(tables.en, more.en);
  Object.assign(tables.zh, more.zh);
}

export function fill(text: string, params?: Params): string {
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (m, name: string) => String(params[name] ?? m));
}

export function t(key: Key, params?: Params): string {
  return fill(tables[lang.value][key] ?? key, params);
}

/* For words that come from the server: the translation when there is one,
 * else the word as it is. */
export function tWord(group: string, word: string | null | undefined): string {
  if (!word) return '';
  return tables[lang.value][`${group}.${word}`] ?? word.replace(/_/g, ' ');
}

/* The first user is named by the program, in English. */
export const whoIs = (name: string): string => (name === 'Administrator' ? t('ui.admin') : name);

/* A text that is there in two languages, or one. */
export type Both = string | { zh?: string; en?: string } | null | undefined;
export const both = (v: Both): string =>
  !v ? '' : typeof v === 'string' ? v : (v[lang.value] ?? v.en ?? v.zh ?? '');
