/* Knowledge and a very small "bot" for the mock server: enough to make the
 * pages look alive, not a model of the real engine. */

const A = (id, lang, category, title, aliases, body_md, extra = {}) => ({
  id, lang, category, title, aliases, body_md, version: 3, status: 'published',
  valid_from: null, valid_to: null, updated_at: '2026-01-12T08:30:00Z',
  source: `handbook/${id}.md`, ...extra,
});

export const articles = [
  A('returns-en', 'en', 'returns', 'Returning an item',
    ['return', 'send back', 'return policy', 'how do I return something'],
    '## How long you have\n\nYou can return most items within **30 days** of delivery. The item must be unused and in its original packaging.\n\n## How to return\n\n1. Open *My orders* and choose the item.\n2. Print the label; the return is free of charge.\n3. Drop the parcel at any pickup point.\n\n## Refund\n\nWe refund to the original payment method within 5 working days after the parcel has arrived.'),
  A('returns-zh', 'zh', 'returns', '退货说明', ['退货', '可以退货', '退货期限', '七天无理由'],
    '## 退货期限\n\n自签收之日起 **30 天内**可以退货。商品须未使用且保留原包装。\n\n## 如何退货\n\n1. 打开“我的订单”，选择要退的商品。\n2. 打印退货面单，退货运费由我们承担。\n3. 将包裹交到任意自提点。\n\n## 退款\n\n收到包裹后 5 个工作日内原路退款。'),
  A('delivery-en', 'en', 'delivery', 'Delivery times and tracking',
    ['where is my order', 'delivery time', 'track', 'shipping', 'parcel', 'order'],
    '## Delivery times\n\nStandard delivery takes 2 to 4 working days. Express orders placed before 14:00 arrive the next working day.\n\n## Tracking\n\nThe tracking number is sent by e-mail as soon as the parcel leaves our warehouse.\n\n| Service | Time | Price |\n|---|---|---|\n| Standard | 2–4 days | free from 40 EUR |\n| Express | next day | 9 EUR |'),
  A('delivery-zh', 'zh', 'delivery', '配送时效与物流查询', ['快递', '到哪了', '物流', '多久到', '订单'],
    '## 配送时效\n\n标准配送 2 至 4 个工作日送达。当天 14:00 前下单的加急订单次日送达。\n\n## 物流查询\n\n包裹出库后，运单号会通过短信发送给您，可在“我的订单”中查看实时物流。'),
  A('invoice-en', 'en', 'billing', 'Invoices', ['invoice', 'receipt', 'vat', 'bill'],
    'An invoice is issued automatically when the order ships. You can download it under *My orders* for 24 months.\n\nTo add a company name or VAT number, write to us within 14 days of the order.'),
  A('invoice-zh', 'zh', 'billing', '发票开具', ['发票', '开票', '抬头'],
    '订单发货后自动开具电子发票，可在“我的订单”中下载，保存期 24 个月。\n\n如需修改抬头或税号，请在下单后 14 天内联系我们。'),
  A('warranty-en', 'en', 'support', 'Warranty and repairs', ['warranty', 'broken', 'repair', 'defect', 'fault'],
    'All appliances carry a two-year warranty from the date of delivery. If a device fails, we repair it or replace it free of charge.\n\nDamage from drops or liquids is not covered.'),
  A('warranty-zh', 'zh', 'support', '保修与维修', ['保修', '坏了', '维修', '故障'],
    '所有电器自签收之日起享受两年保修。设备出现故障时，我们免费维修或更换。\n\n跌落、进液造成的损坏不在保修范围内。'),
  A('cancel-en', 'en', 'orders', 'Changing or cancelling an order', ['cancel', 'change address', 'change order'],
    'An order can be changed or cancelled free of charge until it is packed, usually within two hours. After that, refuse the parcel or return it.'),
  A('cancel-zh', 'zh', 'orders', '修改或取消订单', ['取消', '改地址', '修改订单'],
    '订单打包前（通常为下单后两小时内）可免费修改或取消。打包后请拒收包裹或办理退货。'),
  A('hours-en', 'en', 'company', 'Opening hours and contact', ['hours', 'open', 'phone number', 'contact', 'human', 'person'],
    'The assistant answers around the clock. Our people are there Monday to Saturday, 8:00 to 20:00.'),
  A('hours-zh', 'zh', 'company', '服务时间与联系方式', ['几点', '人工', '营业时间', '电话'],
    '智能客服全天在线。人工服务时间为周一至周六 8:00 至 20:00。'),
  A('sale-en', 'en', 'products', 'Winter sale', ['sale', 'discount', 'coupon'],
    'During the winter sale, all heaters are 20 percent off. The discount is applied at checkout.',
    { valid_from: '2025-12-01', valid_to: '2026-02-28', version: 1 }),
  A('member-zh', 'zh', 'account', '会员积分', ['积分', '会员'],
    '每消费 1 元累积 1 积分，100 积分可抵扣 1 元。积分有效期 12 个月。', { status: 'draft', version: 1 }),
];

