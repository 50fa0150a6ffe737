/* The texts of the reports, which come when they are opened first. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/reports.en.json';
import zh from '../i18n/reports.zh.json';

addTexts({ en, zh });
