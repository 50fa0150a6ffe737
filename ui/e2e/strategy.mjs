/* A customer gets angry: the console shows the mood, its turning point and why each answer was served like
 * that. Then a supervisor tries the strategy table, breaks it, mends it and saves it; by keyboard where there is
 * a key. */
import { accessible, assert, base, login, password, picture, scenario, until } from './lib.mjs';

async function signIn(page) {
  await page.goto(`${base}/`);
  await page.fill('[name=login]', login);
  await page.fill('[name=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=link][data-state=open]');
}

async function say(page, text) {
  await page.fill('[data-test=input]', text);
  await page.press('[data-test=input]', 'Enter');
}

async function angryCustomer(open) {
  const page = await open({ size: [390, 800] });
  await page.goto(`${base}/chat`);
  await until('the customer’s session', () =>
    page.evaluate(() => Boolean(JSON.parse(localStorage.getItem('callm.chat'))?.session)));
  const texts = ['How long do I have to return something?',
    'I am so angry, my delivery arrived damaged, what should I do?',
    'This is outrageous, you are useless and nobody cares!'];
  for (const [i, text] of texts.entries()) {
    await say(page, text);
    await until(`answer ${i + 1}`, async () => (await page.locator('[data-test=mine]').count()) === i + 1);
    await new Promise((done) => setTimeout(done, 400));
  }
  return page.evaluate(() => JSON.parse(localStorage.getItem('callm.chat')).session.id);
}

await scenario('strategy', async (open) => {
  const page = await open({ size: [1360, 900] });
  await signIn(page);
  const id = await angryCustomer(open);
  await page.goto(`${base}/#/c/${id}`);
  await page.waitForSelector('[data-test=mood] [data-test=turning]');
  const turning = await page.locator('[data-test=turning]').first().getAttribute('title');
  assert.match(turning, /Neutral → Angry/);
  await until('three answers with a reason', async () =>
    (await page.locator('[data-test=why]').count()) === 3);
  await page.locator('[data-test=why]').last().click();
  const why = await page.locator('.because').innerText();
  assert.match(why, /turns of anger/);
  assert.match(why, />= 2/);
  assert.match(await page.locator('.script').innerText(), /Supervisor alerted, priority 8/);
  if (process.env.CALLM_SHOTS) await page.screenshot({ path: `${process.env.CALLM_SHOTS}/strategy_conversation.png` });

  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.waitForSelector('[data-test=strategy-text]');
  await page.keyboard.press('/');
  await page.locator('[data-test=try-text]').press('Control+Enter');
  await until('three decisions', async () => (await page.locator('[data-test=tried]').count()) === 3);
  assert.match(await page.locator('[data-test=tried]').last().innerText(), /anger_sustained/);

  const box = page.locator('[data-test=strategy-text]');
  const text = await box.inputValue();
  await box.fill(text.replace('mood: [angry, frustrated], sustained: 2', 'mood: [angry, furious], sustained: 2'));
  await box.press('Control+s');
  await page.waitForSelector('[data-test=issues]');
  assert.match(await page.locator('[data-test=issues]').innerText(), /"furious" is not known/);
  await page.locator('[data-test=issues] button').first().click();
  await box.fill(text.replace('style: plain}\n    why: {en: "Nothing special."', 'style: warm}\n    why: {en: "Nothing special."'));
  await page.fill('[data-test=strategy-note]', 'Warmer to everyone');
  await box.press('Control+s');
  await page.waitForSelector('[data-test=strategy-saved]');
  await until('version 1', async () =>
    /1/.test(await page.locator('[data-test=strategy-version]').innerText()));
  await page.locator('[data-test=versions] summary').click();
  assert.match(await page.locator('[data-test=versions]').innerText(), /admin[\s\S]*Warmer to everyone/);

  /* a row by the form: it goes into the text, holds when tried, and is in use once saved */
  await page.click('[data-test=row-open]');
  assert.ok(await page.locator('[data-test=row-add]').isDisabled(), 'a row without a condition would always hold');
  await page.click('[data-test=row-mood-angry]');
  await page.selectOption('[data-test=row-topic]', 'money');
  await page.selectOption('[data-test=row-offer]', 'voucher_20');
  await page.fill('[data-test=row-max]', '10');
  await page.fill('[data-test=row-rank]', '200');
  await page.fill('[data-test=row-why]', 'Angry about "their" money.');
  await page.check('[data-test=row-second]');
  await page.selectOption('[data-test=second-style]', 'empathic');
  await accessible(page, 'the form of a row');
  await picture(page, 'strategy_row');
  await page.click('[data-test=row-add]');
  await page.waitForSelector('[data-test=row-form]', { state: 'detached' });
  assert.match(await box.inputValue(), /- id: angry_money_2\n {4}priority: 200\n {4}when: \{mood: angry, topic: money\}\n/);
  await page.fill('[data-test=try-text]', 'I am so angry, you charged me twice!');
  await page.locator('[data-test=try-text]').press('Control+Enter');
  await until('the new row holds', async () => /angry_money_2[\s\S]*Angry about "their" money/.test(await page.locator('[data-test=tried]').first().innerText()));
  assert.equal(await page.locator('[data-test=issues]').count(), 0);
  await box.press('Control+s');
  await until('version 2', async () => /2/.test(await page.locator('[data-test=strategy-version]').innerText()));

  /* taken out again: nothing is tried any more */
  await box.fill(text);
  await box.press('Control+s');
  await until('version 3', async () => /3/.test(await page.locator('[data-test=strategy-version]').innerText()));

  /* narrow: the bar at the foot names the page; all pages lie behind it, and nothing stands out sideways */
  await page.setViewportSize({ width: 390, height: 800 });
  await page.click('[data-test=menu]');
  await picture(page, 'strategy_menu');
  await page.click('[data-test=nav-settings]');
  await page.waitForSelector('[data-test=settings]');
  assert.equal(await page.locator('[data-test=nav-settings]').isVisible(), false, 'the menu closes');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
  await page.goto(`${base}/#/strategy`);
  await page.setViewportSize({ width: 1360, height: 900 });
  await page.click('[data-test=lang]');
  await until('Chinese', async () => (await page.locator('h1').innerText()) === '服务策略');
});
