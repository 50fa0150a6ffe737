import { chatScenario } from './chat.mjs';

await chatScenario('zh', '怎么退货？', '可以开发票吗？');
