/* The knowledge pages beside asking and articles, under the tabs of the knowledge base. */
import './texts.ts';
import { route } from '../console/state.ts';
import { Drafts } from './drafts.tsx';
import { Coverage, Gaps } from './gaps.tsx';
import { Sets } from './sets.tsx';
import { Sources } from './sources.tsx';

export default function Pages() {
  switch (route.value.path[1]) {
    case 'drafts':
      return <Drafts />;
    case 'gaps':
      return <Gaps />;
    case 'coverage':
      return <Coverage />;
    case 'sets':
      return <Sets />;
    default:
      return <Sources />;
  }
}
