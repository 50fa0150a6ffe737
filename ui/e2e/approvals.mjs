/* Two requests wait for a person: one is approved with a note, one refused, each by one key; then both are listed
 * with what was decided. Against the stand-in server, which has two requests. */
import { accessible, assert, base, picture, scenario, signIn, until } from './lib.mjs';

const count = (page) => page.locator('[data-test=approval]').count();

await scenario('approvals', async (open) => {
  const page = await open({ size: [1360, 900], theme: 'dark' });
  await signIn(page);
  await page.goto(`${base}/#/orders/approvals`);
  await until('two requests', async () => (await count(page)) === 2);
  await accessible(page, 'approvals');
  await picture(page, 'approvals');
  await page.keyboard.press('j');
  await page.keyboard.press('m');
  await page.keyboard.type('Twice damaged: fair.');
  await page.keyboard.press('Enter');
  await page.keyboard.press('y');
  await until('one is left', async () => (await count(page)) === 1);
  assert.match(await page.locator('[data-test=done]').innerText(), /carried out/);
  await page.keyboard.press('n');
  await until('nothing is left', async () => (await count(page)) === 0);
  await page.selectOption('[data-test=pick-state]', 'yes');
  await until('the note is kept', async () => /Twice damaged/.test(await page.locator('#main').innerText()));
});
