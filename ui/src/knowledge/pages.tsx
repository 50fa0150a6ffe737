/* The knowledge pages beside asking and articles, under the tabs of the knowledge base. */
import './texts.ts';
import { route } from '../console/state.ts';
import { Sources } from './sources.tsx';

export default function Pages() {
  const sub = route.value.path[1];
  return sub === 'sources' ? <Sources /> : null;
}
