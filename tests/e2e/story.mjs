/* story.mjs: the nine service stories on the real program, Chinese and English: typed into the chat page in headless
 * Chromium, spoken over SIP with the console open, a chat that goes on by phone; and what the console and the API show
 * of each afterwards. One server, one browser; calls run beside the chats. CALLM_SHOTS keeps pictures. */
import { createRequire } from 'node:module';
import { events, have, join, login, main, note, ok, password, root, skip, until } from './lib.mjs';
import { CALLS, CONTINUED } from './story_calls.mjs';
import { CHATS, EXTRA } from './story_chats.mjs';
import { dial } from './story_phone.mjs';
import { agent, customerOf, get, messages, world } from './story_world.mjs';

const { chromium } = createRequire(join(root, 'ui/package.json'))('playwright-core');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const only = process.env.CALLM_STORY ?? '';

let w;
let browser;
let token;
let signed;

async function picture(page, name) {
  if (process.env.CALLM_SHOTS) await page.screenshot({ path: join(process.env.CALLM_SHOTS, `story-${name.replaceAll(' ', '-')}.png`), fullPage: false });
}

async function newPage(lang, { size = [1360, 900], storageState } = {}) {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] }, locale: lang === 'zh' ? 'zh-CN' : 'en-US', storageState });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (e) => page.problems.push(e.message));
  page.setDefaultTimeout(30000);
  return page;
}

/* ---- the chat page, as a customer has it ---- */

class Chat {
  constructor(page, lang) {
    Object.assign(this, { page, lang, sent: messages(w.s) });
  }

  static async open(lang) {
    const page = await newPage(lang, { size: [420, 860] });
    const c = new Chat(page, lang);
    await page.goto(`${w.s.url}/chat`);
    c.id = await until('the session', () => page.evaluate(() => JSON.parse(localStorage.getItem('callm.chat') ?? '{}').session?.id));
    await until('the greeting', async () => (await c.replies()).length > 0); // what is typed before it would take it for its reply
    return c;
  }

  replies() {
    return this.page.locator('[data-test=reply] .bub').allInnerTexts();
  }

  async type(text, wanted) {
    const before = (await this.replies()).length;
    await this.page.fill('[data-test=input]', text);
    await this.page.press('[data-test=input]', 'Enter');
    await until(`a reply to "${text}"`, async () => (await this.replies()).length > before);
    const said = (this.last = (await this.replies()).at(-1).replaceAll('\n', ' '));
    if (wanted && !wanted.test(said)) throw new Error(`"${text}" was answered: ${said}\nnot as ${wanted}`);
    return said;
  }

  async ticket() {
    this.number = await until('the ticket', async () => (await this.replies()).join(' ').match(/C\d{8}/)?.[0]);
    return this.number;
  }

  solve(number, why) {
    return agent(w.s, token, `tickets/${number}/state`, { state: 'solved', why });
  }

  offer(number, kind, amount, text) {
    return agent(w.s, token, 'tools/resolution_propose/call', { args: { number, kind, amount, text } });
  }

  code() {
    return w.code(this.sent);
  }

  close() {
    return this.page.context().close();
  }
}

async function walk(chat, steps) {
  for (const step of steps) {
    if (typeof step === 'function') {
      await step(chat);
      continue;
    }
    const [text, wanted] = step;
    if (text.startsWith('?') && wanted.test(chat.last)) continue;
    await chat.type(text.replace(/^\?/, ''), wanted);
  }
}

/* What staff see afterwards, on the console and by the API. */
async function effect(staff, chat, x, name) {
  if (x.once) {
    const [path, fits] = x.once;
    const o = await get(w.s, token, `${path}?lang=${chat.lang}`);
    if (!fits(o)) throw new Error(`${path} is ${JSON.stringify(o)}`);
  }
  if (x.ticket) {
    const t = await get(w.s, token, `tickets/${await chat.ticket()}`);
    if (!x.ticket(t)) throw new Error(`the ticket is ${JSON.stringify(t)}`);
  }
  const where = x.ticket ? `tickets/${chat.number}` : x.page;
  if (!where) return;
  await staff.goto(`${w.s.url}/?lang=${chat.lang}#/${where}`);
  await staff.reload(); // the page may be the one that the story before ended on
  const text = await until(`${where} to show ${x.holds}`, async () => {
    const t = await staff.locator(x.at ?? 'main').innerText();
    return x.holds.test(t) && t;
  }, 30000);
  if (text) await picture(staff, `${name}-console`);
}

