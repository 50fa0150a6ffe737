/* The texts of the strategy page, which come when it is opened first. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/strategy.en.json';
import zh from '../i18n/strategy.zh.json';

addTexts({ en, zh });
