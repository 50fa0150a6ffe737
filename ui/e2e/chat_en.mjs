import { chatScenario } from './chat.mjs';

await chatScenario('en', 'How do I return a parcel?', 'Can I get an invoice for my order?');
