/* The texts of the service pages; imported by each of them, so they are there before the first word. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/service.en.json';
import zh from '../i18n/service.zh.json';
import '../styles/service.css';
import '../styles/rules.css';

addTexts({ en, zh });
