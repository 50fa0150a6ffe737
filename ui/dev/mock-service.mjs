/* Customers, orders, tickets, tools and approvals of the stand-in server, from the demo company's files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const demo = join(import.meta.dirname, '../../demo');
const lines = (f) => readFileSync(join(demo, f), 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
const products = new Map(lines('products.jsonl').map((p) => [p.sku, p]));
const now = () => new Date().toISOString();
const later = (min) => new Date(Date.now() + min * 60000).toISOString();

const customers = new Map(
  lines('customers.jsonl').map((c, n) => [c.id, {
    id: c.id, name: c.name, tier: c.tier, language: c.language, since: c.created_at,
    phone_masked: `${c.phone.slice(0, 3)} ${c.phone.slice(3, 6)} **** ${c.phone.slice(-4)}`,
    email_masked: c.email.replace(/^(.).*?(.)@/, '$1***$2@'),
    last_ms: Date.now() - n * 7.3e6,
    identities: [
      { id: `${c.id}-1`, kind: 'phone', masked: `${c.phone.slice(0, 3)} ${c.phone.slice(3, 6)} **** ${c.phone.slice(-4)}`, value: c.phone, verified: 2, primary: true },
      { id: `${c.id}-2`, kind: 'email', masked: c.email.replace(/^(.).*?(.)@/, '$1***$2@'), value: c.email, verified: 3, primary: false },
    ],
    consent: [{ channel: 'sms', purpose: 'service', yes: true, at: c.created_at, source: 'import' },
      { channel: 'email', purpose: 'marketing', yes: false, at: c.created_at, source: 'call' }],
    preferences: n % 2 ? { channel: 'email' } : {}, joined: [],
  }]),
);

const orders = lines('orders.jsonl').map((o) => {
  const events = [{ at: o.placed_at, kind: 'placed' }];
  if (o.shipped_at) events.push({ at: o.shipped_at, kind: 'shipped', place: '宁波仓' });
  if (o.shipped_at && o.delivered_at)
    events.push({ at: new Date((Date.parse(o.shipped_at) + Date.parse(o.delivered_at)) / 2).toISOString(), kind: 'transit', place: '南京中转站' });
  if (o.delivered_at) events.push({ at: o.delivered_at, kind: 'delivered' });
  const r = o.return;
  return {
    number: o.number, state: o.status, customer: o.customer_id, total: o.total_cny, currency: 'CNY',
    placed_at: o.placed_at, shipped_at: o.shipped_at ?? null, delivered_at: o.delivered_at ?? null,
    carrier: o.carrier, tracking: o.tracking, events,
    items: o.items.map((i) => ({ sku: i.sku, qty: i.qty, price: i.price_cny, name: products.get(i.sku)?.name ?? i.sku })),
    returns: r ? [{ id: r.number, order: o.number, customer: o.customer_id, kind: r.kind ?? 'return', state: r.status, reason: r.reason, refund: r.refund_cny ?? null, requested_at: r.requested_at }] : [],
  };
});

const tickets = [
  ['complaint', 'critical', 'new', 'Sofa delivered with a torn seat, third call', 'c024', -95],
  ['complaint', 'high', 'new', '吊灯少了一个灯罩，客服没有回电', 'c001', 12],
  ['aftersale', 'normal', 'open', 'Recliner lever is stiff', 'c002', 340],
  ['return', 'normal', 'open', '退货一直没有人上门取件', 'c003', -20],
  ['enquiry', 'low', 'pending_customer', 'Which bulb fits the Drift lamp', 'c005', 60],
  ['complaint', 'high', 'solved', 'Charged twice for one order', 'c022', 900],
].map(([type, severity, state, title, customer, min], n) => ({
  id: `T2026-00000${n + 1}`, type, severity, state, title, customer,
  owner: n > 1 ? 'admin' : '', opened_at: later(-300 - n * 60), category: 'delivery/damage',
  clocks: [{ kind: 'first_response', due_at: later(min), breach: min < 0, paused: state === 'pending_customer' },
    { kind: 'resolution', due_at: later(min + 2000), breach: false, paused: state === 'pending_customer' }],
  facts: { order: 'HH2026-100101', text: title, wants: 'A new seat within a week and an apology.', evidence: ['photo-1.jpg'] },
  promised_at: later(2880), moves: ['open', 'pending_customer', 'solved'], links: [{ kind: 'order', ref: 'HH2026-100101' }],
  history: [{ n: 1, at: later(-300 - n * 60), kind: 'opened', by: 'bot' }],
}));

const order = { type: 'string', description: { en: 'Number of the order', zh: '订单号' } };
const tools = [
  { name: 'order_cancel', title: { en: 'Cancel the order', zh: '取消订单' }, about: { en: 'Cancels an order that has not left.', zh: '取消尚未发货的订单。' }, schema: { type: 'object', required: ['order'], properties: { order } }, source: 'shop', role: 'customer', level: 'known', effect: true, confirm: true },
  { name: 'return_create', title: { en: 'Return items', zh: '退货' }, about: { en: 'Opens a return.', zh: '创建退货。' }, schema: { type: 'object', required: ['order', 'reason'], properties: { order, reason: { type: 'string', enum: ['fault', 'change_of_mind'] }, items: { type: 'array', items: { type: 'string' } }, note: { type: 'string', maxLength: 200 } } }, source: 'shop', role: 'customer', level: 'known', effect: true, confirm: true },
];
const approvals = [
  { id: 'A1', state: 'waiting', what: 'Compensation beyond the agent’s limit', tool: 'compensate', amount: 300, customer: 'c024', actor: 'bot', made_at: later(-15), args: { order: 'HH2026-100101', amount: 300 } },
  { id: 'A2', state: 'waiting', what: '超过退货期的退货', tool: 'return_create', amount: 214.62, customer: 'c027', actor: 'bot', made_at: later(-4), args: { order: 'HH2026-100102', reason: 'fault' } },
];

export function serviceRoutes(admin, page, Problem) {
  const cust = (id) => customers.get(id) ?? fail('no such customer');
  const fail = (detail) => {
    throw new Problem(404, 'not found', detail);
  };
  const ticket = (id) => tickets.find((x) => x.id === id) ?? fail('no such ticket');
  const list = (all, q) => {
    const p = page(all, q);
    return { items: p.items, next: p.next_cursor };
  };
  const has = (text, q) => !q || text.toLowerCase().includes(q.toLowerCase());
  const stats = (id) => {
    const mine = orders.filter((o) => o.customer === id);
    return { orders: mine.length, last_order: mine.at(-1)?.number ?? null, last_status: mine.at(-1)?.state ?? null, contacts_7d: 2, open_tickets: tickets.filter((x) => x.customer === id && x.state !== 'closed').length };
  };
  const A = '/api/v1/';
  const routes = [
    ['GET', 'customers', (_p, q) => list([...customers.values()].filter((c) => has(c.name + c.id + c.phone_masked, q.get('q'))), q)],
    ['POST', 'customers/join', (_p, _q, b) => {
      cust(b.a).joined.push({ id: b.b, name: cust(b.b).name, reason: b.reason, score: 1, by: 'admin', at: now() });
      return {};
    }],
    ['POST', 'customers/unjoin', (_p, _q, b) => {
      cust(b.a).joined = cust(b.a).joined.filter((j) => j.id !== b.b);
      return {};
    }],
    ['GET', 'customers/([\\w-]+)', ([id], q) => {
      const c = cust(id);
      const identities = c.identities.map(({ value, ...i }) => (q.get('reveal') ? { ...i, value } : i));
      return { ...c, identities, stats: stats(id) };
    }],
    ['PATCH', 'customers/([\\w-]+)', ([id], _q, b) => Object.assign(cust(id), b)],
    ['POST', 'customers/([\\w-]+)/identities', ([id], _q, b) => {
      cust(id).identities.push({ id: `${id}-${Date.now()}`, kind: b.kind, masked: b.value.replace(/.(?=.{3})/g, '*'), verified: 1, primary: false });
      return {};
    }],
    ['DELETE', 'customers/([\\w-]+)/identities/([\\w-]+)', ([id, iid]) => {
      cust(id).identities = cust(id).identities.filter((i) => i.id !== iid);
      return {};
    }],
    ['PUT', 'customers/([\\w-]+)/consent', ([id], _q, b) => {
      const c = cust(id);
      c.consent = [...c.consent.filter((k) => k.channel !== b.channel || k.purpose !== b.purpose), { ...b, at: now() }];
      return {};
    }],
    ['GET', 'customers/([\\w-]+)/timeline', ([id], q) => list([
      { at: now(), kind: 'conversation.opened', channel: 'phone', title: 'Where is my sofa?', ref: '1', by: 'bot' },
      ...orders.filter((o) => o.customer === id).map((o) => ({ at: o.placed_at, kind: 'order.placed', channel: 'web', title: o.number, ref: o.number, by: 'customer' })),
      ...tickets.filter((x) => x.customer === id).map((x) => ({ at: x.opened_at, kind: 'ticket', title: x.title, ref: x.id, by: 'bot' })),
      { at: cust(id).since, kind: 'customer.created', title: 'import', by: 'import' },
    ].sort((a, b) => (a.at < b.at ? 1 : -1)), q)],
    ['GET', 'orders', (_p, q) => list(orders.filter((o) => (!q.get('customer') || o.customer === q.get('customer')) && (!q.get('state') || o.state === q.get('state')) && has(o.number, q.get('q'))).reverse(), q)],
    ['GET', 'orders/([\\w-]+)', ([n]) => orders.find((o) => o.number === n) ?? fail('no such order')],
    ['GET', 'returns', (_p, q) => list(orders.flatMap((o) => o.returns).filter((r) => !q.get('state') || r.state === q.get('state')), q)],
    ['GET', 'returns/([\\w-]+)', ([id]) => orders.flatMap((o) => o.returns).find((r) => r.id === id) ?? fail('no such return')],
    ['GET', 'tools', () => ({ items: tools })],
    ['POST', 'tools/(\\w+)/call', ([name], _q, b) => {
      const o = orders.find((x) => x.number === b.args.order);
      if (!o) return { outcome: 'not_found', say: 'I could not find that order.', why: 'no such order of this customer', body: {} };
      const body = { order: o.number, refund: o.total };
      if (o.shipped_at && name === 'order_cancel') return { outcome: 'refused', say: 'It has left already.', why: 'shipped', body: { rule: 'shipped' } };
      if (!b.checked) return { outcome: 'verify', say: '', why: 'level claimed, known is needed', body: {} };
      if (b.dry) return { outcome: 'done', say: `${o.number} will be cancelled and ${o.total} refunded.`, why: 'policy cancel/not-shipped', body };
      if (!b.confirmed) return { outcome: 'confirm', say: `Shall I cancel ${o.number}? ${o.total} goes back.`, why: 'needs a yes', body, print: '8812345678901234567' };
      o.state = 'cancelled';
      o.events.push({ at: now(), kind: 'cancelled' });
      return { outcome: 'done', say: 'It is cancelled.', why: '', body };
    }],
    ['GET', 'policies', () => ({ items: [] })],
    ['GET', 'flows', () => ({ items: [] })],
    ['GET', 'tools/files', () => ({ items: [] })],
    ['GET', 'intents/confusion', () => ({ turns: 0, heard: {}, labelled: 0, right: 0, cells: [] })],
    ['GET', 'intents/turns', () => ({ items: [], next: null })],
    ['GET', 'approvals', (_p, q) => list(approvals.filter((a) => (q.get('state') || 'waiting') === a.state), q)],
    ['POST', 'approvals/(\\w+)', ([id], _q, b) => {
      Object.assign(approvals.find((a) => a.id === id), { state: b.yes ? 'yes' : 'no', note: b.note, by: 'admin' });
      return { outcome: 'done' };
    }],
    ['GET', 'tickets', (_p, q) => list(tickets.filter((x) => ['type', 'state', 'severity', 'customer'].every((k) => !q.get(k) || x[k] === q.get(k)) && has(x.title + x.id, q.get('q'))), q)],
    ['POST', 'tickets', (_p, _q, b) => {
      const x = { ...b, id: `T2026-0000${10 + tickets.length}`, state: 'new', owner: '', opened_at: now(), moves: ['open', 'solved'], clocks: [{ kind: 'first_response', due_at: later(60), breach: false, paused: false }], links: b.order ? [{ kind: 'order', ref: b.order }] : [], history: [{ n: 1, at: now(), kind: 'opened', by: 'admin' }] };
      tickets.unshift(x);
      return x;
    }],
    ['GET', 'tickets/board', () => ({ columns: ['new', 'open', 'pending_customer', 'pending_third', 'solved', 'closed'].map((state) => {
      const items = tickets.filter((x) => x.state === state);
      return { state, count: items.length, items };
    }) })],
    ['GET', 'tickets/([\\w-]+)', ([id]) => ticket(id)],
    ['PATCH', 'tickets/([\\w-]+)', ([id], _q, b) => Object.assign(ticket(id), b)],
    ['POST', 'tickets/([\\w-]+)/(notes|state|link)', ([id, what], _q, b) => {
      const x = ticket(id);
      if (what === 'notes') x.history.push({ n: x.history.length + 1, at: now(), kind: 'note', by: 'admin', text: b.text });
      if (what === 'link') x.links.push(b);
      if (what === 'state') {
        x.history.push({ n: x.history.length + 1, at: now(), kind: 'state', by: 'admin', body: { from: x.state, to: b.state }, text: b.why });
        x.state = b.state;
      }
      return {};
    }],
  ];
  return routes.map(([m, p, run]) => [m, new RegExp(`^${A}${p}$`), (r, params, q, b) => {
    admin(r);
    return run(params, q, b);
  }]);
}
