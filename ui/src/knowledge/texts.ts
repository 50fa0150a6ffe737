/* The texts of the knowledge pages that come when they are opened first. */
import { addTexts } from '../lib/i18n.ts';
import '../service/texts.ts';
import en from '../i18n/knowledge.en.json';
import zh from '../i18n/knowledge.zh.json';
import '../styles/knowledge.css';

addTexts({ en, zh });
