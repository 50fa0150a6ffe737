/* The texts of the people's pages; imported by each of them, so they are there before the first word. */
import { addTexts } from '../lib/i18n.ts';
import '../service/texts.ts';
import en from '../i18n/desk.en.json';
import zh from '../i18n/desk.zh.json';
import '../styles/desk.css';
import '../styles/desk_narrow.css';

addTexts({ en, zh });