async function story(staff, lang, name, x) {
  let chat;
  const t0 = Date.now();
  try {
    chat = await Chat.open(lang);
    await walk(chat, x.steps);
    await picture(chat.page, `${name} ${lang}`);
    await effect(staff, chat, x, `${name} ${lang}`);
    ok(chat.page.problems.length === 0, `chat ${lang}: ${name} (${Date.now() - t0} ms)`, chat.page.problems);
  } catch (e) {
    const log = chat?.id ? (await events(w.s, chat.id, token)).filter((r) => /turn|tool|check|flow/.test(r.kind)).map((r) => `${r.kind} ${r.body.text ?? JSON.stringify(r.body)}`) : [];
    ok(false, `chat ${lang}: ${name}`, `${e.stack}\n${log.join('\n')}`);
  }
  await chat?.close();
}

async function chats(lang) {
  const staff = await newPage(lang, signed);
  for (const c of [...CHATS, EXTRA]) if (c[lang] && `chat ${c.name}`.includes(only)) await story(staff, lang, c.name, c[lang]);
  ok(staff.problems.length === 0, `console ${lang}: no script fails`, staff.problems);
}

/* ---- the telephone ---- */

class Call {
  constructor(phone, lang) {
    Object.assign(this, { phone, lang, seq: 0 });
  }

  /* Dials with the customer's number; Chinese by the star key, which cuts the greeting. */
  static async open(from, lang) {
    const since = new Date(Date.now() - 2000).toISOString();
    const c = new Call(await dial(w.s.sip, from), lang);
    c.id = await until('the conversation', async () => {
      const { items } = await get(w.s, token, 'conversations?state=open&channel=phone&limit=50');
      return items.find((i) => i.customer?.id === customerOf(from) && i.started_at >= since)?.id;
    });
    if (lang === 'zh') {
      await new Promise((r) => setTimeout(r, 1200));
      await c.phone.press('*');
    }
    return c;
  }

  rows() {
    return events(w.s, this.id, token);
  }

  /* The next reply, once it was heard. */
  async reply(after) {
    const found = await until(`a reply after ${after}`, async () => {
      const rows = await this.rows();
      const bot = rows.filter((r) => r.kind === 'turn.bot' && r.body.text && r.seq > this.seq).at(-1);
      const over = bot && rows.find((r) => /^turn\.(played|cut)$/.test(r.kind) && r.turn === bot.turn && r.seq > bot.seq);
      return over && { bot, seq: rows.at(-1).seq };
    }, 45000); // four times to choose from take half a minute to say
    this.seq = found.seq;
    return found.bot.body.text;
  }

  /* Who is not understood says it again. */
  async step([what, wanted], again = 2) {
    if (what.startsWith('#')) await this.phone.press(what.slice(1));
    else await this.phone.say(w.said(this.lang, what));
    const said = await this.reply(what);
    if (wanted.test(said)) return said;
    if (again > 0 && /did not (catch|understand)|still there|没听明白|没有听清|还在吗/.test(said)) return this.step([what, wanted], again - 1);
    throw new Error(`"${what}" was answered: ${said}\nnot as ${wanted}`);
  }
}

const chinese = (r) => /[\u4e00-\u9fff]/.test(r.body.text ?? '');

/* Who knows the menu speaks into it. */
async function impatient(c) {
  const menu = await until('the menu', async () => (await c.rows()).find((r) => r.kind === 'turn.bot' && chinese(r)), 20000);
  await new Promise((r) => setTimeout(r, 1500));
  c.seq = menu.seq;
}

/* Begins once all was said that comes by itself: what the law asks for, the greeting, whether to go on. */
async function greeted(c) {
  let seen = 0;
  let since = 0;
  const rows = await until('the greeting to end', async () => {
    const all = await c.rows();
    if (all.length !== seen) [seen, since] = [all.length, Date.now()];
    const last = all.filter((r) => r.kind === 'turn.bot').at(-1);
    const zh = c.lang === 'en' || /[\u4e00-\u9fff]/.test(all.map((r) => r.body.heard_text ?? '').join(''));
    const over = last && all.some((r) => r.kind === 'turn.played' && r.body.say_id === last.body.say_id);
    return zh && over && Date.now() - since > 400 && all;
  }, 40000);
  c.seq = rows.at(-1).seq;
}

