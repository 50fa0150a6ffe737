/* auto follows the system; light and dark are the user's word. */
import { signal } from '@preact/signals';

type Theme = 'auto' | 'light' | 'dark';
const STORE = 'callm.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function saved(): Theme {
  const v = localStorage.getItem(STORE);
  return v === 'light' || v === 'dark' ? v : 'auto';
}

export const theme = signal<Theme>(saved());
export const dark = signal(false);

function apply(): void {
  dark.value = theme.value === 'auto' ? system.matches : theme.value === 'dark';
  document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
}

export function toggleTheme(): void {
  theme.value = dark.value ? 'light' : 'dark';
  localStorage.setItem(STORE, theme.value);
  apply();
}

system.addEventListener('change', apply);
apply();
