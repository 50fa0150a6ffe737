/* The newest customers by their ids, as the user who is signed in may know them: asked for once, and forgotten when
 * another one signs in or nobody is there. Who is not among them stays an id. */
import { effect, signal } from '@preact/signals';
import { authed, may, user } from '../console/state.ts';

const names = signal<{ login: string; of: Map<string, string> } | null>(null);

effect(() => {
  if (names.value && names.value.login !== user.value?.login) names.value = null;
});

export async function loadNames(): Promise<void> {
  const login = user.value?.login;
  if (!login || names.value || !may('customer.read')) return;
  const mine = { login, of: new Map<string, string>() };
  names.value = mine;
  let of: Map<string, string> | null = null;
  try {
    const got = await authed<{ items: { id: string; name?: string }[] }>('/api/v1/customers', { query: { limit: 200 } });
    of = new Map(got.items.flatMap((c) => (c.name ? [[c.id, c.name]] : [])));
  } catch {
    /* the next table asks again */
  }
  if (names.value === mine) names.value = of && { login, of };
}

export const nameOf = (id: string): string => names.value?.of.get(id) ?? id;
