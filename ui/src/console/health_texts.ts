/* The texts of the health page, which come when it is opened first. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/health.en.json';
import zh from '../i18n/health.zh.json';

addTexts({ en, zh });
