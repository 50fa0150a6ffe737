import { chatScenario } from './chat.mjs';

await chatScenario('en', 'How do I return something?', 'Can I get an invoice for my order?');
