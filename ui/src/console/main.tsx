import { render } from 'preact';
import '../styles/base.css';
import '../styles/list.css';
import '../styles/health.css';
import '../styles/console.css';
import '../styles/conversation.css';
import '../styles/pages.css';
import '../styles/strategy.css';
import { App } from './app.tsx';

render(<App />, document.getElementById('app')!);
