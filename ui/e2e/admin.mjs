/* An administrator makes a webhook, tests it, sees it fail and reads in the audit who did that; by keyboard where
 * there is a key. */
import { createServer } from 'node:http';
import { assert, base, login, password, scenario, until } from './lib.mjs';

await scenario('admin', async (open) => {
  const got = [];
  const receiver = createServer((q, a) => {
    got.push(q.headers['webhook-id']);
    a.writeHead(got.length === 1 ? 500 : 200).end();
  }).listen(0, '127.0.0.1').unref(); // a test that fails ends too
  const page = await open({ size: [1360, 900] });
  await page.goto(`${base}/`);
  await page.fill('[name=login]', login);
  await page.fill('[name=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=link][data-state=open]');

  await page.goto(`${base}/#/settings/webhooks`);
  await page.fill('[data-test=hook-url]', `http://127.0.0.1:${receiver.address().port}/in`);
  await page.fill('[data-test=hook-events]', 'handover.* interaction.ended');
  await page.press('[data-test=hook-events]', 'Enter');
  assert.match(await page.locator('[data-test=hook-secret]').textContent(), /whsec_/);
  const here = `127.0.0.1:${receiver.address().port}`;
  await page.waitForSelector(`[data-test=hook-row]:has-text("${here}")`);
  await page.evaluate(() => document.activeElement?.blur());
  while (!(await page.locator('[data-test=hook-row][aria-current=true]').allTextContents()).some((x) => x.includes(here))) await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-test=hook-page] [data-test=hook-test]');
  assert.equal(await page.locator('[data-test=hook-secret]').count(), 0, 'the secret is shown once');
  await page.keyboard.press('t');
  await until('the test at the receiver', () => got.length === 1);
  await page.waitForSelector('[data-test=hook-delivery] .tag.bad');
  await page.locator('[data-test=hook-delivery] button').first().click();
  await until('it again, with the same id', () => got.length === 2 && got[0] === got[1]);
  await until('its arrival on the page', async () => {
    await page.keyboard.press('r');
    return (await page.locator('[data-test=hook-delivery] .tag.ok').count()) === 1;
  });
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-test=hook-row]');

  await page.goto(`${base}/#/settings/audit?what=webhook.manage`);
  await until('what was done', async () => (await page.locator('[data-test=audit-row]').count()) >= 4);
  assert.match(await page.locator('[data-test=audit-row]').first().textContent(), /admin.*webhook\.manage/);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('v');
  await page.waitForSelector('[data-test=done]');
  receiver.close();
});
