/* A customer gets angry: the console shows the mood, its turning point and why each answer was served like
 * that. Then a supervisor tries the strategy table, breaks it, mends it and saves it; by keyboard where there is
 * a key. */
import { assert, base, login, password, scenario, until } from './lib.mjs';

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
  await page.click('[data-test=lang]');
  await until('Chinese', async () => (await page.locator('h1').innerText()) === '服务策略');
});
