/* The people's side, several pages at once: two agents at their desks, a supervisor at the wallboard, a customer. Bot,
 * queue, offer, acceptance, words both ways, transfer to a colleague, the end with stars, the wrap-up with its summary.
 * CALLM_FULL=1 goes on: back to the bot with an instruction and to a person again, a customer in Chinese, a reviewer
 * who scores by keys, and every screen looked at by axe.
 * Needs the demo's people (mei, tom, lin, qin) with the same password as admin, and nobody else waiting. */
import { accessible as axe, api, assert, base, password, picture, scenario, signIn, texts, until } from './lib.mjs';

const full = Boolean(process.env.CALLM_FULL);
const accessible = (page, what) => (full ? axe(page, what) : undefined);
const sel = (name) => `[data-test="${name}"]`;
const text = (page, s) => page.locator(s).first().innerText();

const tokenOf = async (who) => (await (await fetch(`${base}/api/v1/auth/login`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: who, password }),
})).json()).token;

async function customer(open, lang) {
  const page = await open({ lang, size: [420, 800] });
  await page.goto(`${base}/chat`);
  await page.waitForSelector(sel('reply')); // the greeting, as a row of the conversation
  page.says = async (words) => {
    const had = await page.locator(sel('reply')).count();
    await page.fill(sel('input'), words);
    await page.press(sel('input'), 'Enter');
    return had;
  };
  return page;
}

async function agent(open, who, lang, theme) {
  const page = await open({ lang, theme, size: [1400, 880] });
  await signIn(page, who);
  await page.waitForSelector(sel('presence'));
  page.who = who;
  return page;
}

const ready = async (page) => {
  await done(page);
  await page.click(sel('be-ready'));
  await page.waitForSelector(`${sel('presence')} ${sel('agent-state')}[data-state=ready]`);
};

/* Whoever it is offered to accepts by key; the other has no offer then. */
async function accepted(pages) {
  const page = await until('an offer', async () => {
    for (const p of pages) if ((await p.locator(`${sel('offer')} ${sel('accept')}`).count()) > 0) return p;
    return null;
  }, 25000);
  await page.locator(sel('desk-queues')).click({ position: { x: 3, y: 3 } });
  await page.keyboard.press('a');
  await page.waitForSelector(`${sel('work')}[data-state=accepted]`);
  return page;
}

async function say(page, words) {
  await page.fill(sel('say'), words);
  await page.press(sel('say'), 'Enter');
  await until(`"${words}" arrived`, async () => (await texts(page, `${sel('turn-agent')} .said`)).includes(words));
}

async function english(open, mei, tom, lin) {
  const ada = await customer(open, 'en');
  await ada.says('My lamp arrived broken, I want to send it back');
  await until('the bot', async () => (await ada.locator(sel('reply')).count()) > 1);
  await ada.says('I want to talk to a person, please');
  const first = await accepted([mei, tom]);
  const other = first === mei ? tom : mei;
  assert.match(await text(first, sel('packet')), /lamp/i);
  await until('the customer knows', async () => (await ada.getAttribute(sel('standing'), 'data-state')) === 'with');
  await say(first, 'Hello, I have your case here.');
  await until('the customer reads it', async () => (await texts(ada, '.msg.agent .bub')).includes('Hello, I have your case here.'));
  await ada.says('Can I return it without the box?');
  await until('the agent reads it', async () => (await texts(first, `${sel('turn-customer')} .said`)).includes('Can I return it without the box?'));
  await until('help', async () => (await first.locator(`${sel('suggestion')}, ${sel('next-action')}, ${sel('checks')} li`).count()) > 0);
  await first.click(sel('check-hand'));
  await until('the tick is kept', () => first.locator(`${sel('checks')} li.done ${sel('check-hand')}`).count());
  await axe(first, 'the desk of an agent');
  await picture(first, 'people_desk');
  await picture(ada, 'people_chat');
  await until('the supervisor sees it', async () => (await lin.locator(`${sel('agent')}[data-login=${first.who}][data-state=talking]`).count()) === 1);

  /* to the colleague, with a word */
  await first.keyboard.press('Escape');
  await first.keyboard.press('t');
  await first.fill(sel('where'), other.who);
  await until('the colleague', async () => (await first.locator(`${sel('choice')}[data-id="agent:${other.who}"]`).count()) === 1);
  await first.fill(sel('transfer-note'), 'Wants to return without a box.');
  await first.press(sel('transfer-note'), 'Enter');
  await accepted([other]);
  await until('it left the first', async () => (await first.locator(`${sel('work')}[data-state=accepted]`).count()) === 0);
  await say(other, 'I am taking over.');
  await until('the other name', async () => (await texts(ada, '.msg.agent .stamp')).length > 1 && (await texts(ada, '.msg.agent .bub')).includes('I am taking over.'));

  /* what was typed becomes a draft, by one key */
  await say(other, 'It may go back without its box, and the way back is free for a broken lamp.');
  await other.keyboard.press('Escape');
  await other.keyboard.press('f');
  await other.waitForSelector(sel('proposed'));
  await accessible(other, 'a desk with a draft');
  await picture(other, 'people_article');
  await other.keyboard.press('i');

  if (!full) return { ada, page: other };

  /* back to the bot, and again to a person */
  await other.keyboard.press('Escape');
  await other.keyboard.press('b');
  await other.fill(sel('instruction'), 'Explain how a return works.');
  await other.press(sel('instruction'), 'Enter');
  await until('it is gone', async () => (await other.locator(`${sel('work')}[data-state=accepted]`).count()) === 0);
  await ada.waitForSelector(sel('handover.returned'));
  for (const p of [first, other]) await done(p);
  await ada.says('Agent please');
  return { ada, page: await accepted([mei, tom]) };
}

