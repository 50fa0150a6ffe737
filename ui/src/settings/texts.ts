/* The texts of the settings, which few open. */
import { addTexts } from '../lib/i18n.ts';
import '../desk/texts.ts';
import en from '../i18n/settings.en.json';
import zh from '../i18n/settings.zh.json';
import '../styles/settings.css';

addTexts({ en, zh });
