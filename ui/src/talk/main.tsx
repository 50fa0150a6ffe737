import { render } from 'preact';
import '../styles/base.css';
import '../styles/talk.css';
import { TalkApp } from './app.tsx';

render(<TalkApp />, document.getElementById('app')!);
