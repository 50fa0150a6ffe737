/* The texts of learning, which come when it is opened first. */
import { addTexts } from '../lib/i18n.ts';
import en from '../i18n/learning.en.json';
import zh from '../i18n/learning.zh.json';

addTexts({ en, zh });
