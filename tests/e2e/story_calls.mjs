/* story_calls.mjs: stories by phone, Chinese and English: what the caller says (or keys, '#': after a question for
 * digits), and what the next reply says. Numbers are keyed, as most callers do. */
export const CALLS = [
  {
    name: 'order status',
    en: { from: '+8615400001888', steps: [['Where is my order?', /order number/], ['#2026100384#', /last four digits/], ['#1888#', /HH2026-100384.*shipped/]] },
    zh: { from: '+8615400001777', steps: [['我的订单到哪了', /订单号/], ['#2026100385#', /后四位/], ['#1777#', /HH2026-100385.*发货/]] },
  },
  {
    name: 'complaint',
    en: { from: '+8615400002147', steps: [['This is outrageous, I want to complain, your driver threw my parcel over the fence', /When/], ['Yesterday afternoon', /order/],
      ['None', /like us to do/], ['I want an apology', /read that back/], ['#1', /C\d{8}/]], ticket: /over the fence/ },
    zh: { from: '+8615400001518', steps: [['气死我了我要投诉，快递员把箱子扔在楼下就走了', /什么时候/], ['昨天下午', /订单/], ['没有', /怎么解决/], ['我要他道歉', /念一遍/], ['#1', /C\d{8}/]],
      ticket: /扔在楼下/ },
  },
];

/* A return that was begun in the chat goes on by phone, and is given up there before it is said yes to. */
export const CONTINUED = {
  en: { from: '+8615400001814', chat: [['I want to return order HH2026-100350', /last four digits/], ['1814', /why/]],
    steps: [['Yes please', /order number/], ['#2026100350#', /last four digits/], ['#1814#', /why/], ['It is too big', /unopened/]],
    order: 'HH2026-100350' },
  zh: { from: '+8615400001148', chat: [['我要退货，订单HH2026-100365', /后四位/], ['1148', /为什么/]],
    steps: [['好的', /订单号/], ['#2026100365#', /后四位/], ['#1148#', /为什么/], ['伞骨坏了', /取件/]],
    order: 'HH2026-100365' },
};
