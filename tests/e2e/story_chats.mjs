/* story_chats.mjs: the nine stories as customers type them, Chinese and English: [what is typed, what the reply says];
 * '?words' answers a question that may not come, since the words before told it already. `page` is what the console
 * shows afterwards, `holds` what must stand there (`at`: in that part of it). A step may be a function of the story's hands (story.mjs). */

const solve = (why) => async (h) => h.solve(await h.ticket(), why);
const offer = (kind, amount, text) => async (h) => h.offer(await h.ticket(), kind, amount, text);

export const CHATS = [
  {
    name: 'order status',
    en: { steps: [['Where is my order HH2026-100384?', /last four digits/], ['1888', /HH2026-100384.*shipped/]],
      page: 'orders/HH2026-100384', holds: /Shipped/ },
    zh: { steps: [['我的快递到哪了，订单HH2026-100385', /后四位/], ['1777', /HH2026-100385.*发货/]],
      page: 'orders/HH2026-100385', holds: /已发货/ },
  },
  {
    name: 'cancel',
    en: { steps: [['Please cancel my order HH2026-100438', /last four digits/], ['it is 2295', /Shall I cancel it\?/], ['yes please', /is cancelled/]],
      page: 'orders/HH2026-100438', holds: /Cancelled/, once: ['orders/HH2026-100438', (o) => o.state === 'cancelled' && o.refunds.length === 1 && o.refunds[0].amount === 2230.48] },
    zh: { steps: [['帮我取消订单HH2026-100442', /后四位/], ['2369', /确定要取消吗/], ['嗯，取消吧', /已经取消/]],
      page: 'orders/HH2026-100442', holds: /已取消/, once: ['orders/HH2026-100442', (o) => o.state === 'cancelled' && o.refunds.length === 1 && o.refunds[0].amount === 499] },
  },
  {
    name: 'return within the window',
    en: { steps: [['I would like to return the frying pan of order HH2026-100364', /last four digits/], ['1925', /why|unopened/], ['?I changed my mind', /unopened/],
      ['it is still sealed', /pick-up/], ['the first one', /162\.24 yuan.*Shall I do that\?/], ['yes, please', /registered under R1\d+/]],
      page: 'orders/HH2026-100364', holds: /R1\d{7}[^]*Requested/, once: ['orders/HH2026-100364', (o) => o.returns.length === 1 && o.returns[0].state === 'requested'] },
    zh: { steps: [['我要退货，订单HH2026-100367', /后四位/], ['1370', /为什么/], ['不想要了', /没拆封/], ['没拆封', /取件/], ['第一个', /119元.*可以吗/], ['可以', /单号是R1\d+/]],
      page: 'orders/HH2026-100367', holds: /R1\d{7}[^]*已申请/, once: ['orders/HH2026-100367', (o) => o.returns.length === 1 && o.returns[0].state === 'requested'] },
  },
  {
    name: 'return past the window',
    en: { steps: [['I want to return order HH2026-100300, I changed my mind', /last four digits/], ['2073', /30 days.*colleague/], ['then I keep it', /you keep the article/]],
      page: 'orders/HH2026-100300', holds: /Delivered/, once: ['orders/HH2026-100300', (o) => o.returns.length === 0] },
    zh: { steps: [['我要退货，订单HH2026-100102', /后四位/], ['1999', /30天.*同事/], ['那就先留着', /没有做任何改动/]],
      page: 'orders/HH2026-100102', holds: /已签收/, once: ['orders/HH2026-100102', (o) => o.returns.length === 0] },
  },
  {
    name: 'exchange out of stock',
    en: { steps: [['I want to exchange the latex topper of order HH2026-100383, it is faulty', /last four digits/], ['1259', /Which one|same article/], ['?the topper', /same article/], ['the same one, please', /out of stock/]],
      page: 'orders/HH2026-100383', holds: /Delivered/, once: ['orders/HH2026-100383', (o) => o.returns.length === 0] },
    zh: { steps: [['我要换货，订单HH2026-100369的吸尘器坏了', /后四位/], ['1148', /哪一件|同款/], ['?吸尘器', /为什么|同款/], ['?质量问题', /同款/], ['同款新的', /没有货/]],
      page: 'orders/HH2026-100369', holds: /已签收/, once: ['orders/HH2026-100369', (o) => o.returns.length === 0] },
  },
  {
    name: 'price protection',
    en: { steps: [['The chopping board of order HH2026-100383 got cheaper, I want the price difference back', /last four digits/], ['1259', /Which one|19 yuan/], ['?the chopping board', /19 yuan/], ['yes', /goes back to/]],
      page: 'orders/HH2026-100383', at: '[data-test=refund]', holds: /¥\s?19\.00/, once: ['orders/HH2026-100383', (o) => o.refunds.length === 1 && o.refunds[0].amount === 19] },
    zh: { steps: [['订单HH2026-100370里的荞麦枕降价了，我要退差价', /后四位/], ['1037', /哪一件|29元/], ['?荞麦枕', /29元/], ['好的', /差价29元/]],
      page: 'orders/HH2026-100370', at: '[data-test=refund]', holds: /¥\s?29\.00/, once: ['orders/HH2026-100370', (o) => o.refunds.length === 1 && o.refunds[0].amount === 29] },
  },
  {
    name: 'compatibility',
    en: { steps: [['Does the Candle E27 LED bulb fit the Heron arc floor lamp?', /Yes.*E27/], ['Does the purifier filter work with the Mist humidifier?', /do not go together/]] },
    zh: { steps: [['烛火灯泡能用在白鹭落地灯上吗', /可以.*E27/], ['净化器滤网能装在雾岸加湿器上吗', /配不上/]] },
  },
  {
    name: 'complaint to closure',
    en: { steps: [['This is outrageous! I want to complain, your driver threw my parcel over the fence and the lamp is broken!', /When/], ['yesterday afternoon', /order/],
      ['HH2026-100354', /like us to do/], ['I want an apology and something for the damage', /How can we reach you/], ['oliver.kent@example.com', /read that back.*yesterday afternoon \(/], ['yes', /C\d{8}/],
      offer('money', 20, 'we pay 20 yuan back and apologise'), ['Yes, I accept that. Please close my complaint', /is closed/]],
      ticket: (x) => x.state === 'closed' && x.type === 'complaint' && x.facts.proposal.state === 'accepted', holds: /Closed/ },
    zh: { steps: [['气死我了，我要投诉！快递员把箱子扔在楼下就走了，还骂人', /什么时候/], ['昨天下午三点', /订单/], ['没有', /怎么解决/], ['我要他向我道歉', /手机号或邮箱/], ['不留', /念一遍.*昨天下午三点（/], ['对的', /C\d{8}.*查询码/],
      solve('站点负责人已致电道歉'), ['已解决，谢谢', /结束/]],
      ticket: (x) => x.state === 'closed' && x.type === 'complaint', holds: /已结束|已关闭/ },
  },
];

/* Besides: an address is only changed with a code that was sent; and a chat that goes on by phone (story_calls.mjs). */
export const EXTRA = {
  name: 'address with a one-time code',
  en: { steps: [['Please change the delivery address of my order HH2026-100432', /last four digits/], ['1814', /city/], ['Hangzhou', /district/], ['Xihu', /street/],
    ['Room 3, 12 Longjing Road', /code/], async (h) => h.type(await h.code(), /Hangzhou/), ['yes', /address is changed/]],
    page: 'orders/HH2026-100432', holds: /Paid/, once: ['orders/HH2026-100432', (o) => o.address_changes === 1] },
};
