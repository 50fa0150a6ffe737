import { render } from 'preact';
import '../styles/base.css';
import '../styles/chat.css';
import '../styles/rate.css';
import { ChatApp } from './app.tsx';
import { startChat } from './client.ts';

startChat();
render(<ChatApp />, document.getElementById('app')!);
