/* A supervisor watches a customer chat as it happens, by keyboard; then looks
 * the answer's source up, asks the knowledge base, and reads the health page. */
import { assert, base, breakable, login, password, scenario, until } from './lib.mjs';

async function signIn(page) {
  await page.goto(`${base}/`);
  await page.fill('[name=login]', login);
  await page.fill('[name=password]', 'surely-wrong');
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=login-error]');
  await page.fill('[name=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=link][data-state=open]');
}

async function say(page, text) {
  await page.fill('[data-test=input]', text);
  await page.press('[data-test=input]', 'Enter');
}

async function knowledge(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.waitForSelector('[data-test=ask]');
  await page.keyboard.press('/');
  await page.keyboard.type('How do I return a parcel?');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-test=hit]');
  const reply = await page.locator('[data-test=answer] .ask-reply').innerText();
  assert.ok(reply.length >= 8, `no answer: ${reply}`);
  await page.locator('[data-test=hit] a').first().click();
  await page.waitForSelector('[data-test=article] [data-test=highlight]');
  await page.goto(`${base}/#/kb/articles`);
  await page.waitForSelector('[data-test=articles] tbody tr');
}

async function health(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.waitForSelector('[data-test=component]');
  const live = page.locator('[data-gauge=live_conversations]');
  await until('a live conversation on the gauge', async () => Number(await live.innerText()) >= 1);
  await page.waitForSelector('[data-test=chart] canvas');
}

await scenario('console_live', async (open) => {
  const page = await open();
  const wire = await breakable(page, /\/ws\/supervisor/);
  await signIn(page);

  const customer = await open({ size: [390, 800] });
  await customer.goto(`${base}/chat`);
  await until('the customer’s session', () =>
    customer.evaluate(() => Boolean(JSON.parse(localStorage.getItem('callm.chat'))?.session)));
  await say(customer, 'How do I return a parcel?');
  const id = await customer.evaluate(() => JSON.parse(localStorage.getItem('callm.chat')).session.id);

  const row = page.locator(`[data-test=conv][data-id="${id}"]`);
  await row.waitFor();
  await until('the row to be selected by j', async () => {
    await page.keyboard.press('j');
    return (await row.getAttribute('aria-current')) === 'true';
  });
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-test=conversation]');
  assert.ok(page.url().includes(id), 'the conversation has its own address');
  await page.waitForSelector('[data-test=turn-customer]');
  const heard = await page.locator('[data-test=turn-customer] .said').first().innerText();
  assert.equal(heard, 'How do I return a parcel?');
  await page.locator('[data-test=turn-bot] [data-action]').first().waitFor();
  await page.locator('[data-test=cite]').first().click();
  assert.ok((await page.locator('[data-test=quote] blockquote').innerText()).length >= 8);

  await wire.cut();
  await page.waitForSelector('[data-test=banner]');
  await say(customer, 'Can I get an invoice for my order?');
  await customer.waitForSelector('[data-test=mine]:nth-of-type(n+3)');
  wire.mend();
  await page.waitForSelector('[data-test=link][data-state=open]', { timeout: 20000 });
  await until('the turn missed while disconnected', async () =>
    (await page.locator('[data-test=turn-customer]').count()) === 2);

  await page.locator('[data-test=quote] a').click();
  await page.waitForSelector('[data-test=article]');
  await knowledge(page);
  await health(page);

  await page.click('[data-test=lang]');
  await until('Chinese', async () => (await page.locator('h1').innerText()) === '运行状况');
  await page.click('[data-test=theme]');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await page.keyboard.press('?');
  await page.waitForSelector('[data-test=help]');
});
