/* The texts of the forecast, which come when it is opened first. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/forecast.en.json';
import zh from '../i18n/forecast.zh.json';

addTexts({ en, zh });
