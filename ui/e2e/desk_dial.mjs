/* An agent calls a customer from the customer's card, on this browser's line; the conversation opens at the desk by
 * itself; once more from the wrap-up, where the customer is busy. tests/e2e/dial.mjs has the customer's telephone. */
import { accessible, assert, base, picture, scenario, signIn, until } from './lib.mjs';

const sel = (name) => `[data-test="${name}"]`;

await scenario('desk_dial', async (open) => {
  const mei = await open({ size: [1400, 880] });
  await signIn(mei, 'mei');
  await mei.waitForSelector(sel('presence'));
  await mei.click(sel('line'));
  await until('the line', async () => (await mei.getAttribute(sel('line'), 'data-state')) === 'open');
  await mei.goto(`${base}/#/customers/c002`);
  await mei.click(`${sel('identities')} ${sel('call')}`);
  await mei.waitForSelector(sel('calling'));
  await picture(mei, 'dial_card');
  assert.ok(!(await mei.content()).includes('15400001074'), 'the page has no number');
  await mei.waitForSelector(`${sel('calling')}[data-state=human]`, { timeout: 20000 });
  await mei.goto(`${base}/#/desk`);
  await mei.waitForSelector(sel('do-mute'), { timeout: 15000 });
  assert.match(await mei.locator('.desk-head h1').innerText(), /Chloe Dubois/);
  await accessible(mei, 'a call that was placed');
  await picture(mei, 'dial_desk');
  await mei.keyboard.press('e');
  await mei.click(sel('end-go'));
  await mei.waitForSelector(sel('wrapup'));
  await until('the line waits again', async () => (await mei.getAttribute(sel('line'), 'data-state')) === 'open');
  await mei.waitForTimeout(500);
  await mei.click(`.desk-head ${sel('call')}`);
  await mei.waitForSelector(`${sel('calling')}[data-state=failed]`, { timeout: 20000 });
  assert.match(await mei.locator(sel('calling')).innerText(), /busy/);
  await picture(mei, 'dial_busy');
});