/* What was wrapped up by nobody yet: chosen and saved, by keys. */
async function done(page) {
  if ((await page.locator(`${sel('work')}[data-state=wrapup]`).count()) === 0) return; /* it may have ended by itself */
  await page.locator(`${sel('work')}[data-state=wrapup]`).first().click();
  await page.waitForSelector(sel('wrapup'));
  await until('dispositions', async () => (await page.locator(`${sel('disposition')} option`).count()) > 1);
  if (!(await page.inputValue(sel('disposition')))) await page.selectOption(sel('disposition'), { index: 1 });
  await page.press(sel('disposition'), 'Control+Enter');
  await until('nothing to wrap up', async () => (await page.locator(`${sel('work')}[data-state=wrapup]`).count()) === 0);
}

async function ending({ ada, page }) {
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.waitForSelector(sel('end-go'));
  await page.keyboard.press('Enter');
  await page.waitForSelector(sel('wrapup'));
  await ada.waitForSelector(sel('asked'));
  await accessible(ada, 'the question to the customer');
  await picture(ada, 'people_stars');
  await ada.click(sel('rate-5'));
  await until('thanks', async () => (await ada.locator(sel('asked')).count()) === 0);
  await until('a summary', async () => (await page.inputValue(sel('summary'))).length > 20);
  await accessible(page, 'the wrap-up');
  await picture(page, 'people_wrapup');
  await page.fill(sel('summary'), `${await page.inputValue(sel('summary'))}\nChecked.`);
  await done(page);
}

async function chinese(open, mei, lin) {
  const chen = await customer(open, 'zh');
  await chen.says('我要找人工客服');
  await accepted([mei]);
  await say(mei, '您好，请问有什么可以帮您？');
  await until('读到了', async () => (await texts(chen, '.msg.agent .bub')).includes('您好，请问有什么可以帮您？'));
  await until('at risk', async () => (await lin.locator(sel('risky')).count()) > 0);
  await accessible(lin, 'the wallboard');
  await picture(lin, 'people_floor');
  await picture(chen, 'people_chat_zh');
  await mei.keyboard.press('Escape');
  await mei.keyboard.press('e');
  await mei.waitForSelector(sel('end-go'));
  await mei.click(sel('survey'));
  await mei.click(sel('end-go'));
  await mei.waitForSelector(sel('wrapup'));
  await picture(mei, 'people_wrapup_zh');
  await done(mei);
}

/* A chat that nobody asked a person for: the supervisor takes it from the bot, by key. */
async function taken(open, lin) {
  const eve = await customer(open, 'en');
  const had = await eve.says('How long can I return something?');
  await until('an answer', async () => (await eve.locator(sel('reply')).count()) > had);
  const id = await eve.evaluate(() => JSON.parse(localStorage.getItem('callm.chat')).session.id);
  await lin.goto(`${base}/#/c/${id}`);
  await lin.waitForSelector(`${sel('take')} ${sel('do-takeover')}`);
  await accessible(lin, 'a conversation of the bot');
  await lin.locator(`${sel('conversation')} header`).click({ position: { x: 3, y: 3 } });
  await lin.keyboard.press('o');
  await eve.waitForSelector(`${sel('standing')}[data-state=with]`);
  await until('it is hers', async () => (await lin.locator(`${sel('work')}[data-state=accepted]`).count()) > 0);
  await lin.click(`${sel('work')}[data-state=accepted]`);
  await say(lin, 'I have read it all.');
  await until('her words', async () => (await texts(eve, '.msg.agent .bub')).includes('I have read it all.'));
  await picture(eve, 'people_taken');
  await eve.click(sel('new')); /* the chat is over */
  await until('to wrap up', async () => (await lin.locator(`${sel('work')}[data-state=wrapup]`).count()) > 0);
  await done(lin);
}

async function reviewer(open) {
  const token = await tokenOf('qin');
  const list = await until('reviews', async () => {
    const got = await api('/api/v1/qa/reviews?limit=50', token);
    return got.items.some((r) => r.agent !== 'bot') ? got.items : null;
  }, 30000);
  const page = await open({ size: [1400, 900] });
  await page.goto(`${base}/`);
  await page.fill('[name=login]', 'qin');
  await page.fill('[name=password]', password);
  await page.click(sel('sign-in'));
  await page.waitForSelector(sel('review'));
  await accessible(page, 'reviews');
  await picture(page, 'people_reviews');
  await page.goto(`${base}/#/quality/review/${list.find((r) => r.agent !== 'bot').id}`);
  await page.waitForSelector(`${sel('sheet')} ${sel('item')}`);
  await page.waitForSelector(`${sel('review-script')} li`);
  await accessible(page, 'a review');
  await page.click(sel('move-dis'));
  await page.waitForSelector(sel('mark-pass'));
  await page.locator('h1').first().click();
  for (const key of ['j', '1', 'j', '1']) await page.keyboard.press(key);
  await page.fill(sel('qa-comment'), 'Friendly and quick.');
  await picture(page, 'people_review');
  await page.press(sel('qa-comment'), 'Control+Enter');
  await until('scored', async () => (await page.getAttribute(sel('review-state'), 'data-state')) === 'done');
}

await scenario('desk', async (open) => {
  const mei = await agent(open, 'mei', 'zh', 'light');
  const tom = await agent(open, 'tom', 'en', 'dark');
  const lin = await open({ size: [1400, 900] });
  await signIn(lin, 'lin');
  await lin.goto(`${base}/#/floor`);
  await ready(mei);
  await ready(tom);
  await ending(await english(open, mei, tom, lin));
  for (const p of [mei, tom]) await done(p);
  if (!full) return;
  await chinese(open, mei, lin);
  await taken(open, lin);
  await reviewer(open);
}, [], 85000);
