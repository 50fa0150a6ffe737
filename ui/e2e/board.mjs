/* A supervisor's pages: the wallboard with its numbers and what can be done from it, on a wall; a review scored by keys
 * beside its transcript; a queue changed. Against the stand-in server. */
import { accessible, assert, base, picture, scenario, signIn, until } from './lib.mjs';

const sel = (name) => `[data-test="${name}"]`;
const text = (page, s) => page.locator(s).first().innerText();

async function board(page) {
  await page.goto(`${base}/#/floor`);
  await until('numbers', async () => /goal 80 %/.test(await text(page, sel('tile-sl'))));
  await until('the queues', async () => (await page.locator(`${sel('floor-queues')} ${sel('queue')}`).count()) === 5);
  await until('an alert', async () => (await page.locator(`${sel('floor-alerts')} li`).count()) > 0);
  await page.selectOption(`${sel('agent')}[data-login=tom] select`, 'paused');
  await page.waitForSelector(`${sel('agent')}[data-login=tom][data-state=paused]`);
  await page.locator(sel('listen-open')).first().click();
  await page.waitForSelector(sel('listen'));
  await accessible(page, 'the wallboard');
  await picture(page, 'floor');
  await page.locator('h1').click();
  await page.keyboard.press('v');
  await page.waitForSelector('html.tv');
  await accessible(page, 'the wall');
  await picture(page, 'floor_tv');
  await page.keyboard.press('v');
  await page.waitForSelector('html:not(.tv)');
}

async function review(page) {
  await page.goto(`${base}/#/quality`);
  await page.waitForSelector(sel('review'));
  await accessible(page, 'reviews');
  await page.click(sel('sample-go'));
  assert.match(await text(page, sel('done')), /1 were chosen/);
  await page.selectOption(sel('pick-state'), 'dis');
  await until('one', async () => (await page.locator(sel('review')).count()) === 1);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector(sel('sheet'));
  await page.waitForSelector(`${sel('review-script')} mark`);
  for (const key of ['j', '1', 'j', '1', 'j', '1', 'j', '2', 'j', '3']) await page.keyboard.press(key);
  await until('the sum', async () => /60 of 100/.test(await text(page, sel('sheet-score'))));
  await accessible(page, 'a review');
  await picture(page, 'quality_review');
  await page.click(sel('qa-save'));
  await until('scored', async () => (await page.getAttribute(sel('review-state'), 'data-state')) === 'done');
  await page.waitForSelector(sel('done'));
  assert.equal(await page.locator(sel('move-appeal')).isEnabled(), false, 'not without a reason');
  await page.fill(sel('qa-reason'), 'The customer was verified in turn 2.');
  await page.click(sel('move-appeal'));
  await until('appeal', async () => (await page.getAttribute(sel('review-state'), 'data-state')) === 'appeal');
  for (const tab of ['calibration', 'forms', 'forms/general']) {
    await page.goto(`${base}/#/quality/${tab}`);
    await page.waitForSelector('.card');
    await accessible(page, tab);
  }
}

async function settings(page) {
  await page.goto(`${base}/#/settings`);
  await page.click(`${sel('queue-row')} a`);
  await page.fill(sel('f-max_wait_s'), '300');
  await page.fill(sel('f-sl.pct'), '90');
  await accessible(page, 'a queue');
  await picture(page, 'settings_queue');
  await page.click(sel('setting-save'));
  await page.waitForSelector(sel('done'));
  assert.match(await page.inputValue(sel('setting-json')), /"pct": 90/);
  await page.goto(`${base}/#/settings/agent/mei`);
  await page.click(sel('seat-vip'));
  await page.fill(sel('skill-vip'), '7');
  await page.click(sel('setting-save'));
  await page.waitForSelector(sel('done'));
  await accessible(page, 'an agent');
  for (const tab of ['agents', 'skills', 'hours']) {
    await page.goto(`${base}/#/settings/${tab}`);
    await page.waitForSelector('.table');
    await accessible(page, tab);
  }
}

await scenario('board', async (open) => {
  const page = await open({ size: [1400, 900] });
  await signIn(page);
  await board(page);
  await review(page);
  await settings(page);
});
