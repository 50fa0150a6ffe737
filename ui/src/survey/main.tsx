import { render } from 'preact';
import '../styles/base.css';
import '../styles/rate.css';
import '../styles/survey.css';
import { SurveyApp } from './app.tsx';

render(<SurveyApp />, document.getElementById('app')!);