async function onPhone(staff, lang, name, x) {
  let c;
  const t0 = Date.now();
  try {
    c = await Call.open(x.from, lang);
    await staff.goto(`${w.s.url}/?lang=${lang}#/c/${c.id}`);
    await (lang === 'zh' && !x.order && !x.ticket ? impatient(c) : greeted(c));
    let said = '';
    for (const s of x.steps) said = await c.step(s);
    const turns = await until('the console to show the call', async () => {
      const all = await staff.locator('[data-test=turn-bot] .said').allInnerTexts();
      return all.some((t) => t.replaceAll('\n', ' ') === said.replaceAll('\n', ' ')) && all;
    }, 15000);
    await picture(staff, `call ${name} ${lang}`);
    c.phone.hangUp();
    if (x.ticket) await ticketOf(staff, c, x, said, name);
    ok(turns.length > 1, `phone ${lang}: ${name} (${Date.now() - t0} ms)`);
  } catch (e) {
    const log = c?.id ? (await c.rows()).map((r) => `${r.seq} ${r.turn} ${r.kind} ${r.body.text ?? r.body.heard_text ?? JSON.stringify(r.body)}`) : [];
    ok(false, `phone ${lang}: ${name}`, `${e.stack}\n${log.join('\n')}\nheard: ${JSON.stringify(w.ear.heard.slice(-9))}`);
  }
  c?.phone.close();
}

/* The ticket that came of a call: on the console, with its clocks and its link to the call. */
async function ticketOf(staff, c, x, said, name) {
  const number = said.match(/C\d{8}/)[0];
  await staff.goto(`${w.s.url}/?lang=${c.lang}#/tickets/${number}`);
  await until('the ticket on the console', async () => x.ticket.test(await staff.locator('[data-test=case]').innerText().catch(() => '')), 30000);
  const links = await staff.locator('[data-test=links]').innerText();
  if (!links.includes(c.id)) throw new Error(`the ticket does not know its call: ${links}`);
  if ((await staff.locator('[data-test=due]').count()) < 1) throw new Error('no clock runs');
  await picture(staff, `ticket ${name} ${c.lang}`);
}

async function continued(staff, lang) {
  const x = CONTINUED[lang];
  const chat = await Chat.open(lang);
  await walk(chat, x.chat);
  await chat.close();
  await onPhone(staff, lang, 'a chat goes on by phone', x);
  const o = await get(w.s, token, `orders/${x.order}`);
  ok(o.returns.length === 0, `phone ${lang}: what nobody said yes to is not registered`, o.returns);
}

async function calls(lang, list) {
  const staff = await newPage(lang, signed);
  for (const [name, x] of list) if (`phone ${name}`.includes(only)) await (x ? onPhone(staff, lang, name, x) : continued(staff, lang));
}

/* Every sentence is made before the first call: it takes a machine's attention from the sound of a line that is up. */
function rehearse() {
  for (const lang of ['en', 'zh'])
    for (const x of [...CALLS.map((c) => c[lang]), CONTINUED[lang]])
      for (const [what] of x.steps) if (!what.startsWith('#')) w.said(lang, what);
}

/* Once; the other pages of staff begin signed in. */
async function signIn() {
  const page = await newPage('en');
  await page.goto(`${w.s.url}/`);
  await page.fill('[name=login]', 'admin');
  await page.fill('[name=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=link][data-state=open]');
  const storageState = await page.context().storageState();
  await page.context().close();
  return { storageState };
}

await main(async () => {
  for (const p of ['flite', 'espeak-ng', 'sox']) if (!have(p)) return skip('stories', `${p} is not installed`);
  w = await world();
  rehearse();
  token = await login(w.s);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
  signed = await signIn();
  const t0 = Date.now();
  const lanes = ['en', 'zh'].flatMap((lang) => [
    calls(lang, [[CALLS[1].name, CALLS[1][lang]]]),
    calls(lang, [[CALLS[0].name, CALLS[0][lang]]]),
    calls(lang, [['continued', null]]),
    chats(lang),
  ]);
  for (const r of await Promise.allSettled(lanes)) if (r.status === 'rejected') ok(false, 'a lane of stories runs', r.reason.stack);
  note(`${Math.round((Date.now() - t0) / 1000)} s`);
  await browser.close();
  w.ear.close();
  const end = await w.s.stop();
  ok(end.code === 0, 'the server ends in order', w.s.err);
});