export const langOf = (s) => (/[\u4e00-\u9fff]/.test(s) ? 'zh' : 'en');

const grams = (s, lang) =>
  lang === 'zh'
    ? [...s.replace(/[^\u4e00-\u9fff]/g, '')].map((c, i, a) => c + (a[i + 1] ?? '')).filter((g) => g.length === 2)
    : (s.toLowerCase().match(/[a-z]{3,}/g) ?? []).map((w) => w.replace(/(ing|s|ed)$/, ''));

export function search(query, k = 8, only = null) {
  const lang = langOf(query);
  const want = [...new Set(grams(query, lang))];
  const hits = [];
  for (const a of articles) {
    if (a.lang !== lang || (only && a.lang !== only)) continue;
    const paras = a.body_md.split(/\n\n/).filter((p) => !/^[#|]/.test(p));
    const title = overlap(want, grams(a.title, lang));
    const alias = Math.max(0, ...a.aliases.map((x) => (query.toLowerCase().includes(x) ? 1 : overlap(want, grams(x, lang)))));
    for (const p of paras) {
      const bm25 = overlap(want, grams(p, lang));
      const score = 0.45 * bm25 + 0.2 * title + 0.35 * alias;
      if (score < 0.04) continue;
      hits.push({
        article_id: a.id, title: a.title, passage: p.replace(/\*+/g, ''), score: +score.toFixed(4),
        valid_from: a.valid_from, valid_to: a.valid_to, source: a.source, lang: a.lang, version: a.version,
        why: { bm25: +(0.45 * bm25).toFixed(3), title: +(0.2 * title).toFixed(3), alias: +(0.35 * alias).toFixed(3), coverage: +(0.2 * bm25).toFixed(3) },
      });
    }
  }
  return hits.sort((a, b) => b.score - a.score).slice(0, k);
}

const overlap = (want, have) => {
  if (!want.length) return 0;
  const set = new Set(have);
  return want.filter((w) => set.has(w)).length / want.length;
};

const SAY = {
  en: {
    hello: 'Hello, this is Lantern Home. How can I help you today?',
    none: 'I could not find that in our documents, so I would rather not guess. Could you tell me a little more, or shall I pass you to a colleague?',
    human: 'Of course. I am passing you to a colleague, one moment please.',
    thanks: 'You are welcome. Is there anything else?',
    short: 'Could you say that in a full sentence, please?',
  },
  zh: {
    hello: '您好，这里是明灯家居，请问有什么可以帮您？',
    none: '我在资料中没有查到相关说明，不想随意猜测。您可以补充一些细节，或者我为您转接人工。',
    human: '好的，正在为您转接人工客服，请稍候。',
    thanks: '不客气，请问还有其他问题吗？',
    short: '请用完整的一句话描述您的问题，好吗？',
  },
};

export const hello = (lang) => SAY[lang].hello;

const INTENT = { returns: 'return_goods', delivery: 'order_status', billing: 'invoice', support: 'warranty', orders: 'cancel_order', company: 'talk_to_human', products: 'price_query', account: 'product_info' };

export function answer(text) {
  const lang = langOf(text);
  const base = { language: lang, intent: null, emotion: 'neutral', citations: [], grounded: false, latency_ms: 180 + Math.round(Math.random() * 600) };
  if (/angry|terrible|third time|投诉|太差|第三次/i.test(text)) base.emotion = 'frustrated';
  const say = (key, action, intent = null) => ({ ...base, reply: SAY[lang][key], action, intent });
  if (/human|person|agent|人工/i.test(text)) return say('human', 'handoff', 'talk_to_human');
  if (/thank|谢谢/i.test(text)) return say('thanks', 'reply', 'thanks');
  if ([...text].length < 2) return say('short', 'clarify');
  const hit = search(text, 1)[0];
  if (!hit || hit.score < 0.12) return say('none', 'decline');
  const a = articles.find((x) => x.id === hit.article_id);
  return {
    ...base, reply: hit.passage, action: 'reply', intent: INTENT[a.category] ?? null, grounded: true,
    citations: [{ article_id: a.id, version: a.version, title: a.title, quote: hit.passage, lang: a.lang }],
  };
}
